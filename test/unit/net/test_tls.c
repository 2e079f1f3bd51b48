// SPDX-License-Identifier: Apache-2.0
/* TLS streams, over the simulated network (partial reads and writes) and over loopback. */
#include "net/client.h"
#include "net/server.h"
#include "net/tls.h"
#include "net/x509.h"
#include "net_test.h"

#define PAIRS_MAX 200

struct end {
    struct fixture *f;
    bool done;
    int r;
    struct tls_handshake *shake;
    struct raw raw;
    char why[256];
};

struct fixture {
    struct world w;      /* simulated, or */
    struct env real_env; /* real */
    bool real;
    struct loop *l;
    struct arena a;
    struct x509_key *ca_key, *other_key;
    str ca, other_ca, cert, key, client_cert, client_key, stranger_cert, stranger_key;
    struct tls_config *server, *client;
    struct listener *listener;
    struct end served[PAIRS_MAX], called[PAIRS_MAX];
    unsigned n_served, n_done, n_called_done;
    /* handshakes done in the current turn of the loop, and the most in any */
    unsigned in_turn, most_in_turn;
};

static str issue(struct fixture *f, const char *cn, const char *org, bool server, str ca,
                 const struct x509_key *ca_key, str *ret_key) {
    struct x509_key *k;
    struct err e = {0};
    str pem = STR_NONE, o = str_of(org), dns = STR("server"), ip = STR("127.0.0.1");
    int64_t now = loop_wall(f->l) / NSEC_PER_SEC;
    struct x509_request r = {
        .cn = str_of(cn),
        .orgs = &o,
        .n_orgs = org ? 1 : 0,
        .server_auth = server,
        .client_auth = !server,
        .not_before = now - 3600,
        .not_after = now + 3600,
    };
    if (server) {
        r.dns = &dns;
        r.ips = &ip;
        r.n_dns = r.n_ips = 1;
    }
    REQUIRE(x509_key_new(&k) == 0);
    REQUIRE(x509_issue(&f->a, &r, k, ca, ca_key, &e, &pem) == 0);
    *ret_key = x509_key_pem(&f->a, k);
    x509_key_free(k);
    return pem;
}

static str make_ca(struct fixture *f, struct x509_key **ret) {
    str pem;
    struct err e;
    int64_t now = loop_wall(f->l) / NSEC_PER_SEC;
    struct x509_request r = {
        .cn = STR("ca"), .ca = true, .not_before = now - 3600, .not_after = now + 36000};
    REQUIRE(x509_key_new(ret) == 0);
    REQUIRE(x509_issue(&f->a, &r, *ret, STR_NONE, NULL, &e, &pem) == 0);
    return pem;
}

static void start(struct fixture *f, bool real) {
    memset(f, 0, sizeof(*f));
    f->real = real;
    if (real) {
        env_real_init(&f->real_env, "test");
        loop_env_real(&f->real_env);
        REQUIRE(loop_new(&f->real_env, &f->l) == 0);
    } else {
        world_init(&f->w);
        f->l = f->w.l;
    }
    arena_init(&f->a, 0);
    f->ca = make_ca(f, &f->ca_key);
    f->other_ca = make_ca(f, &f->other_key);
    f->cert = issue(f, "server", NULL, true, f->ca, f->ca_key, &f->key);
    f->client_cert = issue(f, "alice", "dev", false, f->ca, f->ca_key, &f->client_key);
    f->stranger_cert =
        issue(f, "mallory", "system:masters", false, f->other_ca, f->other_key, &f->stranger_key);
}

static void stop(struct fixture *f) {
    for (unsigned i = 0; i < PAIRS_MAX; i++) {
        if (f->served[i].shake)
            tls_cancel(f->served[i].shake);
        if (f->called[i].shake)
            tls_cancel(f->called[i].shake);
        raw_done(&f->served[i].raw);
        raw_done(&f->called[i].raw);
    }
    listener_close(f->listener);
    tls_config_unref(f->server);
    tls_config_unref(f->client);
    x509_key_free(f->ca_key);
    x509_key_free(f->other_key);
    arena_done(&f->a);
    if (f->real) {
        loop_free(f->l);
        loop_env_done(&f->real_env);
    } else {
        world_done(&f->w);
    }
}

static void serve_with(struct fixture *f, const struct tls_options *o) {
    struct err e = {0};
    REQUIRE(tls_config_new(o, true, &e, &f->server) == 0);
}

static void call_with(struct fixture *f, const struct tls_options *o) {
    struct err e = {0};
    REQUIRE(tls_config_new(o, false, &e, &f->client) == 0);
}

static void shaken(struct end *x, int r, struct stream *s, const struct err *e) {
    x->shake = NULL;
    x->done = true;
    x->r = r;
    if (r < 0)
        snprintf(x->why, sizeof(x->why), "%.200s", e->text);
    else
        raw_use(&x->raw, x->f->l, s);
}

static void server_shaken(void *ctx, int r, struct stream *s, const struct err *e) {
    struct end *x = ctx;
    shaken(x, r, s, e);
    x->f->n_done++;
    x->f->most_in_turn = MAX(x->f->most_in_turn, x->f->in_turn + 1);
    x->f->in_turn++;
}

static void client_shaken(void *ctx, int r, struct stream *s, const struct err *e) {
    struct end *x = ctx;
    shaken(x, r, s, e);
    x->f->n_called_done++;
}

static void on_accepted(struct listener *l, struct stream *s) {
    struct fixture *f = l->ctx;
    struct end *x = &f->served[f->n_served++];
    x->f = f;
    x->shake = tls_start(f->server, s, NULL, server_shaken, x);
}

static void listen_on(struct fixture *f) {
    struct err e;
    REQUIRE(transport_listen(f->l, f->real ? "tcp:127.0.0.1:0" : "sim:tls", &e, &f->listener) == 0);
    f->listener->accepted = on_accepted;
    f->listener->ctx = f;
}

static void client_connected(void *ctx, int r, struct stream *s) {
    struct end *x = ctx;
    x->raw.connect = NULL;
    REQUIRE(r == 0);
    x->shake = tls_start(x->f->client, s, "server", client_shaken, x);
}

static void call(struct fixture *f, unsigned i) {
    struct end *x = &f->called[i];
    x->f = f;
    x->raw.l = f->l;
    x->raw.timer.fire = raw_timer;
    REQUIRE(transport_connect(f->l, f->listener->address, client_connected, x, &x->raw.connect) ==
            0);
}

static bool first_done(void *ctx) {
    struct fixture *f = ctx;
    return f->served[0].done && f->called[0].done;
}

static struct tls_options server_options(struct fixture *f) {
    return (struct tls_options){.cert_pem = f->cert, .key_pem = f->key, .ca_pem = f->ca};
}

/* One handshake with these options. */
static void shake_hands(struct fixture *f, const struct tls_options *server,
                        const struct tls_options *client) {
    serve_with(f, server);
    call_with(f, client);
    listen_on(f);
    call(f, 0);
    CHECK(loop_run_until(f->l, first_done, f, 5 * NSEC_PER_SEC));
}

static bool quiet(void *ctx) {
    return false;
}

static void talk_both_ways(bool real) {
    static struct fixture f;
    start(&f, real);
    struct tls_options s = server_options(&f);
    struct tls_options c = {.ca_pem = f.ca, .cert_pem = f.client_cert, .key_pem = f.client_key};
    s.alpn = (const char *const[]){"h2", "http/1.1", NULL};
    c.alpn = (const char *const[]){"spdy", "http/1.1", NULL};
    shake_hands(&f, &s, &c);
    REQUIRE(f.served[0].r == 0 && f.called[0].r == 0);
    const struct tls_peer *p = tls_peer(f.served[0].raw.s);
    REQUIRE(p != NULL);
    CHECK(p->verified);
    CHECK_STRC(p->cn, "alice");
    CHECK_INT(p->n_orgs, 1);
    CHECK_STRC(p->orgs[0], "dev");
    CHECK_INT(p->cert_sha256_hex.n, 64);
    CHECK(p->serial.n >= 30);
    CHECK_INT(p->not_after / 10, (loop_wall(f.l) / NSEC_PER_SEC + 3600) / 10);
    CHECK_STRC(tls_alpn(f.served[0].raw.s), "http/1.1");
    CHECK_STRC(tls_alpn(f.called[0].raw.s), "http/1.1");
    CHECK(tls_peer(f.called[0].raw.s)->verified);
    /* More than pipes and records hold, both ways at once. */
    CLEANUP(buf_done) struct buf big = {0};
    for (int i = 0; i < 300000; i++)
        buf_printf(&big, "%d,", i);
    buf_addc(&big, 0);
    raw_send(&f.called[0].raw, big.p);
    raw_send(&f.served[0].raw, big.p);
    big.n--;
    for (int i = 0; i < 200 && f.served[0].raw.in.n + f.called[0].raw.in.n < 2 * big.n; i++)
        loop_run_until(f.l, quiet, NULL, 100 * NSEC_PER_MSEC);
    CHECK(str_eq(buf_str(&f.served[0].raw.in), buf_str(&big)));
    CHECK(str_eq(buf_str(&f.called[0].raw.in), buf_str(&big)));
    /* close_notify arrives as an end */
    struct stream *cs = f.called[0].raw.s;
    cs->ops->shutdown(cs);
    loop_run_until(f.l, raw_ended, &f.served[0].raw, NSEC_PER_SEC);
    CHECK(f.served[0].raw.end);
    CHECK_INT(f.served[0].raw.error, 0);
    stop(&f);
}

TEST(both_ways_simulated) {
    talk_both_ways(false);
}
TEST(both_ways_over_loopback) {
    talk_both_ways(true);
}

TEST(an_end_without_notice_is_an_error) {
    static struct fixture f;
    start(&f, false);
    struct tls_options s = server_options(&f), c = {.ca_pem = f.ca};
    shake_hands(&f, &s, &c);
    loop_sim_cut(&f.w.sim, NULL);
    loop_run_until(f.l, raw_ended, &f.served[0].raw, NSEC_PER_SEC);
    CHECK_INT(f.served[0].raw.error, -ECONNRESET);
    CHECK(tls_peer(f.served[0].raw.s) == NULL);
    stop(&f);
}

TEST(a_strangers_certificate_is_let_through_unverified) {
    static struct fixture f;
    start(&f, false);
    struct tls_options s = server_options(&f);
    struct tls_options c = {.ca_pem = f.ca, .cert_pem = f.stranger_cert, .key_pem = f.stranger_key};
    shake_hands(&f, &s, &c);
    REQUIRE(f.served[0].r == 0);
    const struct tls_peer *p = tls_peer(f.served[0].raw.s);
    REQUIRE(p != NULL);
    CHECK(!p->verified);
    CHECK_STRC(p->cn, "mallory");
    stop(&f);
}

/* Which CA the client's certificate has, and by which group it is then verified. */
TEST(two_groups_of_cas_are_told_apart) {
    for (int stranger = 0; stranger < 2; stranger++) {
        static struct fixture f;
        start(&f, false);
        struct tls_options s = server_options(&f);
        s.other_ca_pem = f.other_ca;
        struct tls_options c = {.ca_pem = f.ca,
                                .cert_pem = stranger ? f.stranger_cert : f.client_cert,
                                .key_pem = stranger ? f.stranger_key : f.client_key};
        shake_hands(&f, &s, &c);
        REQUIRE(f.served[0].r == 0);
        const struct tls_peer *p = tls_peer(f.served[0].raw.s);
        REQUIRE(p != NULL);
        CHECK_INT(p->verified, !stranger);
        CHECK_INT(p->verified_other, stranger);
        stop(&f);
    }
}

/* A CA of the second group that one of the first has signed makes no certificates of the first. */
TEST(a_chain_does_not_cross_groups) {
    static struct fixture f;
    start(&f, false);
    struct x509_key *middle;
    struct err e = {0};
    str middle_pem, key, pem;
    int64_t now = loop_wall(f.l) / NSEC_PER_SEC;
    struct x509_request r = {
        .cn = STR("middle"), .ca = true, .not_before = now - 3600, .not_after = now + 3600};
    REQUIRE(x509_key_new(&middle) == 0);
    REQUIRE(x509_issue(&f.a, &r, middle, f.ca, f.ca_key, &e, &middle_pem) == 0);
    pem = issue(&f, "proxy", NULL, false, middle_pem, middle, &key);
    x509_key_free(middle);
    struct tls_options s = server_options(&f);
    s.other_ca_pem = middle_pem;
    struct tls_options c = {.ca_pem = f.ca, .cert_pem = pem, .key_pem = key};
    shake_hands(&f, &s, &c);
    REQUIRE(f.served[0].r == 0);
    const struct tls_peer *p = tls_peer(f.served[0].raw.s);
    REQUIRE(p != NULL);
    CHECK(!p->verified);
    CHECK(p->verified_other);
    stop(&f);
}

TEST(an_expired_certificate_is_not_verified) {
    static struct fixture f;
    start(&f, false);
    pass(&f.w, 3700 * NSEC_PER_SEC);
    f.cert = issue(&f, "server", NULL, true, f.ca, f.ca_key, &f.key);
    struct tls_options s = server_options(&f);
    struct tls_options c = {.ca_pem = f.ca, .cert_pem = f.client_cert, .key_pem = f.client_key};
    shake_hands(&f, &s, &c);
    REQUIRE(f.served[0].r == 0);
    CHECK(!tls_peer(f.served[0].raw.s)->verified);
    stop(&f);
}

TEST(a_server_certificate_is_no_client_certificate) {
    static struct fixture f;
    start(&f, false);
    struct tls_options s = server_options(&f);
    struct tls_options c = {.ca_pem = f.ca, .cert_pem = f.cert, .key_pem = f.key};
    shake_hands(&f, &s, &c);
    REQUIRE(f.served[0].r == 0);
    CHECK(!tls_peer(f.served[0].raw.s)->verified);
    stop(&f);
}

TEST(certificates_may_be_required) {
    static struct fixture f;
    start(&f, false);
    struct tls_options s = server_options(&f), c = {.ca_pem = f.ca};
    s.require_peer_cert = true;
    shake_hands(&f, &s, &c);
    CHECK(f.served[0].r < 0);
    stop(&f);
    start(&f, false);
    s = server_options(&f);
    s.require_peer_cert = true;
    c = (struct tls_options){
        .ca_pem = f.ca, .cert_pem = f.stranger_cert, .key_pem = f.stranger_key};
    shake_hands(&f, &s, &c);
    CHECK(f.served[0].r < 0);
    stop(&f);
}

TEST(clients_verify_servers) {
    static struct fixture f;
    start(&f, false);
    struct tls_options s = server_options(&f), c = {.ca_pem = f.other_ca};
    shake_hands(&f, &s, &c);
    CHECK_INT(f.called[0].r, -EPROTO);
    CHECK(has_text(str_of(f.called[0].why), "certificate"));
    stop(&f);
    start(&f, false);
    s = server_options(&f);
    s.cert_pem = issue(&f, "server", NULL, false, f.ca, f.ca_key, &s.key_pem);
    c = (struct tls_options){.ca_pem = f.ca};
    shake_hands(&f, &s, &c); /* signed by the right CA, but names no host */
    CHECK_INT(f.called[0].r, -EPROTO);
    stop(&f);
    start(&f, false);
    s = server_options(&f);
    c = (struct tls_options){.insecure = true};
    shake_hands(&f, &s, &c);
    CHECK_INT(f.called[0].r, 0);
    CHECK(!tls_peer(f.called[0].raw.s)->verified);
    stop(&f);
}

/* The CA is known by nothing but its hash; the server shows it behind its own certificate. */
TEST(a_pinned_ca_is_found_in_the_servers_chain) {
    enum { RIGHT, OTHER_CA, NOT_SHOWN, NO_HOST, FOREIGN_LEAF, CASES };
    for (int i = 0; i < CASES; i++) {
        static struct fixture f;
        uint8_t pin[32];
        start(&f, false);
        struct tls_options s = server_options(&f), c = {.ca_pin = pin};
        s.ca_pem = STR_NONE; /* OpenSSL would complete the chain out of it */
        REQUIRE(x509_key_sha256(i == OTHER_CA ? f.other_ca : f.ca, pin) == 0);
        if (i == NO_HOST)
            s.cert_pem = issue(&f, "server", NULL, false, f.ca, f.ca_key, &s.key_pem);
        if (i == FOREIGN_LEAF) /* shows the right CA, but was signed by another */
            s.cert_pem = issue(&f, "server", NULL, true, f.other_ca, f.other_key, &s.key_pem);
        if (i != NOT_SHOWN)
            s.cert_pem = str_concat(&f.a, s.cert_pem, f.ca);
        shake_hands(&f, &s, &c);
        CHECK_INT(f.called[0].r, i == RIGHT ? 0 : -EPROTO);
        if (i == RIGHT) {
            const struct tls_peer *p = tls_peer(f.called[0].raw.s);
            CHECK(p->verified);
            CHECK(str_eq(p->ca_pem, f.ca));
        }
        stop(&f);
    }
}

/* A leaf whose key has the hash is no CA. */
TEST(a_pin_on_a_leaf_is_refused) {
    static struct fixture f;
    uint8_t pin[32];
    start(&f, false);
    struct tls_options s = server_options(&f), c = {.ca_pin = pin};
    REQUIRE(x509_key_sha256(f.cert, pin) == 0);
    shake_hands(&f, &s, &c);
    CHECK_INT(f.called[0].r, -EPROTO);
    stop(&f);
}

TEST(bad_configurations) {
    static struct fixture f;
    struct err e = {0};
    struct tls_config *c;
    start(&f, false);
    struct tls_options good = server_options(&f), o = good;
    o.key_pem = f.client_key;
    CHECK_INT(tls_config_new(&o, true, &e, &c), -EINVAL);
    CHECK(has_text(str_of(e.text), "does not fit"));
    o = good;
    o.cert_pem = STR("junk");
    CHECK(tls_config_new(&o, true, &e, &c) < 0);
    o = good;
    o.ca_pem = STR("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    CHECK(tls_config_new(&o, true, &e, &c) < 0);
    o = (struct tls_options){0};
    CHECK_INT(tls_config_new(&o, true, &e, &c), -EINVAL);
    CHECK_INT(tls_config_new(&o, false, &e, &c), -EINVAL);
    stop(&f);
}

TEST(handshakes_have_a_deadline_and_can_be_cancelled) {
    static struct fixture f;
    start(&f, false);
    struct tls_options s = server_options(&f);
    serve_with(&f, &s);
    listen_on(&f);
    struct raw r = {0}, r2 = {0}, r3 = {0};
    raw_connect(&r, f.l, f.listener->address);
    pass(&f.w, NSEC_PER_SEC);
    raw_connect(&r2, f.l, f.listener->address);
    pass(&f.w, NSEC_PER_SEC);
    raw_connect(&r3, f.l, f.listener->address);
    buf_adds(&r3.out, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    pass(&f.w, NSEC_PER_SEC);
    tls_cancel(TAKE(f.served[1].shake));
    CHECK(f.served[2].done);
    CHECK_INT(f.served[2].r, -EPROTO);
    pass(&f.w, TLS_HANDSHAKE_TIMEOUT);
    CHECK(f.served[0].done);
    CHECK_INT(f.served[0].r, -ETIMEDOUT);
    CHECK(!f.served[1].done);
    CHECK(r.end && r2.end && r3.end);
    raw_done(&r);
    raw_done(&r2);
    raw_done(&r3);
    stop(&f);
}

/* Asked once a turn. */
static bool all_done(void *ctx) {
    struct fixture *f = ctx;
    f->in_turn = 0;
    return f->n_done == PAIRS_MAX && f->n_called_done == PAIRS_MAX;
}

/* All of them come in one moment, and none is late for its turn. */
TEST(many_handshakes_are_rationed) {
    static struct fixture f;
    start(&f, false);
    *loop_sim_net(&f.w.sim) = (struct sim_net){.latency_max = 0};
    struct tls_options s = server_options(&f);
    struct tls_options c = {.ca_pem = f.ca, .cert_pem = f.client_cert, .key_pem = f.client_key};
    serve_with(&f, &s);
    call_with(&f, &c);
    listen_on(&f);
    for (unsigned i = 0; i < PAIRS_MAX; i++)
        call(&f, i);
    CHECK(loop_run_until(f.l, all_done, &f, 5 * NSEC_PER_SEC));
    for (unsigned i = 0; i < PAIRS_MAX; i++) {
        CHECK_INT(f.served[i].r, 0);
        CHECK_INT(f.called[i].r, 0);
    }
    CHECK_INT(f.most_in_turn, TLS_HANDSHAKES_TURN);
    stop(&f);
}

/* HTTP over it, whole. */
struct web {
    unsigned done, requests;
    int r, status;
    struct buf body;
    bool was_verified, want_http2;
};

static void web_handle(void *ctx, struct exchange *x) {
    struct web *w = ctx;
    w->requests++;
    CHECK(x->http2 == w->want_http2); /* as ALPN has chosen */
    w->was_verified = x->peer && x->peer->verified;
    exchange_respond(x, 200, NULL, 0, x->peer ? x->peer->cn : STR("nobody"));
}

static void web_done(void *ctx, int r, int status, const struct http_headers *h, str body,
                     bool maybe_sent) {
    struct web *w = ctx;
    w->done++;
    w->r = r;
    w->status = status;
    buf_clear(&w->body);
    buf_add(&w->body, body);
}

static bool web_is_done(void *ctx) {
    return ((struct web *)ctx)->done;
}

static void web_get(struct fixture *f, struct http_client *c, struct web *w) {
    struct http_call_options o = {
        .method = "GET", .target = STR("/"), .on_done = web_done, .ctx = w};
    w->done = 0;
    http_client_call(c, &o);
    CHECK(loop_run_until(f->l, web_is_done, w, 20 * NSEC_PER_SEC));
}

static void https(bool real, bool http2) {
    static struct fixture f;
    struct web w = {0};
    struct http_server *server;
    struct http_client *client;
    struct err e = {0};
    start(&f, real);
    struct tls_options s = server_options(&f);
    struct tls_options c = {.ca_pem = f.ca, .cert_pem = f.client_cert, .key_pem = f.client_key};
    static const char *const both[] = {"h2", "http/1.1", NULL};
    c.alpn = both;
    s.alpn = http2 ? both : both + 1;
    serve_with(&f, &s);
    call_with(&f, &c);
    w.want_http2 = http2;
    struct http_server_options so = {
        .addresses = (const char *const[]){real ? "tcp:127.0.0.1:0" : "sim:web", NULL},
        .tls = f.server,
        .handler = web_handle,
        .ctx = &w,
    };
    REQUIRE(http_server_new(f.l, &so, &e, &server) == 0);
    struct http_client_options co = {
        .address = http_server_address(server, 0), .host = "127.0.0.1:1", .tls = f.client};
    REQUIRE(http_client_new(f.l, &co, &client) == 0);
    for (int i = 0; i < 3; i++) {
        web_get(&f, client, &w);
        CHECK_INT(w.r, 0);
        CHECK_STRC(buf_str(&w.body), "alice");
        CHECK(w.was_verified);
    }
    /* Another identity, from now on. */
    struct tls_config *other;
    c.cert_pem = c.key_pem = STR_NONE;
    REQUIRE(tls_config_new(&c, false, &e, &other) == 0);
    http_client_set_tls(client, other);
    tls_config_unref(other);
    web_get(&f, client, &w);
    CHECK_STRC(buf_str(&w.body), "nobody");
    /* Another server certificate that the client does not know. */
    str key, pem = issue(&f, "server", NULL, true, f.other_ca, f.other_key, &key);
    s.cert_pem = pem;
    s.key_pem = key;
    REQUIRE(tls_config_new(&s, true, &e, &other) == 0);
    http_server_set_tls(server, other);
    tls_config_unref(other);
    web_get(&f, client, &w); /* a running session keeps what it has */
    CHECK_INT(w.r, 0);
    http_client_set_tls(client, f.client);
    web_get(&f, client, &w);
    CHECK_INT(w.r, -EPROTO);
    http_client_free(client);
    http_server_free(server);
    buf_done(&w.body);
    stop(&f);
}

TEST(https_simulated) {
    https(false, false);
    https(false, true);
}
TEST(https_over_loopback) {
    https(true, false);
    https(true, true);
}

static void keep_stream(struct listener *l, struct stream *s) {
    struct stream **kept = l->ctx;
    kept[kept[0] ? 1 : 0] = s;
}

static void never_done(void *ctx, int r, struct stream *s, const struct err *e) {
    tap_fail(__FILE__, __LINE__, "a handshake with nobody ended");
}

/* One waits for its peer, another one for its turn: that is cut off, and the turn comes. */
TEST(a_turn_that_nobody_waits_for_any_more) {
    static struct fixture f;
    struct err e = {0};
    struct listener *l;
    struct stream *kept[2] = {0};
    struct raw r[2] = {0};
    struct tls_config *c;
    start(&f, false);
    REQUIRE(transport_listen(f.l, "sim:quiet", &e, &l) == 0);
    l->accepted = keep_stream;
    l->ctx = kept;
    for (int i = 0; i < 2; i++)
        raw_connect(&r[i], f.l, "sim:quiet");
    pass(&f.w, NSEC_PER_SEC);
    REQUIRE(kept[0] && kept[1]);
    REQUIRE(tls_config_new(&(struct tls_options){.insecure = true}, false, &e, &c) == 0);
    struct tls_handshake *first = tls_start(c, kept[0], NULL, never_done, NULL);
    pass(&f.w, NSEC_PER_SEC);
    struct tls_handshake *second = tls_start(c, kept[1], NULL, never_done, NULL);
    tls_cancel(second);
    pass(&f.w, NSEC_PER_SEC);
    tls_cancel(first);
    tls_config_unref(c);
    listener_close(l);
    for (int i = 0; i < 2; i++)
        raw_done(&r[i]);
    stop(&f);
}

TEST(a_server_goes_while_handshakes_run) {
    static struct fixture f;
    struct web w = {0};
    struct http_server *server;
    struct err e = {0};
    struct raw r[5] = {0};
    start(&f, false);
    struct tls_options s = server_options(&f);
    serve_with(&f, &s);
    struct http_server_options so = {.addresses = (const char *const[]){"sim:web", NULL},
                                     .tls = f.server,
                                     .handler = web_handle,
                                     .ctx = &w};
    REQUIRE(http_server_new(f.l, &so, &e, &server) == 0);
    for (int i = 0; i < 5; i++)
        raw_connect(&r[i], f.l, "sim:web");
    pass(&f.w, NSEC_PER_SEC);
    http_server_free(server);
    pass(&f.w, NSEC_PER_SEC);
    for (int i = 0; i < 5; i++) {
        CHECK(r[i].end);
        raw_done(&r[i]);
    }
    stop(&f);
}
