// SPDX-License-Identifier: Apache-2.0
/* Which requests webhooks and policies look at. */
#include "api/kinds/admission.h"
#include "api/kinds/expressions.h"

#define CONDITIONS_MAX 64

str trimmed(str s) {
    while (s.n && strchr(" \t\n\v\f\r", s.p[0]) && s.p[0])
        s = str_slice(s, 1, s.n);
    while (s.n && strchr(" \t\n\v\f\r", s.p[s.n - 1]) && s.p[s.n - 1])
        s = str_slice(s, 0, s.n - 1);
    return s;
}

/* "*" stands alone; others: what it excludes. */
static void check_star(struct field_errors *fe, const struct field_path *p, const str_list *l,
                       const char *others) {
    if (!l->n)
        field_required(fe, p, NULL);
    if (l->n > 1 && strings_have(l, STR("*")))
        field_invalid_printed(fe, p, strings_json(fe->arena, l),
                              "if '*' is present, must not specify other %s", others);
}

static bool stands_before(struct arena *a, const struct name_index *x, uint32_t i, str res,
                          str sub) {
    str name = str_printf(a, STR_FMT "/" STR_FMT, STR_ARG(res), STR_ARG(sub));
    int64_t first = name_index_first(x, name);
    return first >= 0 && first < i;
}

/* What "x/" and "/y" before this one say of it. */
static void check_subresource(struct field_errors *fe, const struct field_path *p,
                              const str_list *l, const struct name_index *x, uint32_t i) {
    str sub = l->v[i], res = str_cut(&sub, '/');
    if (stands_before(fe->arena, x, i, res, STR("*")))
        field_invalid(fe, p, l->v[i], "if '" STR_FMT "/*' is present, must not specify " STR_FMT,
                      STR_ARG(res), STR_ARG(l->v[i]));
    if (stands_before(fe->arena, x, i, STR("*"), sub))
        field_invalid(fe, p, l->v[i], "if '*/" STR_FMT "' is present, must not specify " STR_FMT,
                      STR_ARG(sub), STR_ARG(l->v[i]));
}

static void check_resources(struct field_errors *fe, const struct field_path *p,
                            const str_list *l) {
    struct name_index x = name_index_of(fe->arena, l->v, l->n, sizeof(str));
    bool plain = false;
    if (!l->n)
        field_required(fe, p, NULL);
    for (uint32_t i = 0; i < l->n && !field_errors_full(fe); i++) {
        if (!l->v[i].n)
            field_required(fe, PATH_INDEX(p, i), NULL);
        else if (str_chr(l->v[i], '/') >= 0)
            check_subresource(fe, PATH_INDEX(p, i), l, &x, i);
        else
            plain = !str_eqc(l->v[i], "*");
    }
    if (l->n > 1 && name_index_has(&x, STR("*/*")))
        field_invalid_printed(fe, p, strings_json(fe->arena, l),
                              "if '*/*' is present, must not specify other resources");
    if (plain && name_index_has(&x, STR("*")))
        field_invalid_printed(fe, p, strings_json(fe->arena, l),
                              "if '*' is present, must not specify other resources without "
                              "subresources");
}

void check_admission_rule(struct field_errors *fe, const struct field_path *p,
                          const RuleWithOperations *o) {
    const Rule *r = &o->rule;
    check_star(fe, PATH(p, "operations"), &o->operations, "operations");
    check_rows(fe, p, RuleWithOperations, o, "operations");
    check_star(fe, PATH(p, "apiGroups"), &r->api_groups, "API groups");
    check_star(fe, PATH(p, "apiVersions"), &r->api_versions, "API versions");
    for (uint32_t i = 0; i < r->api_versions.n; i++)
        if (!r->api_versions.v[i].n)
            field_required(fe, PATH_INDEX(PATH(p, "apiVersions"), i), NULL);
    check_resources(fe, PATH(p, "resources"), &r->resources);
    check_rows(fe, p, Rule, r, "scope");
}

static void check_named_rule(struct field_errors *fe, const struct field_path *p,
                             const NamedRuleWithOperations *r) {
    struct name_index x =
        name_index_of(fe->arena, r->resource_names.v, r->resource_names.n, sizeof(str));
    for (uint32_t i = 0; i < r->resource_names.n; i++) {
        const struct field_path *at = PATH_INDEX(PATH(p, "resourceNames"), i);
        field_check_name(fe, at, r->resource_names.v[i], name_path_segment);
        if (name_index_first(&x, r->resource_names.v[i]) != i)
            field_duplicate(fe, at, r->resource_names.v[i]);
    }
    check_admission_rule(fe, p, &r->rule_with_operations);
}

void check_match_resources(struct field_errors *fe, const struct field_path *p,
                           const MatchResources *m) {
    if (!m)
        return;
    check_rows(fe, p, MatchResources, m, "matchPolicy namespaceSelector");
    check_label_selector(fe, PATH(p, "namespaceSelector"), m->namespace_selector);
    check_rows(fe, p, MatchResources, m, "objectSelector");
    check_label_selector(fe, PATH(p, "objectSelector"), m->object_selector);
    for (uint32_t i = 0; i < m->resource_rules.n; i++)
        check_named_rule(fe, PATH_INDEX(PATH(p, "resourceRules"), i), &m->resource_rules.v[i]);
    for (uint32_t i = 0; i < m->exclude_resource_rules.n; i++)
        check_named_rule(fe, PATH_INDEX(PATH(p, "excludeResourceRules"), i),
                         &m->exclude_resource_rules.v[i]);
}

static void check_match_condition(struct field_errors *fe, const struct field_path *p,
                                  const MatchCondition *m, bool params) {
    struct expression_scope scope = {.has_params = params, .has_authorizer = true};
    str expression = trimmed(m->expression);
    if (expression.n)
        check_expression(fe, PATH(p, "expression"), expression, expression, &scope,
                         EXPRESSION_BOOL);
    else
        field_required(fe, PATH(p, "expression"), NULL);
    check_rows(fe, p, MatchCondition, m, "name");
}

void check_match_conditions(struct field_errors *fe, const struct field_path *p,
                            const MatchCondition *v, uint32_t n, bool params) {
    struct name_index x = name_index_of(fe->arena, n ? &v->name : NULL, n, sizeof(*v));
    if (n > CONDITIONS_MAX)
        field_too_many(fe, p, n, CONDITIONS_MAX);
    for (uint32_t i = 0; i < n; i++) {
        const struct field_path *at = PATH_INDEX(p, i);
        check_match_condition(fe, at, &v[i], params);
        if (v[i].name.n && name_index_first(&x, v[i].name) != i)
            field_duplicate(fe, PATH(at, "name"), v[i].name);
    }
}

bool same_match_conditions(const MatchCondition *x, uint32_t n, const MatchCondition *y,
                           uint32_t m) {
    bool same = n == m;
    for (uint32_t i = 0; same && i < n; i++)
        same = api_equal(&MatchCondition_type, &x[i], &y[i]);
    return same;
}
