// SPDX-License-Identifier: Apache-2.0
/* YAML -> value tree, as sigs.k8s.io/yaml reads it (YAML 1.1 scalars). Aliases are expanded under a
 * budget. */
#pragma once

#include "schema/value.h"

#define YAML_NODES_MAX (1u << 20) /* after alias expansion, and at most 100 per input byte */

/* One document; an empty one is null. */
int yaml_parse(struct arena *a, str text, struct value *ret, struct err *e);
/* Document i (0, 1, ...) of a stream separated by ---; -ENOENT behind the last. */
int yaml_document(str *rest, str *ret);
