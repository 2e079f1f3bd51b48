// SPDX-License-Identifier: Apache-2.0
/* A VolumeAttributesClass is not gone while claims or volumes name it. Keys are classes. */
#include "controllers/controllers.h"
#include "controllers/protection.h"

#define CLASSES   RESOURCE_OF(storage_v1_volumeattributesclasses)
#define CLAIMS    RESOURCE_OF(core_v1_persistentvolumeclaims)
#define VOLUMES   RESOURCE_OF(core_v1_persistentvolumes)
#define FINALIZER "kubernetes.io/vac-protection"

struct classes {
    struct informer *classes;
    struct index *claims_of, *volumes_of;
};

static unsigned add_name(str name, str keys[INDEX_KEYS_MAX], unsigned n) {
    bool there = !name.n;
    for (unsigned i = 0; i < n; i++)
        there |= str_eq(keys[i], name);
    if (!there)
        keys[n++] = name;
    return n;
}

static unsigned by_claim(const void *typed, str keys[INDEX_KEYS_MAX]) {
    const PersistentVolumeClaim *c = typed;
    unsigned n = add_name(c->spec.volume_attributes_class_name, keys, 0);
    n = add_name(c->status.current_volume_attributes_class_name, keys, n);
    const ModifyVolumeStatus *m = c->status.modify_volume_status;
    return m ? add_name(m->target_volume_attributes_class_name, keys, n) : n;
}

static unsigned by_volume(const void *typed, str keys[INDEX_KEYS_MAX]) {
    return add_name(((const PersistentVolume *)typed)->spec.volume_attributes_class_name, keys, 0);
}

static void start(struct controller_run *run, void *state) {
    struct classes *s = state;
    s->classes = run_informer(run, CLASSES);
    s->claims_of = informer_index(run_informer(run, CLAIMS), by_claim);
    s->volumes_of = informer_index(run_informer(run, VOLUMES), by_volume);
}

static void class_keys(struct controller_run *run, const void *old, const void *new_) {
    if (protection_asks(new_, FINALIZER))
        keys_self(run, old, new_);
}

/* Classes that the object named and names no more. */
static void queue_left(struct controller_run *run, index_fn names, const void *old,
                       const void *new_) {
    str was[INDEX_KEYS_MAX], is[INDEX_KEYS_MAX];
    unsigned n_was = old ? names(old, was) : 0, n_is = new_ ? names(new_, is) : 0;
    for (unsigned i = 0; i < n_was; i++) {
        bool stays = false;
        for (unsigned k = 0; k < n_is; k++)
            stays |= str_eq(was[i], is[k]);
        if (!stays)
            queue_key(run, was[i]);
    }
}

static void claim_keys(struct controller_run *run, const void *old, const void *new_) {
    queue_left(run, by_claim, old, new_);
}
static void volume_keys(struct controller_run *run, const void *old, const void *new_) {
    queue_left(run, by_volume, old, new_);
}

static bool is_used(const struct classes *s, str name) {
    struct index_cursor claims = index_find(s->claims_of, name);
    struct index_cursor volumes = index_find(s->volumes_of, name);
    return index_next(&claims) || index_next(&volumes);
}

static int reconcile(void *state, str key, struct plan *p) {
    struct classes *s = state;
    const ObjectMeta *m = informer_typed(s->classes, key);
    if (!m)
        return 0;
    if (lacks_protection(m, FINALIZER))
        finalizer_add(p, CLASSES, m, FINALIZER);
    else if (wants_to_go(m, FINALIZER) && !is_used(s, key))
        finalizer_remove(p, CLASSES, m, FINALIZER);
    return 0;
}

static const struct controller_watch watches[] = {
    {.resource = CLASSES, .keys = class_keys, .metadata_only = true},
    {.resource = CLAIMS,
     .keys = claim_keys,
     .fields = FIELDS("spec.volumeAttributesClassName", "status.currentVolumeAttributesClassName",
                      "status.modifyVolumeStatus.targetVolumeAttributesClassName")},
    {.resource = VOLUMES, .keys = volume_keys, .fields = FIELDS("spec.volumeAttributesClassName")},
    {.resource = NULL},
};

const struct controller attributes_class_protection_controller = {
    .name = "volumeattributesclass-protection-controller",
    .queue = "vacprotection",
    .watches = watches,
    .state_size = sizeof(struct classes),
    .start = start,
    .reconcile = reconcile,
    .workers = 1,
};
