// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"

/* One generation for ever: nothing in it may change. */
static void prepare_create(struct hook_ctx *h, void *obj) {
    (void)h;
    ((ObjectMeta *)obj)->generation = 1;
}

const struct hooks hooks_scheduling_v1_priorityclasses = {
    .group = "scheduling.k8s.io",
    .resource = "priorityclasses",
    .prepare_create = prepare_create,
};
