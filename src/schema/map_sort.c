// SPDX-License-Identifier: Apache-2.0
#include "schema/map_sort.h"

#include <stdlib.h>

/* Entries are compared where they lie, so that their addresses tell the order of equal ones. */
static int entry_cmp(const void *x, const void *y) {
    const str *const *a = x, *const *b = y;
    int c = str_cmp(**a, **b);
    return c ? c : (*a > *b) - (*a < *b);
}

uint32_t map_sort(void *v, uint32_t n, size_t stride, void (*on_drop)(void *ctx, str key),
                  void *ctx) {
    if (n < 2)
        return n;
    const str **refs = xcalloc(n, sizeof(*refs));
    for (uint32_t i = 0; i < n; i++)
        refs[i] = (const void *)((char *)v + i * stride);
    qsort(refs, n, sizeof(*refs), entry_cmp);
    char *sorted = xcalloc(n, stride), *at = sorted;
    for (uint32_t i = 0; i < n; i++) {
        if (i + 1 < n && str_eq(*refs[i], *refs[i + 1])) {
            if (on_drop)
                on_drop(ctx, *refs[i]);
            continue;
        }
        memcpy(at, refs[i], stride);
        at += stride;
    }
    memcpy(v, sorted, (size_t)(at - sorted));
    uint32_t left = (uint32_t)((size_t)(at - sorted) / stride);
    free(sorted);
    free(refs);
    return left;
}
