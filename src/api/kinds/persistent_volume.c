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

/* ---- validation ---- */

static const char *const access_modes[] = {"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce",
                                           "ReadWriteOncePod", NULL};
static const char *const volume_modes[] = {"Block", "Filesystem", NULL};

static void check_access_modes(struct field_errors *fe, const struct field_path *p,
                               const str_list *l) {
    bool pod = strings_have(l, STR("ReadWriteOncePod"));
    for (uint32_t i = 0; i < l->n; i++)
        check_one_of(fe, p, l->v[i], access_modes);
    if (pod && l->n > 1)
        field_forbidden(fe, p, "may not use ReadWriteOncePod with other access modes");
}

static void check_capacity(struct field_errors *fe, const struct field_path *p, const str_map *m) {
    static const char *const storage[] = {"storage", NULL};
    if (!m->n)
        field_required(fe, p, NULL);
    if (m->n && (!label_has(m, STR("storage")) || m->n > 1))
        field_not_supported_printed(fe, p, map_json(fe->arena, m), storage);
    for (uint32_t i = 0; i < m->n; i++) {
        struct quantity q = quantity_of(m->v[i].value);
        if (quantity_sign(&q) <= 0)
            field_invalid(fe, PATH_KEY(p, m->v[i].key), m->v[i].value, "must be greater than zero");
    }
}

/* Which of the sources is there; others behind the first are refused. */
static void check_source(struct field_errors *fe, const struct field_path *p,
                         const PersistentVolumeSource *s) {
    unsigned n = 0;
    if (s->host_path) {
        n++;
        if (!s->host_path->path.n)
            field_required(fe, PATH(PATH(p, "hostPath"), "path"), NULL);
        else if (str_find(s->host_path->path, STR("/../")) >= 0 ||
                 str_ends(s->host_path->path, STR("/..")))
            field_invalid(fe, PATH(PATH(p, "hostPath"), "path"), s->host_path->path,
                          "must not contain '..'");
    }
    for (uint16_t i = 0; i < PersistentVolumeSource_type.n_fields; i++) {
        const struct api_field *f = &PersistentVolumeSource_type.fields[i];
        const void *at = (const char *)s + f->offset;
        if (!*(void *const *)at || !strcmp(f->json, "hostPath"))
            continue;
        if (n++)
            field_forbidden(fe, PATH(p, f->json), "may not specify more than 1 volume type");
    }
    if (s->local && n == 1 && !s->local->path.n)
        field_required(fe, PATH(PATH(p, "local"), "path"), NULL);
    if (!n)
        field_required(fe, p, "must specify a volume type");
}

static void volume_validate(struct field_errors *fe, const void *obj) {
    static const char *const policies[] = {"Delete", "Recycle", "Retain", NULL};
    const PersistentVolumeSpec *s = &((const PersistentVolume *)obj)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    if (!s->access_modes.n)
        field_required(fe, PATH(p, "accessModes"), NULL);
    check_access_modes(fe, PATH(p, "accessModes"), &s->access_modes);
    check_capacity(fe, PATH(p, "capacity"), &s->capacity);
    if (s->persistent_volume_reclaim_policy.n)
        check_one_of(fe, PATH(p, "persistentVolumeReclaimPolicy"),
                     s->persistent_volume_reclaim_policy, policies);
    if (s->node_affinity && s->node_affinity->required)
        check_node_selector(fe, PATH(PATH(p, "nodeAffinity"), "required"),
                            s->node_affinity->required);
    check_source(fe, p, &s->persistent_volume_source);
    if (s->storage_class_name.n)
        field_check_name(fe, PATH(p, "storageClassName"), s->storage_class_name,
                         name_dns1123_subdomain);
    if (s->volume_mode.p)
        check_one_of(fe, PATH(p, "volumeMode"), s->volume_mode, volume_modes);
}

static void volume_validate_update(struct field_errors *fe, const void *obj, const void *old) {
    const PersistentVolumeSpec *s = &((const PersistentVolume *)obj)->spec;
    const PersistentVolumeSpec *was = &((const PersistentVolume *)old)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    if (!api_equal(&PersistentVolumeSource_type, &s->persistent_volume_source,
                   &was->persistent_volume_source))
        field_forbidden(
            fe, PATH(p, "persistentvolumesource"),
            "spec.persistentvolumesource is immutable after creation\n" STR_FMT,
            STR_ARG(go_diff(fe->arena, &PersistentVolumeSource_type, &was->persistent_volume_source,
                            &s->persistent_volume_source)));
    check_same(fe, PATH(p, "volumeMode"), s->volume_mode, was->volume_mode);
}

const struct hooks hooks_core_v1_persistentvolumes = {
    .group = "",
    .resource = "persistentvolumes",
    .defaults = volume_defaults,
    .prepare_create = volume_create,
    .prepare_status = volume_status,
    .validate = volume_validate,
    .validate_update = volume_validate_update,
};

static void claim_create(struct hook_ctx *h, void *obj) {
    PersistentVolumeClaim *c = obj;
    (void)h;
    c->status = (PersistentVolumeClaimStatus){.phase = STR("Pending")};
}

static void claim_validate(struct field_errors *fe, const void *obj) {
    const PersistentVolumeClaimSpec *s = &((const PersistentVolumeClaim *)obj)->spec;
    const struct field_path *p = PATH(NULL, "spec"),
                            *size = PATH_KEY(PATH(p, "resources"), STR("storage"));
    str storage = label_get(&s->resources.requests, STR("storage"));
    struct quantity q = quantity_of(storage);
    if (!s->access_modes.n)
        field_required(fe, PATH(p, "accessModes"), "at least 1 access mode is required");
    check_label_selector(fe, PATH(p, "selector"), s->selector);
    check_access_modes(fe, PATH(p, "accessModes"), &s->access_modes);
    if (!storage.p)
        field_required(fe, size, NULL);
    else if (quantity_sign(&q) <= 0)
        field_invalid(fe, size, storage, "must be greater than zero");
    if (s->storage_class_name.n)
        field_check_name(fe, PATH(p, "storageClassName"), s->storage_class_name,
                         name_dns1123_subdomain);
    if (s->volume_mode.p)
        check_one_of(fe, PATH(p, "volumeMode"), s->volume_mode, volume_modes);
}

/* A claim may be bound once, and grow once it is. */
static void claim_validate_update(struct field_errors *fe, const void *obj, const void *old) {
    const PersistentVolumeClaim *c = obj, *before = old;
    PersistentVolumeClaimSpec was = before->spec;
    const PersistentVolumeClaimSpec *s = &c->spec;
    bool bound = str_eqc(before->status.phase, "Bound");
    if (!was.volume_name.n)
        was.volume_name = s->volume_name;
    if (!was.storage_class_name.p)
        was.storage_class_name = s->storage_class_name;
    if (bound) {
        was.resources.requests = s->resources.requests;
        was.volume_attributes_class_name = s->volume_attributes_class_name;
    }
    if (!api_equal(&PersistentVolumeClaimSpec_type, s, &was)) {
        field_forbidden(fe, PATH(NULL, "spec"),
                        "spec is immutable after creation except resources.requests and "
                        "volumeAttributesClassName for bound claims\n" STR_FMT,
                        STR_ARG(go_diff(fe->arena, &PersistentVolumeClaimSpec_type, &was, s)));
        return;
    }
    struct quantity size = quantity_of(label_get(&s->resources.requests, STR("storage")));
    struct quantity had = quantity_of(label_get(&before->spec.resources.requests, STR("storage")));
    struct quantity real = quantity_of(label_get(&before->status.capacity, STR("storage")));
    if (bound && quantity_cmp(&size, &had) < 0 && quantity_cmp(&size, &real) <= 0)
        field_forbidden(fe, PATH(PATH(PATH(NULL, "spec"), "resources"), "requests"),
                        "field can not be less than status.capacity");
}

const struct hooks hooks_core_v1_persistentvolumeclaims = {
    .group = "",
    .resource = "persistentvolumeclaims",
    .prepare_create = claim_create,
    .validate = claim_validate,
    .validate_update = claim_validate_update,
};
