// SPDX-License-Identifier: Apache-2.0
/* HTTP/1.1 of the server, the outgoing half: what the owner of an exchange does to it. */
#include "net/http1_conn.h"

_Static_assert(offsetof(struct http1_exchange, impl.x) == 0, "so that const needs no cast");

static struct http1_exchange *of(struct exchange *x) {
    return container_of(x, struct http1_exchange, impl.x);
}

static void exchange_free(struct http1_exchange *x) {
    loop_cancel(x->impl.x.loop, &x->gone);
    buf_done(&x->body);
    arena_free(x->impl.x.arena);
}

/* An owner without on_abort still holds the exchange: it stays until the owner ends it, cut off
 * from the connection. One that waits for the body is told through its callback. */
void http1_exchange_abort(struct http1_exchange *x) {
    x->conn = NULL;
    x->impl.x.peer = NULL;
    x->impl.x.remote = "";
    if (x->impl.x.on_abort) {
        x->impl.x.on_abort(&x->impl.x);
        exchange_free(x);
    } else if (x->body_asked) {
        http1_body_ended(x, -ECONNRESET);
    }
}

void http1_body_ended(struct http1_exchange *x, int r) {
    x->body_asked = false;
    if (x->body_piece)
        x->body_end(&x->impl.x, r);
    else
        x->body_done(&x->impl.x, r, r < 0 ? STR_NONE : buf_str(&x->body));
}

static void put(struct http1_conn *c, str head, str body) {
    if (c->io.dead || c->io.failed)
        return;
    if (outq_write2(&c->io.out, c->io.s, head, body) < 0)
        c->io.failed = true;
    conn_io_wake(&c->io);
}

/* A value cannot end its line, whatever the handler put there. */
static void put_value(struct buf *b, str v) {
    size_t from = b->n;
    buf_add(b, v);
    for (size_t i = from; i < b->n; i++)
        if (b->p[i] == '\r' || b->p[i] == '\n' || b->p[i] == 0)
            b->p[i] = ' ';
}

static void put_header(struct buf *b, str name, str value) {
    buf_add(b, name);
    buf_adds(b, ": ");
    put_value(b, value);
    buf_adds(b, "\r\n");
}

static void put_status(struct http1_conn *c, struct buf *b, int status) {
    ASSERT(status >= 100 && status <= 999);
    buf_adds(b, "HTTP/1.1 ");
    buf_add_u64(b, (uint64_t)status);
    buf_addc(b, ' ');
    buf_add(b, str_of(http_reason(status)));
    buf_adds(b, "\r\n");
    if (status != 101 && c->base.server)
        put_header(b, STR("Date"), str_of(server_date(c->base.server)));
}

/* Framing is ours; the handler's headers do not speak of it. */
static bool is_ours(str name) {
    static const char *const ours[] = {"Content-Length", "Transfer-Encoding", "Connection",
                                       "Keep-Alive", "Date"};
    for (size_t i = 0; i < ARRAY_LEN(ours); i++)
        if (str_ieq(name, str_of(ours[i])))
            return true;
    return false;
}

static bool says_close(const struct http_header *h, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (str_ieq(h[i].name, STR("Connection")) && str_ieq(h[i].value, STR("close")))
            return true;
    return false;
}

static bool has_no_body(int status) {
    return status < 200 || status == 204 || status == 304;
}

/* length: of the body, or -1 for a stream. */
static void put_head(struct http1_exchange *x, struct buf *b, int status,
                     const struct http_header *headers, size_t n, int64_t length) {
    struct http1_conn *c = x->conn;
    if (says_close(headers, n))
        c->keep_alive = false;
    put_status(c, b, status);
    for (size_t i = 0; i < n; i++)
        if (!is_ours(headers[i].name))
            put_header(b, headers[i].name, headers[i].value);
    if (!has_no_body(status)) {
        if (length >= 0)
            buf_printf(b, "Content-Length: %lld\r\n", (long long)length);
        else if (!x->http10)
            buf_adds(b, "Transfer-Encoding: chunked\r\n");
        else
            c->keep_alive = false; /* its end is the connection's */
    }
    if (!c->keep_alive)
        buf_adds(b, "Connection: close\r\n");
    else if (x->http10)
        buf_adds(b, "Connection: keep-alive\r\n");
    buf_adds(b, "\r\n");
}

/* A body that nobody has read decides what becomes of the connection: it is dropped when it is
 * small; a peer that waits for "100 Continue" may or may not send it, so nothing can follow. */
static bool can_go_on(const struct http1_exchange *x) {
    const struct http1_conn *c = x->conn;
    if (!c->keep_alive || c->io.failed)
        return false;
    if (http1_body_done(&c->body))
        return true;
    return !x->expect_continue && c->body.left <= HTTP1_DISCARD_MAX;
}

/* The answer is complete: the exchange ends, the connection goes on or ends. */
static void finish(struct http1_exchange *x) {
    struct http1_conn *c = x->conn;
    if (c) {
        c->x = NULL;
        c->discarded = 0;
        http1_set_state(c, !can_go_on(x)               ? HTTP1_LAST
                           : http1_body_done(&c->body) ? HTTP1_HEAD
                                                       : HTTP1_DISCARD);
        conn_io_wake(&c->io);
    }
    exchange_free(x);
}

void http1_refuse(struct http1_conn *c, int status) {
    CLEANUP(buf_done) struct buf b = {0};
    const char *reason = http_reason(status);
    put_status(c, &b, status);
    buf_printf(&b,
               "Content-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n"
               "Connection: close\r\n\r\n%d %s",
               strlen(reason) + 4, status, reason);
    c->keep_alive = false;
    put(c, buf_str(&b), STR_NONE);
    http1_set_state(c, HTTP1_LAST);
}

static void tell_gone(struct task *t) {
    http1_body_ended(container_of(t, struct http1_exchange, gone), -ECONNRESET);
}

/* Whoever waits for "100 Continue" is asked for a body that will be taken. */
static void ask_for_body(struct http1_exchange *x, bool wanted) {
    struct http1_conn *c = x->conn;
    x->body_asked = true;
    if (!c) {
        x->gone.run = tell_gone;
        loop_defer(x->impl.x.loop, &x->gone);
        return;
    }
    if (x->expect_continue && !http1_body_done(&c->body) && !x->impl.started && wanted) {
        x->expect_continue = false;
        if (!c->in.n)
            put(c, STR("HTTP/1.1 100 Continue\r\n\r\n"), STR_NONE);
    }
    conn_io_wake(&c->io);
}

static void read_body(struct exchange *ex, size_t max, void (*done)(struct exchange *, int, str)) {
    struct http1_exchange *x = of(ex);
    buf_init(&x->body, max ? max : 1);
    x->body_max = max;
    x->body_done = done;
    ask_for_body(x, ex->body_length < 0 || (uint64_t)ex->body_length <= max);
}

static void stream_body(struct exchange *ex, bool (*piece)(struct exchange *, str),
                        void (*end)(struct exchange *, int)) {
    struct http1_exchange *x = of(ex);
    x->body_piece = piece;
    x->body_end = end;
    ask_for_body(x, true);
}

static void resume_body(struct exchange *ex) {
    struct http1_exchange *x = of(ex);
    x->body_paused = false;
    if (x->conn)
        conn_io_wake(&x->conn->io);
}

static void respond(struct exchange *ex, int status, const struct http_header *headers, size_t n,
                    str body) {
    struct http1_exchange *x = of(ex);
    if (x->conn) {
        CLEANUP(buf_done) struct buf b = {0};
        put_head(x, &b, status, headers, n, (int64_t)body.n);
        bool bare = x->to_head || has_no_body(status);
        put(x->conn, buf_str(&b), bare ? STR_NONE : body);
    }
    finish(x);
}

static void start(struct exchange *ex, int status, const struct http_header *headers, size_t n,
                  void (*on_writable)(struct exchange *)) {
    struct http1_exchange *x = of(ex);
    x->on_writable = on_writable;
    if (!x->conn)
        return;
    CLEANUP(buf_done) struct buf b = {0};
    int64_t length = exchange_length(headers, n);
    x->chunked = !x->http10 && length < 0;
    put_head(x, &b, status, headers, n, length);
    if (has_no_body(status))
        x->to_head = true;
    buf_add(&x->conn->io.out.b, buf_str(&b));
    conn_io_wake(&x->conn->io);
}

/* Written at the end of the callback: several pieces make one system call and one TLS record. */
static void write_piece(struct exchange *ex, str data) {
    struct http1_exchange *x = of(ex);
    struct http1_conn *c = x->conn;
    if (!c || x->to_head || c->io.failed)
        return;
    if (x->ws) {
        websocket_put(&c->io.out.b, x->ws_opcode, data, NULL);
    } else {
        if (x->chunked)
            buf_printf(&c->io.out.b, "%zx\r\n", data.n);
        buf_add(&c->io.out.b, data);
        if (x->chunked)
            buf_adds(&c->io.out.b, "\r\n");
    }
    if (outq_pending(&c->io.out) >= HTTP_OUT_HIGH)
        x->impl.above = true;
    conn_io_wake(&c->io);
}

static void end(struct exchange *ex) {
    struct http1_exchange *x = of(ex);
    if (x->conn && x->ws)
        websocket_put_close(&x->conn->io.out.b, WEBSOCKET_NORMAL);
    if (x->conn && x->chunked && !x->to_head)
        buf_adds(&x->conn->io.out.b, "0\r\n\r\n");
    finish(x);
}

static void abort_exchange(struct exchange *ex) {
    struct http1_exchange *x = of(ex);
    struct http1_conn *c = x->conn;
    if (c) {
        c->x = NULL;
        http1_conn_close(c);
    }
    exchange_free(x);
}

static int hijack(struct exchange *ex, const struct http_header *headers, size_t n,
                  void (*taken)(void *ctx, struct stream *, str already_read), void *ctx) {
    struct http1_exchange *x = of(ex);
    struct http1_conn *c = x->conn;
    if (!c)
        return -ECONNRESET;
    if (x->http10 || !http1_body_done(&c->body))
        return -EINVAL;
    CLEANUP(buf_done) struct buf b = {0};
    put_status(c, &b, 101);
    buf_adds(&b, "Connection: Upgrade\r\n");
    for (size_t i = 0; i < n; i++)
        if (!is_ours(headers[i].name))
            put_header(&b, headers[i].name, headers[i].value);
    buf_adds(&b, "\r\n");
    c->taken = taken;
    c->taken_ctx = ctx;
    c->x = NULL;
    http1_set_state(c, HTTP1_HIJACK);
    put(c, buf_str(&b), STR_NONE);
    conn_io_wake(&c->io);
    exchange_free(x);
    return 0;
}

static int start_websocket(struct exchange *ex, enum websocket_opcode opcode, str protocol,
                           void (*on_writable)(struct exchange *)) {
    struct http1_exchange *x = of(ex);
    x->on_writable = on_writable;
    return http1_websocket_start(x, opcode, protocol);
}

const struct exchange_ops http1_exchange_ops = {
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
