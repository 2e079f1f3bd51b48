// SPDX-License-Identifier: Apache-2.0
/* Where containers see the volumes of their pod: as folders and as block devices. Some errors
 * stand at the list instead of the element, as upstream has them. */
#include "api/kinds/pod_validate.h"

const Volume *find_volume(const struct pod_scope *scope, str name) {
    int64_t first = name_index_first(&scope->volumes, name);
    for (uint32_t i = (uint32_t)MAX(first, 0); first >= 0 && i < scope->spec->volumes.n; i++)
        if (scope->volume_ok[i] && str_eq(scope->spec->volumes.v[i].name, name))
            return &scope->spec->volumes.v[i];
    return NULL;
}

static void check_propagation(struct field_errors *fe, const struct field_path *p,
                              const Container *c, const VolumeMount *m) {
    static const char *const modes[] = {"Bidirectional", "HostToContainer", "None", NULL};
    bool privileged = c->security_context && opt_or(c->security_context->privileged, false);
    if (!m->mount_propagation.p)
        return;
    check_one_of(fe, p, m->mount_propagation, modes);
    if (!privileged && str_eqc(m->mount_propagation, "Bidirectional"))
        field_forbidden(
            fe, p, "Bidirectional mount propagation is available only to privileged containers");
}

static void check_recursive(struct field_errors *fe, const struct field_path *p,
                            const VolumeMount *m) {
    static const char *const modes[] = {"Disabled", "Enabled", "IfPossible", NULL};
    if (!m->recursive_read_only.p || str_eqc(m->recursive_read_only, "Disabled"))
        return;
    if (!str_in(m->recursive_read_only, modes)) {
        field_not_supported(fe, p, m->recursive_read_only, modes);
        return;
    }
    if (!m->read_only)
        field_forbidden(fe, p, "may only be specified when readOnly is true");
    if (m->mount_propagation.p && !str_eqc(m->mount_propagation, "None"))
        field_forbidden(fe, p,
                        "may only be specified when mountPropagation is None or not specified");
}

/* Names and paths of what is mounted one way, for what is mounted the other. */
struct used {
    struct name_index names, paths;
};

static struct used mounts_of(struct arena *a, const Container *c) {
    const VolumeMount *v = c->volume_mounts.v;
    uint32_t n = c->volume_mounts.n;
    return (struct used){name_index_of(a, n ? &v->name : NULL, n, sizeof(*v)),
                         name_index_of(a, n ? &v->mount_path : NULL, n, sizeof(*v))};
}

static struct used devices_of(struct arena *a, const Container *c) {
    const VolumeDevice *v = c->volume_devices.v;
    uint32_t n = c->volume_devices.n;
    return (struct used){name_index_of(a, n ? &v->name : NULL, n, sizeof(*v)),
                         name_index_of(a, n ? &v->device_path : NULL, n, sizeof(*v))};
}

static void check_sub_path(struct field_errors *fe, const struct field_path *list,
                           const struct field_path *p, const VolumeMount *m) {
    if (m->sub_path.n)
        check_local_path(fe, PATH(list, "subPath"), m->sub_path, false);
    if (!m->sub_path_expr.n)
        return;
    if (m->sub_path.n)
        field_invalid(fe, PATH(p, "subPathExpr"), m->sub_path_expr,
                      "subPathExpr and subPath are mutually exclusive");
    check_local_path(fe, PATH(list, "subPathExpr"), m->sub_path_expr, false);
}

void check_mounts(struct field_errors *fe, const struct field_path *container,
                  const struct pod_scope *scope, const Container *c) {
    const struct field_path *list = PATH(container, "volumeMounts");
    struct used mounts = mounts_of(fe->arena, c), devices = devices_of(fe->arena, c);
    for (uint32_t i = 0; i < c->volume_mounts.n && !field_errors_full(fe); i++) {
        const VolumeMount *m = &c->volume_mounts.v[i];
        const struct field_path *p = PATH_INDEX(list, i);
        check_rows(fe, p, VolumeMount, m, "name");
        if (!find_volume(scope, m->name))
            field_not_found(fe, PATH(p, "name"), m->name);
        check_rows(fe, p, VolumeMount, m, "mountPath");
        if (name_index_first(&mounts.paths, m->mount_path) < i)
            field_invalid(fe, PATH(p, "mountPath"), m->mount_path, "must be unique");
        if (name_index_has(&devices.names, m->name))
            field_invalid(fe, PATH(p, "name"), m->name, "must not already exist in volumeDevices");
        if (name_index_has(&devices.paths, m->mount_path))
            field_invalid(fe, PATH(p, "mountPath"), m->mount_path,
                          "must not already exist as a path in volumeDevices");
        check_sub_path(fe, list, p, m);
        check_propagation(fe, PATH(list, "mountPropagation"), c, m);
        check_recursive(fe, PATH(list, "recursiveReadOnly"), m);
    }
}

static void check_device_volume(struct field_errors *fe, const struct field_path *p,
                                const struct pod_scope *scope, str name) {
    const Volume *v = find_volume(scope, name);
    if (!v)
        field_not_found(fe, p, name);
    else if (!v->volume_source.persistent_volume_claim && !v->volume_source.ephemeral)
        field_invalid(fe, p, name,
                      "can only use volume source type of PersistentVolumeClaim or Ephemeral for "
                      "block mode");
}

void check_devices(struct field_errors *fe, const struct field_path *container,
                   const struct pod_scope *scope, const Container *c) {
    const struct field_path *list = PATH(container, "volumeDevices");
    struct used mounts = mounts_of(fe->arena, c), devices = devices_of(fe->arena, c);
    for (uint32_t i = 0; i < c->volume_devices.n && !field_errors_full(fe); i++) {
        const VolumeDevice *d = &c->volume_devices.v[i];
        const struct field_path *p = PATH_INDEX(list, i);
        check_rows(fe, p, VolumeDevice, d, "name");
        if (d->name.n && name_index_first(&devices.names, d->name) < i)
            field_invalid(fe, PATH(p, "name"), d->name, "must be unique");
        check_device_volume(fe, PATH(p, "name"), scope, d->name);
        check_rows(fe, p, VolumeDevice, d, "devicePath");
        bool back = has_backsteps(d->device_path);
        if (!back && name_index_first(&devices.paths, d->device_path) < i)
            field_invalid(fe, PATH(p, "devicePath"), d->device_path, "must be unique");
        if (back)
            field_invalid(fe, PATH(p, "devicePath"), d->device_path,
                          "can not contain backsteps ('..')");
        if (name_index_has(&mounts.names, d->name))
            field_invalid(fe, PATH(p, "name"), d->name, "must not already exist in volumeMounts");
        if (name_index_has(&mounts.paths, d->device_path))
            field_invalid(fe, PATH(p, "devicePath"), d->device_path,
                          "must not already exist as a path in volumeMounts");
    }
}
