// SPDX-License-Identifier: Apache-2.0
/* Judges nodes by their heartbeats (Lease and status) and says it in conditions and taints.
 *
 * When a heartbeat was last seen is told by our own clock, never by the node's. A node that was
 * silent for the grace period gets its conditions set to Unknown; the taints follow from the
 * conditions. When no node at all is ready, more likely we are what is cut off: then nothing is
 * evicted (no NoExecute taints). Keys are names of nodes. */
#include <stdlib.h>

#include "base/map.h"
#include "base/vec.h"
#include "controllers/common.h"
#include "controllers/controllers.h"
#include "schema/ops.h"

#define NODES         RESOURCE_OF(core_v1_nodes)
#define PODS          RESOURCE_OF(core_v1_pods)
#define LEASES        RESOURCE_OF(coordination_v1_leases)
#define LEASES_NS     "kube-node-lease"
#define GRACE         (50 * NSEC_PER_SEC) /* --node-monitor-grace-period */
#define STARTUP_GRACE (60 * NSEC_PER_SEC) /* before the first status */
#define LOOK_AGAIN    (5 * NSEC_PER_SEC)

struct health {
    int64_t heard; /* a heartbeat last, our monotonic clock */
    Time heartbeat, renewed;
    bool announced;
};

struct node_lifecycle {
    struct loop *loop;
    struct informer *nodes, *pods;
    struct index *pods_on;
    struct map health; /* by name */
};

/* ---- heartbeats ---- */

static const NodeCondition *condition(const Node *n, const char *type) {
    for (uint32_t i = 0; i < n->status.conditions.n; i++)
        if (str_eqc(n->status.conditions.v[i].type, type))
            return &n->status.conditions.v[i];
    return NULL;
}

static struct health *health_of(struct node_lifecycle *s, str name) {
    struct health *h = map_get(&s->health, name);
    if (h)
        return h;
    h = xcalloc(1, sizeof(*h));
    h->heard = loop_now(s->loop);
    map_put(&s->health, name, h);
    return h;
}

static void on_node(void *ctx, struct informer *i, struct cached *old, struct cached *new_) {
    struct node_lifecycle *s = ctx;
    if (!new_) {
        free(map_del(&s->health, old->key));
        return;
    }
    struct health *h = health_of(s, new_->key);
    const NodeCondition *ready = condition(new_->typed, "Ready");
    if (ready && time_cmp(ready->last_heartbeat_time, h->heartbeat) > 0) {
        h->heartbeat = ready->last_heartbeat_time;
        h->heard = loop_now(s->loop);
    }
}

static void on_lease(void *ctx, struct informer *i, struct cached *old, struct cached *new_) {
    struct node_lifecycle *s = ctx;
    const Lease *lease = new_ ? new_->typed : NULL;
    struct health *h = lease ? map_get(&s->health, lease->metadata.name) : NULL;
    if (h && time_cmp(lease->spec.renew_time, h->renewed) > 0) {
        h->renewed = lease->spec.renew_time;
        h->heard = loop_now(s->loop);
    }
}

static void start(struct controller_run *run, void *state) {
    struct node_lifecycle *s = state;
    s->loop = run_loop(run);
    s->nodes = run_informer(run, NODES);
    s->pods = run_informer(run, PODS);
    s->pods_on = informer_index(s->pods, index_by_pod_node);
    map_init(&s->health, NULL);
    informer_handle(s->nodes, on_node, s);
    informer_handle(run_informer(run, LEASES), on_lease, s);
}

static void stop(void *state) {
    struct node_lifecycle *s = state;
    MAP_FOREACH (it, &s->health)
        free(it->value);
    map_done(&s->health);
}

/* ---- conditions ---- */

/* The four conditions a kubelet keeps, all Unknown. True when that changes anything. */
static bool set_unknown(struct plan *p, const Node *was, Node *now) {
    static const char *const types[] = {"Ready", "MemoryPressure", "DiskPressure", "PIDPressure"};
    uint32_t n = was->status.conditions.n;
    NodeCondition *v = arena_array(p->arena, n + ARRAY_LEN(types), sizeof(*v));
    bool changed = false;
    for (uint32_t i = 0; i < n; i++)
        v[i] = was->status.conditions.v[i];
    now->status.conditions.v = v;
    for (unsigned t = 0; t < ARRAY_LEN(types); t++) {
        NodeCondition *c = NULL;
        for (uint32_t i = 0; i < n; i++)
            if (str_eqc(v[i].type, types[t]))
                c = &v[i];
        if (c && str_eqc(c->status, "Unknown"))
            continue;
        changed = true;
        if (!c) {
            c = &v[n++];
            c->type = str_of(types[t]);
            c->last_heartbeat_time = was->metadata.creation_timestamp;
            c->reason = STR("NodeStatusNeverUpdated");
            c->message = STR("Kubelet never posted node status.");
        } else {
            c->reason = STR("NodeStatusUnknown");
            c->message = STR("Kubelet stopped posting node status.");
        }
        c->status = STR("Unknown");
        c->last_transition_time = plan_time(p);
    }
    now->status.conditions.n = n;
    return changed;
}

/* Endpoints leave out pods that are not ready; their kubelet cannot say it any more. */
static void mark_pods_not_ready(struct node_lifecycle *s, struct plan *p, const Node *node) {
    struct cached *o;
    for (struct index_cursor at = index_find(s->pods_on, node->metadata.name);
         (o = index_next(&at)) && !plan_full(p);) {
        const Pod *pod = o->typed;
        const PodCondition *ready = pod_condition(pod, "Ready");
        if (!ready || !str_eqc(ready->status, "True"))
            continue;
        PodCondition c = *ready;
        c.status = STR("False");
        c.last_transition_time = plan_time(p);
        plan_patch(p, PODS, "status", &pod->metadata, pod_condition_patch(p->arena, pod, &c, NULL),
                   false);
        plan_write_event(p, false, PODS, &pod->metadata, "Warning", "NodeNotReady",
                         "Node is not ready");
    }
}

static void write_conditions(struct plan *p, const Node *now) {
    struct buf b;
    buf_init(&b, 0);
    buf_adds(&b, "{\"status\":{\"conditions\":[");
    for (uint32_t i = 0; i < now->status.conditions.n; i++) {
        if (i)
            buf_addc(&b, ',');
        json_write(&b, &NodeCondition_type, &now->status.conditions.v[i], 0, NULL);
    }
    buf_adds(&b, "]}}");
    plan_patch(p, NODES, "status", &now->metadata, buf_str(&b), false);
    buf_done(&b);
}

static void told_silent(struct plan *p, const Node *was, const Node *now) {
    const NodeCondition *ready = condition(was, "Ready");
    write_conditions(p, now);
    if (ready && str_eqc(ready->status, "True"))
        plan_write_event(p, false, NODES, &was->metadata, "Normal", "NodeNotReady",
                         "Node " STR_FMT " status is now: NodeNotReady",
                         STR_ARG(was->metadata.name));
}

/* ---- taints ---- */

#define NOT_READY   "node.kubernetes.io/not-ready"
#define UNREACHABLE "node.kubernetes.io/unreachable"

static const struct condition_taint {
    const char *type, *status, *key;
} condition_taints[] = {
    {"Ready", "False", NOT_READY},
    {"Ready", "Unknown", UNREACHABLE},
    {"MemoryPressure", "True", "node.kubernetes.io/memory-pressure"},
    {"DiskPressure", "True", "node.kubernetes.io/disk-pressure"},
    {"PIDPressure", "True", "node.kubernetes.io/pid-pressure"},
    {"NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"},
};
#define UNSCHEDULABLE "node.kubernetes.io/unschedulable"

static bool is(const Node *n, const char *type, const char *status) {
    const NodeCondition *c = condition(n, type);
    return c && str_eqc(c->status, status);
}

static bool any_ready(const struct node_lifecycle *s) {
    uint32_t pos = 0;
    struct cached *c;
    while ((c = informer_next(s->nodes, &pos)))
        if (is(c->typed, "Ready", "True"))
            return true;
    return false;
}

struct taints {
    struct plan *p;
    const Node *node;
    struct {
        Taint *v;
        uint32_t n;
    } list;
    bool changed;
};

/* Brings one taint of ours in or out. */
static void want(struct taints *t, const char *key, const char *effect, bool wanted) {
    __typeof__(t->list) left = {0};
    bool there = false;
    for (uint32_t i = 0; i < t->list.n; i++) {
        const Taint *x = &t->list.v[i];
        bool same = str_eqc(x->key, key) && str_eqc(x->effect, effect);
        there |= same;
        if (!same || wanted)
            *list_push(t->p->arena, &left) = *x;
    }
    if (there == wanted)
        return;
    if (wanted)
        *list_push(t->p->arena, &left) =
            (Taint){.key = str_of(key), .effect = str_of(effect), .time_added = plan_time(t->p)};
    t->list.v = left.v;
    t->list.n = left.n;
    t->changed = true;
}

static void write_taints(struct taints *t) {
    struct buf b;
    buf_init(&b, 0);
    buf_adds(&b, "{\"spec\":{\"taints\":");
    for (uint32_t i = 0; i < t->list.n; i++) {
        buf_addc(&b, i ? ',' : '[');
        json_write(&b, &Taint_type, &t->list.v[i], 0, NULL);
    }
    buf_add(&b, t->list.n ? STR("]}}") : STR("null}}"));
    plan_patch(t->p, NODES, NULL, &t->node->metadata, buf_str(&b), false);
    buf_done(&b);
}

static void sync_taints(struct node_lifecycle *s, struct plan *p, const Node *node) {
    struct taints t = {.p = p, .node = node};
    t.list.v = node->spec.taints.v;
    t.list.n = node->spec.taints.n;
    for (unsigned i = 0; i < ARRAY_LEN(condition_taints); i++)
        want(&t, condition_taints[i].key, "NoSchedule",
             is(node, condition_taints[i].type, condition_taints[i].status));
    want(&t, UNSCHEDULABLE, "NoSchedule", node->spec.unschedulable);
    bool bad = is(node, "Ready", "False") || is(node, "Ready", "Unknown");
    bool evict = bad && any_ready(s);
    if (bad) /* whether others are ready is not told by events of this one */
        plan_requeue_after(p, LOOK_AGAIN);
    want(&t, NOT_READY, "NoExecute", evict && is(node, "Ready", "False"));
    want(&t, UNREACHABLE, "NoExecute", evict && is(node, "Ready", "Unknown"));
    if (t.changed)
        write_taints(&t);
}

/* ---- a run ---- */

static int reconcile(void *state, str key, struct plan *p) {
    struct node_lifecycle *s = state;
    const Node *node = informer_typed(s->nodes, key);
    if (!node)
        return 0;
    struct health *h = health_of(s, key);
    if (!h->announced) {
        plan_event(p, NODES, &node->metadata, "Normal", "RegisteredNode",
                   "Registered Node " STR_FMT " in Controller", STR_ARG(key));
        h->announced = true;
    }
    int64_t left = h->heard + (condition(node, "Ready") ? GRACE : STARTUP_GRACE) - p->mono;
    Node now = *node;
    if (left > 0) {
        plan_requeue_after(p, left);
    } else if (set_unknown(p, node, &now)) {
        told_silent(p, node, &now); /* the taints follow when that is seen */
        return 0;
    }
    sync_taints(s, p, node);
    if (is(node, "Ready", "Unknown")) {
        plan_next_group(p);
        mark_pods_not_ready(s, p, node);
    }
    return 0;
}

static const struct controller_watch watches[] = {
    {.resource = RESOURCE_OF(core_v1_nodes),
     .keys = keys_self,
     .fields = FIELDS("spec.taints", "spec.unschedulable", "status.conditions")},
    {.resource = RESOURCE_OF(coordination_v1_leases),
     .ns = LEASES_NS,
     .fields = FIELDS("spec.renewTime")},
    {.resource = RESOURCE_OF(core_v1_pods), .fields = FIELDS("spec.nodeName", "status.conditions")},
    {.resource = NULL},
};

const struct controller node_lifecycle_controller = {
    .name = "node-controller",
    .queue = "node_lifecycle_controller",
    .watches = watches,
    .state_size = sizeof(struct node_lifecycle),
    .start = start,
    .stop = stop,
    .reconcile = reconcile,
};
