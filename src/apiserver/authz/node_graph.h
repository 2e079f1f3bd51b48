// SPDX-License-Identifier: Apache-2.0
/* Which objects belong to the pods of a node. Follows the store's pods; a question costs a look at
 * the pods of one node. A pod takes 8 bytes for each object it names and 24 for itself. */
#pragma once

#include "apiserver/authz/pod_refs.h"
#include "store/store.h"

struct node_graph;
int node_graph_new(struct loop *l, struct store *s, struct node_graph **ret);
struct node_graph *node_graph_free(struct node_graph *g);
/* A pod bound to the node names this object. */
bool node_graph_has(const struct node_graph *g, str node, enum pod_ref kind, str ns, str name);
