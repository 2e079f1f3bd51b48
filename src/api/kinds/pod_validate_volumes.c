// SPDX-License-Identifier: Apache-2.0
/* Volumes of pods: one source each, and what the sources say. */
#include "api/kinds/pod_validate.h"

bool has_backsteps(str path) {
    while (path.p)
        if (str_eqc(str_cut(&path, '/'), ".."))
            return true;
    return false;
}

void check_no_backsteps(struct field_errors *fe, const struct field_path *p, str path) {
    if (has_backsteps(path))
        field_invalid(fe, p, path, "must not contain '..'");
}

void check_local_path(struct field_errors *fe, const struct field_path *p, str path,
                      bool not_reserved) {
    if (str_starts(path, STR("/")))
        field_invalid(fe, p, path, "must be a relative path");
    check_no_backsteps(fe, p, path);
    if (not_reserved && str_starts(path, STR("..")) && !str_starts(path, STR("../")))
        field_invalid(fe, p, path, "must not start with '..'");
}

static void check_mode(struct field_errors *fe, const struct field_path *p, struct opt_i32 m) {
    if (m.set && (m.v < 0 || m.v > 0777))
        field_invalid_i64(fe, p, m.v,
                          "must be a number between 0 and 0777 (octal), both inclusive");
}

static void check_item(struct field_errors *fe, const struct field_path *p, const KeyToPath *k) {
    check_rows(fe, p, KeyToPath, k, "key path");
    check_local_path(fe, PATH(p, "path"), k->path, true);
    check_mode(fe, PATH(p, "mode"), k->mode);
}

static void check_items(struct field_errors *fe, const struct field_path *list, const KeyToPath *v,
                        uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        check_item(fe, PATH_INDEX(list, i), &v[i]);
}

static void check_secret(struct field_errors *fe, const struct field_path *p,
                         const SecretVolumeSource *s) {
    check_rows(fe, p, SecretVolumeSource, s, "secretName");
    check_mode(fe, PATH(p, "defaultMode"), s->default_mode);
    check_items(fe, PATH(p, "items"), s->items.v, s->items.n);
}

static void check_config_map(struct field_errors *fe, const struct field_path *p,
                             const ConfigMapVolumeSource *s) {
    if (!s->local_object_reference.name.n)
        field_required(fe, PATH(p, "name"), NULL);
    check_mode(fe, PATH(p, "defaultMode"), s->default_mode);
    check_items(fe, PATH(p, "items"), s->items.v, s->items.n);
}

static void check_downward_file(struct field_errors *fe, const struct field_path *p,
                                const DownwardAPIVolumeFile *f) {
    if (!f->path.n)
        field_required(fe, PATH(p, "path"), NULL);
    check_local_path(fe, PATH(p, "path"), f->path, true);
    if (f->field_ref) {
        check_field_ref(fe, PATH(p, "fieldRef"), f->field_ref, true);
        if (f->resource_field_ref)
            field_invalid(fe, p, STR("resource"),
                          "fieldRef and resourceFieldRef can not be specified simultaneously");
    } else if (f->resource_field_ref) {
        check_resource_ref(fe, PATH(p, "resourceFieldRef"), f->resource_field_ref, true);
    } else {
        field_required(fe, p, "one of fieldRef and resourceFieldRef is required");
    }
    check_mode(fe, PATH(p, "mode"), f->mode);
}

static void check_downward(struct field_errors *fe, const struct field_path *p,
                           const DownwardAPIVolumeSource *s) {
    check_mode(fe, PATH(p, "defaultMode"), s->default_mode);
    for (uint32_t i = 0; i < s->items.n; i++)
        check_downward_file(fe, p, &s->items.v[i]);
}

static void check_token(struct field_errors *fe, const struct field_path *projected,
                        const struct field_path *p, const ServiceAccountTokenProjection *t) {
    check_token_seconds(fe, PATH(p, "expirationSeconds"), t->expiration_seconds);
    if (!t->path.n)
        field_required(fe, PATH(projected, "path"), NULL);
    else if (!(fe->kept & KEPT_TOKEN_PATHS))
        check_local_path(fe, PATH(projected, "path"), t->path, true);
}

/* Where the files of all sources of a projected volume land, in the order of the checks. */
struct file_paths {
    str_list v;
    struct name_index index;
    uint32_t at; /* how many were looked at */
};

static void note_paths(struct arena *a, struct file_paths *f, const KeyToPath *v, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        *list_push(a, &f->v) = v[i].path;
}

static struct file_paths paths_of(struct arena *a, const ProjectedVolumeSource *s) {
    struct file_paths f = {{0}, {0}, 0};
    for (uint32_t i = 0; i < s->sources.n; i++) {
        const VolumeProjection *x = &s->sources.v[i];
        if (x->secret)
            note_paths(a, &f, x->secret->items.v, x->secret->items.n);
        if (x->config_map)
            note_paths(a, &f, x->config_map->items.v, x->config_map->items.n);
        for (uint32_t k = 0; x->downward_api && k < x->downward_api->items.n; k++)
            *list_push(a, &f.v) = x->downward_api->items.v[k].path;
    }
    f.index = name_index_of(a, f.v.v, f.v.n, sizeof(str));
    return f;
}

/* The next path, in the same order; `shown` is what the error shows. */
static void check_collision(struct field_errors *fe, const struct field_path *p,
                            struct file_paths *f, str shown) {
    uint32_t at = f->at++;
    if (f->v.v[at].n && name_index_first(&f->index, f->v.v[at]) < at)
        field_invalid(fe, p, shown, "conflicting duplicate paths");
}

static void check_projected_items(struct field_errors *fe, const struct field_path *projected,
                                  const struct field_path *p, const KeyToPath *v, uint32_t n,
                                  str name, struct file_paths *f) {
    if (!name.n)
        field_required(fe, PATH(p, "name"), NULL);
    for (uint32_t i = 0; i < n; i++) {
        check_item(fe, PATH_INDEX(PATH(p, "items"), i), &v[i]);
        check_collision(fe, projected, f, name);
    }
}

static void check_projection(struct field_errors *fe, const struct field_path *projected,
                             const struct field_path *p, const VolumeProjection *s,
                             struct file_paths *f) {
    if (s->secret)
        check_projected_items(fe, projected, PATH(p, "secret"), s->secret->items.v,
                              s->secret->items.n, s->secret->local_object_reference.name, f);
    if (s->config_map)
        check_projected_items(fe, projected, PATH(p, "configMap"), s->config_map->items.v,
                              s->config_map->items.n, s->config_map->local_object_reference.name,
                              f);
    for (uint32_t i = 0; s->downward_api && i < s->downward_api->items.n; i++) {
        check_downward_file(fe, PATH(p, "downwardAPI"), &s->downward_api->items.v[i]);
        check_collision(fe, projected, f, s->downward_api->items.v[i].path);
    }
    if (s->service_account_token)
        check_token(fe, projected, PATH(p, "serviceAccountToken"), s->service_account_token);
    int n = !!s->secret + !!s->config_map + !!s->downward_api + !!s->service_account_token;
    if (n > 1)
        field_forbidden(fe, p, "may not specify more than 1 volume type per source");
}

static void check_projected(struct field_errors *fe, const struct field_path *p,
                            const ProjectedVolumeSource *s) {
    struct file_paths f = paths_of(fe->arena, s);
    check_mode(fe, PATH(p, "defaultMode"), s->default_mode);
    for (uint32_t i = 0; i < s->sources.n; i++)
        check_projection(fe, p, PATH_INDEX(PATH(p, "sources"), i), &s->sources.v[i], &f);
}

static void check_empty_dir(struct field_errors *fe, const struct field_path *p,
                            const EmptyDirVolumeSource *s) {
    struct quantity q = quantity_of(s->size_limit);
    if (s->size_limit.p && quantity_sign(&q) < 0)
        field_forbidden(fe, PATH(p, "sizeLimit"),
                        "SizeLimit field must be a valid resource quantity");
}

static void check_git_repo(struct field_errors *fe, const struct field_path *p,
                           const GitRepoVolumeSource *s) {
    check_rows(fe, p, GitRepoVolumeSource, s, "repository");
    check_local_path(fe, PATH(p, "directory"), s->directory, false);
}

static void check_claim(struct field_errors *fe, const struct field_path *p,
                        const PersistentVolumeClaimVolumeSource *s) {
    check_rows(fe, p, PersistentVolumeClaimVolumeSource, s, "claimName");
}

static void check_ephemeral(struct field_errors *fe, const struct field_path *p,
                            const EphemeralVolumeSource *s) {
    static const char *const allowed[] = {"annotations", "labels", NULL};
    const PersistentVolumeClaimTemplate *t = s->volume_claim_template;
    const struct field_path *at = PATH(p, "volumeClaimTemplate"), *meta = PATH(at, "metadata");
    if (!t) {
        field_required(fe, at, NULL);
        return;
    }
    check_annotations(fe, PATH(meta, "annotations"), &t->metadata.annotations);
    check_labels(fe, PATH(meta, "labels"), &t->metadata.labels);
    check_only_fields(fe, meta, &ObjectMeta_type, &t->metadata, allowed, "cannot be set");
    check_claim_spec(fe, PATH(at, "spec"), &t->spec);
}

static void check_image(struct field_errors *fe, const struct field_path *p,
                        const ImageVolumeSource *s, bool is_pod) {
    if (is_pod)
        check_rows(fe, p, ImageVolumeSource, s, "reference");
    check_pull_policy(fe, PATH(p, "pullPolicy"), s->pull_policy);
}

/* ---- which source ---- */

/* In the order in which they are looked for. Some are told under other names than their own: where
 * they are checked, or where they are one too many. */
static const struct {
    const char *json, *checked, *second;
} sources[] = {
    {"emptyDir", NULL, NULL},
    {"hostPath", NULL, NULL},
    {"gitRepo", NULL, NULL},
    {"gcePersistentDisk", "persistentDisk", NULL},
    {"awsElasticBlockStore", NULL, NULL},
    {"secret", NULL, NULL},
    {"nfs", NULL, NULL},
    {"iscsi", NULL, NULL},
    {"glusterfs", NULL, NULL},
    {"flocker", NULL, NULL},
    {"persistentVolumeClaim", NULL, NULL},
    {"rbd", NULL, NULL},
    {"cinder", NULL, NULL},
    {"cephfs", NULL, "cephFS"},
    {"quobyte", NULL, NULL},
    {"downwardAPI", NULL, "downwarAPI"},
    {"fc", NULL, NULL},
    {"flexVolume", NULL, NULL},
    {"configMap", NULL, NULL},
    {"azureFile", NULL, NULL},
    {"vsphereVolume", NULL, NULL},
    {"photonPersistentDisk", NULL, NULL},
    {"portworxVolume", NULL, NULL},
    {"azureDisk", NULL, NULL},
    {"storageos", NULL, NULL},
    {"projected", NULL, NULL},
    {"scaleIO", NULL, NULL},
    {"csi", NULL, NULL},
    {"ephemeral", NULL, NULL},
    {"image", NULL, NULL},
};

/* Those that only pods have; s has one of them. */
static void check_pod_source(struct field_errors *fe, const struct field_path *p,
                             const void *source, const VolumeSource *s, bool is_pod) {
    if (source == s->empty_dir)
        check_empty_dir(fe, p, source);
    else if (source == s->git_repo)
        check_git_repo(fe, p, source);
    else if (source == s->secret)
        check_secret(fe, p, source);
    else if (source == s->persistent_volume_claim)
        check_claim(fe, p, source);
    else if (source == s->downward_api)
        check_downward(fe, p, source);
    else if (source == s->config_map)
        check_config_map(fe, p, source);
    else if (source == s->projected)
        check_projected(fe, p, source);
    else if (source == s->ephemeral)
        check_ephemeral(fe, p, source);
    else if (source == s->image)
        check_image(fe, p, source, is_pod);
}

/* The claim of an ephemeral volume is named after the pod and the volume. */
static str claim_name(struct arena *a, const ObjectMeta *pod, str volume) {
    return str_printf(a, STR_FMT "-" STR_FMT, STR_ARG(pod->name), STR_ARG(volume));
}

static void check_volume_name(struct field_errors *fe, const struct field_path *p, const Volume *v,
                              const ObjectMeta *pod) {
    const ISCSIVolumeSource *iscsi = v->volume_source.iscsi;
    if (iscsi && iscsi->initiator_name.p &&
        v->name.n + 1 + iscsi->target_portal.n > ISCSI_PORTAL_MAX)
        field_invalid(fe, PATH(p, "name"), v->name, ISCSI_PORTAL_TEXT);
    if (!v->volume_source.ephemeral || !pod || !pod->name.n || !v->name.n)
        return;
    struct name_errors e = {{0}, 0};
    str claim = claim_name(fe->arena, pod, v->name);
    name_dns1123_subdomain(claim, &e);
    for (unsigned i = 0; i < e.n; i++)
        field_invalid(fe, PATH(p, "name"), v->name, "PVC name \"" STR_FMT "\": %s", STR_ARG(claim),
                      e.v[i]);
}

static void check_source(struct field_errors *fe, const struct field_path *p, const Volume *v,
                         const ObjectMeta *pod) {
    const VolumeSource *s = &v->volume_source;
    unsigned n = 0;
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        const char *json = sources[i].json;
        uint32_t at = 0;
        const struct api_field *f = type_field(&VolumeSource_type, str_of(json), &at, NULL);
        const void *source = *(const void *const *)(const void *)((const char *)s + at);
        if (!source)
            continue;
        const struct field_path *path = PATH(p, sources[i].checked ? sources[i].checked : json);
        if (n++)
            field_forbidden(fe, PATH(p, sources[i].second ? sources[i].second : json),
                            "may not specify more than 1 volume type");
        else if (!check_volume_source(fe, path, f->sub, source, STR_NONE))
            check_pod_source(fe, path, source, s, pod != NULL);
    }
    check_volume_name(fe, p, v, pod);
    if (!n)
        field_required(fe, p, "must specify a volume type");
}

static struct name_index created_claims(struct arena *a, const PodSpec *s, const ObjectMeta *pod) {
    str_list names = {0};
    for (uint32_t i = 0; pod && pod->name.n && i < s->volumes.n; i++)
        if (s->volumes.v[i].volume_source.ephemeral)
            *list_push(a, &names) = claim_name(a, pod, s->volumes.v[i].name);
    return name_index_of(a, names.v, names.n, sizeof(str));
}

void check_volumes(struct field_errors *fe, const struct field_path *list, const PodSpec *s,
                   const ObjectMeta *pod, bool *ret_ok) {
    struct name_index names = name_index_of(fe->arena, s->volumes.n ? &s->volumes.v[0].name : NULL,
                                            s->volumes.n, sizeof(Volume));
    struct name_index claims = created_claims(fe->arena, s, pod);
    for (uint32_t i = 0; i < s->volumes.n && !field_errors_full(fe); i++) {
        const Volume *v = &s->volumes.v[i];
        const struct field_path *p = PATH_INDEX(list, i);
        uint32_t before = fe->list.n;
        check_source(fe, p, v, pod);
        if (!v->name.n)
            field_required(fe, PATH(p, "name"), NULL);
        else
            field_check_name(fe, PATH(p, "name"), v->name, name_dns1123_label);
        int64_t first = name_index_first(&names, v->name);
        for (uint32_t k = (uint32_t)MAX(first, 0); k < i; k++)
            if (ret_ok[k] && str_eq(s->volumes.v[k].name, v->name)) {
                field_duplicate(fe, PATH(p, "name"), v->name);
                break;
            }
        ret_ok[i] = fe->list.n == before;
        const PersistentVolumeClaimVolumeSource *claim = v->volume_source.persistent_volume_claim;
        if (claim && name_index_first(&claims, claim->claim_name) >= 0)
            field_invalid(fe, PATH(PATH(p, "persistentVolumeClaim"), "claimName"),
                          claim->claim_name,
                          "must not reference a PVC that gets created for an ephemeral volume");
    }
}
