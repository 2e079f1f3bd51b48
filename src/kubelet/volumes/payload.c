// SPDX-License-Identifier: Apache-2.0
#include "base/vec.h"
#include "kubelet/volumes/volume.h"

static const struct str_pair *key_of(const str_map *m, str key) {
    for (uint32_t i = 0; m && i < m->n; i++)
        if (str_eq(m->v[i].key, key))
            return &m->v[i];
    return NULL;
}

static void add(struct arena *a, struct volume_files *l, str path, str data, int32_t mode) {
    *list_push(a, l) =
        (struct host_file){.path = path, .data = data, .mode = (mode_t)mode & 07777, .uid = -1};
}

int payload_of_map(struct arena *a, const str_map *data, const str_map *more,
                   const struct payload_item *items, uint32_t n_items, int32_t mode, bool optional,
                   const char *what, struct volume_files *ret, struct err *e) {
    for (uint32_t i = 0; n_items == 0 && data && i < data->n; i++)
        add(a, ret, data->v[i].key, data->v[i].value, mode);
    for (uint32_t i = 0; n_items == 0 && more && i < more->n; i++)
        add(a, ret, more->v[i].key, more->v[i].value, mode);
    for (uint32_t i = 0; i < n_items; i++) {
        const struct str_pair *p = key_of(data, items[i].key);
        p = p ? p : key_of(more, items[i].key);
        if (p)
            add(a, ret, items[i].path, p->value, opt_or(items[i].mode, mode));
        else if (!optional)
            return err_set(e, -ENOENT, "references non-existent %s key: " STR_FMT, what,
                           STR_ARG(items[i].key));
    }
    return 0;
}

static const Container *named(const Pod *p, str name) {
    for (uint32_t i = 0; i < p->spec.containers.n; i++)
        if (str_eq(p->spec.containers.v[i].name, name))
            return &p->spec.containers.v[i];
    for (uint32_t i = 0; i < p->spec.init_containers.n; i++)
        if (str_eq(p->spec.init_containers.v[i].name, name))
            return &p->spec.init_containers.v[i];
    return NULL;
}

int payload_downward(struct volume_ctx *c, const struct DownwardAPIVolumeFile *items, uint32_t n,
                     int32_t mode, struct volume_files *ret, struct err *e) {
    for (uint32_t i = 0; i < n; i++) {
        const struct DownwardAPIVolumeFile *f = &items[i];
        str value = STR("");
        int r = 0;
        if (f->field_ref) {
            r = pod_field(c->arena, c->pod, f->field_ref->field_path, c->at, &value, e);
        } else if (f->resource_field_ref) {
            const Container *of = named(c->pod, f->resource_field_ref->container_name);
            r = of ? container_resource(c->arena, of, f->resource_field_ref, c->at, &value, e)
                   : err_set(e, -ENOENT, "container " STR_FMT " not found",
                             STR_ARG(f->resource_field_ref->container_name));
        }
        if (r < 0)
            return r;
        add(c->arena, ret, f->path, value, opt_or(f->mode, mode));
    }
    return 0;
}

int payload_write(struct volume_ctx *c, const char *path, struct volume_files *files,
                  struct err *e) {
    bool changed;
    for (uint32_t i = 0; c->gid >= 0 && i < files->n; i++)
        files->v[i].mode |= 0040;
    int r = host_write_atomically(path, files->v, files->n, c->gid, c->stamp, &changed, e);
    c->changed |= r == 0 && changed;
    return r;
}
