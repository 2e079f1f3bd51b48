// SPDX-License-Identifier: Apache-2.0
/* What TLS sessions share: certificates, trust and policy. TLS 1.2 with ephemeral keys and AEAD
 * ciphers at least; no renegotiation, no compression, no session tickets (a client that comes back
 * shows its certificate again, so that a resumed session never outlives it). */
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "net/ossl.h"
#include "net/tls_impl.h"

#define TLS_CERT_LIST_MAX (32 * 1024) /* bytes of a peer's chain */
#define TLS_ALPN_MAX      64

static int take_own(void *ctx, size_t i, X509 *cert) {
    SSL_CTX *c = ctx;
    if (i > 0)
        return SSL_CTX_add0_chain_cert(c, cert) ? 0 : -EINVAL;
    int ok = SSL_CTX_use_certificate(c, cert);
    X509_free(cert);
    return ok ? 0 : -EINVAL;
}

static int load_own(struct tls_config *c, const struct tls_options *o, struct err *e) {
    if (!o->cert_pem.n && !o->key_pem.n)
        return c->server ? err_set(e, -EINVAL, "a TLS server needs a certificate") : 0;
    int r = ossl_each_cert(o->cert_pem, e, take_own, c->ctx);
    if (r < 0)
        return r;
    if (r == 0)
        return err_set(e, -EINVAL, "no certificate found");
    CLEANUP(EVP_PKEY_freep) EVP_PKEY *key = ossl_private_key(o->key_pem);
    if (!key)
        return err_set(e, -EINVAL, "private key cannot be read");
    if (!SSL_CTX_use_PrivateKey(c->ctx, key) || !SSL_CTX_check_private_key(c->ctx))
        return ossl_error(e, -EINVAL, "private key does not fit the certificate");
    return 0;
}

static int take_ca(void *ctx, size_t i, X509 *cert) {
    struct tls_config *c = ctx;
    int ok = X509_STORE_add_cert(SSL_CTX_get_cert_store(c->ctx), cert);
    if (ok && c->server)
        ok = SSL_CTX_add_client_CA(c->ctx, cert);
    X509_free(cert);
    return ok ? 0 : -EINVAL;
}

static int take_other_ca(void *ctx, size_t i, X509 *cert) {
    struct tls_config *c = ctx;
    int ok = X509_STORE_add_cert(c->others, cert) && SSL_CTX_add_client_CA(c->ctx, cert);
    X509_free(cert);
    return ok ? 0 : -EINVAL;
}

/* In a store of their own: in one with the others, a chain could go from one group into the other,
 * and a certificate that was made for one purpose would do for both. */
static int load_others(struct tls_config *c, const struct tls_options *o, struct err *e) {
    if (!c->server || !o->other_ca_pem.n)
        return 0;
    c->others = X509_STORE_new();
    if (!c->others)
        return ossl_error(e, -ENOMEM, "TLS");
    X509_STORE_set_flags(c->others, X509_V_FLAG_PARTIAL_CHAIN);
    int r = ossl_each_cert(o->other_ca_pem, e, take_other_ca, c);
    return r == 0 ? err_set(e, -EINVAL, "no CA certificate found") : MIN(r, 0);
}

/* A server lets unknown certificates through and says so in tls_peer: the caller answers 401, as
 * upstream does, where a failed handshake would tell the user nothing. */
static int verify_leniently(X509_STORE_CTX *store, void *arg) {
    X509_verify_cert(store);
    return 1;
}

/* A pin names the CA before it is known: the one in the server's own chain whose key has that hash
 * is trusted, alone, and the rest of the verification is the usual one. */
static int verify_pinned(X509_STORE_CTX *store, void *arg) {
    const struct tls_config *c = arg;
    STACK_OF(X509) *shown = X509_STORE_CTX_get0_untrusted(store), *trusted = sk_X509_new_null();
    for (int i = 0; trusted && i < sk_X509_num(shown); i++) {
        X509 *cert = sk_X509_value(shown, i);
        uint8_t hash[32];
        if (X509_check_ca(cert) == 1 && ossl_key_sha256(cert, hash) == 0 &&
            memcmp(hash, c->ca_pin, sizeof(hash)) == 0)
            sk_X509_push(trusted, cert);
    }
    int ok = 0;
    if (trusted && sk_X509_num(trusted) > 0) {
        X509_STORE_CTX_set0_trusted_stack(store, trusted);
        ok = X509_verify_cert(store) == 1;
    } else {
        X509_STORE_CTX_set_error(store, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    }
    sk_X509_free(trusted);
    return ok;
}

static int load_pin(struct tls_config *c, const struct tls_options *o) {
    c->pinned = true;
    memcpy(c->ca_pin, o->ca_pin, sizeof(c->ca_pin));
    SSL_CTX_set_cert_verify_callback(c->ctx, verify_pinned, c);
    SSL_CTX_set_verify(c->ctx, SSL_VERIFY_PEER, NULL);
    return 0;
}

static int load_trust(struct tls_config *c, const struct tls_options *o, struct err *e) {
    int mode = SSL_VERIFY_NONE;
    if (!c->server && o->ca_pin)
        return load_pin(c, o);
    int r = load_others(c, o, e);
    if (r < 0)
        return r;
    if (o->ca_pem.n) {
        r = ossl_each_cert(o->ca_pem, e, take_ca, c);
        if (r < 0)
            return r;
        if (r == 0)
            return err_set(e, -EINVAL, "no CA certificate found");
        mode = SSL_VERIFY_PEER;
    } else if (!c->server && !o->insecure) {
        return err_set(e, -EINVAL, "a TLS client needs a CA to verify the server with");
    }
    if (!c->server && o->insecure)
        mode = SSL_VERIFY_NONE;
    if (c->others)
        mode = SSL_VERIFY_PEER;
    c->asks_cert = c->server && mode == SSL_VERIFY_PEER;
    if (c->asks_cert && o->require_peer_cert)
        mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    else if (c->asks_cert)
        SSL_CTX_set_cert_verify_callback(c->ctx, verify_leniently, NULL);
    SSL_CTX_set_verify(c->ctx, mode, NULL);
    /* Whatever stands in the bundle is trusted, as in Go, whether or not it signed itself. */
    X509_STORE_set_flags(SSL_CTX_get_cert_store(c->ctx), X509_V_FLAG_PARTIAL_CHAIN);
    return 0;
}

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *outlen,
                       const unsigned char *in, unsigned inlen, void *arg) {
    const struct tls_config *c = arg;
    unsigned char *chosen = NULL;
    int r = SSL_select_next_proto(&chosen, outlen, (const unsigned char *)c->alpn.p,
                                  (unsigned)c->alpn.n, in, inlen);
    if (r != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static int load_alpn(struct tls_config *c, const struct tls_options *o, struct err *e) {
    for (size_t i = 0; o->alpn && o->alpn[i]; i++) {
        str name = str_of(o->alpn[i]);
        ASSERT(name.n && name.n < 256);
        buf_addc(&c->alpn, (char)name.n);
        buf_add(&c->alpn, name);
    }
    if (c->alpn.over)
        return err_set(e, -E2BIG, "too many protocols");
    if (!c->alpn.n)
        return 0;
    if (c->server)
        SSL_CTX_set_alpn_select_cb(c->ctx, choose_alpn, c);
    else if (SSL_CTX_set_alpn_protos(c->ctx, (const unsigned char *)c->alpn.p, (unsigned)c->alpn.n))
        return err_set(e, -EINVAL, "protocols cannot be offered");
    return 0;
}

bool tls_config_offers(const struct tls_config *c, str protocol) {
    for (size_t at = 0; at < c->alpn.n; at += 1 + (uint8_t)c->alpn.p[at])
        if (str_eq(protocol, str_n(c->alpn.p + at + 1, (uint8_t)c->alpn.p[at])))
            return true;
    return false;
}

static int set_policy(struct tls_config *c, struct err *e) {
    SSL_CTX_set_options(c->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(c->ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(c->ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(c->ctx, TLS_CERT_LIST_MAX);
    SSL_CTX_set_read_ahead(c->ctx, 1);
    if (!SSL_CTX_set_num_tickets(c->ctx, 0) ||
        !SSL_CTX_set_min_proto_version(c->ctx, TLS1_2_VERSION) ||
        !SSL_CTX_set_cipher_list(c->ctx, "ECDHE+AESGCM:ECDHE+CHACHA20"))
        return ossl_error(e, -EINVAL, "TLS policy");
    return 0;
}

int tls_config_new(const struct tls_options *o, bool server, struct err *e,
                   struct tls_config **ret) {
    CLEANUP(tls_config_unrefp) struct tls_config *c = xcalloc(1, sizeof(*c));
    atomic_init(&c->refs, 1);
    pthread_mutex_init(&c->lock, NULL);
    list_init(&c->rations);
    buf_init(&c->alpn, TLS_ALPN_MAX);
    c->server = server;
    c->insecure = o->insecure;
    c->bio = tls_bio_new();
    ERR_clear_error();
    c->ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    if (!c->ctx || !c->bio)
        return ossl_error(e, -ENOMEM, "TLS");
    int r = set_policy(c, e);
    if (r == 0)
        r = load_own(c, o, e);
    if (r == 0)
        r = load_trust(c, o, e);
    if (r == 0)
        r = load_alpn(c, o, e);
    ERR_clear_error();
    if (r < 0)
        return r;
    *ret = TAKE(c);
    return 0;
}

struct tls_config *tls_config_ref(struct tls_config *c) {
    atomic_fetch_add(&c->refs, 1);
    return c;
}

struct tls_config *tls_config_unref(struct tls_config *c) {
    if (!c || atomic_fetch_sub(&c->refs, 1) != 1)
        return NULL;
    ASSERT(list_empty(&c->rations));
    SSL_CTX_free(c->ctx);
    X509_STORE_free(c->others);
    BIO_meth_free(c->bio);
    buf_done(&c->alpn);
    pthread_mutex_destroy(&c->lock);
    free(c);
    return NULL;
}
