// SPDX-License-Identifier: Apache-2.0
/* Where a volume comes from. Pods and persistent volumes name the same kinds of sources, a few in
 * types of their own that differ in whether a secret has a namespace. Most of what is asked is that
 * members are there: a table says which, and functions the rest. */
#include "api/kinds/kinds.h"
#include "schema/entry.h"

#define DRIVER_MAX 63
#define TENANT_MAX 64

static void require(struct field_errors *fe, const struct field_path *p, const char *name, str s) {
    if (!s.n)
        field_required(fe, PATH(p, name), NULL);
}

void check_csi_driver(struct field_errors *fe, const struct field_path *p, str driver) {
    if (!driver.n)
        field_required(fe, p, NULL);
    if (driver.n > DRIVER_MAX)
        field_too_long(fe, p, DRIVER_MAX);
    struct name_errors e = {{0}, 0};
    name_dns1123_subdomain(str_lower(fe->arena, driver), &e);
    for (unsigned i = 0; i < e.n; i++)
        field_invalid(fe, p, driver, "%s", e.v[i]);
}

#define TOKEN_SECONDS_MIN 600
#define TOKEN_SECONDS_MAX (1LL << 32)

void check_token_seconds(struct field_errors *fe, const struct field_path *p,
                         struct opt_i64 seconds) {
    int64_t s = opt_or(seconds, TOKEN_SECONDS_MIN);
    if (s < TOKEN_SECONDS_MIN)
        field_invalid_i64(fe, p, s, "may not specify a duration less than 10 minutes");
    else if (s > TOKEN_SECONDS_MAX)
        field_invalid_i64(fe, p, s, "may not specify a duration larger than 2^32 seconds");
}

/* ---- host path, local ---- */

static void check_host_path(struct field_errors *fe, const struct field_path *p, const void *source,
                            str name) {
    static const char *const types[] = {
        "",     "BlockDevice",  "CharDevice", "Directory", "DirectoryOrCreate",
        "File", "FileOrCreate", "Socket",     NULL};
    const HostPathVolumeSource *s = source;
    if (!s->path.n)
        return;
    check_no_backsteps(fe, PATH(p, "path"), s->path);
    if (s->type.p)
        check_one_of(fe, PATH(p, "type"), s->type, types);
}

static void check_local(struct field_errors *fe, const struct field_path *p, const void *source,
                        str name) {
    const LocalVolumeSource *s = source;
    check_no_backsteps(fe, PATH(p, "path"), s->path);
}

/* ---- iSCSI ---- */

static bool is_alnum(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool digits(str s, size_t at, size_t n) {
    for (size_t i = at; i < at + n; i++)
        if (i >= s.n || s.p[i] < '0' || s.p[i] > '9')
            return false;
    return true;
}

/* "iqn.2001-04.com.example:disk1" */
static bool is_iqn(str s) {
    if (!digits(s, 4, 4) || !digits(s, 9, 2) || s.n < 12 || s.p[3] != '.' || s.p[8] != '-' ||
        s.p[11] != '.')
        return false;
    str unit = str_slice(s, 12, s.n), authority = str_cut(&unit, ':');
    for (size_t i = 0; i < authority.n; i++)
        if (!is_alnum(authority.p[i]) && authority.p[i] != '-' && authority.p[i] != '.')
            return false;
    for (size_t i = 0; i < unit.n; i++)
        if (strchr(",;*&$| \t\n\f\r", unit.p[i]))
            return false;
    return authority.n && unit.n;
}

/* "eui.", "naa.": so many letters and digits. */
static bool is_fixed(str s, size_t n) {
    for (size_t i = 4; i < s.n; i++)
        if (!is_alnum(s.p[i]))
            return false;
    return s.n == 4 + n;
}

static void check_initiator(struct field_errors *fe, const struct field_path *p, str s,
                            const char *unknown) {
    bool iqn = str_starts(s, STR("iqn")), eui = str_starts(s, STR("eui")),
         naa = str_starts(s, STR("naa"));
    if (!iqn && !eui && !naa)
        field_invalid(fe, p, s, "%s", unknown);
    else if ((iqn && !is_iqn(s)) || (eui && !is_fixed(s, 16)) || (naa && !is_fixed(s, 32)))
        field_invalid(fe, p, s, "must be valid format");
}

/* What both types of it have; secret NULL: none is named. */
struct iscsi {
    str portal, iqn, initiator;
    const struct api_type *type;
    const void *source;
    bool chap;
    const str *secret;
    const char *unknown; /* said of a name that starts with no known scheme */
};

static void check_iscsi(struct field_errors *fe, const struct field_path *p, const struct iscsi *s,
                        const str *volume) {
    require(fe, p, "targetPortal", s->portal);
    if (volume && s->initiator.p && volume->n + 1 + s->portal.n > ISCSI_PORTAL_MAX)
        field_invalid(fe, PATH(p, "targetportal"), s->portal, ISCSI_PORTAL_TEXT);
    if (s->iqn.n)
        check_initiator(fe, PATH(p, "iqn"), s->iqn, s->unknown);
    else
        field_required(fe, PATH(p, "iqn"), NULL);
    api_validate_rows(fe, s->type, s->source, p, "lun");
    if (s->chap && !s->secret)
        field_required(fe, PATH(p, "secretRef"), NULL);
    if (volume && s->secret)
        require(fe, PATH(p, "secretRef"), "name", *s->secret);
    if (s->initiator.p)
        check_initiator(fe, PATH(p, "initiatorname"), s->initiator, s->unknown);
}

#define ISCSI(type_, s_, unknown_)                                                                 \
    (&(struct iscsi){.portal = (s_)->target_portal,                                                \
                     .iqn = (s_)->iqn,                                                             \
                     .initiator = (s_)->initiator_name,                                            \
                     .type = &type_##_type,                                                        \
                     .source = (s_),                                                               \
                     .chap = (s_)->discovery_chap_auth || (s_)->session_chap_auth,                 \
                     .secret = (s_)->secret_ref ? &(s_)->secret_ref->name : NULL,                  \
                     .unknown = (unknown_)})

static void check_pod_iscsi(struct field_errors *fe, const struct field_path *p, const void *source,
                            str name) {
    const ISCSIVolumeSource *s = source;
    check_iscsi(fe, p,
                ISCSI(ISCSIVolumeSource, s, "must be valid format starting with iqn, eui, or naa"),
                NULL);
}

static void check_pv_iscsi(struct field_errors *fe, const struct field_path *p, const void *source,
                           str name) {
    const ISCSIPersistentVolumeSource *s = source;
    check_iscsi(fe, p, ISCSI(ISCSIPersistentVolumeSource, s, "must be valid format"), &name);
}

/* ---- block devices, network file systems ---- */

static void check_fc(struct field_errors *fe, const struct field_path *p, const void *source,
                     str name) {
    const FCVolumeSource *s = source;
    if (!s->target_wwns.n && !s->wwids.n)
        field_required(fe, PATH(p, "targetWWNs"),
                       "must specify either targetWWNs or wwids, but not both");
    if (s->target_wwns.n && s->wwids.n)
        field_invalid_printed(fe, PATH(p, "targetWWNs"), strings_json(fe->arena, &s->target_wwns),
                              "targetWWNs and wwids can not be specified simultaneously");
    if (s->target_wwns.n && !s->lun.set)
        field_required(fe, PATH(p, "lun"), "lun is required if targetWWNs is specified");
    else if (s->target_wwns.n)
        check_rows(fe, p, FCVolumeSource, s, "lun");
}

/* 0 stands for none; the text leaves it out. */
static void check_partition(struct field_errors *fe, const struct field_path *p, int32_t v) {
    if (v != 0)
        field_check_range(fe, p, v, 1, 255);
}

static void check_gce(struct field_errors *fe, const struct field_path *p, const void *source,
                      str name) {
    const GCEPersistentDiskVolumeSource *s = source;
    check_partition(fe, PATH(p, "partition"), s->partition);
}

static void check_aws(struct field_errors *fe, const struct field_path *p, const void *source,
                      str name) {
    const AWSElasticBlockStoreVolumeSource *s = source;
    check_partition(fe, PATH(p, "partition"), s->partition);
}

static void check_nfs(struct field_errors *fe, const struct field_path *p, const void *source,
                      str name) {
    const NFSVolumeSource *s = source;
    if (!str_starts(s->path, STR("/")))
        field_invalid(fe, PATH(p, "path"), s->path, "must be an absolute path");
}

/* As Go's net.SplitHostPort takes it: one colon, or one behind brackets. */
static bool is_host_port(str s) {
    if (str_starts(s, STR("["))) {
        ssize_t end = str_chr(s, ']');
        str rest = end < 0 ? STR_NONE : str_slice(s, (size_t)end + 1, s.n);
        return str_starts(rest, STR(":")) && str_chr(str_slice(rest, 1, rest.n), ':') < 0 &&
               str_chr(str_slice(s, 1, (size_t)end), '[') < 0 && str_chr(rest, '[') < 0 &&
               str_chr(rest, ']') < 0;
    }
    ssize_t colon = str_chr(s, ':');
    return colon >= 0 && str_chr(str_slice(s, (size_t)colon + 1, s.n), ':') < 0 &&
           str_chr(s, '[') < 0 && str_chr(s, ']') < 0;
}

static void check_quobyte(struct field_errors *fe, const struct field_path *p, const void *source,
                          str name) {
    static const char pair[] = "must be a host:port pair or multiple pairs separated by commas";
    const QuobyteVolumeSource *s = source;
    str rest = s->registry;
    if (!rest.n)
        field_required(fe, PATH(p, "registry"), pair);
    else if (s->tenant.n > TENANT_MAX)
        field_required(fe, PATH(p, "tenant"),
                       "must be a UUID and may not exceed a length of 64 characters");
    else
        while (rest.p)
            if (!is_host_port(str_cut(&rest, ',')))
                field_invalid(fe, PATH(p, "registry"), s->registry, "%s", pair);
    require(fe, p, "volume", s->volume);
}

static void check_pv_glusterfs(struct field_errors *fe, const struct field_path *p,
                               const void *source, str name) {
    const GlusterfsPersistentVolumeSource *s = source;
    if (!s->endpoints_namespace.p)
        return;
    if (s->endpoints_namespace.n)
        field_check_name(fe, PATH(p, "endpointsNamespace"), s->endpoints_namespace,
                         name_dns1123_label);
    else
        field_invalid(fe, PATH(p, "endpointsNamespace"), s->endpoints_namespace,
                      "if the endpointnamespace is set, it must be a valid namespace name");
}

static void check_flocker(struct field_errors *fe, const struct field_path *p, const void *source,
                          str name) {
    const FlockerVolumeSource *s = source;
    if (!s->dataset_name.n && !s->dataset_uuid.n)
        field_required(fe, p, "one of datasetName and datasetUUID is required");
    if (s->dataset_name.n && s->dataset_uuid.n)
        field_invalid(fe, p, STR("resource"),
                      "datasetName and datasetUUID can not be specified simultaneously");
    if (str_chr(s->dataset_name, '/') >= 0)
        field_invalid(fe, PATH(p, "datasetName"), s->dataset_name, "must not contain '/'");
}

static void check_pod_cinder(struct field_errors *fe, const struct field_path *p,
                             const void *source, str name) {
    const CinderVolumeSource *s = source;
    if (s->secret_ref)
        require(fe, PATH(p, "secretRef"), "name", s->secret_ref->name);
}

static void check_pv_cinder(struct field_errors *fe, const struct field_path *p, const void *source,
                            str name) {
    const CinderPersistentVolumeSource *s = source;
    if (!s->secret_ref)
        return;
    require(fe, PATH(p, "secretRef"), "name", s->secret_ref->name);
    require(fe, PATH(p, "secretRef"), "namespace", s->secret_ref->namespace_);
}

static void check_options(struct field_errors *fe, const struct field_path *p,
                          const str_map *options) {
    for (uint32_t i = 0; i < options->n; i++) {
        str key = options->v[i].key, rest = key;
        str domain = str_concat(fe->arena, STR("."), str_lower(fe->arena, str_cut(&rest, '/')));
        if (str_ends(domain, STR(".kubernetes.io")) || str_ends(domain, STR(".k8s.io")))
            field_invalid(fe, PATH_KEY(PATH(p, "options"), key), key,
                          "kubernetes.io and k8s.io namespaces are reserved");
    }
}

static void check_pod_flex(struct field_errors *fe, const struct field_path *p, const void *source,
                           str name) {
    check_options(fe, p, &((const FlexVolumeSource *)source)->options);
}

static void check_pv_flex(struct field_errors *fe, const struct field_path *p, const void *source,
                          str name) {
    check_options(fe, p, &((const FlexPersistentVolumeSource *)source)->options);
}

/* ---- Azure, StorageOS, CSI ---- */

static void check_pv_azure_file(struct field_errors *fe, const struct field_path *p,
                                const void *source, str name) {
    const AzureFilePersistentVolumeSource *s = source;
    if (s->secret_namespace.p)
        require(fe, p, "secretNamespace", s->secret_namespace);
}

static void check_azure_disk(struct field_errors *fe, const struct field_path *p,
                             const void *source, str name) {
    static const char *const managed_uri[] = {
        "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/"
        "{disk-id}",
        NULL};
    static const char *const blob_uri[] = {
        "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd", NULL};
    const AzureDiskVolumeSource *s = source;
    bool managed = str_eqc(s->kind, "Managed");
    str uri = s->data_disk_uri;
    check_rows(fe, p, AzureDiskVolumeSource, s, "cachingMode kind");
    if (!s->kind.p)
        return;
    if (managed && !str_starts(uri, STR("/subscriptions/")))
        field_not_supported(fe, PATH(p, "diskURI"), uri, managed_uri);
    if (!managed && !str_starts(uri, STR("https://")))
        field_not_supported(fe, PATH(p, "diskURI"), uri, blob_uri);
}

static void check_storageos(struct field_errors *fe, const struct field_path *p, str volume,
                            str namespace_) {
    if (volume.n)
        field_check_name(fe, PATH(p, "volumeName"), volume, name_dns1123_label);
    if (namespace_.n)
        field_check_name(fe, PATH(p, "volumeNamespace"), namespace_, name_dns1123_label);
}

static void check_pod_storageos(struct field_errors *fe, const struct field_path *p,
                                const void *source, str name) {
    const StorageOSVolumeSource *s = source;
    check_storageos(fe, p, s->volume_name, s->volume_namespace);
    if (s->secret_ref)
        require(fe, PATH(p, "secretRef"), "name", s->secret_ref->name);
}

static void check_pv_storageos(struct field_errors *fe, const struct field_path *p,
                               const void *source, str name) {
    const StorageOSPersistentVolumeSource *s = source;
    check_storageos(fe, p, s->volume_name, s->volume_namespace);
    if (!s->secret_ref)
        return;
    require(fe, PATH(p, "secretRef"), "name", s->secret_ref->name);
    require(fe, PATH(p, "secretRef"), "namespace", s->secret_ref->namespace_);
}

static void check_pod_csi(struct field_errors *fe, const struct field_path *p, const void *source,
                          str name) {
    const CSIVolumeSource *s = source;
    check_csi_driver(fe, PATH(p, "driver"), s->driver);
    if (!s->node_publish_secret_ref)
        return;
    str secret = s->node_publish_secret_ref->name;
    if (secret.n)
        field_check_name(fe, PATH(p, "name"), secret, name_dns1123_subdomain);
    else
        field_required(fe, PATH(PATH(p, "nodePublishSecretRef"), "name"), NULL);
}

static void check_secret(struct field_errors *fe, const struct field_path *p,
                         const SecretReference *s) {
    if (!s)
        return;
    if (s->name.n)
        field_check_name(fe, PATH(p, "name"), s->name, name_dns1123_subdomain);
    else
        field_required(fe, PATH(p, "name"), NULL);
    if (s->namespace_.n)
        field_check_name(fe, PATH(p, "namespace"), s->namespace_, name_dns1123_label);
    else
        field_required(fe, PATH(p, "namespace"), NULL);
}

static void check_pv_csi(struct field_errors *fe, const struct field_path *p, const void *source,
                         str name) {
    const CSIPersistentVolumeSource *s = source;
    check_csi_driver(fe, PATH(p, "driver"), s->driver);
    require(fe, p, "volumeHandle", s->volume_handle);
    check_secret(fe, PATH(p, "controllerPublishSecretRef"), s->controller_publish_secret_ref);
    check_secret(fe, PATH(p, "controllerExpandSecretRef"), s->controller_expand_secret_ref);
    check_secret(fe, PATH(p, "nodePublishSecretRef"), s->node_publish_secret_ref);
    check_secret(fe, PATH(p, "nodeExpandSecretRef"), s->node_expand_secret_ref);
}

/* ---- all of them ---- */

static const struct {
    const struct api_type *type;
    const char *required[3]; /* in the order of the errors */
    void (*rest)(struct field_errors *fe, const struct field_path *p, const void *source, str name);
} sources[] = {
    {&AWSElasticBlockStoreVolumeSource_type, {"volumeID"}, check_aws},
    {&AzureDiskVolumeSource_type, {"diskName", "diskURI"}, check_azure_disk},
    {&AzureFilePersistentVolumeSource_type, {"secretName", "shareName"}, check_pv_azure_file},
    {&AzureFileVolumeSource_type, {"secretName", "shareName"}, NULL},
    {&CSIPersistentVolumeSource_type, {NULL}, check_pv_csi},
    {&CSIVolumeSource_type, {NULL}, check_pod_csi},
    {&CephFSPersistentVolumeSource_type, {"monitors"}, NULL},
    {&CephFSVolumeSource_type, {"monitors"}, NULL},
    {&CinderPersistentVolumeSource_type, {"volumeID"}, check_pv_cinder},
    {&CinderVolumeSource_type, {"volumeID"}, check_pod_cinder},
    {&FCVolumeSource_type, {NULL}, check_fc},
    {&FlexPersistentVolumeSource_type, {"driver"}, check_pv_flex},
    {&FlexVolumeSource_type, {"driver"}, check_pod_flex},
    {&FlockerVolumeSource_type, {NULL}, check_flocker},
    {&GCEPersistentDiskVolumeSource_type, {"pdName"}, check_gce},
    {&GlusterfsPersistentVolumeSource_type, {"endpoints", "path"}, check_pv_glusterfs},
    {&GlusterfsVolumeSource_type, {"endpoints", "path"}, NULL},
    {&HostPathVolumeSource_type, {"path"}, check_host_path},
    {&ISCSIPersistentVolumeSource_type, {NULL}, check_pv_iscsi},
    {&ISCSIVolumeSource_type, {NULL}, check_pod_iscsi},
    {&LocalVolumeSource_type, {"path"}, check_local},
    {&NFSVolumeSource_type, {"server", "path"}, check_nfs},
    {&PhotonPersistentDiskVolumeSource_type, {"pdID"}, NULL},
    {&PortworxVolumeSource_type, {"volumeID"}, NULL},
    {&QuobyteVolumeSource_type, {NULL}, check_quobyte},
    {&RBDPersistentVolumeSource_type, {"monitors", "image"}, NULL},
    {&RBDVolumeSource_type, {"monitors", "image"}, NULL},
    {&ScaleIOPersistentVolumeSource_type, {"gateway", "system", "volumeName"}, NULL},
    {&ScaleIOVolumeSource_type, {"gateway", "system", "volumeName"}, NULL},
    {&StorageOSPersistentVolumeSource_type, {"volumeName"}, check_pv_storageos},
    {&StorageOSVolumeSource_type, {"volumeName"}, check_pod_storageos},
    {&VsphereVirtualDiskVolumeSource_type, {"volumePath"}, NULL},
};

bool check_volume_source(struct field_errors *fe, const struct field_path *p,
                         const struct api_type *t, const void *source, str name) {
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        if (sources[i].type != t)
            continue;
        for (size_t k = 0; k < ARRAY_LEN(sources[i].required) && sources[i].required[k]; k++) {
            uint32_t at = 0;
            const struct api_field *f = type_field(t, str_of(sources[i].required[k]), &at, NULL);
            if (api_field_absent(f, (const char *)source + at))
                field_required(fe, PATH(p, f->json), NULL);
        }
        if (sources[i].rest)
            sources[i].rest(fe, p, source, name);
        return true;
    }
    return false;
}
