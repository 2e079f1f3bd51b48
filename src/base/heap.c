// SPDX-License-Identifier: Apache-2.0
#include "base/heap.h"

#include <stdlib.h>

static bool before(const struct heap_node *a, const struct heap_node *b) {
    return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

static void put(struct heap *h, uint32_t i, struct heap_node *n) {
    h->v[i] = n;
    n->pos = i + 1;
}

static void up(struct heap *h, uint32_t i, struct heap_node *n) {
    while (i) {
        uint32_t parent = (i - 1) / 2;
        if (!before(n, h->v[parent]))
            break;
        put(h, i, h->v[parent]);
        i = parent;
    }
    put(h, i, n);
}

static void down(struct heap *h, uint32_t i, struct heap_node *n) {
    for (;;) {
        uint64_t child = 2 * (uint64_t)i + 1;
        if (child >= h->n)
            break;
        if (child + 1 < h->n && before(h->v[child + 1], h->v[child]))
            child++;
        if (!before(h->v[child], n))
            break;
        put(h, i, h->v[child]);
        i = (uint32_t)child;
    }
    put(h, i, n);
}

void heap_done(struct heap *h) {
    for (uint32_t i = 0; i < h->n; i++)
        h->v[i]->pos = 0;
    free(h->v);
    *h = (struct heap){0};
}

void heap_push(struct heap *h, struct heap_node *n, int64_t at) {
    ASSERT(!heap_has(n));
    if (h->n == h->cap) {
        ASSERT(h->cap < UINT32_MAX / 4);
        h->cap = h->cap ? h->cap * 2 : 16;
        h->v = xrealloc(h->v, h->cap * sizeof(*h->v));
    }
    n->at = at;
    n->seq = h->seq++;
    up(h, h->n++, n);
}

struct heap_node *heap_min(const struct heap *h) {
    return h->n ? h->v[0] : NULL;
}

void heap_remove(struct heap *h, struct heap_node *n) {
    if (!heap_has(n))
        return;
    uint32_t i = n->pos - 1;
    ASSERT(i < h->n && h->v[i] == n);
    n->pos = 0;
    struct heap_node *moved = h->v[--h->n];
    if (moved == n)
        return;
    if (i && before(moved, h->v[(i - 1) / 2]))
        up(h, i, moved);
    else
        down(h, i, moved);
}

bool heap_ok(const struct heap *h) {
    for (uint32_t i = 0; i < h->n; i++) {
        if (h->v[i]->pos != i + 1)
            return false;
        if (i && before(h->v[i], h->v[(i - 1) / 2]))
            return false;
    }
    return h->n <= h->cap;
}
