// SPDX-License-Identifier: Apache-2.0
/* Requests that ask for a revision which this server has not reached yet. They are few, so they
 * lie in one list that each publication looks through. */
#include <stdlib.h>

#include "store/parts.h"

struct store_wait {
    struct list node;
    struct store *store;
    uint64_t revision;
    struct timer timer;
    struct task reached;
    void (*done)(void *ctx, int r);
    void *ctx;
};

static void finish(struct store_wait *w, int r) {
    void (*done)(void *, int) = w->done;
    void *ctx = w->ctx;
    store_wait_cancel(w);
    done(ctx, r);
}

static void on_timeout(struct timer *t) {
    finish(container_of(t, struct store_wait, timer), -ETIMEDOUT);
}

static void on_reached(struct task *t) {
    finish(container_of(t, struct store_wait, reached), 0);
}

struct store_wait *store_wait_revision(struct store *s, uint64_t revision, int64_t timeout_ns,
                                       void (*done)(void *ctx, int r), void *ctx) {
    struct store_wait *w = xcalloc(1, sizeof(*w));
    w->store = s;
    w->revision = revision;
    w->done = done;
    w->ctx = ctx;
    w->timer.fire = on_timeout;
    w->reached.run = on_reached;
    list_append(&s->waits, &w->node);
    if (revision <= s->published)
        loop_defer(s->loop, &w->reached);
    else
        timer_start(s->loop, &w->timer, timeout_ns);
    return w;
}

void store_wait_cancel(struct store_wait *w) {
    if (!w)
        return;
    timer_stop(w->store->loop, &w->timer);
    loop_cancel(w->store->loop, &w->reached);
    list_remove(&w->node);
    free(w);
}

void waits_wake(struct store *s) {
    LIST_FOREACH (n, &s->waits) {
        struct store_wait *w = container_of(n, struct store_wait, node);
        if (w->revision > s->published)
            continue;
        timer_stop(s->loop, &w->timer);
        loop_defer(s->loop, &w->reached);
    }
}

void waits_done(struct store *s) {
    while (!list_empty(&s->waits))
        finish(container_of(s->waits.next, struct store_wait, node), -ECANCELED);
}
