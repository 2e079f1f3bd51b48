// SPDX-License-Identifier: Apache-2.0
/* Tokens a node joins with, "abcdef.0123456789abcdef", as kubeadm keeps them: Secrets
 * bootstrap-token-ID of type bootstrap.kubernetes.io/token in kube-system. Those of `coxswain token
 * create` have, in place of token-secret, its hash: nobody who reads the Secret, or the disk, can
 * join. The secret is random (82 bits), so a plain hash will do. Pure. */
#pragma once

#include "api/types.h"

#define BOOTSTRAP_TOKEN_NS     "kube-system"
#define BOOTSTRAP_TOKEN_TYPE   "bootstrap.kubernetes.io/token"
#define BOOTSTRAP_TOKEN_PREFIX "bootstrap-token-"
#define BOOTSTRAP_ID_LEN       6
#define BOOTSTRAP_SECRET_LEN   16
#define BOOTSTRAP_TOKEN_HASH   "token-secret-sha256" /* lower-case hex */

/* n letters a-z or digits. */
bool bootstrap_is_word(str s, size_t n);
/* A part of the Secret: "token-id", "token-secret", "expiration", ...; STR_NONE: not there. */
str bootstrap_token_data(const Secret *s, const char *key);
/* Whether it has that use: "usage-bootstrap-signing", "usage-bootstrap-authentication". */
bool bootstrap_token_is_for(const Secret *s, const char *use);
/* How long it is good for at `now` (ns since 1970): ns; 0: no longer (what cannot be read counts as
 * over); -1: for ever. */
int64_t bootstrap_token_left(const Secret *s, int64_t now);
