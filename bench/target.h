// SPDX-License-Identifier: Apache-2.0
/* A running API server that is measured: how to reach it, and what its processes have used. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/rest.h"

#define TARGET_PIDS_MAX 8

struct target {
    struct arena arena;
    struct tls_config *tls;
    const char *address;
    char host[256];
    int pids[TARGET_PIDS_MAX];
    unsigned n_pids;
};

static inline void die(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

/* "KUBECONFIG", or "KUBECONFIG=PID+PID": the processes that serve it (API server, store). */
static inline void target_open(struct target *t, struct env *env, const char *spec) {
    struct err e = {0};
    struct rest_options o = {0};
    arena_init(&t->arena, 0);
    const char *pids = strchr(spec, '=');
    str path = pids ? str_n(spec, (size_t)(pids - spec)) : str_of(spec);
    const char *file = str_cdup(&t->arena, path);
    while (pids && t->n_pids < TARGET_PIDS_MAX) {
        t->pids[t->n_pids++] = atoi(pids + 1);
        pids = strchr(pids + 1, '+');
    }
    if (rest_options_from_kubeconfig(env, &t->arena, file, &e, &o) < 0)
        die(file, e.text);
    if (strncmp(o.server, "https://", 8) != 0)
        die(o.server, "not https");
    t->address = str_printf(&t->arena, "tcp:%s", o.server + 8).p;
    snprintf(t->host, sizeof(t->host), "%s", o.server + 8);
    t->host[strcspn(t->host, ":")] = '\0';
    struct tls_options to = {.cert_pem = o.cert_pem, .key_pem = o.key_pem, .ca_pem = o.ca_pem};
    if (tls_config_new(&to, false, &e, &t->tls) < 0)
        die("TLS", e.text);
}

static inline void target_close(struct target *t) {
    tls_config_unref(t->tls);
    arena_done(&t->arena);
}

static inline struct http_client *target_connect(const struct target *t, struct loop *l,
                                                 unsigned connections) {
    struct http_client *c;
    struct http_client_options o = {
        .address = t->address, .host = t->host, .tls = t->tls, .connections = connections};
    if (http_client_new(l, &o, &c) < 0)
        die("client", "not made");
    return c;
}

/* CPU seconds of its processes so far; 0 when they are not known. */
static inline double target_cpu(const struct target *t) {
    unsigned long long ticks = 0, user, system;
    for (unsigned i = 0; i < t->n_pids; i++) {
        char path[64];
        snprintf(path, sizeof(path), "/proc/%d/stat", t->pids[i]);
        FILE *f = fopen(path, "r");
        if (f && fscanf(f, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
                        &user, &system) == 2)
            ticks += user + system;
        if (f)
            fclose(f);
    }
    return (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

/* Resident memory of its processes in MB; 0 when they are not known. */
static inline double target_rss(const struct target *t) {
    unsigned long long pages = 0, rss;
    for (unsigned i = 0; i < t->n_pids; i++) {
        char path[64];
        snprintf(path, sizeof(path), "/proc/%d/statm", t->pids[i]);
        FILE *f = fopen(path, "r");
        if (f && fscanf(f, "%*u %llu", &rss) == 1)
            pages += rss;
        if (f)
            fclose(f);
    }
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

/* One call, alone: `accepted` (0: none) counts as success too. */
struct target_call {
    struct loop *loop;
    int accepted;
};

static inline void target_called(void *ctx, int r, int status, const struct http_headers *h,
                                 str body, bool maybe_sent) {
    struct target_call *c = ctx;
    if (r < 0 || (status >= 300 && status != c->accepted)) {
        fprintf(stderr, "%d: %.*s\n", status, (int)body.n, body.p);
        exit(1);
    }
    loop_stop(c->loop);
}

static inline void target_ask(const struct target *t, struct loop *l, const char *method,
                              const char *path, const char *body, int accepted) {
    static const struct http_header json[] = {{STR("Content-Type"), STR("application/json")}};
    struct target_call call = {l, accepted};
    struct http_client *client = target_connect(t, l, 1);
    struct http_call_options o = {.method = method,
                                  .target = str_of(path),
                                  .headers = json,
                                  .n_headers = 1,
                                  .body = str_of(body),
                                  .max_body = 1 << 20,
                                  .on_done = target_called,
                                  .ctx = &call};
    http_client_call(client, &o);
    loop_run(l);
    http_client_free(client);
}

static inline int by_time(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Of n sorted times, in ms. */
static inline double percentile_ms(const int64_t *v, size_t n, unsigned percent) {
    return (double)v[(n - 1) * percent / 100] / NSEC_PER_MSEC;
}
