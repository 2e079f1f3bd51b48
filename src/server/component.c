// SPDX-License-Identifier: Apache-2.0
#include "server/component.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/metrics.h"
#include "loop/stream.h"

#define RENEW_RETRY (600 * NSEC_PER_SEC)
#define RENEW_LOOK  (6 * 3600 * NSEC_PER_SEC) /* the wall clock may be set in between */

static void on_signal(void *ctx, int sig) {
    struct component *c = ctx;
    if (c->stop)
        c->stop(c);
    else
        loop_stop(c->loop);
}

static int ask(struct component *c, struct err *e) {
    struct arena fresh;
    struct identity id;
    arena_init(&fresh, 0);
    int r = c->channel >= 0 ? identity_ask(c->channel, &fresh, e, &id)
                            : identity_files(&c->env, c->config, &fresh, e, &id);
    if (r < 0) {
        arena_done(&fresh);
        return r;
    }
    arena_done(&c->arena);
    c->arena = fresh;
    c->identity = id;
    return 0;
}

static void renew(struct component *c) {
    struct err e = {0};
    int r = ask(c, &e);
    if (r == 0 && c->client)
        r = rest_client_set_identity(c->client, c->identity.server_ca, c->identity.client_cert,
                                     c->identity.client_key, &e);
    if (r < 0) {
        log_warn(&c->env, "identity not renewed: %s", e.text);
        return;
    }
    log_info(&c->env, "identity renewed");
    if (c->renewed)
        c->renewed(c);
}

static void on_renewal(struct timer *t) {
    struct component *c = container_of(t, struct component, renewal);
    int64_t left = c->identity.renew_at - loop_wall(c->loop) / NSEC_PER_SEC;
    if (left <= 0)
        renew(c);
    left = c->identity.renew_at - loop_wall(c->loop) / NSEC_PER_SEC;
    timer_start(c->loop, &c->renewal,
                left <= 0 ? RENEW_RETRY : MIN(RENEW_LOOK, left * NSEC_PER_SEC));
}

int component_open(struct component *c, const char *name, const struct component_start *s,
                   bool unprivileged) {
    static const int stops[] = {SIGTERM, SIGINT};
    struct err e = {0};
    *c = (struct component){.config = s->config, .channel = s->channel};
    env_real_init(&c->env, name);
    loop_env_real(&c->env);
    c->env.metrics = metrics_new();
    c->env.log_level = s->config->verbosity >= 4 ? LOG_DEBUG : LOG_INFO;
    arena_init(&c->arena, 0);
    c->renewal.fire = on_renewal;
    int r = unprivileged ? privileges_drop(s->config->uid, s->config->gid, &e) : 0;
    if (r == 0)
        r = loop_new(&c->env, &c->loop);
    if (r == 0)
        r = signals_watch(c->loop, stops, ARRAY_LEN(stops), on_signal, c, &c->signals);
    if (r == 0)
        r = ask(c, &e);
    if (r == 0) {
        on_renewal(&c->renewal);
        memory_keep(&c->memory, c->loop);
    }
    if (r < 0)
        log_error(&c->env, "%s", e.text[0] ? e.text : strerror(-r));
    return r;
}

void component_close(struct component *c) {
    rest_client_free(c->client);
    if (c->loop) {
        timer_stop(c->loop, &c->renewal);
        memory_keep_stop(&c->memory);
        signals_free(c->signals);
        loop_free(c->loop);
    }
    arena_done(&c->arena);
    c->env.metrics = metrics_free(c->env.metrics);
}

int component_client(struct component *c, const char *user_agent, double qps, unsigned burst,
                     struct rest_client **ret) {
    struct err e = {0};
    int r = rest_client_new(c->loop,
                            &(struct rest_options){.server = c->config->api_url,
                                                   .ca_pem = c->identity.server_ca,
                                                   .cert_pem = c->identity.client_cert,
                                                   .key_pem = c->identity.client_key,
                                                   .user_agent = user_agent,
                                                   .qps = qps,
                                                   .burst = burst},
                            &e, &c->client);
    if (r < 0)
        log_error(&c->env, "%s", e.text);
    else
        *ret = c->client;
    return r;
}

/* `coxswain dev` may run several times on a machine: its components have no ports. */
int component_diagnostics(struct component *c, struct rest_client *client, uint16_t port,
                          struct diagnostics **ret) {
    const struct server_config *config = c->config;
    bool by_itself = c->channel < 0;
    const char *ip = by_itself ? config->bind_address : "127.0.0.1";
    char address[128];
    struct err e = {0};
    *ret = NULL;
    if (by_itself)
        port = (uint16_t)config->diagnostics_port;
    if (!port || config->dev)
        return 0;
    snprintf(address, sizeof(address), strchr(ip, ':') ? "tcp:[%s]:%u" : "tcp:%s:%u", ip, port);
    int r = diagnostics_new(
        &(struct diagnostics_options){
            .address = address, .ip = ip, .client_ca = c->identity.client_ca, .client = client},
        &e, ret);
    if (r < 0)
        log_at(&c->env, by_itself ? LOG_ERROR : LOG_WARN, "no metrics are served: %s",
               e.text[0] ? e.text : strerror(-r));
    return by_itself ? r : 0;
}

void component_ready(int ready_fd, const char *text) {
    char line[200];
    int n = snprintf(line, sizeof(line), "ready %s\n", text ? text : "");
    if (ready_fd >= 0 && n > 0) {
        if (write(ready_fd, line, (size_t)n) != n)
            return; /* the supervisor is gone; so are we, soon */
        close(ready_fd);
    }
}
