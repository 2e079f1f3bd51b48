// SPDX-License-Identifier: Apache-2.0
/* Numbers are compared in the form they have in the value: an integer against a bound that is cut
 * to one. Whether the value or a bound fits the format of the schema is asked first. */
#include <math.h>

#include "api/structural/result.h"

#define JSON_INTEGER_MAX 9007199254740991.0
#define NEARLY           1e-9 /* decimal fractions are not exact */

struct number {
    const struct value *v;
    const char *type, *format; /* of the schema, when they say what size a number has */
};

static double as_float(const struct value *v) {
    return v->tag == VALUE_INT ? (double)v->i : v->f;
}

bool number_is_whole(double f) {
    double g = trunc(f);
    return fabs(f) <= JSON_INTEGER_MAX &&
           (f == g || (g != 0 && fabs(f - g) / (fabs(f) + fabs(g)) < NEARLY));
}

/* Whether a number can be one of the type and format. */
static bool fits(const struct number *n, const struct value *v) {
    double f = as_float(v);
    if (!strcmp(n->type, "integer")) {
        if (v->tag == VALUE_FLOAT && !(f == trunc(f) && fabs(f) < 0x1p63))
            return false;
        return strcmp(n->format, "int32") || (f >= INT32_MIN && f <= INT32_MAX);
    }
    return strcmp(n->format, "float") || fabs(f) <= 3.40282346638528859811704183484516925e+38;
}

/* False: it does not, and the result says so. */
static bool check_fits(struct result *r, const struct spot *at, const struct number *n,
                       const struct value *v, const char *what) {
    if (fits(n, v))
        return true;
    str where = spot_text(r->arena, at);
    if (*n->format)
        result_whole(r, "%s value must be of type %s with format %s in " STR_FMT, what, n->type,
                     n->format, STR_ARG(where));
    else
        result_whole(r, "%s value must be of type %s (default format) in " STR_FMT, what, n->type,
                     STR_ARG(where));
    return false;
}

static str float_text(struct arena *a, double f) {
    return value_shown(a, &(struct value){.tag = VALUE_FLOAT, .f = f});
}

static void check_bound(struct result *r, const struct spot *at, const struct number *n,
                        struct opt_f64 bound, bool exclusive, bool upper) {
    static const char *const words[2][2] = {{"greater than or equal to", "greater than"},
                                            {"less than or equal to", "less than"}};
    struct value b = {.tag = VALUE_FLOAT, .f = bound.v};
    if (!bound.set)
        return;
    bool whole = check_fits(r, at, n, &b, upper ? "Maximum boundary" : "Minimum boundary") &&
                 n->v->tag == VALUE_INT && fabs(bound.v) < 0x1p63;
    double x = as_float(n->v), y = bound.v;
    bool beyond = upper ? x > y : x < y, same = x == y;
    if (whole) {
        int64_t cut = (int64_t)bound.v;
        beyond = upper ? n->v->i > cut : n->v->i < cut;
        same = n->v->i == cut;
        y = (double)cut;
    }
    if (beyond || (exclusive && same))
        result_invalid(r, at, value_shown(r->arena, n->v), "should be %s " STR_FMT,
                       words[upper][exclusive], STR_ARG(float_text(r->arena, y)));
}

static void check_multiple(struct result *r, const struct spot *at, const struct number *n,
                           struct opt_f64 factor) {
    struct value f = {.tag = VALUE_FLOAT, .f = factor.v};
    if (!factor.set)
        return;
    bool whole = check_fits(r, at, n, &f, "MultipleOf") && n->v->tag == VALUE_INT;
    double x = as_float(n->v), by = whole ? trunc(factor.v) : factor.v;
    str shown = float_text(r->arena, by);
    if (by <= 0) {
        str text = str_printf(
            r->arena, "factor MultipleOf declared for " STR_FMT " must be positive: " STR_FMT,
            STR_ARG(spot_text(r->arena, at)), STR_ARG(shown));
        result_add(r, &(struct problem){.type = FIELD_INVALID,
                                        .where = spot_text(r->arena, at),
                                        .value = shown,
                                        .text = text,
                                        .detail = text});
        return;
    }
    bool is = whole && by < 0x1p63 ? n->v->i % (int64_t)by == 0
                                   : number_is_whole(by < 1 ? 1 / by * x : x / by);
    if (!is)
        result_invalid(r, at, value_shown(r->arena, n->v), "should be a multiple of " STR_FMT,
                       STR_ARG(shown));
}

void validate_number(struct result *r, const struct spot *at, const struct structural *s,
                     const struct value *v) {
    static const char *const formats[STRUCTURAL_TYPE_MAX][3] = {
        [STRUCTURAL_INTEGER] = {"int32", "int64", NULL},
        [STRUCTURAL_NUMBER] = {"float", "double", NULL}};
    struct number n = {v, "", ""};
    const struct structural_values *c = &s->values;
    if (s->type == STRUCTURAL_INTEGER || s->type == STRUCTURAL_NUMBER)
        n.type = structural_type_name(s->type);
    for (size_t i = 0; i < 2; i++)
        if (*n.type && str_eqc(c->format, formats[s->type][i]))
            n.format = formats[s->type][i];
    check_fits(r, at, &n, v, "Checked");
    check_multiple(r, at, &n, c->multiple_of);
    check_bound(r, at, &n, c->minimum, c->exclusive_minimum, false);
    check_bound(r, at, &n, c->maximum, c->exclusive_maximum, true);
    r->matches++;
}
