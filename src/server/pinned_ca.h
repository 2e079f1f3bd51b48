// SPDX-License-Identifier: Apache-2.0
/* The CA of an API server that is known by the hash of its key alone: one TLS handshake, in which
 * the server shows it. Nothing is said over that connection. */
#pragma once

#include "loop/loop.h"

struct pinned_ca;
/* done() once, later, unless freed before: 0 and the CA's PEM (for the time of the call); -EPROTO:
 * the server is not the one, others: it was not reached. The owner frees, also inside of done(). */
int pinned_ca_ask(struct loop *l, const char *server, const uint8_t pin[32],
                  void (*done)(void *ctx, int r, const struct err *e, str ca_pem), void *ctx,
                  struct err *e, struct pinned_ca **ret);
struct pinned_ca *pinned_ca_free(struct pinned_ca *p);
