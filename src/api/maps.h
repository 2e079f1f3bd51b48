// SPDX-License-Identifier: Apache-2.0
/* Maps of texts: labels, annotations, amounts of resources. They are sorted by key, as they were
 * read; whoever looks one entry up calls label_get (selector.h). Others may hold a map, so that
 * each change makes a new one. */
#pragma once

#include "schema/type.h"

/* Sets one entry. Whoever sets many makes a map of them and takes the union. */
void entry_put(struct arena *a, str_map *m, str key, str value);
/* The entries of both; of a key in both, that of x. */
str_map maps_union(struct arena *a, const str_map *x, const str_map *y);
bool maps_same(const str_map *x, const str_map *y);
size_t map_bytes(const str_map *m); /* of its keys and values */
