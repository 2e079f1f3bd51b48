// SPDX-License-Identifier: Apache-2.0
/* Between the files of the estimate: ranges, and what a call costs. */
#pragma once

#include "cel/ast.h"
#include "cel/estimate.h"

/* What is known of a node. */
struct cel_estimated {
    struct cel_range cost;
    bool sized;
    uint8_t container; /* CEL_LIST or CEL_MAP when key and value are known, else 0 */
    struct cel_range size, key, value;
    const void *at; /* its place, or NULL */
};

/* All of these saturate. */
struct cel_range cel_range_add(struct cel_range x, struct cel_range y);
struct cel_range cel_range_times(struct cel_range x, struct cel_range y);
struct cel_range cel_range_part(struct cel_range x, double factor); /* rounded up */
struct cel_range cel_range_union(struct cel_range x, struct cel_range y);
/* The size, or from 0 without an end. */
struct cel_range cel_size_of(const struct cel_estimated *e);

/* Cost with the arguments' and size of a call; items is the place of the target's elements. */
struct cel_estimated cel_estimate_call(const struct cel_overload *o, const struct cel_expr *e,
                                       const struct cel_estimated *args,
                                       const struct cel_sizes *sizes, const void *items);
