// SPDX-License-Identifier: Apache-2.0
/* Small helpers over OpenSSL that TLS, X.509 and JWT share. Private to net/. */
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/arena.h"
#include "base/err.h"

#define OSSL_CERTS_MAX 1024 /* in one PEM bundle */

DEFINE_CLEANUP(BIO *, BIO_free)
DEFINE_CLEANUP(X509 *, X509_free)
DEFINE_CLEANUP(X509_REQ *, X509_REQ_free)
DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free)
DEFINE_CLEANUP(EVP_PKEY_CTX *, EVP_PKEY_CTX_free)
DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free)

/* Why the last call failed, in OpenSSL's words; clears the error queue. */
int ossl_error(struct err *e, int errnum, const char *what);
/* A memory BIO to read text from; NULL past 2 GB. */
BIO *ossl_bio(str text);
/* What was written into a memory BIO, in the arena. */
str ossl_bio_str(struct arena *a, BIO *b);
/* The certificates of a PEM bundle, other blocks left out; each is given to take(), which owns it
 * and may end the walk with a negative errno. Number of certificates or negative errno (-EBADMSG
 * for one that cannot be read). */
int ossl_each_cert(str pem, struct err *e, int (*take)(void *ctx, size_t i, X509 *cert), void *ctx);
/* The first one, or NULL. */
X509 *ossl_first_cert(str pem);
EVP_PKEY *ossl_private_key(str pem);
/* Of "PUBLIC KEY", a private key or a certificate. */
EVP_PKEY *ossl_public_key(str pem);
/* SHA-256 of the certificate's public key in DER, what kubeadm calls its CA certificate's hash. */
int ossl_key_sha256(X509 *cert, uint8_t ret[32]);
/* Seconds since 1970. */
int ossl_time(const ASN1_TIME *t, int64_t *ret);
/* The last CN and every O of a name, as UTF-8. */
void ossl_name(struct arena *a, const X509_NAME *name, str *ret_cn, const str **ret_orgs,
               size_t *ret_n_orgs);
