// SPDX-License-Identifier: Apache-2.0
/* How Go shows decoded JSON in the texts of errors. */
#include <stdlib.h>

#include "schema/patch.h"

static int by_key(const void *x, const void *y) {
    const struct member *const *a = x, *const *b = y;
    return str_cmp((*a)->key, (*b)->key);
}

static void write_object(struct buf *b, const struct value *v) {
    const struct member **sorted = xcalloc(MAX(v->object.n, 1u), sizeof(const struct member *));
    for (uint32_t i = 0; i < v->object.n; i++)
        sorted[i] = &v->object.v[i];
    qsort(sorted, v->object.n, sizeof(*sorted), by_key);
    buf_adds(b, "map[");
    for (uint32_t i = 0; i < v->object.n && !b->over; i++) {
        if (i)
            buf_addc(b, ' ');
        buf_add(b, sorted[i]->key);
        buf_addc(b, ':');
        value_write_go(b, &sorted[i]->value);
    }
    buf_addc(b, ']');
    free(sorted);
}

void value_write_go(struct buf *b, const struct value *v) {
    switch ((enum value_tag)v->tag) {
    case VALUE_NULL:
        buf_adds(b, "<nil>");
        break;
    case VALUE_BOOL:
        buf_add(b, v->b ? STR("true") : STR("false"));
        break;
    case VALUE_INT:
        buf_add_i64(b, v->i);
        break;
    case VALUE_FLOAT:
        json_float(b, v->f);
        break;
    case VALUE_STR:
        buf_add(b, v->s);
        break;
    case VALUE_LIST:
        buf_addc(b, '[');
        for (uint32_t i = 0; i < v->list.n && !b->over; i++) {
            if (i)
                buf_addc(b, ' ');
            value_write_go(b, &v->list.v[i]);
        }
        buf_addc(b, ']');
        break;
    case VALUE_OBJECT:
        write_object(b, v);
        break;
    case VALUE_TAG_MAX:
        break;
    }
}

const char *value_json_type(const struct value *v) {
    static const char *const names[VALUE_TAG_MAX] = {
        [VALUE_NULL] = "null",     [VALUE_BOOL] = "bool",  [VALUE_INT] = "number",
        [VALUE_FLOAT] = "number",  [VALUE_STR] = "string", [VALUE_LIST] = "array",
        [VALUE_OBJECT] = "object",
    };
    return names[v->tag];
}
