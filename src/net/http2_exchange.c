// SPDX-License-Identifier: Apache-2.0
/* HTTP/2 of the server, the outgoing half: what the owner of an exchange does to it. The exchange
 * outlives its owner until nghttp2 has sent what it holds and closes the stream. */
#include "net/http2_conn.h"
#include "net/http2_io.h"

_Static_assert(offsetof(struct http2_exchange, impl.x) == 0, "so that const needs no cast");

static struct http2_exchange *of(struct exchange *x) {
    return container_of(x, struct http2_exchange, impl.x);
}

static size_t unsent(const struct http2_exchange *x) {
    return x->out.n - x->out_at;
}

/* How much a stream may hold. */
static size_t high_of(const struct http2_exchange *x) {
    return x->conn && x->conn->crowded ? HTTP2_UNSENT_SHARE : HTTP_OUT_HIGH;
}

bool http2_is_low(const struct http2_exchange *x) {
    return unsent(x) <= high_of(x) / 4;
}

static void add_unsent(struct http2_exchange *x, size_t n) {
    x->conn->unsent += n;
    if (x->conn->unsent >= HTTP2_UNSENT_HIGH)
        x->conn->crowded = true;
}

/* With room for all again, streams that were stopped early go on. */
static void sub_unsent(struct http2_conn *c, size_t n) {
    ASSERT(c->unsent >= n);
    c->unsent -= n;
    if (!c->crowded || c->unsent > HTTP2_UNSENT_HIGH / 2)
        return;
    c->crowded = false;
    LIST_FOREACH (node, &c->exchanges) {
        struct http2_exchange *x = container_of(node, struct http2_exchange, node);
        if (x->impl.above && http2_is_low(x))
            http2_mark(x);
    }
}

/* Off its connection. */
static void detach(struct http2_exchange *x) {
    struct http2_conn *c = TAKE(x->conn);
    if (!c)
        return;
    list_remove(&x->node);
    list_remove(&x->pending);
    sub_unsent(c, unsent(x));
    timer_stop(c->io.loop, &x->timer);
    if (!x->closed)
        nghttp2_session_set_stream_user_data(c->session, x->id, NULL);
    if (!--c->n_exchanges && !c->io.dead)
        timer_start(c->io.loop, &c->idle, HTTP_IDLE_TIMEOUT);
}

void http2_exchange_free(struct http2_exchange *x) {
    detach(x);
    loop_cancel(x->impl.x.loop, &x->gone);
    buf_done(&x->body);
    buf_done(&x->out);
    arena_free(x->impl.x.arena);
}

static void body_ended(struct http2_exchange *x, int r) {
    x->body_asked = false;
    if (x->body_piece)
        x->on_body_end(&x->impl.x, r);
    else
        x->body_done(&x->impl.x, r, r < 0 ? STR_NONE : buf_str(&x->body));
}

/* As with HTTP/1.1: an owner without on_abort keeps the exchange until it has answered. */
void http2_exchange_abort(struct http2_exchange *x) {
    detach(x);
    x->impl.x.peer = NULL;
    x->impl.x.remote = "";
    if (x->finished || !x->dispatched) {
        http2_exchange_free(x);
    } else if (x->impl.x.on_abort) {
        x->impl.x.on_abort(&x->impl.x);
        http2_exchange_free(x);
    } else if (x->body_asked) {
        body_ended(x, -ECONNRESET);
    }
}

/* The reader may do anything: end the exchange, and the connection with it. */
static void feed_pieces(struct http2_exchange *x) {
    struct http2_conn *c = x->conn;
    while (!x->body_paused && x->body.n) {
        CLEANUP(buf_done) struct buf in = x->body;
        x->body = (struct buf){0};
        bool more = x->body_piece(&x->impl.x, buf_str(&in));
        if (c->io.dead || x->finished)
            return;
        x->body_paused = !more;
        http2_consumed(x, in.n);
        conn_io_wake(&c->io);
    }
    if (!x->body_paused && x->body_end)
        body_ended(x, 0);
}

void http2_exchange_feed(struct http2_exchange *x) {
    if (x->body_piece) {
        feed_pieces(x);
        return;
    }
    bool over = x->body.n > x->body_max || x->impl.x.body_length > (int64_t)x->body_max;
    if (!over && !x->body_end) {
        timer_start(x->conn->io.loop, &x->timer, HTTP_BODY_TIMEOUT);
        return;
    }
    timer_stop(x->conn->io.loop, &x->timer);
    body_ended(x, over ? -E2BIG : 0);
}

static void tell_gone(struct task *t) {
    body_ended(container_of(t, struct http2_exchange, gone), -ECONNRESET);
}

/* False when there is no peer any more, who would send it. */
static bool ask_for_body(struct http2_exchange *x) {
    x->body_asked = true;
    if (x->conn) {
        http2_mark(x);
        return true;
    }
    x->gone.run = tell_gone;
    loop_defer(x->impl.x.loop, &x->gone);
    return false;
}

static void read_body(struct exchange *ex, size_t max, void (*done)(struct exchange *, int, str)) {
    struct http2_exchange *x = of(ex);
    x->body_max = MIN(max, (size_t)INT64_MAX);
    x->body_done = done;
    if (!ask_for_body(x))
        return;
    /* Room for all of it at once: what is read here is bounded by max, not by the window. */
    if (!x->body_end)
        nghttp2_session_set_local_window_size(x->conn->session, NGHTTP2_FLAG_NONE, x->id,
                                              (int32_t)MIN(max + 65536, (size_t)INT32_MAX));
}

static void stream_body(struct exchange *ex, bool (*piece)(struct exchange *, str),
                        void (*end)(struct exchange *, int)) {
    struct http2_exchange *x = of(ex);
    x->body_piece = piece;
    x->on_body_end = end;
    ask_for_body(x);
}

static void resume_body(struct exchange *ex) {
    struct http2_exchange *x = of(ex);
    x->body_paused = false;
    if (x->conn)
        http2_mark(x);
}

/* What waits to be sent must move, whether the connection or the stream's window stops it. */
static void watch_out(struct http2_exchange *x, bool progress) {
    if (!x->conn || (x->body_asked && !x->body_piece))
        return;
    if (x->out.n == x->out_at)
        timer_stop(x->conn->io.loop, &x->timer);
    else if (progress || !timer_on(&x->timer))
        timer_start(x->conn->io.loop, &x->timer, HTTP_BODY_TIMEOUT);
}

static ssize_t read_out(nghttp2_session *session, int32_t id, uint8_t *p, size_t n, uint32_t *flags,
                        nghttp2_data_source *source, void *ud) {
    struct http2_exchange *x = nghttp2_session_get_stream_user_data(session, id);
    if (!x)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    size_t len = MIN(n, x->out.n - x->out_at);
    if (!len && !x->finished) {
        x->deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    if (len)
        memcpy(p, x->out.p + x->out_at, len);
    x->out_at += len;
    sub_unsent(x->conn, len);
    if (x->out_at == x->out.n) {
        buf_done(&x->out);
        x->out_at = 0;
        if (x->finished)
            *flags |= NGHTTP2_DATA_FLAG_EOF;
    } else if (x->out_at > HTTP2_OUT_HIGH && x->out_at > x->out.n / 2) {
        buf_consume(&x->out, x->out_at);
        x->out_at = 0;
    }
    watch_out(x, true);
    if (x->impl.above && http2_is_low(x))
        http2_mark(x);
    return (ssize_t)len;
}

/* Headers that belong to HTTP/1.1's connection, and those we set ourselves. */
static bool is_ours(str name) {
    static const char *const ours[] = {"content-length", "transfer-encoding", "connection",
                                       "keep-alive",     "upgrade",           "date"};
    for (size_t i = 0; i < ARRAY_LEN(ours); i++)
        if (str_ieq(name, str_of(ours[i])))
            return true;
    return false;
}

static bool says_close(const struct http_header *h) {
    return str_ieq(h->name, STR("Connection")) && str_ieq(h->value, STR("close"));
}

/* length: of the body, or -1 for a stream. */
static void submit(struct http2_exchange *x, int status, const struct http_header *headers,
                   size_t n_headers, int64_t length) {
    struct arena *a = x->impl.x.arena;
    struct http2_conn *c = x->conn;
    nghttp2_nv nv[HTTP2_RESPONSE_HEADERS_MAX + 3];
    size_t n = 0;
    nv[n++] = http2_nv(STR(":status"), str_printf(a, "%d", status));
    if (c->base.server)
        nv[n++] = http2_nv(STR("date"), str_of(server_date(c->base.server)));
    bool bare = x->to_head || status == 204 || status == 304;
    if (length >= 0 && status != 204 && status != 304)
        nv[n++] = http2_nv(STR("content-length"), str_printf(a, "%lld", (long long)length));
    for (size_t i = 0; i < n_headers && n < ARRAY_LEN(nv); i++) {
        if (says_close(&headers[i]))
            http2_goaway(c);
        if (is_ours(headers[i].name))
            continue;
        char *value =
            arena_dup(a, headers[i].value.p ? headers[i].value.p : "", headers[i].value.n);
        for (size_t j = 0; j < headers[i].value.n; j++)
            if (value[j] == '\r' || value[j] == '\n' || value[j] == 0)
                value[j] = ' ';
        nv[n++] = http2_nv(str_lower(a, headers[i].name), str_n(value, headers[i].value.n));
    }
    if (bare) {
        sub_unsent(c, unsent(x));
        buf_done(&x->out);
        x->out_at = 0;
        x->to_head = true;
    }
    nghttp2_data_provider body = {.read_callback = read_out};
    if (nghttp2_submit_response(c->session, x->id, nv, n, bare || length == 0 ? NULL : &body))
        nghttp2_submit_rst_stream(c->session, NGHTTP2_FLAG_NONE, x->id, NGHTTP2_INTERNAL_ERROR);
    conn_io_wake(&c->io);
}

/* The owner is done with it. */
static void finish(struct http2_exchange *x) {
    x->finished = true;
    timer_stop(x->impl.x.loop, &x->timer);
    if (!x->conn) {
        http2_exchange_free(x);
        return;
    }
    http2_consumed(x, x->body.n);
    buf_done(&x->body);
    watch_out(x, true);
    if (x->closed)
        http2_mark(x);
    conn_io_wake(&x->conn->io);
}

static void respond(struct exchange *ex, int status, const struct http_header *headers, size_t n,
                    str body) {
    struct http2_exchange *x = of(ex);
    if (x->conn && !x->closed) {
        if (!x->to_head) {
            buf_add(&x->out, body);
            add_unsent(x, body.n);
        }
        submit(x, status, headers, n, (int64_t)body.n);
    }
    finish(x);
}

static void start(struct exchange *ex, int status, const struct http_header *headers, size_t n,
                  void (*on_writable)(struct exchange *)) {
    struct http2_exchange *x = of(ex);
    x->on_writable = on_writable;
    if (x->conn && !x->closed)
        submit(x, status, headers, n, exchange_length(headers, n));
}

static void resume(struct http2_exchange *x) {
    if (!x->conn || x->closed)
        return;
    if (x->deferred) {
        x->deferred = false;
        nghttp2_session_resume_data(x->conn->session, x->id);
    }
    conn_io_wake(&x->conn->io);
}

static void write_piece(struct exchange *ex, str data) {
    struct http2_exchange *x = of(ex);
    if (!x->conn || x->closed || x->to_head)
        return;
    buf_add(&x->out, data);
    add_unsent(x, data.n);
    if (unsent(x) >= high_of(x))
        x->impl.above = true;
    watch_out(x, false);
    resume(x);
}

static void end(struct exchange *ex) {
    struct http2_exchange *x = of(ex);
    x->finished = true;
    resume(x);
    finish(x);
}

static void abort_exchange(struct exchange *ex) {
    struct http2_exchange *x = of(ex);
    if (x->conn && !x->closed)
        nghttp2_submit_rst_stream(x->conn->session, NGHTTP2_FLAG_NONE, x->id,
                                  NGHTTP2_INTERNAL_ERROR);
    finish(x);
}

static int hijack(struct exchange *ex, const struct http_header *headers, size_t n,
                  void (*taken)(void *ctx, struct stream *, str already_read), void *ctx) {
    return -ENOTSUP;
}

static int start_websocket(struct exchange *ex, enum websocket_opcode opcode, str protocol,
                           void (*on_writable)(struct exchange *)) {
    return -ENOTSUP;
}

const struct exchange_ops http2_exchange_ops = {
    .start_websocket = start_websocket,
    .read_body = read_body,
    .stream_body = stream_body,
    .resume_body = resume_body,
    .respond = respond,
    .start = start,
    .write = write_piece,
    .end = end,
    .abort = abort_exchange,
    .hijack = hijack,
};
