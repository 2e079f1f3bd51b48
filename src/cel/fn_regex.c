// SPDX-License-Identifier: Apache-2.0
/* Functions of patterns. */
#include "base/regexp.h"
#include "cel/functions.h"
#include "cel/lex.h"
#include "cel/run.h"

#define STEPS_PER_COST 10

/* What the counts of a pattern ("a{1000}") multiply its states by, about. */
static uint64_t repeats(str pattern) {
    uint64_t product = 1, v = 0;
    bool in = false;
    for (size_t i = 0; i < pattern.n; i++) {
        char c = pattern.p[i];
        if (c == '{' || c == '}' || c == ',') {
            product = MIN(product * (in && v ? v : 1), REGEXP_REPEAT_MAX);
            in = c != '}';
            v = 0;
        } else if (c >= '0' && c <= '9') {
            v = MIN(v * 10 + (uint64_t)(c - '0'), REGEXP_REPEAT_MAX);
        }
    }
    return product;
}

/* Costs do not know of counts; what would take more steps than is left to spend is not begun. */
static bool affords(struct cel_run *r, str text, str pattern) {
    uint64_t steps = (uint64_t)text.n * repeats(pattern);
    if (steps / STEPS_PER_COST > r->limit - MIN(r->cost, r->limit))
        r->stopped = true;
    return !r->stopped;
}

/* NULL: *ret is the error. */
static const struct regexp *compile(struct cel_run *r, const struct cel_value *args,
                                    struct cel_value *ret) {
    const struct regexp *re = NULL;
    struct err e = {0};
    *ret = cel_no_overload();
    if (args[0].tag != CEL_V_STRING || args[1].tag != CEL_V_STRING)
        return NULL;
    if (regexp_compile(r->arena, args[1].s, &e, &re) < 0) {
        *ret = cel_fail(r, "%s", e.text);
        return NULL;
    }
    if (affords(r, args[0].s, args[1].s))
        return re;
    *ret = cel_error_value(STR(CEL_STOPPED));
    return NULL;
}

struct cel_value fn_matches(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct cel_value error;
    const struct regexp *re = compile(r, args, &error);
    return re ? cel_bool(regexp_match(re, args[0].s)) : error;
}

struct cel_value fn_find(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct cel_value error;
    const struct regexp *re = compile(r, args, &error);
    size_t start, end;
    if (!re)
        return error;
    if (!regexp_find(re, args[0].s, 0, &start, &end))
        return cel_string(STR(""));
    return cel_string(str_slice(args[0].s, start, end));
}

struct cel_value fn_find_all(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct cel_list *l = cel_list_new(r->arena);
    int64_t left = n > 2 ? args[2].i : -1;
    size_t from = 0, start, end, last = SIZE_MAX;
    str s = args[0].s;
    struct cel_value error;
    const struct regexp *re = compile(r, args, &error);
    if (!re)
        return error;
    if (n > 2 && args[2].tag != CEL_V_INT)
        return cel_no_overload();
    /* Each search may go over all that is left of the text. */
    while (left != 0 && from <= s.n && cel_spend(r, (s.n - from) / 1000) &&
           regexp_find(re, s, from, &start, &end)) {
        if (end > start || start != last) { /* no empty match right behind another */
            l = cel_list_append(r->arena, l, cel_string(str_slice(s, start, end)));
            left -= left > 0;
        }
        last = end;
        from = end > start ? end : end + cel_char_len(str_slice(s, end, s.n));
    }
    return cel_of_list(l);
}
