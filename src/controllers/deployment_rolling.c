// SPDX-License-Identifier: Apache-2.0
/* How many replicas each ReplicaSet of a deployment is to have. Pure arithmetic over the sets'
 * specs and statuses; what changes is noted in the set and written at the end of the run. */
#include "controllers/deployment.h"

/* True when that changes the size. */
static bool scale_set(struct deployment_sync *y, struct set_work *w, int32_t replicas) {
    if (set_replicas(w) == replicas)
        return false;
    annotate_replicas(y, w);
    w->now.spec.replicas = (struct opt_i32){true, replicas};
    w->changed = true;
    return true;
}

/* Scaled outside a rollout: the counts are noted even on a set that has the right size already, or
 * this would be a scaling event for ever. */
static void settle_set(struct deployment_sync *y, struct set_work *w, int32_t replicas) {
    if (!scale_set(y, w, replicas))
        annotate_replicas(y, w);
}

int32_t new_set_replicas(struct deployment_sync *y, int32_t current) {
    int32_t wanted = wanted_replicas(y);
    if (!is_rolling(&y->now))
        return wanted;
    int32_t room = wanted + max_surge(&y->now) - sum_replicas(&y->all);
    if (room <= 0)
        return current;
    return current + MIN(room, wanted - current);
}

static bool scale_new(struct deployment_sync *y) {
    int32_t now = set_replicas(y->new_), wanted = wanted_replicas(y);
    if (now == wanted)
        return false;
    return scale_set(y, y->new_, now > wanted ? wanted : new_set_replicas(y, now));
}

/* ---- old sets of a rolling update ---- */

/* Pods that do not work anyway go first: they make room at no cost. */
static int32_t clean_unhealthy(struct deployment_sync *y, struct sets *old, int32_t most) {
    int32_t total = 0;
    for (uint32_t i = 0; i < old->n && total < most; i++) {
        struct set_work *w = old->v[i];
        int32_t n = set_replicas(w), sick = n - w->now.status.available_replicas;
        if (n == 0 || sick <= 0)
            continue;
        int32_t less = MIN(most - total, sick);
        scale_set(y, w, n - less);
        total += less;
    }
    return total;
}

static int32_t scale_down_old(struct deployment_sync *y, struct sets *old) {
    int32_t least = wanted_replicas(y) - max_unavailable(&y->now);
    int32_t surplus = sum_available(&y->all) - least, total = 0;
    for (uint32_t i = 0; i < old->n && total < surplus; i++) {
        int32_t n = set_replicas(old->v[i]);
        if (n == 0)
            continue;
        int32_t less = MIN(n, surplus - total);
        scale_set(y, old->v[i], n - less);
        total += less;
    }
    return total;
}

static bool shrink_old(struct deployment_sync *y) {
    struct sets old = active_sets(y->p->arena, &y->old);
    if (sum_replicas(&old) == 0)
        return false;
    int32_t least = wanted_replicas(y) - max_unavailable(&y->now);
    int32_t new_missing = set_replicas(y->new_) - y->new_->now.status.available_replicas;
    int32_t most = sum_replicas(&y->all) - least - new_missing;
    if (most <= 0)
        return false;
    int32_t gone = clean_unhealthy(y, &old, most);
    return gone + scale_down_old(y, &old) > 0;
}

bool rollout_rolling(struct deployment_sync *y) {
    return scale_new(y) || shrink_old(y);
}

/* ---- recreate ---- */

bool recreate_scale_down(struct deployment_sync *y) {
    bool scaled = false;
    for (uint32_t i = 0; i < y->old.n; i++)
        if (set_replicas(y->old.v[i]) > 0)
            scaled |= scale_set(y, y->old.v[i], 0);
    return scaled;
}

void recreate_scale_up(struct deployment_sync *y) {
    if (set_replicas(y->new_) != wanted_replicas(y))
        scale_set(y, y->new_, wanted_replicas(y));
}

/* ---- scaling outside a rollout ---- */

bool is_scaling_event(struct deployment_sync *y) {
    for (uint32_t i = 0; i < y->all.n; i++) {
        int64_t desired;
        if (set_replicas(y->all.v[i]) > 0 &&
            annotation_number(&y->all.v[i]->now.metadata, ANN_DESIRED, &desired) &&
            desired != wanted_replicas(y))
            return true;
    }
    return false;
}

/* The only set that matters, or NULL when several are active. */
static struct set_work *active_or_latest(struct deployment_sync *y) {
    struct sets active = active_sets(y->p->arena, &y->all);
    if (active.n > 1)
        return NULL;
    if (active.n == 1)
        return active.v[0];
    if (y->new_)
        return y->new_;
    return y->old.n ? y->old.v[y->old.n - 1] : NULL;
}

static bool is_saturated(struct deployment_sync *y) {
    int64_t desired;
    int32_t wanted = wanted_replicas(y);
    const struct set_work *w = y->new_;
    return w && annotation_number(&w->now.metadata, ANN_DESIRED, &desired) &&
           set_replicas(w) == wanted && desired == wanted &&
           w->now.status.available_replicas == wanted;
}

static int32_t round_half_away(double d) {
    return (int32_t)(d < 0 ? d - 0.5 : d + 0.5);
}

/* The change of a set that keeps its share of the whole. */
static int32_t fraction(struct deployment_sync *y, const struct set_work *w) {
    int64_t annotated = 0;
    int32_t n = set_replicas(w), wanted = wanted_replicas(y);
    if (wanted == 0)
        return -n;
    if (!annotation_number(&w->now.metadata, ANN_MAX, &annotated) || annotated == 0)
        annotated = y->was->status.replicas;
    if (annotated <= 0)
        return 0;
    double size = (double)n * (double)(wanted + max_surge(&y->now)) / (double)annotated;
    return round_half_away(size) - n;
}

static int32_t proportion(struct deployment_sync *y, const struct set_work *w, int32_t to_add,
                          int32_t added) {
    if (set_replicas(w) == 0 || to_add == added)
        return 0;
    int32_t f = fraction(y, w), allowed = to_add - added;
    return to_add > 0 ? MIN(f, allowed) : MAX(f, allowed);
}

static void scale_in_proportion(struct deployment_sync *y) {
    struct sets active = active_sets(y->p->arena, &y->all);
    int32_t wanted = wanted_replicas(y), added = 0;
    int32_t allowed = wanted > 0 ? wanted + max_surge(&y->now) : 0;
    int32_t to_add = allowed - sum_replicas(&active);
    int32_t *size = arena_array(y->p->arena, active.n + 1, sizeof(*size));
    if (to_add != 0)
        sort_by_size(&active, to_add > 0);
    for (uint32_t i = 0; i < active.n; i++) {
        int32_t more = to_add ? proportion(y, active.v[i], to_add, added) : 0;
        size[i] = set_replicas(active.v[i]) + more;
        added += more;
    }
    if (active.n && to_add != 0) /* what rounding left over is the largest set's */
        size[0] = MAX(size[0] + to_add - added, 0);
    for (uint32_t i = 0; i < active.n; i++)
        settle_set(y, active.v[i], size[i]);
}

void scale_deployment(struct deployment_sync *y) {
    struct set_work *only = active_or_latest(y);
    if (only) {
        settle_set(y, only, wanted_replicas(y));
    } else if (is_saturated(y)) {
        recreate_scale_down(y);
    } else if (is_rolling(&y->now)) {
        scale_in_proportion(y);
    }
}
