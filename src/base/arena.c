// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISON 1
#endif
#endif
#ifdef ARENA_POISON
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

#define ARENA_ALIGN 8

struct arena_chunk {
    struct arena_chunk *next;
    size_t size; /* of data */
    char data[] __attribute__((aligned(ARENA_ALIGN)));
};

static size_t align_up(size_t n) {
    return (n + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
}

void arena_init(struct arena *a, size_t limit) {
    *a = (struct arena){.limit = limit};
}

static void chunk_free(struct arena_chunk *c) {
    ASAN_UNPOISON_MEMORY_REGION(c->data, c->size);
    free(c);
}

void arena_done(struct arena *a) {
    for (struct arena_chunk *c = a->chunk, *next; c; c = next) {
        next = c->next;
        chunk_free(c);
    }
    arena_init(a, a->limit);
}

void arena_reset(struct arena *a) {
    struct arena_chunk *keep = a->chunk;
    if (!keep)
        return;
    for (struct arena_chunk *c = keep->next, *next; c; c = next) {
        next = c->next;
        chunk_free(c);
    }
    keep->next = NULL;
    a->at = keep->data;
    a->end = keep->data + keep->size;
    a->taken = sizeof(*keep) + keep->size;
    ASAN_POISON_MEMORY_REGION(keep->data, keep->size);
}

struct arena *arena_new(size_t limit) {
    struct arena *a = xmalloc(sizeof(*a));
    arena_init(a, limit);
    return a;
}

struct arena *arena_free(struct arena *a) {
    if (a) {
        arena_done(a);
        free(a);
    }
    return NULL;
}

static struct arena_chunk *chunk_new(struct arena *a, size_t size) {
    struct arena_chunk *c = xmalloc(sizeof(*c) + size);
    c->size = size;
    a->taken += sizeof(*c) + size;
    ASAN_POISON_MEMORY_REGION(c->data, size);
    return c;
}

/* Chunks double as the arena grows, so that a small request costs one small chunk and a big one
 * few calls of malloc. What is large by itself gets a chunk of its own behind the newest, whose
 * free space stays in use. */
static void *alloc_slow(struct arena *a, size_t n) {
    struct arena_chunk *c;
    if (a->chunk && n > ARENA_CHUNK_MAX / 4) {
        c = chunk_new(a, n);
        c->next = a->chunk->next;
        a->chunk->next = c;
        ASAN_UNPOISON_MEMORY_REGION(c->data, n);
        return c->data;
    }
    size_t size = MIN(MAX(a->taken, (size_t)ARENA_CHUNK_MIN), (size_t)ARENA_CHUNK_MAX);
    size -= sizeof(*c);
    c = chunk_new(a, MAX(size, n));
    c->next = a->chunk;
    a->chunk = c;
    a->at = c->data + n;
    a->end = c->data + c->size;
    ASAN_UNPOISON_MEMORY_REGION(c->data, n);
    return c->data;
}

void *arena_alloc(struct arena *a, size_t n) {
    ASSERT(n < SIZE_MAX / 2);
    n = align_up(n ? n : 1);
    if ((size_t)(a->end - a->at) < n)
        return alloc_slow(a, n);
    void *p = a->at;
    a->at += n;
    ASAN_UNPOISON_MEMORY_REGION(p, n);
    return p;
}

void *arena_zalloc(struct arena *a, size_t n) {
    void *p = arena_alloc(a, n);
    memset(p, 0, n);
    return p;
}

void *arena_array(struct arena *a, size_t n, size_t size) {
    size_t total;
    ASSERT(!__builtin_mul_overflow(n, size, &total));
    return arena_zalloc(a, total);
}

void *arena_grow(struct arena *a, void *p, size_t old, size_t n) {
    ASSERT(n >= old && n < SIZE_MAX / 2);
    if (!p)
        return arena_alloc(a, n);
    size_t have = align_up(old ? old : 1), need = align_up(n ? n : 1);
    if (have == need)
        return p;
    if ((char *)p + have == a->at && (size_t)(a->end - a->at) >= need - have) {
        ASAN_UNPOISON_MEMORY_REGION(a->at, need - have);
        a->at += need - have;
        return p;
    }
    void *q = arena_alloc(a, n);
    memcpy(q, p, old);
    return q;
}

void *arena_dup(struct arena *a, const void *p, size_t n) {
    void *q = arena_alloc(a, n);
    if (n)
        memcpy(q, p, n);
    return q;
}
