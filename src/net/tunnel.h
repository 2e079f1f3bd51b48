// SPDX-License-Identifier: Apache-2.0
/* Two streams joined: what one side sends, the other gets, unchanged, or as the payload of a
 * WebSocket's binary messages on one side and bare on the other. A side that is slow to take stops
 * the other from being read, so a tunnel holds at most TUNNEL_BUFFER bytes each way, and twice that
 * where a WebSocket's pings are to be answered.
 *
 * It ends when one side has ended or broken, as upstream's proxy does: what was read from it before
 * is still written, for TUNNEL_LINGER at most, then both are closed. There is no other limit in
 * time: a terminal may be silent, and a paused one unread, for days. */
#pragma once

#include "loop/stream.h"

#define TUNNEL_BUFFER (32 * 1024)
#define TUNNEL_LINGER (10 * NSEC_PER_SEC)

struct tunnel_end {
    struct stream *s;
    str early;      /* what was read from it already, copied */
    bool websocket; /* it is a client's, behind the 101 */
};

struct tunnel;
/* Takes both streams over. ended() is called once, later, with both streams closed; the tunnel is
 * then still the caller's to free. */
struct tunnel *tunnel_new(struct loop *l, const struct tunnel_end *a, const struct tunnel_end *b,
                          void (*ended)(void *ctx), void *ctx);
/* Cuts it when it has not ended. */
struct tunnel *tunnel_free(struct tunnel *t);
