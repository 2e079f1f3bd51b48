// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "api/kinds/kinds.h"
#include "schema/json.h"

void entry_put(struct arena *a, str_map *m, str key, str value) {
    uint32_t at = 0;
    while (at < m->n && str_cmp(m->v[at].key, key) < 0)
        at++;
    bool there = at < m->n && str_eq(m->v[at].key, key);
    if (there && str_eq(m->v[at].value, value))
        return;
    struct str_pair *v = arena_array(a, m->n + 1, sizeof(*v));
    if (at)
        memcpy(v, m->v, at * sizeof(*v));
    v[at] = (struct str_pair){key, value};
    uint32_t rest = at + there;
    if (m->n > rest)
        memcpy(v + at + 1, m->v + rest, (m->n - rest) * sizeof(*v));
    *m = (str_map){v, m->n + !there};
}

bool strings_have(const str_list *l, str s) {
    for (uint32_t i = 0; i < l->n; i++)
        if (str_eq(l->v[i], s))
            return true;
    return false;
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

int64_t name_index_first(const struct name_index *x, str name) {
    uint32_t low = 0, high = x->n;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (str_cmp(x->v[mid].name, name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low < x->n && str_eq(x->v[low].name, name) ? (int64_t)x->v[low].at : -1;
}

bool list_too_long(struct field_errors *fe, const struct field_path *p, uint32_t n) {
    if (n > LIST_COMPARED_MAX)
        field_too_many(fe, p, n, LIST_COMPARED_MAX);
    return n > LIST_COMPARED_MAX;
}

str strings_json(struct arena *a, const str_list *l) {
    struct buf b;
    buf_init(&b, 0);
    buf_addc(&b, '[');
    for (uint32_t i = 0; i < l->n; i++) {
        if (i)
            buf_addc(&b, ',');
        json_quote(&b, l->v[i]);
    }
    buf_addc(&b, ']');
    str s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

str opt_text(struct arena *a, str s) {
    struct buf b;
    if (!s.p)
        return STR("null");
    buf_init(&b, 0);
    json_quote(&b, s);
    str text = str_dup(a, buf_str(&b));
    buf_done(&b);
    return text;
}

str map_json(struct arena *a, const str_map *m) {
    struct buf b;
    buf_init(&b, 0);
    if (!m->n)
        buf_adds(&b, "null");
    for (uint32_t i = 0; i < m->n; i++) {
        buf_addc(&b, i ? ',' : '{');
        json_quote(&b, m->v[i].key);
        buf_addc(&b, ':');
        json_quote(&b, m->v[i].value);
    }
    if (m->n)
        buf_addc(&b, '}');
    str s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
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
