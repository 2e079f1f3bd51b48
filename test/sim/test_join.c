// SPDX-License-Identifier: Apache-2.0
/* A machine joins and renews, on virtual time: API server with real rights, the controllers that
 * approve and have signed, the CAs, and node_identity.c. What is not here is TLS: who speaks with
 * the node's certificate is known by its User-Agent. */
#include <stdlib.h>

#include "api/csr.h"
#include "base/env_sim_disk.h"
#include "controllers/controllers.h"
#include "net/x509.h"
#include "server/node_identity.h"
#include "server/pki.h"
#include "unit/apiserver/access_test.h"

#define YEAR    (365LL * 24 * 3600)
#define SECRETS "/api/v1/namespaces/kube-system/secrets"
#define DIR     "/var/lib/x/agent/pki"

struct join {
    struct world w;
    struct pki *pki;
    str server_ca;
    struct controller_manager *manager;
    struct join_token token;
    int sign_error; /* what the signer answers; 0: a certificate */
    struct node_identity *node;
    unsigned changes, failures;
    int failure;
    char why[768];
};

static int authenticate_join(void *ctx, struct arena *a, struct exchange *x, struct user *ret) {
    str agent = http_header_get(&x->headers, "User-Agent"),
        credentials = http_header_get(&x->headers, "Authorization");
    if (credentials.n)
        return authenticate_test(ctx, a, x, ret);
    if (str_starts(agent, STR("coxswain-agent/"))) {
        *ret = (struct user){.name = STR("system:node:n1")};
        ret->groups = (str_list){arena_array(a, 1, sizeof(str)), 1};
        ret->groups.v[0] = STR(NODE_GROUP);
        return 0;
    }
    *ret = (struct user){.name = STR("system:kube-controller-manager")};
    return 0;
}

static const struct authn_ops join_authn = {authenticate_join};

static void sign(void *ctx, const struct csr_order *o,
                 void (*done)(void *ctx, int r, const struct err *e, str pem), void *done_ctx) {
    struct join *j = ctx;
    struct err e = {0};
    str pem = STR_NONE;
    int r = j->sign_error ? err_set(&e, j->sign_error, "the signer is away")
                          : pki_sign(j->pki, j->w.arena, o, 0, &e, &pem);
    done(done_ctx, r, &e, pem);
}

static void setup(struct join *j) {
    struct err e = {0};
    struct identity id;
    *j = (struct join){0};
    world_init_with(&j->w, &(struct world_options){.authn = &join_authn, .with_access = true});
    REQUIRE(pki_open(j->w.env, NULL, &e, &j->pki) == 0);
    REQUIRE(pki_identity(j->pki, j->w.arena, &(struct signer_channel){.role = ROLE_SCHEDULER}, &e,
                         &id) == 0);
    j->server_ca = id.server_ca;
    struct controller_manager_options o = {
        .env = j->w.env,
        .rest = {.server = "sim:apiserver", .user_agent = "manager", .qps = 5000, .burst = 5000},
        .config = {.sign = sign, .sign_ctx = j}};
    REQUIRE(controller_manager_new(j->w.l, &o, NULL, NULL, &e, &j->manager) == 0);
    REQUIRE(join_token_new(j->w.env, j->server_ca, &e, &j->token) == 0);
}

static void teardown(struct join *j) {
    node_identity_free(j->node);
    controller_manager_free(j->manager);
    pki_free(j->pki);
    world_done(&j->w);
}

static struct answer admin(struct join *j, const char *method, const char *path, const char *body) {
    return as((struct access_world *)&j->w, NULL, method, path, body);
}

static void keep_token(struct join *j) {
    const char *body =
        str_printf(j->w.arena,
                   "{\"metadata\":{\"name\":\"bootstrap-token-%s\"},\"type\":"
                   "\"bootstrap.kubernetes.io/token\",\"stringData\":{\"token-id\":\"%s\","
                   "\"token-secret-sha256\":\"" STR_FMT "\",\"usage-bootstrap-authentication\":"
                   "\"true\",\"auth-extra-groups\":\"" JOIN_GROUP "\"}}",
                   j->token.id, j->token.id,
                   STR_ARG(sha256_hex(j->w.arena, str_of(j->token.secret))))
            .p;
    CHECK_INT(admin(j, "POST", SECRETS, body).code, 201);
}

static void on_changed(void *ctx) {
    ((struct join *)ctx)->changes++;
}

static void on_failed(void *ctx, int r, const struct err *e) {
    struct join *j = ctx;
    j->failures++;
    j->failure = r;
    snprintf(j->why, sizeof(j->why), "%s", e->text);
}

/* The CA is there already: without TLS nobody shows it. */
static void start_node(struct join *j, const char *dir, bool with_token) {
    struct err e = {0};
    char path[128];
    snprintf(path, sizeof(path), "%s/server-ca.crt", dir);
    j->node = node_identity_free(j->node);
    j->failure = 0;
    j->failures = 0;
    REQUIRE(j->w.env->ops->disk.mkdir(j->w.env, dir, 0700) == 0);
    REQUIRE(j->w.env->ops->disk.write(j->w.env, path, j->server_ca, 0600) == 0);
    REQUIRE(
        node_identity_new(j->w.l,
                          &(struct node_identity_options){.dir = dir,
                                                          .server = "sim:apiserver",
                                                          .node = "n1",
                                                          .addresses = "192.0.2.1",
                                                          .token = with_token ? &j->token : NULL,
                                                          .changed = on_changed,
                                                          .failed = on_failed,
                                                          .ctx = j},
                          &e, &j->node) == 0);
}

static bool has_changed(void *ctx) {
    return ((struct join *)ctx)->changes > 0;
}
static bool has_failed(void *ctx) {
    return ((struct join *)ctx)->failures > 0;
}
static bool within(struct join *j, bool (*done)(void *), int64_t seconds) {
    return loop_run_until(j->w.l, done, j, seconds * NSEC_PER_SEC);
}

static void check_identity(struct join *j, const struct identity *id) {
    struct err e = {0};
    struct identity api;
    str org = STR(NODE_GROUP), dns = STR("n1"), ip = STR("192.0.2.1");
    struct x509_request want = {
        .cn = STR("system:node:n1"), .orgs = &org, .n_orgs = 1, .client_auth = true};
    REQUIRE(pki_identity(j->pki, j->w.arena, &(struct signer_channel){.role = ROLE_APISERVER}, &e,
                         &api) == 0);
    CHECK(x509_cert_covers(id->client_cert, api.client_ca, &want));
    want = (struct x509_request){.cn = STR("system:node:n1"),
                                 .orgs = &org,
                                 .n_orgs = 1,
                                 .dns = &dns,
                                 .n_dns = 1,
                                 .ips = &ip,
                                 .n_ips = 1,
                                 .server_auth = true};
    CHECK(x509_cert_covers(id->serving_cert, api.kubelet_ca, &want));
    CHECK(!x509_cert_covers(id->serving_cert, api.server_ca, &want));
    CHECK(str_eq(id->client_ca, api.client_ca));
    CHECK(str_eq(id->server_ca, api.server_ca));
}

TEST(join_renew_and_start_again) {
    static struct join j;
    setup(&j);
    keep_token(&j);
    start_node(&j, DIR, true);
    REQUIRE(within(&j, has_changed, 30));
    struct identity id = node_identity_get(j.node);
    check_identity(&j, &id);
    int64_t now = loop_wall(j.w.l) / NSEC_PER_SEC;
    CHECK(id.renew_at > now + YEAR / 2 && id.renew_at < now + YEAR);
    str first[] = {str_dup(j.w.arena, id.client_cert), str_dup(j.w.arena, id.serving_cert)};

    /* Nothing happens in a day. */
    j.changes = 0;
    CHECK(!within(&j, has_changed, 24 * 3600));

    /* It is started again: without a token, and without asking anybody. */
    start_node(&j, DIR, false);
    REQUIRE(within(&j, has_changed, 1));
    id = node_identity_get(j.node);
    CHECK(str_eq(id.client_cert, first[0]) && str_eq(id.serving_cert, first[1]));

    /* Two thirds of the year are over (somebody has set the clock): both are new. */
    j.changes = 0;
    j.w.sim.now_wall += YEAR * 3 / 4 * NSEC_PER_SEC;
    REQUIRE(within(&j, has_changed, 7 * 3600));
    j.changes = 0;
    REQUIRE(within(&j, has_changed, 60));
    id = node_identity_get(j.node);
    check_identity(&j, &id);
    CHECK(!str_eq(id.client_cert, first[0]) && !str_eq(id.serving_cert, first[1]));
    now = loop_wall(j.w.l) / NSEC_PER_SEC;
    CHECK(id.renew_at > now + YEAR / 2);
    CHECK_INT(j.failures, 0);
    teardown(&j);
}

TEST(join_refusals) {
    static struct join j;
    setup(&j);
    start_node(&j, DIR, true); /* nobody knows the token */
    CHECK(within(&j, has_failed, 30));
    CHECK_INT(j.failure, -EACCES);
    start_node(&j, DIR, false);
    CHECK(within(&j, has_failed, 30));
    CHECK_INT(j.failure, -EINVAL);

    keep_token(&j);
    start_node(&j, DIR, true);
    REQUIRE(within(&j, has_changed, 30));
    /* Another machine with the same name and token, before the first has made its node. */
    j.failures = 0;
    start_node(&j, "/var/lib/y", true);
    CHECK(within(&j, has_failed, 30));
    CHECK_INT(j.failure, -EEXIST);
    CHECK(strstr(j.why, "another machine joins") != NULL);
    /* And when there is one. */
    CHECK_INT(admin(&j, "POST", "/api/v1/nodes", "{\"metadata\":{\"name\":\"n1\"}}").code, 201);
    j.failures = 0;
    start_node(&j, "/var/lib/y", true);
    CHECK(within(&j, has_failed, 30));
    CHECK_INT(j.failure, -EEXIST);
    CHECK(strstr(j.why, "exists already") != NULL);
    teardown(&j);
}

/* The machine is cut off between its request and the answer: it finds both again. */
TEST(join_is_taken_up_again) {
    static struct join j;
    setup(&j);
    keep_token(&j);
    j.sign_error = -EPIPE;
    start_node(&j, DIR, true);
    CHECK(!within(&j, has_changed, 20));
    j.node = node_identity_free(j.node);
    j.sign_error = 0;
    start_node(&j, DIR, true);
    REQUIRE(within(&j, has_changed, 120));
    struct identity id = node_identity_get(j.node);
    check_identity(&j, &id);
    CHECK_INT(j.failures, 0);
    teardown(&j);
}
