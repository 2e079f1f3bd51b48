// SPDX-License-Identifier: Apache-2.0
/* The core's operations carried out. Each is one call or a short chain of calls; it ends through
 * operation_done() exactly once, or is dropped with its worker. A cancelled call to the runtime may
 * still have taken effect: the next view tells. */
#include <stdlib.h>

#include "kubelet/kubelet_internal.h"
#include "schema/ops.h"

static void begin(struct operation *o);
static void on_task(struct task *t);

static struct env *env_of(struct operation *o) {
    return o->w->k->env;
}

void operation_start(struct worker *w, const struct pod_op *op) {
    struct operation *o = xcalloc(1, sizeof(*o));
    bool init;
    o->w = w;
    arena_init(&o->arena, 0);
    o->op = *op;
    o->op.container = str_dup(&o->arena, op->container);
    o->op.target = str_dup(&o->arena, op->target);
    o->op.image_ref = str_dup(&o->arena, op->image_ref);
    o->begun = loop_now(w->k->loop);
    o->task.run = on_task;
    list_init(&o->fetches);
    list_init(&o->calls);
    if (w->pod)
        o->pod = api_clone(&o->arena, &Pod_type, worker_pod(w));
    if (o->pod && !str_empty(o->op.container))
        o->container = pod_container_named(o->pod, o->op.container, &init);
    list_append(&w->ops, &o->node);
    log_debug(env_of(o), "pod " STR_FMT "/" STR_FMT ": %s " STR_FMT " " STR_FMT, STR_ARG(w->ns),
              STR_ARG(w->name), op_names[op->kind], STR_ARG(op->container), STR_ARG(op->target));
    begin(o);
}

void operation_drop(struct operation *o) {
    struct loop *l = o->w->k->loop;
    list_remove(&o->node);
    cri_cancel(o->cri);
    if (o->rest)
        rest_cancel(o->rest);
    LIST_FOREACH (n, &o->fetches) {
        struct operation_need *need = container_of(n, struct operation_need, node);
        object_fetch_cancel(&need->fetch);
        free(need);
    }
    LIST_FOREACH (n, &o->calls) {
        struct operation_call *call = container_of(n, struct operation_call, node);
        if (call->rest)
            rest_cancel(call->rest);
    }
    timer_stop(l, &o->timer);
    loop_cancel(l, &o->task);
    arena_done(&o->arena);
    free(o);
}

void operation_done(struct operation *o, int r, const char *reason, str message, str value,
                    int64_t again) {
    struct worker *w = o->w;
    struct pod_result res = {
        .r = r, .reason = reason, .message = message, .value = value, .again = again};
    if (r < 0 && r != -ECANCELED)
        log_warn(env_of(o), "pod " STR_FMT "/" STR_FMT ": %s " STR_FMT ": " STR_FMT, STR_ARG(w->ns),
                 STR_ARG(w->name), op_names[o->op.kind], STR_ARG(o->op.container),
                 STR_ARG(message));
    pod_op_done(&w->state, o->op.id, &res, loop_now(w->k->loop));
    operation_drop(o);
    worker_poke(w);
}

void operation_cancel(struct worker *w, uint64_t id) {
    LIST_FOREACH (n, &w->ops) {
        struct operation *o = container_of(n, struct operation, node);
        if (o->op.id == id) {
            operation_done(o, -ECANCELED, NULL, STR("the operation took too long"), STR_NONE, 0);
            return;
        }
    }
}

/* ---- objects a step needs ---- */

static void on_task(struct task *t) {
    struct operation *o = container_of(t, struct operation, task);
    o->fetched(o);
}

void operation_need_done(struct operation *o, int r, const Status *status) {
    if (r < 0) {
        o->fetch_r = r;
        o->fetch_error =
            status ? str_dup(&o->arena, status->message) : STR("no answer from the API server");
    }
    if (--o->pending == 0)
        loop_defer(o->w->k->loop, &o->task);
}

static void on_fetch(struct object_fetch *f, int r, const Status *status) {
    operation_need_done(container_of(f, struct operation_need, fetch)->o, r, status);
}

void operation_fetch(struct operation *o, bool secret, str name, int64_t since) {
    struct operation_need *need = xcalloc(1, sizeof(*need));
    *need = (struct operation_need){.o = o, .fetch = {.done = on_fetch}};
    list_init(&need->fetch.node);
    list_append(&o->fetches, &need->node);
    if (!objects_fetch(o->w->k->objects,
                       secret ? RESOURCE_OF(core_v1_secrets) : RESOURCE_OF(core_v1_configmaps),
                       o->w->ns, name, since, &need->fetch))
        o->pending++;
}

void operation_wait(struct operation *o, void (*fetched)(struct operation *)) {
    o->fetched = fetched;
    if (o->pending == 0)
        loop_defer(o->w->k->loop, &o->task);
}

static const ConfigMap *config_map_of(void *ctx, str name) {
    struct operation *o = ctx;
    return objects_get(o->w->k->objects, RESOURCE_OF(core_v1_configmaps), o->w->ns, name);
}

static const Secret *secret_of(void *ctx, str name) {
    struct operation *o = ctx;
    return objects_get(o->w->k->objects, RESOURCE_OF(core_v1_secrets), o->w->ns, name);
}

/* The pod's namespace's services, and the API's own. */
static const Service *service_of(void *ctx, uint32_t i) {
    struct operation *o = ctx;
    bool links = opt_or(o->pod->spec.enable_service_links, true);
    uint32_t pos = 0, n = 0;
    struct cached *c;
    while ((c = informer_next(o->w->k->services, &pos))) {
        const Service *s = c->typed;
        bool api =
            str_eqc(s->metadata.name, "kubernetes") && str_eqc(s->metadata.namespace_, "default");
        if ((api || (links && str_eq(s->metadata.namespace_, o->w->ns))) && n++ == i)
            return s;
    }
    return NULL;
}

struct pod_sources operation_sources(struct operation *o) {
    return (struct pod_sources){
        .ctx = o, .config_map = config_map_of, .secret = secret_of, .service = service_of};
}

struct pod_surroundings operation_surroundings(struct operation *o) {
    struct pod_surroundings at = {
        .host_ips = o->w->k->config.host_ips,
        .n_host_ips = o->w->k->config.n_host_ips,
        .allocatable = o->w->k->config.allocatable,
    };
    at.pod_ips = worker_ips(o->w, &at.n_pod_ips);
    return at;
}

/* ---- the simple kinds ---- */

/* Ends with what the runtime said. Absence of what is to go is success. */
static void on_simple(void *ctx, int r, const struct err *e, const void *response) {
    struct operation *o = ctx;
    o->cri = NULL;
    if (r == -ENOENT && o->op.kind != OP_START)
        r = 0;
    str text = r < 0 ? cri_message(e) : STR_NONE;
    if (r < 0 && o->op.kind == OP_START)
        worker_event(o->w, true, "Failed", o->op.container, "Error: " STR_FMT, STR_ARG(text));
    if (r == 0 && o->op.kind == OP_START)
        worker_event(o->w, false, "Started", o->op.container, "Container started");
    operation_done(o, r, NULL, text, STR_NONE, 0);
}

static void on_sandbox(void *ctx, int r, const struct err *e, const void *response) {
    struct operation *o = ctx;
    o->cri = NULL;
    if (r < 0)
        worker_event(o->w, true, "FailedCreatePodSandBox", STR_NONE,
                     "Failed to create pod sandbox: %s", e->text);
    operation_done(o, r, NULL, r < 0 ? str_of(e->text) : STR_NONE, STR_NONE, 0);
}

static void run_sandbox(struct operation *o) {
    cri_PodSandboxConfig config;
    if (!o->pod) {
        operation_done(o, -ECANCELED, NULL, STR_NONE, STR_NONE, 0);
        return;
    }
    sandbox_config(&o->arena, &o->w->k->config, o->pod, o->op.attempt, &config);
    host_mkdirs(str_cdup(&o->arena, config.log_directory), 0755);
    cri_RunPodSandboxRequest q = {.config = &config};
    o->cri = cri_send(o->w->k->cri, CRI_RUN_POD_SANDBOX, &q, OP_SANDBOX_TIMEOUT, on_sandbox, o);
}

static void on_deleted(void *ctx, const struct rest_result *res) {
    struct operation *o = ctx;
    o->rest = NULL;
    bool ok = res->r == 0 && (res->code < 300 || res->code == 404 || res->code == 409);
    operation_done(o, ok ? 0 : -EIO, NULL, res->status ? res->status->message : STR("no answer"),
                   STR_NONE, 0);
}

static void api_delete(struct operation *o) {
    Preconditions pre = {.uid = o->w->uid};
    DeleteOptions options = {.grace_period_seconds = {true, 0}, .preconditions = &pre};
    o->rest = rest_send(o->w->k->rest, &(struct rest_request){
                                           .verb = REST_DELETE,
                                           .resource = RESOURCE_OF(core_v1_pods),
                                           .ns = o->w->ns,
                                           .name = o->w->name,
                                           .body_type = &DeleteOptions_type,
                                           .body = &options,
                                           .done = on_deleted,
                                           .ctx = o,
                                       });
}

static void begin(struct operation *o) {
    struct cri *c = o->w->k->cri;
    str id = o->op.target;
    switch (o->op.kind) {
    case OP_VOLUMES:
        operation_volumes(o);
        break;
    case OP_SANDBOX_RUN:
        run_sandbox(o);
        break;
    case OP_SANDBOX_STOP: {
        cri_StopPodSandboxRequest q = {.pod_sandbox_id = id};
        o->cri = cri_send(c, CRI_STOP_POD_SANDBOX, &q, OP_SANDBOX_TIMEOUT, on_simple, o);
        break;
    }
    case OP_SANDBOX_REMOVE: {
        cri_RemovePodSandboxRequest q = {.pod_sandbox_id = id};
        o->cri = cri_send(c, CRI_REMOVE_POD_SANDBOX, &q, OP_SANDBOX_TIMEOUT, on_simple, o);
        break;
    }
    case OP_IMAGE:
        operation_image(o);
        break;
    case OP_CREATE:
        operation_create(o);
        break;
    case OP_START: {
        cri_StartContainerRequest q = {.container_id = id};
        o->cri = cri_send(c, CRI_START_CONTAINER, &q, OP_TIMEOUT, on_simple, o);
        break;
    }
    case OP_STOP:
        operation_stop(o);
        break;
    case OP_REMOVE: {
        cri_RemoveContainerRequest q = {.container_id = id};
        o->cri = cri_send(c, CRI_REMOVE_CONTAINER, &q, OP_TIMEOUT, on_simple, o);
        break;
    }
    case OP_TEARDOWN:
        operation_teardown(o);
        break;
    case OP_API_DELETE:
        api_delete(o);
        break;
    case OP_FORGET:
        operation_forget(o);
        break;
    case OP_KIND_MAX:
        break;
    }
}
