// SPDX-License-Identifier: Apache-2.0
/* Tokens a node joins with: "abcdef.0123456789abcdef", kept as Secrets bootstrap-token-ID in
 * kube-system. */
#pragma once

#include "apiserver/auth.h"
#include "store/store.h"

#define BOOTSTRAP_ID_LEN     6
#define BOOTSTRAP_SECRET_LEN 16

/* now: ns since 1970. -ENOENT: not such a token, or not a good one. */
int bootstrap_token_authenticate(struct arena *a, struct store *s, str token, int64_t now,
                                 struct user *ret);
