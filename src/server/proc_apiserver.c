// SPDX-License-Identifier: Apache-2.0
#include "apiserver/apiserver.h"

#include <stdio.h>
#include <stdlib.h>

#include "apiserver/access.h"
#include "apiserver/authn/trust.h"
#include "apiserver/connect/kubelet_client.h"
#include "server/pki.h"
#include "server/proc.h"
#include "store/store.h"

#define DRAIN_TIME                                                                                 \
    (10 * NSEC_PER_SEC) /* what runs may still come to its end; the supervisor                     \
                         * waits for 15 s */

struct api_process {
    struct component c;
    struct arena arena;        /* what was read from the config, for the whole life */
    struct work_pool *commits; /* one thread of the store's own */
    struct store *store;
    struct access *access;
    struct kubelet_client *kubelets;
    struct apiserver *server;
    bool ending;
    int ready_fd;
};

static void on_fatal(void *ctx, const struct err *e) {
    struct api_process *p = ctx;
    log_error(&p->c.env, "store: %s", e->text);
    _Exit(1); /* what is not durable must not be answered */
}

static int open_store(struct api_process *p, struct err *e) {
    const struct server_config *config = p->c.config;
    struct store_options o = {.fatal = on_fatal, .ctx = p};
    char dir[512], path[600];
    int r;
    if (config->dev) {
        o.ops = &store_memory_ops;
        o.disk = store_disk_memory(&p->c.env);
        return store_open(p->c.loop, &o, e, &p->store);
    }
    snprintf(dir, sizeof(dir), "%s/server", config->data_dir);
    snprintf(path, sizeof(path), "%s/state.db", dir);
    r = p->c.env.ops->disk.mkdir(&p->c.env, dir, 0700);
    if (r < 0)
        return err_set(e, r, "%s: %s", dir, strerror(-r));
    o.ops = &store_sqlite_ops;
    r = store_disk_sqlite(&p->c.env, path, e, &o.disk);
    if (r == 0)
        r = work_pool_new(&p->c.env, 1, &p->commits);
    o.workers = p->commits;
    return r < 0 ? r : store_open(p->c.loop, &o, e, &p->store);
}

static int serving_tls(struct api_process *p, struct err *e, struct tls_config **ret) {
    static const char *const alpn[] = {"h2", "http/1.1", NULL};
    return tls_config_new(&(struct tls_options){.cert_pem = p->c.identity.serving_cert,
                                                .key_pem = p->c.identity.serving_key,
                                                .ca_pem = p->c.identity.client_ca,
                                                .other_ca_pem = p->c.identity.proxy_ca,
                                                .alpn = alpn},
                          true, e, ret);
}

static void on_ready(void *ctx) {
    struct api_process *p = ctx;
    const char *address = apiserver_address(p->server, 0), *colon = strrchr(address, ':');
    component_ready(p->ready_fd, colon ? colon + 1 : "");
}

/* What is proposed from here on, readiness waits for too. */
static void attach(struct api_process *p) {
    const struct identity *id = &p->c.identity;
    p->server->kubelet = &kubelet_client_ops;
    p->server->kubelet_ctx = p->kubelets;
    p->server->ready = on_ready;
    p->server->ready_ctx = p;
    access_attach(p->access, p->server);
    trust_publish(p->server, &(struct trust){.client_ca = id->client_ca,
                                             .proxy_ca = id->proxy_ca,
                                             .proxies = &p->access->authenticator.proxies});
}

static str_list words(struct arena *a, const char *text) {
    str_list out = {0};
    for (str rest = str_of(text ? text : ""); rest.n;) {
        str one = str_trim(str_cut(&rest, ','));
        if (one.n)
            *list_push(a, &out) = one;
    }
    return out;
}

static struct request_header proxies(struct api_process *p) {
    const struct server_config *c = p->c.config;
    struct arena *a = &p->arena;
    return (struct request_header){.names = words(a, c->proxy_names),
                                   .user_headers = words(a, c->proxy_user_headers),
                                   .uid_headers = words(a, c->proxy_uid_headers),
                                   .group_headers = words(a, c->proxy_group_headers),
                                   .extra_prefixes = words(a, c->proxy_extra_prefixes)};
}

static int open_server(struct api_process *p, struct err *e) {
    CLEANUP(tls_config_unrefp) struct tls_config *tls = NULL;
    const char *addresses[] = {p->c.config->listen, NULL};
    int r = access_new(p->c.loop, p->store,
                       &(struct access_options){.token_key = p->c.identity.token_key,
                                                .proxies = proxies(p),
                                                .issuer = str_of(p->c.config->token_issuer),
                                                .external_url = str_of(p->c.config->api_url)},
                       e, &p->access);
    if (r == 0)
        r = serving_tls(p, e, &tls);
    if (r == 0)
        r = kubelet_client_new(
            p->c.loop,
            &(struct kubelet_client_options){.store = p->store,
                                             .cert_pem = p->c.identity.kubelet_cert,
                                             .key_pem = p->c.identity.kubelet_key,
                                             .ca_pem = p->c.identity.kubelet_ca},
            e, &p->kubelets);
    if (r < 0)
        return r;
    r = apiserver_new(
        p->c.loop,
        &(struct apiserver_options){.addresses = addresses,
                                    .tls = tls,
                                    .store = p->store,
                                    .service_cidrs = p->c.config->service_cidr,
                                    .advertise_address = p->c.config->advertise_address,
                                    .runtime_config = p->c.config->runtime_config,
                                    .admission_on = p->c.config->admission_on,
                                    .admission_off = p->c.config->admission_off,
                                    .goaway_per_million = p->c.config->goaway_per_million,
                                    .authn = &access_authn_ops,
                                    .authn_ctx = p->access,
                                    .authz = &access_authz_ops,
                                    .authz_ctx = p->access},
        e, &p->server);
    if (r == 0)
        attach(p);
    return r;
}

static void on_renewed(struct component *c) {
    struct api_process *p = container_of(c, struct api_process, c);
    struct err e = {0};
    CLEANUP(tls_config_unrefp) struct tls_config *tls = NULL;
    if (serving_tls(p, &e, &tls) < 0 ||
        kubelet_client_set_identity(p->kubelets, c->identity.kubelet_ca, c->identity.kubelet_cert,
                                    c->identity.kubelet_key, &e) < 0)
        log_error(&c->env, "renewed certificate: %s", e.text);
    else
        http_server_set_tls(p->server->http, tls);
}

static void on_drained(void *ctx) {
    struct api_process *p = ctx;
    loop_stop(p->c.loop);
}

/* Asked twice, it ends at once. */
static void on_stop(struct component *c) {
    struct api_process *p = container_of(c, struct api_process, c);
    if (!p->server || p->ending) {
        loop_stop(c->loop);
        return;
    }
    p->ending = true;
    apiserver_shutdown(p->server, c->config->shutdown_delay, DRAIN_TIME, on_drained, p);
}

int proc_apiserver(const void *ctx, int ready_fd) {
    struct api_process p = {.ready_fd = ready_fd};
    struct err e = {0};
    if (component_open(&p.c, "kube-apiserver", ctx, true) < 0)
        return 1;
    arena_init(&p.arena, 0);
    p.c.renewed = on_renewed;
    p.c.stop = on_stop;
    int r = open_store(&p, &e);
    if (r == 0)
        r = open_server(&p, &e);
    if (r == 0)
        r = loop_run(p.c.loop);
    else
        log_error(&p.c.env, "%s", e.text[0] ? e.text : strerror(-r));
    apiserver_free(p.server);
    kubelet_client_free(p.kubelets);
    access_free(p.access);
    store_close(p.store);
    work_pool_free(p.commits);
    arena_done(&p.arena);
    component_close(&p.c);
    return r < 0 ? 1 : 0;
}
