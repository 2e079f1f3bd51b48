// SPDX-License-Identifier: Apache-2.0
/* IntOrString: ports by number or name, counts by number or percentage. */
#pragma once

#include "base/err.h"
#include "schema/ops.h"

static inline bool intstr_given(IntOrString v) {
    return v.kind != INTSTR_NONE;
}
static inline IntOrString intstr_int(int32_t i) {
    return (IntOrString){.kind = INTSTR_INT, .i = i};
}
static inline IntOrString intstr_str(str s) {
    return (IntOrString){.kind = INTSTR_STRING, .s = s};
}
bool intstr_eq(IntOrString a, IntOrString b); /* absent is the number 0 */
str intstr_text(struct arena *a, IntOrString v);
/* "25%" -> 25; false when it is no percentage. */
bool intstr_percent(IntOrString v, int64_t *ret);
/* The number, or that percentage of total, rounded up or down. -EINVAL for other texts, with
 * upstream's message. Absent is 0. */
int intstr_scaled(IntOrString v, int32_t total, bool round_up, int32_t *ret, struct err *e);
/* The number; a text that is a number counts (IntValue), others are 0. */
int32_t intstr_value(IntOrString v);

/* Not negative, or a well-formed percentage. */
void field_check_int_or_percent(struct field_errors *fe, const struct field_path *p, IntOrString v);
/* A percentage above 100. */
void field_check_percent_at_most_100(struct field_errors *fe, const struct field_path *p,
                                     IntOrString v);
