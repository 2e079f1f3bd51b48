// SPDX-License-Identifier: Apache-2.0
/* What a kubelet may: its own Node and Lease, its pods and the objects they name, and what
 * ClusterRole system:node gives to all nodes alike. */
#pragma once

#include "apiserver/auth.h"
#include "store/store.h"

struct node_authorizer;
int node_authorizer_new(struct loop *l, struct store *s, struct node_authorizer **ret);
struct node_authorizer *node_authorizer_free(struct node_authorizer *n);
/* ctx is the struct node_authorizer. Never denies: DECISION_NO_OPINION and why not. */
extern const struct authz_ops node_authorizer_ops;

/* The user is a node; *ret_node is its name and may be empty. */
bool user_is_node(const struct user *u, str *ret_node);
