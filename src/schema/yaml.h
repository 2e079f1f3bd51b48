// SPDX-License-Identifier: Apache-2.0
/* YAML -> value tree, as sigs.k8s.io/yaml reads it (YAML 1.1 scalars). Aliases are expanded under a
 * budget. */
#pragma once

#include "schema/type.h"
#include "schema/value.h"

#define YAML_NODES_MAX (1u << 20) /* after alias expansion, and at most 100 per input byte */

/* One document; an empty one is null. Of a key given twice the last value stands. */
int yaml_parse(struct arena *a, str text, struct value *ret, struct err *e);
/* The same, with what its strict decoder says of such keys appended to *duplicates, at most
 * YAML_DUPLICATES_MAX: line 3: key "a" already set in map. The line is that of the value; of what
 * is merged (<<), that of the merge. */
int yaml_parse_strict(struct arena *a, str text, struct value *ret, str_list *duplicates,
                      struct err *e);
#define YAML_DUPLICATES_MAX 100
/* Document i (0, 1, ...) of a stream separated by ---; -ENOENT behind the last. */
int yaml_document(str *rest, str *ret);
