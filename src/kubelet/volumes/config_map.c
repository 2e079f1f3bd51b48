// SPDX-License-Identifier: Apache-2.0
#include "kubelet/volumes/volume.h"

#define MODE_DEFAULT 0644

static bool is(const VolumeSource *s) {
    return s->config_map != NULL;
}

static void refs(const VolumeSource *s, const struct volume_refs *out) {
    out->object(out->ctx, REF_CONFIG_MAP, s->config_map->local_object_reference.name,
                opt_or(s->config_map->optional, false));
}

static int setup(struct volume_ctx *c, const struct Volume *v, const char *path, struct err *e) {
    const ConfigMapVolumeSource *s = v->volume_source.config_map;
    str name = s->local_object_reference.name;
    bool optional = opt_or(s->optional, false);
    const ConfigMap *m = c->sources->config_map(c->sources->ctx, name);
    if (!m && !optional)
        return err_set(e, -ENOENT, "configmap \"" STR_FMT "\" not found", STR_ARG(name));
    struct volume_files files = {0};
    struct payload_item *items = arena_array(c->arena, s->items.n + 1, sizeof(*items));
    for (uint32_t i = 0; i < s->items.n; i++)
        items[i] = (struct payload_item){s->items.v[i].key, s->items.v[i].path, s->items.v[i].mode};
    int r =
        payload_of_map(c->arena, m ? &m->data : NULL, m ? &m->binary_data : NULL, items, s->items.n,
                       opt_or(s->default_mode, MODE_DEFAULT), optional, "config", &files, e);
    if (r == 0 && (r = host_mkdirs(path, 0755)) < 0)
        return err_set(e, r, "mkdir %s: %s", path, strerror(-r));
    return r < 0 ? r : payload_write(c, path, &files, e);
}

const struct volume_type volume_config_map = {
    .dir = "kubernetes.io~configmap",
    .is = is,
    .refs = refs,
    .setup = setup,
    .refreshes = true,
};
