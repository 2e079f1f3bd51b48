// SPDX-License-Identifier: Apache-2.0
/* A server's HTTP/1.1 connection: shared by its two files, http1_server.c (bytes in, states) and
 * http1_exchange.c (answers out). */
#pragma once

#include "net/conn_io.h"
#include "net/exchange.h"
#include "net/http1_parse.h"
#include "net/websocket.h"

#define HTTP1_READ_SIZE   (16 * 1024)
#define HTTP1_READ_BUDGET (256 * 1024) /* bytes taken from one connection in one go */
#define HTTP1_AHEAD_MAX   4096         /* bytes read while nobody asks, to notice a peer's end */
#define HTTP1_DISCARD_MAX (256 * 1024) /* unread body dropped to keep a connection */
#define HTTP1_LINGER_TIME NSEC_PER_SEC /* an answer's time to arrive before the close */
#define HTTP1_BLANK_MAX   4            /* empty lines in front of a request */
#define HTTP1_OUT_LOW     (HTTP_OUT_HIGH / 4)

enum http1_state {
    HTTP1_HEAD,      /* waiting for a request, or its head is incomplete */
    HTTP1_RUNNING,   /* an exchange is alive */
    HTTP1_DISCARD,   /* answered; what is left of its body is dropped */
    HTTP1_LAST,      /* the last answer is being written */
    HTTP1_LINGERING, /* written and shut down; waiting for the peer's end */
    HTTP1_HIJACK,    /* the 101 is being written, then the stream is given away */
    HTTP1_STATE_MAX,
};

struct http1_exchange;

struct http1_conn {
    struct server_conn base;
    struct conn_io io;
    struct timer timer; /* of the state */
    struct buf in;
    struct http1_scan scan;
    struct http1_body body;
    size_t discarded;
    struct http1_exchange *x;
    enum http1_state state;
    uint8_t blank;
    bool keep_alive;
    bool timer_is_head; /* the timer measures a head, not idleness */
    void (*taken)(void *ctx, struct stream *, str already_read);
    void *taken_ctx;
};

struct http1_exchange {
    struct exchange_impl impl;
    struct http1_conn *conn; /* NULL: the peer is gone and the owner has not been told */
    struct buf body;
    size_t body_max;
    void (*body_done)(struct exchange *, int r, str body);
    bool (*body_piece)(struct exchange *, str data); /* the body goes out in pieces */
    void (*body_end)(struct exchange *, int r);
    void (*on_writable)(struct exchange *);
    struct task gone; /* tells a reader that comes after the peer has left */
    bool body_asked;  /* body_done, or body_end, is still to be called */
    bool body_paused; /* no pieces now */
    bool to_head, http10, expect_continue;
    bool chunked;
    struct websocket_reader *ws; /* it goes on as a WebSocket */
    enum websocket_opcode ws_opcode;
};

extern const struct exchange_ops http1_exchange_ops;

void http1_set_state(struct http1_conn *c, enum http1_state to);
/* The body, or what is to come of it, has ended: its reader is told. */
void http1_body_ended(struct http1_exchange *x, int r);
/* A short text and the end of the connection. */
void http1_refuse(struct http1_conn *c, int status);
/* The peer is gone: the owner hears of it. */
void http1_exchange_abort(struct http1_exchange *x);
void http1_conn_close(struct http1_conn *c);
/* As exchange_start_websocket. */
int http1_websocket_start(struct http1_exchange *x, enum websocket_opcode opcode, str protocol);
/* Reads what has arrived; true when the exchange has ended by it. */
bool http1_websocket_feed(struct http1_conn *c);
