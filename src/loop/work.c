// SPDX-License-Identifier: Apache-2.0
/* Threads are started when there is work and nobody idle to take it, so a process that never
 * submits any has none. They block all signals: those belong to loops. */
#include "loop/work.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#define WORK_THREADS_MAX 64

struct work_pool {
    struct env *env;
    int64_t delay_min, delay_max;
    pthread_mutex_t lock;
    pthread_cond_t more, less; /* work came; work went */
    struct list queue;
    unsigned queued, idle, n_threads, max_threads;
    bool closing;
    pthread_t threads[WORK_THREADS_MAX];
};

int work_pool_new(struct env *env, unsigned threads, struct work_pool **ret) {
    if (threads < 1 || threads > WORK_THREADS_MAX)
        return -EINVAL;
    struct work_pool *p = xcalloc(1, sizeof(*p));
    p->env = env;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->more, NULL);
    pthread_cond_init(&p->less, NULL);
    list_init(&p->queue);
    p->max_threads = threads;
    *ret = p;
    return 0;
}

static void run_done(struct task *t) {
    struct work *w = container_of(t, struct work, task);
    w->done(w);
}

static void run_both(struct work *w) {
    w->run(w);
    w->done(w);
}

static void on_turn(struct task *t) {
    run_both(container_of(t, struct work, task));
}

static void on_delay(struct timer *t) {
    run_both(container_of(t, struct work, timer));
}

void work_pool_delay(struct work_pool *p, int64_t min_ns, int64_t max_ns) {
    ASSERT(0 <= min_ns && min_ns <= max_ns);
    p->delay_min = min_ns;
    p->delay_max = max_ns;
}

static void submit_virtual(struct work_pool *p, struct loop *l, struct work *w) {
    if (!p->delay_max) {
        w->task.run = on_turn;
        loop_defer(l, &w->task);
        return;
    }
    uint64_t spread = (uint64_t)(p->delay_max - p->delay_min) + 1;
    w->timer.fire = on_delay;
    timer_start(l, &w->timer, p->delay_min + (int64_t)env_random_below(p->env, spread));
}

/* Under the lock; NULL when the pool closes and nothing is left. */
static struct work *take(struct work_pool *p) {
    while (list_empty(&p->queue)) {
        if (p->closing)
            return NULL;
        p->idle++;
        pthread_cond_wait(&p->more, &p->lock);
        p->idle--;
    }
    struct list *first = p->queue.next;
    list_remove(first);
    p->queued--;
    pthread_cond_signal(&p->less);
    return container_of(container_of(first, struct task, node), struct work, task);
}

static void *worker(void *arg) {
    struct work_pool *p = arg;
    pthread_mutex_lock(&p->lock);
    for (struct work *w; (w = take(p));) {
        pthread_mutex_unlock(&p->lock);
        w->run(w);
        loop_post(w->loop, &w->task);
        pthread_mutex_lock(&p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* Under the lock. A first thread that cannot be started would leave the work undone for ever. */
static void start_thread(struct work_pool *p) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&p->threads[p->n_threads], NULL, worker, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    ASSERT(r == 0 || p->n_threads > 0);
    if (r == 0)
        p->n_threads++;
}

void work_submit(struct work_pool *p, struct loop *l, struct work *w) {
    w->loop = l;
    if (loop_is_virtual(l)) {
        submit_virtual(p, l, w);
        return;
    }
    w->task.run = run_done;
    pthread_mutex_lock(&p->lock);
    ASSERT(!p->closing && !w->task.queued);
    while (p->queued >= WORK_QUEUE_MAX)
        pthread_cond_wait(&p->less, &p->lock);
    list_append(&p->queue, &w->task.node);
    p->queued++;
    if (p->idle < p->queued && p->n_threads < p->max_threads)
        start_thread(p);
    pthread_cond_signal(&p->more);
    pthread_mutex_unlock(&p->lock);
}

struct work_pool *work_pool_free(struct work_pool *p) {
    if (!p)
        return NULL;
    pthread_mutex_lock(&p->lock);
    p->closing = true;
    pthread_cond_broadcast(&p->more);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->n_threads; i++)
        pthread_join(p->threads[i], NULL);
    pthread_cond_destroy(&p->less);
    pthread_cond_destroy(&p->more);
    pthread_mutex_destroy(&p->lock);
    free(p);
    return NULL;
}
