// SPDX-License-Identifier: Apache-2.0
/* Finding the partner of a member or item in another container. Outsiders size both, so neither is
 * searched from end to end more than once; the common case, equal order, costs one comparison. */
#include <stdlib.h>

#include "schema/field_paths.h"

#define INDEX_SMALL 16 /* members up to which looking at each beats sorting */

static int ref_cmp(const void *x, const void *y) {
    const struct member *const *m = x, *const *n = y;
    return str_cmp((*m)->key, (*n)->key);
}

struct member_index member_index(struct arena *a, const struct value *object) {
    struct member_index x = {.object = object};
    if (!object || object->tag != VALUE_OBJECT)
        return (struct member_index){0};
    if (object->object.n <= INDEX_SMALL)
        return x;
    x.sorted = arena_array(a, object->object.n, sizeof(*x.sorted));
    for (uint32_t i = 0; i < object->object.n; i++)
        x.sorted[i] = &object->object.v[i];
    qsort(x.sorted, object->object.n, sizeof(*x.sorted), ref_cmp);
    return x;
}

const struct value *member_find(const struct member_index *x, str key, uint32_t hint) {
    if (!x->object)
        return NULL;
    uint32_t n = x->object->object.n, from = 0, to = n;
    if (hint < n && str_eq(x->object->object.v[hint].key, key))
        return &x->object->object.v[hint].value;
    if (!x->sorted)
        return value_get(x->object, key);
    while (from < to) {
        uint32_t mid = from + (to - from) / 2;
        int c = str_cmp(x->sorted[mid]->key, key);
        if (c == 0)
            return &x->sorted[mid]->value;
        if (c < 0)
            from = mid + 1;
        else
            to = mid;
    }
    return NULL;
}

static int item_cmp(const void *x, const void *y) {
    const struct item *i = x, *k = y;
    int c = element_cmp(&i->at, &k->at);
    return c ? c : (i->place > k->place) - (i->place < k->place);
}

struct item_index item_index(struct arena *a, struct field_schema list, const struct value *items) {
    struct item_index x = {0};
    uint32_t n = items && items->tag == VALUE_LIST ? items->list.n : 0;
    x.v = arena_array(a, n, sizeof(*x.v));
    for (uint32_t i = 0; i < n; i++) {
        x.v[x.n].place = i;
        x.n += schema_item_element(a, list, &items->list.v[i], &x.v[x.n].at, NULL) == 0;
    }
    bool sorted = true;
    for (uint32_t i = 1; i < x.n && sorted; i++)
        sorted = item_cmp(&x.v[i - 1], &x.v[i]) < 0;
    if (!sorted)
        qsort(x.v, x.n, sizeof(*x.v), item_cmp);
    return x;
}

int64_t item_find(const struct item_index *x, const struct path_element *at, uint32_t *ret_n) {
    uint32_t from = 0, to = x->n;
    while (from < to) {
        uint32_t mid = from + (to - from) / 2;
        if (element_cmp(&x->v[mid].at, at) < 0)
            from = mid + 1;
        else
            to = mid;
    }
    uint32_t n = 0;
    while (from + n < x->n && element_cmp(&x->v[from + n].at, at) == 0)
        n++;
    *ret_n = n;
    return n ? (int64_t)from : -1;
}
