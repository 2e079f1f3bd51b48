// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"

static void defaults(struct hook_ctx *h, void *obj) {
    NodeStatus *s = &((Node *)obj)->status;
    (void)h;
    if (!s->allocatable.n)
        s->allocatable = s->capacity;
}

/* Kubelets register with their status; it is not cleared. */
const struct hooks hooks_core_v1_nodes = {
    .group = "",
    .resource = "nodes",
    .defaults = defaults,
};
