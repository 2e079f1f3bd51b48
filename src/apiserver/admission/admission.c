// SPDX-License-Identifier: Apache-2.0
/* The order is upstream's. */
#include "apiserver/nonresource/metrics.h"

static const struct admission_plugin *const plugins[] = {
    &admission_namespace_lifecycle,
    &admission_limit_ranger,
    &admission_service_account,
    &admission_node_restriction,
    &admission_taint_nodes,
    &admission_pod_security,
    &admission_priority,
    &admission_default_tolerations,
    &admission_extended_resources,
    &admission_default_storage_class,
    &admission_storage_protection,
    &admission_claim_resize,
    &admission_runtime_class,
    &admission_certificate_approval,
    &admission_certificate_signing,
    &admission_certificate_subject,
    &admission_default_ingress_class,
    &admission_quota,
    &admission_escalation,
};
_Static_assert(ARRAY_LEN(plugins) <= ADMISSION_PLUGINS_MAX, "one bit each");

/* Sets or clears the bits of the plugins that are named. */
static int name_plugins(const char *names, const char *flag, bool on, uint64_t *bits,
                        struct err *e) {
    str rest = str_of(names);
    while (rest.n) {
        str name = str_trim(str_cut(&rest, ','));
        size_t i = 0;
        while (i < ARRAY_LEN(plugins) && (plugins[i]->always || !str_eqc(name, plugins[i]->name)))
            i++;
        if (i == ARRAY_LEN(plugins) && name.n)
            return err_set(e, -EINVAL, "%s plugin \"" STR_FMT "\" is unknown", flag, STR_ARG(name));
        if (name.n)
            *bits = on ? *bits | 1ULL << i : *bits & ~(1ULL << i);
    }
    return 0;
}

int admission_choose(struct apiserver *s, const char *on, const char *off, struct err *e) {
    uint64_t bits = 0;
    for (size_t i = 0; i < ARRAY_LEN(plugins); i++)
        bits |= (uint64_t)!plugins[i]->off << i;
    int r = name_plugins(on, "enable-admission-plugins", true, &bits, e);
    if (r == 0)
        r = name_plugins(off, "disable-admission-plugins", false, &bits, e);
    if (r == 0)
        s->admission = bits;
    return r;
}

/* One step: every plugin that takes part in it, in order, until one has other ideas. */
static enum step_result run_step(struct write *w, bool validates) {
    const struct apiserver *server = w->r->server;
    int64_t began = env_mono(server->env), before = began;
    enum step_result s = STEP_NEXT;
    for (size_t i = 0; i < ARRAY_LEN(plugins) && s == STEP_NEXT; i++) {
        const struct admission_plugin *p = plugins[i];
        enum step_result (*run)(struct write *) = validates ? p->validate : p->mutate;
        if (!run || !(server->admission >> i & 1))
            continue;
        s = run(w);
        int64_t now = env_mono(server->env);
        if (s != STEP_WAIT)
            metrics_admission(server->metrics, &(struct admission_call){.plugin = p->name,
                                                                        .place = (unsigned)i,
                                                                        .validates = validates,
                                                                        .rejected = s == STEP_STOP,
                                                                        .op = w->op,
                                                                        .ns = now - before});
        before = now;
    }
    if (s != STEP_WAIT)
        metrics_admission(server->metrics, &(struct admission_call){.validates = validates,
                                                                    .rejected = s == STEP_STOP,
                                                                    .op = w->op,
                                                                    .ns = before - began});
    return s;
}

enum step_result admission_mutate(struct write *w) {
    return run_step(w, false);
}

enum step_result admission_validate(struct write *w) {
    return run_step(w, true);
}

struct admission_list admission_list(struct write *w, const struct api_resource *res, str ns) {
    struct admission_list l = {0};
    struct arena *a = w->r->arena;
    struct store_snapshot *sn = NULL;
    if (store_snapshot(w->r->server->store, res, 0, &sn) < 0)
        return l;
    str prefix = object_key_prefix(a, res, ns);
    const struct object *o = store_snapshot_seek(sn, prefix, prefix, false);
    for (; o && !arena_over(a); o = store_snapshot_next(sn))
        *list_push(a, &l) = object_decode(a, o);
    store_snapshot_free(sn);
    return l;
}

void *admission_find(struct write *w, const struct api_resource *res, str ns, str name) {
    struct arena *a = w->r->arena;
    struct object *o = store_get(w->r->server->store, res, object_key(a, res, ns, name));
    return o ? object_decode(a, o) : NULL;
}

enum step_result admission_forbid(struct write *w, str why) {
    const ObjectMeta *m = w->obj;
    str name = w->name;
    if (!name.n && m)
        name = m->name.n ? m->name : m->generate_name;
    struct arena *a = w->r->arena;
    return write_fail(
        w, status_forbidden_of(a, str_of(w->res->group), str_of(w->res->plural), name, why));
}
