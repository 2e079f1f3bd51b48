// SPDX-License-Identifier: Apache-2.0
/* Keys and certificates: ECDSA P-256 keys, CAs, leaf certificates, CSRs. PEM in and out, in an
 * arena. Randomness is OpenSSL's own; the time is the caller's. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct x509_key; /* a private key */
int x509_key_new(struct x509_key **ret);
int x509_key_read(str pem, struct err *e, struct x509_key **ret);
str x509_key_pem(struct arena *a,
                 const struct x509_key *k); /* PKCS#8... "EC PRIVATE KEY" is read too */
str x509_key_public_pem(struct arena *a, const struct x509_key *k);
struct x509_key *x509_key_free(struct x509_key *k);
DEFINE_CLEANUP(struct x509_key *, x509_key_free)

struct x509_request {
    str cn;
    const str *orgs;
    size_t n_orgs;
    const str *dns;
    size_t n_dns;
    const str *ips; /* text */
    size_t n_ips;
    bool ca, server_auth, client_auth;
    bool emails, uris, other_names; /* x509_csr_read: it names such as well */
    /* x509_sign_csr: subject and alternative names are the CSR's own, all of them, and the key's
     * usages those of the two (else: what such a key can do). */
    bool as_asked, sign_usage, encipher_usage;
    int64_t not_before, not_after; /* seconds since 1970 */
};
/* ca_pem and ca_key empty/NULL: self-signed with `key`. Returns the certificate's PEM. */
int x509_issue(struct arena *a, const struct x509_request *r, const struct x509_key *key,
               str ca_pem, const struct x509_key *ca_key, struct err *e, str *ret_pem);
/* The same for the public key and names of a CSR whose signature has been checked. */
int x509_csr_new(struct arena *a, const struct x509_request *r, const struct x509_key *key,
                 str *ret_pem);
int x509_csr_read(struct arena *a, str csr_pem, struct err *e, struct x509_request *ret,
                  str *ret_public_pem);
int x509_sign_csr(struct arena *a, str csr_pem, const struct x509_request *r, str ca_pem,
                  const struct x509_key *ca_key, struct err *e, str *ret_pem);
/* SHA-256 of the public key (DER) of pem's first certificate: what pins a CA (RFC 7469). */
int x509_key_sha256(str pem, uint8_t ret[32]);
/* Nothing but certificates, at least one, without PEM headers; e->text says what else there is. */
int x509_certs_check(str pem, struct err *e);
/* Certificates among whatever else there is, at least one: a bundle to trust. */
int x509_bundle_check(str pem, struct err *e);
int x509_cert_times(str pem, int64_t *ret_not_before, int64_t *ret_not_after);
/* First certificate of pem: does it match the names and was it signed by ca_pem? */
bool x509_cert_covers(str pem, str ca_pem, const struct x509_request *want);
/* The private key is that of the first certificate; -EINVAL: why not, as Go's tls.X509KeyPair says
 * it. Chains and times are not looked at. */
int x509_pair_check(str cert_pem, str key_pem, struct err *e);
