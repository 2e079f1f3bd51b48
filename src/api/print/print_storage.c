// SPDX-License-Identifier: Apache-2.0
#include "api/print/print_impl.h"

/* Short forms in a fixed order, each once. */
static str access_modes(struct row *r, const str_list *modes) {
    static const char *const names[][2] = {{"ReadWriteOnce", "RWO"},
                                           {"ReadOnlyMany", "ROX"},
                                           {"ReadWriteMany", "RWX"},
                                           {"ReadWriteOncePod", "RWOP"}};
    str_list l = {0};
    for (size_t k = 0; k < ARRAY_LEN(names); k++)
        for (uint32_t i = 0; i < modes->n; i++)
            if (str_eqc(modes->v[i], names[k][0])) {
                list_add(r->arena, &l, str_of(names[k][1]));
                break;
            }
    return join(r->arena, l, ",");
}

static str class_of(const ObjectMeta *m, str class) {
    str old = label_get(&m->annotations, STR("volume.beta.kubernetes.io/storage-class"));
    return old.p ? old : class;
}

static str phase_of(const ObjectMeta *m, str phase) {
    return m->deletion_timestamp.set ? STR("Terminating") : phase;
}

static void print_volume(struct row *r, const void *obj) {
    const PersistentVolume *v = obj;
    const ObjectReference *claim = v->spec.claim_ref;
    cell_text(r, v->metadata.name);
    cell_or(r, label_get(&v->spec.capacity, STR("storage")), "0");
    cell_text(r, access_modes(r, &v->spec.access_modes));
    cell_text(r, v->spec.persistent_volume_reclaim_policy);
    cell_text(r, phase_of(&v->metadata, v->status.phase));
    cell_text(r, claim ? str_printf(r->arena, STR_FMT "/" STR_FMT, STR_ARG(claim->namespace_),
                                    STR_ARG(claim->name))
                       : STR_NONE);
    cell_text(r, class_of(&v->metadata, v->spec.storage_class_name));
    cell_or(r, v->spec.volume_attributes_class_name, "<unset>");
    cell_text(r, v->status.reason);
    cell_age(r, v->metadata.creation_timestamp);
    cell_or(r, v->spec.volume_mode, "<unset>");
}
PRINTER(core_v1_persistentvolumes, print_volume, COLUMN_NAME, COLUMN("Capacity"),
        COLUMN("Access Modes"), COLUMN("Reclaim Policy"), COLUMN("Status"), COLUMN("Claim"),
        COLUMN("StorageClass"), COLUMN("VolumeAttributesClass"), COLUMN("Reason"), COLUMN_AGE,
        COLUMN_WIDE("VolumeMode"));

static void print_claim(struct row *r, const void *obj) {
    const PersistentVolumeClaim *c = obj;
    bool bound = c->spec.volume_name.n != 0;
    cell_text(r, c->metadata.name);
    cell_text(r, phase_of(&c->metadata, c->status.phase));
    cell_text(r, c->spec.volume_name);
    cell_text(r, bound ? label_get(&c->status.capacity, STR("storage")) : STR_NONE);
    cell_text(r, bound ? access_modes(r, &c->status.access_modes) : STR_NONE);
    cell_text(r, class_of(&c->metadata, c->spec.storage_class_name));
    cell_or(r, c->spec.volume_attributes_class_name, "<unset>");
    cell_age(r, c->metadata.creation_timestamp);
    cell_or(r, c->spec.volume_mode, "<unset>");
}
PRINTER(core_v1_persistentvolumeclaims, print_claim, COLUMN_NAME, COLUMN("Status"),
        COLUMN("Volume"), COLUMN("Capacity"), COLUMN("Access Modes"), COLUMN("StorageClass"),
        COLUMN("VolumeAttributesClass"), COLUMN_AGE, COLUMN_WIDE("VolumeMode"));

static bool annotated(const ObjectMeta *m, const char *key) {
    return str_eqc(label_get(&m->annotations, str_of(key)), "true");
}

static void print_class(struct row *r, const void *obj) {
    const StorageClass *c = obj;
    bool is_default = annotated(&c->metadata, "storageclass.kubernetes.io/is-default-class") ||
                      annotated(&c->metadata, "storageclass.beta.kubernetes.io/is-default-class");
    cell_text(r, is_default ? str_concat(r->arena, c->metadata.name, STR(" (default)"))
                            : c->metadata.name);
    cell_text(r, c->provisioner);
    cell_or(r, c->reclaim_policy, "Delete");
    cell_or(r, c->volume_binding_mode, "Immediate");
    cell_bool(r, opt_or(c->allow_volume_expansion, false));
    cell_age(r, c->metadata.creation_timestamp);
}
PRINTER(storage_v1_storageclasses, print_class, COLUMN_NAME, COLUMN("Provisioner"),
        COLUMN("ReclaimPolicy"), COLUMN("VolumeBindingMode"), COLUMN("AllowVolumeExpansion"),
        COLUMN_AGE);

static void print_attributes_class(struct row *r, const void *obj) {
    const VolumeAttributesClass *c = obj;
    cell_text(r, c->metadata.name);
    cell_text(r, c->driver_name);
    cell_age(r, c->metadata.creation_timestamp);
}
PRINTER(storage_v1_volumeattributesclasses, print_attributes_class, COLUMN_NAME,
        COLUMN("DriverName"), COLUMN_AGE);

static void print_attachment(struct row *r, const void *obj) {
    const VolumeAttachment *v = obj;
    cell_text(r, v->metadata.name);
    cell_text(r, v->spec.attacher);
    cell_text(r, v->spec.source.persistent_volume_name);
    cell_text(r, v->spec.node_name);
    cell_bool(r, v->status.attached);
    cell_age(r, v->metadata.creation_timestamp);
}
PRINTER(storage_v1_volumeattachments, print_attachment, COLUMN_NAME,
        {"Attacher", "string", "name", "", 0}, COLUMN("PV"), COLUMN("Node"),
        COLUMN_BOOL("Attached"), COLUMN_AGE);

static void print_csi_node(struct row *r, const void *obj) {
    const CSINode *n = obj;
    cell_text(r, n->metadata.name);
    cell_int(r, n->spec.drivers.n);
    cell_age(r, n->metadata.creation_timestamp);
}
PRINTER(storage_v1_csinodes, print_csi_node, COLUMN_NAME, COLUMN_INT("Drivers"), COLUMN_AGE);

static void print_csi_driver(struct row *r, const void *obj) {
    const CSIDriver *d = obj;
    str_list audiences = {0};
    for (uint32_t i = 0; i < d->spec.token_requests.n; i++)
        list_add(r->arena, &audiences, d->spec.token_requests.v[i].audience);
    cell_text(r, d->metadata.name);
    cell_bool(r, opt_or(d->spec.attach_required, true));
    cell_bool(r, opt_or(d->spec.pod_info_on_mount, false));
    cell_bool(r, opt_or(d->spec.storage_capacity, false));
    cell_text(r, audiences.n ? join(r->arena, audiences, ",") : STR("<unset>"));
    cell_bool(r, opt_or(d->spec.requires_republish, false));
    cell_or(r, join(r->arena, d->spec.volume_lifecycle_modes, ","), "<none>");
    cell_age(r, d->metadata.creation_timestamp);
}
PRINTER(storage_v1_csidrivers, print_csi_driver, COLUMN_NAME, COLUMN_BOOL("AttachRequired"),
        COLUMN_BOOL("PodInfoOnMount"), COLUMN_BOOL("StorageCapacity"), COLUMN("TokenRequests"),
        COLUMN_BOOL("RequiresRepublish"), COLUMN("Modes"), COLUMN_AGE);
