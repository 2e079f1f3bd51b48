// SPDX-License-Identifier: Apache-2.0
#include "schema/entry.h"
#include "schema/ops.h"
#include "schema/quantity.h"

/* nil and "" differ where Go has a pointer. */
static bool opt_str_equal(str a, str b) {
    return !a.p == !b.p && str_eq(a, b);
}

static bool quantity_equal(Quantity a, Quantity b) {
    if (str_eq(a, b))
        return true;
    struct quantity x = quantity_of(a), y = quantity_of(b);
    return quantity_cmp(&x, &y) == 0;
}

static bool time_equal(const Time *a, const Time *b) {
    if (!a->set || !b->set)
        return a->set == b->set;
    return a->sec == b->sec && a->nsec == b->nsec;
}

static bool intstr_equal(const IntOrString *a, const IntOrString *b, bool opt) {
    if (opt && (a->kind == INTSTR_NONE || b->kind == INTSTR_NONE))
        return a->kind == b->kind;
    if (a->kind == INTSTR_STRING || b->kind == INTSTR_STRING)
        return a->kind == b->kind && str_eq(a->s, b->s);
    return a->i == b->i;
}

static bool strs_equal(const str_list *a, const str_list *b) {
    if (a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (!str_eq(a->v[i], b->v[i]))
            return false;
    return true;
}

static bool value_same(const struct api_field *f, const void *a, const void *b, bool opt) {
    switch ((enum api_kind)f->kind) {
    case API_BOOL:
        return *(const bool *)a == *(const bool *)b;
    case API_I32:
    case API_U32:
        return *(const int32_t *)a == *(const int32_t *)b;
    case API_I64:
    case API_U64:
    case API_DURATION:
        return *(const int64_t *)a == *(const int64_t *)b;
    case API_F64:
        return *(const double *)a == *(const double *)b;
    case API_STR:
        return opt ? opt_str_equal(*(const str *)a, *(const str *)b)
                   : str_eq(*(const str *)a, *(const str *)b);
    case API_BYTES:
    case API_RAW:
        return str_eq(*(const str *)a, *(const str *)b);
    case API_QUANTITY:
        return (!opt || !((const str *)a)->p == !((const str *)b)->p) &&
               quantity_equal(*(const str *)a, *(const str *)b);
    case API_TIME:
    case API_MICROTIME:
        return time_equal(a, b);
    case API_INT_OR_STRING:
        return intstr_equal(a, b, opt);
    case API_STRS:
        return strs_equal(a, b);
    case API_MSG:
        return api_equal(f->sub, a, b);
    case API_KIND_MAX:
        break;
    }
    return true;
}

static bool opt_equal(const struct api_field *f, const void *a, const void *b) {
    if (f->kind == API_MSG) {
        const void *x = *(void *const *)a, *y = *(void *const *)b;
        return x && y ? api_equal(f->sub, x, y) : x == y;
    }
    size_t value = opt_value_offset(f->kind);
    if (!value)
        return value_same(f, a, b, true);
    bool x = *(const bool *)a, y = *(const bool *)b;
    return x == y && (!x || value_same(f, (const char *)a + value, (const char *)b + value, false));
}

static bool seq_equal(const struct api_field *f, const struct api_seq *a, const struct api_seq *b) {
    if (a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++) {
        if (f->shape == API_MAP && !str_eq(seq_key(f, a, i), seq_key(f, b, i)))
            return false;
        if (!value_same(f, seq_value(f, a, i), seq_value(f, b, i), false))
            return false;
    }
    return true;
}

static bool member_equal(const struct api_field *f, const void *a, const void *b) {
    switch ((enum api_shape)f->shape) {
    case API_ONE:
        return value_same(f, a, b, false);
    case API_OPT:
        return opt_equal(f, a, b);
    case API_LIST:
    case API_MAP:
        return seq_equal(f, a, b);
    case API_SHAPE_MAX:
        break;
    }
    return true;
}

bool api_equal(const struct api_type *t, const void *a, const void *b) {
    if (a == b)
        return true;
    for (uint16_t i = 0; i < t->n_fields; i++) {
        uint32_t at = t->fields[i].offset;
        if (!member_equal(&t->fields[i], (const char *)a + at, (const char *)b + at))
            return false;
    }
    return true;
}

bool api_equal_row(const struct api_type *t, const char *name, const void *a, const void *b) {
    uint32_t at;
    const struct api_field *f = type_field(t, str_of(name), &at, NULL);
    ASSERT(f && "a row of that name");
    return member_equal(f, (const char *)a + at, (const char *)b + at);
}
