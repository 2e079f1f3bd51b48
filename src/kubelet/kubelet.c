// SPDX-License-Identifier: Apache-2.0
/* The kubelet brings the pods bound to its node to life and says how they are.
 *
 * For each pod there is a worker (worker.c) around a pure core (pod_sync.c) that decides from what
 * is wanted, what the runtime shows and what is under way. This file makes the surroundings: the
 * connections, the informers, and the workers as pods come and go. Three sources name pods: the
 * API, the runtime, and the folders on disk. What only the latter two know is a leftover of an
 * earlier life and is removed, but never before the API's list has been seen whole.
 *
 * What survives this process: containers (their labels say whose they are and how often they were
 * started), the pods' folders, the API. So a kubelet that comes back adopts what runs. */
#include "kubelet/kubelet.h"

#include <stdio.h>
#include <stdlib.h>

#include "kubelet/images.h"
#include "kubelet/kubelet_internal.h"
#include "kubelet/server.h"
#include "schema/ops.h"

#define SURVEY_EVERY (120 * NSEC_PER_SEC)
#define SURVEY_RETRY (2 * NSEC_PER_SEC)
#define OBJECTS_KEPT (600 * NSEC_PER_SEC)
#define RESOLV_MAX   (64 * 1024)

struct worker *kubelet_worker(struct kubelet *k, str uid) {
    return map_get(&k->workers, uid);
}

struct worker *kubelet_worker_named(struct kubelet *k, str ns, str name) {
    struct worker *best = NULL;
    MAP_FOREACH (it, &k->workers) {
        struct worker *w = it->value;
        if (str_eq(w->ns, ns) && str_eq(w->name, name) && (!best || w->pod))
            best = w;
    }
    return best;
}

static struct worker *make_worker(struct kubelet *k, str uid, str ns, str name) {
    struct worker *w = worker_new(k, uid, ns, name);
    map_put(&k->workers, uid, w);
    return w;
}

void kubelet_forget(struct worker *w) {
    map_del(&w->k->workers, w->uid);
    log_streams_look(w->k->server, w->uid);
    worker_free(w);
}

/* ---- pods of the API ---- */

static void on_pod(void *ctx, struct informer *i, struct cached *old, struct cached *new_) {
    struct kubelet *k = ctx;
    const ObjectMeta *m = cached_meta(new_ ? new_ : old);
    if (old && new_ && !str_eq(cached_meta(old)->uid, m->uid)) { /* another pod of that name */
        on_pod(ctx, i, old, NULL);
        on_pod(ctx, i, NULL, new_);
        return;
    }
    struct worker *w = kubelet_worker(k, m->uid);
    if (!w && !new_)
        return;
    if (!w)
        w = make_worker(k, m->uid, m->namespace_, m->name);
    bool changed = old && new_ && w->state.volumes_ready &&
                   !(api_equal(&ObjectMeta_type, m, cached_meta(old)));
    if (changed) { /* the downward API may show it */
        const Pod *was = old->typed, *is = new_->typed;
        ObjectMeta x = {.labels = was->metadata.labels, .annotations = was->metadata.annotations};
        ObjectMeta y = {.labels = is->metadata.labels, .annotations = is->metadata.annotations};
        if (!api_equal(&ObjectMeta_type, &x, &y))
            w->state.volumes_refresh = loop_now(k->loop);
    }
    worker_set_pod(w, new_);
}

/* ---- pods of the runtime and of the disk ---- */

static void on_seen(void *ctx, str uid, str ns, str name) {
    struct kubelet *k = ctx;
    if (!kubelet_worker(k, uid))
        make_worker(k, uid, ns, name);
}

static void seen_on_disk(struct kubelet *k) {
    struct buf names;
    char path[512];
    buf_init(&names, 1024 * 1024);
    snprintf(path, sizeof(path), "%s/pods", k->o->root_dir);
    if (host_list(path, &names) == 0)
        for (str rest = buf_str(&names); rest.p && rest.n;)
            on_seen(k, str_cut(&rest, '\n'), STR(""), STR(""));
    buf_done(&names);
}

static void on_surveyed(void *ctx, int r, const struct err *e) {
    struct kubelet *k = ctx;
    k->survey = NULL;
    timer_start(k->loop, &k->survey_timer, r < 0 ? SURVEY_RETRY : SURVEY_EVERY);
    if (r == 0)
        seen_on_disk(k);
}

static void on_survey(struct timer *t) {
    struct kubelet *k = container_of(t, struct kubelet, survey_timer);
    objects_expire(k->objects, loop_now(k->loop) - OBJECTS_KEPT);
    if (!k->survey)
        k->survey = survey_start(k->cri, on_seen, on_surveyed, k);
    MAP_FOREACH (it, &k->workers)
        worker_look(it->value);
}

static void on_synced(void *ctx) {
    struct kubelet *k = ctx;
    k->pods_known = true;
    MAP_FOREACH (it, &k->workers)
        worker_poke(it->value);
    timer_start(k->loop, &k->survey_timer, 0);
}

/* ---- start ---- */

static void write_cni(struct kubelet *k, str cidr) {
    const struct kubelet_options *o = k->o;
    struct runtime_facts facts;
    struct buf b;
    char path[512];
    if (!o->cni_conf_dir || str_empty(cidr))
        return;
    host_runtime_facts(&facts);
    struct cni_conf c = {.name = STR("coxswain"),
                         .bridge = o->cni_bridge ? o->cni_bridge : "cni0",
                         .pod_cidrs = &cidr,
                         .n_pod_cidrs = 1,
                         .data_dir = o->cni_data_dir};
    buf_init(&b, 0);
    runtime_cni_conflist(&b, &c, &facts);
    snprintf(path, sizeof(path), "%s/" CNI_CONFLIST_NAME, o->cni_conf_dir);
    struct buf have;
    buf_init(&have, 64 * 1024);
    int r = k->env->ops->disk.read(k->env, path, 64 * 1024, &have);
    if (r < 0 || !str_eq(buf_str(&have), buf_str(&b))) {
        if ((r = host_mkdirs(o->cni_conf_dir, 0755)) == 0)
            r = k->env->ops->disk.write(k->env, path, buf_str(&b), 0644);
        if (r < 0)
            log_warn(k->env, "%s: %s", path, strerror(-r));
    }
    buf_done(&have);
    buf_done(&b);
}

static void on_node(void *ctx, struct informer *i, struct cached *old, struct cached *new_) {
    struct kubelet *k = ctx;
    if (new_ && !k->o->pod_cidr)
        write_cni(k, ((const Node *)new_->typed)->spec.pod_cidr);
}

static void node_facts(struct kubelet *k) {
    static const char *const names[] = {"cpu", "memory"};
    const struct kubelet_options *o = k->o;
    struct buf resolv;
    host_mkdirs(o->root_dir, 0750);
    host_mkdirs(o->log_dir, 0755);
    host_facts_read(o->root_dir, &k->facts);
    k->ip = str_dup(&k->arena, str_of(o->node_ip ? o->node_ip : k->facts.ip));
    str_map *allocatable = arena_make(&k->arena, str_map);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        *list_push(&k->arena, allocatable) = (struct str_pair){
            str_of(names[i]),
            str_printf(&k->arena, "%lld", (long long)(i ? k->facts.memory_bytes : k->facts.cpus))};
    buf_init(&resolv, RESOLV_MAX);
    k->env->ops->disk.read(k->env, "/etc/resolv.conf", RESOLV_MAX, &resolv);
    k->config = (struct node_config){
        .root_dir = o->root_dir,
        .log_dir = o->log_dir,
        .cgroup_root = o->cgroup_root ? o->cgroup_root : "",
        .node_name = o->node_name,
        .cluster_domain = o->cluster_domain ? o->cluster_domain : "cluster.local",
        .cluster_dns = str_of(o->cluster_dns),
        .resolv_conf = str_dup(&k->arena, buf_str(&resolv)),
        .host_ips = &k->ip,
        .n_host_ips = 1,
        .memory_capacity = k->facts.memory_bytes,
        .allocatable = allocatable,
    };
    buf_done(&resolv);
}

static struct informer *informer_of(struct kubelet *k, const struct api_resource *r,
                                    const char *selectors) {
    struct informer_options o = {.resource = r, .selectors = selectors};
    return informers_get(k->informers, &o);
}

static int connect_api(struct kubelet *k, struct err *e) {
    const struct kubelet_options *o = k->o;
    struct rest_options ro = {.server = o->server,
                              .ca_pem = o->ca_pem,
                              .cert_pem = o->client_cert,
                              .key_pem = o->client_key,
                              .user_agent = "coxswain-kubelet"};
    k->own_client = !o->client;
    k->rest = o->client;
    int r = o->client ? 0 : rest_client_new(k->loop, &ro, e, &k->rest);
    if (r < 0)
        return r;
    str name = url_encode(&k->arena, str_of(o->node_name));
    k->recorder = recorder_new(k->rest, "kubelet", o->node_name);
    k->objects = objects_new(k->rest);
    k->informers = informers_new(k->rest);
    k->pods = informer_of(
        k, RESOURCE_OF(core_v1_pods),
        str_printf(&k->arena, "fieldSelector=spec.nodeName%%3D" STR_FMT, STR_ARG(name)).p);
    k->nodes = informer_of(
        k, RESOURCE_OF(core_v1_nodes),
        str_printf(&k->arena, "fieldSelector=metadata.name%%3D" STR_FMT, STR_ARG(name)).p);
    k->services = informer_of(k, RESOURCE_OF(core_v1_services), NULL);
    informer_handle(k->pods, on_pod, k);
    informer_handle(k->nodes, on_node, k);
    informers_on_synced(k->informers, on_synced, k);
    return 0;
}

static void on_imported(void *ctx) {
    node_images_changed(((struct kubelet *)ctx)->node);
}

static int start(struct kubelet *k, struct err *e) {
    const struct kubelet_options *o = k->o;
    node_facts(k);
    write_cni(k, str_of(o->pod_cidr));
    int r = cri_new(k->loop, o->runtime, &k->cri);
    if (r < 0)
        return err_set(e, r, "%s: %s", o->runtime, strerror(-r));
    if ((r = connect_api(k, e)) < 0)
        return r;
    k->node = node_new(k);
    if (o->listen && (r = kubelet_server_new(k, e, &k->server)) < 0)
        return r;
    if (o->images_dir && o->ctr)
        k->import =
            image_import_start(k->loop, o->images_dir, o->ctr, o->ctr_socket, on_imported, k);
    node_start(k->node);
    informers_start(k->informers);
    return 0;
}

int kubelet_new(struct loop *l, const struct kubelet_options *o, struct err *e,
                struct kubelet **ret) {
    uint64_t seed[2];
    struct kubelet *k = xcalloc(1, sizeof(*k));
    *k = (struct kubelet){.options = *o, .env = loop_env(l), .loop = l};
    k->o = &k->options;
    k->survey_timer.fire = on_survey;
    arena_init(&k->arena, 0);
    env_random(k->env, seed, sizeof(seed));
    map_init(&k->workers, seed);
    int r = start(k, e);
    if (r < 0) {
        kubelet_free(k);
        return r;
    }
    *ret = k;
    return 0;
}

int kubelet_set_serving(struct kubelet *k, str cert, str key, str client_ca, struct err *e) {
    return k->server ? kubelet_server_renew(k->server, cert, key, client_ca, e) : 0;
}

struct kubelet *kubelet_free(struct kubelet *k) {
    if (!k)
        return NULL;
    image_import_free(k->import);
    k->server = kubelet_server_free(k->server);
    survey_cancel(k->survey);
    timer_stop(k->loop, &k->survey_timer);
    MAP_FOREACH (it, &k->workers)
        worker_free(it->value);
    map_done(&k->workers);
    node_free(k->node);
    informers_free(k->informers);
    objects_free(k->objects);
    recorder_free(k->recorder);
    cri_free(k->cri);
    if (k->own_client)
        rest_client_free(k->rest);
    arena_done(&k->arena);
    free(k);
    return NULL;
}
