// SPDX-License-Identifier: Apache-2.0
/* The way down. What is alive is stopped within the grace period: main containers together, then
 * sidecars in reverse order; then the sandboxes, which frees addresses; then volumes. Pulls are
 * cancelled at once, but a creation under way is waited for: only its end shows what there is to
 * stop. */
#include "kubelet/pod_internal.h"

static bool is_sidecar_name(const Pod *p, str name) {
    bool init = false;
    const Container *c = p ? pod_container_named(p, name, &init) : NULL;
    return c && init && container_is_sidecar(c);
}

static const char *kill_reason(const struct pod_input *in) {
    return in->pod && !in->pod->metadata.deletion_timestamp.set ? "" : "Stopping container";
}

static void stop_one(struct step *st, const struct rt_container *c) {
    struct pod_state *s = st->s;
    int64_t left = s->grace - (st->in->now - s->kill_started) / NSEC_PER_SEC;
    /* Whatever has been used up, a container gets two seconds unless none were given. */
    int64_t grace = s->grace == 0 ? 0 : MAX(left, MIN(s->grace, 2));
    struct pod_op *op = op_start(st, OP_STOP, c->name, c->id, OP_TIMEOUT + grace * NSEC_PER_SEC);
    op->grace = grace;
    op->why = kill_reason(st->in);
}

/* True when nothing is alive and nothing under way. */
static bool containers_down(struct step *st) {
    const struct rt_pod *rt = st->in->rt;
    bool main_alive = false, all_down = true;
    for (uint32_t i = 0; i < rt->containers.n; i++)
        main_alive |= rt_alive(&rt->containers.v[i]) &&
                      !is_sidecar_name(st->in->pod, rt->containers.v[i].name);
    bool sidecar_taken = false;
    for (uint32_t n = rt->containers.n; n > 0; n--) {
        const struct rt_container *c = &rt->containers.v[n - 1];
        if (!rt_alive(c))
            continue;
        all_down = false;
        bool sidecar = is_sidecar_name(st->in->pod, c->name);
        if (op_on_container(st->s, c->name) || op_on_id(st->s, c->id)) {
            sidecar_taken |= sidecar;
            continue;
        }
        if (sidecar && (main_alive || sidecar_taken))
            continue;
        sidecar_taken |= sidecar;
        stop_one(st, c);
    }
    return all_down;
}

void terminate_step(struct step *st) {
    struct pod_state *s = st->s;
    VEC_FOREACH (op, &s->ops)
        if (op->kind == OP_IMAGE)
            op_cancel(st, op);
    if (!st->view_fresh || op_of_kind(s, OP_SANDBOX_RUN))
        return;
    if (s->cleanup_retry > st->in->now) {
        step_wake(st, s->cleanup_retry);
        return;
    }
    if (!containers_down(st))
        return;
    VEC_FOREACH (op, &s->ops)
        return; /* a creation may still bring something up */
    for (uint32_t i = 0; i < st->in->rt->sandboxes.n; i++) {
        const struct rt_sandbox *b = &st->in->rt->sandboxes.v[i];
        if (!sandbox_is_stopped(s, b->id) || b->ready) {
            op_start(st, OP_SANDBOX_STOP, STR_NONE, b->id, OP_SANDBOX_TIMEOUT);
            return;
        }
    }
    s->stage = POD_TERMINATED;
}

/* Of each container the newest instance stays (its logs and last state are shown), and the one
 * before while the newest is alive. A sandbox goes when it is not ready and holds none. */
static bool is_kept(const struct rt_pod *rt, const struct rt_container *c) {
    const struct rt_container *newest = rt_newest(rt, c->name);
    return c == newest || c == rt_previous(rt, c->name);
}

static bool holds_container(const struct rt_pod *rt, str sandbox) {
    for (uint32_t i = 0; i < rt->containers.n; i++)
        if (str_eq(rt->containers.v[i].sandbox_id, sandbox))
            return true;
    return false;
}

void collect_garbage(struct step *st, bool all) {
    const struct rt_pod *rt = st->in->rt;
    if (!st->view_fresh)
        return;
    if (st->s->cleanup_retry > st->in->now) {
        step_wake(st, st->s->cleanup_retry);
        return;
    }
    for (uint32_t i = 0; i < rt->containers.n; i++) {
        const struct rt_container *c = &rt->containers.v[i];
        if (c->state == RT_EXITED && (all || !is_kept(rt, c)) && !op_on_id(st->s, c->id))
            op_start(st, OP_REMOVE, STR_NONE, c->id, OP_TIMEOUT);
    }
    for (uint32_t i = 0; i < rt->sandboxes.n && !op_on_sandbox(st->s); i++) {
        const struct rt_sandbox *b = &rt->sandboxes.v[i];
        if (!b->ready && (all || i > 0) && !holds_container(rt, b->id) && !op_on_id(st->s, b->id))
            op_start(st, OP_SANDBOX_REMOVE, STR_NONE, b->id, OP_SANDBOX_TIMEOUT);
    }
}

static void remove_remains(struct step *st) {
    const struct rt_pod *rt = st->in->rt;
    collect_garbage(st, true);
    if (st->view_fresh && st->s->ops.n == 0 && rt->containers.n == 0 && rt->sandboxes.n == 0)
        op_start(st, OP_FORGET, STR_NONE, STR_NONE, OP_TIMEOUT);
}

void terminated_step(struct step *st) {
    struct pod_state *s = st->s;
    if (s->cleanup_retry > st->in->now) {
        step_wake(st, s->cleanup_retry);
        return;
    }
    if (!s->torn_down) {
        if (!op_of_kind(s, OP_TEARDOWN))
            op_start(st, OP_TEARDOWN, STR_NONE, STR_NONE, OP_TIMEOUT);
        return;
    }
    const Pod *p = st->in->pod;
    if (!p) {
        remove_remains(st);
    } else if (p->metadata.deletion_timestamp.set && st->in->status_final && !s->api_deleted) {
        if (!op_of_kind(s, OP_API_DELETE))
            op_start(st, OP_API_DELETE, STR_NONE, STR_NONE, OP_TIMEOUT);
    } else {
        collect_garbage(st, false);
    }
}
