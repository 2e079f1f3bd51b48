// SPDX-License-Identifier: Apache-2.0
/* Volumes, claims and classes. */
#include "api/kinds/warn.h"

#define CLASS_ANNOTATION   "volume.beta.kubernetes.io/storage-class"
#define OPTIONS_ANNOTATION "volume.beta.kubernetes.io/mount-options"
#define CLASS_IS_FIELD     "deprecated since v1.8; use \"storageClassName\" attribute instead"
#define OPTIONS_ARE_FIELD  "deprecated since v1.31; use \"mountOptions\" attribute instead"

static void warn_source(struct warnings *w, const PersistentVolumeSource *s) {
    const struct field_path *p = PATH(NULL, "spec");
    const struct {
        const void *source;
        const char *name, *text;
    } gone[] = {
        {s->ceph_fs, "cephfs", "deprecated in v1.28, non-functional in v1.31+"},
        {s->photon_persistent_disk, "photonPersistentDisk",
         "deprecated in v1.11, non-functional in v1.16+"},
        {s->scale_io, "scaleIO", "deprecated in v1.16, non-functional in v1.22+"},
        {s->storage_os, "storageOS", "deprecated in v1.22, non-functional in v1.25+"},
        {s->glusterfs, "glusterfs", "deprecated in v1.25, non-functional in v1.26+"},
        {s->rbd, "rbd", "deprecated in v1.28, non-functional in v1.31+"},
    };
    for (size_t i = 0; i < ARRAY_LEN(gone); i++)
        if (gone[i].source)
            warn_at(w, PATH(p, gone[i].name), "%s", gone[i].text);
}

void warn_persistent_volume(struct warnings *w, const void *obj, const void *old) {
    const PersistentVolume *v = obj;
    const struct field_path *spec = PATH(NULL, "spec"), *meta = PATH(NULL, "metadata");
    const struct field_path *terms =
        PATH(PATH(PATH(spec, "nodeAffinity"), "required"), "nodeSelectorTerms");
    const VolumeNodeAffinity *a = v->spec.node_affinity;
    (void)old;
    warn_annotation(w, meta, &v->metadata.annotations, CLASS_ANNOTATION, CLASS_IS_FIELD);
    warn_annotation(w, meta, &v->metadata.annotations, OPTIONS_ANNOTATION, OPTIONS_ARE_FIELD);
    if (str_eqc(v->spec.persistent_volume_reclaim_policy, "Recycle"))
        warn_at(w, PATH(spec, "persistentVolumeReclaimPolicy"),
                "The Recycle reclaim policy is deprecated. Instead, the recommended approach is to "
                "use dynamic provisioning.");
    for (uint32_t i = 0; a && a->required && i < a->required->node_selector_terms.n; i++)
        warn_node_term(w, PATH_INDEX(terms, i), &a->required->node_selector_terms.v[i], false);
    warn_source(w, &v->spec.persistent_volume_source);
}

void warn_claim(struct warnings *w, const void *obj, const void *old) {
    const PersistentVolumeClaim *c = obj;
    (void)old;
    warn_annotation(w, PATH(NULL, "metadata"), &c->metadata.annotations, CLASS_ANNOTATION,
                    CLASS_IS_FIELD);
    warn_claim_spec(w, PATH(NULL, "spec"), &c->spec);
}

void warn_storage_class(struct warnings *w, const void *obj, const void *old) {
    const StorageClass *c = obj;
    (void)old;
    for (uint32_t i = 0; i < c->allowed_topologies.n && !warnings_full(w); i++) {
        const TopologySelectorTerm *t = &c->allowed_topologies.v[i];
        const struct field_path *p =
            PATH(PATH_INDEX(PATH(NULL, "allowedTopologies"), i), "matchLabelExpressions");
        for (uint32_t k = 0; k < t->match_label_expressions.n && !warnings_full(w); k++) {
            const char *text = node_label_deprecated(t->match_label_expressions.v[k].key);
            if (text)
                warn_at(w, PATH(PATH_INDEX(p, k), "key"), "%s", text);
        }
    }
}

void warn_storage_capacity(struct warnings *w, const void *obj, const void *old) {
    const LabelSelector *s = ((const CSIStorageCapacity *)obj)->node_topology;
    const struct field_path *p = PATH(NULL, "nodeTopology");
    (void)old;
    for (uint32_t i = 0; s && i < s->match_expressions.n && !warnings_full(w); i++) {
        str key = s->match_expressions.v[i].key;
        const char *text = node_label_deprecated(key);
        if (text)
            warn_at(w, PATH(PATH_INDEX(PATH(p, "matchExpressions"), i), "key"), STR_FMT " is %s",
                    STR_ARG(key), text);
    }
    for (uint32_t i = 0; s && i < s->match_labels.n; i++) {
        str key = s->match_labels.v[i].key;
        const char *text = node_label_deprecated(key);
        if (text)
            warn_at(w, PATH(PATH(p, "matchLabels"), str_cdup(w->arena, key)), "%s", text);
    }
}
