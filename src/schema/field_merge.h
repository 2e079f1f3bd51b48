// SPDX-License-Identifier: Apache-2.0
/* Merging an applied configuration into an object, and taking fields out of one. Neither operand is
 * changed; results share parts with them. */
#pragma once

#include "schema/field_paths.h"

/* live with everything that config says; config must be valid (below). Where config says nothing of
 * a part it is live's. Items of granular lists are in config's order as far as it has one. -EINVAL
 * when items of live cannot be told apart by a key. */
int field_merge(struct arena *a, struct field_schema s, const struct value *live,
                const struct value *config, struct value *ret, struct err *e);

/* The object without the fields and items that are members of the set. What is left without any
 * member or item is null. */
struct value field_remove(struct arena *a, struct field_schema s, const struct value *v,
                          const struct fieldset *set);

/* Whether the tree fits the schema: -EINVAL with all that does not, in upstream's words
 * (".spec.foo: field not declared in schema"). */
int field_validate(struct arena *a, struct field_schema s, const struct value *v,
                   bool allow_duplicates, struct err *e);
#define FIELD_VALIDATE_ERRORS_MAX 100
