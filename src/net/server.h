// SPDX-License-Identifier: Apache-2.0
/* HTTP server: HTTP/1.1 now, HTTP/2 behind the same calls. One exchange = request and response.
 *
 * The handler is called when the head is complete. It reads the body when it wants to, answers at
 * once or later, and may stream. Everything of an exchange lives in its arena and ends with it; the
 * owner hears of an early end (peer gone, shutdown, time-out) through on_abort, exactly once, and
 * must not use the exchange afterwards. */
#pragma once

#include "net/http.h"
#include "net/tls.h"
#include "net/websocket.h"

/* Limits, in bytes or numbers unless named otherwise. */
#define HTTP_HEAD_MAX        (64 * 1024) /* request line and headers; 431 past it */
#define HTTP_HEADERS_MAX     256
#define HTTP_TARGET_MAX      (32 * 1024) /* 414 past it */
#define HTTP_OUT_HIGH        (64 * 1024) /* unsent bytes at which http_writable turns false */
#define HTTP_IDLE_TIMEOUT    (90 * NSEC_PER_SEC)
#define HTTP_HEAD_TIMEOUT    (15 * NSEC_PER_SEC) /* first byte to complete head */
#define HTTP_BODY_TIMEOUT    (60 * NSEC_PER_SEC) /* without any progress */
#define HTTP_CONNECTIONS_MAX 20000
#define HTTP_PIPELINE_MAX    16

struct exchange {
    struct arena *arena; /* of this exchange */
    struct loop *loop;
    str method, target; /* target as received */
    str path;           /* before '?', still encoded */
    str query;          /* behind it */
    struct http_headers headers;
    int64_t body_length;         /* -1: chunked */
    const struct tls_peer *peer; /* the client's certificate (look at ->verified) or NULL */
    const char *remote;          /* "ip:port" */
    bool http2;
    void *ctx; /* the handler's */
    /* When NULL, an exchange that has lost its peer stays until its owner answers into the void. */
    void (*on_abort)(struct exchange *);
};

struct http_server;
struct http_server_options {
    const char *const *addresses; /* as transport_listen; ends in NULL */
    struct tls_config *tls;       /* NULL: plain (simulator and unix sockets only) */
    void (*handler)(void *ctx, struct exchange *);
    void *ctx;
};
int http_server_new(struct loop *l, const struct http_server_options *o, struct err *e,
                    struct http_server **ret);
/* The address bound for listener i. */
const char *http_server_address(const struct http_server *s, size_t i);
uint64_t
http_server_tls_failures(const struct http_server *s); /* handshakes that came to nothing */
/* New sessions use it; running ones keep theirs. */
void http_server_set_tls(struct http_server *s, struct tls_config *tls);
/* No new connections; idle ones are closed, busy ones end with their exchange; drained() when none
 * is left or after timeout_ns. */
void http_server_drain(struct http_server *s, int64_t timeout_ns, void (*drained)(void *),
                       void *ctx);
struct http_server *http_server_free(struct http_server *s);
DEFINE_CLEANUP(struct http_server *, http_server_free)

/* The whole body, at most max bytes: done(x, 0, body), or done(x, -E2BIG, ...) (answer 413; the
 * connection is closed after it), -EPROTO for a broken one, -ECONNRESET when the peer is gone and
 * there is no on_abort. Once per exchange; done is never called from inside of this. */
void exchange_read_body(struct exchange *x, size_t max,
                        void (*done)(struct exchange *, int r, str body));
/* The body in pieces instead, as they come: piece() says whether it takes more; after a no nothing
 * is read until exchange_resume_body(). Data is valid during the call. end() is called once, unless
 * the exchange ends before it: 0, -EPROTO for a broken body, -ECONNRESET as above. What is held of
 * a body whose owner does not take it is bounded by the connection's window; how long a peer may
 * be silent is the owner's to say. */
void exchange_stream_body(struct exchange *x, bool (*piece)(struct exchange *, str data),
                          void (*end)(struct exchange *, int r));
void exchange_resume_body(struct exchange *x);
/* Answers whole. Content-Length is added. Ends the exchange: x is gone afterwards. A header
 * "Connection: close" ends the connection with it (HTTP/2: with all it carries now). */
void exchange_respond(struct exchange *x, int status, const struct http_header *headers,
                      size_t n_headers, str body);
/* Streams: start, write..., end. on_writable (may be NULL) is called when unsent bytes have fallen
 * low after exchange_writable() was false. write copies. A header Content-Length says how much will
 * be written in all, and must be true; without one the answer is as long as it is. */
void exchange_start(struct exchange *x, int status, const struct http_header *headers,
                    size_t n_headers, void (*on_writable)(struct exchange *));
/* The same over a WebSocket (net/websocket.h), when the request's head is its handshake: each write
 * is one message of that kind, be it empty, and what the peer says is dropped. protocol: the
 * subprotocol, or empty. -ENOTSUP (HTTP/2), -EINVAL (no handshake of version 13), -ECONNRESET: not
 * started. */
int exchange_start_websocket(struct exchange *x, enum websocket_opcode opcode, str protocol,
                             void (*on_writable)(struct exchange *));
bool exchange_writable(const struct exchange *x);
void exchange_write(struct exchange *x, str data);
void exchange_end(struct exchange *x);
/* Cuts the connection (HTTP/2: resets the stream); for a stream that cannot go on. */
void exchange_abort(struct exchange *x);
/* Answers 101 and hands the raw stream (and bytes already read behind the head) to the caller, or
 * NULL when the connection breaks or the server ends before the 101 is written; never from inside
 * of this. HTTP/1.1 only, -ENOTSUP otherwise; -EINVAL when the body has not been read, -ECONNRESET.
 * x is gone after a success, and the caller's still after an error. */
int exchange_hijack(struct exchange *x, const struct http_header *headers, size_t n_headers,
                    void (*taken)(void *ctx, struct stream *, str already_read), void *ctx);
