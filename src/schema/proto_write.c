// SPDX-License-Identifier: Apache-2.0
/* Struct to protobuf, bytes as upstream's generated code makes them. One walk adds up the size, a
 * second one writes from the end to the start; both follow the same rules (is_written), and the
 * writer asserts that they did. */
#include "schema/proto_rows.h"

#include "schema/proto.h"

#define FIELDS_MAX 512 /* rows of a type whose numbers do not ascend */

static size_t message_size(const struct api_type *t, const char *obj);
static void write_message(struct proto_out *o, const struct api_type *t, const char *obj);

static bool is_zero(const struct api_field *f, const char *p) {
    switch ((enum api_kind)f->kind) {
    case API_BOOL:
        return !AT(bool, p);
    case API_I32:
    case API_U32:
        return !AT(uint32_t, p);
    case API_I64:
    case API_U64:
    case API_DURATION:
    case API_F64: /* by bits: -0 is written */
        return !AT(uint64_t, p);
    case API_STR:
    case API_BYTES:
    case API_QUANTITY:
    case API_RAW:
        return !AT(str, p).n;
    case API_TIME:
    case API_MICROTIME:
        return !AT(Time, p).set;
    case API_INT_OR_STRING:
        return AT(IntOrString, p).kind == INTSTR_NONE;
    case API_STRS:
        return !AT(str_list, p).n;
    case API_MSG:
        return message_size(f->sub, p) == 0;
    case API_KIND_MAX:
        break;
    }
    ASSERT(!"kind");
}

/* ONE and OPT only. proto2 writes every value field but bytes that are nil; proto3 none that is
 * zero. */
static bool is_written(const struct api_type *t, const struct api_field *f, const char *p) {
    if (f->shape == API_OPT)
        return opt_is_set(f, p);
    if (type_is(t, TYPE_PROTO3))
        return !is_zero(f, p);
    return f->kind != API_BYTES || AT(str, p).p;
}

static uint64_t varint_of(const struct api_field *f, const char *p) {
    switch ((enum api_kind)f->kind) {
    case API_BOOL:
        return AT(bool, p);
    case API_I32:
        return (uint64_t)(int64_t)AT(int32_t, p);
    case API_U32:
        return AT(uint32_t, p);
    case API_I64:
    case API_U64:
        return AT(uint64_t, p);
    case API_F64:
    case API_STR:
    case API_BYTES:
    case API_QUANTITY:
    case API_TIME:
    case API_MICROTIME:
    case API_DURATION:
    case API_INT_OR_STRING:
    case API_RAW:
    case API_STRS:
    case API_MSG:
    case API_KIND_MAX:
        break;
    }
    ASSERT(!"no varint");
}

static str quantity_text(str q) {
    return q.n ? q : STR("0");
}

/* Bytes of a value behind its tag and, for WIRE_BYTES, its length. */
static size_t payload_size(const struct api_field *f, const char *p) {
    const IntOrString *is;
    const str_list *l;
    size_t n = 0;
    switch ((enum api_kind)f->kind) {
    case API_BOOL:
    case API_I32:
    case API_I64:
    case API_U32:
    case API_U64:
        return proto_varint_size(varint_of(f, p));
    case API_F64:
        return 8;
    case API_STR:
    case API_BYTES:
        return AT(str, p).n;
    case API_QUANTITY:
        return 1 + proto_bytes_size(quantity_text(AT(str, p)).n);
    case API_TIME:
    case API_MICROTIME:
        return AT(Time, p).set ? 2 + proto_varint_size((uint64_t)AT(Time, p).sec) +
                                     proto_varint_size((uint64_t)AT(Time, p).nsec)
                               : 0;
    case API_DURATION:
        return 1 + proto_varint_size((uint64_t)AT(Duration, p));
    case API_INT_OR_STRING:
        is = &AT(IntOrString, p);
        return 4 + proto_varint_size((uint64_t)(int64_t)is->i) + proto_bytes_size(is->s.n);
    case API_RAW:
        return AT(str, p).n ? 1 + proto_bytes_size(AT(str, p).n) : 0;
    case API_STRS:
        l = &AT(str_list, p);
        for (uint32_t i = 0; i < l->n; i++)
            n += 1 + proto_bytes_size(l->v[i].n);
        return n;
    case API_MSG:
        return message_size(f->sub, p);
    case API_KIND_MAX:
        break;
    }
    ASSERT(!"kind");
}

/* Value and length, without tag. */
static size_t value_size(const struct api_field *f, const char *p) {
    size_t n = payload_size(f, p);
    return kind_wire(f->kind) == WIRE_BYTES ? proto_bytes_size(n) : n;
}

static bool entry_has_value(const struct api_field *f, const char *p) {
    return f->kind != API_BYTES || AT(str, p).p;
}

static size_t entry_size(const struct api_field *f, const char *entry) {
    const char *value = entry + MAP_VALUE_OFFSET;
    size_t n = 1 + proto_bytes_size(AT(str, entry).n);
    return entry_has_value(f, value) ? n + 1 + value_size(f, value) : n;
}

static bool is_packed(const struct api_type *t, const struct api_field *f) {
    return type_is(t, TYPE_PROTO3) && kind_wire(f->kind) != WIRE_BYTES;
}

static size_t seq_size(const struct api_type *t, const struct api_field *f,
                       const struct api_seq *s) {
    size_t total = 0, stride = seq_stride(f), tag = proto_tag_size(f->number);
    const char *p = s->v;
    bool packed = f->shape == API_LIST && is_packed(t, f);
    for (uint32_t i = 0; i < s->n; i++, p += stride)
        total += f->shape == API_MAP ? tag + proto_bytes_size(entry_size(f, p))
                                     : (packed ? 0 : tag) + value_size(f, p);
    return packed && s->n ? tag + proto_bytes_size(total) : total;
}

/* Where the value of a ONE or OPT member lies. */
static const char *value_at(const struct api_field *f, const char *p) {
    if (f->shape != API_OPT)
        return p;
    return f->kind == API_MSG ? AT(char *, p) : p + opt_value_offset(f->kind);
}

static size_t message_size(const struct api_type *t, const char *obj) {
    size_t n = 0;
    for (unsigned i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        const char *p = obj + f->offset;
        if (!in_proto(f))
            continue;
        if (f->shape == API_LIST || f->shape == API_MAP)
            n += seq_size(t, f, &AT(struct api_seq, p));
        else if (is_written(t, f, p))
            n += proto_tag_size(f->number) + value_size(f, value_at(f, p));
    }
    return n;
}

static void put_time(struct proto_out *o, const Time *t) {
    if (!t->set)
        return;
    proto_put_varint(o, (uint64_t)t->nsec);
    proto_put_tag(o, 2, WIRE_VARINT);
    proto_put_varint(o, (uint64_t)t->sec);
    proto_put_tag(o, 1, WIRE_VARINT);
}

static void put_int_or_string(struct proto_out *o, const IntOrString *v) {
    proto_put_bytes(o, 3, v->s);
    proto_put_varint(o, (uint64_t)(int64_t)v->i);
    proto_put_tag(o, 2, WIRE_VARINT);
    proto_put_varint(o, v->kind == INTSTR_STRING);
    proto_put_tag(o, 1, WIRE_VARINT);
}

static void put_payload(struct proto_out *o, const struct api_field *f, const char *p) {
    const str_list *l;
    switch ((enum api_kind)f->kind) {
    case API_BOOL:
    case API_I32:
    case API_I64:
    case API_U32:
    case API_U64:
        proto_put_varint(o, varint_of(f, p));
        return;
    case API_F64:
        memcpy(proto_room(o, 8), p, 8);
        return;
    case API_STR:
    case API_BYTES:
        proto_put(o, AT(str, p));
        return;
    case API_QUANTITY:
        proto_put_bytes(o, 1, quantity_text(AT(str, p)));
        return;
    case API_TIME:
    case API_MICROTIME:
        put_time(o, &AT(Time, p));
        return;
    case API_DURATION:
        proto_put_varint(o, (uint64_t)AT(Duration, p));
        proto_put_tag(o, 1, WIRE_VARINT);
        return;
    case API_INT_OR_STRING:
        put_int_or_string(o, &AT(IntOrString, p));
        return;
    case API_RAW:
        if (AT(str, p).n)
            proto_put_bytes(o, 1, AT(str, p));
        return;
    case API_STRS:
        l = &AT(str_list, p);
        for (uint32_t i = l->n; i-- > 0;)
            proto_put_bytes(o, 1, l->v[i]);
        return;
    case API_MSG:
        write_message(o, f->sub, p);
        return;
    case API_KIND_MAX:
        break;
    }
    ASSERT(!"kind");
}

static void put_value(struct proto_out *o, const struct api_field *f, uint32_t number,
                      const char *p) {
    enum proto_wire wire = kind_wire(f->kind);
    const char *end = o->at;
    put_payload(o, f, p);
    if (wire == WIRE_BYTES)
        proto_put_varint(o, (uint64_t)(end - o->at));
    proto_put_tag(o, number, wire);
}

static void put_entry(struct proto_out *o, const struct api_field *f, const char *entry) {
    const char *end = o->at, *value = entry + MAP_VALUE_OFFSET;
    if (entry_has_value(f, value))
        put_value(o, f, 2, value);
    proto_put_bytes(o, 1, AT(str, entry));
    proto_put_varint(o, (uint64_t)(end - o->at));
    proto_put_tag(o, f->number, WIRE_BYTES);
}

static void put_seq(struct proto_out *o, const struct api_type *t, const struct api_field *f,
                    const struct api_seq *s) {
    size_t stride = seq_stride(f);
    const char *end = o->at;
    bool packed = f->shape == API_LIST && is_packed(t, f);
    for (uint32_t i = s->n; i-- > 0;) {
        const char *p = (const char *)s->v + i * stride;
        if (f->shape == API_MAP)
            put_entry(o, f, p);
        else if (packed)
            put_payload(o, f, p);
        else
            put_value(o, f, f->number, p);
    }
    if (packed && s->n) {
        proto_put_varint(o, (uint64_t)(end - o->at));
        proto_put_tag(o, f->number, WIRE_BYTES);
    }
}

/* Lists, maps and OPT members that write nothing; of others put_field() knows. */
static bool is_absent(const struct api_field *f, const char *p) {
    return f->shape == API_OPT ? !opt_is_set(f, p)
                               : f->shape != API_ONE && !AT(struct api_seq, p).n;
}

static void put_field(struct proto_out *o, const struct api_type *t, const struct api_field *f,
                      const char *p) {
    if (!in_proto(f))
        return;
    if (f->shape == API_LIST || f->shape == API_MAP)
        put_seq(o, t, f, &AT(struct api_seq, p));
    else if (is_written(t, f, p))
        put_value(o, f, f->number, value_at(f, p));
}

/* Fields go out by number. Types whose rows stand in another order are sorted each time, but only
 * what is there: of the large ones most fields are not. */
static void write_unordered(struct proto_out *o, const struct api_type *t, const char *obj) {
    uint16_t order[FIELDS_MAX];
    unsigned n = 0;
    ASSERT(t->n_fields <= FIELDS_MAX);
    for (unsigned i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        if (is_absent(f, obj + f->offset))
            continue;
        unsigned k = n++;
        for (; k > 0 && t->fields[order[k - 1]].number > f->number; k--)
            order[k] = order[k - 1];
        order[k] = (uint16_t)i;
    }
    while (n-- > 0)
        put_field(o, t, &t->fields[order[n]], obj + t->fields[order[n]].offset);
}

static void write_message(struct proto_out *o, const struct api_type *t, const char *obj) {
    if (type_is(t, TYPE_UNORDERED)) {
        write_unordered(o, t, obj);
        return;
    }
    for (unsigned i = t->n_fields; i-- > 0;)
        put_field(o, t, &t->fields[i], obj + t->fields[i].offset);
}

size_t proto_size(const struct api_type *t, const void *obj) {
    return message_size(t, obj);
}

void proto_write(struct buf *b, const struct api_type *t, const void *obj) {
    size_t n = message_size(t, obj);
    char *p = buf_reserve(b, n);
    if (!p)
        return;
    struct proto_out o = {p, p + n};
    write_message(&o, t, obj);
    ASSERT(o.at == p);
    b->n += n;
}
