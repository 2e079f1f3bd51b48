// SPDX-License-Identifier: Apache-2.0
/* Conditions of the common type. */
#include "api/kinds/kinds.h"

#define REASON_MAX 1024

/* [A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])? */
static bool is_reason(str s) {
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool inner = letter || (c >= '0' && c <= '9') || c == '_';
        bool ok = i == 0 ? letter : i + 1 == s.n ? inner : inner || c == ',' || c == ':';
        if (!ok)
            return false;
    }
    return s.n > 0;
}

static void check_reason(struct field_errors *fe, const struct field_path *p, str reason) {
    if (!reason.n) {
        field_required(fe, p, "must be set");
        return;
    }
    if (!is_reason(reason))
        field_invalid(fe, p, reason,
                      "a condition reason must start with alphabetic character, optionally "
                      "followed by a string of alphanumeric characters or '_,:', and must end with "
                      "an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or "
                      "'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for "
                      "validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')");
    if (reason.n > REASON_MAX)
        field_too_long(fe, p, REASON_MAX);
}

static void check_condition(struct field_errors *fe, const struct field_path *p,
                            const Condition *c) {
    field_check_name(fe, PATH(p, "type"), c->type, name_qualified);
    check_rows(fe, p, Condition, c, "status");
    if (c->observed_generation < 0)
        field_invalid_i64(fe, PATH(p, "observedGeneration"), c->observed_generation,
                          "must be greater than or equal to zero");
    if (!c->last_transition_time.set)
        field_required(fe, PATH(p, "lastTransitionTime"), "must be set");
    check_reason(fe, PATH(p, "reason"), c->reason);
    check_rows(fe, p, Condition, c, "message");
}

void check_conditions(struct field_errors *fe, const struct field_path *p, const Condition *v,
                      uint32_t n) {
    struct name_index x = name_index_of(fe->arena, n ? &v->type : NULL, n, sizeof(*v));
    for (uint32_t i = 0; i < n; i++) {
        if (name_index_first(&x, v[i].type) != i)
            field_duplicate(fe, PATH(PATH_INDEX(p, i), "type"), v[i].type);
        check_condition(fe, PATH_INDEX(p, i), &v[i]);
    }
}
