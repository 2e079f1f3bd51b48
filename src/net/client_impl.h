// SPDX-License-Identifier: Apache-2.0
/* What the two halves of the HTTP client share: client.c (queue, pool, calls) and http1_client.c
 * (one connection, one call at a time). Private to net/. */
#pragma once

#include "net/client.h"
#include "net/http1_parse.h"
#include "net/outq.h"

#define HTTP_CLIENT_CONNECT_TIMEOUT (10 * NSEC_PER_SEC)
#define HTTP_CLIENT_IDLE_TIMEOUT    (80 * NSEC_PER_SEC) /* below a server's 90 s */
#define HTTP_CLIENT_READ_BUDGET     (256 * 1024)
#define HTTP_CLIENT_INTERIM_MAX     8 /* 1xx answers before the real one */

struct client_conn;

struct http_client {
    struct loop *loop;
    char *address, *host, *tls_name;
    struct tls_config *tls;
    unsigned max_conns, n_conns, n_connecting, n_queued;
    struct list queue; /* calls that wait for a connection */
    struct list ended; /* calls whose end is known, to be told from the task */
    struct list conns; /* connecting or busy */
    struct list idle;  /* most recently used first */
    struct task task;  /* pump */
};

struct http_call {
    struct list node; /* in queue or ended, else alone */
    struct http_client *client;
    struct client_conn *conn; /* carries it, or NULL */
    struct timer timer;       /* the whole call */
    struct buf request;
    size_t max_body;
    int64_t idle_timeout_ns;
    void (*on_head)(void *ctx, int status, const struct http_headers *);
    bool (*on_data)(void *ctx, str data);
    void (*on_done)(void *ctx, int r, int status, const struct http_headers *, str body,
                    bool maybe_sent);
    void (*on_upgrade)(void *ctx, const struct http_headers *, struct stream *, str early);
    void *ctx;
    struct arena *arena; /* of the answer's head */
    struct http1_response answer;
    struct buf body;
    bool is_get, is_head, retried, maybe_sent;
    bool has_bytes, has_head; /* of the answer */
    int result;               /* once in `ended` */
};

/* The call has ended: on_done is called, then it is freed. The connection has let go of it. */
void http_call_end(struct http_call *call, int r);
/* The connection has become the caller's: on_upgrade is called, then it is freed. */
void http_call_upgraded(struct http_call *call, struct stream *s, str early);
/* As http_call_end, later. */
void http_call_end_soon(struct http_call *call, int r);
/* Back into the queue's front: its connection was dead before it heard of the call. */
void http_call_again(struct http_call *call);
/* Whether that may be done, given how the call stands. */
bool http_call_may_retry(const struct http_call *call);
void http_client_pump_soon(struct http_client *c);

/* Starts to connect. */
void client_conn_new(struct http_client *c);
void client_conn_send(struct client_conn *conn, struct http_call *call);
void client_conn_resume(struct client_conn *conn);
/* Lets go of everything. Gives the call it carried, which is the caller's to end, or NULL. */
struct http_call *client_conn_close(struct client_conn *conn);
struct client_conn *client_conn_of(struct list *node);
