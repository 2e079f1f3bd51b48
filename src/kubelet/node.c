// SPDX-License-Identifier: Apache-2.0
/* The node in the API: registered once, its status written when it changed and every five minutes,
 * its Lease renewed every ten seconds. One timer beats for all of it and asks the runtime how it is
 * at the same time, so that an idle node wakes up once in ten seconds. */
#include "kubelet/node_status.h"

#include <stdio.h>
#include <stdlib.h>

#include "kubelet/log_rotate.h"
#include "schema/ops.h"

#define BEAT            (10 * NSEC_PER_SEC)
#define BEAT_SOON       (1 * NSEC_PER_SEC)
#define STATUS_EVERY    (300 * NSEC_PER_SEC)
#define LEASE_SECONDS   40
#define LEASE_NAMESPACE "kube-node-lease"

struct node {
    struct kubelet *k;
    struct timer timer;
    struct rest_call *status_call, *lease_call, *labels_call;
    struct cri_call *runtime_call, *version_call, *images_call;
    struct arena *images_arena;
    const cri_ListImagesResponse *images;
    bool registered, told_ready, started_event, images_wanted, status_wanted;
    bool ready_shown;
    int64_t status_sent; /* mono */
    struct arena *lease_arena;
    Lease *lease;       /* as the API has it */
    int64_t lease_sent; /* mono; 0: the next beat or answer writes it */
};

static void beat(struct timer *t);

struct node *node_new(struct kubelet *k) {
    struct node *n = xcalloc(1, sizeof(*n));
    *n = (struct node){.k = k, .timer = {.fire = beat}, .images_wanted = true};
    return n;
}

struct node *node_free(struct node *n) {
    if (!n)
        return NULL;
    struct rest_call *calls[] = {n->status_call, n->lease_call, n->labels_call};
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        if (calls[i])
            rest_cancel(calls[i]);
    cri_cancel(n->runtime_call);
    cri_cancel(n->version_call);
    cri_cancel(n->images_call);
    timer_stop(n->k->loop, &n->timer);
    arena_free(n->images_arena);
    arena_free(n->lease_arena);
    free(n);
    return NULL;
}

static void node_event(struct node *n, const char *reason, const char *text) {
    str name = str_of(n->k->o->node_name);
    ObjectReference about = {
        .kind = STR("Node"), .api_version = STR("v1"), .name = name, .uid = name};
    recorder_event(n->k->recorder, &about, "Normal", reason, str_of(text));
}

static struct node_view view_of(struct node *n) {
    struct kubelet *k = n->k;
    return (struct node_view){
        .facts = &k->facts,
        .name = k->o->node_name,
        .labels = k->o->node_labels,
        .ip = k->ip,
        .hostname = str_of(k->facts.hostname),
        .runtime_version = k->runtime_version,
        .kubelet_version = STR(KUBELET_VERSION),
        .port = k->o->port,
        .pods_max = KUBELET_PODS_MAX,
        .runtime_up = k->runtime_up,
        .network_ready = k->network_ready,
        .network_message = k->network_message,
        .memory_available = host_memory_available(),
        .images = n->images,
        .now = loop_wall(k->loop) / NSEC_PER_SEC,
    };
}

static void tell_ready(struct node *n) {
    if (n->told_ready || !n->registered || !n->k->runtime_up)
        return;
    n->told_ready = true;
    if (n->k->o->ready)
        n->k->o->ready(n->k->o->ready_ctx);
}

/* ---- registration and status ---- */

static void on_labels(void *ctx, const struct rest_result *res) {
    ((struct node *)ctx)->labels_call = NULL;
}

/* A node that was there already: its labels may be of an older version. */
static void send_labels(struct node *n) {
    struct arena a;
    struct buf b;
    struct node_view v = view_of(n);
    ObjectMeta meta = {0};
    arena_init(&a, 0);
    buf_init(&b, 0);
    node_labels(&a, &v, &meta.labels);
    buf_adds(&b, "{\"metadata\":");
    json_write(&b, &ObjectMeta_type, &meta, 0, NULL);
    buf_adds(&b, "}");
    n->labels_call =
        rest_send(n->k->rest, &(struct rest_request){.verb = REST_PATCH,
                                                     .resource = RESOURCE_OF(core_v1_nodes),
                                                     .name = str_of(n->k->o->node_name),
                                                     .raw = buf_str(&b),
                                                     .patch = REST_PATCH_MERGE,
                                                     .done = on_labels,
                                                     .ctx = n});
    buf_done(&b);
    arena_done(&a);
}

static void on_registered(void *ctx, const struct rest_result *res) {
    struct node *n = ctx;
    n->status_call = NULL;
    bool there = res->r == 0 && res->code == 409;
    if (there || (res->r == 0 && res->code < 300)) {
        n->registered = true;
        n->status_wanted = there;
        n->status_sent = loop_now(n->k->loop);
        if (there)
            send_labels(n);
        node_event(n, "Starting", "Starting kubelet.");
        log_info(n->k->env, "node %s %s", n->k->o->node_name,
                 there ? "was registered before" : "registered");
        tell_ready(n);
        timer_start(n->k->loop, &n->timer, 0);
    } else {
        log_warn(n->k->env, "registering node %s: %d " STR_FMT, n->k->o->node_name, res->code,
                 STR_ARG(res->status ? res->status->message : STR("no answer")));
        timer_start(n->k->loop, &n->timer, BEAT_SOON);
    }
}

static void send_node(struct node *n) {
    struct arena a;
    Node node;
    struct node_view v = view_of(n);
    arena_init(&a, 0);
    node_make(&a, &v, &node);
    n->status_call =
        rest_send(n->k->rest, &(struct rest_request){.verb = REST_CREATE,
                                                     .resource = RESOURCE_OF(core_v1_nodes),
                                                     .body_type = &Node_type,
                                                     .body = &node,
                                                     .done = on_registered,
                                                     .ctx = n});
    arena_done(&a);
}

static void on_status(void *ctx, const struct rest_result *res) {
    struct node *n = ctx;
    n->status_call = NULL;
    if (res->r == 0 && res->code < 300) {
        n->status_sent = loop_now(n->k->loop);
        return;
    }
    n->status_wanted = true;
    if (res->code == 404)
        n->registered = false; /* somebody removed the node: it registers anew */
}

static const Node *known_node(const struct node *n) {
    return informer_typed(n->k->nodes, str_of(n->k->o->node_name));
}

static void ready_events(struct node *n) {
    bool ready = n->k->runtime_up && n->k->network_ready;
    char text[320];
    if (ready == n->ready_shown)
        return;
    n->ready_shown = ready;
    snprintf(text, sizeof(text), "Node %s status is now: %s", n->k->o->node_name,
             ready ? "NodeReady" : "NodeNotReady");
    node_event(n, ready ? "NodeReady" : "NodeNotReady", text);
}

static void send_status(struct node *n) {
    const Node *old = known_node(n);
    int64_t now = loop_now(n->k->loop);
    if (n->status_call || !old)
        return;
    struct arena a;
    struct buf b;
    NodeStatus status;
    struct node_view v = view_of(n);
    arena_init(&a, 0);
    buf_init(&b, 0);
    node_status_make(&a, &v, &old->status, &status);
    ready_events(n);
    if (n->status_wanted || now - n->status_sent >= STATUS_EVERY ||
        node_status_differs(&a, &old->status, &status)) {
        n->status_wanted = false;
        n->status_sent = now;
        buf_adds(&b, "{\"status\":");
        json_write(&b, &NodeStatus_type, &status, 0, NULL);
        buf_adds(&b, "}");
        n->status_call =
            rest_send(n->k->rest, &(struct rest_request){.verb = REST_PATCH,
                                                         .resource = RESOURCE_OF(core_v1_nodes),
                                                         .name = str_of(n->k->o->node_name),
                                                         .subresource = "status",
                                                         .raw = buf_str(&b),
                                                         .patch = REST_PATCH_STRATEGIC,
                                                         .done = on_status,
                                                         .ctx = n});
    }
    buf_done(&b);
    arena_done(&a);
}

/* ---- lease ---- */

static void lease_step(struct node *n);

static void on_lease(void *ctx, const struct rest_result *res) {
    struct node *n = ctx;
    n->lease_call = NULL;
    n->lease_arena = arena_free(n->lease_arena);
    n->lease = NULL;
    if (res->r == 0 && res->code < 300 && res->object) {
        n->lease_arena = arena_new(0);
        n->lease = api_clone(n->lease_arena, &Lease_type, res->object);
    } else if (res->r == 0 && res->code == 404) {
        n->lease_arena = arena_new(0);
        n->lease = arena_make(n->lease_arena, Lease);
    }
    if (!n->lease)
        n->lease_sent = 0;
    else if (!n->lease_sent)
        lease_step(n); /* that was reading it */
}

/* Reads it first; then each beat writes. A conflict or an error leads to reading again. */
static void lease_step(struct node *n) {
    struct kubelet *k = n->k;
    str name = str_of(k->o->node_name);
    struct rest_request rq = {.resource = RESOURCE_OF(coordination_v1_leases),
                              .ns = STR(LEASE_NAMESPACE),
                              .name = name,
                              .timeout_ns = BEAT,
                              .done = on_lease,
                              .ctx = n};
    OwnerReference owner = {.api_version = STR("v1"), .kind = STR("Node"), .name = name};
    int64_t now = loop_now(k->loop);
    if (n->lease_call || (n->lease_sent && now - n->lease_sent < BEAT * 9 / 10))
        return;
    if (!n->lease) {
        rq.verb = REST_GET;
    } else {
        Lease *l = n->lease;
        int64_t wall = loop_wall(k->loop);
        bool fresh = str_empty(l->metadata.resource_version);
        l->metadata.name = name;
        l->metadata.namespace_ = STR(LEASE_NAMESPACE);
        l->metadata.managed_fields.n = 0;
        l->spec.holder_identity = name;
        l->spec.lease_duration_seconds = (struct opt_i32){true, LEASE_SECONDS};
        l->spec.renew_time = (MicroTime){
            .sec = wall / NSEC_PER_SEC,
            .nsec = (int32_t)(wall % NSEC_PER_SEC / 1000 * 1000),
            .set = true,
        };
        const Node *node = known_node(n);
        if (node && l->metadata.owner_references.n == 0) {
            owner.uid = node->metadata.uid;
            l->metadata.owner_references.v = &owner;
            l->metadata.owner_references.n = 1;
        }
        n->lease_sent = now;
        rq.verb = fresh ? REST_CREATE : REST_UPDATE;
        rq.body_type = &Lease_type;
        rq.body = l;
        if (fresh)
            rq.name = STR_NONE;
    }
    n->lease_call = rest_send(k->rest, &rq);
    if (n->lease && n->lease->metadata.owner_references.v == &owner)
        n->lease->metadata.owner_references.n = 0; /* the name on our stack */
}

/* ---- the runtime ---- */

static void on_version(void *ctx, int r, const struct err *e, const void *response) {
    struct node *n = ctx;
    const cri_VersionResponse *v = response;
    n->version_call = NULL;
    if (r == 0) {
        str v1 = v->runtime_version;
        if (str_starts(v1, STR("v")))
            v1 = str_slice(v1, 1, v1.n);
        n->k->runtime_version =
            str_printf(&n->k->arena, STR_FMT "://" STR_FMT, STR_ARG(v->runtime_name), STR_ARG(v1));
        n->status_wanted = true;
        send_status(n);
    }
}

static void wake_workers(struct kubelet *k) {
    MAP_FOREACH (it, &k->workers)
        worker_look(it->value);
}

static void on_runtime(void *ctx, int r, const struct err *e, const void *response) {
    struct node *n = ctx;
    struct kubelet *k = n->k;
    const cri_StatusResponse *s = response;
    bool up = false, network = false, was_up = k->runtime_up, had_network = k->network_ready;
    n->runtime_call = NULL;
    for (uint32_t i = 0; r == 0 && s->status && i < s->status->conditions.n; i++) {
        const struct cri_RuntimeCondition *c = &s->status->conditions.v[i];
        if (str_eqc(c->type, "RuntimeReady"))
            up = c->status;
        if (!str_eqc(c->type, "NetworkReady"))
            continue;
        network = c->status;
        if (!network && str_empty(k->network_message))
            k->network_message =
                str_printf(&k->arena, "NetworkReady=false reason:" STR_FMT " message:" STR_FMT,
                           STR_ARG(c->reason), STR_ARG(c->message));
    }
    k->runtime_up = up;
    k->network_ready = network;
    if (up && !was_up) {
        log_info(k->env, "the runtime answers");
        n->images_wanted = true;
    }
    if (up && !n->version_call && str_empty(k->runtime_version)) { /* at each beat until told */
        cri_VersionRequest q = {0};
        n->version_call = cri_send(k->cri, CRI_VERSION, &q, BEAT, on_version, n);
    }
    if (!up && was_up)
        log_warn(k->env, "the runtime does not answer: %s", r < 0 ? e->text : "not ready");
    if (!up || !network)
        timer_start(k->loop, &n->timer, BEAT_SOON);
    if ((up && !was_up) || (network && !had_network))
        wake_workers(k);
    tell_ready(n);
    if (n->registered)
        send_status(n);
}

static void on_images(void *ctx, int r, const struct err *e, const void *response) {
    struct node *n = ctx;
    n->images_call = NULL;
    if (r < 0)
        return;
    arena_free(n->images_arena);
    n->images_arena = arena_new(0);
    n->images = api_clone(n->images_arena, &cri_ListImagesResponse_type, response);
    if (n->registered)
        send_status(n);
}

void node_images_changed(struct node *n) {
    n->images_wanted = true;
}

static void beat(struct timer *t) {
    struct node *n = container_of(t, struct node, timer);
    cri_StatusRequest q = {0};
    cri_ListImagesRequest images = {0};
    timer_start(n->k->loop, &n->timer, BEAT);
    if (!n->runtime_call)
        n->runtime_call = cri_send(n->k->cri, CRI_STATUS, &q, BEAT, on_runtime, n);
    if (n->images_wanted && n->k->runtime_up && !n->images_call) {
        n->images_wanted = false;
        n->images_call = cri_send(n->k->cri, CRI_LIST_IMAGES, &images, BEAT, on_images, n);
    }
    if (!n->registered) {
        if (!n->status_call)
            send_node(n);
        return;
    }
    lease_step(n);
    send_status(n);
    log_rotate_all(n->k);
}

void node_start(struct node *n) {
    timer_start(n->k->loop, &n->timer, 0);
}
