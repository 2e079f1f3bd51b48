// SPDX-License-Identifier: Apache-2.0
/* Lists of resources (requests, limits, quotas): sorted maps of quantities, copied before they
 * change, because objects share them. */
#pragma once

#include "api/types.h"

const Quantity *amounts_get(const str_map *m, str name); /* NULL: not there */
/* Each of `more` is added to what is there. */
void amounts_add(struct arena *a, str_map *m, const str_map *more);
/* What is there in x and not in y, or less in y. */
str_map amounts_sub(struct arena *a, const str_map *x, const str_map *y);
int amount_cmp(Quantity x, Quantity y);

/* What the containers of a pod ask for together: the sum of those that run at once. */
str_map containers_total(struct arena *a, const PodSpec *s, bool limits);
/* What a pod asks for, as it is accounted: the sum of its containers or what its init containers
 * need at once, whichever is more, and the overhead. */
str_map pod_requests_list(struct arena *a, const Pod *p);
str_map pod_limits_list(struct arena *a, const Pod *p);
/* The spec of a pod whose containers may be on their way from one size to another: each asks for
 * the most of what the spec says, what was allocated and what it runs with; while the node cannot
 * give what the spec says, for the latter two. */
PodSpec pod_spec_resized(struct arena *a, const Pod *p);
