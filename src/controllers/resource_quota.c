// SPDX-License-Identifier: Apache-2.0
/* Keeps status.hard and status.used of ResourceQuotas. Keys are quotas.
 *
 * The API server adds what a write will use to status.used before the object is there
 * (apiserver/admission/quota.c); here is counted what is there, which may be less: objects go, and
 * writes fail. The two must not undo each other. A charge whose object is not in our caches yet
 * looks like use that has gone, so use is lowered only once the quota has not been touched for
 * SETTLE, longer than any object is under way; that nobody touches it meanwhile is what the
 * precondition of the write is for. What has grown is written at once.
 *
 * Pods, services and claims are measured, everything else is counted. */
#include <stdlib.h>

#include "api/quota_usage.h"
#include "base/map.h"
#include "base/vec.h"
#include "controllers/common.h"
#include "controllers/controllers.h"
#include "controllers/resources.h"
#include "schema/ops.h"
#include "schema/quantity.h"

#define QUOTAS RESOURCE_OF(core_v1_resourcequotas)
#define RESYNC (300 * NSEC_PER_SEC) /* --resource-quota-sync-period */
#define SETTLE NSEC_PER_SEC

static void quota_keys(struct controller_run *run, const void *old, const void *new_);

/* clang-format off */
#define COUNTED(row) {.resource = RESOURCE_OF(row), .metadata_only = true},
/* clang-format on */
static const struct controller_watch watches[] = {
    {.resource = QUOTAS, .keys = quota_keys},
    {.resource = RESOURCE_OF(core_v1_pods),
     .fields = FIELDS("spec.containers.resources", "spec.initContainers.resources",
                      "spec.initContainers.restartPolicy", "spec.resources", "spec.overhead",
                      "spec.activeDeadlineSeconds", "spec.priorityClassName", "spec.affinity",
                      "spec.containers.name", "spec.initContainers.name", "status.phase",
                      "status.conditions.type", "status.conditions.reason",
                      "status.containerStatuses.name", "status.containerStatuses.resources",
                      "status.containerStatuses.allocatedResources",
                      "status.initContainerStatuses.name", "status.initContainerStatuses.resources",
                      "status.initContainerStatuses.allocatedResources")},
    {.resource = RESOURCE_OF(core_v1_services),
     .fields = FIELDS("spec.type", "spec.allocateLoadBalancerNodePorts", "spec.ports.nodePort")},
    {.resource = RESOURCE_OF(core_v1_persistentvolumeclaims),
     .fields = FIELDS("spec.resources.requests", "spec.storageClassName",
                      "spec.volumeAttributesClassName", "status.allocatedResources.storage",
                      "status.currentVolumeAttributesClassName", "status.modifyVolumeStatus")},
    {.resource = RESOURCE_OF(resource_v1_resourceclaims),
     .fields = FIELDS("spec.devices.requests")},
    COUNTED_RESOURCES(COUNTED) /* quotas once more, as what is counted */
    {.resource = NULL},
};
#define N_KINDS (ARRAY_LEN(watches) - 2)

struct quotas;
struct kind {
    struct quotas *s;
    const struct api_resource *resource;
    struct index *of_ns;
};

struct quotas {
    struct controller_run *run;
    struct loop *loop;
    struct informer *quotas;
    struct index *quotas_of;
    struct kind kinds[N_KINDS];
    struct map touched; /* key -> int64_t *, our monotonic clock */
};

/* ---- what concerns which quota ---- */

static bool counts(const ResourceQuota *q, const struct api_resource *r) {
    for (uint32_t i = 0; i < q->spec.hard.n; i++)
        if (quota_counts(r, q->spec.hard.v[i].key))
            return true;
    return false;
}

static bool same_amounts(const str_map *x, const str_map *y) {
    bool same = x->n == y->n;
    for (uint32_t i = 0; same && i < x->n; i++)
        same = str_eq(x->v[i].key, y->v[i].key) && !amount_cmp(x->v[i].value, y->v[i].value);
    return same;
}

static bool same_use(const struct kind *k, const void *old, const void *new_) {
    struct arena a;
    arena_init(&a, 0);
    int64_t now = loop_wall(k->s->loop) / NSEC_PER_SEC;
    str_map was = quota_usage(&a, k->resource, old, now);
    str_map is = quota_usage(&a, k->resource, new_, now);
    bool same = same_amounts(&was, &is);
    arena_done(&a);
    return same;
}

/* What is gone or uses another amount concerns the quotas of its namespace. What is new has been
 * charged for. */
static void on_object(void *ctx, struct informer *i, struct cached *old, struct cached *new_) {
    struct kind *k = ctx;
    str ns = cached_meta(new_ ? new_ : old)->namespace_;
    struct index_cursor any = index_find(k->s->quotas_of, ns);
    if (!old || !index_next(&any) || (new_ && same_use(k, old->typed, new_->typed)))
        return;
    struct cached *c;
    for (struct index_cursor at = index_find(k->s->quotas_of, ns); (c = index_next(&at));)
        if (counts(c->typed, k->resource))
            queue_key(k->s->run, c->key);
}

/* Its status is written by us and by the API server and asks for nothing. */
static void quota_keys(struct controller_run *run, const void *old, const void *new_) {
    const ResourceQuota *was = old, *is = new_;
    if (is && (!was || !api_equal(&ResourceQuotaSpec_type, &was->spec, &is->spec)))
        keys_self(run, old, new_);
}

static void on_quota(void *ctx, struct informer *i, struct cached *old, struct cached *new_) {
    struct quotas *s = ctx;
    if (!new_) {
        free(map_del(&s->touched, old->key));
        return;
    }
    int64_t *at = map_get(&s->touched, new_->key);
    if (!at) {
        at = xcalloc(1, sizeof(*at));
        map_put(&s->touched, new_->key, at);
    }
    *at = loop_now(s->loop);
}

static void start(struct controller_run *run, void *state) {
    struct quotas *s = state;
    s->run = run;
    s->loop = run_loop(run);
    s->quotas = run_informer(run, QUOTAS);
    s->quotas_of = informer_index(s->quotas, index_by_namespace);
    map_init(&s->touched, NULL);
    informer_handle(s->quotas, on_quota, s);
    for (unsigned i = 0; i < N_KINDS; i++) {
        struct kind *k = &s->kinds[i];
        *k = (struct kind){.s = s, .resource = watches[i + 1].resource};
        struct informer *of = run_informer(run, k->resource);
        k->of_ns = informer_index(of, index_by_namespace);
        informer_handle(of, on_object, k);
    }
}

static void stop(void *state) {
    struct quotas *s = state;
    MAP_FOREACH (it, &s->touched)
        free(it->value);
    map_done(&s->touched);
}

/* ---- a run ---- */

struct sum {
    str name;
    struct quantity q;
    bool counted, any; /* somebody counts it; something was found */
};

/* Adds what one kind of objects uses to the sums that count it. */
static void count_kind(struct kind *k, struct plan *p, const ResourceQuota *quota, struct sum *v,
                       uint32_t n) {
    bool *ours = arena_array(p->arena, n + 1, sizeof(*ours)), some = false;
    for (uint32_t i = 0; i < n; i++) {
        ours[i] = quota_counts(k->resource, v[i].name);
        v[i].counted |= ours[i];
        some |= ours[i];
    }
    struct cached *c;
    struct arena a;
    arena_init(&a, 0);
    struct index_cursor at = index_find(k->of_ns, quota->metadata.namespace_);
    for (; some && (c = index_next(&at)); arena_reset(&a)) {
        if (!quota_in_scope(k->resource, &quota->spec, c->typed))
            continue;
        str_map use = quota_usage(&a, k->resource, c->typed, p->now / NSEC_PER_SEC);
        for (uint32_t i = 0; i < n; i++) {
            const Quantity *more = ours[i] ? amounts_get(&use, v[i].name) : NULL;
            if (!more)
                continue;
            struct quantity q = quantity_of(*more);
            if (!v[i].any) /* the first one's format, not its text, which goes */
                v[i].q = (struct quantity){.format = q.format};
            v[i].any = true;
            quantity_add(&v[i].q, &q);
        }
    }
    arena_done(&a);
}

/* What nobody here counts keeps the use it had: others may keep it. *ret_held: more is said to be
 * used than there is. */
static str_map used_of(struct plan *p, const ResourceQuota *quota, const struct sum *v, uint32_t n,
                       bool settled, bool *ret_held) {
    str_map used = {0};
    *ret_held = false;
    for (uint32_t i = 0; i < n; i++) {
        const Quantity *was = amounts_get(&quota->status.used, v[i].name);
        if (!v[i].counted && !was)
            continue;
        Quantity now = v[i].any ? str_dup(p->arena, quantity_str(p->arena, &v[i].q)) : STR("0");
        bool less = was && v[i].counted && amount_cmp(now, *was) < 0;
        bool keeps = was && (!v[i].counted || (less && !settled));
        *ret_held |= less && !settled;
        *list_push(p->arena, &used) = (struct str_pair){v[i].name, keeps ? *was : now};
    }
    return used;
}

/* left: until use may be lowered. */
static void write_status(struct quotas *s, struct plan *p, const ResourceQuota *quota,
                         struct sum *v, int64_t left) {
    uint32_t n = quota->spec.hard.n;
    bool held, first = !quota->status.hard.n && !quota->status.used.n;
    for (uint32_t i = 0; i < n; i++)
        v[i].name = quota->spec.hard.v[i].key;
    for (unsigned i = 0; i < N_KINDS; i++)
        count_kind(&s->kinds[i], p, quota, v, n);
    ResourceQuota now = *quota;
    now.status.hard = quota->spec.hard;
    now.status.used = used_of(p, quota, v, n, left <= 0, &held);
    if (first || !same_amounts(&now.status.hard, &quota->status.hard) ||
        !same_amounts(&now.status.used, &quota->status.used))
        plan_update(p, QUOTAS, "status", &now);
    plan_requeue_after(p, held ? left : RESYNC);
}

static int reconcile(void *state, str key, struct plan *p) {
    struct quotas *s = state;
    const ResourceQuota *quota = informer_typed(s->quotas, key);
    const int64_t *touched = map_get(&s->touched, key);
    if (!quota)
        return 0;
    struct sum *v = xcalloc(quota->spec.hard.n + 1, sizeof(*v)); /* aligned for 128 bits */
    write_status(s, p, quota, v, touched ? *touched + SETTLE - p->mono : 0);
    free(v);
    return 0;
}

const struct controller resource_quota_controller = {
    .name = "resourcequota-controller",
    .queue = "resourcequota_primary",
    .watches = watches,
    .state_size = sizeof(struct quotas),
    .start = start,
    .stop = stop,
    .reconcile = reconcile,
};
