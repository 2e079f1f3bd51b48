// SPDX-License-Identifier: Apache-2.0
/* x-kubernetes-validations: what a rule must say before anybody looks at its expression. */
#include "api/kinds/admission.h"
#include "api/kinds/crd.h"

static bool has_newline(str s) {
    return str_chr(s, '\n') >= 0 || str_chr(s, '\r') >= 0;
}

static void check_texts(struct field_errors *fe, const struct field_path *p,
                        const ValidationRule *r) {
    str rule = trimmed(r->rule), message = trimmed(r->message);
    if (!rule.n)
        field_required(fe, PATH(p, "rule"), "rule is not specified");
    else if (r->message.n && !message.n)
        field_invalid(fe, PATH(p, "message"), r->message, "must be non-empty if specified");
    else if (has_newline(message))
        field_invalid(fe, PATH(p, "message"), r->message, "must not contain line breaks");
    else if (has_newline(rule) && !message.n)
        field_required(fe, PATH(p, "message"),
                       "message must be specified if rule contains line breaks");
    if (r->message_expression.n && !trimmed(r->message_expression).n)
        field_required(fe, PATH(p, "messageExpression"),
                       "messageExpression must be non-empty if specified");
}

static void check_rule(struct field_errors *fe, const struct field_path *p, const ValidationRule *r,
                       const JSONSchemaProps *s, bool paths) {
    static const char *const reasons[] = {"FieldValueDuplicate", "FieldValueForbidden",
                                          "FieldValueInvalid", "FieldValueRequired", NULL};
    const struct field_path *at = PATH(p, "fieldPath");
    struct crd_path_end end;
    check_texts(fe, p, r);
    if (r->reason.p)
        check_one_of(fe, PATH(p, "reason"), r->reason, reasons);
    if (r->field_path.n && !trimmed(r->field_path).n)
        field_invalid(fe, at, r->field_path, "must be non-empty if specified");
    if (has_newline(r->field_path))
        field_invalid(fe, at, r->field_path, "must not contain line breaks");
    if (r->field_path.n && paths && crd_path(fe->arena, s, r->field_path, true, &end))
        field_invalid(fe, at, r->field_path, "must be a valid path");
}

void crd_check_rules(struct field_errors *fe, const struct field_path *p, const JSONSchemaProps *s,
                     bool paths) {
    const struct field_path *at = PATH(p, "x-kubernetes-validations");
    for (uint32_t i = 0; i < s->x_validations.n; i++)
        check_rule(fe, PATH_INDEX(at, i), &s->x_validations.v[i], s, paths);
}
