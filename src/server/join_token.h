// SPDX-License-Identifier: Apache-2.0
/* What a machine joins with: ID.SECRET.HASH. The first two are a bootstrap token as upstream has
 * them (apiserver/authn/bootstrap_token.h); HASH is the SHA-256 of the public key of the CA that
 * signs the API server, in hex, what kubeadm calls --discovery-token-ca-cert-hash. So a token is
 * all that has to be carried to the machine, and it speaks to no other server. Pure. */
#pragma once

#include "base/arena.h"
#include "base/env.h"
#include "base/err.h"

#define JOIN_ID_LEN     6
#define JOIN_SECRET_LEN 16
#define JOIN_GROUP      "system:bootstrappers:coxswain:nodes" /* what the token may, policy.c */

struct join_token {
    char id[JOIN_ID_LEN + 1], secret[JOIN_SECRET_LEN + 1];
    uint8_t ca_hash[32];
};

/* Random id and secret; the hash of ca_pem's first certificate. */
int join_token_new(struct env *env, str ca_pem, struct err *e, struct join_token *ret);
int join_token_parse(str text, struct err *e, struct join_token *ret);
str join_token_text(struct arena *a, const struct join_token *t);
str join_token_bearer(struct arena *a, const struct join_token *t); /* ID.SECRET */
