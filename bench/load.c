// SPDX-License-Identifier: Apache-2.0
/* ConfigMap creates and GETs a second of a running server, with 1, 16 and 64 clients: HTTP/1.1 over
 * kept TLS connections with the kubeconfig's certificate. Rows of a markdown table: what, clients,
 * requests a second, median and 99th percentile in ms. Everything it made is deleted.
 *
 *     build/bench/load KUBECONFIG [REQUESTS] */
#include <stdio.h>
#include <stdlib.h>

#include "base/vec.h"
#include "client/rest.h"

#define CLIENTS_MAX 64
#define OBJECTS     1000 /* that GETs go around */
#define COLLECTION  "/api/v1/namespaces/bench-load/configmaps"

struct bench {
    struct env env;
    struct loop *loop;
    struct arena arena;
    struct tls_config *tls;
    const char *address;
    char host[256];
    struct http_client *client;
    const char *method;
    unsigned round, sent, done, goal, failed;
    int64_t *took;
};

struct one {
    struct bench *b;
    int64_t since;
};

static void die(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static void send_one(struct one *o);

static void on_done(void *ctx, int r, int status, const struct http_headers *h, str body,
                    bool maybe_sent) {
    struct one *o = ctx;
    struct bench *b = o->b;
    b->failed += r < 0 || status >= 300;
    b->took[b->done++] = env_mono(&b->env) - o->since;
    if (b->sent < b->goal)
        send_one(o);
    else if (b->done == b->goal)
        loop_stop(b->loop);
}

static void send_one(struct one *o) {
    static const struct http_header json[] = {{STR("Content-Type"), STR("application/json")}};
    struct bench *b = o->b;
    char body[600], target[128];
    unsigned i = b->sent++;
    struct http_call_options c = {
        .method = b->method, .max_body = 1 << 20, .on_done = on_done, .ctx = o};
    if (b->method[0] == 'P') {
        snprintf(target, sizeof(target), COLLECTION);
        snprintf(body, sizeof(body),
                 "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c%u-%u\"},"
                 "\"data\":{\"k\":\"%0256u\"}}",
                 b->round, i, i);
        c.headers = json;
        c.n_headers = 1;
        c.body = str_of(body);
    } else {
        snprintf(target, sizeof(target), COLLECTION "/c0-%u", i % OBJECTS);
    }
    c.target = str_of(target);
    o->since = env_mono(&b->env);
    http_client_call(b->client, &c);
}

static int by_time(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double ms(const struct bench *b, unsigned percent) {
    return (double)b->took[(size_t)(b->goal - 1) * percent / 100] / NSEC_PER_MSEC;
}

static double run(struct bench *b, const char *method, unsigned clients, unsigned goal) {
    struct one ones[CLIENTS_MAX];
    struct http_client_options o = {
        .address = b->address, .host = b->host, .tls = b->tls, .connections = clients};
    if (http_client_new(b->loop, &o, &b->client) < 0)
        die("client", "not made");
    b->method = method;
    b->sent = b->done = b->failed = 0;
    b->goal = goal;
    int64_t since = env_mono(&b->env);
    for (unsigned i = 0; i < clients; i++) {
        ones[i].b = b;
        send_one(&ones[i]);
    }
    loop_run(b->loop);
    double s = (double)(env_mono(&b->env) - since) / NSEC_PER_SEC;
    http_client_free(b->client);
    if (b->failed)
        fprintf(stderr, "%s: %u of %u failed\n", method, b->failed, goal);
    b->round += method[0] == 'P';
    qsort(b->took, goal, sizeof(b->took[0]), by_time);
    return goal / s;
}

static void on_namespace(void *ctx, int r, int status, const struct http_headers *h, str body,
                         bool maybe_sent) {
    if (r < 0 || (status >= 300 && status != 409))
        die("namespace bench-load", r < 0 ? strerror(-r) : "refused");
    loop_stop(((struct bench *)ctx)->loop);
}

static void namespace_call(struct bench *b, const char *method, const char *target,
                           const char *text) {
    static const struct http_header json[] = {{STR("Content-Type"), STR("application/json")}};
    struct http_client_options o = {.address = b->address, .host = b->host, .tls = b->tls};
    if (http_client_new(b->loop, &o, &b->client) < 0)
        die("client", "not made");
    struct http_call_options c = {.method = method,
                                  .target = str_of(target),
                                  .headers = json,
                                  .n_headers = 1,
                                  .body = str_of(text),
                                  .max_body = 1 << 20,
                                  .on_done = on_namespace,
                                  .ctx = b};
    http_client_call(b->client, &c);
    loop_run(b->loop);
    http_client_free(b->client);
}

static void connect_to(struct bench *b, const char *kubeconfig) {
    struct err e = {0};
    struct rest_options o = {0};
    if (rest_options_from_kubeconfig(&b->env, &b->arena, kubeconfig, &e, &o) < 0)
        die(kubeconfig, e.text);
    if (strncmp(o.server, "https://", 8) != 0)
        die(o.server, "not https");
    b->address = str_printf(&b->arena, "tcp:%s", o.server + 8).p;
    snprintf(b->host, sizeof(b->host), "%s", o.server + 8);
    b->host[strcspn(b->host, ":")] = '\0';
    struct tls_options t = {.cert_pem = o.cert_pem, .key_pem = o.key_pem, .ca_pem = o.ca_pem};
    if (tls_config_new(&t, false, &e, &b->tls) < 0)
        die("TLS", e.text);
}

int main(int argc, char **argv) {
    static const unsigned clients[] = {1, 16, CLIENTS_MAX};
    static struct bench b;
    unsigned goal = argc > 2 ? (unsigned)atoi(argv[2]) : 20000;
    if (argc < 2 || goal < OBJECTS)
        die("usage", "load KUBECONFIG [REQUESTS, 1000 or more]");
    env_real_init(&b.env, "bench");
    loop_env_real(&b.env);
    arena_init(&b.arena, 0);
    if (loop_new(&b.env, &b.loop) < 0)
        die("loop", "not made");
    connect_to(&b, argv[1]);
    b.took = xcalloc(goal, sizeof(b.took[0]));
    namespace_call(
        &b, "POST", "/api/v1/namespaces",
        "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"bench-load\"}}");
    for (int gets = 0; gets < 2; gets++)
        for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
            unsigned n = !gets && clients[i] == 1 ? MAX(goal / 10, OBJECTS) : goal;
            double rate = run(&b, gets ? "GET" : "POST", clients[i], n);
            printf("| %s ConfigMap | %u | %.0f | %.2f | %.2f |\n", gets ? "get" : "create",
                   clients[i], rate, ms(&b, 50), ms(&b, 99));
            fflush(stdout);
        }
    namespace_call(&b, "DELETE", "/api/v1/namespaces/bench-load", "{}");
    tls_config_unref(b.tls);
    loop_free(b.loop);
    arena_done(&b.arena);
    free(b.took);
    return b.failed > 0;
}
