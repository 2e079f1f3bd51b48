// SPDX-License-Identifier: Apache-2.0
/* What every HTTP/2 connection does with nghttp2, which turns bytes into callbacks and back and
 * does no I/O: the server's, the client's and gRPC's. Private to net/. */
#pragma once

#include <nghttp2/nghttp2.h>

#include "net/outq.h"

#define HTTP2_OUT_MAX    (64 * 1024)  /* bytes of frames made ahead of the peer's reading */
#define HTTP2_TURN_BYTES (256 * 1024) /* read or written before others have their turn */
#define HTTP2_HEAD_MAX   (64 * 1024)  /* of headers that a client accepts */

/* Writes what the session has to say, as long as the stream takes it and the turn lasts. Bytes
 * written; -EPROTO when the session cannot go on, or the stream's error. */
ssize_t http2_flush(nghttp2_session *session, struct outq *out, struct stream *s);
/* There is nothing to say or to hear any more. */
bool http2_is_over(nghttp2_session *session, const struct outq *out);
nghttp2_nv http2_nv(str name, str value);

struct http2_client_options {
    int32_t stream_window, connection_window; /* bytes */
    bool own_windows; /* the callbacks say what is consumed (nghttp2_session_consume_*) */
};
/* A client's session with its settings submitted. Takes the callbacks. -ENOMEM. */
int http2_client_session(nghttp2_session_callbacks *cb, const struct http2_client_options *o,
                         void *ctx, nghttp2_session **ret);
