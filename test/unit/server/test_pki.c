// SPDX-License-Identifier: Apache-2.0
/* Who gets which certificate. Roles are told apart by what stands in them and by which CA signed;
 * the disk and the clock are the simulator's. */
#include "server/pki.h"

#include <stdlib.h>

#include "api/csr.h"
#include "base/base64.h"
#include "base/env_sim_disk.h"
#include "net/crypto.h"
#include "net/tls.h"
#include "net/x509.h"
#include "tap.h"

#define NOW  1800000000LL
#define YEAR (365LL * 24 * 3600)
#define DIR  "/var/lib/x/pki"
#define FILE "/etc/x/kubeconfig.yaml"
#define URL  "https://127.0.0.1:6443"

struct world {
    struct env_sim sim;
    struct arena a;
    struct err e;
    struct pki *pki;
};

static void world_init(struct world *w, const char *dir) {
    *w = (struct world){0};
    env_sim_init(&w->sim, tap_seed());
    w->sim.now_wall = NOW * NSEC_PER_SEC;
    arena_init(&w->a, 0);
    REQUIRE(pki_open(&w->sim.env, dir, &w->e, &w->pki) == 0);
}

static void world_done(struct world *w) {
    pki_free(w->pki);
    arena_done(&w->a);
    env_sim_done(&w->sim);
}

static void reopen(struct world *w) {
    w->pki = pki_free(w->pki);
    REQUIRE(pki_open(&w->sim.env, DIR, &w->e, &w->pki) == 0);
}

static str file(struct world *w, const char *path) {
    struct buf b;
    buf_init(&b, 0);
    REQUIRE(w->sim.env.ops->disk.read(&w->sim.env, path, 1 << 20, &b) == 0);
    str s = str_dup(&w->a, buf_str(&b));
    buf_done(&b);
    return s;
}

static struct identity identity_of(struct world *w, enum role role) {
    struct identity id = {0};
    const struct signer_channel who = {.role = role,
                                       .node = role == ROLE_KUBELET ? "n1" : NULL,
                                       .addresses = "host.example,192.0.2.1,,fd00::1"};
    REQUIRE(pki_identity(w->pki, &w->a, &who, &w->e, &id) == 0);
    id.client_ca = str_dup(&w->a, id.client_ca); /* beyond the life of w->pki */
    id.server_ca = str_dup(&w->a, id.server_ca);
    return id;
}

/* The names are exactly these, the CA is the one given and not the other, the key is its own. */
static void check_cert(struct world *w, str cert, str key, str ca, str other_ca, const char *cn,
                       const char *org, bool server) {
    str orgs = str_of(org);
    struct x509_request want = {.cn = str_of(cn),
                                .orgs = &orgs,
                                .n_orgs = org ? 1 : 0,
                                .server_auth = server,
                                .client_auth = !server};
    struct tls_config *tls = NULL;
    CHECK(x509_cert_covers(cert, ca, &want));
    CHECK(!x509_cert_covers(cert, other_ca, &want));
    want.client_auth = want.server_auth = true;
    CHECK(!x509_cert_covers(cert, ca, &want)); /* one use, not both */
    want.client_auth = want.server_auth = false;
    want.ca = true;
    CHECK(!x509_cert_covers(cert, ca, &want));
    CHECK_INT(
        tls_config_new(&(struct tls_options){.cert_pem = cert, .key_pem = key}, true, &w->e, &tls),
        0);
    tls_config_unref(tls);
    int64_t from, to;
    CHECK_INT(x509_cert_times(cert, &from, &to), 0);
    CHECK_INT(from, 0); /* for machines without a clock that runs */
    CHECK_INT(to, NOW + YEAR);
}

static bool names(str cert, str ca, const char *cn, const char *org, str dns, str ip) {
    str orgs = str_of(org);
    return x509_cert_covers(cert, ca,
                            &(struct x509_request){.cn = str_of(cn),
                                                   .orgs = &orgs,
                                                   .n_orgs = org ? 1 : 0,
                                                   .dns = &dns,
                                                   .n_dns = dns.n > 0,
                                                   .ips = &ip,
                                                   .n_ips = ip.n > 0});
}

TEST(pki_clients_get_their_user_and_no_group) {
    struct world w;
    world_init(&w, NULL);
    struct identity api = identity_of(&w, ROLE_APISERVER);
    static const struct {
        enum role role;
        const char *user;
    } clients[] = {{ROLE_CONTROLLERS, "system:kube-controller-manager"},
                   {ROLE_SCHEDULER, "system:kube-scheduler"}};
    for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
        struct identity id = identity_of(&w, clients[i].role);
        check_cert(&w, id.client_cert, id.client_key, api.client_ca, id.server_ca, clients[i].user,
                   NULL, false);
        CHECK(id.server_ca.n > 0);
        CHECK(!id.serving_cert.n && !id.serving_key.n && !id.kubelet_cert.n && !id.kubelet_key.n);
        CHECK(!id.token_key.n && !id.serving_key.n && str_eq(id.client_ca, api.client_ca));
        CHECK_INT(id.renew_at, NOW + YEAR / 3 * 2);
    }
    world_done(&w);
}

TEST(pki_the_kubelet_gets_its_node) {
    struct world w;
    world_init(&w, NULL);
    struct identity api = identity_of(&w, ROLE_APISERVER), id = identity_of(&w, ROLE_KUBELET);
    check_cert(&w, id.client_cert, id.client_key, api.client_ca, id.server_ca, "system:node:n1",
               "system:nodes", false);
    check_cert(&w, id.serving_cert, id.serving_key, api.kubelet_ca, id.server_ca, "system:node:n1",
               "system:nodes", true);
    CHECK(!id.kubelet_cert.n && !id.kubelet_key.n && !id.token_key.n);
    CHECK(str_eq(id.client_ca, api.client_ca));
    static const char *const dns[] = {"n1", "host.example"}, *const ips[] = {"192.0.2.1",
                                                                             "fd00::1"};
    for (int i = 0; i < 2; i++)
        CHECK(names(id.serving_cert, api.kubelet_ca, "system:node:n1", "system:nodes",
                    str_of(dns[i]), str_of(ips[i])));
    CHECK(!names(id.serving_cert, api.kubelet_ca, "system:node:n1", "system:nodes",
                 STR("kubernetes"), STR_NONE));
    CHECK(!names(id.serving_cert, api.kubelet_ca, "system:node:n1", "system:nodes", STR_NONE,
                 STR("192.0.2.2")));
    world_done(&w);
}

TEST(pki_the_api_server_gets_its_names) {
    struct world w;
    world_init(&w, NULL);
    struct identity id = identity_of(&w, ROLE_APISERVER);
    CHECK(id.client_ca.n && !str_eq(id.client_ca, id.server_ca));
    check_cert(&w, id.serving_cert, id.serving_key, id.server_ca, id.client_ca, "kube-apiserver",
               NULL, true);
    check_cert(&w, id.kubelet_cert, id.kubelet_key, id.client_ca, id.server_ca,
               "kube-apiserver-kubelet-client", "coxswain:kubelet-clients", false);
    check_cert(&w, id.proxy_cert, id.proxy_key, id.proxy_ca, id.client_ca, PKI_PROXY_CN, NULL,
               false);
    /* A machine that joins finds the CA behind the certificate. */
    CHECK(str_find(id.serving_cert, id.server_ca) > 0);
    static const char *const dns[] = {"kubernetes",
                                      "kubernetes.default",
                                      "kubernetes.default.svc",
                                      "kubernetes.default.svc.cluster.local",
                                      "localhost",
                                      "host.example"};
    static const char *const ips[] = {"127.0.0.1", "::1", "192.0.2.1", "fd00::1"};
    for (size_t i = 0; i < ARRAY_LEN(dns); i++)
        CHECK(
            names(id.serving_cert, id.server_ca, "kube-apiserver", NULL, str_of(dns[i]), STR_NONE));
    for (size_t i = 0; i < ARRAY_LEN(ips); i++)
        CHECK(
            names(id.serving_cert, id.server_ca, "kube-apiserver", NULL, STR_NONE, str_of(ips[i])));
    CHECK(!names(id.serving_cert, id.server_ca, "kube-apiserver", NULL, STR("n1"), STR_NONE));
    CHECK(!id.client_cert.n && !id.client_key.n);
    world_done(&w);
}

static str node_request(struct world *w, const char *cn, const char *org, const char *dns) {
    struct x509_key *k;
    str pem, o = str_of(org), d = str_of(dns);
    REQUIRE(x509_key_new(&k) == 0);
    REQUIRE(
        x509_csr_new(
            &w->a,
            &(struct x509_request){
                .cn = str_of(cn), .orgs = &o, .n_orgs = o.n > 0, .dns = &d, .n_dns = dns ? 1 : 0},
            k, &pem) == 0);
    x509_key_free(k);
    return pem;
}

/* Whatever approved it: the signer's own rules stand. */
TEST(pki_signs_for_nodes_and_nobody_else) {
    static const char client[] = "kubernetes.io/kube-apiserver-client-kubelet",
                      serving[] = "kubernetes.io/kubelet-serving";
    static const struct {
        const char *signer, *cn, *org, *dns;
        bool ok;
    } cases[] = {
        {client, "system:node:n2", "system:nodes", NULL, true},
        {serving, "system:node:n2", "system:nodes", "n2", true},
        {client, "system:node:n2", "system:nodes", "n2", false},
        {serving, "system:node:n2", "system:nodes", NULL, false},
        {client, "system:node:n2", "system:masters", NULL, false},
        {client, "system:admin", "system:nodes", NULL, false},
        {client, "system:node:", "system:nodes", NULL, false},
        {client, "system:node:a/b", "system:nodes", NULL, false},
        {"kubernetes.io/legacy-unknown", "system:node:n2", "system:nodes", NULL, false},
    };
    struct world w;
    world_init(&w, NULL);
    struct identity api = identity_of(&w, ROLE_APISERVER);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str pem, csr = node_request(&w, cases[i].cn, cases[i].org, cases[i].dns);
        bool server = cases[i].signer == serving;
        struct csr_order o = {.signer = str_of(cases[i].signer),
                              .pem = csr,
                              .usages = CSR_SIGNATURE | (server ? CSR_SERVER : CSR_CLIENT),
                              .seconds = i ? 0 : 3600};
        int r = pki_sign(w.pki, &w.a, &o, 0, &w.e, &pem);
        CHECK_INT(r, cases[i].ok ? 0 : -EINVAL);
        if (r < 0)
            continue;
        str ca = server ? api.kubelet_ca : api.client_ca, org = STR("system:nodes");
        struct x509_request want = {.cn = STR("system:node:n2"),
                                    .orgs = &org,
                                    .n_orgs = 1,
                                    .server_auth = server,
                                    .client_auth = !server};
        int64_t from, to;
        CHECK(x509_cert_covers(pem, ca, &want));
        CHECK(!x509_cert_covers(pem, api.server_ca, &want)); /* no API server */
        CHECK(str_find(pem, ca) > 0);
        CHECK_INT(x509_cert_times(pem, &from, &to), 0);
        CHECK_INT(from, 0);
        CHECK_INT(to, NOW + (i ? YEAR : 3600));
    }
    struct csr_order junk = {
        .signer = str_of(client), .pem = STR("junk"), .usages = CSR_SIGNATURE | CSR_CLIENT};
    CHECK_INT(pki_sign(w.pki, &w.a, &junk, 0, &w.e, &(str){0}), -EINVAL);
    world_done(&w);
}

/* Of other clients: whoever they say they are, approved as they were. */
TEST(pki_signs_for_clients) {
    static const struct {
        unsigned usages;
        int64_t seconds, most, good_for; /* 0: refused */
        const char *org;
    } cases[] = {
        {CSR_SIGNATURE | CSR_CLIENT, 0, 0, YEAR, "devs"},
        {CSR_CLIENT | CSR_ENCIPHER, 3600, 0, 3600 + CSR_BACKDATE, "devs"},
        {CSR_CLIENT, 60, 0, CSR_SECONDS_MIN + CSR_BACKDATE, NULL},
        {CSR_CLIENT, 2 * YEAR, 0, YEAR, "devs"},
        {CSR_CLIENT, 0, 86400, 86400, "devs"},
        {CSR_SIGNATURE, 0, 0, 0, "devs"},
        {CSR_CLIENT | CSR_SERVER, 0, 0, 0, "devs"},
        {CSR_CLIENT | CSR_OTHER, 0, 0, 0, "devs"},
        {CSR_CLIENT, 0, 0, 0, "system:masters"},
    };
    struct world w;
    world_init(&w, NULL);
    str ca = identity_of(&w, ROLE_APISERVER).client_ca;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str pem, csr = node_request(&w, "jane", cases[i].org, "jane.example"),
                 org = str_of(cases[i].org), dns = STR("jane.example");
        struct csr_order o = {.signer = STR(SIGNER_CLIENT),
                              .pem = csr,
                              .usages = cases[i].usages,
                              .seconds = cases[i].seconds};
        int r = pki_sign(w.pki, &w.a, &o, cases[i].most, &w.e, &pem);
        CHECK_INT(r, cases[i].good_for ? 0 : -EINVAL);
        if (r < 0)
            continue;
        struct x509_request want = {.cn = STR("jane"),
                                    .orgs = &org,
                                    .n_orgs = org.n > 0,
                                    .dns = &dns,
                                    .n_dns = 1,
                                    .client_auth = true};
        int64_t from, to;
        CHECK(x509_cert_covers(pem, ca, &want));
        CHECK_INT(x509_cert_times(pem, &from, &to), 0);
        CHECK_INT(from, NOW - CSR_BACKDATE);
        CHECK_INT(to - from, cases[i].good_for);
    }
    world_done(&w);
}

/* The token key signs what its public half verifies; it is no CA's. */
TEST(pki_the_token_key_signs) {
    struct world w;
    struct x509_key *k;
    str token, claims;
    world_init(&w, NULL);
    struct identity id = identity_of(&w, ROLE_APISERVER);
    REQUIRE(x509_key_read(id.token_key, &w.e, &k) == 0);
    str public = x509_key_public_pem(&w.a, k);
    REQUIRE(jwt_sign(&w.a, k, STR("k"), STR("{}"), &token) == 0);
    CHECK_INT(jwt_verify(&w.a, token, &public, 1, &w.e, &claims), 0);
    CHECK(!str_eq(id.token_key, id.serving_key) && !str_eq(id.token_key, id.kubelet_key));
    x509_key_free(k);
    world_done(&w);
}

/* A new key is made where the old one was put aside, whose tokens stay good. */
TEST(pki_token_keys_that_were_put_aside) {
    struct world w;
    world_init(&w, DIR);
    str old = identity_of(&w, ROLE_APISERVER).token_key;
    const struct env_disk_ops *disk = &w.sim.env.ops->disk;
    REQUIRE(disk->write(&w.sim.env, DIR "/sa-old.pem", old, 0600) == 0);
    REQUIRE(disk->unlink(&w.sim.env, DIR "/sa.key") == 0);
    reopen(&w);
    struct jwt_keys keys, before;
    REQUIRE(jwt_keys_read(&w.a, identity_of(&w, ROLE_APISERVER).token_key, &w.e, &keys) == 0);
    REQUIRE(jwt_keys_read(&w.a, old, &w.e, &before) == 0);
    CHECK_INT(keys.n, 2);
    CHECK_INT(before.n, 1);
    CHECK_STR(keys.v[1], before.v[0]);
    REQUIRE(disk->write(&w.sim.env, DIR "/sa-old.pem", STR("none"), 0600) == 0);
    struct pki *p;
    CHECK_INT(pki_open(&w.sim.env, DIR, &w.e, &p), -EINVAL);
    CHECK_STRC(str_of(w.e.text), DIR "/sa-old.pem: no key is in it");
    world_done(&w);
}

/* Hosts that are named like numbers are names; node names may be longer than the 64 bytes that
 * X.520 gives a common name. */
TEST(pki_unusual_node_names) {
    static const char *const nodes[] = {"1", "42", "1.2", "cafe",
                                        "a-name-that-is-longer-than-a-"
                                        "common-name-may-be-in-x520.of."
                                        "a-node.example"};
    struct world w;
    world_init(&w, NULL);
    struct identity api = identity_of(&w, ROLE_APISERVER);
    for (size_t i = 0; i < ARRAY_LEN(nodes); i++) {
        struct identity id = {0};
        str cn = str_printf(&w.a, "system:node:%s", nodes[i]);
        int r = pki_identity(w.pki, &w.a,
                             &(struct signer_channel){.role = ROLE_KUBELET, .node = nodes[i]}, &w.e,
                             &id);
        CHECK_INT(r, 0);
        if (r < 0) {
            tap_diag("%s: %s", nodes[i], w.e.text);
            continue;
        }
        check_cert(&w, id.client_cert, id.client_key, api.client_ca, id.server_ca, cn.p,
                   "system:nodes", false);
        CHECK(names(id.serving_cert, api.kubelet_ca, cn.p, "system:nodes", str_of(nodes[i]),
                    STR_NONE));
    }
    world_done(&w);
}

TEST(pki_no_identity_without_a_name) {
    struct world w;
    struct identity id = {.renew_at = -1};
    world_init(&w, NULL);
    CHECK_INT(pki_identity(w.pki, &w.a, &(struct signer_channel){.role = ROLE_KUBELET}, &w.e, &id),
              -EINVAL);
    CHECK_STRC(str_of(w.e.text), "a kubelet's identity needs the name of its node");
    CHECK_INT(pki_identity(w.pki, &w.a, &(struct signer_channel){.role = ROLE_MAX}, &w.e, &id),
              -EINVAL);
    CHECK_INT(id.renew_at, -1);
    world_done(&w);
}

/* ---- what is kept ---- */

static const char *const kept[] = {DIR "/client-ca.crt", DIR "/client-ca.key", DIR "/server-ca.crt",
                                   DIR "/server-ca.key", DIR "/sa.key"};

TEST(pki_kept_files_are_used_again) {
    struct world w;
    str before[ARRAY_LEN(kept)];
    world_init(&w, DIR);
    struct identity old = identity_of(&w, ROLE_APISERVER);
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        before[i] = file(&w, kept[i]);
    reopen(&w);
    struct identity id = identity_of(&w, ROLE_APISERVER);
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        CHECK_STR(file(&w, kept[i]), before[i]);
    CHECK(str_eq(id.client_ca, old.client_ca) && str_eq(id.server_ca, old.server_ca));
    CHECK(str_eq(id.token_key, old.token_key));
    CHECK(!str_eq(id.serving_key, old.serving_key)); /* keys of leaves are new each time */
    check_cert(&w, id.serving_cert, id.serving_key, old.server_ca, old.client_ca, "kube-apiserver",
               NULL, true);
    world_done(&w);
}

TEST(pki_survives_a_power_cut) {
    struct world w;
    world_init(&w, DIR);
    struct identity old = identity_of(&w, ROLE_APISERVER);
    env_sim_crash(&w.sim);
    reopen(&w);
    CHECK(str_eq(identity_of(&w, ROLE_APISERVER).client_ca, old.client_ca));
    world_done(&w);
}

/* Cut off before any write of its first start, the next one makes what is missing, and all fits. */
TEST(pki_first_start_cut_anywhere) {
    for (int64_t cut = 0; cut < (int64_t)ARRAY_LEN(kept); cut++) {
        struct world w = {0};
        env_sim_init(&w.sim, tap_seed() + (uint64_t)cut);
        w.sim.now_wall = NOW * NSEC_PER_SEC;
        arena_init(&w.a, 0);
        w.sim.disk->write_fault = (struct fault){.countdown = cut, .repeat = 1, .error = -EIO};
        CHECK_INT(pki_open(&w.sim.env, DIR, &w.e, &w.pki), -EIO);
        CHECK(str_starts(str_of(w.e.text), STR(DIR "/")));
        env_sim_crash(&w.sim);
        reopen(&w);
        struct identity api = identity_of(&w, ROLE_APISERVER), id = identity_of(&w, ROLE_KUBELET);
        check_cert(&w, id.client_cert, id.client_key, api.client_ca, id.server_ca, "system:node:n1",
                   "system:nodes", false);
        world_done(&w);
    }
}

static int reopen_without(const char *path, str instead, struct err *e) {
    struct world w;
    struct pki *p = NULL;
    world_init(&w, DIR);
    struct env *env = &w.sim.env;
    if (instead.p)
        REQUIRE(env->ops->disk.write(env, path, instead, 0600) == 0);
    else
        REQUIRE(env->ops->disk.unlink(env, path) == 0);
    *e = (struct err){0};
    int r = pki_open(env, DIR, e, &p);
    pki_free(p);
    world_done(&w);
    return r;
}

/* A CA's certificate without its key is somebody's mistake: a new key would not fit it. */
TEST(pki_damaged_files_are_not_replaced) {
    struct err e;
    CHECK_INT(reopen_without(DIR "/client-ca.key", STR_NONE, &e), -ENOKEY);
    CHECK_STRC(str_of(e.text), DIR "/client-ca.key is missing, but not client-ca.crt");
    CHECK_INT(reopen_without(DIR "/server-ca.key", STR_NONE, &e), -ENOKEY);
    CHECK_INT(reopen_without(DIR "/client-ca.crt", STR_NONE, &e), 0);
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        CHECK(reopen_without(kept[i], STR("garbage"), &e) < 0);
        CHECK(str_starts(str_of(e.text), str_of(kept[i])));
    }
}

TEST(pki_read_errors_are_not_first_starts) {
    struct world w;
    struct pki *p = NULL;
    world_init(&w, DIR);
    str before = file(&w, kept[0]);
    w.sim.disk->read_fault = (struct fault){.repeat = -1, .error = -EIO};
    CHECK_INT(pki_open(&w.sim.env, DIR, &w.e, &p), -EIO);
    w.sim.disk->read_fault = FAULT_NONE;
    CHECK_STR(file(&w, kept[0]), before);
    world_done(&w);
}

/* ---- the administrator ---- */

static str field(struct world *w, str text, const char *name) {
    str mark = str_printf(&w->a, " %s: ", name), ret = STR_NONE;
    ssize_t at = str_find(text, mark);
    REQUIRE(at >= 0);
    str rest = str_slice(text, (size_t)at + mark.n, text.n);
    REQUIRE(base64_decode_in(&w->a, str_cut(&rest, '\n'), 0, &ret) == 0);
    return ret;
}

static str write_config(struct world *w, const char *url) {
    w->e.text[0] = '\0';
    CHECK_INT(pki_admin_kubeconfig(w->pki, FILE, str_of(url), &w->e), 0);
    return file(w, FILE);
}

TEST(pki_kubeconfig_is_the_administrators) {
    struct world w;
    world_init(&w, DIR);
    struct identity api = identity_of(&w, ROLE_APISERVER);
    str text = write_config(&w, URL);
    CHECK(str_find(text, STR("    server: " URL "\n")) > 0);
    CHECK(str_eq(field(&w, text, "certificate-authority-data"), api.server_ca));
    check_cert(&w, field(&w, text, "client-certificate-data"), field(&w, text, "client-key-data"),
               api.client_ca, api.server_ca, "coxswain:admin", "system:masters", false);
    world_done(&w);
}

TEST(pki_kubeconfig_is_left_alone_while_fit) {
    struct world w;
    world_init(&w, DIR);
    str first = write_config(&w, URL);
    CHECK(str_eq(write_config(&w, URL), first));
    reopen(&w);
    CHECK(str_eq(write_config(&w, URL), first));
    env_sim_advance(&w.sim, (YEAR / 3 * 2 - 60) * NSEC_PER_SEC);
    CHECK(str_eq(write_config(&w, URL), first));
    env_sim_advance(&w.sim, 120 * NSEC_PER_SEC);
    CHECK(!str_eq(write_config(&w, URL), first)); /* a third of its time is left: renewed */
    world_done(&w);
}

TEST(pki_kubeconfig_is_rewritten_when_the_server_moves) {
    struct world w;
    world_init(&w, DIR);
    str first = write_config(&w, URL), second = write_config(&w, URL "3");
    CHECK(str_find(second, STR("server: " URL "3\n")) > 0);
    str third = write_config(&w, URL); /* a prefix of the one before */
    CHECK(str_find(third, STR("server: " URL "\n")) > 0);
    CHECK(!str_eq(first, third));
    world_done(&w);
}

static void check_rewritten_without(const char *const *files, size_t n) {
    struct world w;
    world_init(&w, DIR);
    str first = write_config(&w, URL);
    for (size_t i = 0; i < n; i++)
        REQUIRE(w.sim.env.ops->disk.unlink(&w.sim.env, files[i]) == 0);
    reopen(&w);
    CHECK(!str_eq(write_config(&w, URL), first));
    world_done(&w);
}

TEST(pki_kubeconfig_is_rewritten_with_a_new_ca) {
    check_rewritten_without(kept, 2);
    check_rewritten_without(kept + 2, 2);
}

TEST(pki_kubeconfig_damaged_is_rewritten) {
    static const char *const damaged[] = {
        "", "garbage", "server: " URL "\n", "    client-certificate-data: \n",
        "    client-certificate-data: !!!\n    server: " URL "\n"};
    struct world w;
    world_init(&w, DIR);
    write_config(&w, URL);
    for (size_t i = 0; i < ARRAY_LEN(damaged); i++) {
        REQUIRE(w.sim.env.ops->disk.write(&w.sim.env, FILE, str_of(damaged[i]), 0600) == 0);
        str text = write_config(&w, URL);
        CHECK(str_find(text, STR("current-context: coxswain\n")) > 0);
        field(&w, text, "client-key-data");
    }
    world_done(&w);
}

/* Of a start that was killed while it wrote; what only looks like it stays. */
TEST(pki_kubeconfig_leftovers_go) {
    static const char *const files[] = {
        "/etc/x/.kubeconfig.yaml.0123456789abcdef", "/etc/x/.kubeconfig.yaml.0123456789abcdeg",
        "/etc/x/.kubeconfig.yaml.0123", "/etc/x/.other.0123456789abcdef"};
    struct world w;
    world_init(&w, DIR);
    struct env *env = &w.sim.env;
    REQUIRE(env->ops->disk.mkdir(env, "/etc/x", 0755) == 0);
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        REQUIRE(env->ops->disk.write(env, files[i], STR("x"), 0600) == 0);
    CHECK_INT(pki_admin_kubeconfig(w.pki, FILE, STR(URL), &w.e), 0);
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        CHECK_INT(env->ops->disk.exists(env, files[i]), i > 0);
    world_done(&w);
}

TEST(pki_kubeconfig_that_cannot_be_written) {
    struct world w;
    world_init(&w, DIR);
    w.sim.disk->write_fault = (struct fault){.repeat = -1, .error = -ENOSPC};
    CHECK_INT(pki_admin_kubeconfig(w.pki, FILE, STR(URL), &w.e), -ENOSPC);
    CHECK_STRC(str_of(w.e.text), FILE ": No space left on device");
    w.sim.disk->write_fault = FAULT_NONE;
    world_done(&w);
}
