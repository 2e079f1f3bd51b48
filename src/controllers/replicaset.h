// SPDX-License-Identifier: Apache-2.0
/* Between replicaset.c and replicaset_rank.c. */
#pragma once

#include "controllers/common.h"

struct pods {
    const Pod **v;
    uint32_t n;
};

/* Sorts so that those to be deleted first stand first, as upstream's ActivePodsWithRanks.
 * on_node(ctx, name) is how many related active pods a node runs. */
void pods_rank(struct arena *a, struct pods *pods, int64_t now,
               uint32_t (*on_node)(void *ctx, str node), void *ctx);
