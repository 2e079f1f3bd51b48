// SPDX-License-Identifier: Apache-2.0
/* Lists, sets and optionals. */
#include "cel/functions.h"
#include "cel/run.h"

/* ---- lists ---- */

struct cel_value fn_is_sorted(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    if (args[0].tag != CEL_V_LIST)
        return cel_no_overload();
    for (uint32_t i = 1; i < args[0].list->n; i++) {
        int order;
        if (!cel_compare(cel_list_get(r->arena, args[0].list, i - 1),
                         cel_list_get(r->arena, args[0].list, i), &order))
            return cel_no_overload();
        if (order > 0)
            return cel_bool(false);
    }
    return cel_bool(true);
}

struct cel_value fn_sum(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct cel_value pair[2] = {cel_int(0)};
    if (args[0].tag != CEL_V_LIST)
        return cel_no_overload();
    for (uint32_t i = 0; i < args[0].list->n && pair[0].tag != CEL_V_ERROR; i++) {
        pair[1] = cel_list_get(r->arena, args[0].list, i);
        pair[0] = i ? fn_add(r, pair, 2) : pair[1];
    }
    return pair[0];
}

/* The first of those that none is before (wanted -1) or behind (1). */
static struct cel_value extreme(struct cel_run *r, struct cel_value list, int wanted,
                                const char *name) {
    struct cel_value best;
    if (list.tag != CEL_V_LIST)
        return cel_no_overload();
    if (!list.list->n)
        return cel_fail(r, "%s called on empty list", name);
    best = cel_list_get(r->arena, list.list, 0);
    for (uint32_t i = 1; i < list.list->n; i++) {
        struct cel_value v = cel_list_get(r->arena, list.list, i);
        int order;
        if (!cel_compare(v, best, &order))
            return cel_no_overload();
        if (order == wanted)
            best = v;
    }
    return best;
}
struct cel_value fn_min(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return extreme(r, args[0], -1, "min");
}
struct cel_value fn_max(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return extreme(r, args[0], 1, "max");
}

struct cel_value fn_first(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    if (args[0].tag != CEL_V_LIST)
        return cel_no_overload();
    return args[0].list->n ? cel_some(r, cel_list_get(r->arena, args[0].list, 0)) : cel_none();
}
struct cel_value fn_last(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    if (args[0].tag != CEL_V_LIST)
        return cel_no_overload();
    return args[0].list->n ? cel_some(r, cel_list_get(r->arena, args[0].list, args[0].list->n - 1))
                           : cel_none();
}

/* ---- sets ---- */

static bool has(struct cel_run *r, const struct cel_list *l, struct cel_value v) {
    for (uint32_t i = 0; i < l->n; i++)
        if (cel_equal(r->arena, cel_list_get(r->arena, l, i), v))
            return true;
    return false;
}

/* How many of y's elements x has; stops at the first that is missing (all) or there. */
static bool holds(struct cel_run *r, const struct cel_list *x, const struct cel_list *y, bool all) {
    for (uint32_t i = 0; i < y->n; i++)
        if (has(r, x, cel_list_get(r->arena, y, i)) != all)
            return !all;
    return all;
}

static bool are_lists(const struct cel_value *args) {
    return args[0].tag == CEL_V_LIST && args[1].tag == CEL_V_LIST;
}
struct cel_value fn_sets_contains(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return are_lists(args) ? cel_bool(holds(r, args[0].list, args[1].list, true))
                           : cel_no_overload();
}
struct cel_value fn_sets_intersects(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return are_lists(args) ? cel_bool(holds(r, args[1].list, args[0].list, false))
                           : cel_no_overload();
}
struct cel_value fn_sets_equivalent(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return are_lists(args) ? cel_bool(holds(r, args[0].list, args[1].list, true) &&
                                      holds(r, args[1].list, args[0].list, true))
                           : cel_no_overload();
}

/* ---- optionals ---- */

struct cel_value fn_optional_of(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return cel_some(r, args[0]);
}
struct cel_value fn_optional_none(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return cel_none();
}

static bool is_zero(struct cel_value v) {
    switch ((enum cel_tag)v.tag) {
    case CEL_V_NULL:
        return true;
    case CEL_V_BOOL:
        return !v.b;
    case CEL_V_INT:
    case CEL_V_UINT:
    case CEL_V_DURATION:
        return v.i == 0;
    case CEL_V_DOUBLE:
        return v.d == 0;
    case CEL_V_STRING:
    case CEL_V_BYTES:
        return v.s.n == 0;
    case CEL_V_LIST:
        return v.list->n == 0;
    case CEL_V_MAP:
        return v.map->n == 0;
    case CEL_V_OPTIONAL:
        return !v.optional;
    case CEL_V_TIMESTAMP: /* year 1, as Go has it */
        return v.i == -INT64_C(62135596800) && v.ns == 0;
    case CEL_V_TYPE:
    case CEL_V_OPAQUE:
    case CEL_V_ERROR:
    case CEL_V_MAX:
        break;
    }
    return false;
}

struct cel_value fn_optional_nonzero(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return is_zero(args[0]) ? cel_none() : cel_some(r, args[0]);
}
struct cel_value fn_value(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    if (args[0].tag != CEL_V_OPTIONAL)
        return cel_no_overload();
    return args[0].optional ? *args[0].optional
                            : cel_error_value(STR("optional.none() dereference"));
}
struct cel_value fn_has_value(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return args[0].tag == CEL_V_OPTIONAL ? cel_bool(args[0].optional != NULL) : cel_no_overload();
}

struct cel_value fn_unwrap(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct cel_list *l = cel_list_new(r->arena);
    if (args[0].tag != CEL_V_LIST)
        return cel_no_overload();
    for (uint32_t i = 0; i < args[0].list->n; i++) {
        struct cel_value v = cel_list_get(r->arena, args[0].list, i);
        if (v.tag != CEL_V_OPTIONAL)
            return cel_no_overload();
        if (v.optional)
            l = cel_list_append(r->arena, l, *v.optional);
    }
    return cel_of_list(l);
}
