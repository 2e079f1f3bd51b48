// SPDX-License-Identifier: Apache-2.0
/* Percentages are rounded as Go rounds them: over doubles. */
#include "api/intstr.h"

#include "api/names.h"

bool intstr_eq(IntOrString a, IntOrString b) {
    bool text = a.kind == INTSTR_STRING;
    if (text != (b.kind == INTSTR_STRING))
        return false;
    return text ? str_eq(a.s, b.s) : a.i == b.i;
}

str intstr_text(struct arena *a, IntOrString v) {
    return v.kind == INTSTR_STRING ? v.s : str_printf(a, "%d", v.i);
}

/* strconv.Atoi: a sign may stand in front. */
static bool number(str s, int64_t *ret) {
    if (str_starts(s, STR("+")) && !str_starts(s, STR("+-")) && !str_starts(s, STR("++")))
        s = str_slice(s, 1, s.n);
    return str_to_i64(s, ret) == 0;
}

bool intstr_percent(IntOrString v, int64_t *ret) {
    return v.kind == INTSTR_STRING && str_ends(v.s, STR("%")) &&
           number(str_slice(v.s, 0, v.s.n - 1), ret);
}

static int32_t clamp(double d) {
    return d >= INT32_MAX ? INT32_MAX : d <= INT32_MIN ? INT32_MIN : (int32_t)d;
}

int intstr_scaled(IntOrString v, int32_t total, bool round_up, int32_t *ret, struct err *e) {
    int64_t percent;
    if (v.kind != INTSTR_STRING) {
        *ret = v.i;
        return 0;
    }
    if (!str_ends(v.s, STR("%")))
        return err_set(e, -EINVAL,
                       "invalid value for IntOrString: invalid type: string is not a percentage");
    if (!intstr_percent(v, &percent))
        return err_set(e, -EINVAL,
                       "invalid value for IntOrString: invalid value \"" STR_FMT
                       "\": strconv.Atoi: parsing \"" STR_FMT "\": invalid syntax",
                       STR_ARG(v.s), STR_ARG(str_slice(v.s, 0, v.s.n - 1)));
    double d = (double)percent * (double)total / 100;
    int32_t whole = clamp(d); /* towards zero */
    if (round_up && whole < d && whole < INT32_MAX)
        whole++;
    if (!round_up && whole > d && whole > INT32_MIN)
        whole--;
    *ret = whole;
    return 0;
}

int32_t intstr_value(IntOrString v) {
    int64_t n;
    if (v.kind != INTSTR_STRING)
        return v.i;
    return number(v.s, &n) && n >= INT32_MIN && n <= INT32_MAX ? (int32_t)n : 0;
}

void field_check_int_or_percent(struct field_errors *fe, const struct field_path *p,
                                IntOrString v) {
    if (v.kind == INTSTR_STRING)
        field_check_name(fe, p, v.s, name_percent);
    else
        field_check_not_negative(fe, p, v.i);
}

void field_check_percent_at_most_100(struct field_errors *fe, const struct field_path *p,
                                     IntOrString v) {
    int64_t percent;
    if (intstr_percent(v, &percent) && percent > 100)
        field_invalid(fe, p, v.s, "must not be greater than 100%%");
}
