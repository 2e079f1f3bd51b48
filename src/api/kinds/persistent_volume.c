// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"
#include "api/kinds/warn.h"

static void defaults(struct hook_ctx *h, void *obj) {
    PersistentVolumeSpec *s = &((PersistentVolume *)obj)->spec;
    (void)h;
    if (!s->persistent_volume_reclaim_policy.n)
        s->persistent_volume_reclaim_policy = STR("Retain");
    if (!s->volume_mode.n)
        s->volume_mode = STR("Filesystem");
}

static void prepare_create(struct hook_ctx *h, void *obj) {
    PersistentVolume *v = obj;
    v->status = (PersistentVolumeStatus){.phase = STR("Pending"),
                                         .last_phase_transition_time = hook_now(h)};
}

static void prepare_status(struct hook_ctx *h, void *obj, const void *old) {
    PersistentVolume *v = obj;
    const PersistentVolume *before = old;
    Time t = v->status.last_phase_transition_time, was = before->status.last_phase_transition_time;
    if (str_eq(v->status.phase, before->status.phase))
        v->status.last_phase_transition_time = t.set ? t : was;
    else if (!t.set || (was.set && t.sec == was.sec))
        v->status.last_phase_transition_time = hook_now(h);
}

/* ---- validation ---- */

void check_access_modes(struct field_errors *fe, const struct field_path *p, const str_list *l) {
    static const char *const modes[] = {"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce",
                                        "ReadWriteOncePod", NULL};
    bool pod = false, other = false;
    for (uint32_t i = 0; i < l->n; i++) {
        check_one_of(fe, p, l->v[i], modes);
        if (str_eqc(l->v[i], "ReadWriteOncePod"))
            pod = true;
        else
            other |= str_in(l->v[i], modes);
    }
    if (pod && other)
        field_forbidden(fe, p, "may not use ReadWriteOncePod with other access modes");
}

void check_volume_mode(struct field_errors *fe, const struct field_path *p, str mode) {
    static const char *const modes[] = {"Block", "Filesystem", NULL};
    if (mode.p)
        check_one_of(fe, p, mode, modes);
}

static void check_capacity(struct field_errors *fe, const struct field_path *p, const str_map *m) {
    static const char *const storage[] = {"storage", NULL};
    if (!m->n)
        field_required(fe, p, NULL);
    if (!label_has(m, STR("storage")) || m->n > 1)
        field_not_supported_printed(fe, p, map_json(fe->arena, m), storage);
    for (uint32_t i = 0; i < m->n; i++) {
        check_basic_quantity(fe, PATH_KEY(p, m->v[i].key), m->v[i].value);
        check_positive_quantity(fe, PATH_KEY(p, m->v[i].key), m->v[i].value);
    }
}

/* As upstream looks for them, and what it calls them when they are one too many or wrong. */
static const struct {
    const char *json, *forbidden, *checked;
} sources[] = {{"hostPath", NULL, NULL},
               {"gcePersistentDisk", NULL, "persistentDisk"},
               {"awsElasticBlockStore", NULL, NULL},
               {"glusterfs", NULL, NULL},
               {"flocker", NULL, NULL},
               {"nfs", NULL, NULL},
               {"rbd", NULL, NULL},
               {"quobyte", NULL, NULL},
               {"cephfs", "cephFS", NULL},
               {"iscsi", NULL, NULL},
               {"cinder", NULL, NULL},
               {"fc", NULL, NULL},
               {"flexVolume", NULL, NULL},
               {"azureFile", NULL, NULL},
               {"vsphereVolume", NULL, NULL},
               {"photonPersistentDisk", NULL, NULL},
               {"portworxVolume", NULL, NULL},
               {"azureDisk", NULL, NULL},
               {"scaleIO", NULL, NULL},
               {"local", NULL, NULL},
               {"storageos", NULL, NULL},
               {"csi", NULL, NULL}};

/* The first that is there is checked, others are refused; a flexVolume is always checked. */
static void check_sources(struct field_errors *fe, const struct field_path *p,
                          const PersistentVolumeSpec *s, str name) {
    unsigned n = 0;
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        const char *json = sources[i].json;
        uint32_t at = 0;
        const struct api_field *f =
            type_field(&PersistentVolumeSource_type, str_of(json), &at, NULL);
        const void *member = (const char *)&s->persistent_volume_source + at;
        const void *source = *(const void *const *)member;
        if (!source)
            continue;
        if (n++ && strcmp(json, "flexVolume") != 0) {
            field_forbidden(fe, PATH(p, sources[i].forbidden ? sources[i].forbidden : json),
                            "may not specify more than 1 volume type");
            continue;
        }
        check_volume_source(fe, PATH(p, sources[i].checked ? sources[i].checked : json), f->sub,
                            source, name);
        if (!strcmp(json, "local") && !s->node_affinity)
            field_required(fe, PATH(p, "nodeAffinity"), "Local volume requires node affinity");
    }
    if (!n)
        field_required(fe, p, "must specify a volume type");
}

/* "/", "//", "/./": what is cleaned to the root. */
static bool is_root(str path) {
    str rest = path;
    if (!str_starts(path, STR("/")))
        return false;
    while (rest.p) {
        str part = str_cut(&rest, '/');
        if (part.n && !str_eqc(part, ".") && !str_eqc(part, ".."))
            return false;
    }
    return true;
}

static void check_attributes_class(struct field_errors *fe, const struct field_path *spec,
                                   const PersistentVolumeSpec *s) {
    const struct field_path *p = PATH(spec, "volumeAttributesClassName");
    if (!s->volume_attributes_class_name.p)
        return;
    if (s->volume_attributes_class_name.n)
        field_check_name(fe, p, s->volume_attributes_class_name, name_dns1123_subdomain);
    else
        field_required(fe, p, "an empty string is disallowed");
    if (!s->persistent_volume_source.csi)
        field_required(fe, PATH(spec, "csi"),
                       "has to be specified when using volumeAttributesClassName");
}

static void check_host_root(struct field_errors *fe, const struct field_path *p,
                            const PersistentVolumeSpec *s) {
    const HostPathVolumeSource *host = s->persistent_volume_source.host_path;
    if (host && is_root(host->path) && str_eqc(s->persistent_volume_reclaim_policy, "Recycle"))
        field_forbidden(fe, PATH(p, "persistentVolumeReclaimPolicy"),
                        "may not be 'recycle' for a hostPath mount of '/'");
}

static void check_affinity(struct field_errors *fe, const struct field_path *p,
                           const VolumeNodeAffinity *a) {
    if (a && a->required)
        check_node_selector(fe, PATH(p, "required"), a->required);
    else if (a)
        field_required(fe, PATH(p, "required"), "must specify required node constraints");
}

static void validate(struct field_errors *fe, const void *obj) {
    const PersistentVolume *v = obj;
    const PersistentVolumeSpec *s = &v->spec;
    const struct field_path *p = PATH(NULL, "spec");
    check_rows(fe, p, PersistentVolumeSpec, s, "accessModes");
    check_access_modes(fe, PATH(p, "accessModes"), &s->access_modes);
    check_capacity(fe, PATH(p, "capacity"), &s->capacity);
    if (s->persistent_volume_reclaim_policy.n)
        check_rows(fe, p, PersistentVolumeSpec, s, "persistentVolumeReclaimPolicy");
    check_affinity(fe, PATH(p, "nodeAffinity"), s->node_affinity);
    check_sources(fe, p, s, v->metadata.name);
    check_host_root(fe, p, s);
    if (s->storage_class_name.n)
        field_check_name(fe, PATH(p, "storageClassName"), s->storage_class_name,
                         name_dns1123_subdomain);
    check_volume_mode(fe, PATH(p, "volumeMode"), s->volume_mode);
    check_attributes_class(fe, p, s);
}

#define INLINE "in the context of inline volumes"

void check_inline_volume(struct field_errors *fe, const struct field_path *p,
                         const PersistentVolumeSpec *s) {
    if (s->claim_ref)
        field_forbidden(fe, PATH(p, "claimRef"), "may not be specified " INLINE);
    if (s->capacity.n)
        field_forbidden(fe, PATH(p, "capacity"), "may not be specified " INLINE);
    if (!s->persistent_volume_source.csi)
        field_required(fe, PATH(p, "csi"), "has to be specified " INLINE);
    check_rows(fe, p, PersistentVolumeSpec, s, "accessModes");
    check_access_modes(fe, PATH(p, "accessModes"), &s->access_modes);
    if (s->persistent_volume_reclaim_policy.n &&
        !str_eqc(s->persistent_volume_reclaim_policy, "Retain"))
        field_forbidden(fe, PATH(p, "persistentVolumeReclaimPolicy"), "may only be Retain " INLINE);
    if (s->node_affinity)
        field_forbidden(fe, PATH(p, "nodeAffinity"), "may not be specified " INLINE);
    check_sources(fe, p, s, STR_NONE);
    check_host_root(fe, p, s);
    if (s->storage_class_name.n)
        field_forbidden(fe, PATH(p, "storageClassName"), "may not be specified " INLINE);
    if (s->volume_mode.p && !str_eqc(s->volume_mode, "Filesystem"))
        field_forbidden(fe, PATH(p, "volumeMode"),
                        "may not specify volumeMode other than Filesystem " INLINE);
    check_attributes_class(fe, p, s);
}

/* A secret that is given later, for volumes of before there were any. */
static bool same_source(struct field_errors *fe, const PersistentVolumeSource *s,
                        const PersistentVolumeSource *was, PersistentVolumeSource *ret) {
    *ret = *s;
    if (s->csi && was->csi && !was->csi->controller_expand_secret_ref) {
        ret->csi = arena_dup(fe->arena, s->csi, sizeof(*s->csi));
        ret->csi->controller_expand_secret_ref = NULL;
    }
    return api_equal(&PersistentVolumeSource_type, ret, was);
}

/* Keys may go from their beta name to the one that replaced it. */
static bool same_key(str key, str was) {
    static const struct {
        const char *beta, *stable;
    } names[] = {
        {"failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"},
        {"failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"},
        {"beta.kubernetes.io/os", "kubernetes.io/os"},
        {"beta.kubernetes.io/arch", "kubernetes.io/arch"},
        {"beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type"},
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eqc(was, names[i].beta) && str_eqc(key, names[i].stable))
            return true;
    return str_eq(key, was);
}

static bool same_term(const NodeSelectorTerm *t, const NodeSelectorTerm *was) {
    NodeSelectorTerm rest = *t, rest_was = *was;
    bool same = t->match_expressions.n == was->match_expressions.n;
    for (uint32_t i = 0; same && i < t->match_expressions.n; i++) {
        NodeSelectorRequirement r = t->match_expressions.v[i];
        same = same_key(r.key, was->match_expressions.v[i].key);
        r.key = was->match_expressions.v[i].key;
        same = same && api_equal(&NodeSelectorRequirement_type, &r, &was->match_expressions.v[i]);
    }
    rest.match_expressions.n = rest_was.match_expressions.n = 0;
    return same && api_equal(&NodeSelectorTerm_type, &rest, &rest_was);
}

static bool same_affinity(const VolumeNodeAffinity *a, const VolumeNodeAffinity *was) {
    const NodeSelector *s = a ? a->required : NULL, *o = was->required;
    if (!a || !s != !o)
        return false;
    bool same = !s || s->node_selector_terms.n == o->node_selector_terms.n;
    for (uint32_t i = 0; same && s && i < s->node_selector_terms.n; i++)
        same = same_term(&s->node_selector_terms.v[i], &o->node_selector_terms.v[i]);
    return same;
}

/* All is checked twice: strategy and validation upstream both do. */
static void validate_update(struct field_errors *fe, const void *obj, const void *old) {
    const PersistentVolumeSpec *s = &((const PersistentVolume *)obj)->spec;
    const PersistentVolumeSpec *was = &((const PersistentVolume *)old)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    PersistentVolumeSource source;
    validate(fe, obj);
    if (!same_source(fe, &s->persistent_volume_source, &was->persistent_volume_source, &source))
        field_forbidden(fe, PATH(p, "persistentvolumesource"),
                        "spec.persistentvolumesource is immutable after creation\n" STR_FMT,
                        STR_ARG(go_diff(fe->arena, &PersistentVolumeSource_type,
                                        &was->persistent_volume_source, &source)));
    check_same_opt(fe, PATH(NULL, "volumeMode"), s->volume_mode, was->volume_mode);
    if (was->node_affinity && !same_affinity(s->node_affinity, was->node_affinity))
        field_invalid_printed(fe, PATH(NULL, "nodeAffinity"),
                              go_json(fe->arena, &VolumeNodeAffinity_type, s->node_affinity),
                              FIELD_IMMUTABLE ", except for updating from beta label to GA");
    if (was->volume_attributes_class_name.p && !s->volume_attributes_class_name.p)
        field_forbidden(fe, PATH(p, "volumeAttributesClassName"),
                        "update from non-nil value to nil is forbidden");
}

const struct hooks hooks_core_v1_persistentvolumes = {
    .group = "",
    .resource = "persistentvolumes",
    .defaults = defaults,
    .prepare_create = prepare_create,
    .prepare_status = prepare_status,
    .validate = validate,
    .validate_update = validate_update,
    .warn = warn_persistent_volume,
};
