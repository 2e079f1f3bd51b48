// SPDX-License-Identifier: Apache-2.0
/* ReplicaSets, and what is one under another name: as many pods as asked for.
 *
 * A run either settles ownership (adopts, releases), or creates or deletes pods, or writes the
 * status; what comes after such a step belongs to the next run, which starts when the caches have
 * seen it. Names of new pods are drawn from the key's seed and those that exist are passed over, so
 * a create whose answer was lost is repeated under the same name and cannot happen twice. */
#include "controllers/replicaset.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/vec.h"
#include "controllers/controllers.h"
#include "schema/ops.h"

#define NAME_BASE_MAX 58 /* of a generated name of 63 */
#define NAME_RANDOM   5
#define FAILURE       "ReplicaFailure"
#define PODS          RESOURCE_OF(core_v1_pods)

/* ---- what concerns which key ---- */

void replicas_start(struct controller_run *run, struct replicasets *s,
                    const struct replica_kind *kind) {
    s->kind = kind;
    s->sets = run_informer(run, kind->resource);
    s->pods = run_informer(run, PODS);
    s->pods_of = informer_index(s->pods, index_by_controller_uid);
    s->orphans = informer_index(s->pods, index_orphans);
    s->siblings = informer_index(s->sets, index_by_controller_uid);
    s->sets_of_ns = informer_index(s->sets, index_by_namespace);
}

static void queue_matching(struct controller_run *run, const Pod *pod) {
    struct replicasets *s = run_state(run);
    struct arena a;
    arena_init(&a, 0);
    struct cached *c;
    for (struct index_cursor at = index_find(s->sets_of_ns, pod->metadata.namespace_);
         (c = index_next(&at));) {
        const ReplicaSet *rs = s->kind->read(&a, c->typed);
        struct selector sel;
        if (selector_of(&a, rs->spec.selector, &sel, NULL) == 0 && !selector_empty(&sel) &&
            selector_matches(&sel, &pod->metadata.labels))
            queue_key(run, c->key);
    }
    arena_done(&a);
}

void replicas_pod_keys(struct controller_run *run, const void *old, const void *new_) {
    const struct replicasets *s = run_state(run);
    const Pod *was = old, *is = new_;
    if (was)
        queue_controller(run, s->kind->resource, &was->metadata);
    if (!is)
        return;
    if (meta_controller(&is->metadata))
        queue_controller(run, s->kind->resource, &is->metadata);
    else if (!was || meta_controller(&was->metadata) ||
             !same_labels(&was->metadata.labels, &is->metadata.labels))
        queue_matching(run, is);
}

/* ---- a run ---- */

struct sync {
    struct replicasets *s;
    const void *typed; /* what it is, and as what it is read: */
    struct plan *p;
    const ReplicaSet *rs;
    struct selector selector;
    struct pods active;
    int32_t terminating;
    int32_t wanted;
};

static void on_mine(void *ctx, const void *typed) {
    struct sync *y = ctx;
    const Pod *pod = typed;
    if (pod_active(pod))
        *list_push(y->p->arena, &y->active) = pod;
    else if (!pod_terminal(pod))
        y->terminating++;
}

static bool adoptable(const void *typed) {
    return pod_active(typed);
}

static int settle_ownership(struct sync *y) {
    return claims_settle(y->p, &(struct ownership){
                                   .owner_resource = y->s->kind->resource,
                                   .resource = PODS,
                                   .owner = &y->rs->metadata,
                                   .selector = &y->selector,
                                   .owned = y->s->pods_of,
                                   .orphans = y->s->orphans,
                                   .mine = on_mine,
                                   .adoptable = adoptable,
                                   .ctx = y,
                               });
}

static str draw_name(struct sync *y) {
    struct arena *a = y->p->arena;
    const ObjectMeta *m = &y->rs->metadata;
    str base = str_slice(str_printf(a, STR_FMT "-", STR_ARG(m->name)), 0, NAME_BASE_MAX);
    for (;;) {
        str name = str_concat(a, base, plan_random_suffix(y->p, NAME_RANDOM));
        str key = str_printf(a, STR_FMT "/" STR_FMT, STR_ARG(m->namespace_), STR_ARG(name));
        if (!informer_get(y->s->pods, key))
            return name;
    }
}

static void create_pod(struct sync *y) {
    struct arena *a = y->p->arena;
    const ReplicaSet *rs = y->rs;
    const ObjectMeta *t = &rs->spec.template_.metadata;
    OwnerReference ref = controller_ref(a, y->s->kind->resource, &rs->metadata);
    Pod pod = {.metadata = {.name = draw_name(y),
                            .generate_name = str_printf(a, STR_FMT "-", STR_ARG(rs->metadata.name)),
                            .namespace_ = rs->metadata.namespace_,
                            .labels = t->labels,
                            .annotations = t->annotations,
                            .finalizers = {t->finalizers.v, t->finalizers.n},
                            .owner_references = {&ref, 1}},
               .spec = rs->spec.template_.spec};
    plan_create(y->p, PODS, rs->metadata.namespace_, &pod);
    plan_write_event(y->p, false, y->s->kind->resource, &rs->metadata, "Normal", "SuccessfulCreate",
                     "Created pod: " STR_FMT, STR_ARG(pod.metadata.name));
    plan_write_event(y->p, true, y->s->kind->resource, &rs->metadata, "Warning", "FailedCreate",
                     "Error creating");
}

static void delete_pod(struct sync *y, const Pod *pod) {
    const ReplicaSet *rs = y->rs;
    plan_delete(y->p, PODS, &pod->metadata, -1, NULL);
    plan_write_event(y->p, false, y->s->kind->resource, &rs->metadata, "Normal", "SuccessfulDelete",
                     "Deleted pod: " STR_FMT, STR_ARG(pod->metadata.name));
    plan_write_event(y->p, true, y->s->kind->resource, &rs->metadata, "Warning", "FailedDelete",
                     "Error deleting");
}

static uint32_t related_on_node(void *ctx, str node) {
    return (uint32_t)(uintptr_t)map_get(ctx, node);
}

/* How many active pods of this set and of those with the same controller each node runs. */
static void count_related(struct sync *y, str uid, struct map *nodes) {
    struct cached *c;
    for (struct index_cursor at = index_find(y->s->pods_of, uid); (c = index_next(&at));) {
        const Pod *pod = c->typed;
        if (!pod_active(pod))
            continue;
        uintptr_t n = (uintptr_t)map_get(nodes, pod->spec.node_name);
        map_put(nodes, pod->spec.node_name, (void *)(n + 1)); /* a number, no address */
    }
}

static void delete_pods(struct sync *y, uint32_t n) {
    struct map nodes;
    struct cached *c;
    const OwnerReference *owner = meta_controller(&y->rs->metadata);
    map_init(&nodes, NULL);
    if (!owner)
        count_related(y, y->rs->metadata.uid, &nodes);
    else
        for (struct index_cursor at = index_find(y->s->siblings, owner->uid);
             (c = index_next(&at));)
            count_related(y, cached_meta(c)->uid, &nodes);
    pods_rank(y->p->arena, &y->active, y->p->now, related_on_node, &nodes);
    map_done(&nodes);
    for (uint32_t i = 0; i < n && !plan_full(y->p); i++)
        delete_pod(y, y->active.v[i]);
}

/* ---- status ---- */

/* Sets or removes the condition; one that is there keeps its first text. */
static void set_failure(struct sync *y, ReplicaSetStatus *st, const char *reason) {
    const ReplicaSetStatus *old = &y->rs->status;
    bool told = false;
    st->conditions.v = NULL;
    st->conditions.n = 0;
    for (uint32_t i = 0; i < old->conditions.n; i++) {
        const ReplicaSetCondition *c = &old->conditions.v[i];
        bool failure = str_eqc(c->type, FAILURE);
        if (failure && !reason)
            continue;
        told |= failure;
        *list_push(y->p->arena, &st->conditions) = *c;
    }
    if (reason && !told)
        *list_push(y->p->arena, &st->conditions) = (ReplicaSetCondition){
            .type = STR(FAILURE),
            .status = STR("True"),
            .last_transition_time = plan_time(y->p),
            .reason = str_of(reason),
            .message = y->p->last_error->message,
        };
}

static bool has_labels(const Pod *pod, const str_map *wanted) {
    for (uint32_t i = 0; i < wanted->n; i++)
        if (!str_eq(label_get(&pod->metadata.labels, wanted->v[i].key), wanted->v[i].value))
            return false;
    return true;
}

/* Counts; asks to be run again when a pod will have been ready long enough. */
static ReplicaSetStatus status_of(struct sync *y, const char *failure) {
    const ReplicaSet *rs = y->rs;
    ReplicaSetStatus st = rs->status;
    st.replicas = (int32_t)y->active.n;
    st.fully_labeled_replicas = st.ready_replicas = st.available_replicas = 0;
    st.terminating_replicas = (struct opt_i32){true, y->terminating};
    st.observed_generation = rs->metadata.generation;
    int64_t next = -1;
    for (uint32_t i = 0; i < y->active.n; i++) {
        const Pod *pod = y->active.v[i];
        int64_t wait;
        st.fully_labeled_replicas += has_labels(pod, &rs->spec.template_.metadata.labels);
        st.ready_replicas += pod_ready(pod);
        st.available_replicas += pod_available(pod, rs->spec.min_ready_seconds, y->p->now, &wait);
        if (wait > 0)
            next = next < 0 ? wait : MIN(next, wait);
    }
    if (next >= 0)
        plan_requeue_after(y->p, next);
    set_failure(y, &st, failure);
    return st;
}

static void write_status(struct sync *y, const char *failure) {
    ReplicaSetStatus st = status_of(y, failure);
    y->s->kind->write_status(y->p, y->typed, &st);
}

/* The reason of the ReplicaFailure condition when creating or deleting pods failed last time. */
static const char *failure_of(const struct sync *y, int64_t diff) {
    const struct plan *p = y->p;
    if (!p->last_error || p->last_resource != PODS || p->last_error->code == 409)
        return NULL;
    if (p->last_verb == REST_CREATE && diff < 0)
        return "FailedCreate";
    return p->last_verb == REST_DELETE && diff > 0 ? "FailedDelete" : NULL;
}

int replicas_reconcile(void *state, str key, struct plan *p) {
    struct replicasets *s = state;
    struct sync y = {.s = s, .p = p, .typed = informer_typed(s->sets, key)};
    struct err e = {0};
    if (!y.typed)
        return 0;
    y.rs = s->kind->read(p->arena, y.typed);
    if (selector_of(p->arena, y.rs->spec.selector, &y.selector, &e) < 0)
        return plan_reject(p, -EINVAL, "selector: %s", e.text);
    if (settle_ownership(&y) <= 0)
        return 0;
    y.wanted = opt_or(y.rs->spec.replicas, 1);
    int64_t diff = (int64_t)y.active.n - y.wanted;
    if (y.rs->metadata.deletion_timestamp.set)
        diff = 0;
    const char *failure = failure_of(&y, diff);
    if (diff == 0 || failure) {
        write_status(&y, failure);
        plan_next_group(p);
    }
    for (int64_t i = 0; i < -diff && !plan_full(p); i++)
        create_pod(&y);
    if (diff > 0)
        delete_pods(&y, (uint32_t)diff);
    return 0;
}

/* ---- ReplicaSets themselves ---- */

static const ReplicaSet *read_itself(struct arena *a, const void *typed) {
    return typed;
}

static void write_own_status(struct plan *p, const void *typed, const ReplicaSetStatus *st) {
    ReplicaSet rs = *(const ReplicaSet *)typed;
    if (api_equal(&ReplicaSetStatus_type, &rs.status, st))
        return;
    rs.status = *st;
    plan_update(p, RESOURCE_OF(apps_v1_replicasets), "status", &rs);
}

static const struct replica_kind replica_sets = {RESOURCE_OF(apps_v1_replicasets), read_itself,
                                                 write_own_status};

static void start(struct controller_run *run, void *state) {
    replicas_start(run, state, &replica_sets);
}

static const struct controller_watch watches[] = {
    {.resource = RESOURCE_OF(apps_v1_replicasets), .keys = keys_self},
    {.resource = PODS, .keys = replicas_pod_keys, .fields = REPLICAS_POD_FIELDS},
    {.resource = NULL},
};

const struct controller replicaset_controller = {
    .name = "replicaset-controller",
    .queue = "replicaset",
    .watches = watches,
    .state_size = sizeof(struct replicasets),
    .start = start,
    .reconcile = replicas_reconcile,
};
