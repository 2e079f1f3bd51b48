// SPDX-License-Identifier: Apache-2.0
/* pods/eviction: a deletion that asks the disruption budgets first. */
#include "api/selector.h"
#include "apiserver/encoding/decode.h"
#include "apiserver/special/special.h"
#include "apiserver/verbs/delete.h"
#include "apiserver/verbs/track.h"

struct eviction {
    DeleteOptions options;
    PodDisruptionBudget *budget; /* to be charged first, or NULL */
};

static bool covers(struct arena *a, const PodDisruptionBudget *b, const Pod *p) {
    struct selector s;
    struct err e;
    return b->spec.selector && selector_of(a, b->spec.selector, &s, &e) == 0 &&
           selector_matches(&s, &p->metadata.labels);
}

static uint32_t budgets_of(struct request *r, const Pod *p, PodDisruptionBudget **ret) {
    const struct api_resource *res = RESOURCE_OF(policy_v1_poddisruptionbudgets);
    struct store_snapshot *sn = NULL;
    uint32_t n = 0;
    if (store_snapshot(r->server->store, res, 0, &sn) < 0)
        return 0;
    str prefix = object_key_prefix(r->arena, res, p->metadata.namespace_);
    const struct object *o = store_snapshot_seek(sn, prefix, prefix, false);
    for (; o; o = store_snapshot_next(sn)) {
        PodDisruptionBudget *b = object_decode(r->arena, o);
        if (covers(r->arena, b, p)) {
            *ret = b;
            n++;
        }
    }
    store_snapshot_free(sn);
    return n;
}

static Status *too_many(struct arena *a, str why, int retry) {
    Status *s = status_new(a, 429, "TooManyRequests",
                           "Cannot evict pod as it would violate the pod's disruption budget.");
    status_add_cause(a, s, "DisruptionBudget", why, STR_NONE);
    s->details->retry_after_seconds = retry;
    return s;
}

static Status *charge(struct request *r, const PodDisruptionBudget *b) {
    struct arena *a = r->arena;
    str name = b->metadata.name;
    if (b->status.observed_generation < b->metadata.generation)
        return too_many(a,
                        str_printf(a,
                                   "The disruption budget " STR_FMT
                                   " is still being processed by the server.",
                                   STR_ARG(name)),
                        10);
    if (b->status.disruptions_allowed < 0)
        return status_forbidden(a, RESOURCE_OF(policy_v1_poddisruptionbudgets), name,
                                "pdb disruptions allowed is negative");
    if (b->status.disruptions_allowed == 0)
        return too_many(
            a,
            str_printf(
                a, "The disruption budget " STR_FMT " needs %d healthy pods and has %d currently",
                STR_ARG(name), b->status.desired_healthy, b->status.current_healthy),
            0);
    return NULL;
}

/* Pods that are over, or have not begun, are nobody's budget. */
static bool free_to_go(const Pod *p) {
    return p->metadata.deletion_timestamp.set || str_eqc(p->status.phase, "Succeeded") ||
           str_eqc(p->status.phase, "Failed") || str_eqc(p->status.phase, "Pending");
}

static void answer(struct write *w) {
    Status *s = w->status;
    if (!s) {
        s = status_success(w->r->arena);
        s->code = 201;
    }
    respond_status(w->r, s);
}

static enum phase_result delete_pod(struct request *r, struct eviction *ev) {
    struct write *w = write_new(r, WRITE_DELETE, r->info.name);
    w->build = build_delete;
    w->data = &ev->options;
    w->done = answer;
    w->sub = NULL;
    return write_phase(w);
}

static enum step_result build_charge(struct write *w) {
    PodDisruptionBudget *b = w->obj = arena_dup(w->r->arena, w->old, sizeof(*b));
    Status *s = charge(w->r, b);
    if (s)
        return write_fail(w, s);
    b->status.disruptions_allowed--;
    struct time_pair *v = arena_array(w->r->arena, b->status.disrupted_pods.n + 1, sizeof(*v));
    uint32_t at = 0, n = b->status.disrupted_pods.n;
    while (at < n && str_cmp(b->status.disrupted_pods.v[at].key, w->r->info.name) < 0)
        at++;
    if (n) {
        memcpy(v, b->status.disrupted_pods.v, at * sizeof(*v));
        memcpy(v + at + 1, b->status.disrupted_pods.v + at, (n - at) * sizeof(*v));
    }
    v[at] = (struct time_pair){w->r->info.name, time_of_ns(loop_wall(w->r->server->loop))};
    b->status.disrupted_pods = (time_map){v, n + 1};
    return STEP_NEXT;
}

static void charged(struct write *w) {
    struct request *r = w->r;
    struct eviction *ev = w->data;
    if (w->status) {
        respond_status(r, w->status);
        return;
    }
    write_free(w);
    r->res = RESOURCE_OF(core_v1_pods);
    delete_pod(r, ev);
}

static enum phase_result charge_and_delete(struct request *r, struct eviction *ev) {
    r->res = RESOURCE_OF(policy_v1_poddisruptionbudgets);
    struct write *w = write_new(r, WRITE_UPDATE, ev->budget->metadata.name);
    w->direct = true;
    w->manager = TRACK_SELF;
    w->sub = resource_sub(r->res, STR("status"));
    w->build = build_charge;
    w->data = ev;
    w->done = charged;
    return write_phase(w);
}

enum phase_result special_eviction(struct request *r) {
    void *body;
    Status *s;
    struct body_kind k = {&Eviction_type, "policy", "v1", "Eviction"};
    if (decode_body(r, &k, &body, &s) < 0)
        return respond_status(r, s);
    const Eviction *e = body;
    if (e->metadata.name.n && !str_eq(e->metadata.name, r->info.name))
        return respond_status(
            r, status_bad_request(r->arena, "name in URL does not match name in Eviction object"));
    r->res = RESOURCE_OF(core_v1_pods);
    struct object *o =
        store_get(r->server->store, r->res, object_key(r->arena, r->res, r->info.ns, r->info.name));
    if (!o)
        return respond_status(r, status_not_found(r->arena, r->res, r->info.name));
    struct eviction *ev = arena_make(r->arena, struct eviction);
    if (e->delete_options)
        ev->options = *e->delete_options;
    r->dry_run |= ev->options.dry_run.n > 0;
    const Pod *p = object_decode(r->arena, o);
    uint32_t n = free_to_go(p) ? 0 : budgets_of(r, p, &ev->budget);
    if (n > 1)
        return respond_status(
            r, status_new(r->arena, 500, "InternalError",
                          "This pod has more than one PodDisruptionBudget, which the eviction "
                          "subresource does not support."));
    return n ? charge_and_delete(r, ev) : delete_pod(r, ev);
}
