// SPDX-License-Identifier: Apache-2.0
/* Operators. Arithmetic that does not fit is an error, never a wrapped number. */
#include <math.h>
#include <stdio.h>

#include "cel/functions.h"
#include "cel/run.h"

#define SECOND       INT64_C(1000000000)
#define TIME_SEC_MIN INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define TIME_SEC_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* ---- making values ---- */

struct cel_value cel_fail(struct cel_run *r, const char *fmt, ...) {
    va_list ap;
    str s;
    va_start(ap, fmt);
    s = str_vprintf(r->arena, fmt, ap);
    va_end(ap);
    return cel_error_value(s);
}
struct cel_value cel_no_overload(void) {
    return cel_error_value(STR("no such overload"));
}
struct cel_value cel_of_list(const struct cel_list *l) {
    return (struct cel_value){.tag = CEL_V_LIST, .list = l};
}
struct cel_value cel_of_map(const struct cel_map *m) {
    return (struct cel_value){.tag = CEL_V_MAP, .map = m};
}
struct cel_value cel_of_opaque(struct cel_run *r, const struct cel_type *t, const void *data) {
    struct cel_opaque *o = arena_make(r->arena, struct cel_opaque);
    o->type = t;
    o->data = data;
    return (struct cel_value){.tag = CEL_V_OPAQUE, .opaque = o};
}
struct cel_value cel_some(struct cel_run *r, struct cel_value v) {
    return (struct cel_value){.tag = CEL_V_OPTIONAL,
                              .optional = arena_dup(r->arena, &v, sizeof(v))};
}
struct cel_value cel_none(void) {
    return (struct cel_value){.tag = CEL_V_OPTIONAL};
}
const void *cel_data(struct cel_value v, const struct cel_type *t) {
    return v.tag == CEL_V_OPAQUE && v.opaque->type == t ? v.opaque->data : NULL;
}

static struct cel_value of_double(double d) {
    return (struct cel_value){.tag = CEL_V_DOUBLE, .d = d};
}
static struct cel_value of_uint(uint64_t u) {
    return (struct cel_value){.tag = CEL_V_UINT, .u = u};
}
static struct cel_value of_duration(int64_t ns) {
    return (struct cel_value){.tag = CEL_V_DURATION, .i = ns};
}
static bool both(const struct cel_value *args, enum cel_tag tag) {
    return args[0].tag == tag && args[1].tag == tag;
}

/* ---- logic and equality ---- */

struct cel_value fn_not(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return args[0].tag == CEL_V_BOOL ? cel_bool(!args[0].b) : cel_no_overload();
}
struct cel_value fn_equals(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return cel_bool(cel_equal(r->arena, args[0], args[1]));
}
struct cel_value fn_not_equals(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return cel_bool(!cel_equal(r->arena, args[0], args[1]));
}

/* ---- order ---- */

static struct cel_value order(const struct cel_value *args, bool less, bool equal, bool greater) {
    int c;
    if (!cel_compare(args[0], args[1], &c)) {
        bool nan = args[0].tag == CEL_V_DOUBLE || args[1].tag == CEL_V_DOUBLE;
        return nan ? cel_error_value(STR("NaN values cannot be ordered")) : cel_no_overload();
    }
    return cel_bool(c < 0 ? less : c > 0 ? greater : equal);
}
struct cel_value fn_less(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return order(args, true, false, false);
}
struct cel_value fn_less_equals(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return order(args, true, true, false);
}
struct cel_value fn_greater(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return order(args, false, false, true);
}
struct cel_value fn_greater_equals(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return order(args, false, true, true);
}

/* ---- arithmetic ---- */

static struct cel_value overflow(const char *what) {
    return cel_error_value(str_of(what));
}

/* A time moved by nanoseconds. */
static struct cel_value moved(struct cel_value t, __int128 by) {
    __int128 ns = (__int128)t.i * SECOND + t.ns + by;
    int64_t sec = (int64_t)(ns / SECOND);
    int32_t rest = (int32_t)(ns % SECOND);
    if (rest < 0) {
        rest += (int32_t)SECOND;
        sec--;
    }
    if (sec < TIME_SEC_MIN || sec > TIME_SEC_MAX)
        return overflow("timestamp overflow");
    return (struct cel_value){.tag = CEL_V_TIMESTAMP, .i = sec, .ns = rest};
}

static struct cel_value joined(struct cel_run *r, struct cel_value x, struct cel_value y) {
    x.s = x.s.n ? y.s.n ? str_concat(r->arena, x.s, y.s) : x.s : y.s;
    return x;
}

static struct cel_value lists_joined(struct cel_run *r, const struct cel_list *x,
                                     const struct cel_list *y) {
    if (!x->n)
        return cel_of_list(y);
    for (uint32_t i = 0; i < y->n; i++)
        x = cel_list_append(r->arena, x, cel_list_get(r->arena, y, i));
    return cel_of_list(x);
}

static struct cel_value add_times(const struct cel_value *args) {
    if (both(args, CEL_V_DURATION)) {
        int64_t ns;
        return __builtin_add_overflow(args[0].i, args[1].i, &ns) ? overflow("duration overflow")
                                                                 : of_duration(ns);
    }
    if (args[0].tag == CEL_V_TIMESTAMP && args[1].tag == CEL_V_DURATION)
        return moved(args[0], args[1].i);
    if (args[0].tag == CEL_V_DURATION && args[1].tag == CEL_V_TIMESTAMP)
        return moved(args[1], args[0].i);
    return cel_no_overload();
}

struct cel_value fn_add(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    int64_t i;
    uint64_t u;
    if (both(args, CEL_V_INT))
        return __builtin_add_overflow(args[0].i, args[1].i, &i) ? overflow("integer overflow")
                                                                : cel_int(i);
    if (both(args, CEL_V_UINT))
        return __builtin_add_overflow(args[0].u, args[1].u, &u)
                   ? overflow("unsigned integer overflow")
                   : of_uint(u);
    if (both(args, CEL_V_DOUBLE))
        return of_double(args[0].d + args[1].d);
    if (both(args, CEL_V_STRING) || both(args, CEL_V_BYTES))
        return joined(r, args[0], args[1]);
    if (both(args, CEL_V_LIST))
        return lists_joined(r, args[0].list, args[1].list);
    return add_times(args);
}

static struct cel_value subtract_times(const struct cel_value *args) {
    int64_t ns;
    if (both(args, CEL_V_DURATION))
        return __builtin_sub_overflow(args[0].i, args[1].i, &ns) ? overflow("duration overflow")
                                                                 : of_duration(ns);
    if (args[0].tag == CEL_V_TIMESTAMP && args[1].tag == CEL_V_DURATION)
        return moved(args[0], -(__int128)args[1].i);
    if (both(args, CEL_V_TIMESTAMP)) {
        __int128 d = ((__int128)args[0].i - args[1].i) * SECOND + args[0].ns - args[1].ns;
        return d > INT64_MAX || d < INT64_MIN ? overflow("timestamp overflow")
                                              : of_duration((int64_t)d);
    }
    return cel_no_overload();
}

struct cel_value fn_subtract(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    int64_t i;
    if (both(args, CEL_V_INT))
        return __builtin_sub_overflow(args[0].i, args[1].i, &i) ? overflow("integer overflow")
                                                                : cel_int(i);
    if (both(args, CEL_V_UINT))
        return args[0].u < args[1].u ? overflow("unsigned integer overflow")
                                     : of_uint(args[0].u - args[1].u);
    if (both(args, CEL_V_DOUBLE))
        return of_double(args[0].d - args[1].d);
    return subtract_times(args);
}

struct cel_value fn_multiply(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    int64_t i;
    uint64_t u;
    if (both(args, CEL_V_INT))
        return __builtin_mul_overflow(args[0].i, args[1].i, &i) ? overflow("integer overflow")
                                                                : cel_int(i);
    if (both(args, CEL_V_UINT))
        return __builtin_mul_overflow(args[0].u, args[1].u, &u)
                   ? overflow("unsigned integer overflow")
                   : of_uint(u);
    if (both(args, CEL_V_DOUBLE))
        return of_double(args[0].d * args[1].d);
    return cel_no_overload();
}

struct cel_value fn_divide(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    if (both(args, CEL_V_DOUBLE))
        return of_double(args[0].d / args[1].d);
    if (!both(args, CEL_V_INT) && !both(args, CEL_V_UINT))
        return cel_no_overload();
    if (args[1].u == 0)
        return cel_error_value(STR("division by zero"));
    if (args[0].tag == CEL_V_UINT)
        return of_uint(args[0].u / args[1].u);
    if (args[0].i == INT64_MIN && args[1].i == -1)
        return overflow("integer overflow");
    return cel_int(args[0].i / args[1].i);
}

struct cel_value fn_modulo(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    if (!both(args, CEL_V_INT) && !both(args, CEL_V_UINT))
        return cel_no_overload();
    if (args[1].u == 0)
        return cel_error_value(STR("modulus by zero"));
    if (args[0].tag == CEL_V_UINT)
        return of_uint(args[0].u % args[1].u);
    if (args[0].i == INT64_MIN && args[1].i == -1)
        return overflow("integer overflow");
    return cel_int(args[0].i % args[1].i);
}

struct cel_value fn_negate(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    if (args[0].tag == CEL_V_DOUBLE)
        return of_double(-args[0].d);
    if (args[0].tag == CEL_V_INT && args[0].i != INT64_MIN)
        return cel_int(-args[0].i);
    return args[0].tag == CEL_V_INT ? overflow("integer overflow") : cel_no_overload();
}

/* ---- elements ---- */

/* A number that is whole, as the index of a list. */
static bool index_of(struct cel_value v, int64_t *ret) {
    if (v.tag == CEL_V_DOUBLE && (v.d != trunc(v.d) || fabs(v.d) > 9e15))
        return false;
    *ret = v.tag == CEL_V_DOUBLE ? (int64_t)v.d : v.i;
    return v.tag == CEL_V_INT || v.tag == CEL_V_DOUBLE || (v.tag == CEL_V_UINT && v.i >= 0);
}

/* *ret_there false: the result is the error of that. */
static struct cel_value element(struct cel_run *r, struct cel_value v, struct cel_value key,
                                bool *ret_there) {
    struct cel_value found;
    int64_t i;
    str text;
    *ret_there = false;
    if (v.tag == CEL_V_LIST) {
        if (!index_of(key, &i))
            return cel_no_overload();
        if (i < 0 || i >= v.list->n)
            return cel_fail(r, "index out of bounds: %lld", (long long)i);
        *ret_there = true;
        return cel_list_get(r->arena, v.list, (uint32_t)i);
    }
    if (v.tag != CEL_V_MAP)
        return cel_no_overload();
    *ret_there = cel_map_find(r->arena, v.map, key, &found);
    if (*ret_there)
        return found;
    return cel_text_of(r, key, &text) ? cel_fail(r, "no such key: " STR_FMT, STR_ARG(text))
                                      : cel_fail(r, "no such key");
}

struct cel_value fn_index(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    bool there;
    struct cel_value v;
    if (args[0].tag != CEL_V_OPTIONAL)
        return element(r, args[0], args[1], &there);
    if (!args[0].optional)
        return args[0];
    v = element(r, *args[0].optional, args[1], &there);
    return there ? cel_some(r, v) : cel_none();
}

struct cel_value fn_opt_index(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct cel_value v = args[0];
    bool there;
    if (v.tag == CEL_V_OPTIONAL) {
        if (!v.optional)
            return v;
        v = *v.optional;
    }
    if (v.tag != CEL_V_LIST && v.tag != CEL_V_MAP)
        return cel_no_overload();
    v = element(r, v, args[1], &there);
    return there ? cel_some(r, v) : cel_none();
}

struct cel_value fn_in(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct cel_value found;
    if (args[1].tag == CEL_V_MAP)
        return cel_bool(cel_map_find(r->arena, args[1].map, args[0], &found));
    if (args[1].tag != CEL_V_LIST)
        return cel_no_overload();
    for (uint32_t i = 0; i < args[1].list->n; i++)
        if (cel_equal(r->arena, args[0], cel_list_get(r->arena, args[1].list, i)))
            return cel_bool(true);
    return cel_bool(false);
}

struct cel_value fn_size(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    uint8_t t = args[0].tag;
    if (t != CEL_V_STRING && t != CEL_V_BYTES && t != CEL_V_LIST && t != CEL_V_MAP)
        return cel_no_overload();
    return cel_int((int64_t)cel_size(args[0]));
}

static struct cel_value insert(struct cel_run *r, struct cel_value m, struct cel_value key,
                               struct cel_value value) {
    struct cel_value old;
    str text;
    if (!cel_map_find(r->arena, m.map, key, &old))
        return cel_of_map(cel_map_insert(r->arena, m.map, key, value));
    return cel_text_of(r, key, &text)
               ? cel_fail(r, "insert failed: key " STR_FMT " already exists", STR_ARG(text))
               : cel_fail(r, "insert failed: key already exists");
}

struct cel_value fn_map_insert(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct cel_value m = args[0];
    if (m.tag != CEL_V_MAP)
        return cel_no_overload();
    if (n == 3)
        return insert(r, m, args[1], args[2]);
    if (args[1].tag != CEL_V_MAP)
        return cel_no_overload();
    for (uint32_t i = 0; i < args[1].map->n && m.tag == CEL_V_MAP; i++) {
        struct cel_pair p = cel_map_at(r->arena, args[1].map, i);
        m = insert(r, m, p.key, p.value);
    }
    return m;
}
