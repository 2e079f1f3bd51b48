// SPDX-License-Identifier: Apache-2.0
/* The runner of controllers. A controller is a queue of keys and a function; what lies between is
 * the same for all of them and is here, once:
 *
 *   informers ──events──> keys() ──> work queue ──pump──> reconcile ──> plan ──> requests
 *                                        ^                                          │
 *                                        └── again: back-off, answers, asked for ───┘
 *
 * controller.c has the set: who watches what, and the pump that hands keys out while workers are
 * free. key_run.c carries one key from its reconcile to the moment its own writes are in the
 * caches (expect.c), and leaves what the next run of the key must know in key_memory.c. */
#include <stdlib.h>

#include "client/controller_internal.h"
#include "client/events.h"

#define DEFAULT_WORKERS 5
#define KEYS_A_TURN     32

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
        key_run_begin(run, key);
    }
}

static void pump_task(struct task *t) {
    pump(container_of(t, struct controller_run, pump));
}
static void on_queue_ready(void *ctx) {
    pump(ctx);
}

static void check_task(struct task *t) {
    key_runs_check(container_of(t, struct controller_run, check));
}

/* ---- the set ---- */

static void on_informer(void *ctx, struct informer *i, struct cached *old, struct cached *new_) {
    struct watch_binding *b = ctx;
    if (b->watch->keys)
        b->watch->keys(b->run, old ? old->typed : NULL, new_ ? new_->typed : NULL);
    if (!list_empty(&b->run->runs))
        loop_defer(b->run->set->loop, &b->run->check);
}

/* Those that are content with metadata come last: they then share what others need more of. */
static void run_subscribe(struct controller_run *run, bool metadata_only) {
    const struct controller_watch *w = run->c->watches;
    for (unsigned at = 0; at < run->n_watches; at++, w++)
        if (w->metadata_only == metadata_only)
            run->informers[at] =
                informers_get(run->set->informers, &(struct informer_options){
                                                       .resource = w->resource,
                                                       .ns = str_of(w->ns),
                                                       .selectors = w->selectors,
                                                       .metadata_only = w->metadata_only,
                                                       .fields = w->fields,
                                                   });
}

static void run_init(struct controllers *set, struct controller_run *run,
                     const struct controller *c) {
    run->set = set;
    run->c = c;
    run->state = xcalloc(1, MAX(c->state_size, (size_t)1));
    run->queue = workqueue_new(set->loop, on_queue_ready, run);
    workqueue_measure(run->queue, c->queue ? c->queue : c->name);
    run->recorder = recorder_new(set->client, c->name, "");
    run->pump.run = pump_task;
    run->check.run = check_task;
    list_init(&run->pump.node);
    list_init(&run->check.node);
    list_init(&run->runs);
    key_memories_init(&run->memories, loop_env(set->loop));
    for (const struct controller_watch *w = c->watches; w && w->resource; w++) {
        ASSERT(run->n_watches < CONTROLLER_WATCHES_MAX);
        run->bindings[run->n_watches++] = (struct watch_binding){run, w};
    }
}

static void run_start(struct controller_run *run) {
    if (run->c->start)
        run->c->start(run, run->state);
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
    for (unsigned i = 0; i < set->n; i++)
        run_subscribe(&set->runs[i], false);
    for (unsigned i = 0; i < set->n; i++)
        run_subscribe(&set->runs[i], true);
    for (unsigned i = 0; i < set->n; i++)
        run_start(&set->runs[i]);
    return set;
}

static void on_synced(void *ctx) {
    struct controllers *set = ctx;
    set->synced = true;
    for (unsigned i = 0; i < set->n; i++)
        loop_defer(set->loop, &set->runs[i].pump);
}

void controllers_start(struct controllers *set) {
    informers_on_synced(set->informers, on_synced, set);
    informers_start(set->informers);
}

static void run_done(struct controller_run *run) {
    key_runs_cancel(run);
    loop_cancel(run->set->loop, &run->pump);
    loop_cancel(run->set->loop, &run->check);
    key_memories_done(&run->memories);
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
    for (unsigned i = 0; i < run->n_watches; i++)
        if (informer_resource(run->informers[i])->storage == r->storage)
            return run->informers[i];
    return NULL;
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
