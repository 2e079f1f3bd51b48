// SPDX-License-Identifier: Apache-2.0
/* Volumes: one source each, and what the sources say. Sources of clouds that are long served by
 * drivers are only counted. */
#include "api/kinds/pod_validate.h"

#define MODE_TEXT "must be a number between 0 and 0777 (octal), both inclusive"

#define TOKEN_SECONDS_MIN 600
#define TOKEN_SECONDS_MAX (1LL << 32)

static void check_mode(struct field_errors *fe, const struct field_path *p, struct opt_i32 m) {
    if (m.set && (m.v < 0 || m.v > 0777))
        field_invalid_i64(fe, p, m.v, MODE_TEXT);
}

void check_no_backsteps(struct field_errors *fe, const struct field_path *p, str path) {
    str rest = path;
    while (rest.p)
        if (str_eqc(str_cut(&rest, '/'), "..")) {
            field_invalid(fe, p, path, "must not contain '..'");
            return;
        }
}

void check_local_path(struct field_errors *fe, const struct field_path *p, str path,
                      bool not_reserved) {
    if (str_starts(path, STR("/")))
        field_invalid(fe, p, path, "must be a relative path");
    check_no_backsteps(fe, p, path);
    if (not_reserved && str_starts(path, STR("..")) && !str_starts(path, STR("../")))
        field_invalid(fe, p, path, "must not start with '..'");
}

static void check_items(struct field_errors *fe, const struct field_path *list, const KeyToPath *v,
                        uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        const struct field_path *p = PATH_INDEX(list, i);
        if (!v[i].key.n)
            field_required(fe, PATH(p, "key"), NULL);
        if (!v[i].path.n)
            field_required(fe, PATH(p, "path"), NULL);
        check_local_path(fe, PATH(p, "path"), v[i].path, true);
        check_mode(fe, PATH(p, "mode"), v[i].mode);
    }
}

static void check_host_path(struct field_errors *fe, const struct field_path *p,
                            const HostPathVolumeSource *s) {
    static const char *const types[] = {
        "",     "BlockDevice",  "CharDevice", "Directory", "DirectoryOrCreate",
        "File", "FileOrCreate", "Socket",     NULL};
    if (!s->path.n)
        field_required(fe, PATH(p, "path"), NULL);
    else
        check_no_backsteps(fe, PATH(p, "path"), s->path);
    if (s->type.p)
        check_one_of(fe, PATH(p, "type"), s->type, types);
}

static void check_secret(struct field_errors *fe, const struct field_path *p,
                         const SecretVolumeSource *s) {
    if (!s->secret_name.n)
        field_required(fe, PATH(p, "secretName"), NULL);
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

static void check_token(struct field_errors *fe, const struct field_path *p,
                        const ServiceAccountTokenProjection *t) {
    int64_t s = opt_or(t->expiration_seconds, TOKEN_SECONDS_MIN);
    if (s < TOKEN_SECONDS_MIN)
        field_invalid_i64(fe, PATH(p, "expirationSeconds"), s,
                          "may not specify a duration less than 10 minutes");
    if (s > TOKEN_SECONDS_MAX)
        field_invalid_i64(fe, PATH(p, "expirationSeconds"), s,
                          "may not specify a duration larger than 2^32 seconds");
    if (!t->path.n)
        field_required(fe, PATH(p, "path"), NULL);
    else
        check_local_path(fe, PATH(p, "path"), t->path, true);
}

/* Returns how many sources this projection names. */
static int check_projection(struct field_errors *fe, const struct field_path *p,
                            const VolumeProjection *s) {
    if (s->secret) {
        if (!s->secret->local_object_reference.name.n)
            field_required(fe, PATH(PATH(p, "secret"), "name"), NULL);
        check_items(fe, PATH(PATH(p, "secret"), "items"), s->secret->items.v, s->secret->items.n);
    }
    if (s->config_map) {
        if (!s->config_map->local_object_reference.name.n)
            field_required(fe, PATH(PATH(p, "configMap"), "name"), NULL);
        check_items(fe, PATH(PATH(p, "configMap"), "items"), s->config_map->items.v,
                    s->config_map->items.n);
    }
    for (uint32_t i = 0; s->downward_api && i < s->downward_api->items.n; i++)
        check_downward_file(fe, PATH(p, "downwardAPI"), &s->downward_api->items.v[i]);
    if (s->service_account_token)
        check_token(fe, PATH(p, "serviceAccountToken"), s->service_account_token);
    return !!s->secret + !!s->config_map + !!s->downward_api + !!s->service_account_token +
           !!s->cluster_trust_bundle + !!s->pod_certificate;
}

static void check_projected(struct field_errors *fe, const struct field_path *p,
                            const ProjectedVolumeSource *s) {
    check_mode(fe, PATH(p, "defaultMode"), s->default_mode);
    for (uint32_t i = 0; i < s->sources.n; i++) {
        const struct field_path *at = PATH_INDEX(PATH(p, "sources"), i);
        int n = check_projection(fe, at, &s->sources.v[i]);
        if (n > 1)
            field_forbidden(fe, at, "may not specify more than 1 volume type");
        else if (!n)
            field_required(fe, at, "must specify a volume type");
    }
}

static void check_nfs(struct field_errors *fe, const struct field_path *p,
                      const NFSVolumeSource *s) {
    if (!s->server.n)
        field_required(fe, PATH(p, "server"), NULL);
    if (!s->path.n)
        field_required(fe, PATH(p, "path"), NULL);
    if (!str_starts(s->path, STR("/")))
        field_invalid(fe, PATH(p, "path"), s->path, "must be an absolute path");
}

static void check_empty_dir(struct field_errors *fe, const struct field_path *p,
                            const EmptyDirVolumeSource *s) {
    struct quantity q = quantity_of(s->size_limit);
    if (s->size_limit.p && quantity_sign(&q) < 0)
        field_forbidden(fe, PATH(p, "sizeLimit"),
                        "SizeLimit field must be a valid resource quantity");
}

/* Sources with checks of their own, in the order they are looked for. */
static void check_known(struct field_errors *fe, const struct field_path *p, const char *json,
                        const VolumeSource *s) {
    if (!strcmp(json, "emptyDir"))
        check_empty_dir(fe, p, s->empty_dir);
    else if (!strcmp(json, "hostPath"))
        check_host_path(fe, p, s->host_path);
    else if (!strcmp(json, "secret"))
        check_secret(fe, p, s->secret);
    else if (!strcmp(json, "nfs"))
        check_nfs(fe, p, s->nfs);
    else if (!strcmp(json, "persistentVolumeClaim") && !s->persistent_volume_claim->claim_name.n)
        field_required(fe, PATH(p, "claimName"), NULL);
    else if (!strcmp(json, "downwardAPI"))
        check_downward(fe, p, s->downward_api);
    else if (!strcmp(json, "configMap"))
        check_config_map(fe, p, s->config_map);
    else if (!strcmp(json, "projected"))
        check_projected(fe, p, s->projected);
    else if (!strcmp(json, "csi") && !s->csi->driver.n)
        field_required(fe, PATH(p, "driver"), NULL);
    else if (!strcmp(json, "ephemeral") && !s->ephemeral->volume_claim_template)
        field_required(fe, PATH(p, "volumeClaimTemplate"), NULL);
    else if (!strcmp(json, "image") && !s->image->reference.n)
        field_required(fe, PATH(p, "reference"), NULL);
}

static const char *const source_order[] = {"emptyDir",
                                           "hostPath",
                                           "gitRepo",
                                           "gcePersistentDisk",
                                           "awsElasticBlockStore",
                                           "secret",
                                           "nfs",
                                           "iscsi",
                                           "glusterfs",
                                           "flocker",
                                           "persistentVolumeClaim",
                                           "rbd",
                                           "cinder",
                                           "cephfs",
                                           "downwardAPI",
                                           "fc",
                                           "flexVolume",
                                           "configMap",
                                           "azureFile",
                                           "vsphereVolume",
                                           "photonPersistentDisk",
                                           "portworxVolume",
                                           "azureDisk",
                                           "storageos",
                                           "projected",
                                           "scaleIO",
                                           "csi",
                                           "ephemeral",
                                           "image",
                                           "quobyte"};

static void check_source(struct field_errors *fe, const struct field_path *p,
                         const VolumeSource *s) {
    unsigned n = 0;
    for (size_t i = 0; i < ARRAY_LEN(source_order); i++) {
        uint32_t at = 0;
        const struct api_field *f =
            type_field(&VolumeSource_type, str_of(source_order[i]), &at, NULL);
        if (!f || !*(void *const *)(const void *)((const char *)s + at))
            continue;
        if (n++)
            field_forbidden(fe, PATH(p, f->json), "may not specify more than 1 volume type");
        else
            check_known(fe, PATH(p, f->json), f->json, s);
    }
    if (!n)
        field_required(fe, p, "must specify a volume type");
}

void check_volumes(struct field_errors *fe, const struct field_path *list, const PodSpec *s,
                   bool *ret_ok) {
    struct name_index names = name_index_of(fe->arena, s->volumes.n ? &s->volumes.v[0].name : NULL,
                                            s->volumes.n, sizeof(Volume));
    for (uint32_t i = 0; i < s->volumes.n && fe->list.n < FIELD_ERRORS_MAX; i++) {
        const Volume *v = &s->volumes.v[i];
        const struct field_path *p = PATH_INDEX(list, i);
        uint32_t before = fe->list.n;
        check_source(fe, p, &v->volume_source);
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
    }
}
