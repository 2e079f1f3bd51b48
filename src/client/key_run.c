// SPDX-License-Identifier: Apache-2.0
/* A key's run is a declared state machine:
 *
 *   WRITING   the groups of its plan go out, in slow-start batches
 *   ASKING    what reconcile needed beyond its caches is fetched
 *   RELISTING a write's answer was lost: the informers it touched are listed again
 *   SETTLING  every write succeeded or failed for sure; the informers have not seen all of them
 *
 * and the key stays "in work" in the queue through all of them, so a reconcile never runs on
 * caches older than its own writes. Only the first two count against the controller's workers. */
#include <stdlib.h>

#include "client/controller_internal.h"
#include "client/events.h"
#include "client/rest_internal.h"
#include "schema/ops.h"

#define SETTLE_MAX (30 * NSEC_PER_SEC) /* then the informers are listed again */

enum phase { WRITING, ASKING, RELISTING, SETTLING, OVER, PHASE_MAX };
#define TO(p) (1u << (p))
static const struct {
    const char *name;
    unsigned next;
} phases[PHASE_MAX] = {
    [WRITING] = {"writing", TO(ASKING) | TO(RELISTING) | TO(SETTLING)},
    [ASKING] = {"asking", TO(RELISTING) | TO(SETTLING)},
    [RELISTING] = {"relisting", TO(SETTLING)},
    [SETTLING] = {"settling", TO(RELISTING) | TO(OVER)},
    [OVER] = {"over", 0},
};

struct key_run {
    struct list node;
    struct controller_run *run;
    str key;
    struct arena arena;
    struct plan plan;
    enum phase phase;
    uint32_t next, in_flight, batch; /* writes: the first not sent; without answer; at once */
    int result;                      /* of the first failure; 0 */
    int64_t retry_after;
    const Status *error;
    const struct api_resource *error_resource;
    enum rest_verb error_verb;
    struct expectations expected;
    struct {
        struct rest_call **v;
        uint32_t n;
    } calls; /* one a write, then one a question */
    struct plan_answer *answers;
    struct timer timer;
};

struct call_ctx { /* which write or question a call carries */
    struct key_run *kr;
    uint32_t index;
};

static void send_batch(struct key_run *kr);
static void settle(struct key_run *kr);

static void move(struct key_run *kr, enum phase to) {
    ASSERT(phases[kr->phase].next & TO(to));
    kr->phase = to;
}

/* ---- the end of a run ---- */

static void run_free(struct key_run *kr) {
    timer_stop(kr->run->set->loop, &kr->timer);
    list_remove(&kr->node);
    plan_answers_free(kr->answers);
    arena_done(&kr->arena);
    free(kr);
}

static void remember(struct key_run *kr) {
    struct key_memories *m = &kr->run->memories;
    if (kr->result == 0 && !kr->answers)
        key_memory_forget(m, kr->key);
    else
        key_memory_set(key_memory_get(m, kr->key), kr->error, kr->error_resource, kr->error_verb,
                       TAKE(kr->answers));
}

static void over(struct key_run *kr) {
    struct controller_run *run = kr->run;
    struct plan_internal *in = kr->plan.internal;
    str key = kr->key;
    bool asked = kr->answers != NULL;
    int result = kr->result;
    int64_t retry_after = kr->retry_after;
    move(kr, OVER);
    remember(kr);
    if (result < 0 && retry_after > 0)
        workqueue_add_after(run->queue, key, retry_after);
    else if (result < 0)
        workqueue_add_rate_limited(run->queue, key);
    else {
        workqueue_forget(run->queue, key);
        if (asked)
            workqueue_add(run->queue, key);
        else if (in->requeue_after >= 0)
            workqueue_add_after(run->queue, key, in->requeue_after);
    }
    struct arena keep = kr->arena; /* holds the key */
    arena_init(&kr->arena, 0);
    run_free(kr);
    workqueue_done(run->queue, key);
    arena_done(&keep);
    loop_defer(run->set->loop, &run->pump);
}

/* ---- settling ---- */

static void on_listed(void *ctx) {
    struct key_run *kr = ctx;
    move(kr, SETTLING);
    settle(kr);
}

static void relist(struct key_run *kr, bool lost_only) {
    move(kr, RELISTING);
    expectations_relist(&kr->expected, lost_only, on_listed, kr);
}

static void settle_timeout(struct timer *t) {
    struct key_run *kr = container_of(t, struct key_run, timer);
    log_warn(loop_env(kr->run->set->loop), "%s " STR_FMT ": own writes not seen, listing again",
             kr->run->c->name, STR_ARG(kr->key));
    relist(kr, false);
}

static void settle(struct key_run *kr) {
    ASSERT(kr->phase == SETTLING);
    if (!expectations_seen(&kr->expected)) {
        if (!timer_on(&kr->timer)) {
            kr->timer.fire = settle_timeout;
            timer_start(kr->run->set->loop, &kr->timer, SETTLE_MAX);
        }
        return;
    }
    timer_stop(kr->run->set->loop, &kr->timer);
    over(kr);
}

void key_runs_check(struct controller_run *run) {
    LIST_FOREACH (n, &run->runs) {
        struct key_run *kr = container_of(n, struct key_run, node);
        if (kr->phase == SETTLING)
            settle(kr);
    }
}

static void writes_over(struct key_run *kr) {
    struct plan_internal *in = kr->plan.internal;
    for (uint32_t i = 0; i < in->hooks.n; i++) {
        struct plan_hook_entry *h = &in->hooks.v[i];
        void (*fn)(void *) = kr->result < 0 ? h->abort : h->commit;
        if (fn)
            fn(h->ctx);
    }
    kr->run->busy--;
    loop_defer(kr->run->set->loop, &kr->run->pump);
    if (expectations_lost(&kr->expected)) {
        relist(kr, true);
        return;
    }
    move(kr, SETTLING);
    settle(kr);
}

/* ---- asking ---- */

static void on_answer(void *ctx, const struct rest_result *res) {
    struct call_ctx *q = ctx;
    struct key_run *kr = q->kr;
    struct plan_internal *in = kr->plan.internal;
    kr->calls.v[in->writes.n + q->index] = NULL;
    if (res->r < 0) {
        kr->result = res->r;
    } else {
        struct plan_answer *an = xcalloc(1, sizeof(*an));
        const struct rest_request *rq = &in->questions.v[q->index].rq;
        const struct api_type *t = rest_result_type(rq);
        arena_init(&an->arena, 0);
        an->name = str_dup(&an->arena, in->questions.v[q->index].name);
        an->result = *res;
        an->result.arena = &an->arena;
        an->result.body = STR_NONE;
        if (res->object)
            an->result.object = api_clone(&an->arena, t, res->object);
        if (res->status)
            an->result.status = api_clone(&an->arena, &Status_type, res->status);
        an->next = kr->answers;
        kr->answers = an;
    }
    if (--kr->in_flight == 0)
        writes_over(kr);
}

static void ask(struct key_run *kr) {
    struct plan_internal *in = kr->plan.internal;
    move(kr, ASKING);
    kr->in_flight = in->questions.n;
    for (uint32_t i = 0; i < in->questions.n; i++) {
        struct call_ctx *ctx = arena_make(&kr->arena, struct call_ctx);
        *ctx = (struct call_ctx){kr, i};
        struct rest_request rq = in->questions.v[i].rq;
        rq.done = on_answer;
        rq.ctx = ctx;
        kr->calls.v[in->writes.n + i] = rest_send(kr->run->set->client, &rq);
    }
}

/* ---- writing ---- */

static void tell_events(struct key_run *kr, unsigned group, bool rest) {
    struct plan_internal *in = kr->plan.internal;
    for (uint32_t i = 0; i < in->events.n; i++) {
        const struct plan_event *ev = &in->events.v[i];
        if (ev->write < 0 && (rest ? ev->group >= group : ev->group == group))
            recorder_event(kr->run->recorder, &ev->about, ev->type, ev->reason, ev->message);
    }
}

static bool namespace_ends(const Status *s) {
    for (uint32_t i = 0; s->details && i < s->details->causes.n; i++)
        if (str_eqc(s->details->causes.v[i].type, "NamespaceTerminating"))
            return true;
    return false;
}

static void tell_write_events(struct key_run *kr, uint32_t index, const struct rest_result *res,
                              bool ok) {
    struct plan_internal *in = kr->plan.internal;
    if (!ok && (!res->status || res->code == 409 || namespace_ends(res->status)))
        return;
    for (uint32_t i = 0; i < in->events.n; i++) {
        const struct plan_event *ev = &in->events.v[i];
        if (ev->write != index || ev->on_failure == ok)
            continue;
        str text = ev->message;
        if (!ok)
            text = str_printf(&kr->arena, STR_FMT ": " STR_FMT, STR_ARG(text),
                              STR_ARG(res->status->message));
        recorder_event(kr->run->recorder, &ev->about, ev->type, ev->reason, text);
    }
}

static void groups_done(struct key_run *kr) {
    if (kr->result == 0 && kr->plan.internal->questions.n)
        ask(kr);
    else
        writes_over(kr);
}

/* The writes of one batch have all been answered. */
static void batch_done(struct key_run *kr) {
    struct plan_internal *in = kr->plan.internal;
    unsigned group = in->writes.v[kr->next - 1].group;
    if (kr->result < 0) {
        groups_done(kr);
    } else if (kr->next == in->writes.n) {
        tell_events(kr, group, true);
        groups_done(kr);
    } else {
        bool same = in->writes.v[kr->next].group == group;
        if (!same)
            tell_events(kr, group, false);
        kr->batch = same ? kr->batch * 2 : 1;
        send_batch(kr);
    }
}

static void failed(struct key_run *kr, const struct plan_write *w, const struct rest_result *res) {
    if (kr->result == 0) {
        kr->result = res->r < 0 ? res->r : -EIO;
        kr->error_resource = w->rq.resource;
        kr->error_verb = w->rq.verb;
        if (res->status)
            kr->error = api_clone(&kr->arena, &Status_type, res->status);
    }
    if (res->code != 409 && !(res->status && namespace_ends(res->status))) {
        log_warn(loop_env(kr->run->set->loop),
                 "%s " STR_FMT ": write to %s failed: r %d code %d " STR_FMT, kr->run->c->name,
                 STR_ARG(kr->key), w->rq.resource->plural, res->r, res->code,
                 STR_ARG(res->status ? res->status->message : STR("")));
    }
    kr->retry_after = MAX(kr->retry_after, res->retry_after_ns);
}

static void on_written(void *ctx, const struct rest_result *res) {
    struct call_ctx *wc = ctx;
    struct key_run *kr = wc->kr;
    const struct plan_write *w = &kr->plan.internal->writes.v[wc->index];
    bool gone = w->rq.verb == REST_DELETE && res->code == 404;
    kr->calls.v[wc->index] = NULL;
    bool ok = gone || (res->r == 0 && res->code < 400);
    expect_write(&kr->expected, &kr->arena, run_informer(kr->run, w->rq.resource), w, res);
    tell_write_events(kr, wc->index, res, ok);
    if (!ok)
        failed(kr, w, res);
    if (--kr->in_flight == 0)
        batch_done(kr);
}

static void send_batch(struct key_run *kr) {
    struct plan_internal *in = kr->plan.internal;
    unsigned group = in->writes.v[kr->next].group;
    while (kr->in_flight < kr->batch && kr->next < in->writes.n &&
           in->writes.v[kr->next].group == group) {
        struct call_ctx *ctx = arena_make(&kr->arena, struct call_ctx);
        *ctx = (struct call_ctx){kr, kr->next};
        struct rest_request rq = in->writes.v[kr->next].rq;
        rq.done = on_written;
        rq.ctx = ctx;
        kr->calls.v[kr->next] = rest_send(kr->run->set->client, &rq);
        kr->in_flight++;
        kr->next++;
    }
}

/* ---- the start of a run ---- */

void key_run_begin(struct controller_run *run, str key) {
    struct loop *l = run->set->loop;
    struct key_run *kr = xcalloc(1, sizeof(*kr));
    kr->run = run;
    kr->batch = 1;
    arena_init(&kr->arena, 0);
    list_append(&run->runs, &kr->node);
    kr->key = str_dup(&kr->arena, key);
    const struct key_memory *m = key_memory_find(&run->memories, key);
    plan_init(&kr->plan, &kr->arena, loop_wall(l), loop_now(l),
              m ? m->seed : env_random_u64(loop_env(l)));
    struct plan_internal *in = kr->plan.internal;
    kr->plan.attempt = workqueue_failures(run->queue, key);
    if (m) {
        kr->plan.last_error = m->last_error;
        kr->plan.last_resource = m->last_resource;
        kr->plan.last_verb = m->last_verb;
    }
    in->answers = m ? m->answers : NULL;
    int r = run->c->reconcile(run->state, kr->key, &kr->plan);
    run->busy++;
    kr->calls.v = arena_array(&kr->arena, in->writes.n + in->questions.n + 1, sizeof(void *));
    if (in->rejected) {
        log_warn(loop_env(l), "%s " STR_FMT ": " STR_FMT, run->c->name, STR_ARG(key),
                 STR_ARG(in->reject_text));
    } else if (r < 0) {
        log_warn(loop_env(l), "%s " STR_FMT ": %s", run->c->name, STR_ARG(key), strerror(-r));
        kr->result = r;
    }
    if (!in->rejected && r == 0 && in->writes.n) {
        if (m == NULL) /* a lost answer must find the same names again */
            key_memory_get(&run->memories, key)->seed = in->seed;
        send_batch(kr);
        return;
    }
    if (r == 0)
        tell_events(kr, 0, true);
    groups_done(kr);
}

/* ---- shutting down ---- */

void key_runs_cancel(struct controller_run *run) {
    LIST_FOREACH (n, &run->runs) {
        struct key_run *kr = container_of(n, struct key_run, node);
        struct plan_internal *in = kr->plan.internal;
        for (uint32_t i = 0; i < in->writes.n + in->questions.n; i++)
            rest_cancel(kr->calls.v[i]);
        run_free(kr);
    }
}
