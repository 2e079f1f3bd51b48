// SPDX-License-Identifier: Apache-2.0
#include "kubelet/volumes/volume.h"

static const struct volume_type *const types[] = {
    &volume_empty_dir, &volume_config_map,   &volume_secret,
    &volume_projected, &volume_downward_api, &volume_host_path,
};

const struct volume_type *volume_type_of(const VolumeSource *s) {
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (types[i]->is(s))
            return types[i];
    return NULL;
}

str volume_path(struct arena *a, const char *pod_dir, const struct Volume *v) {
    const struct volume_type *t = volume_type_of(&v->volume_source);
    if (!t)
        return STR_NONE;
    if (!t->dir)
        return t->path(&v->volume_source);
    return str_printf(a, "%s/volumes/%s/" STR_FMT, pod_dir, t->dir, STR_ARG(v->name));
}

int volume_on_tmpfs(const char *path, int64_t size, mode_t mode, struct err *e) {
    int r = host_mkdirs(path, mode);
    if (r < 0)
        return err_set(e, r, "mkdir %s: %s", path, strerror(-r));
    return host_is_mountpoint(path) ? 0 : host_mount_tmpfs(path, size, mode, e);
}
