// SPDX-License-Identifier: Apache-2.0
/* Persistent volumes and their claims. */
#include "api/kinds/kinds.h"

static Time now_of(const struct hook_ctx *h) {
    return (Time){.sec = h->now / 1000000000, .set = true};
}

static void volume_defaults(struct hook_ctx *h, void *obj) {
    PersistentVolumeSpec *s = &((PersistentVolume *)obj)->spec;
    (void)h;
    if (!s->persistent_volume_reclaim_policy.n)
        s->persistent_volume_reclaim_policy = STR("Retain");
    if (!s->volume_mode.n)
        s->volume_mode = STR("Filesystem");
}

static void volume_create(struct hook_ctx *h, void *obj) {
    PersistentVolume *v = obj;
    v->status =
        (PersistentVolumeStatus){.phase = STR("Pending"), .last_phase_transition_time = now_of(h)};
}

static void volume_status(struct hook_ctx *h, void *obj, const void *old) {
    PersistentVolume *v = obj;
    const PersistentVolume *before = old;
    Time t = v->status.last_phase_transition_time, was = before->status.last_phase_transition_time;
    if (str_eq(v->status.phase, before->status.phase))
        v->status.last_phase_transition_time = t.set ? t : was;
    else if (!t.set || (was.set && t.sec == was.sec))
        v->status.last_phase_transition_time = now_of(h);
}

const struct hooks hooks_core_v1_persistentvolumes = {
    .group = "",
    .resource = "persistentvolumes",
    .defaults = volume_defaults,
    .prepare_create = volume_create,
    .prepare_status = volume_status,
};

static void claim_create(struct hook_ctx *h, void *obj) {
    PersistentVolumeClaim *c = obj;
    (void)h;
    c->status = (PersistentVolumeClaimStatus){.phase = STR("Pending")};
}

const struct hooks hooks_core_v1_persistentvolumeclaims = {
    .group = "",
    .resource = "persistentvolumeclaims",
    .prepare_create = claim_create,
};
