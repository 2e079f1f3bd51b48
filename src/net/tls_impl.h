// SPDX-License-Identifier: Apache-2.0
/* Between the files of TLS: tls_config.c (what sessions share), tls_shake.c (handshakes and their
 * ration), tls.c (the stream). Private to net/. */
#pragma once

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "net/outq.h"
#include "net/tls.h"

struct tls_config {
    atomic_uint refs;
    SSL_CTX *ctx;
    X509_STORE *others; /* of other_ca_pem; NULL: none */
    BIO_METHOD *bio;    /* over struct stream */
    bool server, insecure, asks_cert;
    struct buf alpn; /* as on the wire */
    bool pinned;
    uint8_t ca_pin[32];
    pthread_mutex_t lock;
    struct list rations; /* struct tls_ration, one a loop with handshakes under way */
};

struct tls_session {
    struct stream s; /* what the user has */
    struct tls_config *config;
    struct stream *under;
    SSL *ssl;
    struct outq out;     /* records the stream below did not take yet */
    struct timer again;  /* readiness for bytes that wait inside of the session */
    struct arena *arena; /* of peer */
    struct tls_peer *peer;
    struct tls_handshake *shake; /* until it is done */
    unsigned want;
    int error; /* of the stream below */
    bool eof, starved, shut;
};

/* A BIO_METHOD whose BIOs read and write the session's lower stream. Writing never blocks. */
BIO_METHOD *tls_bio_new(void);
struct tls_session *tls_session_new(struct tls_config *c, struct stream *under);
void tls_session_free(struct tls_session *s); /* closes the stream below */
/* After the handshake: the stream is the user's. */
void tls_session_open(struct tls_session *s);
/* Bytes are flushed as far as possible; negative errno when the stream below is broken. */
int tls_session_flush(struct tls_session *s);
