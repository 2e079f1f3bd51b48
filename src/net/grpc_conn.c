// SPDX-License-Identifier: Apache-2.0
/* One HTTP/2 connection of the gRPC client. nghttp2 turns bytes into callbacks and back and does no
 * I/O; it must not be deleted from inside of its own callbacks, hence `depth` and `dead`. */
#include <stdio.h>
#include <stdlib.h>

#include "net/grpc_impl.h"

static void release(struct grpc_conn *conn) {
    if (!conn->dead || conn->depth)
        return;
    nghttp2_session_del(conn->session);
    outq_done(&conn->out);
    free(conn);
}

void grpc_conn_close(struct grpc_conn *conn) {
    if (conn->dead)
        return;
    ASSERT(list_empty(&conn->calls));
    conn->dead = true;
    list_remove(&conn->node);
    if (conn->client->conn == conn)
        conn->client->conn = NULL;
    timer_stop(conn->loop, &conn->timer);
    loop_cancel(conn->loop, &conn->task);
    connect_cancel(TAKE(conn->connect));
    stream_close(TAKE(conn->s));
    release(conn);
}

/* Broken, or never made: all of its calls end. */
static void lost(struct grpc_conn *conn, const char *why) {
    struct grpc_client *c = conn->client;
    bool is_current = c->conn == conn, was_good = conn->heard;
    char text[160];
    snprintf(text, sizeof(text), "connection to %s: %s", c->address, why);
    conn->depth++;
    while (!list_empty(&conn->calls))
        grpc_call_end_soon(container_of(conn->calls.next, struct grpc_call, node), GRPC_UNAVAILABLE,
                           text);
    grpc_conn_close(conn);
    conn->depth--;
    release(conn);
    if (is_current)
        grpc_conn_lost(c, was_good, text);
}

/* It takes no new calls; it goes when it has none left. */
static void retire(struct grpc_conn *conn) {
    if (conn->client->conn == conn)
        conn->client->conn = NULL;
}

static bool is_retired(const struct grpc_conn *conn) {
    return conn->client->conn != conn;
}

static void flush(struct grpc_conn *conn) {
    ssize_t n = http2_flush(conn->session, &conn->out, conn->s);
    if (n < 0) {
        lost(conn, n == -EPROTO ? "protocol error" : strerror((int)-n));
        return;
    }
    bool is_over = http2_is_over(conn->session, &conn->out);
    if (is_over || (is_retired(conn) && list_empty(&conn->calls) && !outq_pending(&conn->out)))
        lost(conn, "the peer ended it");
    else
        stream_want(conn->s,
                    IO_READ | (nghttp2_session_want_write(conn->session) || outq_pending(&conn->out)
                                   ? IO_WRITE
                                   : 0));
}

static void run_task(struct task *t) {
    struct grpc_conn *conn = container_of(t, struct grpc_conn, task);
    if (conn->session)
        flush(conn);
}

static struct grpc_call *call_on(nghttp2_session *session, int32_t id) {
    return nghttp2_session_get_stream_user_data(session, id);
}

static bool parse_number(str s, int *ret) {
    int64_t v;
    if (str_to_i64(s, &v) < 0 || v < 0 || v > 999)
        return false;
    *ret = (int)v;
    return true;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *user_data) {
    struct grpc_call *call = call_on(session, frame->hd.stream_id);
    str n = str_n((const char *)name, name_len), v = str_n((const char *)value, value_len);
    if (!call)
        return 0;
    if (str_eq(n, STR(":status"))) {
        parse_number(v, &call->http_status);
    } else if (str_eq(n, STR("grpc-status"))) {
        if (!parse_number(v, &call->grpc_status))
            call->grpc_status = GRPC_UNKNOWN;
    } else if (str_eq(n, STR("grpc-message"))) {
        buf_clear(&call->text);
        buf_add(&call->text, str_slice(v, 0, GRPC_TEXT_MAX));
    }
    return 0;
}

/* Length of the message at p, or -1 when its prefix is incomplete or wrong (*ret_bad). */
static int64_t message_length(const char *p, size_t n, const char **ret_bad) {
    if (n < GRPC_PREFIX)
        return -1;
    const uint8_t *u = (const uint8_t *)p;
    int64_t len = (int64_t)u[1] << 24 | u[2] << 16 | u[3] << 8 | u[4];
    if (u[0])
        *ret_bad = "message is compressed";
    else if (len > GRPC_MESSAGE_MAX)
        *ret_bad = "message is too long";
    return *ret_bad ? -1 : len;
}

/* Hands complete messages of a stream to its owner, who may cancel the call or free the client.
 * The buffer is ours meanwhile. */
static void deliver(struct grpc_conn *conn, struct grpc_call *call) {
    struct buf in = call->in;
    size_t at = 0;
    const char *bad = NULL;
    call->in = (struct buf){0};
    conn->current = call;
    while (conn->current == call && !conn->dead) {
        int64_t n = message_length(in.p + at, in.n - at, &bad);
        if (n < 0 || in.n - at - GRPC_PREFIX < (size_t)n)
            break;
        at += GRPC_PREFIX;
        call->on_message(call->ctx, str_n(in.p + at, (size_t)n));
        at += (size_t)n;
    }
    if (conn->current != call) {
        buf_done(&in);
        return;
    }
    conn->current = NULL;
    if (at == in.n)
        buf_done(&in);
    else
        buf_consume(&in, at);
    call->in = in;
    if (bad)
        grpc_call_end_soon(call, GRPC_RESOURCE_EXHAUSTED, bad);
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t len, void *user_data) {
    struct grpc_conn *conn = user_data;
    struct grpc_call *call = call_on(session, id);
    if (!call)
        return 0;
    buf_add(&call->in, str_n((const char *)data, len));
    if (call->on_message) {
        deliver(conn, call);
    } else {
        const char *bad = NULL;
        int64_t n = message_length(call->in.p, call->in.n, &bad);
        if (n >= 0 && call->in.n > GRPC_PREFIX + (size_t)n)
            grpc_call_end_soon(call, GRPC_INTERNAL, "more than one message");
        else if (bad)
            grpc_call_end_soon(call, GRPC_RESOURCE_EXHAUSTED, bad);
    }
    return conn->dead ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

/* The stream ended as it should: what does that mean for the call? */
static void conclude(struct grpc_call *call) {
    if (call->grpc_status < 0 && call->http_status != 200) {
        char text[64];
        snprintf(text, sizeof(text), "unexpected HTTP status %d", call->http_status);
        grpc_call_end_soon(call, grpc_status_of_http(call->http_status), text);
        return;
    }
    if (call->grpc_status < 0) {
        grpc_call_end_soon(call, GRPC_INTERNAL, "stream ended without a status");
        return;
    }
    enum grpc_status status =
        call->grpc_status < GRPC_STATUS_MAX ? (enum grpc_status)call->grpc_status : GRPC_UNKNOWN;
    const char *bad = NULL;
    int64_t n = message_length(call->in.p, call->in.n, &bad);
    bool whole =
        call->on_message ? call->in.n == 0 : n >= 0 && call->in.n == GRPC_PREFIX + (size_t)n;
    if (status == GRPC_OK && !whole) {
        grpc_call_end_soon(call, GRPC_INTERNAL, "stream ended within a message");
        return;
    }
    grpc_message_decode(&call->text);
    grpc_call_end_soon(call, status, NULL);
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error, void *user_data) {
    struct grpc_call *call = call_on(session, id);
    if (!call)
        return 0;
    call->id = 0;
    /* A server may reset what it has fully answered, to say that it reads no more. */
    if (error == NGHTTP2_NO_ERROR || call->grpc_status >= 0)
        conclude(call);
    else
        grpc_call_end_soon(call, grpc_status_of_h2(error), nghttp2_http2_strerror(error));
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user_data) {
    struct grpc_conn *conn = user_data;
    conn->heard = true;
    if (frame->hd.type == NGHTTP2_GOAWAY)
        retire(conn);
    return 0;
}

static ssize_t read_request(nghttp2_session *session, int32_t id, uint8_t *p, size_t n,
                            uint32_t *flags, nghttp2_data_source *source, void *user_data) {
    struct grpc_call *call = call_on(session, id);
    if (!call)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    size_t len = MIN(n, call->request.n - call->sent);
    memcpy(p, call->request.p + call->sent, len);
    call->sent += len;
    if (call->sent == call->request.n) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        buf_done(&call->request);
        call->sent = 0;
    }
    return (ssize_t)len;
}

static nghttp2_nv header(const char *name, const char *value) {
    return http2_nv(str_of(name), str_of(value));
}

void grpc_conn_submit(struct grpc_conn *conn, struct grpc_call *call) {
    char timeout[32];
    nghttp2_nv nv[8];
    size_t n = 0;
    nv[n++] = header(":method", "POST");
    nv[n++] = header(":scheme", "http");
    nv[n++] = header(":path", call->path);
    nv[n++] = header(":authority", conn->client->authority);
    nv[n++] = header("te", "trailers");
    nv[n++] = header("content-type", "application/grpc");
    nv[n++] = header("user-agent", "coxswain");
    if (call->timeout_ns) {
        grpc_timeout_text(timeout, call->timeout_ns);
        nv[n++] = header("grpc-timeout", timeout);
    }
    nghttp2_data_provider body = {.read_callback = read_request};
    call->id = nghttp2_submit_request(conn->session, NULL, nv, n, &body, call);
    if (call->id < 0) {
        retire(conn); /* stream ids are used up, or the session is going down */
        grpc_call_end_soon(call, GRPC_UNAVAILABLE, nghttp2_strerror(call->id));
        return;
    }
    call->conn = conn;
    list_append(&conn->calls, &call->node);
    loop_defer(conn->loop, &conn->task);
}

void grpc_conn_drop(struct grpc_conn *conn, struct grpc_call *call) {
    if (conn->current == call)
        conn->current = NULL;
    if (conn->dead)
        return;
    if (call->id > 0) { /* which nghttp2 may not have made a stream of yet */
        nghttp2_session_set_stream_user_data(conn->session, call->id, NULL);
        nghttp2_submit_rst_stream(conn->session, NGHTTP2_FLAG_NONE, call->id, NGHTTP2_CANCEL);
    }
    loop_defer(conn->loop, &conn->task);
}

static void on_ready(struct stream *s, unsigned events) {
    struct grpc_conn *conn = s->ctx;
    uint8_t bytes[16 * 1024];
    size_t budget = HTTP2_TURN_BYTES;
    conn->depth++;
    while (!conn->dead && budget && events & (IO_READ | IO_HUP)) {
        ssize_t n = stream_read(conn->s, bytes, sizeof(bytes));
        if (n == -EAGAIN)
            break;
        if (n <= 0) {
            lost(conn, n == 0 ? "closed by the peer" : strerror((int)-n));
            break;
        }
        ssize_t r = nghttp2_session_mem_recv(conn->session, bytes, (size_t)n);
        if (r < 0 && !conn->dead) {
            lost(conn, nghttp2_strerror((int)r));
            break;
        }
        budget -= MIN(budget, (size_t)n);
        if (n < (ssize_t)sizeof(bytes))
            break;
    }
    if (!conn->dead)
        flush(conn);
    conn->depth--;
    release(conn);
}

static int make_session(struct grpc_conn *conn) {
    nghttp2_session_callbacks *cb;
    if (nghttp2_session_callbacks_new(&cb))
        return -ENOMEM;
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
    return http2_client_session(cb,
                                &(struct http2_client_options){
                                    .stream_window = GRPC_WINDOW_STREAM,
                                    .connection_window = GRPC_WINDOW_CONNECTION,
                                },
                                conn, &conn->session);
}

static void connected(void *ctx, int r, struct stream *s) {
    struct grpc_conn *conn = ctx;
    conn->connect = NULL;
    timer_stop(conn->loop, &conn->timer);
    if (r < 0) {
        lost(conn, strerror(-r));
        return;
    }
    conn->s = s;
    s->ctx = conn;
    s->ready = on_ready;
    r = make_session(conn);
    ASSERT(r == 0); /* only for want of memory */
    grpc_conn_ready(conn);
    flush(conn);
}

static void connect_timeout(struct timer *t) {
    lost(container_of(t, struct grpc_conn, timer), "timed out");
}

struct grpc_conn *grpc_conn_new(struct grpc_client *c) {
    struct grpc_conn *conn = xcalloc(1, sizeof(*conn));
    conn->client = c;
    conn->loop = c->loop;
    list_init(&conn->node);
    list_init(&conn->calls);
    list_init(&conn->task.node);
    conn->task.run = run_task;
    conn->timer.fire = connect_timeout;
    list_append(&c->conns, &conn->node);
    c->conn = conn;
    timer_start(c->loop, &conn->timer, GRPC_CONNECT_TIMEOUT);
    int r = transport_connect(c->loop, c->address, connected, conn, &conn->connect);
    if (r < 0) {
        lost(conn, strerror(-r));
        return NULL;
    }
    return conn;
}
