// SPDX-License-Identifier: Apache-2.0
/* Binary heap of intrusive nodes, smallest (at, seq) first: timers and delayed queues. Equal times
 * keep the order of insertion. */
#pragma once

#include "base/base.h"

struct heap_node {
    int64_t at;
    uint64_t seq;
    uint32_t pos; /* index + 1; 0 = in no heap */
};

struct heap {
    struct heap_node **v;
    uint32_t n, cap;
    uint64_t seq;
};

void heap_done(struct heap *h);
void heap_push(struct heap *h, struct heap_node *n, int64_t at);
struct heap_node *heap_min(const struct heap *h);      /* or NULL */
void heap_remove(struct heap *h, struct heap_node *n); /* harmless when in none */
bool heap_ok(const struct heap *h); /* for tests: the order holds, positions are right */
static inline bool heap_has(const struct heap_node *n) {
    return n->pos != 0;
}
