// SPDX-License-Identifier: Apache-2.0
#include "scheduler/queue.h"

#include <stdlib.h>

enum where { ACTIVE, BACKOFF, UNSCHEDULABLE };

struct waiting {
    struct pod_info *pod;
    enum where where;
    unsigned attempts, events; /* events since the attempt began are not lost: see `moved` */
    uint64_t seq;              /* arrival */
    int64_t backoff_until;
    struct heap_node timed; /* in q->timed: end of back-off or of patience */
    uint32_t pos;           /* in q->active, from 1 */
};

/* Active pods are a heap of their own order; everything timed shares one timer. */
struct sched_queue {
    struct loop *loop;
    void (*ready)(void *ctx);
    void *ctx;
    struct map by_uid;
    struct waiting **active;
    uint32_t n_active, cap_active;
    uint32_t n_unschedulable; /* of those in timed */
    uint64_t seq;
    struct heap timed;
    struct timer timer;
    struct task wake;
    struct metric *incoming;
};

/* ---- metrics ---- */

/* Why a pod comes to one of the three, in upstream's words. */
enum why { ADDED, UPDATED, FAILED, BACKED_OFF, OUT_OF_PATIENCE };
static const char *const why_names[] = {[ADDED] = "UnschedulablePodAdd",
                                        [UPDATED] = "UnschedulablePodUpdate",
                                        [FAILED] = "ScheduleAttemptFailure",
                                        [BACKED_OFF] = "BackoffComplete",
                                        [OUT_OF_PATIENCE] = "UnschedulableTimeout"};
static const char *const where_names[] = {
    [ACTIVE] = "active", [BACKOFF] = "backoff", [UNSCHEDULABLE] = "unschedulable"};

static const char *event_name(unsigned events) {
    static const struct {
        unsigned event;
        const char *name;
    } names[] = {{EVENT_NODE_ADDED, "NodeAdd"},
                 {EVENT_NODE_ALLOCATABLE, "NodeUpdateNodeAllocatable"},
                 {EVENT_NODE_LABELS, "NodeUpdateNodeLabel"},
                 {EVENT_NODE_TAINTS, "NodeUpdateNodeTaint"},
                 {EVENT_POD_GONE, "AssignedPodDelete"},
                 {EVENT_POD_BOUND, "AssignedPodAdd"}};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (events & names[i].event)
            return names[i].name;
    return why_names[UPDATED];
}

static void count_incoming(struct sched_queue *q, const struct waiting *w, const char *event) {
    const str values[] = {str_of(where_names[w->where]), str_of(event)};
    if (q->incoming)
        series_add(metric_series(q->incoming, values), 1);
}

void sched_queue_measure(struct sched_queue *q, struct metrics *m) {
    static const char *const labels[] = {"queue", "event", NULL};
    q->incoming = metric_counter(m, "scheduler_queue_incoming_pods_total",
                                 "[STABLE] Pods that came to a queue, by what made them.", labels);
}

/* ---- the active heap ---- */

static bool before(const struct waiting *a, const struct waiting *b) {
    return a->pod->priority != b->pod->priority ? a->pod->priority > b->pod->priority
                                                : a->seq < b->seq;
}

static void place(struct sched_queue *q, uint32_t i, struct waiting *w) {
    q->active[i] = w;
    w->pos = i + 1;
}

static void sift(struct sched_queue *q, uint32_t i) {
    struct waiting *w = q->active[i];
    while (i > 0 && before(w, q->active[(i - 1) / 2])) {
        place(q, i, q->active[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    for (;;) {
        uint32_t c = 2 * i + 1;
        if (c + 1 < q->n_active && before(q->active[c + 1], q->active[c]))
            c++;
        if (c >= q->n_active || !before(q->active[c], w))
            break;
        place(q, i, q->active[c]);
        i = c;
    }
    place(q, i, w);
}

static void active_add(struct sched_queue *q, struct waiting *w) {
    if (q->n_active == q->cap_active) {
        q->cap_active = MAX(64u, q->cap_active * 2);
        q->active = xrealloc(q->active, q->cap_active * sizeof(*q->active));
    }
    q->active[q->n_active++] = w;
    w->where = ACTIVE;
    sift(q, q->n_active - 1);
    loop_defer(q->loop, &q->wake);
}

static void active_remove(struct sched_queue *q, struct waiting *w) {
    uint32_t i = w->pos - 1;
    struct waiting *last = q->active[--q->n_active];
    w->pos = 0;
    if (last == w)
        return;
    q->active[i] = last;
    last->pos = i + 1;
    sift(q, i);
}

/* ---- time ---- */

static void arm(struct sched_queue *q) {
    struct heap_node *min = heap_min(&q->timed);
    if (min)
        timer_start(q->loop, &q->timer, MAX(0, min->at - loop_now(q->loop)));
    else
        timer_stop(q->loop, &q->timer);
}

/* One that is new, or has just left. */
static void wait_until(struct sched_queue *q, struct waiting *w, enum where where, int64_t at) {
    w->where = where;
    q->n_unschedulable += where == UNSCHEDULABLE;
    heap_push(&q->timed, &w->timed, at);
    arm(q);
}

static void leave(struct sched_queue *q, struct waiting *w) {
    if (w->where == ACTIVE && w->pos)
        active_remove(q, w);
    if (heap_has(&w->timed))
        q->n_unschedulable -= w->where == UNSCHEDULABLE;
    heap_remove(&q->timed, &w->timed);
}

/* To the active ones, or to back-off while that is not over. */
static void wake_up(struct sched_queue *q, struct waiting *w, const char *event) {
    leave(q, w);
    if (w->backoff_until > loop_now(q->loop))
        wait_until(q, w, BACKOFF, w->backoff_until);
    else
        active_add(q, w);
    count_incoming(q, w, event);
}

static void on_timer(struct timer *t) {
    struct sched_queue *q = container_of(t, struct sched_queue, timer);
    struct heap_node *min;
    while ((min = heap_min(&q->timed)) && min->at <= loop_now(q->loop)) {
        struct waiting *w = container_of(min, struct waiting, timed);
        wake_up(q, w, why_names[w->where == BACKOFF ? BACKED_OFF : OUT_OF_PATIENCE]);
    }
    arm(q);
}

static void on_wake(struct task *t) {
    struct sched_queue *q = container_of(t, struct sched_queue, wake);
    if (q->n_active)
        q->ready(q->ctx);
}

/* ---- the queue ---- */

struct sched_queue *sched_queue_new(struct loop *l, void (*ready)(void *ctx), void *ctx) {
    struct sched_queue *q = xcalloc(1, sizeof(*q));
    q->loop = l;
    q->ready = ready;
    q->ctx = ctx;
    map_init(&q->by_uid, NULL);
    q->timer.fire = on_timer;
    q->wake.run = on_wake;
    return q;
}

static void waiting_free(struct sched_queue *q, struct waiting *w) {
    leave(q, w);
    map_del(&q->by_uid, pod_of(w->pod)->metadata.uid);
    pod_info_free(w->pod);
    free(w);
}

struct sched_queue *sched_queue_free(struct sched_queue *q) {
    if (!q)
        return NULL;
    timer_stop(q->loop, &q->timer);
    loop_cancel(q->loop, &q->wake);
    MAP_FOREACH (it, &q->by_uid)
        waiting_free(q, it->value);
    map_done(&q->by_uid);
    heap_done(&q->timed);
    free(q->active);
    free(q);
    return NULL;
}

static struct waiting *waiting_new(struct sched_queue *q, struct pod_info *p) {
    struct waiting *w = xcalloc(1, sizeof(*w));
    w->pod = p;
    w->seq = ++q->seq;
    map_put(&q->by_uid, pod_of(p)->metadata.uid, w);
    return w;
}

void sched_queue_put(struct sched_queue *q, struct pod_info *p) {
    struct waiting *w = map_get(&q->by_uid, pod_of(p)->metadata.uid);
    if (!w) {
        p->queued = loop_now(q->loop);
        w = waiting_new(q, p);
        active_add(q, w);
        count_incoming(q, w, why_names[ADDED]);
        return;
    }
    p->queued = w->pod->queued;
    bool was_active = w->where == ACTIVE;
    if (was_active)
        active_remove(q, w);
    pod_info_free(w->pod);
    w->pod = p;
    if (was_active)
        active_add(q, w);
    else if (w->where == UNSCHEDULABLE && w->events & EVENT_SELF)
        wake_up(q, w, why_names[UPDATED]);
}

void sched_queue_drop(struct sched_queue *q, str uid) {
    struct waiting *w = map_get(&q->by_uid, uid);
    if (w)
        waiting_free(q, w);
}

struct pod_info *sched_queue_pop(struct sched_queue *q, unsigned *ret_attempts) {
    if (q->n_active == 0)
        return NULL;
    struct waiting *w = q->active[0];
    struct pod_info *p = w->pod;
    *ret_attempts = w->attempts + 1;
    active_remove(q, w);
    map_del(&q->by_uid, pod_of(p)->metadata.uid);
    free(w);
    return p;
}

void sched_queue_return(struct sched_queue *q, struct pod_info *p, unsigned attempts,
                        unsigned events) {
    struct waiting *w = waiting_new(q, p);
    int64_t now = loop_now(q->loop), backoff = QUEUE_BACKOFF_MIN;
    for (unsigned i = 1; i < attempts && backoff < QUEUE_BACKOFF_MAX; i++)
        backoff *= 2;
    w->attempts = attempts;
    w->events = events;
    w->backoff_until = now + MIN(backoff, QUEUE_BACKOFF_MAX);
    if (events)
        wait_until(q, w, UNSCHEDULABLE, now + QUEUE_PATIENCE);
    else
        wait_until(q, w, BACKOFF, w->backoff_until);
    count_incoming(q, w, why_names[FAILED]);
}

void sched_queue_event(struct sched_queue *q, unsigned events) {
    MAP_FOREACH (it, &q->by_uid) {
        struct waiting *w = it->value;
        if (w->where == UNSCHEDULABLE && w->events & events)
            wake_up(q, w, event_name(w->events & events));
    }
}

struct pending_pods sched_queue_pending(const struct sched_queue *q) {
    return (struct pending_pods){.active = q->n_active,
                                 .backoff = q->timed.n - q->n_unschedulable,
                                 .unschedulable = q->n_unschedulable};
}

uint32_t sched_queue_length(const struct sched_queue *q) {
    return q->by_uid.n;
}
