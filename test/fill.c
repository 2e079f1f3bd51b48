// SPDX-License-Identifier: Apache-2.0
#include "fill.h"

#include <stdlib.h>

#include "base/vec.h"
#include "schema/entry.h"

/* The last of what may be drawn: luck is none, and chances are not taken. */
static uint64_t next_bytes(struct fill *f, unsigned n) {
    uint64_t v = 0;
    if (!f->bytes.n)
        return UINT64_MAX;
    for (; n && f->bytes.n; n--) {
        v = v << 8 | (uint8_t)f->bytes.p[0];
        f->bytes = str_slice(f->bytes, 1, f->bytes.n);
    }
    return v;
}

uint64_t fill_random(struct fill *f) {
    if (f->by_bytes)
        return next_bytes(f, 8);
    uint64_t z = (f->seed += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

uint64_t fill_below(struct fill *f, uint64_t n) {
    if (!f->by_bytes)
        return fill_random(f) % n;
    uint64_t v = next_bytes(f, n <= 256 ? 1 : 2);
    return v == UINT64_MAX ? n - 1 : v % n;
}

static uint64_t below(struct fill *f, uint64_t n) {
    return fill_below(f, n);
}
static bool luck(struct fill *f) {
    return f->chance >= 100 || below(f, 100) < f->chance;
}

static str text(struct fill *f) {
    static const char *const odd[] = {"a<b>&c",  "quote\"back\\slash",         "tab\tnew\nline",
                                      "grüße",   "\xe2\x80\xa8line separator", "\xf0\x9f\x9a\xa3",
                                      "\x01\x7f"};
    if (below(f, 8) == 0)
        return str_of(odd[below(f, ARRAY_LEN(odd))]);
    return str_printf(f->arena, "s%llx", (unsigned long long)below(f, 1 << 20));
}

static str tame_text(struct fill *f, const struct api_attr *attr) {
    static const char *const some[] = {"a",
                                       "web",
                                       "x-1",
                                       "10.0.0.7",
                                       "example.com/a",
                                       "80",
                                       "http",
                                       "TCP",
                                       "True",
                                       "/data",
                                       "v1",
                                       "apps",
                                       "fd00::7",
                                       "*",
                                       "example.com",
                                       "5m",
                                       "registry.example/a:1"};
    const char *const *from = attr ? attr->enums ? attr->enums : attr->one_of : NULL;
    size_t n = 0;
    while (from && from[n])
        n++;
    if (n && below(f, 10))
        return str_of(from[below(f, n)]);
    return str_of(some[below(f, ARRAY_LEN(some))]);
}

static int64_t number(struct fill *f, const struct api_field *row, int64_t max) {
    if (!f->tame)
        return 1 + (int64_t)below(f, (uint64_t)max - 1);
    int64_t from = row->attr && row->attr->rule == RULE_RANGE ? row->attr->min : 0;
    return from + (int64_t)below(f, 100);
}

static str quantity(struct fill *f) {
    static const char *const some[] = {"1", "100m", "1Gi", "1500m", "12e6", "-5", "1k", "250n"};
    return str_of(some[below(f, ARRAY_LEN(some))]);
}

static str raw(struct fill *f) {
    static const char *const some[] = {"{\"a\":1}", "{\"f:spec\":{\"f:x\":{}}}",
                                       "\"text\"",  "[1,2]",
                                       "true",      "{\"kind\":\"X\",\"n\":{\"deep\":[null]}}"};
    return str_of(some[below(f, ARRAY_LEN(some))]);
}

static str bytes(struct fill *f) {
    size_t n = 1 + below(f, 9);
    char *p = arena_alloc(f->arena, n);
    for (size_t i = 0; i < n; i++)
        p[i] = (char)fill_random(f);
    return str_n(p, n);
}

static Time moment(struct fill *f, bool micro) {
    Time t = {.sec = 1600000000 + (int64_t)below(f, 200000000), .set = true};
    if (micro)
        t.nsec = (int32_t)below(f, 1000000) * 1000;
    return t;
}

static IntOrString int_or_string(struct fill *f) {
    if (below(f, 2))
        return (IntOrString){.kind = INTSTR_STRING, .s = text(f)};
    return (IntOrString){.kind = INTSTR_INT, .i = 1 + (int32_t)below(f, 65535)};
}

static str_list strings(struct fill *f) {
    str_list l = {0};
    for (uint64_t n = 1 + below(f, f->length); n; n--)
        *list_push(f->arena, &l) = text(f);
    return l;
}

/* The messages around what is being filled. */
struct level {
    const struct level *up;
    const struct api_type *type;
    unsigned depth;
};

static void fill_at(struct fill *f, const struct api_type *t, void *obj, const struct level *up);

/* A value of the field's kind, as ONE holds it; never zero. */
static void value(struct fill *f, const struct api_field *row, void *at, const struct level *up) {
    switch ((enum api_kind)row->kind) {
    case API_BOOL:
        *(bool *)at = true;
        break;
    case API_I32:
    case API_U32:
        *(int32_t *)at = (int32_t)number(f, row, INT32_MAX);
        break;
    case API_I64:
    case API_U64:
        *(int64_t *)at = number(f, row, INT64_MAX);
        break;
    case API_F64:
        *(double *)at = (double)(1 + below(f, 1 << 20)) / 8;
        break;
    case API_STR:
        *(str *)at = f->tame ? tame_text(f, row->attr) : text(f);
        break;
    case API_BYTES:
        *(str *)at = bytes(f);
        break;
    case API_QUANTITY:
        *(str *)at = quantity(f);
        break;
    case API_TIME:
    case API_MICROTIME:
        *(Time *)at = moment(f, row->kind == API_MICROTIME);
        break;
    case API_DURATION:
        *(int64_t *)at = (int64_t)(1 + below(f, 100000)) * 1000000;
        break;
    case API_INT_OR_STRING:
        *(IntOrString *)at = int_or_string(f);
        break;
    case API_RAW:
        *(str *)at = raw(f);
        break;
    case API_STRS:
        *(str_list *)at = strings(f);
        break;
    case API_MSG:
        fill_at(f, row->sub, at, up);
        break;
    case API_KIND_MAX:
        abort();
    }
}

/* The opt_x structs all begin with `set`; the value stands at its own alignment. */
static void optional(struct fill *f, const struct api_field *row, void *at,
                     const struct level *up) {
    switch ((enum api_kind)row->kind) {
    case API_BOOL:
        *(struct opt_bool *)at = (struct opt_bool){true, below(f, 2)};
        break;
    case API_I32:
    case API_U32:
        ((struct opt_i32 *)at)->set = true;
        value(f, row, &((struct opt_i32 *)at)->v, up);
        break;
    case API_I64:
    case API_U64:
    case API_DURATION:
        ((struct opt_i64 *)at)->set = true;
        value(f, row, &((struct opt_i64 *)at)->v, up);
        break;
    case API_F64:
        ((struct opt_f64 *)at)->set = true;
        value(f, row, &((struct opt_f64 *)at)->v, up);
        break;
    case API_MSG:
        *(void **)at = arena_zalloc(f->arena, row->sub->size ? row->sub->size : 1);
        fill_at(f, row->sub, *(void **)at, up);
        break;
    case API_STR:
    case API_BYTES:
    case API_QUANTITY:
    case API_TIME:
    case API_MICROTIME:
    case API_INT_OR_STRING:
    case API_RAW:
    case API_STRS:
        value(f, row, at, up);
        break;
    case API_KIND_MAX:
        abort();
    }
}

static void sequence(struct fill *f, const struct api_field *row, struct api_seq *at,
                     const struct level *up) {
    bool map = row->shape == API_MAP;
    size_t size = field_element_size(row) + (map ? MAP_VALUE_OFFSET : 0);
    uint32_t n = 1 + (uint32_t)below(f, f->length);
    size = map ? (size + 7) & ~(size_t)7 : size;
    char *v = arena_array(f->arena, n, size ? size : 1);
    for (uint32_t i = 0; i < n; i++) {
        if (map) /* rising keys: maps are sorted */
            *(str *)(void *)(v + i * size) =
                str_printf(f->arena, "k%u-%llx", i, (unsigned long long)below(f, 4096));
        value(f, row, v + i * size + (map ? MAP_VALUE_OFFSET : 0), up);
    }
    *at = (struct api_seq){v, n};
}

/* Of a type with a form of its own JSON shows one field; the others would be lost. That one must be
 * there; a schema beside `allows` implies it. */
static bool in_form(const struct api_type *t, unsigned i, unsigned chosen) {
    if (t->info->form == FORM_OR_BOOL)
        return i == 0 || chosen == 1;
    return i == chosen;
}

/* A type stands in itself once and not again: schemas would grow without end. */
static bool repeats(const struct level *l, const struct api_type *t) {
    unsigned n = 0;
    for (; l; l = l->up)
        n += l->type == t;
    return n > 1;
}

/* Whether this message would be one too many. One with a form must hold a further one. */
static bool too_deep(const struct fill *f, const struct api_field *row, const struct level *l) {
    if (row->kind != API_MSG || row->shape == API_ONE)
        return false;
    bool form = row->sub->info->form != FORM_OBJECT;
    for (unsigned i = 0; form && i < row->sub->n_fields; i++)
        if (row->sub->fields[i].sub && repeats(l, row->sub->fields[i].sub))
            return true;
    return l->depth + form >= f->depth || repeats(l, row->sub);
}

static void fill_at(struct fill *f, const struct api_type *t, void *obj, const struct level *up) {
    const struct level here = {up, t, up ? up->depth + 1 : 0};
    bool form = t->info->form != FORM_OBJECT;
    unsigned chosen = (unsigned)below(f, 2);
    for (unsigned i = 0; i < t->n_fields; i++) {
        const struct api_field *row = &t->fields[i];
        void *at = (char *)obj + row->offset;
        bool message = row->shape == API_ONE && row->kind == API_MSG;
        if (form ? !in_form(t, i, chosen) : too_deep(f, row, &here) || (!message && !luck(f)))
            continue;
        if (row->shape == API_ONE)
            value(f, row, at, &here);
        else if (row->shape == API_OPT)
            optional(f, row, at, &here);
        else
            sequence(f, row, at, &here);
    }
}

void fill_object(struct fill *f, const struct api_type *t, void *obj) {
    f->depth = f->depth ? f->depth : 8;
    f->length = f->length ? f->length : 2;
    fill_at(f, t, obj, NULL);
}

void *fill_new(struct fill *f, const struct api_type *t) {
    void *obj = arena_zalloc(f->arena, t->size ? t->size : 1);
    fill_object(f, t, obj);
    return obj;
}

/* ---- changes ---- */

static size_t stride_of(const struct api_field *row) {
    size_t size = field_element_size(row);
    return row->shape == API_MAP ? (size + MAP_VALUE_OFFSET + 7) & ~(size_t)7 : size;
}

/* Another list of the same elements but for one. */
static void change_elements(struct fill *f, const struct api_field *row, struct api_seq *l) {
    size_t size = stride_of(row);
    char *v = arena_array(f->arena, l->n + 1, size ? size : 1);
    uint32_t at = (uint32_t)below(f, l->n), from = (uint32_t)below(f, l->n);
    memcpy(v, l->v, l->n * size);
    if (below(f, 2)) { /* one goes */
        memmove(v + at * size, v + (at + 1) * size, (l->n - at - 1) * size);
        *l = (struct api_seq){l->n > 1 ? v : NULL, l->n - 1};
    } else if (row->shape == API_LIST) { /* one stands twice */
        memcpy(v + l->n * size, (char *)l->v + from * size, size);
        *l = (struct api_seq){v, l->n + 1};
    }
}

static void change_member(struct fill *f, const struct api_field *row, void *at,
                          const struct level *here) {
    struct api_seq *l = at;
    if (row->shape == API_ONE && row->kind == API_MSG)
        return;
    if ((row->shape == API_LIST || row->shape == API_MAP) && l->n && below(f, 3)) {
        change_elements(f, row, l);
        return;
    }
    memset(at, 0, field_size(row));
    if (below(f, 3) == 0 || too_deep(f, row, here))
        return;
    if (row->shape == API_ONE)
        value(f, row, at, here);
    else if (row->shape == API_OPT)
        optional(f, row, at, here);
    else
        sequence(f, row, l, here);
}

static void change_at(struct fill *f, const struct api_type *t, void *obj, const struct level *up,
                      unsigned permille) {
    const struct level here = {up, t, up ? up->depth + 1 : 0};
    for (unsigned i = 0; t->info->form == FORM_OBJECT && i < t->n_fields; i++) {
        const struct api_field *row = &t->fields[i];
        void *at = (char *)obj + row->offset;
        struct api_seq *l = at;
        if (below(f, 1000) < permille)
            change_member(f, row, at, &here);
        if (row->kind != API_MSG)
            continue;
        if (row->shape == API_ONE)
            change_at(f, row->sub, at, &here, permille);
        else if (row->shape == API_OPT && *(void **)at)
            change_at(f, row->sub, *(void **)at, &here, permille);
        for (uint32_t k = 0; (row->shape == API_LIST) && k < l->n; k++)
            change_at(f, row->sub, (char *)l->v + k * stride_of(row), &here, permille);
    }
}

void fill_change(struct fill *f, const struct api_type *t, void *obj, unsigned permille) {
    f->depth = f->depth ? f->depth : 8;
    f->length = f->length ? f->length : 2;
    change_at(f, t, obj, NULL, permille);
}
