// SPDX-License-Identifier: Apache-2.0
/* The patch types on value trees. `doc` is changed in place; new parts live in the arena. Budgets:
 * a result larger than the arena's limit is -E2BIG. Error texts are upstream's. */
#pragma once

#include "base/buf.h"
#include "schema/type.h"
#include "schema/value.h"

#define JSON_PATCH_OPS_MAX 10000 /* as upstream */

/* RFC 6902: -EINVAL (malformed, 400) or -ENOENT / -EPERM (path missing, test failed; 422). */
int patch_json(struct arena *a, struct value *doc, const struct value *ops, struct err *e);
/* RFC 7386. */
int patch_merge(struct arena *a, struct value *doc, const struct value *patch);
/* Strategic merge: $patch (merge, replace, delete), $deleteFromPrimitiveList/, $setElementOrder/,
 * $retainKeys, merge keys from the rows of t. */
int patch_strategic(struct arena *a, const struct api_type *t, struct value *doc,
                    const struct value *patch, struct err *e);

/* Appends v as Go's %v prints a decoded JSON value: "map[a:1 b:[x y]]", keys sorted. */
void value_write_go(struct buf *b, const struct value *v);
/* "object", "array", "string", "number", "bool", "null": what Go's decoder calls it. */
const char *value_json_type(const struct value *v);
