// SPDX-License-Identifier: Apache-2.0
/* Value tree -> YAML as sigs.k8s.io/yaml prints it: block style, keys sorted, two spaces, list
 * items at their key's column. */
#pragma once

#include "schema/value.h"

void yaml_write(struct buf *b, struct value *v); /* sorts v */
