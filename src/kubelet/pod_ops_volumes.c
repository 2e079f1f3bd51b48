// SPDX-License-Identifier: Apache-2.0
/* A pod's folders and volumes, and their end. The pod's folder is made first and removed last: what
 * a killed kubelet left is found again by it. */
#include <stdlib.h>

#include "base/time.h"
#include "kubelet/kubelet_internal.h"
#include "kubelet/resources.h"
#include "kubelet/volumes/volume.h"

#define REFRESH_AFTER  (60 * NSEC_PER_SEC)
#define REFRESH_SHARED (20 * NSEC_PER_SEC)
#define REFRESH_SPREAD 30 /* seconds */

static void fail(struct operation *o, const struct Volume *v, int r, const struct err *e) {
    str text = v ? str_printf(&o->arena, "MountVolume.SetUp failed for volume \"" STR_FMT "\" : %s",
                              STR_ARG(v->name), e->text)
                 : str_dup(&o->arena, str_of(e->text));
    worker_event(o->w, true, v ? "FailedMount" : "Failed", STR_NONE, STR_FMT, STR_ARG(text));
    operation_done(o, r, NULL, text, STR_NONE, 0);
}

static struct token *token_find(struct worker *w, const struct volume_token *t) {
    VEC_FOREACH (it, &w->tokens)
        if (str_eq(it->audience, t->audience) && it->expiration == t->expiration_seconds)
            return it;
    return NULL;
}

static str token_value(void *ctx, const struct volume_token *t) {
    struct operation *o = ctx;
    struct token *found = token_find(o->w, t);
    return found && !str_empty(found->value) ? found->value : STR_NONE;
}

static void cgroup_step(struct operation *o, struct err *e) {
    struct pod_limits l = pod_limits_of(o->pod);
    str path = pod_cgroup(&o->arena, o->w->k->config.cgroup_root, o->pod);
    /* Without it pods still run, below whatever the runtime makes: say so, go on. */
    if (host_cgroup_ensure(path.p, l.cpu_shares, l.cpu_quota_us, l.memory_bytes, 0, e) < 0)
        log_warn(o->w->k->env, "pod " STR_FMT "/" STR_FMT ": %s", STR_ARG(o->w->ns),
                 STR_ARG(o->w->name), e->text);
    *e = (struct err){0};
}

/* The earliest time at which something wants to be looked at again, mono; 0: never. */
static int64_t next_refresh(struct operation *o) {
    struct kubelet *k = o->w->k;
    bool refreshes = false;
    for (uint32_t i = 0; i < o->pod->spec.volumes.n; i++) {
        const struct volume_type *t = volume_type_of(&o->pod->spec.volumes.v[i].volume_source);
        refreshes |= t && t->refreshes;
    }
    if (!refreshes)
        return 0;
    return loop_now(k->loop) + REFRESH_AFTER +
           (int64_t)env_random_below(k->env, REFRESH_SPREAD) * NSEC_PER_SEC;
}

static str stamp(struct operation *o) {
    struct env *env = o->w->k->env;
    int64_t now = env_wall(env);
    struct civil c = time_to_civil(now / NSEC_PER_SEC);
    return str_printf(&o->arena, "%04d_%02d_%02d_%02d_%02d_%02d.%09u", c.year, c.month, c.day,
                      c.hour, c.minute, c.second,
                      (unsigned)(now % NSEC_PER_SEC) ^ (unsigned)(env_random_below(env, 1u << 20)));
}

static void setup(struct operation *o) {
    struct err e = {0};
    struct arena *a = &o->arena;
    struct pod_sources sources = operation_sources(o);
    struct pod_surroundings at = operation_surroundings(o);
    const PodSecurityContext *sc = o->pod->spec.security_context;
    struct volume_ctx c = {.arena = a,
                           .pod = o->pod,
                           .sources = &sources,
                           .at = &at,
                           .token = token_value,
                           .token_ctx = o,
                           .stamp = stamp(o),
                           .gid = sc ? opt_or(sc->fs_group, -1) : -1};
    const char *dir = str_cdup(a, pod_dir(a, &o->w->k->config, o->w->uid));
    int r = host_mkdirs(dir, 0750);
    if (r < 0) {
        err_set(&e, r, "error making pod data directories: %s: %s", dir, strerror(-r));
        fail(o, NULL, r, &e);
        return;
    }
    cgroup_step(o, &e);
    for (uint32_t i = 0; i < o->pod->spec.volumes.n; i++) {
        const struct Volume *v = &o->pod->spec.volumes.v[i];
        const struct volume_type *t = volume_type_of(&v->volume_source);
        if (!t)
            r = err_set(&e, -ENOTSUP, "this node has no plug-in for this type of volume");
        else if (o->fetch_r < 0 && t->refs)
            r = err_set(&e, o->fetch_r, STR_FMT, STR_ARG(o->fetch_error));
        else
            r = t->setup(&c, v, str_cdup(a, volume_path(a, dir, v)), &e);
        if (r < 0) {
            fail(o, v, r, &e);
            return;
        }
    }
    operation_done(o, 0, NULL, STR_NONE, STR_NONE, next_refresh(o));
}

/* ---- tokens ---- */

struct token_call {
    struct operation_call call;
    struct operation *o;
    struct volume_token wanted;
};

static void on_token(void *ctx, const struct rest_result *res) {
    struct token_call *c = ctx;
    struct operation *o = c->o;
    struct worker *w = o->w;
    c->call.rest = NULL;
    const TokenRequest *t = res->r == 0 && res->code < 300 ? res->object : NULL;
    if (t && !str_empty(t->status.token)) {
        struct token *at = token_find(w, &c->wanted);
        if (!at) {
            at = vec_push(&w->tokens);
            at->audience = (str){
                xstrndup(c->wanted.audience.p ? c->wanted.audience.p : "", c->wanted.audience.n),
                c->wanted.audience.n};
            at->expiration = c->wanted.expiration_seconds;
        }
        free((void *)(uintptr_t)at->value.p);
        at->value = (str){xstrndup(t->status.token.p, t->status.token.n), t->status.token.n};
        int64_t now = loop_wall(w->k->loop) / NSEC_PER_SEC;
        at->refresh_at = now + (t->status.expiration_timestamp.sec - now) * 8 / 10;
    }
    bool have = token_find(w, &c->wanted) != NULL;
    operation_need_done(o, have ? 0 : res->r < 0 ? res->r : -EIO, res->status);
}

static void need_token(void *ctx, const struct volume_token *t) {
    struct operation *o = ctx;
    struct token *have = token_find(o->w, t);
    if (have && have->refresh_at > loop_wall(o->w->k->loop) / NSEC_PER_SEC)
        return;
    struct token_call *c = arena_make(&o->arena, struct token_call);
    *c = (struct token_call){.o = o, .wanted = *t};
    BoundObjectReference bound = {
        .kind = STR("Pod"), .api_version = STR("v1"), .name = o->w->name, .uid = o->w->uid};
    TokenRequest rq = {
        .spec = {.expiration_seconds = {true, t->expiration_seconds}, .bound_object_ref = &bound}};
    if (!str_empty(t->audience))
        *list_push(&o->arena, &rq.spec.audiences) = t->audience;
    str account = o->pod->spec.service_account_name;
    o->pending++;
    list_append(&o->calls, &c->call.node);
    c->call.rest =
        rest_send(o->w->k->rest, &(struct rest_request){
                                     .verb = REST_CREATE,
                                     .resource = RESOURCE_OF(core_v1_serviceaccounts),
                                     .ns = o->w->ns,
                                     .name = str_empty(account) ? STR("default") : account,
                                     .subresource = "token",
                                     .body_type = &TokenRequest_type,
                                     .body = &rq,
                                     .result_type = &TokenRequest_type,
                                     .done = on_token,
                                     .ctx = c,
                                 });
}

static void need_object(void *ctx, enum volume_ref_kind kind, str name, bool optional) {
    struct operation *o = ctx;
    int64_t now = loop_now(o->w->k->loop), since = o->w->added;
    if (!str_empty(o->w->state.volumes_error))
        since = now;
    else if (o->w->state.volumes_ready)
        since = MAX(since, now - REFRESH_SHARED); /* pods that refresh together ask once */
    operation_fetch(o, kind == REF_SECRET, name, since);
}

void operation_volumes(struct operation *o) {
    if (!o->pod) {
        operation_done(o, -ECANCELED, NULL, STR_NONE, STR_NONE, 0);
        return;
    }
    struct volume_refs refs = {.ctx = o, .object = need_object, .token = need_token};
    for (uint32_t i = 0; i < o->pod->spec.volumes.n; i++) {
        const VolumeSource *s = &o->pod->spec.volumes.v[i].volume_source;
        const struct volume_type *t = volume_type_of(s);
        if (t && t->refs)
            t->refs(s, &refs);
    }
    operation_wait(o, setup);
}

/* ---- the end ---- */

static str cgroup_of_uid(struct arena *a, const char *root, const char *below, str uid) {
    return str_printf(a, "%s/kubepods%s/pod" STR_FMT, root, below, STR_ARG(uid));
}

void operation_teardown(struct operation *o) {
    static const char *const below[] = {"", "/burstable", "/besteffort"};
    struct err e = {0};
    const struct node_config *n = &o->w->k->config;
    const char *dir = str_cdup(&o->arena, pod_dir(&o->arena, n, o->w->uid));
    int r = host_unmount_below(dir, &e);
    const char *volumes = str_cdup(&o->arena, str_printf(&o->arena, "%s/volumes", dir));
    if (r == 0 && (r = host_remove_tree(volumes)) < 0)
        err_set(&e, r, "remove %s: %s", volumes, strerror(-r));
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(below); i++) {
        str path = cgroup_of_uid(&o->arena, n->cgroup_root, below[i], o->w->uid);
        if ((r = host_cgroup_remove(path.p)) < 0)
            err_set(&e, r, "remove cgroup %s: %s", path.p, strerror(-r));
    }
    operation_done(o, r, NULL, r < 0 ? str_of(e.text) : STR_NONE, STR_NONE, 0);
}

/* The pod's log folder, NAMESPACE_NAME_UID: found by its end, because of a pod that only its folder
 * on disk remembers nothing but the UID is known. */
static int remove_logs(struct operation *o, struct err *e) {
    struct buf names;
    const char *root = o->w->k->config.log_dir;
    str end = str_concat(&o->arena, STR("_"), o->w->uid);
    int r = 0;
    buf_init(&names, 1024 * 1024);
    if (host_list(root, &names) == 0)
        for (str rest = buf_str(&names); r == 0 && rest.p && rest.n;) {
            str name = str_cut(&rest, '\n');
            if (!str_ends(name, end))
                continue;
            const char *path = str_printf(&o->arena, "%s/" STR_FMT, root, STR_ARG(name)).p;
            if ((r = host_remove_tree(path)) < 0)
                err_set(e, r, "remove %s: %s", path, strerror(-r));
        }
    buf_done(&names);
    return r;
}

void operation_forget(struct operation *o) {
    struct err e = {0};
    const struct node_config *n = &o->w->k->config;
    const char *dir = str_cdup(&o->arena, pod_dir(&o->arena, n, o->w->uid));
    int r = host_unmount_below(dir, &e);
    if (r == 0 && (r = host_remove_tree(dir)) < 0)
        err_set(&e, r, "remove %s: %s", dir, strerror(-r));
    if (r == 0)
        r = remove_logs(o, &e);
    operation_done(o, r, NULL, r < 0 ? str_of(e.text) : STR_NONE, STR_NONE, 0);
}
