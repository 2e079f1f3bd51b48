// SPDX-License-Identifier: Apache-2.0
/* Between the files of the gRPC client: grpc.c (calls, when to connect), grpc_conn.c (HTTP/2),
 * grpc_status.c (what an answer means). Private to net/. */
#pragma once

#include "net/grpc.h"
#include "net/http2_io.h"

#define GRPC_PREFIX            5 /* bytes in front of a message: compressed?, length */
#define GRPC_WINDOW_STREAM     (4 * 1024 * 1024)
#define GRPC_WINDOW_CONNECTION (16 * 1024 * 1024)
#define GRPC_TEXT_MAX          4096 /* of grpc-message */
#define GRPC_BACKOFF_MIN       (100 * NSEC_PER_MSEC)
#define GRPC_BACKOFF_MAX       (5 * NSEC_PER_SEC)
#define GRPC_CONNECT_TIMEOUT   (20 * NSEC_PER_SEC)

struct grpc_conn {
    struct list node; /* in the client's conns */
    struct grpc_client *client;
    struct loop *loop;
    struct connect *connect; /* first this, */
    struct stream *s;        /* then this */
    nghttp2_session *session;
    struct outq out;
    struct list calls;
    struct task task; /* flush */
    struct timer timer;
    struct grpc_call *current; /* whose message is being delivered */
    unsigned depth;
    bool dead, heard; /* heard: the peer has said something */
};

struct grpc_client {
    struct loop *loop;
    char *address;
    const char *authority;  /* within address, or "localhost" */
    struct grpc_conn *conn; /* takes new calls; connecting or connected */
    struct list conns;      /* with those that only finish what they have */
    struct list waiting;    /* calls that wait for conn to be connected */
    struct list ended;      /* calls whose end is to be told */
    unsigned n_calls;
    struct task task;
    struct timer backoff;
    int64_t backoff_ns;
};

struct grpc_call {
    struct list node; /* in waiting, a connection's calls or ended */
    struct grpc_client *client;
    struct grpc_conn *conn;
    struct timer timer;
    int32_t id;
    char *path;
    int64_t timeout_ns;
    struct buf request;
    size_t sent;
    struct buf in;
    int http_status, grpc_status; /* -1: none seen */
    struct buf text;              /* of grpc-message, still encoded; or of our own error */
    bool ended;
    enum grpc_status result;
    void (*on_message)(void *ctx, str message);
    void (*on_done)(void *ctx, enum grpc_status status, str message, str response);
    void *ctx;
};

/* Off its connection and onto the list of those whose end is told soon. */
void grpc_call_end_soon(struct grpc_call *call, enum grpc_status status, const char *text);
/* The connection could not be made, or broke. */
void grpc_conn_lost(struct grpc_client *c, bool was_good, const char *why);
/* The calls that waited are submitted. */
void grpc_conn_ready(struct grpc_conn *conn);

struct grpc_conn *grpc_conn_new(struct grpc_client *c);
void grpc_conn_close(struct grpc_conn *conn);
static inline bool grpc_conn_is_up(const struct grpc_conn *conn) {
    return conn && conn->session;
}
void grpc_conn_submit(struct grpc_conn *conn, struct grpc_call *call);
/* The call is nobody's any more: the peer is told when it does not know. */
void grpc_conn_drop(struct grpc_conn *conn, struct grpc_call *call);

enum grpc_status grpc_status_of_http(int status);
enum grpc_status grpc_status_of_h2(uint32_t error_code);
/* "%20" and the like; what is no escape stays. */
void grpc_message_decode(struct buf *b);
/* At most eight digits and a unit. */
void grpc_timeout_text(char out[32], int64_t ns);
