// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"

/* No generation at first, and yet changes count. */
static void driver_update(struct hook_ctx *h, void *obj, const void *old) {
    CSIDriver *d = obj;
    const CSIDriver *before = old;
    (void)h;
    if (!api_equal(&CSIDriverSpec_type, &d->spec, &before->spec))
        d->metadata.generation = before->metadata.generation + 1;
}

const struct hooks hooks_storage_v1_csidrivers = {
    .group = "storage.k8s.io",
    .resource = "csidrivers",
    .prepare_update = driver_update,
};
