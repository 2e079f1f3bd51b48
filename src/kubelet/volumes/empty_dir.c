// SPDX-License-Identifier: Apache-2.0
#include "api/quantity.h"
#include "kubelet/volumes/volume.h"

static bool is(const VolumeSource *s) {
    return s->empty_dir != NULL;
}

static int setup(struct volume_ctx *c, const struct Volume *v, const char *path, struct err *e) {
    const EmptyDirVolumeSource *s = v->volume_source.empty_dir;
    struct quantity limit = quantity_of(s->size_limit);
    mode_t mode = c->gid >= 0 ? 02777 : 0777;
    int r;
    if (str_eqc(s->medium, "Memory")) {
        if ((r = volume_on_tmpfs(path, quantity_value(&limit), mode, e)) < 0)
            return r;
    } else if (!str_empty(s->medium)) {
        return err_set(e, -ENOTSUP, "unknown storage medium \"" STR_FMT "\"", STR_ARG(s->medium));
    } else if (host_file_kind(path) == 'd') {
        return 0; /* what is in it is the pod's */
    } else if ((r = host_mkdirs(path, mode)) < 0) {
        return err_set(e, r, "mkdir %s: %s", path, strerror(-r));
    }
    if (c->gid >= 0 && ((r = host_chown(path, -1, c->gid)) < 0 || (r = host_chmod(path, mode)) < 0))
        return err_set(e, r, "%s: %s", path, strerror(-r));
    return 0;
}

const struct volume_type volume_empty_dir = {
    .dir = "kubernetes.io~empty-dir",
    .is = is,
    .setup = setup,
};
