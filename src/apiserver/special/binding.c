// SPDX-License-Identifier: Apache-2.0
/* pods/binding: the scheduler's word. Once, and only for a pod that waits for it. */
#include "apiserver/encoding/decode.h"
#include "apiserver/hook_env.h"
#include "apiserver/special/special.h"
#include "apiserver/verbs/write.h"

static Status *invalid_binding(struct arena *a, const Binding *b) {
    static const char *const kinds[] = {"Node", "<empty>", NULL};
    struct field_errors fe = {.arena = a};
    const struct field_path *target = PATH(NULL, "target");
    if (b->target.kind.n && !str_eqc(b->target.kind, "Node"))
        field_not_supported(&fe, PATH(target, "kind"), b->target.kind, kinds);
    if (!b->target.name.n)
        field_required(&fe, PATH(target, "name"), "");
    if (!fe.list.n)
        return NULL;
    /* A plain error upstream, so a plain 500 here. */
    str first = field_error_str(a, &fe.list.v[0]);
    if (fe.list.n == 1)
        return status_new(a, 500, NULL, STR_FMT, STR_ARG(first));
    str second = field_error_str(a, &fe.list.v[1]);
    return status_new(a, 500, NULL, "[" STR_FMT ", " STR_FMT "]", STR_ARG(first), STR_ARG(second));
}

static void set_scheduled(struct write *w, Pod *p) {
    PodCondition *found = NULL;
    uint32_t n = p->status.conditions.n;
    PodCondition *v = arena_array(w->r->arena, n + 1, sizeof(PodCondition));
    if (n)
        memcpy(v, p->status.conditions.v, n * sizeof(PodCondition));
    for (uint32_t i = 0; i < n && !found; i++)
        if (str_eqc(v[i].type, "PodScheduled"))
            found = &v[i];
    if (!found) {
        found = &v[n];
        p->status.conditions.n = n + 1;
    }
    p->status.conditions.v = v;
    if (!str_eqc(found->status, "True"))
        found->last_transition_time = time_of_ns(loop_wall(w->r->server->loop));
    found->type = STR("PodScheduled");
    found->status = STR("True");
    found->reason = found->message = STR_NONE;
    found->observed_generation = p->metadata.generation;
}

static void merge_map(struct arena *a, str_map *to, const str_map *from) {
    for (uint32_t i = 0; i < from->n; i++) {
        uint32_t at = 0;
        while (at < to->n && str_cmp(to->v[at].key, from->v[i].key) < 0)
            at++;
        if (at < to->n && str_eq(to->v[at].key, from->v[i].key)) {
            to->v[at].value = from->v[i].value;
            continue;
        }
        struct str_pair *v = arena_array(a, to->n + 1, sizeof(*v));
        if (to->n) {
            memcpy(v, to->v, at * sizeof(*v));
            memcpy(v + at + 1, to->v + at, (to->n - at) * sizeof(*v));
        }
        v[at] = from->v[i];
        *to = (str_map){v, to->n + 1};
    }
}

static enum step_result refuse(struct write *w, str why) {
    return write_fail(w, status_conflict_of(w->r->arena, STR_NONE, STR("pods/binding"), w->name,
                                            str_cdup(w->r->arena, why)));
}

static enum step_result build(struct write *w) {
    const Binding *b = w->data;
    struct arena *a = w->r->arena;
    Pod *p = w->obj = arena_dup(a, w->old, sizeof(Pod));
    str name = p->metadata.name;
    if (b->metadata.uid.n && !str_eq(b->metadata.uid, p->metadata.uid))
        return refuse(w, str_printf(a,
                                    "Precondition failed: UID in precondition: " STR_FMT
                                    ", UID in object meta: " STR_FMT,
                                    STR_ARG(b->metadata.uid), STR_ARG(p->metadata.uid)));
    if (p->metadata.deletion_timestamp.set)
        return refuse(
            w, str_printf(a, "pod " STR_FMT " is being deleted, cannot be assigned to a host",
                          STR_ARG(name)));
    if (p->spec.node_name.n)
        return refuse(w,
                      str_printf(a, "pod " STR_FMT " is already assigned to node \"" STR_FMT "\"",
                                 STR_ARG(name), STR_ARG(p->spec.node_name)));
    if (p->spec.scheduling_gates.n)
        return refuse(
            w, str_printf(a, "pod " STR_FMT " has non-empty .spec.schedulingGates", STR_ARG(name)));
    p->spec.node_name = b->target.name;
    merge_map(a, &p->metadata.annotations, &b->metadata.annotations);
    merge_map(a, &p->metadata.labels, &b->metadata.labels);
    set_scheduled(w, p);
    return STEP_NEXT;
}

static void answer(struct write *w) {
    struct request *r = w->r;
    Status *s = w->status;
    if (!s) {
        s = status_success(r->arena);
        s->code = 201;
    }
    respond_status(r, s);
}

enum phase_result special_binding(struct request *r) {
    void *body;
    Status *s;
    struct body_kind k = {&Binding_type, "", "v1", "Binding"};
    if (decode_body(r, &k, &body, &s) < 0)
        return respond_status(r, s);
    const Binding *b = body;
    if (r->info.name.n && b->metadata.name.n && !str_eq(b->metadata.name, r->info.name))
        return respond_status(
            r, status_bad_request(r->arena, "name in URL does not match name in Binding object"));
    s = invalid_binding(r->arena, b);
    if (s)
        return respond_status(r, s);
    r->res = RESOURCE_OF(core_v1_pods);
    struct write *w = write_new(r, WRITE_UPDATE, r->info.name.n ? r->info.name : b->metadata.name);
    w->direct = true;
    w->build = build;
    w->data = body;
    w->done = answer;
    return write_phase(w);
}
