// SPDX-License-Identifier: Apache-2.0
/* Which pods go first when a ReplicaSet shrinks: not yet placed, not yet running, not ready, cheap
 * to delete, doubled up on a node, ready for a shorter time, restarted more often, younger. Times
 * are compared by the power of two of their age only, so that pods which started together go in an
 * order that has nothing to do with it (uid). */
#include <stdlib.h>

#include "controllers/replicaset.h"

#define COST_ANNOTATION "controller.kubernetes.io/pod-deletion-cost"

struct ranked {
    const Pod *pod;
    bool placed, ready;
    int phase;
    int32_t cost, restarts;
    uint32_t on_node;
    int64_t ready_since, created;
};

static int phase_order(const Pod *pod) {
    if (str_eqc(pod->status.phase, "Pending"))
        return 0;
    return str_eqc(pod->status.phase, "Running") ? 2 : 1;
}

static int32_t deletion_cost(const Pod *pod) {
    str text = label_get(&pod->metadata.annotations, STR(COST_ANNOTATION));
    int64_t v;
    if (!text.p || str_to_i64(text, &v) < 0 || v < INT32_MIN || v > INT32_MAX)
        return 0;
    return (int32_t)v;
}

static int32_t max_restarts(const Pod *pod) {
    int32_t n = 0;
    for (uint32_t i = 0; i < pod->status.container_statuses.n; i++)
        n = MAX(n, pod->status.container_statuses.v[i].restart_count);
    return n;
}

static struct ranked rank_of(const Pod *pod) {
    const PodCondition *ready = pod_condition(pod, "Ready");
    bool is_ready = ready && str_eqc(ready->status, "True");
    return (struct ranked){
        .pod = pod,
        .placed = pod->spec.node_name.n > 0,
        .ready = is_ready,
        .phase = phase_order(pod),
        .cost = deletion_cost(pod),
        .restarts = max_restarts(pod),
        .ready_since = is_ready ? time_ns(ready->last_transition_time) : 0,
        .created = time_ns(pod->metadata.creation_timestamp),
    };
}

static int magnitude(int64_t age) {
    return age > 0 ? 63 - __builtin_clzll((unsigned long long)age) : -1;
}

/* The younger first; unset counts as the youngest. */
static int by_age(int64_t x, int64_t y, int64_t now, const struct ranked *a,
                  const struct ranked *b) {
    if (x == y)
        return 0;
    if (x == 0 || y == 0)
        return x == 0 ? -1 : 1;
    int d = magnitude(now - x) - magnitude(now - y);
    return d ? d : str_cmp(a->pod->metadata.uid, b->pod->metadata.uid);
}

static int compare(const void *x, const void *y, void *ctx) {
    const struct ranked *a = x, *b = y;
    int64_t now = *(const int64_t *)ctx;
    if (a->placed != b->placed)
        return a->placed - b->placed;
    if (a->phase != b->phase)
        return a->phase - b->phase;
    if (a->ready != b->ready)
        return a->ready - b->ready;
    if (a->cost != b->cost)
        return a->cost < b->cost ? -1 : 1;
    if (a->on_node != b->on_node)
        return a->on_node > b->on_node ? -1 : 1;
    int d = a->ready ? by_age(a->ready_since, b->ready_since, now, a, b) : 0;
    if (d)
        return d;
    if (a->restarts != b->restarts)
        return a->restarts > b->restarts ? -1 : 1;
    d = by_age(a->created, b->created, now, a, b);
    return d ? d : str_cmp(a->pod->metadata.name, b->pod->metadata.name);
}

void pods_rank(struct arena *a, struct pods *pods, int64_t now,
               uint32_t (*on_node)(void *ctx, str node), void *ctx) {
    struct ranked *v = arena_array(a, pods->n + 1, sizeof(*v));
    for (uint32_t i = 0; i < pods->n; i++) {
        v[i] = rank_of(pods->v[i]);
        v[i].on_node = on_node(ctx, pods->v[i]->spec.node_name);
    }
    qsort_r(v, pods->n, sizeof(*v), compare, &now);
    for (uint32_t i = 0; i < pods->n; i++)
        pods->v[i] = v[i].pod;
}
