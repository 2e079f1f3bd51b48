// SPDX-License-Identifier: Apache-2.0
/* StorageObjectInUseProtection: volumes, claims and attribute classes begin with a finalizer, which
 * controllers take off when nothing uses the object any more. */
#include "apiserver/admission/admission.h"

static str finalizer_of(const struct write *w) {
    if (write_is(w, RESOURCE_OF(core_v1_persistentvolumeclaims), WRITE_CREATE))
        return STR("kubernetes.io/pvc-protection");
    if (write_is(w, RESOURCE_OF(core_v1_persistentvolumes), WRITE_CREATE))
        return STR("kubernetes.io/pv-protection");
    if (write_is(w, RESOURCE_OF(storage_v1_volumeattributesclasses), WRITE_CREATE))
        return STR("kubernetes.io/vac-protection");
    return STR_NONE;
}

static enum step_result mutate(struct write *w) {
    str finalizer = finalizer_of(w);
    if (!finalizer.n)
        return STEP_NEXT;
    ObjectMeta *m = w->obj;
    str *v = arena_array(w->r->arena, m->finalizers.n + 1, sizeof(str));
    for (uint32_t i = 0; i < m->finalizers.n; i++) {
        if (str_eq(m->finalizers.v[i], finalizer))
            return STEP_NEXT;
        v[i] = m->finalizers.v[i];
    }
    v[m->finalizers.n] = finalizer;
    m->finalizers = (str_list){v, m->finalizers.n + 1};
    return STEP_NEXT;
}

const struct admission_plugin admission_storage_protection = {"StorageObjectInUseProtection",
                                                              mutate, NULL};
