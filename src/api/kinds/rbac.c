// SPDX-License-Identifier: Apache-2.0
/* Roles and bindings. Escalation (granting what one has not) is the API server's to judge. */
#include "api/kinds/kinds.h"

#define RBAC_GROUP "rbac.authorization.k8s.io"

static void subject_defaults(Subject *v, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (!v[i].api_group.n && (str_eqc(v[i].kind, "User") || str_eqc(v[i].kind, "Group")))
            v[i].api_group = STR(RBAC_GROUP);
}

static void binding_defaults(struct hook_ctx *h, void *obj) {
    RoleBinding *b = obj;
    (void)h;
    subject_defaults(b->subjects.v, b->subjects.n);
}

static void cluster_binding_defaults(struct hook_ctx *h, void *obj) {
    ClusterRoleBinding *b = obj;
    (void)h;
    subject_defaults(b->subjects.v, b->subjects.n);
}

/* ---- validation ---- */

static void check_rules(struct field_errors *fe, const PolicyRule *v, uint32_t n, bool cluster) {
    for (uint32_t i = 0; i < n; i++) {
        const struct field_path *p = PATH_INDEX(PATH(NULL, "rules"), i);
        const PolicyRule *r = &v[i];
        if (!r->verbs.n)
            field_required(fe, PATH(p, "verbs"), "verbs must contain at least one value");
        if (r->non_resource_urls.n) {
            str urls = strings_json(fe->arena, &r->non_resource_urls);
            if (!cluster)
                field_invalid_printed(fe, PATH(p, "nonResourceURLs"), urls,
                                      "namespaced rules cannot apply to non-resource URLs");
            if (r->api_groups.n || r->resources.n || r->resource_names.n)
                field_invalid_printed(
                    fe, PATH(p, "nonResourceURLs"), urls,
                    "rules cannot apply to both regular resources and non-resource URLs");
            continue;
        }
        if (!r->api_groups.n)
            field_required(fe, PATH(p, "apiGroups"),
                           "resource rules must supply at least one api group");
        if (!r->resources.n)
            field_required(fe, PATH(p, "resources"),
                           "resource rules must supply at least one resource");
    }
}

static void role_validate(struct field_errors *fe, const void *obj) {
    const Role *r = obj;
    check_rules(fe, r->rules.v, r->rules.n, false);
}

/* What is wrong with a selector is said by part, and once more by the whole. */
static void check_aggregated(struct field_errors *fe, const struct field_path *p,
                             const LabelSelector *s) {
    struct selector sel;
    struct err e;
    check_label_selector(fe, p, s);
    if (selector_of(fe->arena, s, &sel, &e) < 0)
        field_invalid_printed(fe, p, STR("null"), "invalid label selector: %s", e.text);
}

static void cluster_role_validate(struct field_errors *fe, const void *obj) {
    const ClusterRole *r = obj;
    const AggregationRule *a = r->aggregation_rule;
    check_rules(fe, r->rules.v, r->rules.n, true);
    if (!a)
        return;
    const struct field_path *p = PATH(PATH(NULL, "aggregationRule"), "clusterRoleSelectors");
    if (!a->cluster_role_selectors.n)
        field_required(fe, p,
                       "at least one clusterRoleSelector required if aggregationRule is "
                       "non-nil");
    for (uint32_t i = 0; i < a->cluster_role_selectors.n; i++)
        check_aggregated(fe, PATH_INDEX(p, i), &a->cluster_role_selectors.v[i]);
}

static void check_subjects(struct field_errors *fe, const Subject *v, uint32_t n, bool cluster) {
    static const char *const kinds[] = {"ServiceAccount", "User", "Group", NULL};
    static const char *const rbac[] = {RBAC_GROUP, NULL}, *const core[] = {"", NULL};
    for (uint32_t i = 0; i < n; i++) {
        const struct field_path *p = PATH_INDEX(PATH(NULL, "subjects"), i);
        check_rows(fe, p, Subject, &v[i], "name");
        if (str_eqc(v[i].kind, "ServiceAccount")) {
            if (v[i].name.n)
                field_check_name(fe, PATH(p, "name"), v[i].name, name_dns1123_subdomain);
            if (v[i].api_group.n)
                field_not_supported(fe, PATH(p, "apiGroup"), v[i].api_group, core);
            if (cluster && !v[i].namespace_.n)
                field_required(fe, PATH(p, "namespace"), NULL);
        } else if (str_eqc(v[i].kind, "User") || str_eqc(v[i].kind, "Group")) {
            check_one_of(fe, PATH(p, "apiGroup"), v[i].api_group, rbac);
        } else {
            field_not_supported(fe, PATH(p, "kind"), v[i].kind, kinds);
        }
    }
}

static void check_role_ref(struct field_errors *fe, const RoleRef *r, bool cluster) {
    static const char *const kinds[] = {"Role", "ClusterRole", NULL};
    const struct field_path *p = PATH(NULL, "roleRef");
    check_rows(fe, p, RoleRef, r, "apiGroup");
    check_one_of(fe, PATH(p, "kind"), r->kind, cluster ? kinds + 1 : kinds);
    check_rows(fe, p, RoleRef, r, "name");
}

static void check_role_ref_same(struct field_errors *fe, const RoleRef *r, const RoleRef *was) {
    if (!api_equal(&RoleRef_type, r, was))
        field_invalid_printed(fe, PATH(NULL, "roleRef"), go_json(fe->arena, &RoleRef_type, r),
                              "cannot change roleRef");
}

static void binding_validate(struct field_errors *fe, const void *obj) {
    const RoleBinding *b = obj;
    check_role_ref(fe, &b->role_ref, false);
    check_subjects(fe, b->subjects.v, b->subjects.n, false);
}

static void binding_validate_update(struct field_errors *fe, const void *obj, const void *old) {
    check_role_ref_same(fe, &((const RoleBinding *)obj)->role_ref,
                        &((const RoleBinding *)old)->role_ref);
}

static void cluster_binding_validate(struct field_errors *fe, const void *obj) {
    const ClusterRoleBinding *b = obj;
    check_role_ref(fe, &b->role_ref, true);
    check_subjects(fe, b->subjects.v, b->subjects.n, true);
}

static void cluster_binding_validate_update(struct field_errors *fe, const void *obj,
                                            const void *old) {
    check_role_ref_same(fe, &((const ClusterRoleBinding *)obj)->role_ref,
                        &((const ClusterRoleBinding *)old)->role_ref);
}

const struct hooks hooks_rbac_v1_roles = {
    .group = RBAC_GROUP,
    .resource = "roles",
    .validate = role_validate,
    .validate_name = name_is_path_segment,
};

const struct hooks hooks_rbac_v1_clusterroles = {
    .group = RBAC_GROUP,
    .resource = "clusterroles",
    .validate = cluster_role_validate,
    .validate_name = name_is_path_segment,
};

const struct hooks hooks_rbac_v1_rolebindings = {
    .group = RBAC_GROUP,
    .resource = "rolebindings",
    .defaults = binding_defaults,
    .validate = binding_validate,
    .validate_update = binding_validate_update,
    .validate_name = name_is_path_segment,
};

const struct hooks hooks_rbac_v1_clusterrolebindings = {
    .group = RBAC_GROUP,
    .resource = "clusterrolebindings",
    .defaults = cluster_binding_defaults,
    .validate = cluster_binding_validate,
    .validate_update = cluster_binding_validate_update,
    .validate_name = name_is_path_segment,
};
