// SPDX-License-Identifier: Apache-2.0
#include "kubelet/volumes/volume.h"

#define MODE_DEFAULT 0644

static bool is(const VolumeSource *s) {
    return s->downward_api != NULL;
}

static int setup(struct volume_ctx *c, const struct Volume *v, const char *path, struct err *e) {
    const DownwardAPIVolumeSource *s = v->volume_source.downward_api;
    struct volume_files files = {0};
    int r = payload_downward(c, s->items.v, s->items.n, opt_or(s->default_mode, MODE_DEFAULT),
                             &files, e);
    if (r < 0 || (r = volume_on_tmpfs(path, 0, 0755, e)) < 0)
        return r;
    return payload_write(c, path, &files, e);
}

const struct volume_type volume_downward_api = {
    .dir = "kubernetes.io~downward-api",
    .is = is,
    .setup = setup,
    .refreshes = true,
};
