// SPDX-License-Identifier: Apache-2.0
/* Digests, MACs and JSON Web Tokens (RS256, ES256; explicit allow-list; verification needs a key
 * that was chosen by `kid` or tried in turn, never by what the token says it is). */
#pragma once

#include "net/x509.h"

void sha1(str data, uint8_t ret[20]); /* where a protocol demands it; proves nothing */
void sha256(str data, uint8_t ret[32]);
str sha256_hex(struct arena *a, str data);
void hmac_sha256(str key, str data, uint8_t ret[32]);
bool str_eq_constant_time(str a, str b);

/* claims is the JSON of the payload. Returns header.payload.signature (ES256). */
int jwt_sign(struct arena *a, const struct x509_key *key, str kid, str claims_json, str *ret);
/* Checks form, algorithm and signature against the public keys (PEM); gives the payload JSON.
 * Times, issuer and audience are the caller's to check. */
int jwt_verify(struct arena *a, str token, const str *public_pems, size_t n, struct err *e,
               str *ret_claims_json);
/* RFC 7638-like key id as upstream computes it (SHA-256 of the DER public key, base64url). */
str jwt_kid(struct arena *a, str public_pem);
/* The public keys in a PEM text, each as PEM and once: of private keys, public keys and
 * certificates; other blocks are left out. -EINVAL with a text: a key that cannot be read or goes
 * with no accepted algorithm, no key at all, or more than JWT_KEYS_MAX. */
#define JWT_KEYS_MAX 32
struct jwt_keys {
    str v[JWT_KEYS_MAX];
    size_t n;
};
int jwt_keys_read(struct arena *a, str pem, struct err *e, struct jwt_keys *ret);
const char *jwt_alg_name(str public_pem); /* "ES256"; NULL: none is accepted */
/* {"keys":[...]} */
str jwks_json(struct arena *a, const str *public_pems, size_t n);
