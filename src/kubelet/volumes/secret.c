// SPDX-License-Identifier: Apache-2.0
#include "kubelet/volumes/volume.h"

#define MODE_DEFAULT 0644

static bool is(const VolumeSource *s) {
    return s->secret != NULL;
}

static void refs(const VolumeSource *s, const struct volume_refs *out) {
    out->object(out->ctx, REF_SECRET, s->secret->secret_name, opt_or(s->secret->optional, false));
}

static int setup(struct volume_ctx *c, const struct Volume *v, const char *path, struct err *e) {
    const SecretVolumeSource *s = v->volume_source.secret;
    bool optional = opt_or(s->optional, false);
    const Secret *o = c->sources->secret(c->sources->ctx, s->secret_name);
    if (!o && !optional)
        return err_set(e, -ENOENT, "secret \"" STR_FMT "\" not found", STR_ARG(s->secret_name));
    struct volume_files files = {0};
    struct payload_item *items = arena_array(c->arena, s->items.n + 1, sizeof(*items));
    for (uint32_t i = 0; i < s->items.n; i++)
        items[i] = (struct payload_item){s->items.v[i].key, s->items.v[i].path, s->items.v[i].mode};
    int r = payload_of_map(c->arena, o ? &o->data : NULL, NULL, items, s->items.n,
                           opt_or(s->default_mode, MODE_DEFAULT), optional, "secret", &files, e);
    if (r < 0 || (r = volume_on_tmpfs(path, 0, 0755, e)) < 0)
        return r;
    return payload_write(c, path, &files, e);
}

const struct volume_type volume_secret = {
    .dir = "kubernetes.io~secret",
    .is = is,
    .refs = refs,
    .setup = setup,
    .refreshes = true,
};
