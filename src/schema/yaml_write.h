// SPDX-License-Identifier: Apache-2.0
/* Value tree -> YAML, byte for byte as sigs.k8s.io/yaml prints it: block style, list items at their
 * key's column, keys in goyaml.v2's order (a2 before a10), long texts folded at 80 columns. */
#pragma once

#include "schema/value.h"

void yaml_write(struct buf *b, struct value *v); /* sorts v */
