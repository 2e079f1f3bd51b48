// SPDX-License-Identifier: Apache-2.0
/* ConfigMap creates and GETs a second through a whole API server: TLS, HTTP/1.1, SQLite, 1, 16 and
 * 64 clients. The server runs in a process of its own.
 *
 *     build/bench/api [folder for the database, default .] [requests a measurement]
 *
 * Few requests under valgrind --tool=callgrind say, in instructions, what one costs. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apiserver/apiserver.h"
#include "base/metrics.h"
#include "loop/stream.h"
#include "net/client.h"
#include "net/x509.h"

#define CLIENTS_MAX 64
#define REQUESTS    20000 /* unless said */
#define OBJECTS     1000  /* that GETs go around */
#define DAY         86400

struct pki {
    struct arena *arena;
    str cert, key;
};

static void make_pki(struct env *env, struct pki *p) {
    struct x509_key *key = NULL;
    struct err e = {0};
    str ip = STR("127.0.0.1");
    int64_t now = env_wall(env) / NSEC_PER_SEC;
    struct x509_request r = {.cn = STR("bench"),
                             .ips = &ip,
                             .n_ips = 1,
                             .ca = true,
                             .server_auth = true,
                             .not_before = now - DAY,
                             .not_after = now + DAY};
    p->arena = arena_new(0);
    if (x509_key_new(&key) < 0 || x509_issue(p->arena, &r, key, STR_NONE, NULL, &e, &p->cert) < 0)
        exit(1);
    p->key = x509_key_pem(p->arena, key);
    x509_key_free(key);
}

static void fatal(void *ctx, const struct err *e) {
    fprintf(stderr, "store: %s\n", e->text);
    _exit(1);
}

static bool is_ready(void *ctx) {
    return apiserver_ready(ctx);
}

static void serve(const struct pki *p, const char *path, int ready) {
    struct env env;
    struct loop *l;
    struct err e = {0};
    env_real_init(&env, "api");
    loop_env_real(&env);
    env.metrics = metrics_new(); /* counts, as the real one does */
    static const char *const addresses[] = {"tcp:127.0.0.1:0", NULL};
    struct tls_config *tls;
    struct work_pool *pool;
    struct store *store;
    struct apiserver *server;
    struct store_options so = {.ops = &store_sqlite_ops, .fatal = fatal};
    struct tls_options to = {.cert_pem = p->cert, .key_pem = p->key};
    if (loop_new(&env, &l) < 0 || tls_config_new(&to, true, &e, &tls) < 0 ||
        store_disk_sqlite(&env, path, &e, &so.disk) < 0 || work_pool_new(&env, 1, &pool) < 0)
        fatal(NULL, &e);
    so.workers = pool;
    if (store_open(l, &so, &e, &store) < 0)
        fatal(NULL, &e);
    struct apiserver_options ao = {
        .addresses = addresses, .tls = tls, .store = store, .authz = &authz_allow_all};
    if (apiserver_new(l, &ao, &e, &server) < 0)
        fatal(NULL, &e);
    loop_run_until(l, is_ready, server, 10 * NSEC_PER_SEC);
    const char *address = apiserver_address(server, 0);
    if (write(ready, address, strlen(address) + 1) < 0)
        _exit(1);
    loop_run(l);
    _exit(0);
}

struct bench {
    struct env env;
    struct loop *loop;
    struct http_client *client;
    bool creates;
    unsigned requests, round, sent, done, goal, failed, total;
};

static void send_one(struct bench *b);

static void on_done(void *ctx, int r, int status, const struct http_headers *h, str body,
                    bool maybe_sent) {
    struct bench *b = ctx;
    b->failed += r < 0 || status >= 300;
    b->done++;
    if (b->sent < b->goal)
        send_one(b);
    else if (b->done == b->goal)
        loop_stop(b->loop);
}

static void send_one(struct bench *b) {
    static const struct http_header json[] = {{STR("Content-Type"), STR("application/json")}};
    char body[512], target[128];
    unsigned i = b->sent++;
    struct http_call_options o = {.max_body = 1 << 20, .on_done = on_done, .ctx = b};
    if (b->creates) {
        snprintf(target, sizeof(target), "/api/v1/namespaces/default/configmaps");
        snprintf(body, sizeof(body),
                 "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c%u-%u\"},"
                 "\"data\":{\"k\":\"%0200u\"}}",
                 b->round, i, i);
        o.method = "POST";
        o.headers = json;
        o.n_headers = 1;
        o.body = str_of(body);
    } else {
        snprintf(target, sizeof(target), "/api/v1/namespaces/default/configmaps/c1-%u",
                 i % MIN(b->requests, OBJECTS));
        o.method = "GET";
    }
    o.target = str_of(target);
    http_client_call(b->client, &o);
}

static void measure(struct bench *b, const char *address, struct tls_config *tls, bool creates,
                    unsigned clients) {
    struct http_client_options co = {
        .address = address, .host = "127.0.0.1", .tls = tls, .connections = clients};
    if (http_client_new(b->loop, &co, &b->client) < 0)
        exit(1);
    b->creates = creates;
    b->sent = b->done = b->failed = 0;
    b->goal = creates && clients == 1 ? b->requests / 10 : b->requests;
    int64_t since = env_mono(&b->env);
    for (unsigned i = 0; i < clients; i++)
        send_one(b);
    loop_run(b->loop);
    double s = (double)(env_mono(&b->env) - since) / NSEC_PER_SEC;
    printf("%-7s %2u clients: %8.0f /s%s\n", creates ? "create" : "get", clients, b->goal / s,
           b->failed ? "  (with failures)" : "");
    b->round += creates;
    b->total += b->goal;
    http_client_free(b->client);
}

int main(int argc, char **argv) {
    static const unsigned clients[] = {1, 16, CLIENTS_MAX};
    char path[512], address[128] = "";
    int ready[2];
    snprintf(path, sizeof(path), "%s/api-bench-%d.db", argc > 1 ? argv[1] : ".", (int)getpid());
    struct bench b = {.requests = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : REQUESTS};
    struct pki p;
    struct err e = {0};
    env_real_init(&b.env, "bench");
    loop_env_real(&b.env);
    make_pki(&b.env, &p);
    if (pipe(ready) < 0)
        return 1;
    pid_t pid = fork();
    if (pid == 0)
        serve(&p, path, ready[1]);
    if (pid < 0 || read(ready[0], address, sizeof(address)) <= 0 || loop_new(&b.env, &b.loop) < 0)
        return 1;
    struct tls_config *tls;
    if (tls_config_new(&(struct tls_options){.ca_pem = p.cert}, false, &e, &tls) < 0)
        return 1;
    for (size_t i = 0; i < ARRAY_LEN(clients); i++)
        measure(&b, address, tls, true, clients[i]);
    for (size_t i = 0; i < ARRAY_LEN(clients); i++)
        measure(&b, address, tls, false, clients[i]);
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    printf("server: %.1f us of user time a request\n",
           ((double)used.ru_utime.tv_sec * 1e6 + (double)used.ru_utime.tv_usec) / b.total);
    const char *const suffixes[] = {"", "-wal", "-shm", "-lock"};
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        char name[600];
        snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
        unlink(name);
    }
    return 0;
}
