// SPDX-License-Identifier: Apache-2.0
/* Who a node is that joins with a token (api/bootstrap_token.h). */
#pragma once

#include "apiserver/auth.h"
#include "store/store.h"

/* now: ns since 1970. -ENOENT: not such a token, or not a good one. */
int bootstrap_token_authenticate(struct arena *a, struct store *s, str token, int64_t now,
                                 struct user *ret);
