// SPDX-License-Identifier: Apache-2.0
/* Which container comes next. Init containers run one after another to their end, sidecars (init
 * containers that always restart) stay; the main containers start in their order once those are
 * through. One start is under way in a pod at a time, as upstream does it; stops are not held up.
 *
 * Crash back-off counts as upstream's: the first restart is at once, the next waits 10 s from the
 * end of the last run, doubling to five minutes; ten quiet minutes forget it. */
#include "kubelet/pod_internal.h"

#include <stdio.h>

#include "base/time.h"

enum outcome {
    OUTCOME_ABSENT,  /* has not run in this sandbox */
    OUTCOME_CREATED, /* made, not started */
    OUTCOME_RUNNING,
    OUTCOME_SUCCEEDED,
    OUTCOME_FAILED,
    OUTCOME_UNKNOWN, /* the runtime lost track: stopped first */
};

static enum outcome outcome_of(const struct rt_container *c, str sandbox_id) {
    if (!c || !str_eq(c->sandbox_id, sandbox_id))
        return OUTCOME_ABSENT;
    switch (c->state) {
    case RT_CREATED:
        return OUTCOME_CREATED;
    case RT_RUNNING:
        return OUTCOME_RUNNING;
    case RT_EXITED:
        return c->exit_code == 0 ? OUTCOME_SUCCEEDED : OUTCOME_FAILED;
    case RT_UNKNOWN:
    case RT_STATE_MAX:
        break;
    }
    return OUTCOME_UNKNOWN;
}

/* After the last run ended like this, is there another? */
static bool runs_again(const Pod *p, const Container *c, bool init, bool succeeded) {
    if (init && container_is_sidecar(c))
        return true;
    str policy = p->spec.restart_policy;
    if (str_eq(policy, STR("Never")))
        return false;
    return !succeeded || (!init && !str_eq(policy, STR("OnFailure")));
}

/* The end of a container that the runtime has forgotten but the API has not. */
static const ContainerStateTerminated *ended_in_api(const Pod *p, const Container *c, bool init) {
    const PodStatus *s = &p->status;
    const struct ContainerStatus *v = init ? s->init_container_statuses.v : s->container_statuses.v;
    uint32_t n = init ? s->init_container_statuses.n : s->container_statuses.n;
    for (uint32_t i = 0; i < n; i++)
        if (str_eq(v[i].name, c->name))
            return v[i].state.terminated;
    return NULL;
}

/* Has it ended for good? *ret_failed says how. */
static bool is_done(const struct pod_input *in, const Container *c, bool init, bool *ret_failed) {
    const struct rt_container *rt = rt_newest(in->rt, c->name);
    if (rt) {
        *ret_failed = rt->exit_code != 0;
        return rt->state == RT_EXITED && !runs_again(in->pod, c, init, rt->exit_code == 0);
    }
    const ContainerStateTerminated *t = ended_in_api(in->pod, c, init);
    *ret_failed = t && t->exit_code != 0;
    return t && !runs_again(in->pod, c, init, t->exit_code == 0);
}

/* A pod is over when its main containers have all ended for good, or an init container has failed
 * for good. Sidecars do not count. */
bool containers_over(const struct pod_input *in) {
    const Pod *p = in->pod;
    bool failed;
    for (uint32_t i = 0; i < p->spec.init_containers.n; i++)
        if (is_done(in, &p->spec.init_containers.v[i], true, &failed) && failed)
            return true;
    for (uint32_t i = 0; i < p->spec.containers.n; i++)
        if (!is_done(in, &p->spec.containers.v[i], false, &failed))
            return false;
    return p->spec.containers.n > 0;
}

static bool in_crash_backoff(struct step *st, const Container *c, struct container_memo *m,
                             const struct rt_container *last) {
    int64_t now = st->in->now;
    if (!last || last->state != RT_EXITED)
        return false;
    if (!str_eq(m->exit_id, last->id)) {
        own_set(&m->exit_id, last->id);
        m->exit_at = now;
        m->crash.told = false;
        if (m->crash.delay && now - m->crash.updated > 2 * BACKOFF_MAX)
            m->crash.delay = 0;
    }
    int64_t until = m->exit_at + m->crash.delay;
    if (until <= now)
        return false;
    char pod[768];
    snprintf(pod, sizeof(pod), STR_FMT "_" STR_FMT "(" STR_FMT ")",
             STR_ARG(st->in->pod->metadata.name), STR_ARG(st->in->pod->metadata.namespace_),
             STR_ARG(st->in->pod->metadata.uid));
    if (!m->crash.told) {
        char delay[DURATION_TEXT_MAX];
        duration_format(delay, m->crash.delay);
        memo_wait(m, "CrashLoopBackOff",
                  str_printf(st->out->arena,
                             "back-off %s restarting failed container=" STR_FMT " pod=%s", delay,
                             STR_ARG(c->name), pod));
        step_event(st, true, "BackOff", c->name,
                   "Back-off restarting failed container " STR_FMT " in pod %s", STR_ARG(c->name),
                   pod);
        m->crash.told = true;
    }
    step_wake(st, until);
    return true;
}

static bool in_pull_backoff(struct step *st, const Container *c, struct container_memo *m) {
    int64_t now = st->in->now, until = m->pull.failed_at + m->pull.delay;
    if (!m->pull.delay || until <= now)
        return false;
    int64_t shown = m->pull.failed_at + PULL_ERROR_SHOWN;
    if (shown > now) {
        step_wake(st, shown);
        return true;
    }
    if (!m->pull.told && str_eq(m->waiting_reason, STR("ErrImagePull"))) {
        memo_wait(m, "ImagePullBackOff",
                  str_printf(st->out->arena,
                             "Back-off pulling image \"" STR_FMT "\": ErrImagePull: " STR_FMT,
                             STR_ARG(c->image), STR_ARG(m->pull.error)));
        step_event(st, false, "BackOff", c->name, "Back-off pulling image \"" STR_FMT "\"",
                   STR_ARG(c->image));
        step_event(st, true, "Failed", c->name, "Error: ImagePullBackOff");
        m->pull.told = true;
    }
    step_wake(st, until);
    return true;
}

/* The number of the coming run. What the runtime has forgotten the API may still know. */
static uint32_t next_attempt(const struct pod_input *in, const Container *c,
                             const struct rt_container *last, bool init) {
    if (last)
        return last->attempt + 1;
    const PodStatus *s = &in->pod->status;
    const struct ContainerStatus *v = init ? s->init_container_statuses.v : s->container_statuses.v;
    uint32_t n = init ? s->init_container_statuses.n : s->container_statuses.n;
    for (uint32_t i = 0; i < n; i++)
        if (str_eq(v[i].name, c->name) && !str_empty(v[i].container_id))
            return (uint32_t)v[i].restart_count + 1;
    return 0;
}

/* Image, create: one step further towards a running container. */
static void start_container(struct step *st, const Container *c, bool init,
                            const struct rt_container *last, str sandbox_id) {
    struct container_memo *m = memo_get(st->s, c->name);
    int64_t now = st->in->now;
    if (in_crash_backoff(st, c, m, last) || in_pull_backoff(st, c, m))
        return;
    if (m->retry_at > now) {
        step_wake(st, m->retry_at);
        return;
    }
    if (str_empty(m->image_ref)) {
        op_start(st, OP_IMAGE, c->name, STR_NONE, 0);
        return;
    }
    if (last && last->state == RT_EXITED) {
        m->crash.delay = m->crash.delay ? MIN(m->crash.delay * 2, BACKOFF_MAX) : BACKOFF_FIRST;
        m->crash.updated = now;
    }
    struct pod_op *op = op_start(st, OP_CREATE, c->name, sandbox_id, OP_TIMEOUT);
    own_set(&op->image_ref, m->image_ref);
    op->attempt = next_attempt(st->in, c, last, init);
}

static bool spec_changed(struct step *st, const Container *c, const struct rt_container *rt) {
    return !str_empty(rt->hash) && !str_eq(rt->hash, container_hash(st->out->arena, c));
}

static void stop_first(struct step *st, const struct rt_container *rt, const char *why) {
    int64_t grace = opt_or(st->in->pod->spec.termination_grace_period_seconds, GRACE_DEFAULT);
    grace = MIN(grace, GRACE_MAX);
    struct pod_op *op = op_start(st, OP_STOP, rt->name, rt->id, OP_TIMEOUT + grace * NSEC_PER_SEC);
    op->grace = grace;
    op->why = why;
}

/* Brings one container forward. Returns false while what stands behind it must wait. `stay`: it is
 * to keep running; otherwise it runs to its end (init). */
static bool container_step(struct step *st, const Container *c, bool init, bool stay,
                           const struct rt_sandbox *sandbox) {
    const struct rt_container *rt = rt_newest(st->in->rt, c->name);
    const Pod *p = st->in->pod;
    bool failed;
    if (op_on_container(st->s, c->name))
        return false;
    switch (outcome_of(rt, sandbox->id)) {
    case OUTCOME_RUNNING:
        if (spec_changed(st, c, rt)) {
            stop_first(st, rt, "definition changed, will be restarted");
            return false;
        }
        return stay;
    case OUTCOME_UNKNOWN:
        stop_first(st, rt, "state unknown, will be restarted");
        return false;
    case OUTCOME_CREATED:
        if (memo_get(st->s, c->name)->retry_at > st->in->now)
            step_wake(st, memo_get(st->s, c->name)->retry_at);
        else
            op_start(st, OP_START, c->name, rt->id, OP_TIMEOUT);
        return false;
    case OUTCOME_SUCCEEDED:
        if (!runs_again(p, c, init, true))
            return true;
        break;
    case OUTCOME_FAILED:
        if (!runs_again(p, c, init, false))
            return !init;
        break;
    case OUTCOME_ABSENT: /* a run in an earlier sandbox counts for main containers only */
        if (!init && is_done(st->in, c, false, &failed))
            return true;
        break;
    }
    start_container(st, c, init, rt, sandbox->id);
    /* A main container in back-off holds nobody up; one that is being started does. */
    return !init && !op_on_container(st->s, c->name);
}

void containers_step(struct step *st, const struct rt_sandbox *sandbox) {
    const Container *c;
    bool init;
    /* Once a main container ran in this sandbox, initialisation is behind us, whatever became of
     * the init containers' remains: only sidecars are looked after. */
    bool initialised = false;
    for (uint32_t i = 0; i < st->in->pod->spec.containers.n; i++) {
        const struct rt_container *rt =
            rt_newest(st->in->rt, st->in->pod->spec.containers.v[i].name);
        initialised |= rt && str_eq(rt->sandbox_id, sandbox->id);
    }
    for (uint32_t i = 0; (c = pod_container(st->in->pod, i, &init)); i++) {
        bool sidecar = init && container_is_sidecar(c);
        if (init && initialised && !sidecar)
            continue;
        if (!container_step(st, c, init, !init || sidecar, sandbox) && !(init && initialised))
            return;
    }
}
