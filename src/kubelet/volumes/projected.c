// SPDX-License-Identifier: Apache-2.0
/* Several sources in one folder. Tokens are readable by everybody in the pod only where the pod
 * gives no better way: owned by the user all containers run as, else by the fsGroup, else 0644. */
#include "base/vec.h"
#include "kubelet/volumes/volume.h"

#define MODE_DEFAULT     0644
#define TOKEN_MODE       0600
#define TOKEN_EXPIRATION 3600

static bool is(const VolumeSource *s) {
    return s->projected != NULL;
}

static struct volume_token token_of(const ServiceAccountTokenProjection *s) {
    return (struct volume_token){s->audience, opt_or(s->expiration_seconds, TOKEN_EXPIRATION)};
}

static void refs(const VolumeSource *s, const struct volume_refs *out) {
    for (uint32_t i = 0; i < s->projected->sources.n; i++) {
        const struct VolumeProjection *p = &s->projected->sources.v[i];
        if (p->config_map)
            out->object(out->ctx, REF_CONFIG_MAP, p->config_map->local_object_reference.name,
                        opt_or(p->config_map->optional, false));
        if (p->secret)
            out->object(out->ctx, REF_SECRET, p->secret->local_object_reference.name,
                        opt_or(p->secret->optional, false));
        if (p->service_account_token) {
            struct volume_token t = token_of(p->service_account_token);
            out->token(out->ctx, &t);
        }
    }
}

/* The one user all containers run as, or -1. */
static int64_t common_user(const Pod *p) {
    int64_t pod = p->spec.security_context ? opt_or(p->spec.security_context->run_as_user, -1) : -1;
    int64_t user = -1;
    for (uint32_t i = 0; i < p->spec.containers.n; i++) {
        const SecurityContext *s = p->spec.containers.v[i].security_context;
        int64_t one = s && s->run_as_user.set ? s->run_as_user.v : pod;
        if (one < 0 || (i > 0 && one != user))
            return -1;
        user = one;
    }
    return user;
}

static int add_token(struct volume_ctx *c, const ServiceAccountTokenProjection *s, int32_t mode,
                     struct volume_files *files, struct err *e) {
    struct volume_token t = token_of(s);
    str token = c->token(c->token_ctx, &t);
    if (!token.p)
        return err_set(e, -ENOENT, "failed to fetch token");
    int64_t user = common_user(c->pod);
    struct host_file *f = list_push(c->arena, files);
    *f = (struct host_file){.path = s->path, .data = token, .mode = (mode_t)mode, .uid = -1};
    if (user >= 0) {
        f->uid = user;
        f->mode = TOKEN_MODE;
    } else if (c->gid >= 0) {
        f->mode = TOKEN_MODE;
    }
    return 0;
}

static struct payload_item *items_of(struct arena *a, const struct KeyToPath *v, uint32_t n) {
    struct payload_item *items = arena_array(a, n + 1, sizeof(*items));
    for (uint32_t i = 0; i < n; i++)
        items[i] = (struct payload_item){v[i].key, v[i].path, v[i].mode};
    return items;
}

static int add_source(struct volume_ctx *c, const struct VolumeProjection *p, int32_t mode,
                      struct volume_files *files, struct err *e) {
    if (p->config_map) {
        str name = p->config_map->local_object_reference.name;
        bool optional = opt_or(p->config_map->optional, false);
        const ConfigMap *m = c->sources->config_map(c->sources->ctx, name);
        if (!m && !optional)
            return err_set(e, -ENOENT, "configmap \"" STR_FMT "\" not found", STR_ARG(name));
        return payload_of_map(c->arena, m ? &m->data : NULL, m ? &m->binary_data : NULL,
                              items_of(c->arena, p->config_map->items.v, p->config_map->items.n),
                              p->config_map->items.n, mode, optional, "config", files, e);
    }
    if (p->secret) {
        str name = p->secret->local_object_reference.name;
        bool optional = opt_or(p->secret->optional, false);
        const Secret *s = c->sources->secret(c->sources->ctx, name);
        if (!s && !optional)
            return err_set(e, -ENOENT, "secret \"" STR_FMT "\" not found", STR_ARG(name));
        return payload_of_map(c->arena, s ? &s->data : NULL, NULL,
                              items_of(c->arena, p->secret->items.v, p->secret->items.n),
                              p->secret->items.n, mode, optional, "secret", files, e);
    }
    if (p->downward_api)
        return payload_downward(c, p->downward_api->items.v, p->downward_api->items.n, mode, files,
                                e);
    if (p->service_account_token)
        return add_token(c, p->service_account_token, mode, files, e);
    return err_set(e, -ENOTSUP, "a projected source of this kind is not supported by this node");
}

static int setup(struct volume_ctx *c, const struct Volume *v, const char *path, struct err *e) {
    const ProjectedVolumeSource *s = v->volume_source.projected;
    struct volume_files files = {0};
    for (uint32_t i = 0; i < s->sources.n; i++) {
        int r = add_source(c, &s->sources.v[i], opt_or(s->default_mode, MODE_DEFAULT), &files, e);
        if (r < 0)
            return r;
    }
    int r = volume_on_tmpfs(path, 0, 0755, e);
    return r < 0 ? r : payload_write(c, path, &files, e);
}

const struct volume_type volume_projected = {
    .dir = "kubernetes.io~projected",
    .is = is,
    .refs = refs,
    .setup = setup,
    .refreshes = true,
};
