// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"
#include "api/kinds/warn.h"

#define CLASS_ANNOTATION "volume.beta.kubernetes.io/storage-class"

/* ---- strategy ---- */

static bool names_volume(const TypedLocalObjectReference *r) {
    return (str_eqc(r->kind, "PersistentVolumeClaim") && !r->api_group.n) ||
           (str_eqc(r->kind, "VolumeSnapshot") && str_eqc(r->api_group, "snapshot.storage.k8s.io"));
}

/* dataSource is the older form, which names claims and snapshots only and drops all else;
 * dataSourceRef names anything. Each is filled in from the other. */
static void settle_sources(struct arena *a, PersistentVolumeClaimSpec *s,
                           const PersistentVolumeClaimSpec *old) {
    if (s->data_source_ref && s->data_source_ref->namespace_.p) {
        s->data_source_ref = arena_dup(a, s->data_source_ref, sizeof(*s->data_source_ref));
        s->data_source_ref->namespace_ = STR_NONE;
    }
    if (s->data_source && !(old && old->data_source) && !names_volume(s->data_source))
        s->data_source = NULL;
    if (s->data_source && !s->data_source_ref) {
        s->data_source_ref = arena_make(a, TypedObjectReference);
        *s->data_source_ref = (TypedObjectReference){.api_group = s->data_source->api_group,
                                                     .kind = s->data_source->kind,
                                                     .name = s->data_source->name};
    } else if (s->data_source_ref && !s->data_source) {
        s->data_source = arena_make(a, TypedLocalObjectReference);
        *s->data_source = (TypedLocalObjectReference){.api_group = s->data_source_ref->api_group,
                                                      .kind = s->data_source_ref->kind,
                                                      .name = s->data_source_ref->name};
    }
}

static void prepare_create(struct hook_ctx *h, void *obj) {
    PersistentVolumeClaim *c = obj;
    c->status = (PersistentVolumeClaimStatus){.phase = STR("Pending")};
    settle_sources(h->arena, &c->spec, NULL);
}

static void prepare_update(struct hook_ctx *h, void *obj, const void *old) {
    settle_sources(h->arena, &((PersistentVolumeClaim *)obj)->spec,
                   &((const PersistentVolumeClaim *)old)->spec);
}

/* ---- validation ---- */

static void check_reference(struct field_errors *fe, const struct field_path *p, str group,
                            str kind, str name, bool any_group) {
    if (!name.n)
        field_required(fe, PATH(p, "name"), NULL);
    if (!kind.n)
        field_required(fe, PATH(p, "kind"), NULL);
    if (!group.n && !str_eqc(kind, "PersistentVolumeClaim"))
        field_invalid(fe, p, kind,
                      "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
    if (group.n && !any_group)
        field_check_name(fe, PATH(p, "apiGroup"), group, name_dns1123_subdomain);
}

static void check_sources(struct field_errors *fe, const struct field_path *p,
                          const PersistentVolumeClaimSpec *s, bool any_group) {
    const TypedLocalObjectReference *d = s->data_source;
    const TypedObjectReference *r = s->data_source_ref;
    if (d)
        check_reference(fe, PATH(p, "dataSource"), d->api_group, d->kind, d->name, any_group);
    if (r)
        check_reference(fe, PATH(p, "dataSourceRef"), r->api_group, r->kind, r->name, any_group);
    if (d && r &&
        (!d->api_group.p != !r->api_group.p || !str_eq(d->api_group, r->api_group) ||
         !str_eq(d->kind, r->kind) || !str_eq(d->name, r->name)))
        field_invalid_printed(fe, p, STR("{}"), "must match dataSourceRef");
}

static void check_spec(struct field_errors *fe, const struct field_path *p,
                       const PersistentVolumeClaimSpec *s, bool any_group) {
    const struct field_path *size = PATH_KEY(PATH(p, "resources"), STR("storage"));
    str storage = label_get(&s->resources.requests, STR("storage"));
    if (!s->access_modes.n)
        field_required(fe, PATH(p, "accessModes"), "at least 1 access mode is required");
    check_label_selector(fe, PATH(p, "selector"), s->selector);
    check_access_modes(fe, PATH(p, "accessModes"), &s->access_modes);
    if (storage.p)
        check_positive_quantity(fe, size, storage);
    else
        field_required(fe, size, NULL);
    if (s->storage_class_name.n)
        field_check_name(fe, PATH(p, "storageClassName"), s->storage_class_name,
                         name_dns1123_subdomain);
    check_volume_mode(fe, PATH(p, "volumeMode"), s->volume_mode);
    check_sources(fe, p, s, any_group);
    if (s->volume_attributes_class_name.n)
        field_check_name(fe, PATH(p, "volumeAttributesClassName"), s->volume_attributes_class_name,
                         name_dns1123_subdomain);
}

void check_claim_spec(struct field_errors *fe, const struct field_path *p,
                      const PersistentVolumeClaimSpec *s) {
    check_spec(fe, p, s, false);
}

/* The class may be said once: where none was, or where the annotation of old said it. */
static bool class_may_be_set(const PersistentVolumeClaim *c, const PersistentVolumeClaim *was) {
    str noted = label_get(&was->metadata.annotations, STR(CLASS_ANNOTATION));
    return c->spec.storage_class_name.p && !was->spec.storage_class_name.p &&
           (!noted.p || str_eq(noted, c->spec.storage_class_name));
}

static void check_class_annotation(struct field_errors *fe, const PersistentVolumeClaim *c,
                                   const PersistentVolumeClaim *was) {
    str noted = label_get(&c->metadata.annotations, STR(CLASS_ANNOTATION));
    str before = label_get(&was->metadata.annotations, STR(CLASS_ANNOTATION));
    bool moved = before.p && !was->spec.storage_class_name.p &&
                 str_eq(c->spec.storage_class_name, before) && (!noted.p || str_eq(noted, before));
    if (!moved)
        check_same(fe, PATH(PATH(PATH(NULL, "metadata"), "annotations"), CLASS_ANNOTATION), noted,
                   before);
}

/* Both specs as they are compared: what may change is made the same in both. */
static void check_immutable(struct field_errors *fe, const PersistentVolumeClaim *c,
                            const PersistentVolumeClaim *before) {
    PersistentVolumeClaimSpec s = c->spec, was = before->spec;
    if (!was.volume_name.n)
        was.volume_name = s.volume_name;
    if (class_may_be_set(c, before))
        s.storage_class_name = was.storage_class_name;
    if (str_eqc(c->status.phase, "Bound")) {
        str storage = label_get(&was.resources.requests, STR("storage"));
        if (s.resources.requests.n)
            entry_put(fe->arena, &s.resources.requests, STR("storage"),
                      storage.p ? storage : STR("0"));
        s.volume_attributes_class_name = was.volume_attributes_class_name;
    }
    if (!api_equal(&PersistentVolumeClaimSpec_type, &s, &was))
        field_forbidden(fe, PATH(NULL, "spec"),
                        "spec is immutable after creation except resources.requests and "
                        "volumeAttributesClassName for bound claims\n" STR_FMT,
                        STR_ARG(go_diff(fe->arena, &PersistentVolumeClaimSpec_type, &was, &s)));
}

static void check_size(struct field_errors *fe, const PersistentVolumeClaim *c,
                       const PersistentVolumeClaim *before) {
    struct quantity size = quantity_of(label_get(&c->spec.resources.requests, STR("storage")));
    struct quantity had = quantity_of(label_get(&before->spec.resources.requests, STR("storage")));
    struct quantity real = quantity_of(label_get(&before->status.capacity, STR("storage")));
    const struct field_path *p = PATH(PATH(PATH(NULL, "spec"), "resources"), "requests");
    if (quantity_cmp(&size, &had) < 0 && quantity_cmp(&size, &real) <= 0)
        field_forbidden(fe, PATH(p, "storage"), "field can not be less than status.capacity");
}

static void check_attributes_class(struct field_errors *fe, const PersistentVolumeClaim *c,
                                   const PersistentVolumeClaim *before) {
    const struct field_path *p = PATH(PATH(NULL, "spec"), "volumeAttributesClassName");
    str name = c->spec.volume_attributes_class_name,
        was = before->spec.volume_attributes_class_name;
    if ((!name.p == !was.p && str_eq(name, was)) ||
        !before->status.current_volume_attributes_class_name.p)
        return;
    if (!name.p)
        field_forbidden(fe, p,
                        "update to nil is forbidden when status.currentVolumeAttributesClassName "
                        "is not nil");
    else if (!name.n)
        field_forbidden(fe, p,
                        "update to empty string is forbidden when "
                        "status.currentVolumeAttributesClassName is not nil");
}

/* A claim may be bound once, and grow once it is. On updates the spec is checked twice: strategy
 * and validation upstream both do. Groups that were accepted before names were checked stay. */
static void validate_write(struct field_errors *fe, const void *obj, const void *old) {
    const PersistentVolumeClaim *c = obj, *before = old;
    const struct field_path *p = PATH(NULL, "spec");
    bool any_group =
        before && ((before->spec.data_source && before->spec.data_source->api_group.p) ||
                   (before->spec.data_source_ref && before->spec.data_source_ref->api_group.p));
    fe->kept = kept_of_selector(fe->arena, before ? before->spec.selector : NULL);
    check_spec(fe, p, &c->spec, any_group);
    if (!before)
        return;
    check_spec(fe, p, &c->spec, any_group);
    check_class_annotation(fe, c, before);
    check_immutable(fe, c, before);
    check_size(fe, c, before);
    check_same_opt(fe, PATH(NULL, "volumeMode"), c->spec.volume_mode, before->spec.volume_mode);
    check_attributes_class(fe, c, before);
}

/* ---- status ---- */

/* Names of Kubernetes' own are those of storage alone. */
static bool check_key(struct field_errors *fe, const struct field_path *p, str key) {
    static const char *const storage[] = {"storage", NULL};
    uint32_t before = fe->list.n;
    field_check_name(fe, p, key, name_qualified);
    if (fe->list.n == before && resource_is_native(key))
        check_one_of(fe, p, key, storage);
    return fe->list.n == before;
}

static void validate_status(struct field_errors *fe, const void *obj, const void *old) {
    static const char *const states[] = {"ControllerResizeInProgress", "ControllerResizeInfeasible",
                                         "NodeResizeInProgress",       "NodeResizeInfeasible",
                                         "NodeResizePending",          NULL};
    const PersistentVolumeClaim *c = obj;
    const PersistentVolumeClaimStatus *s = &c->status;
    const struct field_path *p = PATH(NULL, "status"), *at = PATH(p, "allocatedResourceStatuses");
    (void)old;
    if (!c->spec.access_modes.n)
        field_required(fe, PATH(PATH(NULL, "Spec"), "accessModes"), NULL);
    for (uint32_t i = 0; i < s->capacity.n; i++)
        check_basic_quantity(fe, PATH_KEY(PATH(p, "capacity"), s->capacity.v[i].key),
                             s->capacity.v[i].value);
    for (uint32_t i = 0; i < s->allocated_resource_statuses.n; i++) {
        const struct str_pair *e = &s->allocated_resource_statuses.v[i];
        check_key(fe, at, e->key);
        if (!str_in(e->value, states))
            field_not_supported(fe, at, e->key, states);
    }
    at = PATH(p, "allocatedResources");
    for (uint32_t i = 0; i < s->allocated_resources.n; i++) {
        const struct str_pair *e = &s->allocated_resources.v[i];
        if (check_key(fe, at, e->key))
            check_basic_quantity(fe, PATH_KEY(at, e->key), e->value);
    }
}

const struct hooks hooks_core_v1_persistentvolumeclaims = {
    .group = "",
    .resource = "persistentvolumeclaims",
    .prepare_create = prepare_create,
    .prepare_update = prepare_update,
    .validate_write = validate_write,
    .validate_status = validate_status,
    .warn = warn_claim,
};
