// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"
#include "schema/json.h"

bool strings_have(const str_list *l, str s) {
    for (uint32_t i = 0; i < l->n; i++)
        if (str_eq(l->v[i], s))
            return true;
    return false;
}

bool strings_same(const str_list *x, const str_list *y) {
    bool same = x->n == y->n;
    for (uint32_t i = 0; same && i < x->n; i++)
        same = str_eq(x->v[i], y->v[i]);
    return same;
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
