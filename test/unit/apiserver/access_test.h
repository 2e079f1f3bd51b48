// SPDX-License-Identifier: Apache-2.0
/* A server with real access control. Who asks is said in a header of the test's own:
 * "Authorization: User name group group"; anything else goes to the real authenticators. */
#pragma once

#include "apiserver/access.h"
#include "net/crypto.h"
#include "server_test.h"

struct access_world {
    struct world w;
    struct access *access;
};

UNUSED static int authenticate_test(void *ctx, struct arena *a, struct exchange *x,
                                    struct user *ret) {
    str h = http_header_get(&x->headers, "Authorization");
    if (!str_starts(h, STR("User ")))
        return access_authn_ops.authenticate(ctx, a, x, ret);
    (void)str_cut(&h, ' ');
    *ret = (struct user){.name = str_cut(&h, ' ')};
    ret->groups.v = arena_array(a, 16, sizeof(str));
    while (h.n)
        ret->groups.v[ret->groups.n++] = str_cut(&h, ' ');
    return 0;
}

UNUSED static const struct authn_ops test_authn_ops = {authenticate_test};

UNUSED static void start_server(struct access_world *aw) {
    static const char *const addresses[] = {"sim:apiserver", NULL};
    struct world *w = &aw->w;
    struct err e = {0};
    struct x509_key *key = NULL;
    REQUIRE(x509_key_new(&key) == 0);
    struct access_options ao = {.token_key = x509_key_pem(w->arena, key)};
    x509_key_free(key);
    REQUIRE(access_new(w->l, w->store, &ao, &e, &aw->access) == 0);
    struct apiserver_options so = {.addresses = addresses,
                                   .store = w->store,
                                   .authn = &test_authn_ops,
                                   .authn_ctx = aw->access,
                                   .authz = &access_authz_ops,
                                   .authz_ctx = aw->access};
    REQUIRE(apiserver_new(w->l, &so, &e, &w->server) == 0);
    access_attach(aw->access, w->server);
    REQUIRE(loop_run_until(w->l, is_bootstrapped, w, 5 * NSEC_PER_SEC));
}

UNUSED static void access_init(struct access_world *aw) {
    struct world *w = &aw->w;
    env_sim_init(&w->sim, tap_seed());
    loop_env_sim(&w->sim);
    w->env = &w->sim.env;
    w->env->log_level = LOG_ERROR;
    w->arena = arena_new(0);
    REQUIRE(loop_new_sim(&w->sim, &w->l) == 0);
    struct err e = {0};
    struct store_options so = {
        .ops = &store_memory_ops, .disk = store_disk_memory(w->env), .fatal = on_fatal};
    REQUIRE(store_open(w->l, &so, &e, &w->store) == 0);
    start_server(aw);
    struct http_client_options co = {.address = "sim:apiserver", .host = "192.0.2.10:16443"};
    REQUIRE(http_client_new(w->l, &co, &w->client) == 0);
}

/* The server and all it knows in memory ends and starts again over the same store. */
UNUSED static void access_restart(struct access_world *aw) {
    apiserver_free(aw->w.server);
    access_free(aw->access);
    start_server(aw);
}

UNUSED static void access_done(struct access_world *aw) {
    struct world *w = &aw->w;
    http_client_free(w->client);
    apiserver_free(w->server);
    access_free(aw->access);
    store_close(w->store);
    loop_free(w->l);
    loop_env_done(w->env);
    env_sim_done(&w->sim);
    arena_free(w->arena);
}

UNUSED static bool never(void *ctx) {
    return false;
}

UNUSED static void pass_time(struct access_world *aw, int64_t seconds) {
    loop_run_until(aw->w.l, never, NULL, seconds * NSEC_PER_SEC);
}

/* who: "name group ..."; NULL: an administrator; "": nobody. */
UNUSED static struct answer as(struct access_world *aw, const char *who, const char *method,
                               const char *target, const char *body) {
    struct http_header h[2];
    size_t n = 0;
    if (body)
        h[n++] = (struct http_header){STR("Content-Type"), !strcmp(method, "PATCH")
                                                               ? STR("application/merge-patch+json")
                                                               : STR("application/json")};
    if (!who || *who)
        h[n++] = (struct http_header){
            STR("Authorization"),
            str_concat(aw->w.arena, STR("User "), str_of(who ? who : "admin system:masters"))};
    return call_with(&aw->w, method, str_of(target), h, n, str_of(body));
}

UNUSED static struct answer with_token(struct access_world *aw, str token, const char *method,
                                       const char *target) {
    struct http_header h = {STR("Authorization"), str_concat(aw->w.arena, STR("Bearer "), token)};
    return call_with(&aw->w, method, str_of(target), &h, 1, STR_NONE);
}
