// SPDX-License-Identifier: Apache-2.0
#include "base/vec.h"

void vec_grow_(void **v, uint32_t *cap, uint32_t n, size_t size) {
    uint32_t grown = *cap < 4 ? 4 : *cap * 2;
    ASSERT(n && grown > *cap);
    grown = MAX(grown, n);
    size_t bytes;
    ASSERT(!__builtin_mul_overflow((size_t)grown, size, &bytes));
    *v = xrealloc(*v, bytes);
    *cap = grown;
}

/* Full at 0, 4, 8, 16, ...: the powers of two from 4 on are where a doubling list has no room. */
static bool list_full(uint32_t n) {
    return n == 0 || (n >= 4 && (n & (n - 1)) == 0);
}

void *list_push_(struct arena *a, void **v, uint32_t *n, size_t size) {
    if (list_full(*n)) {
        size_t cap = *n < 4 ? 4 : (size_t)*n * 2;
        ASSERT(cap <= UINT32_MAX);
        *v = arena_grow(a, *n ? *v : NULL, *n * size, cap * size);
    }
    void *at = (char *)*v + *n * size;
    memset(at, 0, size);
    ++*n;
    return at;
}
