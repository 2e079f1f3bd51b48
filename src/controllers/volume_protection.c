// SPDX-License-Identifier: Apache-2.0
/* A volume that is bound to a claim is not gone before it is free. Keys are volumes. */
#include "controllers/controllers.h"
#include "controllers/protection.h"

#define VOLUMES   RESOURCE_OF(core_v1_persistentvolumes)
#define FINALIZER "kubernetes.io/pv-protection"

struct volumes {
    struct informer *volumes;
};

static void start(struct controller_run *run, void *state) {
    ((struct volumes *)state)->volumes = run_informer(run, VOLUMES);
}

static void volume_keys(struct controller_run *run, const void *old, const void *new_) {
    if (protection_asks(new_, FINALIZER))
        keys_self(run, old, new_);
}

static int reconcile(void *state, str key, struct plan *p) {
    struct volumes *s = state;
    const PersistentVolume *v = informer_typed(s->volumes, key);
    if (!v)
        return 0;
    if (lacks_protection(&v->metadata, FINALIZER))
        finalizer_add(p, VOLUMES, &v->metadata, FINALIZER);
    else if (wants_to_go(&v->metadata, FINALIZER) && !str_eqc(v->status.phase, "Bound"))
        finalizer_remove(p, VOLUMES, &v->metadata, FINALIZER);
    return 0;
}

static const struct controller_watch watches[] = {
    {.resource = VOLUMES, .keys = volume_keys, .fields = FIELDS("status.phase")},
    {.resource = NULL},
};

const struct controller volume_protection_controller = {
    .name = "persistentvolume-protection-controller",
    .queue = "pvprotection",
    .watches = watches,
    .state_size = sizeof(struct volumes),
    .start = start,
    .reconcile = reconcile,
    .workers = 1,
};
