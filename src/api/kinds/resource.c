// SPDX-License-Identifier: Apache-2.0
/* Dynamic resource allocation. */
#include "api/kinds/kinds.h"

static void slice_defaults(struct hook_ctx *h, void *obj) {
    ResourceSlice *s = obj;
    for (uint32_t i = 0; i < s->spec.devices.n; i++)
        for (uint32_t k = 0; k < s->spec.devices.v[i].taints.n; k++) {
            DeviceTaint *t = &s->spec.devices.v[i].taints.v[k];
            if (!t->time_added.set)
                t->time_added = (Time){.sec = h->now / 1000000000, .set = true};
        }
}

const struct hooks hooks_resource_v1_resourceslices = {
    .group = "resource.k8s.io",
    .resource = "resourceslices",
    .defaults = slice_defaults,
    .counts_generation = true,
};
