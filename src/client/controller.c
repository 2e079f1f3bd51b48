// SPDX-License-Identifier: Apache-2.0
/* The runner of controllers. A key's run is a declared state machine:
 *
 *   WRITING   the groups of its plan go out, in slow-start batches
 *   ASKING    what reconcile needed beyond its caches is fetched
 *   RELISTING a write's answer was lost: the informers it touched are listed again
 *   SETTLING  every write succeeded or failed for sure; the informers have not seen all of them
 *
 * and the key stays "in work" in the queue through all of them, so a reconcile never runs on
 * caches older than its own writes. Only the first two count against the controller's workers. */
#include "client/controller.h"

#include <stdlib.h>

#include "client/events.h"
#include "client/plan_internal.h"
#include "client/rest_internal.h"
#include "client/workqueue.h"
#include "schema/ops.h"

#define DEFAULT_WORKERS 5
#define KEYS_A_TURN     32
#define SETTLE_MAX      (30 * NSEC_PER_SEC) /* then the informers are listed again */

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

/* What is remembered of a key between its runs; only keys that failed or asked have one. */
struct key_memory {
    struct arena arena; /* of last_error */
    const Status *last_error;
    const struct api_resource *last_resource;
    enum rest_verb last_verb;
    struct plan_answer *answers;
    uint64_t seed;
};

struct expectation {
    struct informer *informer;
    uint64_t revision; /* 0: the end of `uid` is awaited instead */
    str key, uid;
    bool lost;    /* only a new list can tell */
    bool listing; /* and that is on its way */
};

struct key_run {
    struct list node;
    struct controller_run *run;
    str key;
    struct arena arena;
    struct plan plan;
    enum phase phase;
    uint32_t next, in_flight, batch, batch_left, relists;
    int result; /* of the first failure; 0 */
    int64_t retry_after;
    const Status *error;
    const struct api_resource *error_resource;
    enum rest_verb error_verb;
    struct {
        struct expectation *v;
        uint32_t n;
    } expected;
    struct {
        struct rest_call **v;
        uint32_t n;
    } calls; /* one a write, then one a question */
    struct plan_answer *answers;
    struct timer timer;
};

struct controller_run {
    struct controllers *set;
    const struct controller *c;
    void *state;
    struct informer *informers[CONTROLLER_WATCHES_MAX];
    struct watch_binding {
        struct controller_run *run;
        const struct controller_watch *watch;
    } bindings[CONTROLLER_WATCHES_MAX];
    unsigned n_watches;
    struct workqueue *queue;
    struct recorder *recorder;
    struct map memories;
    struct list runs;
    unsigned busy; /* runs in WRITING or ASKING */
    struct task pump, check;
};

struct controllers {
    struct rest_client *client;
    struct informers *informers;
    struct loop *loop;
    struct controller_run *runs;
    unsigned n;
    const void *config;
    bool started, synced;
};

struct write_ctx { /* which write a call carries */
    struct key_run *kr;
    uint32_t index;
};

static void pump(struct controller_run *run);
static void send_batch(struct key_run *kr);
static void settle(struct key_run *kr);

static void move(struct key_run *kr, enum phase to) {
    ASSERT(phases[kr->phase].next & TO(to));
    kr->phase = to;
}

/* ---- memory of keys ---- */

static void answers_free(struct plan_answer *an) {
    for (struct plan_answer *next; an; an = next) {
        next = an->next;
        arena_done(&an->arena);
        free(an);
    }
}

static void memory_free(struct key_memory *m) {
    answers_free(m->answers);
    arena_done(&m->arena);
    free(m);
}

static void memory_drop(struct controller_run *run, str key) {
    struct key_memory *m = map_del(&run->memories, key);
    if (m)
        memory_free(m);
}

static struct key_memory *memory_of(struct controller_run *run, str key) {
    struct key_memory *m = map_get(&run->memories, key);
    if (m)
        return m;
    m = xcalloc(1, sizeof(*m));
    arena_init(&m->arena, 0);
    m->seed = env_random_u64(loop_env(run->set->loop));
    map_put(&run->memories, key, m);
    return m;
}

/* ---- the end of a run ---- */

static void run_free(struct key_run *kr) {
    timer_stop(kr->run->set->loop, &kr->timer);
    list_remove(&kr->node);
    answers_free(kr->answers);
    arena_done(&kr->arena);
    free(kr);
}

static void remember(struct key_run *kr) {
    struct controller_run *run = kr->run;
    bool asked = kr->answers != NULL;
    if (kr->result == 0 && !asked) {
        memory_drop(run, kr->key);
        return;
    }
    struct key_memory *m = memory_of(run, kr->key);
    answers_free(m->answers);
    m->answers = TAKE(kr->answers);
    m->last_error = NULL;
    arena_reset(&m->arena);
    if (kr->error)
        m->last_error = api_clone(&m->arena, &Status_type, kr->error);
    m->last_resource = kr->error_resource;
    m->last_verb = kr->error_verb;
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

static bool seen(const struct expectation *x) {
    if (x->revision)
        return informer_revision(x->informer) >= x->revision;
    const struct cached *c = informer_get(x->informer, x->key);
    if (!c)
        return true;
    const ObjectMeta *m = cached_meta(c);
    return !str_eq(m->uid, x->uid) || m->deletion_timestamp.set;
}

static void on_fresh(void *ctx) {
    struct key_run *kr = ctx;
    if (--kr->relists > 0)
        return;
    uint32_t left = 0; /* what was listed is newer than every write */
    for (uint32_t i = 0; i < kr->expected.n; i++)
        if (!kr->expected.v[i].listing)
            kr->expected.v[left++] = kr->expected.v[i];
    kr->expected.n = left;
    move(kr, SETTLING);
    settle(kr);
}

static void relist_touched(struct key_run *kr, bool lost_only) {
    struct informer *done[CONTROLLER_WATCHES_MAX];
    unsigned n = 0;
    for (uint32_t i = 0; i < kr->expected.n; i++) {
        struct expectation *x = &kr->expected.v[i];
        bool again = lost_only && !x->lost;
        for (unsigned d = 0; d < n; d++)
            again |= done[d] == x->informer;
        if (!again)
            done[n++] = x->informer;
    }
    for (uint32_t i = 0; i < kr->expected.n; i++)
        for (unsigned d = 0; d < n; d++)
            kr->expected.v[i].listing |= done[d] == kr->expected.v[i].informer;
    move(kr, RELISTING);
    kr->relists = n;
    for (unsigned d = 0; d < n; d++)
        informer_relist(done[d], on_fresh, kr);
}

static void settle_timeout(struct timer *t) {
    struct key_run *kr = container_of(t, struct key_run, timer);
    log_warn(loop_env(kr->run->set->loop), "%s " STR_FMT ": own writes not seen, listing again",
             kr->run->c->name, STR_ARG(kr->key));
    relist_touched(kr, false);
}

static void settle(struct key_run *kr) {
    ASSERT(kr->phase == SETTLING);
    for (uint32_t i = 0; i < kr->expected.n; i++)
        if (!seen(&kr->expected.v[i])) {
            if (!timer_on(&kr->timer)) {
                kr->timer.fire = settle_timeout;
                timer_start(kr->run->set->loop, &kr->timer, SETTLE_MAX);
            }
            return;
        }
    timer_stop(kr->run->set->loop, &kr->timer);
    over(kr);
}

static void check_settling(struct task *t) {
    struct controller_run *run = container_of(t, struct controller_run, check);
    LIST_FOREACH (n, &run->runs) {
        struct key_run *kr = container_of(n, struct key_run, node);
        if (kr->phase == SETTLING)
            settle(kr);
    }
}

static void writes_over(struct key_run *kr) {
    struct plan_internal *in = kr->plan.internal;
    bool lost = false;
    for (uint32_t i = 0; i < in->hooks.n; i++) {
        struct plan_hook_entry *h = &in->hooks.v[i];
        void (*fn)(void *) = kr->result < 0 ? h->abort : h->commit;
        if (fn)
            fn(h->ctx);
    }
    for (uint32_t i = 0; i < kr->expected.n; i++)
        lost |= kr->expected.v[i].lost;
    kr->run->busy--;
    loop_defer(kr->run->set->loop, &kr->run->pump);
    if (lost) {
        relist_touched(kr, true);
        return;
    }
    move(kr, SETTLING);
    settle(kr);
}

/* ---- asking ---- */

static void on_answer(void *ctx, const struct rest_result *res) {
    struct write_ctx *q = ctx;
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
        struct write_ctx *ctx = arena_make(&kr->arena, struct write_ctx);
        *ctx = (struct write_ctx){kr, i};
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

static struct informer *touched(struct controller_run *run, const struct api_resource *r) {
    for (unsigned i = 0; i < run->n_watches; i++)
        if (informer_resource(run->informers[i])->storage == r->storage)
            return run->informers[i];
    return NULL;
}

/* The end of an object is awaited by its uid: the answer may carry an old revision, or none. A
 * create that found its name taken may be our own of an earlier, lost answer: only a list tells. */
static void expect(struct key_run *kr, const struct plan_write *w, const struct rest_result *res) {
    struct informer *inf = touched(kr->run, w->rq.resource);
    bool whole = !w->rq.subresource || strcmp(w->rq.subresource, "status") == 0;
    bool gone = w->rq.verb == REST_DELETE && res->code == 404;
    bool taken = w->rq.verb == REST_CREATE && res->code == 409;
    if (!inf || !whole || (res->code >= 400 && !gone && !taken) || (res->r < 0 && !res->maybe_done))
        return;
    struct expectation x = {.informer = inf, .lost = res->maybe_done || taken};
    if (!x.lost && w->uid.n) {
        x.uid = w->uid;
        x.key = w->rq.ns.n ? str_printf(&kr->arena, STR_FMT "/" STR_FMT, STR_ARG(w->rq.ns),
                                        STR_ARG(w->rq.name))
                           : w->rq.name;
    } else if (!x.lost) {
        x.revision = res->revision;
        if (!x.revision || w->rq.verb == REST_DELETE)
            return;
    }
    *list_push(&kr->arena, &kr->expected) = x;
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
    struct write_ctx *wc = ctx;
    struct key_run *kr = wc->kr;
    const struct plan_write *w = &kr->plan.internal->writes.v[wc->index];
    bool gone = w->rq.verb == REST_DELETE && res->code == 404;
    kr->calls.v[wc->index] = NULL;
    bool ok = gone || (res->r == 0 && res->code < 400);
    expect(kr, w, res);
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
        struct write_ctx *ctx = arena_make(&kr->arena, struct write_ctx);
        *ctx = (struct write_ctx){kr, kr->next};
        struct rest_request rq = in->writes.v[kr->next].rq;
        rq.done = on_written;
        rq.ctx = ctx;
        kr->calls.v[kr->next] = rest_send(kr->run->set->client, &rq);
        kr->in_flight++;
        kr->next++;
    }
}

/* ---- the start of a run ---- */

static void begin(struct controller_run *run, str key) {
    struct loop *l = run->set->loop;
    struct key_run *kr = xcalloc(1, sizeof(*kr));
    kr->run = run;
    kr->batch = 1;
    arena_init(&kr->arena, 0);
    list_append(&run->runs, &kr->node);
    kr->key = str_dup(&kr->arena, key);
    struct key_memory *m = map_get(&run->memories, key);
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
            memory_of(run, key)->seed = in->seed;
        send_batch(kr);
        return;
    }
    if (r == 0)
        tell_events(kr, 0, true);
    groups_done(kr);
}

static void pump(struct controller_run *run) {
    unsigned limit = run->c->workers ? run->c->workers : DEFAULT_WORKERS;
    if (!run->set->synced)
        return;
    for (int i = 0; run->busy < limit; i++) {
        if (i == KEYS_A_TURN) {
            loop_defer(run->set->loop, &run->pump);
            return;
        }
        str key = workqueue_get(run->queue);
        if (!key.p)
            return;
        begin(run, key);
    }
}

static void pump_task(struct task *t) {
    pump(container_of(t, struct controller_run, pump));
}
static void on_queue_ready(void *ctx) {
    pump(ctx);
}

/* ---- the set ---- */

static void on_informer(void *ctx, struct informer *i, struct cached *old, struct cached *new_) {
    struct watch_binding *b = ctx;
    if (b->watch->keys)
        b->watch->keys(b->run, old ? old->typed : NULL, new_ ? new_->typed : NULL);
    if (!list_empty(&b->run->runs))
        loop_defer(b->run->set->loop, &b->run->check);
}

static void run_init(struct controllers *set, struct controller_run *run,
                     const struct controller *c) {
    run->set = set;
    run->c = c;
    run->state = xcalloc(1, MAX(c->state_size, (size_t)1));
    run->queue = workqueue_new(set->loop, on_queue_ready, run);
    run->recorder = recorder_new(set->client, c->name, "");
    run->pump.run = pump_task;
    run->check.run = check_settling;
    list_init(&run->pump.node);
    list_init(&run->check.node);
    list_init(&run->runs);
    map_init(&run->memories, NULL);
    for (const struct controller_watch *w = c->watches; w && w->resource; w++) {
        ASSERT(run->n_watches < CONTROLLER_WATCHES_MAX);
        unsigned at = run->n_watches++;
        run->informers[at] = informers_get(set->informers, &(struct informer_options){
                                                               .resource = w->resource,
                                                               .ns = str_of(w->ns),
                                                               .selectors = w->selectors,
                                                               .metadata_only = w->metadata_only,
                                                           });
        run->bindings[at] = (struct watch_binding){run, w};
    }
    if (c->start)
        c->start(run, run->state);
    for (unsigned i = 0; i < run->n_watches; i++)
        informer_handle(run->informers[i], on_informer, &run->bindings[i]);
}

struct controllers *controllers_new(const struct controllers_options *o) {
    struct controllers *set = xcalloc(1, sizeof(*set));
    set->client = o->client;
    set->informers = o->informers;
    set->loop = rest_client_loop(o->client);
    set->config = o->config;
    while (o->list[set->n])
        set->n++;
    set->runs = xcalloc(MAX(set->n, 1u), sizeof(*set->runs));
    for (unsigned i = 0; i < set->n; i++)
        run_init(set, &set->runs[i], o->list[i]);
    return set;
}

static void on_synced(void *ctx) {
    struct controllers *set = ctx;
    set->synced = true;
    for (unsigned i = 0; i < set->n; i++)
        loop_defer(set->loop, &set->runs[i].pump);
}

void controllers_start(struct controllers *set) {
    set->started = true;
    informers_on_synced(set->informers, on_synced, set);
    informers_start(set->informers);
}

static void run_done(struct controller_run *run) {
    LIST_FOREACH (n, &run->runs) {
        struct key_run *kr = container_of(n, struct key_run, node);
        struct plan_internal *in = kr->plan.internal;
        for (uint32_t i = 0; i < in->writes.n + in->questions.n; i++)
            rest_cancel(kr->calls.v[i]);
        run_free(kr);
    }
    loop_cancel(run->set->loop, &run->pump);
    loop_cancel(run->set->loop, &run->check);
    MAP_FOREACH (it, &run->memories)
        memory_free(it->value);
    map_done(&run->memories);
    workqueue_free(run->queue);
    recorder_free(run->recorder);
    if (run->c->stop)
        run->c->stop(run->state);
    free(run->state);
}

/* The informers must be freed first: they call into the runs. */
struct controllers *controllers_free(struct controllers *set) {
    if (!set)
        return NULL;
    for (unsigned i = 0; i < set->n; i++)
        run_done(&set->runs[i]);
    free(set->runs);
    free(set);
    return NULL;
}

int controllers_try(struct controllers *set, const struct controller *which, str key,
                    struct plan *p) {
    for (unsigned i = 0; i < set->n; i++)
        if (set->runs[i].c == which)
            return which->reconcile(set->runs[i].state, key, p);
    return -ENOENT;
}

bool controllers_idle(const struct controllers *set) {
    for (unsigned i = 0; i < set->n; i++)
        if (!list_empty(&set->runs[i].runs) || !workqueue_idle(set->runs[i].queue))
            return false;
    return set->synced;
}

/* ---- for controllers ---- */

struct informer *run_informer(struct controller_run *run, const struct api_resource *r) {
    return touched(run, r);
}
const void *run_config(struct controller_run *run) {
    return run->set->config;
}
void *run_state(struct controller_run *run) {
    return run->state;
}
struct loop *run_loop(struct controller_run *run) {
    return run->set->loop;
}
void queue_key(struct controller_run *run, str key) {
    workqueue_add(run->queue, key);
}
void queue_key_after(struct controller_run *run, str key, int64_t ns) {
    workqueue_add_after(run->queue, key, ns);
}

str meta_key(struct arena *a, const ObjectMeta *m) {
    if (str_empty(m->namespace_))
        return str_dup(a, m->name);
    return str_printf(a, STR_FMT "/" STR_FMT, STR_ARG(m->namespace_), STR_ARG(m->name));
}

const OwnerReference *meta_controller(const ObjectMeta *m) {
    for (uint32_t i = 0; i < m->owner_references.n; i++)
        if (opt_or(m->owner_references.v[i].controller, false))
            return &m->owner_references.v[i];
    return NULL;
}

void keys_self(struct controller_run *run, const void *old, const void *new_) {
    struct arena a;
    arena_init(&a, 0);
    queue_key(run, meta_key(&a, new_ ? new_ : old));
    arena_done(&a);
}
