// SPDX-License-Identifier: Apache-2.0
#include "store/log.h"

#include <stdlib.h>

#define RING_MIN 16

void event_log_init(struct event_log *l, uint64_t floor, size_t max_bytes) {
    *l = (struct event_log){.max_bytes = max_bytes, .floor = floor};
}

/* What would be free without this event: the new value is in the tree or in a later event. */
static size_t event_bytes(const struct store_event *ev) {
    const struct object *old = ev->type == STORE_DELETED ? ev->object : ev->previous;
    return sizeof(*ev) + (old ? object_weight(old) : 0);
}

static void drop_first(struct event_log *l) {
    const struct store_event *ev = event_log_at(l, l->first++);
    l->bytes -= event_bytes(ev);
    l->floor = ev->revision;
    object_unref(ev->object);
    object_unref(ev->previous);
}

/* Moves every event to its place in a ring of another size. */
static void resize(struct event_log *l, uint32_t cap) {
    ASSERT(l->end - l->first <= cap);
    struct store_event *ring = cap ? xcalloc(cap, sizeof(*ring)) : NULL;
    for (uint64_t s = l->first; s < l->end; s++)
        ring[s & (cap - 1)] = *event_log_at(l, s);
    free(l->ring);
    l->ring = ring;
    l->cap = cap;
}

void event_log_done(struct event_log *l) {
    while (!event_log_empty(l))
        drop_first(l);
    resize(l, 0);
}

const struct store_event *event_log_add(struct event_log *l, const struct store_event *ev) {
    ASSERT(ev->revision > l->floor);
    if (l->end - l->first == l->cap)
        resize(l, l->cap ? l->cap * 2 : RING_MIN);
    struct store_event *at = &l->ring[l->end++ & (l->cap - 1)];
    *at = *ev;
    l->bytes += event_bytes(at);
    return at;
}

uint64_t event_log_find(const struct event_log *l, uint64_t revision) {
    uint64_t lo = l->first, hi = l->end;
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        if (event_log_at(l, mid)->revision <= revision)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Between the least and the greatest age events stay as long as the log is less than half full. */
static bool is_spent(const struct event_log *l, int64_t now) {
    int64_t age = now - event_log_at(l, l->first)->mono;
    return l->bytes > l->max_bytes || age > STORE_LOG_MAX_NS ||
           (age > STORE_LOG_MIN_NS && l->bytes > l->max_bytes / 2);
}

void event_log_trim(struct event_log *l, int64_t now) {
    while (!event_log_empty(l) && is_spent(l, now))
        drop_first(l);
    uint32_t n = (uint32_t)(l->end - l->first), cap = l->cap;
    if (!n)
        cap = 0;
    while (cap > RING_MIN && n < cap / 4)
        cap /= 2;
    if (cap != l->cap)
        resize(l, cap);
}
