// SPDX-License-Identifier: Apache-2.0
#include "schema/value.h"

#include "schema/json.h"

static void write_list(struct buf *b, const struct value *v) {
    buf_addc(b, '[');
    for (uint32_t i = 0; i < v->list.n && !b->over; i++) {
        if (i)
            buf_addc(b, ',');
        value_write(b, &v->list.v[i]);
    }
    buf_addc(b, ']');
}

static void write_object(struct buf *b, const struct value *v) {
    buf_addc(b, '{');
    for (uint32_t i = 0; i < v->object.n && !b->over; i++) {
        if (i)
            buf_addc(b, ',');
        json_quote(b, v->object.v[i].key);
        buf_addc(b, ':');
        value_write(b, &v->object.v[i].value);
    }
    buf_addc(b, '}');
}

void value_write(struct buf *b, const struct value *v) {
    switch ((enum value_tag)v->tag) {
    case VALUE_NULL:
        buf_adds(b, "null");
        return;
    case VALUE_BOOL:
        buf_add(b, v->b ? STR("true") : STR("false"));
        return;
    case VALUE_INT:
        buf_add_i64(b, v->i);
        return;
    case VALUE_FLOAT:
        json_float(b, v->f);
        return;
    case VALUE_STR:
        json_quote(b, v->s);
        return;
    case VALUE_LIST:
        write_list(b, v);
        return;
    case VALUE_OBJECT:
        write_object(b, v);
        return;
    case VALUE_TAG_MAX:
        break;
    }
    ASSERT(!"value without a tag");
}
