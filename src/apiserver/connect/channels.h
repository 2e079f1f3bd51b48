// SPDX-License-Identifier: Apache-2.0
/* One exec or attach between a client that speaks WebSocket (v5.channel.k8s.io: the first byte of a
 * message names the channel) and a kubelet that speaks SPDY (v4.channel.k8s.io: a stream a channel,
 * named by its header). What a side is slow to take stops the other from being read. KEP-4006.
 *
 * It ends when the kubelet has ended every stream it writes, with the status of the command, or
 * when either side is gone. A client that only has closed its stdin stays. */
#pragma once

#include "api/status.h"
#include "loop/stream.h"

#define CHANNELS_PROTOCOL      "v5.channel.k8s.io"
#define CHANNELS_SPDY_PROTOCOL "v4.channel.k8s.io"
#define CHANNELS_BUFFER        (32 * 1024)         /* unsent, to each side */
#define CHANNELS_STATUS_MAX    (64 * 1024)         /* of the kubelet's last word; cut past it */
#define CHANNELS_OPEN_TIMEOUT  (30 * NSEC_PER_SEC) /* for the kubelet to accept the streams */
#define CHANNELS_PING_PERIOD   (5 * NSEC_PER_SEC)  /* of the kubelet: it counts idleness */
#define CHANNELS_LINGER        (10 * NSEC_PER_SEC) /* for last words to be taken */

struct channels_options {
    bool in, out, err; /* which of the command's are asked for */
    bool tty;          /* it has a terminal: resizes go to it, and err is not apart */
};

struct channels;
/* Takes both streams over, behind their 101s. early: what was read from each already, copied.
 * ended() is called once, later, with both closed; the session is then still the caller's. */
struct channels *channels_new(struct loop *l, struct stream *client, str early_client,
                              struct stream *kubelet, str early_kubelet,
                              const struct channels_options *o, void (*ended)(void *ctx),
                              void *ctx);
/* There is no kubelet to speak with: the client hears why (channels_refusal(), copied). */
struct channels *channels_refuse(struct loop *l, struct stream *client, str early_client,
                                 const struct channels_options *o, str refusal,
                                 void (*ended)(void *ctx), void *ctx);
/* Cuts it when it has not ended. */
struct channels *channels_free(struct channels *c);

/* ---- pure (channels_status.c) ---- */

/* What the client is told of what the kubelet has said on its error stream. */
Status *channels_status(struct arena *a, str said);
Status *channels_internal_error(struct arena *a, const char *fmt, ...) PRINTF(2, 3);
/* A status as it goes over the channel. */
str channels_status_text(struct arena *a, const Status *s);
