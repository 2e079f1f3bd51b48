// SPDX-License-Identifier: Apache-2.0
/* How large what rules on a schema name can be: what the schema says, or what one request has room
 * for when it says nothing (k8s.io/apiserver/pkg/cel/common, SchemaDeclType). Constants all in the
 * arena, with names of fields from the schema. */
#pragma once

#include "api/structural/structural.h"
#include "cel/estimate.h"

#define STRUCTURAL_REQUEST_MAX (UINT64_C(3) << 20) /* bytes */

struct structural_part;

/* Of self and of oldSelf, as structural_env_init; NULL: the schema declares no type. */
const struct structural_part *structural_sizes_of(struct arena *a, const struct structural *s,
                                                  bool resource);
struct cel_sizes structural_sizes(const struct structural_part *self);
/* How many such values one request has room for. */
uint64_t structural_part_fits(const struct structural_part *self);
