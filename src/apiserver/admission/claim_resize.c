// SPDX-License-Identifier: Apache-2.0
/* PersistentVolumeClaimResize: only bound claims of a class that allows it grow. */
#include "api/resource_list.h"
#include "apiserver/admission/admission.h"

static bool may_grow(struct write *w, const PersistentVolumeClaim *c) {
    const struct api_resource *res = RESOURCE_OF(storage_v1_storageclasses);
    str name = c->spec.storage_class_name;
    for (uint32_t i = 0; i < c->metadata.annotations.n; i++)
        if (str_eqc(c->metadata.annotations.v[i].key, "volume.beta.kubernetes.io/storage-class"))
            name = c->metadata.annotations.v[i].value;
    const StorageClass *sc = name.n ? admission_find(w, res, STR_NONE, name) : NULL;
    return sc && opt_or(sc->allow_volume_expansion, false);
}

static enum step_result validate(struct write *w) {
    if (!write_is(w, RESOURCE_OF(core_v1_persistentvolumeclaims), WRITE_UPDATE) || !w->current)
        return STEP_NEXT;
    const PersistentVolumeClaim *c = w->obj, *old = w->old;
    const Quantity *now = amounts_get(&c->spec.resources.requests, STR("storage"));
    const Quantity *was = amounts_get(&old->spec.resources.requests, STR("storage"));
    if (!now || !was || amount_cmp(*now, *was) <= 0)
        return STEP_NEXT;
    if (!str_eqc(old->status.phase, "Bound"))
        return admission_forbid(w, STR("Only bound persistent volume claims can be expanded"));
    if (!may_grow(w, old))
        return admission_forbid(w, STR("only dynamically provisioned pvc can be resized and the "
                                       "storageclass that provisions the pvc must support resize"));
    return STEP_NEXT;
}

const struct admission_plugin admission_claim_resize = {"PersistentVolumeClaimResize", NULL,
                                                        validate};
