// SPDX-License-Identifier: Apache-2.0
/* Maps are kept sorted by key, but texts from outside are in any order and repeat keys. */
#pragma once

#include "base/str.h"

/* Sorts n entries {str key; ...} of `stride` bytes; of equal keys the last one stays, and on_drop
 * (may be NULL) is told the key for each other one. Returns how many are left. */
uint32_t map_sort(void *v, uint32_t n, size_t stride, void (*on_drop)(void *ctx, str key),
                  void *ctx);
