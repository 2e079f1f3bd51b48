// SPDX-License-Identifier: Apache-2.0
/* TLS 1.2+ over any stream (OpenSSL; this header's implementation is the only file that includes
 * it, beside net/x509.h's and net/crypto.h's). A TLS stream is a struct stream: readers and writers
 * do not know. */
#pragma once

#include "loop/stream.h"

struct tls_config;

struct tls_options {
    str cert_pem, key_pem; /* own chain and key; empty for a client without certificate */
    str ca_pem;            /* who may sign the peer; empty: peer certificates are not asked for
                            * (server) or not verified (client: only with `insecure`) */
    str other_ca_pem;      /* server: a second group of CAs, whose peers are `verified_other` only;
                            * empty: none */
    const uint8_t *ca_pin; /* client, instead of ca_pem: SHA-256 of the public key (DER) of a CA
                            * that the server must show in its chain, 32 bytes; NULL: none */
    bool insecure;
    bool require_peer_cert;
    const char *const *alpn; /* offered or accepted, best first; NULL: none. Ends in NULL */
};

/* Immutable, shared by many sessions on many threads; refcounted. */
int tls_config_new(const struct tls_options *o, bool server, struct err *e,
                   struct tls_config **ret);
struct tls_config *tls_config_ref(struct tls_config *c);
struct tls_config *tls_config_unref(struct tls_config *c);
DEFINE_CLEANUP(struct tls_config *, tls_config_unref)
/* Whether alpn has it. */
bool tls_config_offers(const struct tls_config *c, str protocol);

/* Takes the stream over. done(ctx, 0, stream) after the handshake (deadline included), or
 * done(ctx, -errno, NULL) with everything closed; e's text says why. server_name: SNI and name to
 * verify (clients). Handshakes are rationed: at most TLS_HANDSHAKES_TURN a loop turn. */
#define TLS_HANDSHAKE_TIMEOUT (10 * NSEC_PER_SEC)
#define TLS_HANDSHAKES_TURN   4
struct tls_handshake;
struct tls_handshake *tls_start(struct tls_config *c, struct stream *under, const char *server_name,
                                void (*done)(void *ctx, int r, struct stream *, const struct err *),
                                void *ctx);
/* Before done(): closes everything, done() is not called. */
void tls_cancel(struct tls_handshake *h);

/* What the verified peer certificate says. Strings live as long as the session. */
struct tls_peer {
    bool verified;
    bool
        verified_other; /* by other_ca_pem: for another purpose, so never mixed up with the above */
    str ca_pem;         /* of a pinned server: the CA that the pin named */
    str cn;
    const str *orgs;
    size_t n_orgs;
    str serial; /* hex */
    str cert_sha256_hex;
    int64_t not_after; /* seconds */
};
const struct tls_peer *tls_peer(const struct stream *s); /* NULL on plain streams */
str tls_alpn(const struct stream *s);
