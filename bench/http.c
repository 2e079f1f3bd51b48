// SPDX-License-Identifier: Apache-2.0
/* HTTPS over loopback, server and clients on one loop (so half of the time is the clients'):
 * requests a second on kept connections, handshakes a second, memory of idle connections.
 *
 *     build/bench/http */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/client.h"
#include "net/server.h"
#include "net/x509.h"

#define CONNECTIONS 64
#define REQUESTS    100000
#define IDLE        1000

struct bench {
    struct env env;
    struct loop *l;
    struct arena a;
    struct tls_config *server_tls, *client_tls;
    struct http_server *server;
    struct http_client *client;
    unsigned started, done, failed, goal;
    struct exchange *held[IDLE]; /* until all are there, each on a connection of its own */
    unsigned n_held;
    bool hold;
};

static void die_if(bool bad, const char *what) {
    if (bad) {
        fprintf(stderr, "%s failed\n", what);
        exit(1);
    }
}

static void answer(struct exchange *x) {
    static const char body[1000] = "{}";
    struct http_header h = {STR("Content-Type"), STR("application/json")};
    exchange_respond(x, 200, &h, 1, str_n(body, sizeof(body)));
}

static void handle(void *ctx, struct exchange *x) {
    struct bench *b = ctx;
    if (!b->hold) {
        answer(x);
        return;
    }
    b->held[b->n_held++] = x;
    if (b->n_held == IDLE)
        while (b->n_held)
            answer(b->held[--b->n_held]);
}

static void make_tls(struct bench *b) {
    struct x509_key *k;
    struct err e = {0};
    str cert, ip = STR("127.0.0.1");
    int64_t now = loop_wall(b->l) / NSEC_PER_SEC;
    struct x509_request r = {
        .cn = STR("bench"),
        .ips = &ip,
        .n_ips = 1,
        .server_auth = true,
        .client_auth = true,
        .not_before = now - 60,
        .not_after = now + 3600,
    };
    die_if(x509_key_new(&k) < 0 || x509_issue(&b->a, &r, k, STR_NONE, NULL, &e, &cert) < 0, "keys");
    struct tls_options o = {.cert_pem = cert, .key_pem = x509_key_pem(&b->a, k), .ca_pem = cert};
    die_if(tls_config_new(&o, true, &e, &b->server_tls) < 0, e.text);
    die_if(tls_config_new(&o, false, &e, &b->client_tls) < 0, e.text);
    x509_key_free(k);
}

static void next(struct bench *b);

static void on_done(void *ctx, int r, int status, const struct http_headers *h, str body,
                    bool maybe_sent) {
    struct bench *b = ctx;
    b->done++;
    b->failed += r < 0 || status != 200;
    if (b->started < b->goal)
        next(b);
}

static void next(struct bench *b) {
    static const struct http_header headers[] = {
        {{"Accept", 6}, {"application/json", 16}},
        {{"User-Agent", 10}, {"bench/1.0 (linux/amd64)", 23}},
    };
    struct http_call_options o = {
        .method = "GET",
        .target = STR("/api/v1/namespaces/default/pods/web-0"),
        .headers = headers,
        .n_headers = 2,
        .on_done = on_done,
        .ctx = b,
    };
    b->started++;
    http_client_call(b->client, &o);
}

static bool is_done(void *ctx) {
    const struct bench *b = ctx;
    return b->done >= b->goal;
}

/* Runs `goal` requests, `width` at a time; seconds it took. */
static double run(struct bench *b, unsigned goal, unsigned width) {
    int64_t since = env_mono(&b->env);
    b->started = b->done = b->failed = 0;
    b->goal = goal;
    for (unsigned i = 0; i < width; i++)
        next(b);
    die_if(!loop_run_until(b->l, is_done, b, 120 * NSEC_PER_SEC) || b->failed, "requests");
    return (double)(env_mono(&b->env) - since) / NSEC_PER_SEC;
}

static void make_client(struct bench *b, unsigned connections) {
    struct http_client_options o = {
        .address = http_server_address(b->server, 0),
        .host = "127.0.0.1",
        .tls = b->client_tls,
        .connections = connections,
    };
    http_client_free(b->client);
    die_if(http_client_new(b->l, &o, &b->client) < 0, "client");
}

int main(void) {
    static struct bench b;
    struct err e = {0};
    env_real_init(&b.env, "bench");
    loop_env_real(&b.env);
    die_if(loop_new(&b.env, &b.l) < 0, "loop");
    make_tls(&b);
    struct http_server_options o = {
        .addresses = (const char *const[]){"tcp:127.0.0.1:0", NULL},
        .tls = b.server_tls,
        .handler = handle,
        .ctx = &b,
    };
    die_if(http_server_new(b.l, &o, &e, &b.server) < 0, e.text);
    make_client(&b, CONNECTIONS);
    run(&b, 1000, CONNECTIONS);
    printf("requests/s, %d connections  %8.0f\n", CONNECTIONS,
           REQUESTS / run(&b, REQUESTS, CONNECTIONS));
    make_client(&b, IDLE);
    b.hold = true;
    size_t before = mallinfo2().uordblks;
    double t = run(&b, IDLE, IDLE);
    printf("handshakes/s (both ends)    %8.0f\n", IDLE / t);
    printf("idle connection, both ends  %8zu bytes\n", (mallinfo2().uordblks - before) / IDLE);
    http_client_free(b.client);
    http_server_free(b.server);
    tls_config_unref(b.server_tls);
    tls_config_unref(b.client_tls);
    arena_done(&b.a);
    loop_free(b.l);
    loop_env_done(&b.env);
    return 0;
}
