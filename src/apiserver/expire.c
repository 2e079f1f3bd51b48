// SPDX-License-Identifier: Apache-2.0
/* etcd gives events a lease; here a round every few minutes looks for old ones, as long as there
 * are any. An event's age is that of its last occurrence: every repetition writes it anew. */
#include "apiserver/expire.h"

#include <stdlib.h>

struct deletion {
    struct list node;
    struct expiry *expiry;
    struct store_write sw;
    struct object *object;
};

static void drop(struct expiry *x) {
    if (x->stopped && list_empty(&x->pending))
        free(x);
}

static void on_deleted(struct store_write *sw, int e, uint64_t revision, struct object *current) {
    struct deletion *d = container_of(sw, struct deletion, sw);
    struct expiry *x = d->expiry;
    object_unref(d->object);
    list_remove(&d->node);
    free(d);
    drop(x);
}

static void propose(struct expiry *x, const struct object *o) {
    struct object *mine = store_get(x->store, o->resource, o->key);
    if (!mine || mine->revision != o->revision)
        return;
    struct deletion *d = xcalloc(1, sizeof(*d));
    d->expiry = x;
    d->object = object_ref(mine);
    d->sw = (struct store_write){
        .resource = o->resource, .key = mine->key, .expected = mine->revision, .done = on_deleted};
    list_append(&x->pending, &d->node);
    store_propose(x->store, &d->sw);
}

/* Seconds since 1970 of the last occurrence. */
static int64_t last_seen(struct arena *a, const struct object *o) {
    const Event *e = object_decode(a, o);
    int64_t at = e->metadata.creation_timestamp.sec;
    at = MAX(at, e->last_timestamp.sec);
    at = MAX(at, e->event_time.sec);
    if (e->series)
        at = MAX(at, e->series->last_observed_time.sec);
    return at;
}

/* True when events are left. */
static bool round_of(struct expiry *x) {
    const struct api_resource *res = RESOURCE_OF(core_v1_events);
    struct store_snapshot *sn = NULL;
    struct arena a;
    arena_init(&a, 0);
    if (store_snapshot(x->store, res, 0, &sn) < 0)
        return false;
    int64_t limit = (loop_wall(x->loop) - EVENT_TTL_NS) / NSEC_PER_SEC;
    str prefix = str_of(res->prefix);
    unsigned n = 0;
    bool left = false;
    const struct object *o = store_snapshot_seek(sn, prefix, prefix, false);
    for (; o && n < EXPIRE_TURN_MAX; o = store_snapshot_next(sn)) {
        left = true;
        if (last_seen(&a, o) < limit) {
            propose(x, o);
            n++;
        }
        arena_reset(&a);
    }
    store_snapshot_free(sn);
    arena_done(&a);
    return left;
}

static void wait_for_events(struct expiry *x);

static void on_timer(struct timer *t) {
    struct expiry *x = container_of(t, struct expiry, timer);
    if (round_of(x))
        timer_start(x->loop, t, EXPIRE_EVERY_NS);
    else
        wait_for_events(x);
}

static void on_event(void *ctx) {
    struct expiry *x = ctx;
    x->events = store_watch_free(x->events);
    if (!timer_on(&x->timer))
        timer_start(x->loop, &x->timer, EXPIRE_EVERY_NS);
}

static void wait_for_events(struct expiry *x) {
    struct store_watch_options o = {.resource = RESOURCE_OF(core_v1_events),
                                    .after = store_revision(x->store),
                                    .ready = on_event,
                                    .ctx = x};
    if (store_watch_new(x->store, &o, &x->events) < 0)
        timer_start(x->loop, &x->timer, EXPIRE_EVERY_NS);
}

struct expiry *expiry_new(struct loop *l, struct store *s) {
    struct expiry *x = xcalloc(1, sizeof(*x));
    x->loop = l;
    x->store = s;
    x->timer.fire = on_timer;
    list_init(&x->pending);
    if (round_of(x))
        timer_start(l, &x->timer, EXPIRE_EVERY_NS);
    else
        wait_for_events(x);
    return x;
}

void expiry_free(struct expiry *x) {
    if (!x)
        return;
    timer_stop(x->loop, &x->timer);
    x->events = store_watch_free(x->events);
    x->stopped = true;
    drop(x);
}
