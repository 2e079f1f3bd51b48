// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"

static bool is_quota_resource(str name) {
    return resource_is_compute(name) || resource_counts_objects(name) || is_hugepages(name) ||
           str_eqc(name, "requests.storage") || str_starts(name, STR("requests.hugepages-"));
}

static void check_list(struct field_errors *fe, const struct field_path *p, const str_map *m) {
    for (uint32_t i = 0; i < m->n && !field_errors_full(fe); i++) {
        str name = m->v[i].key;
        const struct field_path *at = PATH_KEY(p, name);
        check_resource_name(fe, at, name);
        if (str_chr(name, '/') < 0 && !is_quota_resource(name))
            field_invalid(fe, at, name, "must be a standard resource for quota");
        check_resource_quantity(fe, at, name, m->v[i].value);
    }
}

/* ---- scopes: of which pods or claims it counts ---- */

static const char *const known_scopes[] = {"Terminating",
                                           "NotTerminating",
                                           "BestEffort",
                                           "NotBestEffort",
                                           "PriorityClass",
                                           "CrossNamespacePodAffinity",
                                           "VolumeAttributesClass",
                                           NULL};

/* What the pods of a scope, or its claims, have at all. */
static bool scope_has(str scope, str resource) {
    static const char *const compute[] = {
        "cpu",          "memory",          "limits.cpu", "limits.memory",
        "requests.cpu", "requests.memory", "pods",       NULL};
    static const char *const claims[] = {"persistentvolumeclaims", "requests.storage", NULL};
    if (str_eqc(scope, "BestEffort"))
        return str_eqc(resource, "pods");
    if (str_eqc(scope, "VolumeAttributesClass"))
        return str_in(resource, claims);
    return str_in(resource, compute);
}

/* `limited`: those of the hard limits that scopes are about. */
static void check_fits(struct field_errors *fe, const struct field_path *p, const str_list *limited,
                       str scope, str shown) {
    bool known = str_in(scope, known_scopes);
    for (uint32_t i = 0; known && i < limited->n && !field_errors_full(fe); i++)
        if (!scope_has(scope, limited->v[i]))
            field_invalid_printed(fe, p, shown, "unsupported scope applied to resource");
}

static str_list limited_by(struct arena *a, const ResourceQuotaSpec *s) {
    str_list l = {0};
    for (uint32_t i = 0; i < s->hard.n; i++)
        if (is_quota_resource(s->hard.v[i].key))
            *list_push(a, &l) = s->hard.v[i].key;
    return l;
}

static void check_conflicts(struct field_errors *fe, const struct field_path *p,
                            const str_list *scopes, str shown) {
    static const char *const pairs[][2] = {{"BestEffort", "NotBestEffort"},
                                           {"Terminating", "NotTerminating"}};
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        if (strings_have(scopes, str_of(pairs[i][0])) && strings_have(scopes, str_of(pairs[i][1])))
            field_invalid_printed(fe, p, shown, "conflicting scopes");
}

static str scopes_text(struct arena *a, const str_list *l) {
    return l->n ? strings_json(a, l) : STR("null");
}

static void check_scopes(struct field_errors *fe, const struct field_path *p,
                         const ResourceQuotaSpec *s) {
    str shown = scopes_text(fe->arena, &s->scopes);
    const str_list limited = limited_by(fe->arena, s);
    for (uint32_t i = 0; i < s->scopes.n && !field_errors_full(fe); i++) {
        if (!str_in(s->scopes.v[i], known_scopes))
            field_invalid_printed(fe, p, shown, "unsupported scope");
        check_fits(fe, p, &limited, s->scopes.v[i], shown);
    }
    check_conflicts(fe, p, &s->scopes, shown);
}

static void check_requirement(struct field_errors *fe, const struct field_path *p,
                              const ScopedResourceSelectorRequirement *r) {
    static const char *const exists_only[] = {
        "BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity",
        NULL};
    str op = r->operator_;
    if (str_in(r->scope_name, exists_only) && !str_eqc(op, "Exists"))
        field_invalid(fe, PATH(p, "operator"), op,
                      "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, "
                      "ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, "
                      "ResourceQuotaScopeNotBestEffort or "
                      "ResourceQuotaScopeCrossNamespacePodAffinity");
    if (str_eqc(op, "In") || str_eqc(op, "NotIn")) {
        if (!r->values.n)
            field_required(fe, PATH(p, "values"),
                           "must be at least one value when `operator` is 'In' or 'NotIn' for "
                           "scope selector");
    } else if (str_eqc(op, "Exists") || str_eqc(op, "DoesNotExist")) {
        if (r->values.n)
            field_invalid_printed(fe, PATH(p, "values"), strings_json(fe->arena, &r->values),
                                  "must be no value when `operator` is 'Exist' or 'DoesNotExist' "
                                  "for scope selector");
    } else {
        field_invalid(fe, PATH(p, "operator"), op, "not a valid selector operator");
    }
}

/* Upstream names no index here, and shows the scopes of the list where two of these conflict. */
static void check_selector(struct field_errors *fe, const struct field_path *selector,
                           const ResourceQuotaSpec *s) {
    const struct field_path *p = PATH(selector, "matchExpressions");
    const str_list limited = limited_by(fe->arena, s);
    str_list scopes = {0};
    str shown = go_json(fe->arena, &ScopeSelector_type, s->scope_selector);
    for (uint32_t i = 0; i < s->scope_selector->match_expressions.n && !field_errors_full(fe);
         i++) {
        const ScopedResourceSelectorRequirement *r = &s->scope_selector->match_expressions.v[i];
        if (!str_in(r->scope_name, known_scopes))
            field_invalid(fe, PATH(p, "scopeName"), r->scope_name, "unsupported scope");
        check_fits(fe, p, &limited, r->scope_name, shown);
        check_requirement(fe, p, r);
        *list_push(fe->arena, &scopes) = r->scope_name;
    }
    check_conflicts(fe, p, &scopes, scopes_text(fe->arena, &s->scopes));
}

/* ---- the whole ---- */

static void validate(struct field_errors *fe, const void *obj) {
    const ResourceQuotaSpec *s = &((const ResourceQuota *)obj)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    check_list(fe, PATH(p, "hard"), &s->hard);
    check_scopes(fe, PATH(p, "scopes"), s);
    if (s->scope_selector)
        check_selector(fe, PATH(p, "scopeSelector"), s);
}

static bool all_in(struct arena *a, const str_list *l, const str_list *of) {
    struct name_index x = name_index_of(a, of->v, of->n, sizeof(str));
    for (uint32_t i = 0; i < l->n; i++)
        if (!name_index_has(&x, l->v[i]))
            return false;
    return true;
}

static void validate_update(struct field_errors *fe, const void *obj, const void *old) {
    const str_list *l = &((const ResourceQuota *)obj)->spec.scopes;
    const str_list *was = &((const ResourceQuota *)old)->spec.scopes;
    if (!all_in(fe->arena, l, was) || !all_in(fe->arena, was, l))
        field_invalid_printed(fe, PATH(PATH(NULL, "spec"), "scopes"), scopes_text(fe->arena, l),
                              FIELD_IMMUTABLE);
}

static void validate_status(struct field_errors *fe, const void *obj, const void *old) {
    const ResourceQuotaStatus *s = &((const ResourceQuota *)obj)->status;
    const struct field_path *p = PATH(NULL, "status");
    (void)old;
    check_list(fe, PATH(p, "hard"), &s->hard);
    check_list(fe, PATH(p, "used"), &s->used);
}

const struct hooks hooks_core_v1_resourcequotas = {
    .group = "",
    .resource = "resourcequotas",
    .validate = validate,
    .validate_update = validate_update,
    .validate_status = validate_status,
};
