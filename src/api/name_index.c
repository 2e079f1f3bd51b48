// SPDX-License-Identifier: Apache-2.0
#include "api/name_index.h"

#include <stdlib.h>

#include "base/arena.h"

str pair_key(struct arena *a, str x, str y) {
    return str_printf(a, "%zu " STR_FMT STR_FMT, x.n, STR_ARG(x), STR_ARG(y));
}

static int by_name(const void *x, const void *y) {
    const struct name_at *a = x, *b = y;
    int order = str_cmp(a->name, b->name);
    return order ? order : (a->at > b->at) - (a->at < b->at);
}

struct name_index name_index_of(struct arena *a, const str *first, uint32_t n, size_t stride) {
    struct name_index x = {arena_array(a, n + 1, sizeof(*x.v)), n};
    for (uint32_t i = 0; i < n; i++)
        x.v[i] =
            (struct name_at){*(const str *)(const void *)((const char *)first + i * stride), i};
    qsort(x.v, n, sizeof(*x.v), by_name);
    return x;
}

/* Where name stands among the sorted ones, or would; past: behind all of that name. */
static uint32_t place(const struct name_index *x, str name, bool past) {
    uint32_t low = 0, high = x->n;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (str_cmp(x->v[mid].name, name) < past)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

int64_t name_index_first(const struct name_index *x, str name) {
    uint32_t i = place(x, name, false);
    return i < x->n && str_eq(x->v[i].name, name) ? (int64_t)x->v[i].at : -1;
}

int64_t name_index_last(const struct name_index *x, str name) {
    uint32_t i = place(x, name, true);
    return i > 0 && str_eq(x->v[i - 1].name, name) ? (int64_t)x->v[i - 1].at : -1;
}

uint32_t name_index_count(const struct name_index *x, str name) {
    return place(x, name, true) - place(x, name, false);
}
