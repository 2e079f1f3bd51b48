// SPDX-License-Identifier: Apache-2.0
#include "api/maps.h"

#include "base/arena.h"

void entry_put(struct arena *a, str_map *m, str key, str value) {
    uint32_t low = 0, high = m->n;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (str_cmp(m->v[mid].key, key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    bool there = low < m->n && str_eq(m->v[low].key, key);
    if (there && str_eq(m->v[low].value, value))
        return;
    struct str_pair *v = arena_array(a, m->n + 1, sizeof(*v));
    if (low)
        memcpy(v, m->v, low * sizeof(*v));
    v[low] = (struct str_pair){key, value};
    uint32_t rest = low + there;
    if (m->n > rest)
        memcpy(v + low + 1, m->v + rest, (m->n - rest) * sizeof(*v));
    *m = (str_map){v, m->n + !there};
}

str_map maps_union(struct arena *a, const str_map *x, const str_map *y) {
    if (!x->n || !y->n)
        return x->n ? *x : *y;
    struct str_pair *v = arena_array(a, (size_t)x->n + y->n, sizeof(*v));
    uint32_t n = 0, i = 0, k = 0;
    while (i < x->n || k < y->n) {
        int order = i == x->n ? 1 : k == y->n ? -1 : str_cmp(x->v[i].key, y->v[k].key);
        v[n++] = order <= 0 ? x->v[i] : y->v[k];
        i += order <= 0;
        k += order >= 0;
    }
    return (str_map){v, n};
}

bool maps_same(const str_map *x, const str_map *y) {
    bool same = x->n == y->n;
    for (uint32_t i = 0; same && i < x->n; i++)
        same = str_eq(x->v[i].key, y->v[i].key) && str_eq(x->v[i].value, y->v[i].value);
    return same;
}

size_t map_bytes(const str_map *m) {
    size_t n = 0;
    for (uint32_t i = 0; i < m->n; i++)
        n += m->v[i].key.n + m->v[i].value.n;
    return n;
}
