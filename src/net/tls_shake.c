// SPDX-License-Identifier: Apache-2.0
/* TLS handshakes. A step of one (half a millisecond of elliptic curves) is never taken from the
 * readiness callback but from a queue that lets TLS_HANDSHAKES_TURN of them through a loop turn:
 * when a hundred thousand nodes come back at once, established connections go on being served.
 *
 * The queue is the configuration's, one for each loop that has handshakes under way, as there is
 * nothing global that it could hang on. */
#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "net/crypto.h"
#include "net/ossl.h"
#include "net/tls_impl.h"

struct tls_ration {
    struct list node;
    struct loop *loop;
    unsigned refs; /* handshakes under way */
    struct list waiting;
    struct timer turn;
};

struct tls_handshake {
    struct list node; /* in waiting */
    struct tls_session *session;
    struct tls_ration *ration;
    struct timer deadline;
    void (*done)(void *ctx, int r, struct stream *, const struct err *);
    void *ctx;
};

static void step(struct tls_handshake *h);
static void ration_leave(struct tls_config *c, struct tls_ration *q);

static void ration_turn(struct timer *t) {
    struct tls_ration *q = container_of(t, struct tls_ration, turn);
    if (list_empty(&q->waiting)) /* whoever waited was cut off, others wait for their peers */
        return;
    struct tls_handshake *first = container_of(q->waiting.next, struct tls_handshake, node);
    CLEANUP(tls_config_unrefp) struct tls_config *c = tls_config_ref(first->session->config);
    q->refs++; /* a step may end the last handshake */
    for (unsigned i = 0; i < TLS_HANDSHAKES_TURN && !list_empty(&q->waiting); i++) {
        struct list *node = q->waiting.next;
        list_remove(node);
        step(container_of(node, struct tls_handshake, node));
    }
    if (!list_empty(&q->waiting))
        timer_start(q->loop, &q->turn, 0);
    ration_leave(c, q);
}

static struct tls_ration *ration_join(struct tls_config *c, struct loop *l) {
    struct tls_ration *q = NULL;
    pthread_mutex_lock(&c->lock);
    LIST_FOREACH (node, &c->rations) {
        struct tls_ration *x = container_of(node, struct tls_ration, node);
        if (x->loop == l)
            q = x;
    }
    if (!q) {
        q = xcalloc(1, sizeof(*q));
        q->loop = l;
        q->turn.fire = ration_turn;
        list_init(&q->waiting);
        list_init(&q->node);
        list_append(&c->rations, &q->node);
    }
    q->refs++;
    pthread_mutex_unlock(&c->lock);
    return q;
}

static void ration_leave(struct tls_config *c, struct tls_ration *q) {
    pthread_mutex_lock(&c->lock);
    bool last = --q->refs == 0;
    if (last)
        list_remove(&q->node);
    pthread_mutex_unlock(&c->lock);
    if (last) {
        timer_stop(q->loop, &q->turn);
        free(q);
    }
}

static void wait_turn(struct tls_handshake *h) {
    struct tls_ration *q = h->ration;
    stream_want(h->session->under, 0);
    if (!list_empty(&h->node))
        return;
    list_append(&q->waiting, &h->node);
    if (!timer_on(&q->turn))
        timer_start(q->loop, &q->turn, 0);
}

/* Everything but the session. */
static void forget(struct tls_handshake *h) {
    timer_stop(h->ration->loop, &h->deadline);
    list_remove(&h->node);
    ration_leave(h->session->config, h->ration);
    h->session->shake = NULL;
    free(h);
}

static void fail(struct tls_handshake *h, int r, const char *why) {
    void (*done)(void *, int, struct stream *, const struct err *) = h->done;
    void *ctx = h->ctx;
    struct tls_session *s = h->session;
    struct err e = {0};
    long verify = SSL_get_verify_result(s->ssl);
    if (!s->config->server && verify != X509_V_OK && r != -ETIMEDOUT)
        err_set(&e, r, "TLS handshake: certificate: %s", X509_verify_cert_error_string(verify));
    else if (why)
        err_set(&e, r, "TLS handshake: %s", why);
    else
        ossl_error(&e, r, "TLS handshake");
    ERR_clear_error();
    forget(h);
    s->under->ops->shutdown(s->under); /* the alert still goes out */
    tls_session_free(s);
    done(ctx, r, NULL, &e);
}

/* The last of the verified chain. */
static str trusted_ca(struct arena *a, SSL *ssl) {
    STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
    int n = chain ? sk_X509_num(chain) : 0;
    CLEANUP(BIO_freep) BIO *b = n > 1 ? BIO_new(BIO_s_mem()) : NULL;
    return b && PEM_write_bio_X509(b, sk_X509_value(chain, n - 1)) ? ossl_bio_str(a, b) : STR_NONE;
}

/* As the handshake did with the CAs of the first group. */
static bool verified_by(X509_STORE *cas, X509 *cert, SSL *ssl) {
    X509_STORE_CTX *v = X509_STORE_CTX_new();
    bool ok = v && X509_STORE_CTX_init(v, cas, cert, SSL_get_peer_cert_chain(ssl)) &&
              X509_STORE_CTX_set_default(v, "ssl_client");
    if (ok) {
        X509_STORE_CTX_set_time(v, 0, X509_VERIFY_PARAM_get_time(SSL_get0_param(ssl)));
        ok = X509_verify_cert(v) == 1;
    }
    X509_STORE_CTX_free(v);
    return ok;
}

static void read_peer(struct tls_session *s) {
    X509 *cert = SSL_get0_peer_certificate(s->ssl);
    if (!cert)
        return;
    s->arena = arena_new(0);
    struct arena *a = s->arena;
    struct tls_peer *p = s->peer = arena_make(a, struct tls_peer);
    bool looked = s->config->server ? s->config->asks_cert : !s->config->insecure;
    p->verified = looked && SSL_get_verify_result(s->ssl) == X509_V_OK;
    p->verified_other = s->config->others && verified_by(s->config->others, cert, s->ssl);
    if (s->config->pinned && p->verified)
        p->ca_pem = trusted_ca(a, s->ssl);
    ossl_name(a, X509_get_subject_name(cert), &p->cn, &p->orgs, &p->n_orgs);
    ossl_time(X509_get0_notAfter(cert), &p->not_after);
    BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    char *hex = serial ? BN_bn2hex(serial) : NULL;
    p->serial = str_lower(a, str_of(hex ? hex : ""));
    OPENSSL_free(hex);
    BN_free(serial);
    unsigned char *der = NULL;
    int n = i2d_X509(cert, &der);
    p->cert_sha256_hex = n > 0 ? sha256_hex(a, str_n((const char *)der, (size_t)n)) : STR("");
    OPENSSL_free(der);
    ERR_clear_error();
}

static void succeed(struct tls_handshake *h) {
    void (*done)(void *, int, struct stream *, const struct err *) = h->done;
    void *ctx = h->ctx;
    struct tls_session *s = h->session;
    forget(h);
    read_peer(s);
    tls_session_open(s);
    done(ctx, 0, &s->s, NULL);
}

static void step(struct tls_handshake *h) {
    struct tls_session *s = h->session;
    ERR_clear_error();
    int r = SSL_do_handshake(s->ssl);
    if (r == 1) {
        succeed(h);
        return;
    }
    int why = SSL_get_error(s->ssl, r);
    if (why == SSL_ERROR_WANT_READ && !s->error)
        stream_want(s->under, IO_READ | (outq_pending(&s->out) ? IO_WRITE : 0));
    else if (s->error)
        fail(h, s->error, strerror(-s->error));
    else if (s->eof)
        fail(h, -ECONNRESET, "the peer closed the connection");
    else
        fail(h, -EPROTO, NULL);
}

static void on_ready(struct stream *under, unsigned events) {
    struct tls_handshake *h = under->ctx;
    if (events & IO_WRITE)
        tls_session_flush(h->session);
    if (h->session->error || events & (IO_READ | IO_HUP))
        wait_turn(h);
    else
        stream_want(under, IO_READ | (outq_pending(&h->session->out) ? IO_WRITE : 0));
}

static void on_deadline(struct timer *t) {
    fail(container_of(t, struct tls_handshake, deadline), -ETIMEDOUT, "timed out");
}

static void set_name(struct tls_session *s, const char *name) {
    X509_VERIFY_PARAM *param = SSL_get0_param(s->ssl);
    X509_VERIFY_PARAM_set_time(param, (time_t)(loop_wall(s->s.loop) / NSEC_PER_SEC));
    if (!name || !*name)
        return;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                                               X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    uint8_t ip[16];
    if (inet_pton(AF_INET, name, ip) == 1 || inet_pton(AF_INET6, name, ip) == 1) {
        X509_VERIFY_PARAM_set1_ip_asc(param, name);
        return;
    }
    /* SSL_set_tlsext_host_name() without its cast */
    SSL_ctrl(s->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             (void *)(uintptr_t)name);
    X509_VERIFY_PARAM_set1_host(param, name, 0);
}

struct tls_handshake *tls_start(struct tls_config *c, struct stream *under, const char *server_name,
                                void (*done)(void *ctx, int r, struct stream *, const struct err *),
                                void *ctx) {
    struct tls_handshake *h = xcalloc(1, sizeof(*h));
    struct tls_session *s = tls_session_new(c, under);
    list_init(&h->node);
    h->session = s;
    h->ration = ration_join(c, under->loop);
    h->deadline.fire = on_deadline;
    h->done = done;
    h->ctx = ctx;
    s->shake = h;
    set_name(s, server_name);
    under->ctx = h;
    under->ready = on_ready;
    timer_start(under->loop, &h->deadline, TLS_HANDSHAKE_TIMEOUT);
    if (c->server) {
        SSL_set_accept_state(s->ssl);
        stream_want(under, IO_READ);
    } else {
        SSL_set_connect_state(s->ssl);
        wait_turn(h);
    }
    return h;
}

void tls_cancel(struct tls_handshake *h) {
    struct tls_session *s = h->session;
    forget(h);
    tls_session_free(s);
}
