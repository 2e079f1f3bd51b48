// SPDX-License-Identifier: Apache-2.0
/* One pod between the core, the runtime and the API. The worker brings the core what it needs to
 * decide (the pod, a view of the runtime that is fresh enough, the time), starts what it decided,
 * and writes the status whenever it differs from what the API shows. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "kubelet/kubelet_internal.h"
#include "kubelet/server.h"
#include "kubelet/status.h"

#define LOOK_FIRST         (20 * NSEC_PER_MSEC)
#define LOOK_MAX           (5 * NSEC_PER_SEC)
#define LOOK_AFTER_FAILURE (2 * NSEC_PER_SEC)
#define LOOK_BLIND         (10 * NSEC_PER_SEC) /* where a process cannot be watched */
#define STATUS_RETRY       NSEC_PER_SEC

static void run(struct task *t);
static void on_timer(struct timer *t);
static void on_look_timer(struct timer *t);

struct worker *worker_new(struct kubelet *k, str uid, str ns, str name) {
    struct worker *w = xcalloc(1, sizeof(*w));
    *w = (struct worker){
        .k = k,
        .uid = {xstrndup(uid.p, uid.n), uid.n},
        .ns = {xstrndup(ns.p, ns.n), ns.n},
        .name = {xstrndup(name.p, name.n), name.n},
        .added = loop_now(k->loop),
        .task = {.run = run},
        .timer = {.fire = on_timer},
        .look_timer = {.fire = on_look_timer},
    };
    list_init(&w->ops);
    list_init(&w->watches);
    pod_state_init(&w->state);
    worker_look(w);
    return w;
}

static void watch_free(struct pod_watch *p) {
    list_remove(&p->node);
    pid_watch_free(p->watch);
    free((void *)(uintptr_t)p->id.p);
    free(p);
}

static void free_str(str s) {
    free((void *)(uintptr_t)s.p);
}

struct worker *worker_free(struct worker *w) {
    if (!w)
        return NULL;
    LIST_FOREACH (n, &w->ops)
        operation_drop(container_of(n, struct operation, node));
    LIST_FOREACH (n, &w->watches)
        watch_free(container_of(n, struct pod_watch, node));
    observation_cancel(w->observing);
    if (w->status_call)
        rest_cancel(w->status_call);
    loop_cancel(w->k->loop, &w->task);
    timer_stop(w->k->loop, &w->timer);
    timer_stop(w->k->loop, &w->look_timer);
    arena_free(w->view_arena);
    if (w->pod)
        cached_unref(w->pod);
    VEC_FOREACH (t, &w->tokens) {
        free_str(t->audience);
        free_str(t->value);
    }
    vec_done(&w->tokens);
    pod_state_done(&w->state);
    free_str(w->uid);
    free_str(w->ns);
    free_str(w->name);
    free(w);
    return NULL;
}

const Pod *worker_pod(const struct worker *w) {
    return w->pod ? w->pod->typed : NULL;
}

void worker_set_pod(struct worker *w, struct cached *pod) {
    if (w->pod)
        cached_unref(w->pod);
    w->pod = pod ? cached_ref(pod) : NULL;
    w->had_pod |= pod != NULL;
    worker_poke(w);
}

void worker_poke(struct worker *w) {
    loop_defer(w->k->loop, &w->task);
}

const str *worker_ips(const struct worker *w, size_t *ret_n) {
    const Pod *p = worker_pod(w);
    const struct rt_sandbox *b = rt_ready_sandbox(w->view);
    if (p && p->spec.host_network) {
        *ret_n = w->k->config.n_host_ips;
        return w->k->config.host_ips;
    }
    *ret_n = b ? b->n_ips : 0;
    return b ? b->ips : NULL;
}

void worker_event(struct worker *w, bool warning, const char *reason, str container,
                  const char *fmt, ...) {
    char text[1024], path[320] = "";
    bool init = false;
    const Pod *p = worker_pod(w);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (!str_empty(container)) {
        if (p)
            pod_container_named(p, container, &init);
        snprintf(path, sizeof(path), "spec.%s{" STR_FMT "}", init ? "initContainers" : "containers",
                 STR_ARG(container));
    }
    ObjectReference about = {
        .kind = STR("Pod"),
        .api_version = STR("v1"),
        .namespace_ = w->ns,
        .name = w->name,
        .uid = w->uid,
        .resource_version = p ? p->metadata.resource_version : STR_NONE,
        .field_path = str_of(path),
    };
    recorder_event(w->k->recorder, &about, warning ? "Warning" : "Normal", reason, str_of(text));
}

/* ---- looking ---- */

static void on_exit_seen(void *ctx) {
    struct pod_watch *p = ctx;
    p->exited = true;
    p->worker->look_delay = 0;
    worker_look(p->worker);
}

static bool is_watched(struct worker *w, str id) {
    LIST_FOREACH (n, &w->watches)
        if (str_eq(container_of(n, struct pod_watch, node)->id, id))
            return true;
    return false;
}

static bool runs_in_view(const struct worker *w, str id) {
    for (uint32_t i = 0; i < w->view->containers.n; i++)
        if (str_eq(w->view->containers.v[i].id, id))
            return w->view->containers.v[i].state == RT_RUNNING;
    for (uint32_t i = 0; i < w->view->sandboxes.n; i++)
        if (str_eq(w->view->sandboxes.v[i].id, id))
            return w->view->sandboxes.v[i].ready;
    return false;
}

/* False when it cannot be watched. */
static bool watch_process(struct worker *w, str id, int pid) {
    if (is_watched(w, id))
        return true;
    if (pid <= 0)
        return false;
    struct pod_watch *p = xcalloc(1, sizeof(*p));
    *p = (struct pod_watch){.worker = w, .id = {xstrndup(id.p, id.n), id.n}};
    list_append(&w->watches, &p->node);
    int r = pid_watch_start(w->k->loop, pid, on_exit_seen, p, &p->watch);
    if (r == -ESRCH)
        p->exited = true; /* the runtime will notice in a moment */
    else if (r < 0)
        watch_free(p);
    return r == 0 || r == -ESRCH;
}

static void watch_processes(struct worker *w) {
    bool blind = false, behind = false;
    LIST_FOREACH (n, &w->watches) {
        struct pod_watch *p = container_of(n, struct pod_watch, node);
        if (!runs_in_view(w, p->id))
            watch_free(p);
    }
    for (uint32_t i = 0; i < w->view->containers.n; i++) {
        const struct rt_container *c = &w->view->containers.v[i];
        blind |= c->state == RT_RUNNING && !watch_process(w, c->id, c->pid);
    }
    for (uint32_t i = 0; i < w->view->sandboxes.n; i++) {
        const struct rt_sandbox *b = &w->view->sandboxes.v[i];
        blind |= b->ready && !watch_process(w, b->id, b->pid);
    }
    LIST_FOREACH (n, &w->watches)
        behind |= container_of(n, struct pod_watch, node)->exited;
    if (behind) {
        w->look_delay = w->look_delay ? MIN(w->look_delay * 2, LOOK_MAX) : LOOK_FIRST;
        timer_start(w->k->loop, &w->look_timer, w->look_delay);
    } else if (blind) {
        timer_start(w->k->loop, &w->look_timer, LOOK_BLIND);
    }
}

static void on_view(void *ctx, int r, struct arena *arena, struct rt_pod *view) {
    struct worker *w = ctx;
    w->observing = NULL;
    if (r < 0) {
        timer_start(w->k->loop, &w->look_timer, LOOK_AFTER_FAILURE);
        return;
    }
    arena_free(w->view_arena);
    w->view_arena = arena;
    w->view = view;
    w->view_seq = w->observing_seq;
    watch_processes(w);
    log_streams_look(w->k->server, w->uid);
    if (w->look_again) {
        w->look_again = false;
        worker_look(w);
    }
    worker_poke(w);
}

void worker_look(struct worker *w) {
    timer_stop(w->k->loop, &w->look_timer);
    if (w->observing) {
        w->look_again = true; /* what is under way may have been asked too early */
        return;
    }
    w->observing_seq = w->state.next_op;
    w->observing = observe_pod(w->k->cri, w->uid, w->view, on_view, w);
}

static void on_look_timer(struct timer *t) {
    worker_look(container_of(t, struct worker, look_timer));
}

static void on_timer(struct timer *t) {
    worker_poke(container_of(t, struct worker, timer));
}

/* ---- status ---- */

PodStatus *worker_status(struct worker *w, struct arena *a) {
    const Pod *p = worker_pod(w);
    if (!p || !w->view)
        return NULL;
    PodStatus *s = arena_make(a, PodStatus);
    struct status_input in = {
        .pod = p,
        .rt = w->view,
        .state = &w->state,
        .host_ips = w->k->config.host_ips,
        .n_host_ips = w->k->config.n_host_ips,
        .now = loop_wall(w->k->loop) / NSEC_PER_SEC,
    };
    pod_status_make(a, &in, s);
    return s;
}

static void on_status(void *ctx, const struct rest_result *res) {
    struct worker *w = ctx;
    w->status_call = NULL;
    if (res->r == 0 && res->code < 300)
        w->status_revision = res->revision;
    else if (res->code != 404 && res->code != 409 && res->code != 422)
        w->status_retry = loop_now(w->k->loop) + STATUS_RETRY;
    else if (res->code == 422)
        log_warn(w->k->env, "status of pod " STR_FMT "/" STR_FMT " refused: " STR_FMT,
                 STR_ARG(w->ns), STR_ARG(w->name), STR_ARG(res->status->message));
    worker_poke(w);
}

/* Sends what differs. Waits for the informer to show our own last write first: what it shows is
 * what the next difference is taken from. */
static int64_t status_step(struct worker *w) {
    struct arena a;
    const Pod *p = worker_pod(w);
    int64_t now = loop_now(w->k->loop);
    w->status_final = false;
    if (!p || w->status_call || w->pod->revision < w->status_revision)
        return INT64_MAX;
    arena_init(&a, 0);
    PodStatus *s = worker_status(w, &a);
    str patch = s ? pod_status_patch(&a, w->uid, &p->status, s) : STR_NONE;
    int64_t wake = INT64_MAX;
    if (s && str_empty(patch)) {
        w->status_final = w->state.stage == POD_TERMINATED && pod_status_is_final(s);
    } else if (s && w->status_retry > now) {
        wake = w->status_retry;
    } else if (s) {
        w->status_call = rest_send(w->k->rest, &(struct rest_request){
                                                   .verb = REST_PATCH,
                                                   .resource = RESOURCE_OF(core_v1_pods),
                                                   .ns = w->ns,
                                                   .name = w->name,
                                                   .subresource = "status",
                                                   .raw = patch,
                                                   .patch = REST_PATCH_STRATEGIC,
                                                   .done = on_status,
                                                   .ctx = w,
                                               });
    }
    arena_done(&a);
    return wake;
}

/* ---- deciding ---- */

static int64_t decide(struct worker *w, bool *ret_forget) {
    struct arena a;
    arena_init(&a, 0);
    struct pod_output out = {.arena = &a};
    struct pod_input in = {
        .pod = worker_pod(w),
        .rt = w->view,
        .view_seq = w->view_seq,
        .now = loop_now(w->k->loop),
        .wall = loop_wall(w->k->loop),
        .vanished = !w->pod && w->had_pod,
        .status_final = w->status_final,
        .network_ready = w->k->network_ready,
    };
    pod_sync(&w->state, &in, &out);
    VEC_FOREACH (e, &out.events)
        worker_event(w, e->warning, e->reason, e->container, STR_FMT, STR_ARG(e->message));
    for (uint32_t i = 0; i < out.cancel.n; i++)
        operation_cancel(w, out.cancel.v[i]);
    VEC_FOREACH (op, &out.start)
        operation_start(w, op);
    *ret_forget = out.forget;
    int64_t wake = out.wake;
    arena_done(&a);
    return wake;
}

static void run(struct task *t) {
    struct worker *w = container_of(t, struct worker, task);
    bool forget = false;
    if (!w->view)
        return;
    if (!w->pod && !w->k->pods_known) /* perhaps the API has it */
        return;
    int64_t wake = status_step(w);
    wake = MIN(wake, decide(w, &forget));
    if (forget) {
        kubelet_forget(w);
        return;
    }
    wake = MIN(wake, status_step(w)); /* what was decided may show */
    if (w->state.needs_view > w->view_seq && !w->observing)
        worker_look(w);
    if (wake == INT64_MAX)
        timer_stop(w->k->loop, &w->timer);
    else
        timer_start(w->k->loop, &w->timer, MAX(wake - loop_now(w->k->loop), 0));
}
