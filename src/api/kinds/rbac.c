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

const struct hooks hooks_rbac_v1_roles = {
    .group = RBAC_GROUP,
    .resource = "roles",
    .validate_name = name_is_path_segment,
};

const struct hooks hooks_rbac_v1_clusterroles = {
    .group = RBAC_GROUP,
    .resource = "clusterroles",
    .validate_name = name_is_path_segment,
};

const struct hooks hooks_rbac_v1_rolebindings = {
    .group = RBAC_GROUP,
    .resource = "rolebindings",
    .defaults = binding_defaults,
    .validate_name = name_is_path_segment,
};

const struct hooks hooks_rbac_v1_clusterrolebindings = {
    .group = RBAC_GROUP,
    .resource = "clusterrolebindings",
    .defaults = cluster_binding_defaults,
    .validate_name = name_is_path_segment,
};
