// SPDX-License-Identifier: Apache-2.0
/* The controller manager's side of having requests signed: orders over its channel to the signer
 * (identity.h), answers by callback. Any number may be on their way. One loop. */
#pragma once

#include "api/csr.h"
#include "loop/loop.h"

struct sign_client;
/* channel: stays the caller's. */
int sign_client_new(struct loop *l, int channel, struct sign_client **ret);
/* No done() any more; NULL does nothing. */
struct sign_client *sign_client_free(struct sign_client *c);

/* done() once, at once or later. r: 0 with the certificate and its CA behind (PEM); -EINVAL: the
 * signer refuses such a request; another errno: no answer, to be asked again. *o is not kept. */
void sign_client_ask(struct sign_client *c, const struct csr_order *o,
                     void (*done)(void *ctx, int r, const struct err *e, str pem), void *ctx);
/* Orders with this ctx will not be answered any more. */
void sign_client_forget(struct sign_client *c, const void *ctx);
