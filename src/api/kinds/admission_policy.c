// SPDX-License-Identifier: Apache-2.0
/* Admission policies and their bindings. */
#include "api/jsonpath.h"
#include "api/kinds/admission.h"
#include "api/kinds/expressions.h"

#define ANNOTATIONS_MAX      20
#define ANNOTATION_BYTES_MAX (5 * 1024)

/* ---- what a policy refers to ---- */

static void check_param_version(struct field_errors *fe, const struct field_path *p, str s) {
    ssize_t slash = str_chr(s, '/');
    str group = STR_NONE, version = s;
    if (!s.n) {
        field_required(fe, p, NULL);
        return;
    }
    if (slash >= 0) {
        group = str_slice(s, 0, (size_t)slash);
        version = str_slice(s, (size_t)slash + 1, s.n);
    }
    if (str_chr(version, '/') >= 0) {
        field_invalid(fe, p, s, "unexpected GroupVersion string: " STR_FMT, STR_ARG(s));
        return;
    }
    if (group.n)
        check_name_whole(fe, p, group, name_dns1123_subdomain);
    if (!version.n)
        field_invalid(fe, p, s, "version must be specified");
    else
        check_name_whole(fe, p, version, name_dns1035_label);
}

static void check_param_kind(struct field_errors *fe, const struct field_path *p,
                             const ParamKind *k) {
    struct name_errors e = {{0}, 0};
    if (!k)
        return;
    check_param_version(fe, PATH(p, "apiVersion"), k->api_version);
    name_dns1035_label(str_lower(fe->arena, k->kind), &e);
    if (!k->kind.n)
        field_required(fe, PATH(p, "kind"), NULL);
    else if (e.n)
        field_invalid(fe, PATH(p, "kind"), k->kind,
                      "may have mixed case, but should otherwise match: " STR_FMT,
                      STR_ARG(name_errors_join(fe->arena, &e, ",")));
}

static bool is_cel_identifier(str s) {
    static const char *const reserved[] = {
        "true",      "false",  "null",     "in",   "as",     "break", "const", "continue",
        "else",      "for",    "function", "if",   "import", "let",   "loop",  "package",
        "namespace", "return", "var",      "void", "while",  NULL};
    return name_ok(name_c_identifier, s) && !str_in(s, reserved);
}

static void check_variables(struct field_errors *fe, const struct field_path *p, const Variable *v,
                            uint32_t n, const struct expression_scope *scope) {
    for (uint32_t i = 0; i < n; i++) {
        const struct field_path *at = PATH_INDEX(p, i);
        if (!trimmed(v[i].name).n)
            field_required(fe, PATH(at, "name"), "name is not specified");
        else if (!is_cel_identifier(v[i].name))
            field_invalid(fe, PATH(at, "name"), v[i].name, "name is not a valid CEL identifier");
        if (!trimmed(v[i].expression).n)
            field_required(fe, PATH(at, "expression"), "expression is not specified");
        else
            check_variable_expression(fe, PATH(at, "expression"), v[i].name, v[i].expression,
                                      scope);
    }
}

static void check_constraints(struct field_errors *fe, const struct field_path *p,
                              const MatchResources *m) {
    if (!m) {
        field_required(fe, p, NULL);
        return;
    }
    check_match_resources(fe, p, m);
    if (!m->resource_rules.n)
        field_required(fe, PATH(p, "resourceRules"), NULL);
}

/* What policies of both kinds begin with. */
struct policy {
    const ParamKind *kind;
    const MatchResources *constraints;
    const MatchCondition *conditions;
    const Variable *variables;
    uint32_t n_conditions, n_variables;
};
#define POLICY(spec_)                                                                              \
    (&(struct policy){(spec_)->param_kind, (spec_)->match_constraints,                             \
                      (spec_)->match_conditions.v, (spec_)->variables.v,                           \
                      (spec_)->match_conditions.n, (spec_)->variables.n})

/* What mutates cannot match the end of an object. */
static void check_mutable(struct field_errors *fe, const struct field_path *p,
                          const MatchResources *m) {
    static const char *const operations[] = {"*", "CONNECT", "CREATE", "UPDATE", NULL};
    for (uint32_t i = 0; m && i < m->resource_rules.n; i++) {
        const str_list *l = &m->resource_rules.v[i].rule_with_operations.operations;
        for (uint32_t k = 0; k < l->n; k++)
            check_one_of(fe, PATH(PATH(p, "resourceRules"), "operations"), l->v[k], operations);
    }
}

/* Conditions are judged anew when they change, or what they may refer to does. */
static void check_policy(struct field_errors *fe, const struct field_path *p,
                         const struct policy *x, const struct policy *was, bool mutates,
                         const struct expression_scope *scope) {
    check_param_kind(fe, PATH(p, "paramKind"), x->kind);
    check_constraints(fe, PATH(p, "matchConstraints"), x->constraints);
    if (mutates)
        check_mutable(fe, PATH(p, "matchConstraints"), x->constraints);
    bool same_kind = was && (x->kind && was->kind ? api_equal(&ParamKind_type, x->kind, was->kind)
                                                  : x->kind == was->kind);
    if (!same_kind ||
        !same_match_conditions(x->conditions, x->n_conditions, was->conditions, was->n_conditions))
        check_match_conditions(fe, PATH(p, "matchConditions"), x->conditions, x->n_conditions,
                               scope->has_params);
    check_variables(fe, PATH(p, "variables"), x->variables, x->n_variables, scope);
}

/* ---- ValidatingAdmissionPolicy ---- */

/* Messages are made without asking an authorizer. */
static void check_message(struct field_errors *fe, const struct field_path *p, str expression,
                          struct expression_scope scope) {
    scope.has_authorizer = false;
    if (trimmed(expression).n)
        check_expression(fe, p, expression, expression, &scope, EXPRESSION_STRING);
    else if (expression.n)
        field_invalid(fe, p, expression, "must be non-empty if specified");
}

static void check_validation(struct field_errors *fe, const struct field_path *p,
                             const Validation *v, const struct expression_scope *scope) {
    str message = trimmed(v->message);
    if (!trimmed(v->expression).n)
        field_required(fe, PATH(p, "expression"), "expression is not specified");
    else
        check_expression(fe, PATH(p, "expression"), v->expression, v->expression, scope,
                         EXPRESSION_BOOL);
    check_message(fe, PATH(p, "messageExpression"), v->message_expression, *scope);
    if (v->message.n && !message.n)
        field_invalid(fe, PATH(p, "message"), v->message, "message must be non-empty if specified");
    else if (str_chr(message, '\n') >= 0 || str_chr(message, '\r') >= 0)
        field_invalid(fe, PATH(p, "message"), v->message, "message must not contain line breaks");
    check_rows(fe, p, Validation, v, "reason");
}

static void check_annotation(struct field_errors *fe, const struct field_path *p, str policy,
                             const AuditAnnotation *a, const struct expression_scope *scope) {
    str expression = trimmed(a->value_expression);
    if (policy.n)
        field_check_name(
            fe, PATH(p, "key"),
            str_printf(fe->arena, STR_FMT "/" STR_FMT, STR_ARG(policy), STR_ARG(a->key)),
            name_qualified);
    else
        field_invalid(fe, PATH(p, "key"), a->key, "requires metadata.name be non-empty");
    if (!expression.n)
        field_required(fe, PATH(p, "valueExpression"), "valueExpression is not specified");
    else if (expression.n > ANNOTATION_BYTES_MAX)
        field_required(fe, PATH(p, "valueExpression"), "must not exceed 5120 bytes in length");
    else
        check_expression(fe, PATH(p, "valueExpression"), a->value_expression, expression, scope,
                         EXPRESSION_STRING_OR_NULL);
}

static void check_annotations_of(struct field_errors *fe, const struct field_path *p, str policy,
                                 const ValidatingAdmissionPolicySpec *s,
                                 const struct expression_scope *scope) {
    uint32_t n = s->audit_annotations.n;
    const AuditAnnotation *v = s->audit_annotations.v;
    struct name_index x = name_index_of(fe->arena, n ? &v->key : NULL, n, sizeof(*v));
    if (n > ANNOTATIONS_MAX)
        field_invalid_printed(fe, p, go_json_list(fe->arena, &AuditAnnotation_type, v, n),
                              "must not have more than %d auditAnnotations", ANNOTATIONS_MAX);
    for (uint32_t i = 0; i < n; i++) {
        check_annotation(fe, PATH_INDEX(p, i), policy, &v[i], scope);
        if (name_index_first(&x, v[i].key) != i)
            field_duplicate(fe, PATH(PATH_INDEX(p, i), "key"), v[i].key);
    }
}

static void validate_validating(struct field_errors *fe, const void *obj, const void *old) {
    static const char one[] = "validations or auditAnnotations must contain at least one item";
    const ValidatingAdmissionPolicy *policy = obj, *was = old;
    const ValidatingAdmissionPolicySpec *s = &policy->spec;
    const struct field_path *p = PATH(NULL, "spec");
    struct map variables;
    struct expression_scope scope = {s->param_kind != NULL, true, s->variables.n > 0, &variables};
    map_init(&variables, NULL);
    check_rows(fe, p, ValidatingAdmissionPolicySpec, s, "failurePolicy");
    check_policy(fe, p, POLICY(s), was ? POLICY(&was->spec) : NULL, false, &scope);
    if (!s->validations.n && !s->audit_annotations.n) {
        field_required(fe, PATH(p, "validations"), one);
        field_required(fe, PATH(p, "auditAnnotations"), one);
    }
    for (uint32_t i = 0; i < s->validations.n; i++)
        check_validation(fe, PATH_INDEX(PATH(p, "validations"), i), &s->validations.v[i], &scope);
    check_annotations_of(fe, PATH(p, "auditAnnotations"), policy->metadata.name, s, &scope);
    map_done(&variables);
}

static void check_field_ref_path(struct field_errors *fe, const struct field_path *p, str path) {
    struct err e = {0};
    str action = str_printf(fe->arena, "{" STR_FMT "}", STR_ARG(path));
    if (!path.n)
        field_required(fe, p, NULL);
    else if (jsonpath_check(fe->arena, action, &e) < 0)
        field_invalid(fe, p, path, "invalid JSONPath: %s", e.text);
}

static void validate_status(struct field_errors *fe, const void *obj, const void *old) {
    const ValidatingAdmissionPolicyStatus *s = &((const ValidatingAdmissionPolicy *)obj)->status;
    const struct field_path *p = PATH(NULL, "status");
    (void)old;
    for (uint32_t i = 0; s->type_checking && i < s->type_checking->expression_warnings.n; i++) {
        const ExpressionWarning *w = &s->type_checking->expression_warnings.v[i];
        const struct field_path *at =
            PATH_INDEX(PATH(PATH(p, "typeChecking"), "expressionWarnings"), i);
        check_rows(fe, at, ExpressionWarning, w, "warning");
        check_field_ref_path(fe, PATH(at, "fieldRef"), trimmed(w->field_ref));
    }
    check_conditions(fe, PATH(p, "conditions"), s->conditions.v, s->conditions.n);
}

const struct hooks hooks_admissionregistration_v1_validatingadmissionpolicies = {
    .group = "admissionregistration.k8s.io",
    .resource = "validatingadmissionpolicies",
    .validate_write = validate_validating,
    .validate_status = validate_status,
    .counts_generation = true,
};

/* ---- MutatingAdmissionPolicy ---- */

static void check_patch(struct field_errors *fe, const struct field_path *p, str expression,
                        const struct expression_scope *scope, enum expression_result wanted) {
    if (trimmed(expression).n)
        check_expression(fe, PATH(p, "expression"), expression, expression, scope, wanted);
    else
        field_required(fe, PATH(p, "expression"), NULL);
}

static void check_mutation(struct field_errors *fe, const struct field_path *p, const Mutation *m,
                           const struct expression_scope *scope) {
    const struct field_path *patch = PATH(p, "jsonPatch"), *apply = PATH(p, "applyConfiguration");
    check_rows(fe, p, Mutation, m, "patchType");
    if (str_eqc(m->patch_type, "JSONPatch")) {
        if (m->json_patch)
            check_patch(fe, patch, m->json_patch->expression, scope, EXPRESSION_JSON_PATCH);
        else
            field_required(fe, patch, "must be specified when patchType is JSONPatch");
        if (m->apply_configuration)
            field_invalid(fe, apply, STR("{applyConfiguration}"),
                          "must not be specified when patchType is JSONPatch");
    } else if (str_eqc(m->patch_type, "ApplyConfiguration")) {
        if (m->apply_configuration)
            check_patch(fe, apply, m->apply_configuration->expression, scope, EXPRESSION_OBJECT);
        else
            field_required(fe, apply, "must be specified when patchType is ApplyConfiguration");
        if (m->json_patch)
            field_invalid(fe, patch, STR("{jsonPatch}"),
                          "must not be specified when patchType is ApplyConfiguration");
    }
}

static void validate_mutating(struct field_errors *fe, const void *obj, const void *old) {
    const MutatingAdmissionPolicySpec *s = &((const MutatingAdmissionPolicy *)obj)->spec;
    const MutatingAdmissionPolicy *was = old;
    const struct field_path *p = PATH(NULL, "spec");
    struct map variables;
    struct expression_scope scope = {s->param_kind != NULL, true, true, &variables};
    map_init(&variables, NULL);
    check_rows(fe, p, MutatingAdmissionPolicySpec, s, "failurePolicy");
    check_policy(fe, p, POLICY(s), was ? POLICY(&was->spec) : NULL, true, &scope);
    if (!s->mutations.n)
        field_required(fe, PATH(p, "mutations"), "mutations must contain at least one item");
    for (uint32_t i = 0; i < s->mutations.n; i++)
        check_mutation(fe, PATH_INDEX(PATH(p, "mutations"), i), &s->mutations.v[i], &scope);
    check_rows(fe, p, MutatingAdmissionPolicySpec, s, "reinvocationPolicy");
    map_done(&variables);
}

const struct hooks hooks_admissionregistration_v1_mutatingadmissionpolicies = {
    .group = "admissionregistration.k8s.io",
    .resource = "mutatingadmissionpolicies",
    .validate_write = validate_mutating,
    .counts_generation = true,
};

/* ---- bindings ---- */

static void check_param_ref(struct field_errors *fe, const struct field_path *p,
                            const ParamRef *r) {
    static const char *const actions[] = {"Deny", "Allow", NULL};
    static const char both[] = "name and selector are mutually exclusive";
    if (!r)
        return;
    check_rows(fe, p, ParamRef, r, "name");
    if (r->name.n && r->selector)
        field_forbidden(fe, PATH(p, "name"), both);
    check_label_selector(fe, PATH(p, "selector"), r->selector);
    if (r->name.n && r->selector)
        field_forbidden(fe, PATH(p, "selector"), both);
    if (!r->name.n && !r->selector)
        field_required(fe, p, "one of name or selector must be specified");
    check_one_of_required(fe, PATH(p, "parameterNotFoundAction"), r->parameter_not_found_action,
                          actions);
}

static void check_actions(struct field_errors *fe, const struct field_path *p, const str_list *l) {
    static const char *const actions[] = {"Audit", "Deny", "Warn", NULL};
    struct name_index x = name_index_of(fe->arena, l->v, l->n, sizeof(str));
    for (uint32_t i = 0; i < l->n; i++) {
        check_one_of(fe, PATH_INDEX(p, i), l->v[i], actions);
        if (name_index_first(&x, l->v[i]) != i)
            field_duplicate(fe, PATH_INDEX(p, i), l->v[i]);
    }
    if (strings_have(l, STR("Deny")) && strings_have(l, STR("Warn")))
        field_invalid_printed(fe, p, strings_json(fe->arena, l),
                              "must not contain both Deny and Warn (repeating the same validation "
                              "failure information in the API response and headers serves no "
                              "purpose)");
    if (!l->n)
        field_required(fe, p, "at least one validation action is required");
}

/* Upstream misspells the path of what a validating binding matches. */
#define MATCH_RESOURCES "matchResouces"

static void validate_binding(struct field_errors *fe, const void *obj) {
    const ValidatingAdmissionPolicyBindingSpec *s =
        &((const ValidatingAdmissionPolicyBinding *)obj)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    check_rows(fe, p, ValidatingAdmissionPolicyBindingSpec, s, "policyName");
    check_param_ref(fe, PATH(p, "paramRef"), s->param_ref);
    check_match_resources(fe, PATH(p, MATCH_RESOURCES), s->match_resources);
    check_actions(fe, PATH(p, "validationActions"), &s->validation_actions);
}

static void validate_mutating_binding(struct field_errors *fe, const void *obj) {
    const MutatingAdmissionPolicyBindingSpec *s =
        &((const MutatingAdmissionPolicyBinding *)obj)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    check_rows(fe, p, MutatingAdmissionPolicyBindingSpec, s, "policyName");
    check_param_ref(fe, PATH(p, "paramRef"), s->param_ref);
    check_match_resources(fe, PATH(p, "matchResources"), s->match_resources);
    check_mutable(fe, PATH(p, "matchResources"), s->match_resources);
}

const struct hooks hooks_admissionregistration_v1_validatingadmissionpolicybindings = {
    .group = "admissionregistration.k8s.io",
    .resource = "validatingadmissionpolicybindings",
    .validate = validate_binding,
    .counts_generation = true,
};

const struct hooks hooks_admissionregistration_v1_mutatingadmissionpolicybindings = {
    .group = "admissionregistration.k8s.io",
    .resource = "mutatingadmissionpolicybindings",
    .validate = validate_mutating_binding,
    .counts_generation = true,
};
