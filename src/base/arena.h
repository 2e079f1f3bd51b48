// SPDX-License-Identifier: Apache-2.0
/* arena: memory of one request, reconcile or object, given back as a whole. One thread.
 *
 * Allocation never fails and never returns NULL (the process ends when the machine has no memory
 * left). What bounds an arena against outsiders is its limit: once more than `limit` bytes are
 * taken, arena_over() is true, and every loop whose length an outsider decides asks it and gives
 * up with -E2BIG (413 for a body, 507 elsewhere). */
#pragma once

#include "base/base.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunk; /* newest first */
    char *at, *end;            /* free space in it */
    size_t taken;              /* bytes of all chunks */
    size_t limit;              /* 0 = none */
};

#define ARENA_CHUNK_MIN 1024
#define ARENA_CHUNK_MAX (256 * 1024)

void arena_init(struct arena *a, size_t limit);
void arena_done(struct arena *a);  /* frees all; the arena is empty and usable again */
void arena_reset(struct arena *a); /* as done, but keeps one chunk for reuse */
struct arena *arena_new(size_t limit);
struct arena *arena_free(struct arena *a);
DEFINE_CLEANUP(struct arena *, arena_free)

void *arena_alloc(struct arena *a, size_t n);                     /* 8-aligned, not cleared */
void *arena_zalloc(struct arena *a, size_t n);                    /* cleared */
void *arena_array(struct arena *a, size_t n, size_t size);        /* cleared, overflow-checked */
void *arena_grow(struct arena *a, void *p, size_t old, size_t n); /* in place where it is last */
void *arena_dup(struct arena *a, const void *p, size_t n);
static inline bool arena_over(const struct arena *a) {
    return a->limit && a->taken > a->limit;
}

#define arena_make(a, type) ((type *)arena_zalloc((a), sizeof(type)))
