// SPDX-License-Identifier: Apache-2.0
/* Protobuf to struct over the rows. Strings point into the input. Lists are counted before they
 * are stored (a hop over lengths is cheap), so each is allocated once; memory is asked of the arena
 * only after its limit was looked at, since two bytes of input may stand for a large struct. */
#include "schema/proto.h"

#include "schema/json_lex.h"
#include "schema/map_sort.h"
#include "schema/proto_rows.h"
#include "schema/quantity.h"

#define FIELDS_MAX 512 /* of a type that is read; see struct notes */

struct reader {
    struct arena *a;
    struct err *e;
    unsigned depth;
};

/* Kept while one message is read, a bit a field. */
struct notes {
    uint64_t roomy[FIELDS_MAX / 64]; /* list or map has room for all that is left in the message */
    uint64_t unsorted[FIELDS_MAX / 64]; /* map whose keys did not ascend */
};

static bool has_bit(const uint64_t *bits, unsigned i) {
    return bits[i / 64] >> i % 64 & 1;
}

static void set_bit(uint64_t *bits, unsigned i) {
    bits[i / 64] |= UINT64_C(1) << i % 64;
}

static int read_message(struct reader *r, const struct api_type *t, char *obj, str bytes);

static int wire_error(struct reader *r, const struct api_type *t, int error) {
    return err_set(r->e, -EINVAL,
                   error == -EBADMSG ? "unexpected EOF" : "proto: %s: illegal tag or number",
                   t->name);
}

static int too_large(struct reader *r) {
    return err_set(r->e, -E2BIG, "object needs more than %zu bytes of memory", r->a->limit);
}

static bool fits(const struct reader *r, size_t n) {
    return !r->a->limit || (r->a->taken <= r->a->limit && n <= r->a->limit - r->a->taken);
}

/* ---- messages that are one value here ---- */

/* Fields 1 to n of a small message: varints go to v[], bytes to s[]; of each field the last. */
struct small {
    uint64_t v[4];
    str s[4];
    unsigned seen; /* bit a field */
};

static int read_small(struct reader *r, str bytes, struct small *ret) {
    struct proto_in in = proto_in_of(bytes);
    *ret = (struct small){0};
    while (in.p < in.end) {
        uint32_t number;
        unsigned wire;
        int error = proto_take_tag(&in, &number, &wire);
        if (error == 0 && number < ARRAY_LEN(ret->v) && wire == WIRE_VARINT) {
            error = proto_take_varint(&in, &ret->v[number]);
            ret->seen |= 1u << number;
        } else if (error == 0 && number < ARRAY_LEN(ret->s) && wire == WIRE_BYTES) {
            error = proto_take_bytes(&in, &ret->s[number]);
            ret->seen |= 1u << number;
        } else if (error == 0) {
            error = proto_skip(&in, wire);
        }
        if (error < 0)
            return err_set(r->e, -EINVAL,
                           error == -EBADMSG ? "unexpected EOF" : "proto: illegal tag or number");
    }
    return 0;
}

static int read_quantity(struct reader *r, str bytes, Quantity *ret) {
    struct small m;
    int error = read_small(r, bytes, &m);
    if (error < 0)
        return error;
    *ret = STR("0");
    return m.seen & 2 ? quantity_canonical(r->a, m.s[1], ret, r->e) : 0;
}

static int read_time(struct reader *r, str bytes, bool micro, Time *ret) {
    struct small m;
    int error = read_small(r, bytes, &m);
    if (error < 0)
        return error;
    int32_t nsec = (int32_t)m.v[2];
    *ret = (Time){.set = bytes.n > 0, .sec = (int64_t)m.v[1]};
    if (micro && nsec >= 0 && nsec < 1000000000)
        ret->nsec = nsec / 1000 * 1000;
    if (ret->sec == TIME_ZERO_SEC && ret->nsec == 0)
        *ret = (Time){0};
    return 0;
}

static int read_int_or_string(struct reader *r, str bytes, IntOrString *ret) {
    struct small m;
    int error = read_small(r, bytes, &m);
    if (error < 0)
        return error;
    *ret = (IntOrString){.kind = m.v[1] == 1 ? INTSTR_STRING : INTSTR_INT, .i = (int32_t)m.v[2]};
    ret->s = m.seen & 8 ? m.s[3] : STR("");
    return 0;
}

/* What Raw promises, checked here: one JSON value, compact. */
static int read_raw(struct reader *r, str bytes, str *ret) {
    struct small m;
    int error = read_small(r, bytes, &m);
    if (error < 0)
        return error;
    *ret = STR("");
    if (m.s[1].n == 0)
        return 0;
    struct json_in in = {.p = m.s[1].p, .end = m.s[1].p + m.s[1].n, .a = r->a};
    if (!lex_skip(&in) || lex_peek(&in) != 0 || in.p != in.end) {
        error = json_syntax(m.s[1], r->e);
        return error < 0 ? error : err_set(r->e, -EINVAL, "invalid JSON");
    }
    *ret = in.spaced ? json_compact(r->a, m.s[1]) : m.s[1];
    return 0;
}

static int read_strs(struct reader *r, str bytes, str_list *ret) {
    struct proto_in in = proto_in_of(bytes);
    uint32_t number, n = 0;
    unsigned wire;
    int error = 0;
    while (in.p < in.end && error == 0) {
        error = proto_take_tag(&in, &number, &wire);
        if (error == 0)
            error = proto_skip(&in, wire);
        n += error == 0 && number == 1 && wire == WIRE_BYTES;
    }
    if (error < 0)
        return err_set(r->e, -EINVAL,
                       error == -EBADMSG ? "unexpected EOF" : "proto: illegal tag or number");
    *ret = (str_list){0};
    if (n == 0)
        return 0;
    if (!fits(r, n * sizeof(str)))
        return too_large(r);
    ret->v = arena_alloc(r->a, n * sizeof(str));
    for (in = proto_in_of(bytes); in.p < in.end;) {
        proto_take_tag(&in, &number, &wire);
        if (number == 1 && wire == WIRE_BYTES)
            proto_take_bytes(&in, &ret->v[ret->n++]);
        else
            proto_skip(&in, wire);
    }
    return 0;
}

/* ---- one value ---- */

static void store_varint(const struct api_field *f, uint64_t v, void *p) {
    if (f->kind == API_BOOL)
        *(bool *)p = v != 0;
    else if (f->kind == API_I32 || f->kind == API_U32)
        *(uint32_t *)p = (uint32_t)v;
    else
        *(uint64_t *)p = v;
}

static int read_bytes(struct reader *r, const struct api_field *f, str bytes, void *p) {
    struct small m;
    int error;
    switch ((enum api_kind)f->kind) {
    case API_STR:
    case API_BYTES:
        *(str *)p = bytes.n ? bytes : STR("");
        return 0;
    case API_QUANTITY:
        return read_quantity(r, bytes, p);
    case API_TIME:
    case API_MICROTIME:
        return read_time(r, bytes, f->kind == API_MICROTIME, p);
    case API_DURATION:
        error = read_small(r, bytes, &m);
        if (error == 0)
            *(Duration *)p = (int64_t)m.v[1];
        return error;
    case API_INT_OR_STRING:
        return read_int_or_string(r, bytes, p);
    case API_RAW:
        return read_raw(r, bytes, p);
    case API_STRS:
        return read_strs(r, bytes, p);
    case API_MSG:
        return read_message(r, f->sub, p, bytes);
    case API_BOOL:
    case API_I32:
    case API_I64:
    case API_U32:
    case API_U64:
    case API_F64:
    case API_KIND_MAX:
        break;
    }
    ASSERT(!"no bytes");
}

/* A value of f's kind at p, under API_ONE's layout. Its wire type is the right one. */
static int read_value(struct reader *r, const struct api_type *t, const struct api_field *f,
                      struct proto_in *in, void *p) {
    uint64_t v;
    str bytes;
    int error;
    if (kind_wire(f->kind) == WIRE_VARINT) {
        if ((error = proto_take_varint(in, &v)) == 0)
            store_varint(f, v, p);
        return error < 0 ? wire_error(r, t, error) : 0;
    }
    if (kind_wire(f->kind) == WIRE_FIXED64) {
        error = proto_take_fixed64(in, p);
        return error < 0 ? wire_error(r, t, error) : 0;
    }
    error = proto_take_bytes(in, &bytes);
    return error < 0 ? wire_error(r, t, error) : read_bytes(r, f, bytes, p);
}

static int read_single(struct reader *r, const struct api_type *t, const struct api_field *f,
                       struct proto_in *in, char *p) {
    if (f->shape == API_OPT && f->kind == API_MSG) {
        char **sub = (char **)(void *)p;
        if (!*sub && !fits(r, f->sub->size))
            return too_large(r);
        if (!*sub)
            *sub = arena_zalloc(r->a, f->sub->size);
        return read_value(r, t, f, in, *sub);
    }
    if (f->shape == API_OPT && opt_value_offset(f->kind)) {
        *(bool *)(void *)p = true;
        p += opt_value_offset(f->kind);
    }
    return read_value(r, t, f, in, p);
}

/* ---- lists and maps ---- */

/* Values in a packed field: varints end with a byte below 0x80. */
static uint32_t count_packed(const struct api_field *f, str bytes) {
    uint32_t n = 0;
    if (kind_wire(f->kind) == WIRE_FIXED64)
        return (uint32_t)(bytes.n / 8);
    for (size_t i = 0; i < bytes.n; i++)
        n += (unsigned char)bytes.p[i] < 0x80;
    return n;
}

static bool is_packed(const struct api_field *f, unsigned wire) {
    return f->shape == API_LIST && wire == WIRE_BYTES && kind_wire(f->kind) != WIRE_BYTES;
}

/* Elements of f from here (behind a tag of f): those in a row, or all in the message. */
static uint32_t count_ahead(struct proto_in in, const struct api_field *f, unsigned wire,
                            bool all) {
    uint32_t n = 0, number = f->number;
    str bytes;
    do {
        if (number == f->number && is_packed(f, wire)) {
            if (proto_take_bytes(&in, &bytes) < 0)
                break;
            n += count_packed(f, bytes);
        } else {
            n += number == f->number;
            if ((number != f->number && !all) || proto_skip(&in, wire) < 0)
                break;
        }
    } while (in.p < in.end && proto_take_tag(&in, &number, &wire) == 0);
    return n;
}

/* Room for `more` elements behind those that are there. */
static int grow(struct reader *r, struct api_seq *s, size_t stride, size_t more) {
    size_t old = s->n * stride, need = old + more * stride;
    if (need / stride > UINT32_MAX || !fits(r, need))
        return too_large(r);
    char *v = arena_alloc(r->a, need);
    if (old)
        memcpy(v, s->v, old);
    memset(v + old, 0, need - old);
    s->v = v;
    return 0;
}

/* Where a run of one list has got to. */
struct run {
    unsigned row;
    uint32_t left; /* elements it has room for */
};

/* The first run of a list is counted by itself. When the field comes once more in the same
 * message, all that is left of it is, so that no input makes the list grow a third time. */
static int make_room(struct reader *r, const struct api_field *f, struct notes *notes,
                     const struct proto_in *in, unsigned wire, struct api_seq *s, struct run *run,
                     uint32_t want) {
    if (has_bit(notes->roomy, run->row))
        return 0;
    if (run->left >= want) {
        run->left -= want;
        return 0;
    }
    bool again = s->n > 0;
    uint32_t n = count_ahead(*in, f, wire, again);
    n = MAX(n, want);
    int error = grow(r, s, seq_stride(f), n);
    if (error < 0)
        return error;
    run->left = n - want;
    if (again)
        set_bit(notes->roomy, run->row);
    return 0;
}

static int read_packed(struct reader *r, const struct api_type *t, const struct api_field *f,
                       struct proto_in *in, struct notes *notes, struct api_seq *s,
                       struct run *run) {
    str bytes;
    struct proto_in here = *in;
    int error = proto_take_bytes(in, &bytes);
    if (error < 0)
        return wire_error(r, t, error);
    uint32_t n = count_packed(f, bytes);
    if (n && (error = make_room(r, f, notes, &here, WIRE_BYTES, s, run, n)) < 0)
        return error;
    struct proto_in all = proto_in_of(bytes);
    for (; n; n--) {
        if ((error = read_value(r, t, f, &all, (char *)s->v + s->n * seq_stride(f))) < 0)
            return error;
        s->n++;
    }
    return all.p < all.end ? wire_error(r, t, -EBADMSG) : 0;
}

static int read_entry(struct reader *r, const struct api_type *t, const struct api_field *f,
                      struct proto_in *in, char *entry) {
    str bytes;
    int error = proto_take_bytes(in, &bytes);
    if (error < 0)
        return wire_error(r, t, error);
    struct proto_in m = proto_in_of(bytes);
    char *value = entry + MAP_VALUE_OFFSET;
    str *key = (str *)(void *)entry;
    *key = STR("");
    if (f->kind == API_STR || f->kind == API_BYTES)
        *(str *)(void *)value = STR("");
    while (m.p < m.end) {
        uint32_t number;
        unsigned wire;
        error = proto_take_tag(&m, &number, &wire);
        if (error == 0 && number == 1 && wire == WIRE_BYTES)
            error = proto_take_bytes(&m, key);
        else if (error == 0 && number == 2 && wire == kind_wire(f->kind)) {
            if ((error = read_value(r, t, f, &m, value)) < 0)
                return error;
        } else if (error == 0)
            error = proto_skip(&m, wire);
        if (error < 0)
            return wire_error(r, t, error);
    }
    if (key->n == 0)
        *key = STR("");
    return 0;
}

static int read_seq(struct reader *r, const struct api_type *t, struct proto_in *in, unsigned wire,
                    char *p, struct notes *notes, struct run *run) {
    const struct api_field *f = &t->fields[run->row];
    struct api_seq *s = (struct api_seq *)(void *)p;
    size_t stride = seq_stride(f);
    bool map = f->shape == API_MAP;
    if (is_packed(f, wire))
        return read_packed(r, t, f, in, notes, s, run);
    int error = make_room(r, f, notes, in, wire, s, run, 1);
    if (error < 0)
        return error;
    char *at = (char *)s->v + s->n * stride;
    error = map ? read_entry(r, t, f, in, at) : read_value(r, t, f, in, at);
    if (error < 0)
        return error;
    if (map && s->n && str_cmp(AT(str, at - stride), AT(str, at)) >= 0)
        set_bit(notes->unsorted, run->row);
    s->n++;
    return 0;
}

/* ---- messages ---- */

/* Numbers mostly ascend with the rows: the search starts behind the last hit. */
static int find_row(const struct api_type *t, uint32_t number, unsigned start) {
    for (unsigned k = 0, i = start; k < t->n_fields; k++, i++) {
        if (i >= t->n_fields)
            i = 0;
        if (t->fields[i].number == number && in_proto(&t->fields[i]))
            return (int)i;
    }
    return -1;
}

static bool wire_fits(const struct api_field *f, unsigned wire) {
    if (f->shape == API_MAP)
        return wire == WIRE_BYTES;
    return wire == kind_wire(f->kind) || (f->shape == API_LIST && wire == WIRE_BYTES);
}

static int read_field(struct reader *r, const struct api_type *t, char *obj, struct proto_in *in,
                      struct notes *notes, struct run *run) {
    uint32_t number;
    unsigned wire;
    int error = proto_take_tag(in, &number, &wire);
    if (error < 0)
        return wire_error(r, t, error);
    int row = find_row(t, number, run->row);
    if (row < 0) {
        error = proto_skip(in, wire);
        return error < 0 ? wire_error(r, t, error) : 0;
    }
    const struct api_field *f = &t->fields[row];
    if (!wire_fits(f, wire))
        return err_set(r->e, -EINVAL, "proto: wrong wireType = %u for field %s", wire, f->json);
    if ((unsigned)row != run->row)
        *run = (struct run){.row = (unsigned)row};
    if (f->shape == API_ONE || f->shape == API_OPT)
        return read_single(r, t, f, in, obj + f->offset);
    return read_seq(r, t, in, wire, obj + f->offset, notes, run);
}

static void sort_maps(const struct api_type *t, char *obj, const struct notes *notes) {
    for (unsigned i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        struct api_seq *s = (struct api_seq *)(void *)(obj + f->offset);
        if (has_bit(notes->unsorted, i))
            s->n = map_sort(s->v, s->n, map_stride(f), NULL, NULL);
    }
}

static int read_message(struct reader *r, const struct api_type *t, char *obj, str bytes) {
    struct proto_in in = proto_in_of(bytes);
    struct notes notes = {0};
    struct run run = {0};
    ASSERT(t->n_fields <= FIELDS_MAX);
    if (++r->depth > PROTO_DEPTH_MAX)
        return err_set(r->e, -EINVAL, "proto: messages nest more than %d deep", PROTO_DEPTH_MAX);
    while (in.p < in.end) {
        int error = read_field(r, t, obj, &in, &notes, &run);
        if (error < 0)
            return error;
    }
    sort_maps(t, obj, &notes);
    r->depth--;
    return 0;
}

int proto_read(struct arena *a, const struct api_type *t, str bytes, void *ret, struct err *e) {
    struct reader r = {.a = a, .e = e};
    memset(ret, 0, t->size);
    int error = read_message(&r, t, ret, bytes);
    if (error == 0 && arena_over(a))
        return too_large(&r);
    return error;
}
