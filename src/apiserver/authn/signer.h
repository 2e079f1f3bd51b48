// SPDX-License-Identifier: Apache-2.0
/* The keys of service account tokens, and what a token says about its maker. One key signs; tokens
 * of the others, which signed before it or will after it, are believed too. */
#pragma once

#include "apiserver/authn/claims.h"

#define TOKEN_MAX         (16 * 1024) /* longer ones are refused unread */
#define TOKEN_CACHE_SLOTS 256         /* tokens whose signature has been checked */
#define TOKEN_CACHE_BYTES 2048        /* claims longer than this are not kept */

struct token_signer_options {
    str key_pem; /* one or more keys (jwt_keys_read); the first is private and signs */
    str issuer;
    str_list audiences; /* of the API server; none: the issuer */
};

struct token_signer;
int token_signer_new(const struct token_signer_options *o, struct err *e,
                     struct token_signer **ret);
struct token_signer *token_signer_free(struct token_signer *s);
DEFINE_CLEANUP(struct token_signer *, token_signer_free)

str token_signer_issuer(const struct token_signer *s);
const str_list *token_signer_audiences(const struct token_signer *s);

/* c->iss is ignored: the signer's is written. */
int token_sign(struct token_signer *s, struct arena *a, const struct claims *c, str *ret);
/* -ENOENT: not a token of this issuer (so another authenticator may know it); -EACCES: it says so,
 * but the signature is not ours. Times, audiences and objects are the caller's to check. */
int token_verify(struct token_signer *s, struct arena *a, str token, struct claims *ret,
                 struct err *e);
str token_jwks(struct token_signer *s, struct arena *a);
/* Algorithms of the keys, each once. */
str_list token_algorithms(struct token_signer *s, struct arena *a);
