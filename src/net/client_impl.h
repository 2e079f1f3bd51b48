// SPDX-License-Identifier: Apache-2.0
/* What the files of the HTTP client share: client.c (queue, pool, ends of calls), client_connect.c
 * (making a connection), http1_client.c (a connection that carries one call at a time),
 * http2_client.c (one that carries many). Private to net/. */
#pragma once

#include "net/client.h"
#include "net/http1_parse.h"
#include "net/outq.h"

#define HTTP_CLIENT_CONNECT_TIMEOUT (10 * NSEC_PER_SEC)
#define HTTP_CLIENT_IDLE_TIMEOUT    (80 * NSEC_PER_SEC) /* below a server's 90 s */
#define HTTP_CLIENT_READ_BUDGET     (256 * 1024)
#define HTTP_CLIENT_INTERIM_MAX     8 /* 1xx answers before the real one */

/* A connection as the pool sees it: in `ready` while it can take a call, else in `busy`. */
struct client_conn {
    struct list node;
    struct http_client *client;
    const struct client_conn_ops *ops;
    struct list calls; /* that it carries */
    bool retired;      /* takes no new calls */
};
struct client_conn_ops {
    void (*send)(struct client_conn *, struct http_call *); /* one out of `ready` */
    void (*resume)(struct client_conn *, struct http_call *);
    void (*written)(struct client_conn *, struct http_call *); /* there is more of its request */
    void (*drop)(struct client_conn *, struct http_call *);    /* nobody's any more, off `calls` */
    void (*retire)(struct client_conn *);       /* `retired` has been set; ends when idle */
    void (*close)(struct client_conn *, int r); /* at once; its calls end with r */
};

struct client_attempt;

struct http_client {
    struct loop *loop;
    char *address, *host, *tls_name;
    struct tls_config *tls;
    unsigned max_conns, n_conns, n_attempts, n_queued;
    bool http2;           /* without TLS: what is spoken */
    bool shared;          /* as far as is known, one connection carries many calls */
    struct list queue;    /* calls that wait for a connection */
    struct list ended;    /* calls whose end is known, to be told from the task */
    struct list attempts; /* connections that are being made */
    struct list busy;
    struct list ready; /* most recently used first */
    struct task task;  /* pump */
};

struct http_call {
    struct list node; /* in queue, a connection's calls or ended, else alone */
    struct http_client *client;
    struct client_conn *conn; /* carries it, or NULL */
    struct timer timer, idle; /* the whole call; since its last byte */
    struct arena *arena;      /* of the heads of request and answer */
    str method, target;
    struct http_headers headers;
    struct buf request; /* its body; of one that is streamed, with framing, what is unsent */
    size_t max_body;
    int64_t idle_timeout_ns;
    void (*on_head)(void *ctx, int status, const struct http_headers *);
    bool (*on_data)(void *ctx, str data);
    void (*on_done)(void *ctx, int r, int status, const struct http_headers *, str body,
                    bool maybe_sent);
    void (*on_upgrade)(void *ctx, const struct http_headers *, struct stream *, str early);
    void (*on_drained)(void *ctx);
    void *ctx;
    bool streams, streamed; /* the body comes in pieces; all of it has come */
    bool above;             /* on_drained is owed */
    int64_t length;         /* of a streamed body; -1: unknown */
    struct http1_response answer;
    struct buf body;
    unsigned interim;
    bool is_get, is_head, queued, retried, maybe_sent, paused;
    bool has_bytes, has_head; /* of the answer */
    int result;               /* once in `ended` */
    /* HTTP/2 only */
    int32_t id;  /* 0: has no stream (any more) */
    size_t sent; /* of the request's body */
    size_t head_size;
    struct buf held; /* came while paused */
    bool whole;      /* all of the answer has come */
};

/* Whether its request says how long its body is. */
bool http_call_tells_length(const struct http_call *call);
/* The call has ended: it leaves its connection, on_done is called, it is freed. */
void http_call_end(struct http_call *call, int r);
/* As http_call_end, told later. */
void http_call_end_soon(struct http_call *call, int r);
/* The connection has become the caller's: on_upgrade is called, then the call is freed. */
void http_call_upgraded(struct http_call *call, struct stream *s, str early);
/* Its connection or stream broke: into the queue again where that is allowed, else the end. */
void http_call_broken(struct http_call *call, int r);
/* Back to the queue's front: it was not sent. */
void http_call_again(struct http_call *call);
/* The peer has shown life, or has been told to wait. */
void http_call_heard(struct http_call *call);
/* The answer's head is complete. 0 or -E2BIG. on_head may have ended the call. */
int http_call_head(struct http_call *call);
/* A piece of the body. 0 or -E2BIG. on_data may have ended the call. */
int http_call_data(struct http_call *call, str data, bool *ret_pause);

/* Into the pool. */
void client_conn_join(struct client_conn *conn, struct http_client *c,
                      const struct client_conn_ops *ops);
/* Off it. Its calls are still there. */
void client_conn_leave(struct client_conn *conn);
void client_conn_ready(struct client_conn *conn, bool is_ready);
void http_client_pump_soon(struct http_client *c);

/* Starts to connect. */
void client_attempt_new(struct http_client *c);
void client_attempt_cancel(struct client_attempt *a);
struct client_attempt *client_attempt_of(struct list *node);
/* It could not be made: -errno. */
void http_client_not_connected(struct http_client *c, int r);

/* On a fresh stream. */
void http1_client_start(struct http_client *c, struct stream *s);
void http2_client_start(struct http_client *c, struct stream *s);
