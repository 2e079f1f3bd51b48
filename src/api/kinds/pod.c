// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"

/* A pod that may not be scheduled yet says so from its first moment on. */
static void gated_condition(struct arena *a, Pod *pod) {
    if (!pod->spec.scheduling_gates.n)
        return;
    *list_push(a, &pod->status.conditions) = (PodCondition){
        .type = STR("PodScheduled"),
        .status = STR("False"),
        .reason = STR("SchedulingGated"),
        .message = STR("Scheduling is blocked due to non-empty scheduling gates"),
    };
}

static void prepare_create(struct hook_ctx *h, void *obj) {
    Pod *pod = obj;
    pod->status = (PodStatus){.phase = STR("Pending"), .qos_class = str_of(pod_qos(&pod->spec))};
    gated_condition(h->arena, pod);
}

static void prepare_status(struct hook_ctx *h, void *obj, const void *old) {
    Pod *pod = obj;
    const Pod *before = old;
    (void)h;
    pod->metadata.owner_references = before->metadata.owner_references;
    pod->metadata.deletion_timestamp = before->metadata.deletion_timestamp;
    if (!pod->status.qos_class.n)
        pod->status.qos_class = before->status.qos_class;
}

const struct hooks hooks_core_v1_pods = {
    .group = "",
    .resource = "pods",
    .defaults = pod_defaults,
    .prepare_create = prepare_create,
    .prepare_status = prepare_status,
    .counts_generation = true,
};

static void template_defaults(struct hook_ctx *h, void *obj) {
    pod_spec_defaults(h->arena, &((PodTemplate *)obj)->template_.spec);
}

const struct hooks hooks_core_v1_podtemplates = {
    .group = "",
    .resource = "podtemplates",
    .defaults = template_defaults,
    .counts_generation = true,
};
