// SPDX-License-Identifier: Apache-2.0
/* Two streams joined: what one side sends, the other gets, unchanged. A side that is slow to take
 * stops the other from being read, so a tunnel holds at most TUNNEL_BUFFER bytes each way.
 *
 * It ends when one side has ended or broken, as upstream's proxy does: what was read from it before
 * is still written, for TUNNEL_LINGER at most, then both are closed. There is no other limit in
 * time: a terminal may be silent, and a paused one unread, for days. */
#pragma once

#include "loop/stream.h"

#define TUNNEL_BUFFER (32 * 1024)
#define TUNNEL_LINGER (10 * NSEC_PER_SEC)

struct tunnel;
/* Takes both streams over. early: what was read from each side already, copied. ended() is called
 * once, later, with both streams closed; the tunnel is then still the caller's to free. */
struct tunnel *tunnel_new(struct loop *l, struct stream *a, str early_a, struct stream *b,
                          str early_b, void (*ended)(void *ctx), void *ctx);
/* Cuts it when it has not ended. */
struct tunnel *tunnel_free(struct tunnel *t);
