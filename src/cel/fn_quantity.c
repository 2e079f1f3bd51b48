// SPDX-License-Identifier: Apache-2.0
/* Quantities and semantic versions, which share the names of their comparisons. */
#include <math.h>

#include "cel/functions.h"
#include "cel/run.h"
#include "cel/semver.h"
#include "schema/quantity.h"

/* ---- quantities ---- */

/* A quantity is aligned more strictly than an arena is. */
static struct cel_value of_quantity(struct cel_run *r, const struct quantity *q) {
    uintptr_t align = _Alignof(struct quantity) - 1;
    uintptr_t at = ((uintptr_t)arena_alloc(r->arena, sizeof(*q) + align) + align) & ~align;
    struct quantity *copy = (struct quantity *)at;
    *copy = *q;
    return cel_of_opaque(r, &cel_type_quantity, copy);
}

struct cel_value fn_quantity(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct quantity q;
    struct err e = {0};
    if (args[0].tag != CEL_V_STRING)
        return cel_no_overload();
    if (quantity_parse(args[0].s, &q, &e) < 0)
        return cel_fail(r, "%s", e.text);
    return of_quantity(r, &q);
}

struct cel_value fn_is_quantity(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct quantity q;
    struct err e = {0};
    return args[0].tag == CEL_V_STRING ? cel_bool(quantity_parse(args[0].s, &q, &e) == 0)
                                       : cel_no_overload();
}

struct cel_value fn_sign(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct quantity *q = cel_data(args[0], &cel_type_quantity);
    return q ? cel_int(quantity_sign(q)) : cel_no_overload();
}

static bool fits_int(const struct quantity *q) {
    int64_t v = quantity_value(q);
    return quantity_is_whole(q) && v != INT64_MAX && v != INT64_MIN;
}

struct cel_value fn_is_integer(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct quantity *q = cel_data(args[0], &cel_type_quantity);
    return q ? cel_bool(fits_int(q)) : cel_no_overload();
}

struct cel_value fn_as_integer(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct quantity *q = cel_data(args[0], &cel_type_quantity);
    if (!q)
        return cel_no_overload();
    return fits_int(q) ? cel_int(quantity_value(q))
                       : cel_error_value(STR("cannot convert value to integer"));
}

struct cel_value fn_as_float(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct quantity *q = cel_data(args[0], &cel_type_quantity);
    struct cel_value v = {.tag = CEL_V_DOUBLE};
    if (!q)
        return cel_no_overload();
    v.d = q->scale < 0 ? (double)q->v / pow(10, -q->scale) : (double)q->v * pow(10, q->scale);
    return v;
}

static struct cel_value changed(struct cel_run *r, const struct cel_value *args,
                                int (*change)(struct quantity *, const struct quantity *)) {
    const struct quantity *x = cel_data(args[0], &cel_type_quantity),
                          *y = cel_data(args[1], &cel_type_quantity);
    struct quantity sum, i;
    if (args[1].tag == CEL_V_INT) {
        i = quantity_i64(args[1].i, QUANTITY_DECIMAL);
        y = &i;
    }
    if (!x || !y)
        return cel_no_overload();
    sum = *x;
    return change(&sum, y) < 0 ? cel_error_value(STR("quantity overflow")) : of_quantity(r, &sum);
}
struct cel_value fn_quantity_add(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return changed(r, args, quantity_add);
}
struct cel_value fn_quantity_sub(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return changed(r, args, quantity_sub);
}

/* ---- comparing ---- */

static bool compare(const struct cel_value *args, int *ret) {
    const struct quantity *x = cel_data(args[0], &cel_type_quantity),
                          *y = cel_data(args[1], &cel_type_quantity);
    const struct cel_semver *v = cel_data(args[0], &cel_type_semver),
                            *w = cel_data(args[1], &cel_type_semver);
    if (x && y)
        *ret = quantity_cmp(x, y);
    else if (v && w)
        *ret = cel_semver_cmp(v, w);
    return (x && y) || (v && w);
}
struct cel_value fn_is_less_than(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    int c;
    return compare(args, &c) ? cel_bool(c < 0) : cel_no_overload();
}
struct cel_value fn_is_greater_than(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    int c;
    return compare(args, &c) ? cel_bool(c > 0) : cel_no_overload();
}
struct cel_value fn_compare_to(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    int c;
    return compare(args, &c) ? cel_int(c) : cel_no_overload();
}

/* ---- semantic versions ---- */

/* "v1.2" as "1.2.0", when the second argument says so. */
static bool parse_version(struct cel_run *r, const struct cel_value *args, uint32_t n,
                          struct cel_semver *ret) {
    str s = args[0].s;
    return cel_semver_parse(n > 1 && args[1].b ? cel_semver_normal(r->arena, s) : s, ret) == 0;
}

static bool version_args(const struct cel_value *args, uint32_t n) {
    return args[0].tag == CEL_V_STRING && (n < 2 || args[1].tag == CEL_V_BOOL);
}

struct cel_value fn_semver(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct cel_semver v;
    if (!version_args(args, n))
        return cel_no_overload();
    if (!parse_version(r, args, n, &v))
        return cel_fail(r, "invalid semantic version \"" STR_FMT "\"", STR_ARG(args[0].s));
    return cel_of_opaque(r, &cel_type_semver, arena_dup(r->arena, &v, sizeof(v)));
}

struct cel_value fn_is_semver(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct cel_semver v;
    return version_args(args, n) ? cel_bool(parse_version(r, args, n, &v)) : cel_no_overload();
}

static struct cel_value number(struct cel_value v, unsigned i) {
    const struct cel_semver *s = cel_data(v, &cel_type_semver);
    return s ? cel_int((int64_t)s->v[i]) : cel_no_overload();
}
struct cel_value fn_semver_major(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return number(args[0], 0);
}
struct cel_value fn_semver_minor(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return number(args[0], 1);
}
struct cel_value fn_semver_patch(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return number(args[0], 2);
}
