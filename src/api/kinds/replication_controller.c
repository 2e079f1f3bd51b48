// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"

static void defaults(struct hook_ctx *h, void *obj) {
    ReplicationController *rc = obj;
    PodTemplateSpec *t = rc->spec.template_;
    if (!t)
        return;
    pod_spec_defaults(h->arena, &t->spec);
    if (!rc->spec.selector.n)
        rc->spec.selector = t->metadata.labels;
    if (!rc->metadata.labels.n)
        rc->metadata.labels = t->metadata.labels;
}

const struct hooks hooks_core_v1_replicationcontrollers = {
    .group = "",
    .resource = "replicationcontrollers",
    .defaults = defaults,
    .counts_generation = true,
};
