// SPDX-License-Identifier: Apache-2.0
/* The events of one resource, oldest first: what watches read and what old revisions are rebuilt
 * from. Bounded by the bytes that only it holds (old values) and by time. Every event gets a
 * sequence number, which is a watcher's position. */
#pragma once

#include "store/store.h"

struct event_log {
    struct store_event *ring; /* event number s is ring[s & (cap - 1)] */
    uint32_t cap;
    uint64_t first, end; /* sequence numbers: [first, end) is there */
    size_t bytes, max_bytes;
    uint64_t floor; /* every event above this revision is there */
};

void event_log_init(struct event_log *l, uint64_t floor, size_t max_bytes);
void event_log_done(struct event_log *l);
/* Takes over both references. */
const struct store_event *event_log_add(struct event_log *l, const struct store_event *ev);
static inline const struct store_event *event_log_at(const struct event_log *l, uint64_t seq) {
    return &l->ring[seq & (l->cap - 1)];
}
/* Number of the first event above this revision; `end` when there is none. */
uint64_t event_log_find(const struct event_log *l, uint64_t revision);
/* Lets go what is too much or too old. */
void event_log_trim(struct event_log *l, int64_t now);
static inline bool event_log_empty(const struct event_log *l) {
    return l->first == l->end;
}
