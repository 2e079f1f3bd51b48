// SPDX-License-Identifier: Apache-2.0
/* The roles and bindings that are there from the start: upstream's, and what ours need because all
 * controllers run under one name. */
#pragma once

#include "apiserver/apiserver.h"

struct policy_object {
    const struct api_resource *res;
    void *obj; /* ClusterRole, Role, ClusterRoleBinding or RoleBinding */
};

struct policy {
    struct policy_object *v;
    uint32_t n;
};

/* In the order they are to be made: roles before what binds them. Aggregated roles are filled. */
void policy_defaults(struct arena *a, struct policy *ret);
const ClusterRole *policy_cluster_role(const struct policy *p, const char *name);

/* Proposes what is absent, and gives back to what is there the rules and subjects it has lost,
 * unless its annotation rbac.authorization.kubernetes.io/autoupdate says "false". */
void policy_bootstrap(struct apiserver *s);
/* What reconciliation makes of an object that is there: NULL when nothing is missing. */
void *policy_merge(struct arena *a, const struct policy_object *wanted, const void *there);
