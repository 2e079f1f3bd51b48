// SPDX-License-Identifier: Apache-2.0
/* DefaultStorageClass and DefaultIngressClass: the class that is marked as the default, the newest
 * of several, for claims and ingresses that name none. */
#include "apiserver/admission/admission.h"

static str annotation(const ObjectMeta *m, const char *key) {
    for (uint32_t i = 0; i < m->annotations.n; i++)
        if (str_eqc(m->annotations.v[i].key, key))
            return m->annotations.v[i].value;
    return STR_NONE;
}

static bool marked(const ObjectMeta *m, const char *const *keys) {
    for (; *keys; keys++)
        if (str_eqc(annotation(m, *keys), "true"))
            return true;
    return false;
}

static const ObjectMeta *default_of(struct write *w, const struct api_resource *res,
                                    const char *const *keys) {
    struct admission_list l = admission_list(w, res, STR_NONE);
    const ObjectMeta *best = NULL;
    for (uint32_t i = 0; i < l.n; i++) {
        const ObjectMeta *m = l.v[i];
        if (!marked(m, keys))
            continue;
        if (!best || m->creation_timestamp.sec > best->creation_timestamp.sec ||
            (m->creation_timestamp.sec == best->creation_timestamp.sec &&
             str_cmp(m->name, best->name) < 0))
            best = m;
    }
    return best;
}

static enum step_result mutate_claim(struct write *w) {
    static const char *const keys[] = {"storageclass.kubernetes.io/is-default-class",
                                       "storageclass.beta.kubernetes.io/is-default-class", NULL};
    if (!write_is(w, RESOURCE_OF(core_v1_persistentvolumeclaims), WRITE_CREATE))
        return STEP_NEXT;
    PersistentVolumeClaim *c = w->obj;
    if (c->spec.storage_class_name.p ||
        annotation(&c->metadata, "volume.beta.kubernetes.io/storage-class").p)
        return STEP_NEXT;
    const ObjectMeta *best = default_of(w, RESOURCE_OF(storage_v1_storageclasses), keys);
    if (best)
        c->spec.storage_class_name = best->name;
    return STEP_NEXT;
}

static enum step_result mutate_ingress(struct write *w) {
    static const char *const keys[] = {"ingressclass.kubernetes.io/is-default-class", NULL};
    if (!write_is(w, RESOURCE_OF(networking_v1_ingresses), WRITE_CREATE))
        return STEP_NEXT;
    Ingress *in = w->obj;
    if (in->spec.ingress_class_name.p || annotation(&in->metadata, "kubernetes.io/ingress.class").p)
        return STEP_NEXT;
    const ObjectMeta *best = default_of(w, RESOURCE_OF(networking_v1_ingressclasses), keys);
    if (best)
        in->spec.ingress_class_name = best->name;
    return STEP_NEXT;
}

const struct admission_plugin admission_default_storage_class = {"DefaultStorageClass",
                                                                 mutate_claim, NULL};
const struct admission_plugin admission_default_ingress_class = {"DefaultIngressClass",
                                                                 mutate_ingress, NULL};
