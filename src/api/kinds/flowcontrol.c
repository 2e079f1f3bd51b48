// SPDX-License-Identifier: Apache-2.0
/* Flow schemas: which requests go to which priority level. */
#include "api/kinds/flowcontrol.h"

#define PRECEDENCE_MAX 10000

bool flowcontrol_differs(const struct field_errors *fe, const struct api_type *t, const char *fixed,
                         const void *spec) {
    struct err e;
    void *want = arena_zalloc(fe->arena, t->size);
    int r = json_read(fe->arena, t, str_of(fixed), want, NULL, &e);
    return r < 0 || !api_equal(t, want, spec);
}

/* ---- whom a rule is about ---- */

/* What a subject of one kind may not also say. */
static void check_alone(struct field_errors *fe, const struct field_path *p,
                        const flowcontrol_v1_Subject *s) {
    const struct {
        const char *kind, *name;
        const void *there;
    } parts[] = {{"ServiceAccount", "serviceAccount", s->service_account},
                 {"User", "user", s->user},
                 {"Group", "group", s->group}};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (parts[i].there && !str_eqc(s->kind, parts[i].kind))
            field_forbidden(fe, PATH(p, parts[i].name),
                            "%s is forbidden when subject kind is not '%s'", parts[i].name,
                            parts[i].kind);
}

static void check_account(struct field_errors *fe, const struct field_path *p,
                          const ServiceAccountSubject *a) {
    if (!a) {
        field_required(fe, p, "serviceAccount is required when subject kind is 'ServiceAccount'");
        return;
    }
    if (!str_eqc(a->name, "*"))
        check_name_required(fe, PATH(p, "name"), a->name, name_dns1123_subdomain);
    if (a->namespace_.n)
        field_check_name(fe, PATH(p, "namespace"), a->namespace_, name_dns1123_label);
    else
        field_required(fe, PATH(p, "namespace"), "must specify namespace for service account");
}

static void check_subject(struct field_errors *fe, const struct field_path *p,
                          const flowcontrol_v1_Subject *s) {
    static const char *const kinds[] = {"Group", "ServiceAccount", "User", NULL};
    if (!str_in(s->kind, kinds)) {
        field_not_supported(fe, PATH(p, "kind"), s->kind, kinds);
        return;
    }
    if (str_eqc(s->kind, "ServiceAccount"))
        check_account(fe, PATH(p, "serviceAccount"), s->service_account);
    else if (str_eqc(s->kind, "User") && !s->user)
        field_required(fe, PATH(p, "user"), "user is required when subject kind is 'User'");
    else if (str_eqc(s->kind, "User"))
        check_rows(fe, PATH(p, "user"), UserSubject, s->user, "name");
    else if (str_eqc(s->kind, "Group") && !s->group)
        field_required(fe, PATH(p, "group"), "group is required when subject kind is 'Group'");
    else if (str_eqc(s->kind, "Group"))
        check_rows(fe, PATH(p, "group"), GroupSubject, s->group, "name");
    check_alone(fe, p, s);
}

/* ---- which requests ---- */

/* true: "*" is among them, alone or not. */
static bool check_star(struct field_errors *fe, const struct field_path *p, const str_list *l,
                       const char *others) {
    bool star = strings_have(l, STR("*"));
    if (star && l->n > 1)
        field_invalid_printed(fe, p, strings_json(fe->arena, l),
                              "if '*' is present, must not specify other %s", others);
    return star;
}

static void check_verbs(struct field_errors *fe, const struct field_path *p, const str_list *l) {
    static const char *const verbs[] = {"create", "delete", "deletecollection", "get",   "list",
                                        "patch",  "proxy",  "update",           "watch", NULL};
    bool known = true;
    if (!l->n)
        field_required(fe, p, "verbs must contain at least one value");
    if (!l->n || check_star(fe, p, l, "verbs"))
        return;
    for (uint32_t i = 0; i < l->n; i++)
        known &= str_in(l->v[i], verbs);
    if (!known)
        field_not_supported_printed(fe, p, strings_json(fe->arena, l), verbs);
}

static void check_url(struct field_errors *fe, const struct field_path *p, str s) {
    const char *fault = NULL;
    ssize_t star = str_chr(s, '*');
    if (!s.n)
        fault = "must not be empty";
    else if (s.p[0] != '/')
        fault = "must start with slash";
    else if (str_chr(s, ' ') >= 0)
        fault = "must not contain white-space";
    else if (str_find(s, STR("//")) >= 0)
        fault = "must not contain double slash";
    else if (star >= 0 && ((size_t)star + 1 != s.n || !str_ends(s, STR("/*"))))
        fault = "wildcard can only do suffix matching";
    if (fault)
        field_invalid(fe, p, s, "%s", fault);
}

static void check_paths(struct field_errors *fe, const struct field_path *rule,
                        const NonResourcePolicyRule *r) {
    const struct field_path *p = PATH(rule, "nonResourceURLs");
    check_verbs(fe, PATH(rule, "verbs"), &r->verbs);
    if (!r->non_resource_urls.n)
        field_required(fe, p, "nonResourceURLs must contain at least one value");
    if (check_star(fe, p, &r->non_resource_urls, "non-resource URLs"))
        return;
    for (uint32_t i = 0; i < r->non_resource_urls.n; i++)
        check_url(fe, PATH_INDEX(p, i), r->non_resource_urls.v[i]);
}

static void check_namespaces(struct field_errors *fe, const struct field_path *p,
                             const ResourcePolicyRule *r) {
    if (!r->namespaces.n && !r->cluster_scope)
        field_required(fe, p,
                       "resource rules that are not cluster scoped must supply at least one "
                       "namespace");
    if (check_star(fe, p, &r->namespaces, "namespaces"))
        return;
    for (uint32_t i = 0; i < r->namespaces.n; i++) {
        struct name_errors e = {{0}, 0};
        name_dns1123_label(r->namespaces.v[i], &e);
        for (unsigned k = 0; k < e.n; k++)
            field_invalid(fe, PATH_INDEX(p, i), r->namespaces.v[i],
                          "each member of this list must be '*' or a DNS-1123 label; %s", e.v[k]);
    }
}

static void check_resources(struct field_errors *fe, const struct field_path *p,
                            const ResourcePolicyRule *r) {
    check_verbs(fe, PATH(p, "verbs"), &r->verbs);
    if (!r->api_groups.n)
        field_required(fe, PATH(p, "apiGroups"),
                       "resource rules must supply at least one api group");
    check_star(fe, PATH(p, "apiGroups"), &r->api_groups, "api groups");
    if (!r->resources.n)
        field_required(fe, PATH(p, "resources"),
                       "resource rules must supply at least one resource");
    check_star(fe, PATH(p, "resources"), &r->resources, "resources");
    check_namespaces(fe, PATH(p, "namespaces"), r);
}

static void check_rule(struct field_errors *fe, const struct field_path *p,
                       const PolicyRulesWithSubjects *r) {
    if (!r->subjects.n)
        field_required(fe, PATH(p, "subjects"), "subjects must contain at least one value");
    for (uint32_t i = 0; i < r->subjects.n; i++)
        check_subject(fe, PATH_INDEX(PATH(p, "subjects"), i), &r->subjects.v[i]);
    if (!r->resource_rules.n && !r->non_resource_rules.n)
        field_required(fe, p,
                       "at least one of resourceRules and nonResourceRules has to be non-empty");
    for (uint32_t i = 0; i < r->resource_rules.n; i++)
        check_resources(fe, PATH_INDEX(PATH(p, "resourceRules"), i), &r->resource_rules.v[i]);
    for (uint32_t i = 0; i < r->non_resource_rules.n; i++)
        check_paths(fe, PATH_INDEX(PATH(p, "nonResourceRules"), i), &r->non_resource_rules.v[i]);
}

/* ---- FlowSchema ---- */

#define ALL_RESOURCES                                                                              \
    "\"resourceRules\":[{\"verbs\":[\"*\"],\"apiGroups\":[\"*\"],\"resources\":[\"*\"],"           \
    "\"clusterScope\":true,\"namespaces\":[\"*\"]}],"                                              \
    "\"nonResourceRules\":[{\"verbs\":[\"*\"],\"nonResourceURLs\":[\"*\"]}]"

/* Those that every server has, and nobody changes. */
static const char *fixed_spec(str name) {
    if (str_eqc(name, "exempt"))
        return "{\"priorityLevelConfiguration\":{\"name\":\"exempt\"},\"matchingPrecedence\":1,"
               "\"rules\":[{\"subjects\":[{\"kind\":\"Group\",\"group\":{\"name\":\"system:masters"
               "\"}}]," ALL_RESOURCES "}]}";
    if (str_eqc(name, "catch-all"))
        return "{\"priorityLevelConfiguration\":{\"name\":\"catch-all\"},"
               "\"matchingPrecedence\":10000,\"distinguisherMethod\":{\"type\":\"ByUser\"},"
               "\"rules\":[{\"subjects\":[{\"kind\":\"Group\",\"group\":{\"name\":"
               "\"system:unauthenticated\"}},{\"kind\":\"Group\",\"group\":{\"name\":"
               "\"system:authenticated\"}}]," ALL_RESOURCES "}]}";
    return NULL;
}

static void check_precedence(struct field_errors *fe, const struct field_path *p, str name,
                             int32_t v) {
    if (v <= 0)
        field_invalid_i64(fe, p, v, "must be a positive value");
    if (v > PRECEDENCE_MAX)
        field_invalid_i64(fe, p, v, "must not be greater than 10000");
    if (v == 1 && !str_eqc(name, "exempt"))
        field_invalid_i64(fe, p, v, "only the schema named 'exempt' may have matchingPrecedence 1");
}

static void validate_status(struct field_errors *fe, const void *obj, const void *old) {
    const FlowSchemaCondition *v = ((const FlowSchema *)obj)->status.conditions.v;
    uint32_t n = ((const FlowSchema *)obj)->status.conditions.n;
    struct name_index x = name_index_of(fe->arena, n ? &v->type : NULL, n, sizeof(*v));
    (void)old;
    for (uint32_t i = 0; i < n; i++)
        flowcontrol_check_type(fe, &x, i, v[i].type);
}

void flowcontrol_check_type(struct field_errors *fe, const struct name_index *x, uint32_t i,
                            str type) {
    const struct field_path *p =
        PATH(PATH_INDEX(PATH(PATH(NULL, "status"), "conditions"), i), "type");
    if (name_index_first(x, type) != i)
        field_duplicate(fe, p, type);
    if (!type.n)
        field_required(fe, p, NULL);
}

static void validate(struct field_errors *fe, const void *obj) {
    static const char *const methods[] = {"ByNamespace", "ByUser", NULL};
    const FlowSchema *f = obj;
    const FlowSchemaSpec *s = &f->spec;
    const struct field_path *p = PATH(NULL, "spec"),
                            *level = PATH(PATH(p, "priorityLevelConfiguration"), "name");
    const FlowDistinguisherMethod *m = s->distinguisher_method;
    const char *fixed = fixed_spec(f->metadata.name);
    check_precedence(fe, PATH(p, "matchingPrecedence"), f->metadata.name, s->matching_precedence);
    if (m && !str_in(m->type, methods))
        field_not_supported_printed(fe, PATH(PATH(p, "distinguisherMethod"), "type"),
                                    go_json(fe->arena, &FlowDistinguisherMethod_type, m), methods);
    if (!s->priority_level_configuration.name.n)
        field_required(fe, level, "must reference a priority level");
    else
        field_check_name(fe, level, s->priority_level_configuration.name, name_dns1123_subdomain);
    for (uint32_t i = 0; i < s->rules.n; i++)
        check_rule(fe, PATH_INDEX(PATH(p, "rules"), i), &s->rules.v[i]);
    if (fixed && flowcontrol_differs(fe, &FlowSchemaSpec_type, fixed, s))
        field_invalid_printed(fe, p, go_json(fe->arena, &FlowSchemaSpec_type, s),
                              "spec of '" STR_FMT "' must equal the fixed value",
                              STR_ARG(f->metadata.name));
    validate_status(fe, obj, NULL);
}

const struct hooks hooks_flowcontrol_v1_flowschemas = {
    .group = "flowcontrol.apiserver.k8s.io",
    .resource = "flowschemas",
    .validate = validate,
    .validate_status = validate_status,
    .counts_generation = true,
};
