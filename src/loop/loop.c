// SPDX-License-Identifier: Apache-2.0
/* The core of the event loop: everything but how time passes and how readiness is found.
 *
 * A turn is wait, take the time, then four phases in fixed order: deferred tasks, posted tasks,
 * expired timers, ready sources. Each phase takes what was there when it began, up to a budget;
 * what its callbacks add waits for the next turn. So no source can starve another one, and a task
 * that queues itself again and again still lets timers and descriptors through. Deferred tasks
 * are the exception to the order that their purpose asks for: they also run right after the
 * callback that deferred them, before any other callback sees the half-done state.
 *
 * The real loop (loop_real.c) waits in epoll; the virtual one (loop_sim.c) moves the simulated
 * clock to the next timer. As neither has a say in the order of callbacks, the same program gives
 * the same trace on both. */
#include "loop/loop_core.h"

#include <stdlib.h>

void loop_core_init(struct loop *l, const struct loop_ops *ops, struct env *env) {
    *l = (struct loop){.ops = ops, .env = env};
    list_init(&l->deferred);
    list_init(&l->incoming);
    list_init(&l->ready);
    list_init(&l->owned);
    list_init(&l->posted);
    pthread_mutex_init(&l->lock, NULL);
    l->now = env_mono(env);
    l->wall = env_wall(env);
}

static void forget_tasks(struct list *tasks) {
    LIST_FOREACH (n, tasks) {
        list_remove(n);
        container_of(n, struct task, node)->queued = false;
    }
}

void loop_core_done(struct loop *l) {
    while (!list_empty(&l->owned)) {
        struct loop_owned *o = container_of(l->owned.next, struct loop_owned, node);
        list_remove(&o->node);
        o->drop(o);
    }
    forget_tasks(&l->deferred);
    forget_tasks(&l->incoming);
    forget_tasks(&l->posted);
    LIST_FOREACH (n, &l->ready)
        list_remove(n);
    heap_done(&l->timers);
    pthread_mutex_destroy(&l->lock);
}

struct loop *loop_free(struct loop *l) {
    if (l)
        l->ops->free(l);
    return NULL;
}

struct env *loop_env(struct loop *l) {
    return l->env;
}
bool loop_is_virtual(const struct loop *l) {
    return l->virtual;
}
int64_t loop_now(struct loop *l) {
    return l->now;
}
int64_t loop_wall(struct loop *l) {
    return l->wall;
}

/* Runs at most n tasks of those that are in the list now; `last` marks the end, since tasks append
 * while they run. A task that is cancelled meanwhile may be that mark, hence the count as well. */
static unsigned run_tasks(struct list *tasks, unsigned n, void (*after)(struct loop *),
                          struct loop *l) {
    struct list batch;
    list_init(&batch);
    for (unsigned i = 0; i < n && !list_empty(tasks); i++) {
        struct list *first = tasks->next;
        list_remove(first);
        list_append(&batch, first);
    }
    unsigned ran = 0;
    for (; !list_empty(&batch); ran++) {
        struct task *t = container_of(batch.next, struct task, node);
        ASSERT(t->queued);
        list_remove(&t->node);
        t->queued = false;
        t->run(t);
        if (after)
            after(l);
    }
    return ran;
}

void loop_run_deferred(struct loop *l) {
    run_tasks(&l->deferred, LOOP_TASKS_PER_TURN, NULL, l);
}

static void fetch_posted(struct loop *l) {
    pthread_mutex_lock(&l->lock);
    while (!list_empty(&l->posted)) {
        struct list *first = l->posted.next;
        list_remove(first);
        list_append(&l->incoming, first);
    }
    l->awake = false;
    pthread_mutex_unlock(&l->lock);
}

/* A timer started with 0 by another one's callback is due at once, yet waits for the next turn:
 * it has a sequence number from after the phase began. Older timers that are due stand before it
 * in the heap, as it cannot be due before `now`. */
static void run_timers(struct loop *l) {
    uint64_t began = l->timers.seq;
    for (unsigned i = 0; i < LOOP_TIMERS_PER_TURN; i++) {
        struct heap_node *n = heap_min(&l->timers);
        if (!n || n->at > l->now || n->seq >= began)
            return;
        heap_remove(&l->timers, n);
        struct timer *t = container_of(n, struct timer, node);
        t->fire(t);
        loop_run_deferred(l);
    }
}

void loop_run_ready(struct loop *l, unsigned budget) {
    struct list batch;
    list_init(&batch);
    for (unsigned i = 0; i < budget && !list_empty(&l->ready); i++) {
        struct list *first = l->ready.next;
        list_remove(first);
        list_append(&batch, first);
    }
    while (!list_empty(&batch)) {
        struct ready *r = container_of(batch.next, struct ready, node);
        list_remove(&r->node);
        r->run(r);
        loop_run_deferred(l);
    }
}

/* How long the loop may sleep: 0 while anything is runnable. */
static int64_t may_sleep(struct loop *l) {
    if (!list_empty(&l->deferred) || !list_empty(&l->incoming) || !list_empty(&l->ready) ||
        atomic_load(&l->stop))
        return 0;
    struct heap_node *n = heap_min(&l->timers);
    if (!n)
        return -1;
    int64_t now = env_mono(l->env);
    return n->at > now ? n->at - now : 0;
}

static bool turn(struct loop *l) {
    if (!l->ops->wait(l, may_sleep(l)))
        return false;
    int64_t now = env_mono(l->env);
    ASSERT(now >= l->now);
    l->now = now;
    l->wall = env_wall(l->env);
    loop_run_deferred(l);
    fetch_posted(l);
    run_tasks(&l->incoming, LOOP_TASKS_PER_TURN, loop_run_deferred, l);
    run_timers(l);
    l->ops->dispatch(l);
    return true;
}

int loop_run(struct loop *l) {
    while (!atomic_load(&l->stop) && turn(l))
        ;
    atomic_store(&l->stop, false);
    return 0;
}

static void ignore_timer(struct timer *t) {}

bool loop_run_until(struct loop *l, bool (*done)(void *), void *ctx, int64_t ns) {
    struct timer limit = {.fire = ignore_timer};
    bool is_done = done(ctx);
    timer_start(l, &limit, ns);
    while (!is_done && timer_on(&limit) && !atomic_load(&l->stop) && turn(l))
        is_done = done(ctx);
    timer_stop(l, &limit);
    atomic_store(&l->stop, false);
    return is_done;
}

static void wake(struct loop *l) {
    if (!l->awake) {
        l->awake = true;
        l->ops->wake(l);
    }
}

void loop_stop(struct loop *l) {
    atomic_store(&l->stop, true);
    pthread_mutex_lock(&l->lock);
    wake(l);
    pthread_mutex_unlock(&l->lock);
}

void loop_defer(struct loop *l, struct task *t) {
    ASSERT(t->run);
    if (t->queued)
        return;
    t->queued = true;
    list_append(&l->deferred, &t->node);
}

void loop_post(struct loop *l, struct task *t) {
    ASSERT(t->run);
    pthread_mutex_lock(&l->lock);
    ASSERT(!t->queued);
    t->queued = true;
    list_append(&l->posted, &t->node);
    wake(l);
    pthread_mutex_unlock(&l->lock);
}

/* The lock is for a task that was posted and not yet fetched. */
void loop_cancel(struct loop *l, struct task *t) {
    pthread_mutex_lock(&l->lock);
    if (t->queued) {
        t->queued = false;
        list_remove(&t->node);
    }
    pthread_mutex_unlock(&l->lock);
}

void timer_start(struct loop *l, struct timer *t, int64_t after_ns) {
    ASSERT(t->fire);
    int64_t at;
    heap_remove(&l->timers, &t->node);
    if (__builtin_add_overflow(l->now, MAX(after_ns, INT64_C(0)), &at))
        at = INT64_MAX;
    heap_push(&l->timers, &t->node, at);
}

void timer_stop(struct loop *l, struct timer *t) {
    heap_remove(&l->timers, &t->node);
}

int io_add(struct loop *l, struct io *io) {
    ASSERT(io->ready && io->fd >= 0);
    io->loop = l;
    io->muted = false;
    return l->ops->io_add(l, io);
}

void io_want(struct io *io, unsigned want) {
    io->loop->ops->io_want(io, want);
}

void io_remove(struct io *io) {
    if (!io->loop)
        return;
    io->loop->ops->io_remove(io);
    io->loop = NULL;
}

static bool tasks_ok(const struct list *tasks) {
    const struct list *n = tasks;
    do {
        if (n->next->prev != n)
            return false;
        n = n->next;
        if (n != tasks && !container_of(n, const struct task, node)->queued)
            return false;
    } while (n != tasks);
    return true;
}

bool loop_ok(struct loop *l) {
    pthread_mutex_lock(&l->lock);
    bool ok = tasks_ok(&l->posted);
    pthread_mutex_unlock(&l->lock);
    return ok && tasks_ok(&l->deferred) && tasks_ok(&l->incoming) && heap_ok(&l->timers) &&
           l->now <= env_mono(l->env);
}
