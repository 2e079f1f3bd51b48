// SPDX-License-Identifier: Apache-2.0
/* Creating a container: its environment's objects, its files, then the call. Stopping one: its
 * preStop hook within the grace period, then the call with what is left. */
#include "kubelet/kubelet_internal.h"
#include "kubelet/volumes/volume.h"

#define OBJECTS_FRESH (1 * NSEC_PER_SEC)
#define GRACE_MIN     2

static void fail(struct operation *o, int r, const char *reason, str message) {
    if (r != -ECANCELED)
        worker_event(o->w, true, "Failed", o->op.container, "Error: " STR_FMT, STR_ARG(message));
    operation_done(o, r, reason, message, STR_NONE, 0);
}

static void on_created(void *ctx, int r, const struct err *e, const void *response) {
    struct operation *o = ctx;
    o->cri = NULL;
    if (r < 0) {
        fail(o, r, "CreateContainerError", cri_message(e));
        return;
    }
    worker_event(o->w, false, "Created", o->op.container, "Container created");
    operation_done(o, 0, NULL, STR_NONE, STR_NONE, 0);
}

/* The hosts file of the pod, made anew with each container: the address is known by then. */
static int hosts_file(struct operation *o, str dir, str *ret, struct err *e) {
    struct kubelet *k = o->w->k;
    struct buf machines;
    size_t n;
    const str *ips = worker_ips(o->w, &n);
    *ret = str_printf(&o->arena, STR_FMT "/etc-hosts", STR_ARG(dir));
    buf_init(&machines, 256 * 1024);
    if (o->pod->spec.host_network)
        k->env->ops->disk.read(k->env, "/etc/hosts", 256 * 1024, &machines);
    str text = hosts_file_text(&o->arena, &k->config, o->pod, ips, n, buf_str(&machines));
    buf_done(&machines);
    int r = k->env->ops->disk.write(k->env, ret->p, text, 0644);
    return r < 0 ? err_set(e, r, "%s: %s", ret->p, strerror(-r)) : 0;
}

/* The file the container leaves its last words in. A new one for each attempt. */
static int termination_file(struct operation *o, str dir, str *ret, struct err *e) {
    if (str_empty(o->container->termination_message_path))
        return 0;
    str folder = str_printf(&o->arena, STR_FMT "/containers/" STR_FMT, STR_ARG(dir),
                            STR_ARG(o->op.container));
    int r = host_mkdirs(folder.p, 0755);
    str path = str_printf(&o->arena, STR_FMT "/%u", STR_ARG(folder), o->op.attempt);
    if (r == 0 && (r = host_touch(path.p, 0666)) == 0)
        r = host_chmod(path.p, 0666); /* whoever the container runs as */
    *ret = path;
    return r < 0 ? err_set(e, r, "%s: %s", path.p, strerror(-r)) : 0;
}

static int bind_subpaths(struct operation *o, const struct env_list *env, struct err *e) {
    const struct node_config *n = &o->w->k->config;
    str dir = pod_dir(&o->arena, n, o->w->uid);
    for (uint32_t i = 0; i < o->container->volume_mounts.n; i++) {
        const struct VolumeMount *m = &o->container->volume_mounts.v[i];
        str sub = mount_subpath(&o->arena, m, env), from = STR_NONE;
        for (uint32_t j = 0; !str_empty(sub) && j < o->pod->spec.volumes.n; j++)
            if (str_eq(o->pod->spec.volumes.v[j].name, m->name))
                from = volume_path(&o->arena, str_cdup(&o->arena, dir), &o->pod->spec.volumes.v[j]);
        if (!from.p)
            continue;
        str target = container_subpath(&o->arena, n, o->pod, o->container, i);
        int r = host_bind_subpath(str_cdup(&o->arena, from), str_cdup(&o->arena, sub),
                                  str_cdup(&o->arena, target), e);
        if (r < 0)
            return r;
    }
    return 0;
}

static int make_config(struct operation *o, cri_ContainerConfig *ret, struct err *e) {
    struct arena *a = &o->arena;
    const struct node_config *n = &o->w->k->config;
    struct env_list env;
    struct pod_sources sources = operation_sources(o);
    struct pod_surroundings at = operation_surroundings(o);
    struct container_args args = {.node = n,
                                  .pod = o->pod,
                                  .container = o->container,
                                  .attempt = o->op.attempt,
                                  .image_ref = o->op.image_ref,
                                  .env = &env};
    str dir = pod_dir(a, n, o->w->uid);
    int r = container_env(a, o->pod, o->container, &sources, &at, &env, e);
    if (r < 0 || (r = hosts_file(o, dir, &args.hosts_file, e)) < 0 ||
        (r = termination_file(o, dir, &args.termination_file, e)) < 0 ||
        (r = bind_subpaths(o, &env, e)) < 0)
        return r;
    return container_config(a, &args, ret, e);
}

static void create(struct operation *o) {
    struct err e = {0};
    cri_ContainerConfig config;
    cri_PodSandboxConfig sandbox;
    if (o->fetch_r < 0) {
        fail(o, o->fetch_r, "CreateContainerConfigError", o->fetch_error);
        return;
    }
    int r = make_config(o, &config, &e);
    if (r < 0) {
        fail(o, r, "CreateContainerConfigError", str_of(e.text));
        return;
    }
    const struct rt_sandbox *b = rt_ready_sandbox(o->w->view);
    sandbox_config(&o->arena, &o->w->k->config, o->pod, b ? b->attempt : 0, &sandbox);
    cri_CreateContainerRequest q = {
        .pod_sandbox_id = o->op.target, .config = &config, .sandbox_config = &sandbox};
    o->cri = cri_send(o->w->k->cri, CRI_CREATE_CONTAINER, &q, OP_TIMEOUT, on_created, o);
}

static void need(void *ctx, bool secret, str name, bool optional) {
    struct operation *o = ctx;
    int64_t since = MAX(o->w->added, loop_now(o->w->k->loop) - OBJECTS_FRESH);
    operation_fetch(o, secret, name, since);
}

void operation_create(struct operation *o) {
    if (!o->container) {
        operation_done(o, -ECANCELED, NULL, STR_NONE, STR_NONE, 0);
        return;
    }
    container_env_refs(o->container, need, o);
    operation_wait(o, create);
}

/* ---- stop ---- */

static void on_stopped(void *ctx, int r, const struct err *e, const void *response) {
    struct operation *o = ctx;
    o->cri = NULL;
    if (r == -ENOENT)
        r = 0;
    if (r < 0)
        worker_event(o->w, true, "FailedKillPod", STR_NONE, "error killing pod: %s", e->text);
    operation_done(o, r, NULL, r < 0 ? str_of(e->text) : STR_NONE, STR_NONE, 0);
}

static void stop(struct operation *o) {
    int64_t used = (loop_now(o->w->k->loop) - o->begun) / NSEC_PER_SEC;
    int64_t left = o->op.grace ? MAX(o->op.grace - used, MIN(o->op.grace, GRACE_MIN)) : 0;
    cri_StopContainerRequest q = {.container_id = o->op.target, .timeout = left};
    o->cri = cri_send(o->w->k->cri, CRI_STOP_CONTAINER, &q, OP_TIMEOUT + left * NSEC_PER_SEC,
                      on_stopped, o);
}

static void on_hook(void *ctx, int r, const struct err *e, const void *response) {
    struct operation *o = ctx;
    const cri_ExecSyncResponse *s = response;
    o->cri = NULL;
    if (r < 0 || s->exit_code != 0)
        worker_event(o->w, true, "FailedPreStopHook", o->op.container, "PreStopHook failed");
    stop(o);
}

static void on_slept(struct timer *t) {
    stop(container_of(t, struct operation, timer));
}

void operation_stop(struct operation *o) {
    const char *why = o->op.why ? o->op.why : "";
    const Lifecycle *l = o->container ? o->container->lifecycle : NULL;
    const LifecycleHandler *hook = l ? l->pre_stop : NULL;
    if (str_starts(str_of(why), STR("definition")) || str_starts(str_of(why), STR("state")))
        worker_event(o->w, false, "Killing", o->op.container, "Container " STR_FMT " %s",
                     STR_ARG(o->op.container), why);
    else
        worker_event(o->w, false, "Killing", o->op.container, "Stopping container " STR_FMT,
                     STR_ARG(o->op.container));
    if (hook && o->op.grace > 0 && hook->exec) {
        cri_ExecSyncRequest q = {
            .container_id = o->op.target, .cmd = hook->exec->command, .timeout = o->op.grace};
        o->cri = cri_send(o->w->k->cri, CRI_EXEC_SYNC, &q, (o->op.grace + GRACE_MIN) * NSEC_PER_SEC,
                          on_hook, o);
    } else if (hook && o->op.grace > 0 && hook->sleep) {
        o->timer.fire = on_slept;
        timer_start(o->w->k->loop, &o->timer,
                    MIN(hook->sleep->seconds, o->op.grace) * NSEC_PER_SEC);
    } else {
        stop(o);
    }
}
