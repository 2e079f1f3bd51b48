// SPDX-License-Identifier: Apache-2.0
/* NoExecute taints: deletes the pods of a node that do not tolerate them, those that tolerate them
 * for a while when that is over. Keys are names of nodes. */
#include <stdlib.h>

#include "base/map.h"
#include "controllers/common.h"
#include "controllers/controllers.h"

#define NODES RESOURCE_OF(core_v1_nodes)
#define PODS  RESOURCE_OF(core_v1_pods)

struct taint_eviction {
    struct loop *loop;
    struct informer *nodes, *pods;
    struct index *pods_on;
    struct map since; /* node -> int64_t *: when we saw its taints change, for those without time */
};

static unsigned n_no_execute(const Node *n) {
    unsigned count = 0;
    for (uint32_t i = 0; i < n->spec.taints.n; i++)
        count += str_eqc(n->spec.taints.v[i].effect, "NoExecute");
    return count;
}

static bool same_taints(const Node *a, const Node *b) {
    if (a->spec.taints.n != b->spec.taints.n)
        return false;
    for (uint32_t i = 0; i < a->spec.taints.n; i++)
        if (!str_eq(a->spec.taints.v[i].key, b->spec.taints.v[i].key) ||
            !str_eq(a->spec.taints.v[i].value, b->spec.taints.v[i].value) ||
            !str_eq(a->spec.taints.v[i].effect, b->spec.taints.v[i].effect))
            return false;
    return true;
}

static void on_node(void *ctx, struct informer *i, struct cached *old, struct cached *new_) {
    struct taint_eviction *s = ctx;
    if (!new_ || !n_no_execute(new_->typed)) {
        free(map_del(&s->since, new_ ? new_->key : old->key));
        return;
    }
    if (old && same_taints(old->typed, new_->typed))
        return;
    int64_t *at = map_get(&s->since, new_->key);
    if (!at) {
        at = xcalloc(1, sizeof(*at));
        map_put(&s->since, new_->key, at);
    }
    *at = loop_wall(s->loop);
}

static void start(struct controller_run *run, void *state) {
    struct taint_eviction *s = state;
    s->loop = run_loop(run);
    s->nodes = run_informer(run, NODES);
    s->pods = run_informer(run, PODS);
    s->pods_on = informer_index(s->pods, index_by_pod_node);
    map_init(&s->since, NULL);
    informer_handle(s->nodes, on_node, s);
}

static void stop(void *state) {
    struct taint_eviction *s = state;
    MAP_FOREACH (it, &s->since)
        free(it->value);
    map_done(&s->since);
}

static void node_keys(struct controller_run *run, const void *old, const void *new_) {
    const Node *node = new_;
    if (node && n_no_execute(node) && (!old || !same_taints(old, new_)))
        queue_key(run, node->metadata.name);
}

static void pod_keys(struct controller_run *run, const void *old, const void *new_) {
    struct taint_eviction *s = run_state(run);
    const Pod *pod = new_;
    if (pod && pod->spec.node_name.n && map_get(&s->since, pod->spec.node_name))
        queue_key(run, pod->spec.node_name);
}

/* ---- tolerations ---- */

static bool tolerates(const Toleration *t, const Taint *x) {
    if (t->effect.n && !str_eq(t->effect, x->effect))
        return false;
    if (t->key.n && !str_eq(t->key, x->key))
        return false;
    if (str_eqc(t->operator_, "Exists"))
        return true;
    return (t->operator_.n == 0 || str_eqc(t->operator_, "Equal")) && str_eq(t->value, x->value);
}

static const Toleration *toleration_of(const Pod *pod, const Taint *x) {
    for (uint32_t i = 0; i < pod->spec.tolerations.n; i++)
        if (tolerates(&pod->spec.tolerations.v[i], x))
            return &pod->spec.tolerations.v[i];
    return NULL;
}

/* When the pod has to go, ns since 1970; 0: now, -1: never. */
static int64_t end_of(const Pod *pod, const Node *node, int64_t seen) {
    int64_t least = -1, since = time_ns(pod->metadata.creation_timestamp);
    for (uint32_t i = 0; i < node->spec.taints.n; i++) {
        const Taint *x = &node->spec.taints.v[i];
        if (!str_eqc(x->effect, "NoExecute"))
            continue;
        const Toleration *t = toleration_of(pod, x);
        if (!t)
            return 0;
        since = MAX(since, x->time_added.set ? time_ns(x->time_added) : seen);
        if (t->toleration_seconds.set)
            least = least < 0 ? MAX(t->toleration_seconds.v, 0)
                              : MIN(least, MAX(t->toleration_seconds.v, 0));
    }
    if (least <= 0 || least > INT64_MAX / NSEC_PER_SEC / 4)
        return least <= 0 ? least : -1;
    return since + least * NSEC_PER_SEC;
}

/* Two passes over the pods: first all are told why, then all are deleted. */
static void evict(struct taint_eviction *s, struct plan *p, const Node *node, bool tell) {
    const int64_t *seen = map_get(&s->since, node->metadata.name);
    struct cached *o;
    for (struct index_cursor at = index_find(s->pods_on, node->metadata.name);
         (o = index_next(&at)) && !plan_full(p);) {
        const Pod *pod = o->typed;
        if (pod->metadata.deletion_timestamp.set)
            continue;
        int64_t end = end_of(pod, node, seen ? *seen : p->now);
        if (end < 0)
            continue;
        if (end > p->now) {
            plan_requeue_after(p, end - p->now);
        } else if (tell) {
            pod_disrupt(p, pod, "DeletionByTaintManager",
                        "Taint manager: deleting due to NoExecute taint", NULL);
        } else {
            plan_delete(p, PODS, &pod->metadata, -1, NULL);
            plan_event(p, PODS, &pod->metadata, "Normal", "TaintManagerEviction",
                       "Marking for deletion Pod " STR_FMT "/" STR_FMT,
                       STR_ARG(pod->metadata.namespace_), STR_ARG(pod->metadata.name));
        }
    }
}

static int reconcile(void *state, str key, struct plan *p) {
    struct taint_eviction *s = state;
    const Node *node = informer_typed(s->nodes, key);
    if (!node || !n_no_execute(node))
        return 0;
    evict(s, p, node, true);
    plan_next_group(p);
    evict(s, p, node, false);
    return 0;
}

static const struct controller_watch watches[] = {
    {.resource = RESOURCE_OF(core_v1_nodes), .keys = node_keys, .fields = FIELDS("spec.taints")},
    {.resource = RESOURCE_OF(core_v1_pods),
     .keys = pod_keys,
     .fields = FIELDS("spec.nodeName", "spec.tolerations", "status.phase", "status.conditions")},
    {.resource = NULL},
};

const struct controller taint_eviction_controller = {
    .name = "taint-eviction-controller",
    .queue = "noexec_taint_node",
    .watches = watches,
    .state_size = sizeof(struct taint_eviction),
    .start = start,
    .stop = stop,
    .reconcile = reconcile,
};
