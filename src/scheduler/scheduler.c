// SPDX-License-Identifier: Apache-2.0
/* What a pod can be: waiting in the queue; assumed (decided, its Binding not yet seen back); placed
 * (an informer says so). `known` has the last two. A Binding whose answer was lost is left assumed:
 * the informer tells within seconds whether it was carried out, and a timer asks when it does not.
 */
#include "scheduler/scheduler.h"

#include <stdlib.h>

#include "base/time.h"
#include "client/events.h"
#include "client/leader.h"
#include "scheduler/metrics.h"
#include "scheduler/queue.h"
#include "schema/json.h"

#define SCHEDULER_NAME "default-scheduler"
#define PODS_A_TURN    64
#define LOST_WAIT      (30 * NSEC_PER_SEC)

struct known {
    struct scheduler *s;
    struct pod_info *pod;
    char *node;
    uint32_t row;
    bool on_row, assumed;
    unsigned attempts;
    int64_t began;        /* the attempt that found the node, monotonic */
    int64_t queued, sent; /* when the pod came to the queue, the Binding went out; loop_now */
    struct rest_call *binding;
    struct timer lost;
};

struct scheduler {
    struct scheduler_options o;
    struct loop *loop;
    struct informers *informers;
    struct informer *pods, *node_informer;
    struct leader *leader;
    struct recorder *recorder;
    struct nodes nodes;
    struct sched_queue *queue;
    struct map known; /* uid -> struct known */
    struct arena scratch;
    struct task pump;
    struct list patches;
    struct scheduler_metrics metrics;
    bool synced, leading;
};

struct patch_call {
    struct list node;
    struct rest_call *call;
};

static void pump(struct scheduler *s);

/* ---- telling ---- */

static void tell(struct scheduler *s, const Pod *pod, const char *type, const char *reason,
                 str message) {
    recorder_event(s->recorder,
                   &(ObjectReference){.kind = STR("Pod"),
                                      .api_version = STR("v1"),
                                      .namespace_ = pod->metadata.namespace_,
                                      .name = pod->metadata.name,
                                      .uid = pod->metadata.uid,
                                      .resource_version = pod->metadata.resource_version},
                   type, reason, message);
}

static void on_patched(void *ctx, const struct rest_result *res) {
    struct patch_call *c = ctx;
    list_remove(&c->node);
    free(c);
}

static bool already_says(const Pod *pod, str reason, str message) {
    for (uint32_t i = 0; i < pod->status.conditions.n; i++) {
        const PodCondition *c = &pod->status.conditions.v[i];
        if (str_eqc(c->type, "PodScheduled"))
            return str_eqc(c->status, "False") && str_eq(c->reason, reason) &&
                   str_eq(c->message, message);
    }
    return false;
}

/* PodScheduled=False with this reason; nothing when the pod says so already. */
static void set_condition(struct scheduler *s, const Pod *pod, str reason, str message) {
    char when[TIME_TEXT_MAX];
    if (already_says(pod, reason, message))
        return;
    struct buf b;
    buf_init(&b, 0);
    buf_adds(&b, "{\"metadata\":{\"uid\":");
    json_quote(&b, pod->metadata.uid);
    buf_adds(&b, "},\"status\":{\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"False\","
                 "\"lastProbeTime\":null,\"lastTransitionTime\":");
    json_quote(&b, time_format_ns(when, loop_wall(s->loop), 0));
    buf_adds(&b, ",\"reason\":");
    json_quote(&b, reason);
    buf_adds(&b, ",\"message\":");
    json_quote(&b, message);
    buf_adds(&b, "}]}}");
    struct patch_call *c = xcalloc(1, sizeof(*c));
    list_append(&s->patches, &c->node);
    c->call = rest_send(s->o.client, &(struct rest_request){.verb = REST_PATCH,
                                                            .patch = REST_PATCH_STRATEGIC,
                                                            .resource = RESOURCE_OF(core_v1_pods),
                                                            .ns = pod->metadata.namespace_,
                                                            .name = pod->metadata.name,
                                                            .subresource = "status",
                                                            .raw = buf_str(&b),
                                                            .done = on_patched,
                                                            .ctx = c});
    buf_done(&b);
}

/* ---- metrics ---- */

static void ended(struct scheduler *s, enum attempt how, int64_t began, unsigned attempts) {
    scheduler_metrics_attempt(&s->metrics, how, env_mono(loop_env(s->loop)) - began, attempts);
}
static void count_pending(struct scheduler *s) {
    scheduler_metrics_pending(&s->metrics, sched_queue_pending(s->queue));
}

/* ---- pods that have a node ---- */

static void known_free(struct scheduler *s, struct known *k) {
    map_del(&s->known, pod_of(k->pod)->metadata.uid);
    if (k->on_row)
        nodes_remove_pod(&s->nodes, k->row, k->pod);
    timer_stop(s->loop, &k->lost);
    rest_cancel(k->binding);
    pod_info_free(k->pod);
    free(k->node);
    free(k);
}

static void put_on_row(struct scheduler *s, struct known *k) {
    int64_t row = nodes_row(&s->nodes, str_of(k->node));
    if (k->on_row || row < 0)
        return;
    k->row = (uint32_t)row;
    k->on_row = true;
    nodes_add_pod(&s->nodes, k->row, k->pod);
}

static struct known *known_new(struct scheduler *s, struct pod_info *p, str node) {
    struct known *k = xcalloc(1, sizeof(*k));
    k->s = s;
    k->pod = p;
    k->node = xstrndup(node.p, node.n);
    map_put(&s->known, pod_of(p)->metadata.uid, k);
    put_on_row(s, k);
    return k;
}

/* Not bound after all: back into the queue. */
static void forget(struct scheduler *s, struct known *k) {
    struct pod_info *p = TAKE(k->pod);
    unsigned attempts = k->attempts;
    map_del(&s->known, pod_of(p)->metadata.uid);
    if (k->on_row)
        nodes_remove_pod(&s->nodes, k->row, p);
    timer_stop(s->loop, &k->lost);
    free(k->node);
    free(k);
    sched_queue_return(s->queue, p, attempts, 0);
    sched_queue_event(s->queue, EVENT_POD_GONE);
}

static void on_lost(struct timer *t) {
    struct known *k = container_of(t, struct known, lost);
    forget(k->s, k);
}

static void on_bound(void *ctx, const struct rest_result *res) {
    struct known *k = ctx;
    struct scheduler *s = k->s;
    const Pod *pod = pod_of(k->pod);
    k->binding = NULL;
    bool ok = res->r == 0 && res->code < 300;
    scheduler_metrics_bind(&s->metrics, ok, loop_now(s->loop) - k->sent);
    if (ok) {
        ended(s, ATTEMPT_SCHEDULED, k->began, k->attempts);
        scheduler_metrics_placed(&s->metrics, loop_now(s->loop) - k->queued, k->attempts);
        arena_reset(&s->scratch);
        tell(s, pod, "Normal", "Scheduled",
             str_printf(&s->scratch, "Successfully assigned " STR_FMT "/" STR_FMT " to %s",
                        STR_ARG(pod->metadata.namespace_), STR_ARG(pod->metadata.name), k->node));
        return;
    }
    if (res->maybe_done) {
        k->lost.fire = on_lost;
        timer_start(s->loop, &k->lost, LOST_WAIT);
        return;
    }
    if (res->code == 404 || !k->assumed) /* deleted meanwhile, or seen bound: the informer knows */
        return;
    log_warn(loop_env(s->loop), "binding " STR_FMT "/" STR_FMT ": r %d code %d",
             STR_ARG(pod->metadata.namespace_), STR_ARG(pod->metadata.name), res->r, res->code);
    ended(s, ATTEMPT_ERROR, k->began, k->attempts);
    forget(s, k);
}

static void bind(struct scheduler *s, struct known *k) {
    const Pod *pod = pod_of(k->pod);
    Binding b = {
        .metadata = {.name = pod->metadata.name,
                     .namespace_ = pod->metadata.namespace_,
                     .uid = pod->metadata.uid},
        .target = {.kind = STR("Node"), .name = str_of(k->node)},
    };
    k->binding =
        rest_send(s->o.client, &(struct rest_request){.verb = REST_CREATE,
                                                      .resource = RESOURCE_OF(core_v1_pods),
                                                      .ns = pod->metadata.namespace_,
                                                      .name = pod->metadata.name,
                                                      .subresource = "binding",
                                                      .body_type = &Binding_type,
                                                      .body = &b,
                                                      .result_type = &Status_type,
                                                      .done = on_bound,
                                                      .ctx = k});
}

/* ---- deciding ---- */

static bool gated(struct scheduler *s, struct pod_info *p) {
    str why;
    for (unsigned i = 0; default_profile[i]; i++)
        if (default_profile[i]->pre_enqueue &&
            !default_profile[i]->pre_enqueue(&s->scratch, pod_of(p), &why))
            return true;
    return false;
}

static void decide(struct scheduler *s, struct pod_info *p, unsigned attempts) {
    struct decision d;
    const Pod *pod = pod_of(p);
    int64_t began = env_mono(loop_env(s->loop));
    arena_reset(&s->scratch);
    if (gated(s, p)) {
        sched_queue_return(s->queue, p, attempts, EVENT_SELF);
        return;
    }
    schedule(&s->scratch, &s->nodes, p, default_profile, env_random_u64(loop_env(s->loop)), &d);
    if (d.outcome == OUTCOME_FITS) {
        struct known *k = known_new(s, p, node_at(&s->nodes, d.row)->metadata.name);
        k->assumed = true;
        k->attempts = attempts;
        k->began = began;
        k->queued = p->queued;
        k->sent = loop_now(s->loop);
        bind(s, k);
        return;
    }
    ended(s, ATTEMPT_UNSCHEDULABLE, began, attempts);
    tell(s, pod, "Warning", "FailedScheduling", d.message);
    set_condition(s, pod, STR("Unschedulable"), d.message);
    sched_queue_return(s->queue, p, attempts, d.events);
}

static void pump(struct scheduler *s) {
    struct pod_info *p;
    unsigned attempts;
    if (!s->synced || !s->leading)
        return;
    int i = 0;
    for (; i < PODS_A_TURN && (p = sched_queue_pop(s->queue, &attempts)); i++)
        decide(s, p, attempts);
    count_pending(s);
    if (i == PODS_A_TURN)
        loop_defer(s->loop, &s->pump);
}

static void on_pump(struct task *t) {
    pump(container_of(t, struct scheduler, pump));
}
static void on_queue(void *ctx) {
    pump(ctx);
}

/* ---- informers ---- */

static bool finished(const Pod *p) {
    return str_eqc(p->status.phase, "Succeeded") || str_eqc(p->status.phase, "Failed");
}

static void pod_gone(struct scheduler *s, str uid) {
    struct known *k = map_get(&s->known, uid);
    sched_queue_drop(s->queue, uid);
    if (!k)
        return;
    known_free(s, k);
    sched_queue_event(s->queue, EVENT_POD_GONE);
}

static void pod_placed(struct scheduler *s, struct cached *c) {
    const Pod *pod = c->typed;
    struct known *k = map_get(&s->known, pod->metadata.uid);
    sched_queue_drop(s->queue, pod->metadata.uid);
    bool same_node = k && str_eqc(pod->spec.node_name, k->node);
    if (k && same_node) { /* assumed before, or an update: requests may have been resized */
        if (k->on_row)
            nodes_remove_pod(&s->nodes, k->row, k->pod);
        k->on_row = false;
        k->assumed = false;
        timer_stop(s->loop, &k->lost);
        pod_info_free(k->pod);
        k->pod = pod_info_new(&s->nodes.names, c);
        put_on_row(s, k);
        return;
    }
    if (k)
        known_free(s, k);
    known_new(s, pod_info_new(&s->nodes.names, c), pod->spec.node_name);
    sched_queue_event(s->queue, EVENT_POD_BOUND);
}

static void on_pod(void *ctx, struct informer *i, struct cached *old, struct cached *new_) {
    struct scheduler *s = ctx;
    const Pod *pod = new_ ? new_->typed : NULL;
    if (old && (!pod || !str_eq(cached_meta(old)->uid, pod->metadata.uid)))
        pod_gone(s, cached_meta(old)->uid);
    if (!pod)
        return;
    if (finished(pod)) {
        pod_gone(s, pod->metadata.uid);
        return;
    }
    if (pod->spec.node_name.n) {
        pod_placed(s, new_);
        return;
    }
    if (map_get(&s->known, pod->metadata.uid)) /* assumed: its Binding is on the way */
        return;
    if (pod->metadata.deletion_timestamp.set || !str_eqc(pod->spec.scheduler_name, SCHEDULER_NAME))
        sched_queue_drop(s->queue, pod->metadata.uid);
    else
        sched_queue_put(s->queue, pod_info_new(&s->nodes.names, new_));
    count_pending(s);
}

static void on_node(void *ctx, struct informer *i, struct cached *old, struct cached *new_) {
    struct scheduler *s = ctx;
    if (!new_) {
        MAP_FOREACH (it, &s->known) {
            struct known *k = it->value;
            if (str_eqc(cached_meta(old)->name, k->node) && k->on_row) {
                nodes_remove_pod(&s->nodes, k->row, k->pod);
                k->on_row = false;
            }
        }
        nodes_drop(&s->nodes, cached_meta(old)->name);
        return;
    }
    unsigned changes = nodes_put(&s->nodes, new_);
    if (changes & NODE_ADDED) {
        MAP_FOREACH (it, &s->known)
            put_on_row(s, it->value);
    }
    /* NODE_x and EVENT_NODE_x are the same bits. */
    if (changes)
        sched_queue_event(s->queue, changes);
    count_pending(s);
}

_Static_assert(NODE_ADDED == (int)EVENT_NODE_ADDED && NODE_TAINTS == (int)EVENT_NODE_TAINTS &&
                   NODE_LABELS == (int)EVENT_NODE_LABELS &&
                   NODE_ALLOCATABLE == (int)EVENT_NODE_ALLOCATABLE,
               "node changes are events");

/* What plugins, events and conditions read of pods and nodes: the cache keeps nothing else. */
static const char *const pod_fields[] = {
    "spec.nodeName",
    "spec.schedulerName",
    "spec.priority",
    "spec.preemptionPolicy",
    "spec.nodeSelector",
    "spec.affinity",
    "spec.tolerations",
    "spec.overhead",
    "spec.resources",
    "spec.schedulingGates",
    "spec.containers.name",
    "spec.containers.image",
    "spec.containers.resources",
    "spec.containers.ports",
    "spec.initContainers.name",
    "spec.initContainers.image",
    "spec.initContainers.resources",
    "spec.initContainers.ports",
    "spec.initContainers.restartPolicy",
    "status.phase",
    "status.conditions",
    NULL,
};
static const char *const node_fields[] = {
    "spec.taints",     "spec.unschedulable", "status.allocatable",
    "status.capacity", "status.images",      NULL,
};

static void on_synced(void *ctx) {
    struct scheduler *s = ctx;
    s->synced = true;
    loop_defer(s->loop, &s->pump);
}

static void on_leading(void *ctx) {
    struct scheduler *s = ctx;
    s->leading = true;
    loop_defer(s->loop, &s->pump);
}

static void on_not_leading(void *ctx) {
    struct scheduler *s = ctx;
    s->leading = false;
    if (s->o.stopped)
        s->o.stopped(s->o.ctx);
}

/* ---- life ---- */

struct scheduler *scheduler_new(const struct scheduler_options *o) {
    struct scheduler *s = xcalloc(1, sizeof(*s));
    s->o = *o;
    s->loop = rest_client_loop(o->client);
    s->pump.run = on_pump;
    list_init(&s->pump.node);
    list_init(&s->patches);
    arena_init(&s->scratch, 0);
    map_init(&s->known, NULL);
    nodes_init(&s->nodes);
    s->queue = sched_queue_new(s->loop, on_queue, s);
    sched_queue_measure(s->queue, loop_env(s->loop)->metrics);
    s->metrics = scheduler_metrics_of(loop_env(s->loop), SCHEDULER_NAME);
    s->recorder = recorder_new(o->client, SCHEDULER_NAME, "");
    s->informers = informers_new(o->client);
    s->node_informer = informers_get(
        s->informers,
        &(struct informer_options){.resource = RESOURCE_OF(core_v1_nodes), .fields = node_fields});
    s->pods = informers_get(
        s->informers,
        &(struct informer_options){.resource = RESOURCE_OF(core_v1_pods), .fields = pod_fields});
    informer_handle(s->node_informer, on_node, s);
    informer_handle(s->pods, on_pod, s);
    informers_on_synced(s->informers, on_synced, s);
    informers_start(s->informers);
    if (o->identity)
        s->leader = leader_new(&(struct leader_options){.client = o->client,
                                                        .ns = "kube-system",
                                                        .name = "kube-scheduler",
                                                        .identity = o->identity,
                                                        .started = on_leading,
                                                        .stopped = on_not_leading,
                                                        .ctx = s});
    else
        s->leading = true;
    return s;
}

bool scheduler_synced(const struct scheduler *s) {
    return s->synced;
}

struct scheduler *scheduler_free(struct scheduler *s) {
    if (!s)
        return NULL;
    leader_free(s->leader);
    informers_free(s->informers);
    recorder_free(s->recorder);
    LIST_FOREACH (n, &s->patches) {
        struct patch_call *c = container_of(n, struct patch_call, node);
        rest_cancel(c->call);
        free(c);
    }
    MAP_FOREACH (it, &s->known)
        known_free(s, it->value);
    sched_queue_free(s->queue);
    nodes_done(&s->nodes);
    map_done(&s->known);
    loop_cancel(s->loop, &s->pump);
    arena_done(&s->scratch);
    free(s);
    return NULL;
}
