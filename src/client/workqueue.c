// SPDX-License-Identifier: Apache-2.0
#include "client/workqueue.h"

#include <stdlib.h>

#include "client/metrics.h"

#define BACKOFF_BASE  (5 * NSEC_PER_MSEC)
#define BACKOFF_MAX   (1000 * NSEC_PER_SEC)
#define OVERALL_EVERY (NSEC_PER_SEC / 10)
#define OVERALL_BURST 100

/* One a key that is queued, delayed, in work, or has failed lately: client-go's three sets (queue,
 * dirty, processing) as flags of one entry. */
struct entry {
    struct list node; /* in queue->ready while queued and not processing */
    struct heap_node delay;
    bool dirty, processing;
    unsigned failures;
    int64_t added, began; /* when it became dirty, was handed out */
    char *key;
    size_t key_n;
};

struct workqueue {
    struct loop *loop;
    void (*ready_fn)(void *ctx);
    void *ctx;
    struct map entries;
    struct list ready;
    uint32_t n_ready, n_processing;
    struct heap delayed;
    struct timer timer;
    struct task wake;
    struct workqueue_metrics metrics;
    struct metrics_hook hook;
    int64_t bucket_free_at; /* when the overall bucket's next token would be used up */
};

static str entry_key(const struct entry *e) {
    return str_n(e->key, e->key_n);
}

static void wake(struct task *t) {
    struct workqueue *q = container_of(t, struct workqueue, wake);
    if (q->n_ready > 0)
        q->ready_fn(q->ctx);
}

static struct entry *entry_of(struct workqueue *q, str key) {
    struct entry *e = map_get(&q->entries, key);
    if (e)
        return e;
    e = xcalloc(1, sizeof(*e));
    list_init(&e->node);
    e->key = xstrndup(key.p, key.n);
    e->key_n = key.n;
    map_put(&q->entries, key, e);
    return e;
}

static void entry_forget_if_idle(struct workqueue *q, struct entry *e) {
    if (e->dirty || e->processing || e->failures || heap_has(&e->delay))
        return;
    map_del(&q->entries, entry_key(e));
    free(e->key);
    free(e);
}

static void make_ready(struct workqueue *q, struct entry *e) {
    list_append(&q->ready, &e->node);
    q->n_ready++;
    loop_defer(q->loop, &q->wake);
}

static void entry_add(struct workqueue *q, struct entry *e) {
    heap_remove(&q->delayed, &e->delay);
    if (e->dirty)
        return;
    e->dirty = true;
    e->added = loop_now(q->loop);
    series_add(q->metrics.adds, 1);
    series_add(q->metrics.depth, 1);
    if (!e->processing)
        make_ready(q, e);
}

static void arm(struct workqueue *q) {
    struct heap_node *min = heap_min(&q->delayed);
    if (!min)
        timer_stop(q->loop, &q->timer);
    else
        timer_start(q->loop, &q->timer, MAX(0, min->at - loop_now(q->loop)));
}

static void delays_due(struct timer *t) {
    struct workqueue *q = container_of(t, struct workqueue, timer);
    struct heap_node *min;
    while ((min = heap_min(&q->delayed)) && min->at <= loop_now(q->loop))
        entry_add(q, container_of(min, struct entry, delay));
    arm(q);
}

struct workqueue *workqueue_new(struct loop *l, void (*ready)(void *ctx), void *ctx) {
    struct workqueue *q = xcalloc(1, sizeof(*q));
    q->loop = l;
    q->ready_fn = ready;
    q->ctx = ctx;
    map_init(&q->entries, NULL);
    list_init(&q->ready);
    q->bucket_free_at = INT64_MIN / 2; /* full, however young the clock is */
    q->timer.fire = delays_due;
    q->wake.run = wake;
    return q;
}

static void refresh(struct metrics_hook *h) {
    struct workqueue *q = container_of(h, struct workqueue, hook);
    int64_t now = loop_now(q->loop), sum = 0, most = 0;
    if (q->n_processing)
        MAP_FOREACH (it, &q->entries) {
            const struct entry *e = it->value;
            int64_t ns = e->processing ? now - e->began : 0;
            sum += ns;
            most = MAX(most, ns);
        }
    series_set(q->metrics.unfinished, metrics_seconds(sum));
    series_set(q->metrics.longest, metrics_seconds(most));
}

void workqueue_measure(struct workqueue *q, const char *name) {
    q->metrics = workqueue_metrics_of(loop_env(q->loop), name);
    q->hook.refresh = refresh;
    metrics_hook_add(loop_env(q->loop)->metrics, &q->hook);
}

struct workqueue *workqueue_free(struct workqueue *q) {
    if (!q)
        return NULL;
    metrics_hook_remove(&q->hook);
    timer_stop(q->loop, &q->timer);
    loop_cancel(q->loop, &q->wake);
    heap_done(&q->delayed); /* it looks at the entries */
    MAP_FOREACH (it, &q->entries) {
        struct entry *e = it->value;
        free(e->key);
        free(e);
    }
    map_done(&q->entries);
    free(q);
    return NULL;
}

void workqueue_add(struct workqueue *q, str key) {
    entry_add(q, entry_of(q, key));
    arm(q);
}

void workqueue_add_after(struct workqueue *q, str key, int64_t ns) {
    if (ns <= 0) {
        workqueue_add(q, key);
        return;
    }
    struct entry *e = entry_of(q, key);
    int64_t at = loop_now(q->loop) + ns;
    series_add(q->metrics.retries, 1);
    if (heap_has(&e->delay)) {
        if (e->delay.at <= at)
            return;
        heap_remove(&q->delayed, &e->delay);
    }
    heap_push(&q->delayed, &e->delay, at);
    arm(q);
}

/* The overall bucket: each call uses a token; without one it waits for its turn. */
static int64_t overall_delay(struct workqueue *q) {
    int64_t now = loop_now(q->loop), full = now - OVERALL_BURST * OVERALL_EVERY;
    q->bucket_free_at = MAX(q->bucket_free_at, full) + OVERALL_EVERY;
    return MAX(0, q->bucket_free_at - now);
}

void workqueue_add_rate_limited(struct workqueue *q, str key) {
    struct entry *e = entry_of(q, key);
    int64_t backoff = BACKOFF_MAX;
    if (e->failures < 18) /* 5 ms << 18 is past the maximum */
        backoff = MIN(BACKOFF_MAX, BACKOFF_BASE << e->failures);
    e->failures++;
    int64_t turn = overall_delay(q);
    workqueue_add_after(q, key, MAX(backoff, turn));
}

void workqueue_forget(struct workqueue *q, str key) {
    struct entry *e = map_get(&q->entries, key);
    if (!e)
        return;
    e->failures = 0;
    entry_forget_if_idle(q, e);
}

unsigned workqueue_failures(const struct workqueue *q, str key) {
    const struct entry *e = map_get(&q->entries, key);
    return e ? e->failures : 0;
}

str workqueue_get(struct workqueue *q) {
    if (list_empty(&q->ready))
        return STR_NONE;
    struct entry *e = container_of(q->ready.next, struct entry, node);
    list_remove(&e->node);
    q->n_ready--;
    q->n_processing++;
    e->dirty = false;
    e->processing = true;
    e->began = loop_now(q->loop);
    series_add(q->metrics.depth, -1);
    series_observe(q->metrics.waited, metrics_seconds(e->began - e->added));
    return entry_key(e);
}

void workqueue_done(struct workqueue *q, str key) {
    struct entry *e = map_get(&q->entries, key);
    ASSERT(e && e->processing);
    e->processing = false;
    q->n_processing--;
    series_observe(q->metrics.worked, metrics_seconds(loop_now(q->loop) - e->began));
    if (e->dirty)
        make_ready(q, e);
    else
        entry_forget_if_idle(q, e);
}

uint32_t workqueue_length(const struct workqueue *q) {
    return q->n_ready;
}

bool workqueue_idle(const struct workqueue *q) {
    return q->n_ready == 0 && q->n_processing == 0 && heap_min(&q->delayed) == NULL;
}
