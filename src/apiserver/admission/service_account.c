// SPDX-License-Identifier: Apache-2.0
/* ServiceAccount: every pod runs as one, and finds its token where clients look for it. */
#include "apiserver/admission/admission.h"

#define TOKEN_MOUNT       "/var/run/secrets/kubernetes.io/serviceaccount"
#define TOKEN_SECONDS     3607 /* an hour and the skew that makes the kubelet renew in time */
#define TOKEN_MODE        0644
#define VOLUME_PREFIX     "kube-api-access-"
#define MIRROR_ANNOTATION STR("kubernetes.io/config.mirror")
/* A new namespace's default account is made by a controller, a moment after the namespace. */
#define DEFAULT_WAIT_NS    (100 * NSEC_PER_MSEC)
#define DEFAULT_WAIT_TRIES 20

static bool annotated(const ObjectMeta *m, str key) {
    for (uint32_t i = 0; i < m->annotations.n; i++)
        if (str_eq(m->annotations.v[i].key, key))
            return true;
    return false;
}

static const ServiceAccount *find(struct write *w, str name) {
    const struct api_resource *res = RESOURCE_OF(core_v1_serviceaccounts);
    struct arena *a = w->r->arena;
    struct object *o = store_get(w->r->server->store, res, object_key(a, res, w->ns, name));
    return o ? object_decode(a, o) : NULL;
}

static enum step_result mirror(struct write *w, const Pod *p) {
    if (p->spec.service_account_name.n)
        return admission_forbid(w, STR("a mirror pod may not reference service accounts"));
    return STEP_NEXT;
}

static bool wants_token(const Pod *p, const ServiceAccount *sa) {
    if (p->spec.automount_service_account_token.set)
        return p->spec.automount_service_account_token.v;
    return opt_or(sa->automount_service_account_token, true);
}

static Volume *add_volume(struct arena *a, Pod *p, str name) {
    uint32_t n = p->spec.volumes.n;
    Volume *v = arena_array(a, n + 1, sizeof(Volume));
    if (n)
        memcpy(v, p->spec.volumes.v, n * sizeof(Volume));
    p->spec.volumes.v = v;
    p->spec.volumes.n = n + 1;
    v[n].name = name;
    return &v[n];
}

static void token_volume(struct arena *a, Volume *v) {
    ProjectedVolumeSource *p = arena_make(a, ProjectedVolumeSource);
    v->volume_source.projected = p;
    p->default_mode = (struct opt_i32){true, TOKEN_MODE};
    p->sources.n = 3;
    p->sources.v = arena_array(a, 3, sizeof(VolumeProjection));
    ServiceAccountTokenProjection *token = arena_make(a, ServiceAccountTokenProjection);
    token->path = STR("token");
    token->expiration_seconds = (struct opt_i64){true, TOKEN_SECONDS};
    p->sources.v[0].service_account_token = token;
    ConfigMapProjection *ca = arena_make(a, ConfigMapProjection);
    ca->local_object_reference.name = STR("kube-root-ca.crt");
    *list_push(a, &ca->items) = (KeyToPath){.key = STR("ca.crt"), .path = STR("ca.crt")};
    p->sources.v[1].config_map = ca;
    DownwardAPIProjection *down = arena_make(a, DownwardAPIProjection);
    ObjectFieldSelector *field = arena_make(a, ObjectFieldSelector);
    field->api_version = STR("v1");
    field->field_path = STR("metadata.namespace");
    *list_push(a, &down->items) =
        (DownwardAPIVolumeFile){.path = STR("namespace"), .field_ref = field};
    p->sources.v[2].downward_api = down;
}

static bool mounts_there(const Container *c) {
    for (uint32_t i = 0; i < c->volume_mounts.n; i++)
        if (str_eqc(c->volume_mounts.v[i].mount_path, TOKEN_MOUNT))
            return true;
    return false;
}

static void mount(struct arena *a, Container *c, str volume) {
    uint32_t n = c->volume_mounts.n;
    VolumeMount *v = arena_array(a, n + 1, sizeof(VolumeMount));
    if (n)
        memcpy(v, c->volume_mounts.v, n * sizeof(VolumeMount));
    v[n] = (VolumeMount){.name = volume, .read_only = true, .mount_path = STR(TOKEN_MOUNT)};
    c->volume_mounts.v = v;
    c->volume_mounts.n = n + 1;
}

static void mount_token(struct write *w, Pod *p) {
    struct arena *a = w->r->arena;
    str name = STR_NONE;
    bool has = false;
    for (uint32_t i = 0; i < p->spec.volumes.n && !has; i++) {
        has = str_starts(p->spec.volumes.v[i].name, STR(VOLUME_PREFIX));
        name = p->spec.volumes.v[i].name;
    }
    if (!has)
        name = str_concat(a, STR(VOLUME_PREFIX), name_suffix(w->r->server->env, a));
    bool used = false;
    struct {
        Container *v;
        uint32_t n;
    } lists[] = {{p->spec.init_containers.v, p->spec.init_containers.n},
                 {p->spec.containers.v, p->spec.containers.n}};
    for (size_t l = 0; l < ARRAY_LEN(lists); l++)
        for (uint32_t i = 0; i < lists[l].n; i++)
            if (!mounts_there(&lists[l].v[i])) {
                mount(a, &lists[l].v[i], name);
                used = true;
            }
    if (used && !has)
        token_volume(a, add_volume(a, p, name));
}

static enum step_result missing(struct write *w, str name) {
    if (str_eqc(name, "default") && w->waits < DEFAULT_WAIT_TRIES) {
        w->waits++;
        return write_sleep(w, DEFAULT_WAIT_NS);
    }
    return admission_forbid(w, str_printf(w->r->arena,
                                          "error looking up service account " STR_FMT "/" STR_FMT
                                          ": serviceaccount \"" STR_FMT "\" not found",
                                          STR_ARG(w->ns), STR_ARG(name), STR_ARG(name)));
}

static enum step_result mutate(struct write *w) {
    if (!write_is(w, RESOURCE_OF(core_v1_pods), WRITE_CREATE))
        return STEP_NEXT;
    Pod *p = w->obj;
    if (annotated(&p->metadata, MIRROR_ANNOTATION))
        return mirror(w, p);
    if (!p->spec.service_account_name.n)
        p->spec.service_account_name = STR("default");
    p->spec.deprecated_service_account = p->spec.service_account_name;
    w->mutated = true;
    const ServiceAccount *sa = find(w, p->spec.service_account_name);
    if (!sa)
        return missing(w, p->spec.service_account_name);
    if (wants_token(p, sa))
        mount_token(w, p);
    if (!p->spec.image_pull_secrets.n && sa->image_pull_secrets.n)
        memcpy(&p->spec.image_pull_secrets, &sa->image_pull_secrets,
               sizeof(p->spec.image_pull_secrets));
    return STEP_NEXT;
}

const struct admission_plugin admission_service_account = {"ServiceAccount", mutate, NULL};
