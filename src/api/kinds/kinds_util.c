// SPDX-License-Identifier: Apache-2.0
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
