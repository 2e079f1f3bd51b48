// SPDX-License-Identifier: Apache-2.0
/* A store write of the server's own that no request waits for: giving back what a write reserved
 * and did not need, and repairing what was not. What fails is repaired later. */
#pragma once

#include "apiserver/apiserver.h"

/* o NULL: delete. The store takes its own reference. Nothing happens once the server is freed. */
void chore_start(struct apiserver *s, const struct api_resource *res, str key, struct object *o,
                 uint64_t expected);
