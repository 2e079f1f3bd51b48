// SPDX-License-Identifier: Apache-2.0
/* Between the server's public calls and the protocol that carries an exchange. Private to net/. */
#pragma once

#include "net/server.h"

/* One set a protocol. Meaning and order of calls as in net/server.h; the caller of these has made
 * sure of the order. */
struct exchange_ops {
    void (*read_body)(struct exchange *, size_t max, void (*done)(struct exchange *, int, str));
    void (*stream_body)(struct exchange *, bool (*piece)(struct exchange *, str),
                        void (*end)(struct exchange *, int));
    void (*resume_body)(struct exchange *);
    void (*respond)(struct exchange *, int status, const struct http_header *, size_t n, str body);
    void (*start)(struct exchange *, int status, const struct http_header *, size_t n,
                  void (*on_writable)(struct exchange *));
    int (*start_websocket)(struct exchange *, enum websocket_opcode, str protocol,
                           void (*on_writable)(struct exchange *));
    void (*write)(struct exchange *, str data);
    void (*end)(struct exchange *);
    void (*abort)(struct exchange *);
    int (*hijack)(struct exchange *, const struct http_header *, size_t n,
                  void (*taken)(void *ctx, struct stream *, str already_read), void *ctx);
};

struct exchange_impl {
    struct exchange x;
    const struct exchange_ops *ops;
    bool reading, started, websocket;
    bool above; /* unsent bytes have passed their limit and not fallen low since */
};

/* What a header Content-Length among them says, or -1. */
int64_t exchange_length(const struct http_header *headers, size_t n);

/* A connection as the server sees it. */
struct server_conn {
    struct list node;
    struct http_server *server; /* NULL once it is gone */
    const struct server_conn_ops *ops;
};
struct server_conn_ops {
    void (*drain)(struct server_conn *); /* close when idle, else end with the exchange */
    void (*kill)(struct server_conn *);  /* now; calls server_conn_gone() */
};

struct http_server {
    struct loop *loop;
    struct tls_config *tls;
    void (*handler)(void *ctx, struct exchange *);
    void *ctx;
    struct listener **listeners;
    size_t n_listeners;
    struct list conns;
    unsigned n_conns;
    int64_t date_at; /* second that `date` shows */
    char date[32];
    uint64_t tls_failures;
    bool draining;
    struct timer drain_timer;
    struct task drained_task;
    void (*drained)(void *);
    void *drained_ctx;
};

void server_conn_init(struct server_conn *c, struct http_server *s,
                      const struct server_conn_ops *ops);
void server_conn_gone(struct server_conn *c);
/* IMF-fixdate of now, made once a second. */
const char *server_date(struct http_server *s);

/* On a fresh stream. */
void http1_conn_start(struct http_server *s, struct stream *stream);
void http2_conn_start(struct http_server *s, struct stream *stream);
