// SPDX-License-Identifier: Apache-2.0
/* A whole API server in one virtual process: memory store, simulated transport, HTTP client. */
#pragma once

#include "apiserver/access.h"
#include "apiserver/apiserver.h"
#include "base/metrics.h"
#include "base/vec.h"
#include "loop/stream.h"
#include "loop/transport_sim.h"
#include "net/client.h"
#include "net/x509.h"
#include "schema/value.h"
#include "tap.h"

struct world {
    struct env_sim sim;
    struct env *env;
    struct loop *l;
    struct work_pool *disk; /* slow_disk_ns */
    struct store *store;
    struct apiserver *server;
    struct http_client *client;
    struct access *access; /* with_access */
    struct arena *arena;   /* answers */
};

UNUSED static void on_fatal(void *ctx, const struct err *e) {
    tap_fail(__FILE__, __LINE__, "store failed: %s", e->text);
}

struct world_options {
    const struct authn_ops *authn;
    const struct authz_ops *authz;
    uint64_t seed;
    const char *service_cidrs, *admission_on, *admission_off;
    bool with_metrics;
    bool with_access;                      /* rights, tokens and reviews as in a real server */
    int64_t slow_disk_ns;                  /* a commit takes up to so long */
    size_t log_bytes;                      /* of the store */
    const struct store_disk_ops *disk_ops; /* NULL: memory */
    void *disk;                            /* of disk_ops */
};

UNUSED static void give_access(struct world *w, struct apiserver_options *ao) {
    struct x509_key *key;
    struct err e = {0};
    REQUIRE(x509_key_new(&key) == 0);
    struct access_options o = {.token_key = x509_key_pem(w->arena, key)};
    x509_key_free(key);
    REQUIRE(access_new(w->l, w->store, &o, &e, &w->access) == 0);
    ao->authn_ctx = w->access;
    ao->authz = &access_authz_ops;
    ao->authz_ctx = w->access;
}

UNUSED static bool is_never(void *ctx) {
    return false;
}

UNUSED static bool is_bootstrapped(void *ctx) {
    return apiserver_ready(((struct world *)ctx)->server);
}

/* Over the store, which may have served another one before. */
UNUSED static void world_serve(struct world *w, const struct world_options *o) {
    static const char *const addresses[] = {"sim:apiserver", NULL};
    struct err e = {0};
    struct apiserver_options ao = {.addresses = addresses,
                                   .store = w->store,
                                   .authn = o->authn,
                                   .service_cidrs = o->service_cidrs,
                                   .admission_on = o->admission_on,
                                   .admission_off = o->admission_off,
                                   .authz = o->authz ? o->authz : &authz_allow_all};
    w->access = NULL;
    if (o->with_access)
        give_access(w, &ao);
    REQUIRE(apiserver_new(w->l, &ao, &e, &w->server) == 0);
    if (w->access)
        access_attach(w->access, w->server);
    REQUIRE(loop_run_until(w->l, is_bootstrapped, w, 5 * NSEC_PER_SEC));
}

UNUSED static void world_open(struct world *w, const struct world_options *o) {
    struct err e = {0};
    struct store_options so = {.ops = o->disk_ops ? o->disk_ops : &store_memory_ops,
                               .disk = o->disk_ops ? o->disk : store_disk_memory(w->env),
                               .workers = w->disk,
                               .log_bytes = o->log_bytes,
                               .fatal = on_fatal};
    REQUIRE(store_open(w->l, &so, &e, &w->store) == 0);
}

UNUSED static void world_init_with(struct world *w, const struct world_options *o) {
    env_sim_init(&w->sim, o->seed ? o->seed : tap_seed());
    loop_env_sim(&w->sim);
    w->env = &w->sim.env;
    w->env->log_level = LOG_ERROR;
    w->env->metrics = o->with_metrics ? metrics_new() : NULL;
    w->arena = arena_new(0);
    REQUIRE(loop_new_sim(&w->sim, &w->l) == 0);
    w->disk = NULL;
    if (o->slow_disk_ns) {
        REQUIRE(work_pool_new(w->env, 1, &w->disk) == 0);
        work_pool_delay(w->disk, o->slow_disk_ns / 10, o->slow_disk_ns);
    }
    world_open(w, o);
    world_serve(w, o);
    struct http_client_options co = {.address = "sim:apiserver", .host = "192.0.2.10:16443"};
    REQUIRE(http_client_new(w->l, &co, &w->client) == 0);
}

UNUSED static void world_init(struct world *w) {
    world_init_with(w, &(struct world_options){0});
}

UNUSED static void world_done(struct world *w) {
    http_client_free(w->client);
    apiserver_free(w->server);
    access_free(w->access);
    store_close(w->store);
    if (w->disk) /* what is on its way to it ends first */
        loop_run_until(w->l, is_never, NULL, NSEC_PER_SEC);
    work_pool_free(w->disk);
    loop_free(w->l);
    w->env->metrics = metrics_free(w->env->metrics);
    loop_env_done(w->env);
    env_sim_done(&w->sim);
    arena_free(w->arena);
}

/* Lets virtual time pass. */
UNUSED static void pass(struct world *w, int64_t ns) {
    loop_run_until(w->l, is_never, NULL, ns);
}

struct answer {
    int r, code;
    str body;
    str content_type;
    str warning, retry_after;
    str warnings; /* all of them, a line each */
    bool done;
    struct world *w;
};

static str all_warnings(struct arena *a, const struct http_headers *h) {
    str_list l = {0};
    for (size_t i = 0; i < h->n; i++)
        if (str_ieq(h->v[i].name, STR("Warning")))
            *list_push(a, &l) = h->v[i].value;
    return l.n ? str_join(a, l.v, l.n, STR("\n")) : STR_NONE;
}

UNUSED static void on_answer(void *ctx, int r, int status, const struct http_headers *h, str body,
                             bool maybe_sent) {
    struct answer *a = ctx;
    a->r = r;
    a->code = status;
    a->body = str_dup(a->w->arena, body);
    if (h) {
        a->content_type = str_dup(a->w->arena, http_header_get(h, "Content-Type"));
        a->warning = str_dup(a->w->arena, http_header_get(h, "Warning"));
        a->warnings = all_warnings(a->w->arena, h);
        a->retry_after = str_dup(a->w->arena, http_header_get(h, "Retry-After"));
    }
    a->done = true;
}

UNUSED static bool is_answered(void *ctx) {
    return ((struct answer *)ctx)->done;
}

/* Sends without waiting. */
UNUSED static void send_call(struct world *w, struct answer *a, const char *method, str target,
                             const struct http_header *headers, size_t n_headers, str body) {
    *a = (struct answer){.w = w};
    struct http_call_options o = {.method = method,
                                  .target = target,
                                  .headers = headers,
                                  .n_headers = n_headers,
                                  .body = body,
                                  .max_body = 64 * 1024 * 1024,
                                  .on_done = on_answer,
                                  .ctx = a};
    http_client_call(w->client, &o);
}

UNUSED static struct answer call_with(struct world *w, const char *method, str target,
                                      const struct http_header *headers, size_t n_headers,
                                      str body) {
    struct answer a;
    send_call(w, &a, method, target, headers, n_headers, body);
    if (!loop_run_until(w->l, is_answered, &a, 300 * NSEC_PER_SEC))
        tap_fail(__FILE__, __LINE__, "no answer to %s " STR_FMT, method, STR_ARG(target));
    return a;
}

struct answers {
    const struct answer *v;
    unsigned n;
};

UNUSED static bool all_answered(void *ctx) {
    const struct answers *c = ctx;
    for (unsigned i = 0; i < c->n; i++)
        if (!c->v[i].done)
            return false;
    return true;
}

/* Posts of n clients in the same instant, so that each meets the others half-way. */
UNUSED static void post_at_once(struct world *w, const char *target, const str *bodies, unsigned n,
                                struct answer *ret) {
    static const struct http_header h[] = {{STR("Content-Type"), STR("application/json")}};
    struct http_client *mine = w->client;
    struct http_client_options co = {.address = "sim:apiserver", .host = "x", .connections = n};
    struct answers c = {ret, n};
    REQUIRE(http_client_new(w->l, &co, &w->client) == 0);
    *loop_sim_net(&w->sim) =
        (struct sim_net){.latency_min = NSEC_PER_MSEC, .latency_max = NSEC_PER_MSEC};
    for (unsigned i = 0; i < n; i++)
        send_call(w, &ret[i], "POST", str_of(target), h, 1, bodies[i]);
    CHECK(loop_run_until(w->l, all_answered, &c, 60 * NSEC_PER_SEC));
    http_client_free(w->client);
    w->client = mine;
}

/* JSON both ways; type NULL: application/json. */
UNUSED static struct answer call(struct world *w, const char *method, const char *target,
                                 const char *type, const char *body) {
    struct http_header h[] = {{STR("Content-Type"), str_of(type ? type : "application/json")}};
    return call_with(w, method, str_of(target), h, body ? 1 : 0, str_of(body));
}

UNUSED static struct answer get(struct world *w, const char *target, const char *accept) {
    struct http_header h[] = {{STR("Accept"), str_of(accept)}};
    return call_with(w, "GET", str_of(target), h, accept ? 1 : 0, STR_NONE);
}

/* The value at a dotted path ("metadata.name", "items.0.kind"); NULL if absent. */
UNUSED static struct value *value_at(struct value *v, const char *path) {
    str rest = str_of(path);
    while (v && rest.n) {
        str key = str_cut(&rest, '.');
        int64_t i;
        if (v->tag == VALUE_LIST && str_to_i64(key, &i) == 0)
            v = i < v->list.n ? &v->list.v[i] : NULL;
        else
            v = value_get(v, key);
    }
    return v;
}

/* The same of a JSON answer; NULL when it is none. */
UNUSED static struct value *at(struct world *w, str json, const char *path) {
    struct value *v = arena_make(w->arena, struct value);
    struct err e;
    return value_parse(w->arena, json, v, NULL, &e) < 0 ? NULL : value_at(v, path);
}

UNUSED static str text_at(struct world *w, str json, const char *path) {
    return value_str(at(w, json, path));
}

/* The body of a watch that ended: "ADDED:a MODIFIED:a" */
UNUSED static str events(struct world *w, str body) {
    str out = STR("");
    while (body.n) {
        str line = str_cut(&body, '\n');
        str type = text_at(w, line, "type"), name = text_at(w, line, "object.metadata.name");
        out = str_printf(w->arena, STR_FMT "%s" STR_FMT ":" STR_FMT, STR_ARG(out), out.n ? " " : "",
                         STR_ARG(type), STR_ARG(name));
    }
    return out;
}
