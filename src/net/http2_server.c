// SPDX-License-Identifier: Apache-2.0
/* HTTP/2 of the server, the incoming half. nghttp2 reads the frames; its callbacks only note what
 * has happened to which exchange and owners are called afterwards, outside of them, since an owner
 * may do anything: answer, abort, free the server.
 *
 * A body that nobody has asked for stays within the stream's window of 64 kB, since the window is
 * opened again only for a reader. */
#include <stdlib.h>

#include "net/http2_conn.h"
#include "net/http2_io.h"

static struct http2_exchange *exchange_on(nghttp2_session *session, int32_t id) {
    return nghttp2_session_get_stream_user_data(session, id);
}

static void conn_close(struct http2_conn *c) {
    if (c->io.dead)
        return;
    conn_io_enter(&c->io);
    conn_io_end(&c->io);
    timer_stop(c->io.loop, &c->idle);
    server_conn_gone(&c->base);
    stream_close(TAKE(c->io.s));
    while (!list_empty(&c->exchanges))
        http2_exchange_abort(container_of(c->exchanges.next, struct http2_exchange, node));
    conn_io_leave(&c->io);
}

void http2_mark(struct http2_exchange *x) {
    if (list_empty(&x->pending))
        list_append(&x->conn->pending, &x->pending);
    conn_io_wake(&x->conn->io);
}

void http2_consumed(struct http2_exchange *x, size_t n) {
    if (x->conn && !x->closed && n)
        nghttp2_session_consume_stream(x->conn->session, x->id, n);
}

static void no_progress(struct timer *t) {
    struct http2_exchange *x = container_of(t, struct http2_exchange, timer);
    nghttp2_submit_rst_stream(x->conn->session, NGHTTP2_FLAG_NONE, x->id, NGHTTP2_CANCEL);
    conn_io_wake(&x->conn->io);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *ud) {
    struct http2_conn *c = ud;
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    struct arena *a = arena_new(0);
    struct http2_exchange *x = arena_make(a, struct http2_exchange);
    x->impl.ops = &http2_exchange_ops;
    x->impl.x = (struct exchange){
        .arena = a,
        .loop = c->io.loop,
        .peer = tls_peer(c->io.s),
        .remote = c->io.s->peer,
        .body_length = -1,
        .http2 = true,
    };
    x->conn = c;
    x->id = frame->hd.stream_id;
    x->timer.fire = no_progress;
    list_init(&x->node);
    list_init(&x->pending);
    list_init(&x->gone.node);
    list_append(&c->exchanges, &x->node);
    if (!c->n_exchanges++)
        timer_stop(c->io.loop, &c->idle);
    return nghttp2_session_set_stream_user_data(session, x->id, x);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *ud) {
    struct http2_exchange *x = exchange_on(session, frame->hd.stream_id);
    if (!x || x->complete || x->refused) /* trailers are dropped */
        return 0;
    struct arena *a = x->impl.x.arena;
    x->head_size += name_len + value_len + 32;
    if (x->head_size > HTTP_HEAD_MAX || x->impl.x.headers.n >= HTTP_HEADERS_MAX) {
        x->refused = 431;
        return 0;
    }
    str n = str_dup(a, str_n((const char *)name, name_len));
    str v = str_dup(a, str_n((const char *)value, value_len));
    int64_t length;
    if (str_eq(n, STR(":method")))
        x->impl.x.method = v;
    else if (str_eq(n, STR(":path")))
        x->impl.x.target = v;
    else if (str_eq(n, STR(":authority")))
        http_header_add(a, &x->impl.x.headers, STR("Host"), v);
    else if (n.p[0] != ':')
        http_header_add(a, &x->impl.x.headers, n, v);
    if (str_eq(n, STR("content-length")) && str_to_i64(v, &length) == 0)
        x->impl.x.body_length = length;
    return 0;
}

static void head_complete(struct http2_exchange *x) {
    struct exchange *ex = &x->impl.x;
    x->complete = true;
    x->to_head = str_eq(ex->method, STR("HEAD"));
    if (x->body_end)
        ex->body_length = 0;
    int r = http_target_parse(ex->method, ex->target, &ex->path, &ex->query);
    if (r < 0 && !x->refused)
        x->refused = http1_error_status(r);
    http2_mark(x);
}

/* True when the peer has asked for too much of what costs it nothing. */
static bool strike(struct http2_conn *c) {
    int64_t second = loop_now(c->io.loop) / NSEC_PER_SEC;
    if (second != c->strikes_at) {
        c->strikes_at = second;
        c->strikes = 0;
    }
    return ++c->strikes > HTTP2_STRIKES_MAX;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *ud) {
    struct http2_conn *c = ud;
    uint8_t type = frame->hd.type;
    struct http2_exchange *x = exchange_on(session, frame->hd.stream_id);
    bool empty_data =
        type == NGHTTP2_DATA && !frame->hd.length && !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
    if (type == NGHTTP2_RST_STREAM || type == NGHTTP2_PING || type == NGHTTP2_SETTINGS ||
        type == NGHTTP2_PRIORITY || empty_data)
        if (strike(c))
            nghttp2_session_terminate_session(session, NGHTTP2_ENHANCE_YOUR_CALM);
    if (!x || (type != NGHTTP2_HEADERS && type != NGHTTP2_DATA))
        return 0;
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        x->body_end = true;
    if (type == NGHTTP2_HEADERS && !x->complete)
        head_complete(x);
    else if (x->body_end)
        http2_mark(x);
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *p, size_t n,
                   void *ud) {
    struct http2_exchange *x = exchange_on(session, id);
    nghttp2_session_consume_connection(session, n);
    if (!x || x->finished) {
        nghttp2_session_consume_stream(session, id, n);
        return 0;
    }
    buf_add(&x->body, str_n((const char *)p, n));
    if (x->body_asked)
        http2_mark(x);
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error, void *ud) {
    struct http2_exchange *x = exchange_on(session, id);
    if (!x)
        return 0;
    x->closed = true;
    nghttp2_session_set_stream_user_data(session, id, NULL);
    http2_mark(x);
    return 0;
}

/* An answer that was complete before its request tells the peer to stop sending. A short body may
 * come to its end: clients lose the answer when their last bytes meet the reset (curl 7.88). */
static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *ud) {
    struct http2_exchange *x = exchange_on(session, frame->hd.stream_id);
    if (x && (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) && !x->body_end) {
        int64_t length = x->impl.x.body_length;
        if (length >= 0 && length <= HTTP2_SWALLOW_MAX)
            timer_start(x->conn->io.loop, &x->timer, HTTP_BODY_TIMEOUT);
        else
            nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, x->id, NGHTTP2_NO_ERROR);
    }
    return 0;
}

/* Nothing was done for it. */
static void refuse_stream(struct http2_exchange *x) {
    nghttp2_submit_rst_stream(x->conn->session, NGHTTP2_FLAG_NONE, x->id, NGHTTP2_REFUSED_STREAM);
    x->finished = true;
    conn_io_wake(&x->conn->io);
}

/* Out, then in: an owner may do both at a time. */
static void go_on(struct http2_conn *c, struct http2_exchange *x) {
    if (x->impl.above && http2_is_low(x)) {
        x->impl.above = false;
        if (x->on_writable)
            x->on_writable(&x->impl.x);
    }
    if (!c->io.dead && !x->finished && x->body_asked)
        http2_exchange_feed(x);
}

static void look_at(struct http2_conn *c, struct http2_exchange *x) {
    if (x->closed && (x->finished || !x->dispatched)) {
        http2_exchange_free(x);
    } else if (x->closed) {
        http2_exchange_abort(x);
    } else if (x->complete && !x->dispatched) {
        x->dispatched = true;
        if (c->unsent >= HTTP2_UNSENT_MAX)
            refuse_stream(x);
        else if (x->refused)
            exchange_respond(&x->impl.x, x->refused, NULL, 0, str_of(http_reason(x->refused)));
        else
            c->base.server->handler(c->base.server->ctx, &x->impl.x);
    } else {
        go_on(c, x);
    }
}

static void run_pending(struct http2_conn *c) {
    unsigned budget = HTTP2_STREAMS_MAX;
    while (!c->io.dead && budget-- && !list_empty(&c->pending)) {
        struct list *node = c->pending.next;
        list_remove(node);
        look_at(c, container_of(node, struct http2_exchange, pending));
    }
}

static void flush(struct http2_conn *c) {
    ssize_t n = http2_flush(c->session, &c->io.out, c->io.s);
    if (n < 0)
        c->io.failed = true;
    else
        conn_io_wrote(&c->io, (size_t)n);
}

static bool is_over(struct http2_conn *c) {
    if (c->io.failed || (c->draining && !c->n_exchanges && !outq_pending(&c->io.out)))
        return true;
    return http2_is_over(c->session, &c->io.out);
}

/* Owners are told, bytes written, as often as one leads to the other. May free c. */
static void pump(struct http2_conn *c) {
    conn_io_enter(&c->io);
    for (int i = 0; i < 4 && !c->io.dead; i++) {
        run_pending(c);
        if (!c->io.dead && !c->io.failed)
            flush(c);
        if (c->io.dead || c->io.failed || list_empty(&c->pending))
            break;
    }
    if (!c->io.dead && is_over(c))
        conn_close(c);
    if (!c->io.dead) {
        bool more = outq_pending(&c->io.out) || nghttp2_session_want_write(c->session);
        stream_want(c->io.s, IO_READ | (more ? IO_WRITE : 0));
        if (!list_empty(&c->pending) && !c->io.task.queued)
            loop_post(c->io.loop, &c->io.task); /* the others first */
    }
    conn_io_leave(&c->io);
}

static void on_ready(struct stream *s, unsigned events) {
    struct http2_conn *c = s->ctx;
    uint8_t bytes[16 * 1024];
    size_t budget = HTTP2_TURN_BYTES;
    conn_io_enter(&c->io);
    while (!c->io.dead && budget && events & (IO_READ | IO_HUP)) {
        ssize_t n = stream_read(c->io.s, bytes, sizeof(bytes));
        if (n == -EAGAIN)
            break;
        if (n <= 0 || nghttp2_session_mem_recv(c->session, bytes, (size_t)n) < 0) {
            conn_close(c);
            break;
        }
        budget -= MIN(budget, (size_t)n);
        run_pending(c);
        if (n < (ssize_t)sizeof(bytes))
            break;
    }
    if (conn_io_leave(&c->io))
        pump(c);
}

static void on_idle(struct timer *t) {
    conn_close(container_of(t, struct http2_conn, idle));
}

void http2_goaway(struct http2_conn *c) {
    if (c->draining)
        return;
    c->draining = true;
    nghttp2_submit_goaway(c->session, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(c->session), NGHTTP2_NO_ERROR,
                          NULL, 0);
    conn_io_wake(&c->io);
}

static void conn_drain(struct server_conn *base) {
    http2_goaway(container_of(base, struct http2_conn, base));
}

static void conn_kill(struct server_conn *base) {
    conn_close(container_of(base, struct http2_conn, base));
}

static const struct server_conn_ops conn_ops = {.drain = conn_drain, .kill = conn_kill};

static void io_pump(struct conn_io *io) {
    pump(container_of(io, struct http2_conn, io));
}

static void io_close(struct conn_io *io) {
    conn_close(container_of(io, struct http2_conn, io));
}

static void io_free(struct conn_io *io) {
    struct http2_conn *c = container_of(io, struct http2_conn, io);
    nghttp2_session_del(c->session);
    free(c);
}

static const struct conn_io_ops io_ops = {.pump = io_pump, .close = io_close, .free = io_free};

static int make_session(struct http2_conn *c) {
    nghttp2_session_callbacks *cb;
    nghttp2_option *opt;
    if (nghttp2_session_callbacks_new(&cb) || nghttp2_option_new(&opt))
        return -ENOMEM;
    nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_frame_sent);
    nghttp2_option_set_no_auto_window_update(opt, 1);
    nghttp2_option_set_no_closed_streams(opt, 1);
    nghttp2_option_set_max_outbound_ack(opt, HTTP2_STRIKES_MAX);
    int r = nghttp2_session_server_new2(&c->session, cb, c, opt);
    nghttp2_option_del(opt);
    nghttp2_session_callbacks_del(cb);
    if (r)
        return -ENOMEM;
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, HTTP2_STREAMS_MAX},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HTTP_HEAD_MAX},
    };
    if (nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, settings, ARRAY_LEN(settings)) ||
        nghttp2_session_set_local_window_size(c->session, NGHTTP2_FLAG_NONE, 0, HTTP2_WINDOW))
        return -ENOMEM;
    return 0;
}

void http2_conn_start(struct http_server *s, struct stream *stream) {
    struct http2_conn *c = xcalloc(1, sizeof(*c));
    server_conn_init(&c->base, s, &conn_ops);
    conn_io_init(&c->io, s->loop, stream, &io_ops);
    c->idle.fire = on_idle;
    list_init(&c->exchanges);
    list_init(&c->pending);
    int r = make_session(c);
    ASSERT(r == 0); /* only for want of memory */
    stream->ctx = c;
    stream->ready = on_ready;
    timer_start(c->io.loop, &c->idle, HTTP_IDLE_TIMEOUT);
    pump(c);
}
