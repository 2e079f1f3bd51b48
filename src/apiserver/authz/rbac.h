// SPDX-License-Identifier: Apache-2.0
/* RBAC over the store's live roles and bindings. An index from subject to bindings follows the
 * store's events, so that a decision looks only at what names the user or one of the groups. Same
 * loop as the store. */
#pragma once

#include "apiserver/auth.h"
#include "store/store.h"

struct rbac;
int rbac_new(struct loop *l, struct store *s, struct rbac **ret);
struct rbac *rbac_free(struct rbac *r);
/* ctx is the struct rbac. */
extern const struct authz_ops rbac_ops;

/* Visits every rule the user has: cluster-wide ones and, when ns is not empty, that namespace's.
 * Stops when visit returns false. */
void rbac_rules(struct rbac *r, const struct user *u, str ns,
                bool (*visit)(void *ctx, const PolicyRule *rule), void *ctx);
/* The rules of a role as it is now (for the bind check); NULL when there is no such role. */
const ClusterRole *rbac_cluster_role(struct rbac *r, str name);
const Role *rbac_role(struct rbac *r, str ns, str name);
