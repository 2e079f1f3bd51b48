// SPDX-License-Identifier: Apache-2.0
/* A server's HTTP/2 connection: shared by its two files, http2_server.c (frames in) and
 * http2_exchange.c (answers out). */
#pragma once

#include <nghttp2/nghttp2.h>

#include "net/conn_io.h"
#include "net/exchange.h"
#include "net/http1_parse.h"

#define HTTP2_STREAMS_MAX 250
#define HTTP2_WINDOW      (1024 * 1024) /* of the connection; a stream has the protocol's 64 kB */
#define HTTP2_OUT_HIGH    (64 * 1024)
/* Unsent bytes of all streams of a connection, which a peer can keep from being sent by closing the
 * windows: past the first, each stream may hold so little; past the second, new streams are refused
 * before anything was done (RFC 9113 8.7: they may be sent again). */
#define HTTP2_UNSENT_HIGH  (4 * 1024 * 1024)
#define HTTP2_UNSENT_SHARE (16 * 1024)
#define HTTP2_UNSENT_MAX   (16 * 1024 * 1024)
#define HTTP2_SWALLOW_MAX  (64 * 1024) /* of a body nobody reads */
/* Frames that cost us and not the peer (resets of its own streams, pings, settings, priorities):
 * more of them a second end the connection. */
#define HTTP2_STRIKES_MAX          1000
#define HTTP2_RESPONSE_HEADERS_MAX 64

struct http2_conn {
    struct server_conn base;
    struct conn_io io;
    nghttp2_session *session;
    struct list exchanges;
    struct list pending; /* exchanges something has happened to */
    unsigned n_exchanges;
    size_t unsent;      /* bytes, of all exchanges */
    bool crowded;       /* unsent has passed HTTP2_UNSENT_HIGH and not fallen to half of it since */
    struct timer idle;  /* runs while there is no exchange */
    int64_t strikes_at; /* second that is counted */
    unsigned strikes;
    bool draining;
};

struct http2_exchange {
    struct exchange_impl impl;
    struct list node;        /* of the connection's exchanges */
    struct list pending;     /* of what is to be looked at */
    struct http2_conn *conn; /* NULL: the peer is gone and the owner has not been told */
    int32_t id;
    size_t head_size;
    int refused; /* status to answer instead of the handler's, or 0 */
    struct buf body;
    size_t body_max;
    void (*body_done)(struct exchange *, int r, str body);
    void (*on_writable)(struct exchange *);
    struct timer timer; /* a body that does not come, an answer that is not taken */
    struct task gone;   /* tells a reader that comes after the peer has left */
    struct buf out;
    size_t out_at;
    bool complete;                                   /* the head has been received */
    bool dispatched;                                 /* the handler has it */
    bool body_end;                                   /* the whole body has been received */
    bool (*body_piece)(struct exchange *, str data); /* the body goes out in pieces */
    void (*on_body_end)(struct exchange *, int r);
    bool body_asked, body_paused, finished, closed, deferred, to_head;
};

extern const struct exchange_ops http2_exchange_ops;

/* Something is to be done for x outside of nghttp2's callbacks. */
void http2_mark(struct http2_exchange *x);
void http2_exchange_free(struct http2_exchange *x);
void http2_exchange_abort(struct http2_exchange *x);
/* Hands the body to its reader: when it is all there, or too long; or what is there of it. */
void http2_exchange_feed(struct http2_exchange *x);
/* Unsent bytes are so few that its owner may go on. */
bool http2_is_low(const struct http2_exchange *x);
/* No more streams: the connection ends with those it has. */
void http2_goaway(struct http2_conn *c);
/* What the peer sent and we hold or dropped may be sent again. */
void http2_consumed(struct http2_exchange *x, size_t n);
