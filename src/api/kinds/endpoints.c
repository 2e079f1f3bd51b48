// SPDX-License-Identifier: Apache-2.0
/* Endpoints and their slices. */
#include "api/kinds/kinds.h"

/* Consumers watch the generation of slices, and select them by label. */
static void slice_update(struct hook_ctx *h, void *obj, const void *old) {
    ObjectMeta *m = obj;
    const ObjectMeta *before = old;
    (void)h;
    bool same = m->labels.n == before->labels.n;
    for (uint32_t i = 0; same && i < m->labels.n; i++)
        same = str_eq(m->labels.v[i].key, before->labels.v[i].key) &&
               str_eq(m->labels.v[i].value, before->labels.v[i].value);
    if (!same)
        m->generation = before->generation + 1;
}

const struct hooks hooks_discovery_v1_endpointslices = {
    .group = "discovery.k8s.io",
    .resource = "endpointslices",
    .prepare_update = slice_update,
    .counts_generation = true,
};
