// SPDX-License-Identifier: Apache-2.0
/* A pod goes through stages, forward but for one case (came_back):
 *
 *     syncing      volumes, then a sandbox, then its containers in order (pod_containers.c)
 *     terminating  containers are stopped within the grace period, then the sandboxes
 *     terminated   volumes and cgroup go; the final status is written; a pod that is being deleted
 *                  is removed from the API
 *     gone         no longer in the API: its remains in the runtime and on disk are removed
 *
 * Each call decides from what is seen, not from what was done before: an operation whose answer was
 * lost, a killed kubelet or a runtime that was restarted all lead to the same place, the next look.
 * What makes that safe against doing things twice is that the runtime refuses a second sandbox or
 * container of the same name and attempt, and that an attempt is always counted from what is seen.
 */
#include "kubelet/pod_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define DEADLINE_MAX (20LL * 365 * 86400)

const char *const op_names[OP_KIND_MAX] = {
    [OP_VOLUMES] = "volumes",
    [OP_SANDBOX_RUN] = "run-sandbox",
    [OP_SANDBOX_STOP] = "stop-sandbox",
    [OP_SANDBOX_REMOVE] = "remove-sandbox",
    [OP_IMAGE] = "image",
    [OP_CREATE] = "create",
    [OP_START] = "start",
    [OP_STOP] = "stop",
    [OP_REMOVE] = "remove",
    [OP_TEARDOWN] = "teardown",
    [OP_API_DELETE] = "api-delete",
    [OP_FORGET] = "forget",
};

void own_set(str *at, str v) {
    if (at->p != v.p) {
        free((void *)(uintptr_t)at->p);
        *at = (str){v.n ? xstrndup(v.p, v.n) : NULL, v.n};
    }
}

/* ---- operations in flight ---- */

static bool touches_runtime(enum op_kind k) {
    switch (k) {
    case OP_SANDBOX_RUN:
    case OP_SANDBOX_STOP:
    case OP_SANDBOX_REMOVE:
    case OP_CREATE:
    case OP_START:
    case OP_STOP:
    case OP_REMOVE:
        return true;
    case OP_VOLUMES:
    case OP_IMAGE:
    case OP_TEARDOWN:
    case OP_API_DELETE:
    case OP_FORGET:
    case OP_KIND_MAX:
        return false;
    }
    return false;
}

struct pod_op *op_on_container(struct pod_state *s, str name) {
    VEC_FOREACH (op, &s->ops)
        if (!str_empty(op->container) && str_eq(op->container, name))
            return op;
    return NULL;
}

struct pod_op *op_on_sandbox(struct pod_state *s) {
    VEC_FOREACH (op, &s->ops)
        if (op->kind == OP_SANDBOX_RUN || op->kind == OP_SANDBOX_STOP ||
            op->kind == OP_SANDBOX_REMOVE)
            return op;
    return NULL;
}

struct pod_op *op_of_kind(struct pod_state *s, enum op_kind k) {
    VEC_FOREACH (op, &s->ops)
        if (op->kind == k)
            return op;
    return NULL;
}

struct pod_op *op_on_id(struct pod_state *s, str id) {
    VEC_FOREACH (op, &s->ops)
        if (str_eq(op->target, id))
            return op;
    return NULL;
}

struct pod_op *op_start(struct step *st, enum op_kind k, str container, str target,
                        int64_t timeout) {
    struct pod_op *op = vec_push(&st->s->ops);
    op->id = ++st->s->next_op;
    op->kind = k;
    own_set(&op->container, container);
    own_set(&op->target, target);
    op->started = st->in->now;
    op->deadline = timeout ? st->in->now + timeout : 0;
    if (op->deadline)
        step_wake(st, op->deadline);
    return op;
}

/* The actions are given out at the end of a step, when everything about them is set. */
static void give_out(struct step *st, uint64_t first) {
    VEC_FOREACH (op, &st->s->ops)
        if (op->id > first) {
            struct pod_op *o = list_push(st->out->arena, &st->out->start);
            *o = *op;
            o->container = str_dup(st->out->arena, op->container);
            o->target = str_dup(st->out->arena, op->target);
            o->image_ref = str_dup(st->out->arena, op->image_ref);
        }
}

void op_cancel(struct step *st, struct pod_op *op) {
    if (op->cancelling)
        return;
    op->cancelling = true;
    *list_push(st->out->arena, &st->out->cancel) = op->id;
}

void step_wake(struct step *st, int64_t at) {
    st->out->wake = MIN(st->out->wake, at);
}

void step_event(struct step *st, bool warning, const char *reason, str container, const char *fmt,
                ...) {
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    struct pod_event *e = list_push(st->out->arena, &st->out->events);
    *e = (struct pod_event){.warning = warning,
                            .reason = reason,
                            .message = str_dup(st->out->arena, str_of(text)),
                            .container = str_dup(st->out->arena, container)};
}

/* ---- what is remembered of containers ---- */

struct container_memo *memo_get(struct pod_state *s, str name) {
    VEC_FOREACH (m, &s->memos)
        if (str_eq(m->name, name))
            return m;
    struct container_memo *m = vec_push(&s->memos);
    own_set(&m->name, name);
    return m;
}

const struct container_memo *pod_memo(const struct pod_state *s, str container) {
    for (uint32_t i = 0; i < s->memos.n; i++)
        if (str_eq(s->memos.v[i].name, container))
            return &s->memos.v[i];
    return NULL;
}

void memo_wait(struct container_memo *m, const char *reason, str message) {
    own_set(&m->waiting_reason, str_of(reason));
    own_set(&m->waiting_message, message);
}

void pod_state_init(struct pod_state *s) {
    memset(s, 0, sizeof(*s));
}

static void op_clear(struct pod_op *op) {
    own_set(&op->container, STR_NONE);
    own_set(&op->target, STR_NONE);
    own_set(&op->image_ref, STR_NONE);
}

void pod_state_done(struct pod_state *s) {
    VEC_FOREACH (op, &s->ops)
        op_clear(op);
    VEC_FOREACH (m, &s->memos) {
        own_set(&m->name, STR_NONE);
        memo_wait(m, "", STR_NONE);
        own_set(&m->image_ref, STR_NONE);
        own_set(&m->pull.error, STR_NONE);
        own_set(&m->exit_id, STR_NONE);
    }
    own_set(&s->volumes_error, STR_NONE);
    own_set(&s->sandbox_error, STR_NONE);
    own_set(&s->sandbox_stopped, STR_NONE);
    vec_done(&s->ops);
    vec_done(&s->memos);
}

/* ---- results ---- */

static int64_t next_delay(int64_t delay) {
    return delay ? MIN(delay * 2, BACKOFF_MAX) : BACKOFF_FIRST;
}

static void image_done(struct pod_state *s, const struct pod_op *op, const struct pod_result *res,
                       int64_t now) {
    struct container_memo *m = memo_get(s, op->container);
    if (res->r == 0) {
        own_set(&m->image_ref, res->value);
        own_set(&m->pull.error, STR_NONE);
        m->pull = (struct pull_backoff){0};
        memo_wait(m, "", STR_NONE);
        return;
    }
    if (res->r == -ECANCELED)
        return;
    m->pull.delay = next_delay(m->pull.delay);
    m->pull.failed_at = now;
    m->pull.told = false;
    own_set(&m->pull.error, res->message);
    memo_wait(m, res->reason ? res->reason : "ErrImagePull", res->message);
}

static void start_done(struct pod_state *s, const struct pod_op *op, const struct pod_result *res,
                       int64_t now) {
    struct container_memo *m = memo_get(s, op->container);
    if (res->r == 0) {
        memo_wait(m, "", STR_NONE);
        if (op->kind == OP_START)
            own_set(&m->image_ref, STR_NONE);
        return;
    }
    own_set(&m->image_ref, STR_NONE);
    if (res->r == -ECANCELED)
        return;
    /* A start that failed has mostly left an ended container, which the crash back-off knows. */
    m->retry_at = now + RETRY_AFTER / (op->kind == OP_START ? 5 : 1);
    memo_wait(m,
              res->reason            ? res->reason
              : op->kind == OP_START ? "RunContainerError"
                                     : "CreateContainerError",
              res->message);
}

static void note_stopped(struct pod_state *s, str id) {
    struct buf b;
    buf_init(&b, 0);
    buf_add(&b, s->sandbox_stopped);
    buf_printf(&b, STR_FMT " ", STR_ARG(id));
    own_set(&s->sandbox_stopped, buf_str(&b));
    buf_done(&b);
}

bool sandbox_is_stopped(const struct pod_state *s, str id) {
    return str_find(s->sandbox_stopped, id) >= 0;
}

static void volumes_done(struct pod_state *s, const struct pod_result *res, int64_t now) {
    if (res->r == 0) {
        s->volumes_ready = true;
        s->volumes_retry = s->volumes_failures = 0;
        s->volumes_refresh = res->again;
        own_set(&s->volumes_error, STR_NONE);
        return;
    }
    int64_t wait = VOLUMES_BACKOFF << MIN(s->volumes_failures, 10u);
    s->volumes_failures++;
    s->volumes_retry = now + MIN(wait, VOLUMES_BACKOFF_MAX);
    own_set(&s->volumes_error, res->message);
}

static void apply_result(struct pod_state *s, const struct pod_op *op, const struct pod_result *res,
                         int64_t now) {
    bool ok = res->r == 0;
    switch (op->kind) {
    case OP_VOLUMES:
        volumes_done(s, res, now);
        break;
    case OP_SANDBOX_RUN:
        s->sandbox_retry = ok ? 0 : now + RETRY_AFTER;
        own_set(&s->sandbox_error, ok ? STR_NONE : res->message);
        break;
    case OP_SANDBOX_STOP:
        if (ok)
            note_stopped(s, op->target);
        else
            s->sandbox_retry = s->cleanup_retry = now + RETRY_AFTER / 5;
        break;
    case OP_IMAGE:
        image_done(s, op, res, now);
        break;
    case OP_CREATE:
    case OP_START:
        start_done(s, op, res, now);
        break;
    case OP_STOP:
        if (!ok && res->r != -ECANCELED)
            s->cleanup_retry = now + RETRY_AFTER / 5;
        break;
    case OP_TEARDOWN:
        s->torn_down = ok;
        s->cleanup_retry = ok ? 0 : now + RETRY_AFTER / 5;
        break;
    case OP_API_DELETE:
        s->api_deleted = ok;
        s->cleanup_retry = ok ? 0 : now + RETRY_AFTER / 10;
        break;
    case OP_FORGET:
        s->stage = ok ? POD_GONE : s->stage;
        s->cleanup_retry = ok ? 0 : now + RETRY_AFTER;
        break;
    case OP_SANDBOX_REMOVE:
    case OP_REMOVE:
        s->cleanup_retry = ok ? 0 : now + RETRY_AFTER;
        break;
    case OP_KIND_MAX:
        break;
    }
}

void pod_op_done(struct pod_state *s, uint64_t id, const struct pod_result *res, int64_t now) {
    for (uint32_t i = 0; i < s->ops.n; i++) {
        if (s->ops.v[i].id != id)
            continue;
        struct pod_op op = s->ops.v[i];
        vec_remove_at(&s->ops, i);
        if (touches_runtime(op.kind))
            s->needs_view = ++s->next_op;
        apply_result(s, &op, res, now);
        op_clear(&op);
        return;
    }
}

/* ---- stages ---- */

static bool is_phase_over(const Pod *p) {
    return str_eq(p->status.phase, STR("Failed")) || str_eq(p->status.phase, STR("Succeeded"));
}

static bool deadline_passed(struct step *st) {
    const Pod *p = st->in->pod;
    if (!p->spec.active_deadline_seconds.set || !p->status.start_time.set)
        return false;
    int64_t seconds = MIN(p->spec.active_deadline_seconds.v, DEADLINE_MAX);
    int64_t end = (p->status.start_time.sec + seconds) * NSEC_PER_SEC;
    if (end > st->in->wall) {
        step_wake(st, st->in->now + (end - st->in->wall));
        return false;
    }
    if (!st->s->failed_early)
        step_event(st, false, "DeadlineExceeded", STR_NONE,
                   "Pod was active on the node longer than the specified deadline");
    st->s->failed_early = true;
    return true;
}

static int64_t grace_wanted(const struct pod_input *in) {
    const Pod *p = in->pod;
    int64_t grace = in->vanished ? GRACE_FORCED : GRACE_DEFAULT;
    if (p && p->metadata.deletion_grace_period_seconds.set)
        grace = p->metadata.deletion_grace_period_seconds.v;
    else if (p)
        grace = opt_or(p->spec.termination_grace_period_seconds, GRACE_DEFAULT);
    for (uint32_t i = 0; !p && !in->vanished && i < in->rt->containers.n; i++)
        if (in->rt->containers.v[i].grace >= 0)
            grace = in->rt->containers.v[i].grace;
    return MIN(MAX(grace, 0), GRACE_MAX);
}

static void advance(struct step *st) {
    struct pod_state *s = st->s;
    const Pod *p = st->in->pod;
    if (s->stage == POD_SYNCING &&
        (!p || p->metadata.deletion_timestamp.set || is_phase_over(p) || deadline_passed(st) ||
         (st->view_fresh && !op_on_sandbox(s) && containers_over(st->in)))) {
        s->stage = POD_TERMINATING;
        s->kill_started = st->in->now;
        s->grace = grace_wanted(st->in);
    }
    if (s->stage == POD_TERMINATING && grace_wanted(st->in) < s->grace) {
        s->grace = grace_wanted(st->in);
        VEC_FOREACH (op, &s->ops)
            if (op->kind == OP_STOP)
                op_cancel(st, op);
    }
}

/* A creation whose answer was lost may come to light after all seemed to be over. */
static bool came_back(const struct rt_pod *rt) {
    for (uint32_t i = 0; i < rt->containers.n; i++)
        if (rt_alive(&rt->containers.v[i]))
            return true;
    for (uint32_t i = 0; i < rt->sandboxes.n; i++)
        if (rt->sandboxes.v[i].ready)
            return true;
    return false;
}

static void expire_operations(struct step *st) {
    VEC_FOREACH (op, &st->s->ops)
        if (op->deadline && !op->cancelling) {
            if (op->deadline <= st->in->now)
                op_cancel(st, op);
            else
                step_wake(st, op->deadline);
        }
}

static bool volumes_step(struct step *st) {
    struct pod_state *s = st->s;
    if (op_of_kind(s, OP_VOLUMES))
        return s->volumes_ready;
    if (s->volumes_ready && !s->volumes_retry && !s->volumes_refresh)
        return true;
    int64_t due = !s->volumes_ready || s->volumes_retry ? s->volumes_retry : s->volumes_refresh;
    if (due > st->in->now)
        step_wake(st, due);
    else
        op_start(st, OP_VOLUMES, STR_NONE, STR_NONE, OP_TIMEOUT);
    return s->volumes_ready;
}

static bool start_under_way(struct pod_state *s) {
    return op_of_kind(s, OP_CREATE) || op_of_kind(s, OP_START);
}

/* A sandbox that broke takes its containers with it: stop them all, then start anew. A ready one
 * that is not the newest came from an answer that was lost. */
static bool old_sandboxes_down(struct step *st, uint32_t from) {
    const struct rt_pod *rt = st->in->rt;
    for (uint32_t i = from; i < rt->sandboxes.n; i++) {
        str id = rt->sandboxes.v[i].id;
        if (!rt->sandboxes.v[i].ready && (from || sandbox_is_stopped(st->s, id)))
            continue;
        if (start_under_way(st->s))
            return false;
        if (st->s->sandbox_retry > st->in->now)
            step_wake(st, st->s->sandbox_retry);
        else
            op_start(st, OP_SANDBOX_STOP, STR_NONE, id, OP_SANDBOX_TIMEOUT);
        return false;
    }
    return true;
}

static const struct rt_sandbox *sandbox_step(struct step *st) {
    struct pod_state *s = st->s;
    const struct rt_sandbox *ready = rt_ready_sandbox(st->in->rt);
    if (!st->view_fresh || op_on_sandbox(s) || !old_sandboxes_down(st, ready ? 1 : 0))
        return NULL;
    if (ready)
        return ready;
    if (s->sandbox_retry > st->in->now) {
        step_wake(st, s->sandbox_retry);
        return NULL;
    }
    if (!st->in->network_ready && !st->in->pod->spec.host_network) {
        own_set(&s->sandbox_error, STR("network is not ready"));
        s->sandbox_retry = st->in->now + RETRY_AFTER / 5;
        step_wake(st, s->sandbox_retry);
        return NULL;
    }
    const struct rt_pod *rt = st->in->rt;
    if (rt->sandboxes.n)
        step_event(st, false, "SandboxChanged", STR_NONE,
                   "Pod sandbox changed, it will be killed and re-created.");
    struct pod_op *op = op_start(st, OP_SANDBOX_RUN, STR_NONE, STR_NONE, OP_SANDBOX_TIMEOUT);
    op->attempt = rt->sandboxes.n ? rt->sandboxes.v[0].attempt + 1 : 0;
    return NULL;
}

static void syncing_step(struct step *st) {
    if (!volumes_step(st))
        return;
    const struct rt_sandbox *sandbox = sandbox_step(st);
    if (sandbox)
        containers_step(st, sandbox);
    collect_garbage(st, false);
}

void pod_sync(struct pod_state *s, const struct pod_input *in, struct pod_output *out) {
    struct step st = {s, in, out, in->view_seq >= s->needs_view};
    uint64_t first = s->next_op;
    out->wake = INT64_MAX;
    expire_operations(&st);
    advance(&st);
    if (s->stage == POD_TERMINATED && st.view_fresh && came_back(in->rt)) {
        s->stage = POD_TERMINATING;
        s->torn_down = false;
    }
    if (s->stage == POD_SYNCING)
        syncing_step(&st);
    else if (s->stage == POD_TERMINATING)
        terminate_step(&st);
    if (s->stage == POD_TERMINATED)
        terminated_step(&st);
    out->forget = s->stage == POD_GONE && s->ops.n == 0;
    give_out(&st, first);
}

const char *pod_state_wrong(const struct pod_state *s) {
    for (uint32_t i = 0; i < s->ops.n; i++)
        for (uint32_t j = i + 1; j < s->ops.n; j++) {
            const struct pod_op *a = &s->ops.v[i], *b = &s->ops.v[j];
            if (!str_empty(a->container) && str_eq(a->container, b->container))
                return "two operations on one container";
            bool creates = a->kind == OP_CREATE && b->kind == OP_CREATE; /* in one sandbox */
            if (!creates && !str_empty(a->target) && str_eq(a->target, b->target))
                return "two operations on one thing of the runtime";
            if (a->kind == b->kind && str_empty(a->container) && str_empty(a->target))
                return "one operation twice";
        }
    return NULL;
}
