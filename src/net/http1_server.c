// SPDX-License-Identifier: Apache-2.0
/* HTTP/1.1 of the server, the incoming half: a state machine over the bytes of one connection. One
 * exchange at a time: requests that were sent ahead stay bytes until their turn. */
#include <stdlib.h>

#include "net/http1_conn.h"

static const uint8_t allowed[HTTP1_STATE_MAX] = {
    [HTTP1_HEAD] = 1 << HTTP1_RUNNING | 1 << HTTP1_LAST,
    [HTTP1_RUNNING] = 1 << HTTP1_HEAD | 1 << HTTP1_DISCARD | 1 << HTTP1_LAST | 1 << HTTP1_HIJACK,
    [HTTP1_DISCARD] = 1 << HTTP1_HEAD | 1 << HTTP1_LAST,
    [HTTP1_LAST] = 1 << HTTP1_LINGERING,
};

void http1_set_state(struct http1_conn *c, enum http1_state to) {
    ASSERT(allowed[c->state] & 1 << to);
    c->state = to;
    c->timer_is_head = false;
    switch (to) {
    case HTTP1_HEAD:
        timer_start(c->io.loop, &c->timer, HTTP_IDLE_TIMEOUT);
        break;
    case HTTP1_DISCARD:
        timer_start(c->io.loop, &c->timer, HTTP_BODY_TIMEOUT);
        break;
    case HTTP1_LINGERING:
        timer_start(c->io.loop, &c->timer, HTTP1_LINGER_TIME);
        break;
    case HTTP1_RUNNING:
    case HTTP1_LAST:
    case HTTP1_HIJACK:
    case HTTP1_STATE_MAX:
        timer_stop(c->io.loop, &c->timer);
        break;
    }
}

/* Everything but the stream and the memory. */
static void detach(struct http1_conn *c) {
    conn_io_end(&c->io);
    timer_stop(c->io.loop, &c->timer);
    buf_done(&c->in);
    server_conn_gone(&c->base);
}

void http1_conn_close(struct http1_conn *c) {
    if (c->io.dead)
        return;
    conn_io_enter(&c->io);
    detach(c);
    stream_close(TAKE(c->io.s));
    if (c->x)
        http1_exchange_abort(TAKE(c->x));
    if (c->state == HTTP1_HIJACK)
        c->taken(c->taken_ctx, NULL, STR_NONE);
    conn_io_leave(&c->io);
}

static void consume(struct http1_conn *c, size_t n) {
    if (n == c->in.n)
        buf_done(&c->in);
    else
        buf_consume(&c->in, n);
}

/* Makes the exchange of a complete head and calls the handler. */
static void run_head(struct http1_conn *c, size_t len) {
    struct arena *a = arena_new(0);
    struct http1_exchange *x = arena_make(a, struct http1_exchange);
    struct http1_request q;
    str head = str_dup(a, str_n(c->in.p, len));
    consume(c, len);
    c->scan = (struct http1_scan){0};
    c->blank = 0;
    int r = http1_request_parse(a, head, &q);
    if (r < 0) {
        arena_free(a);
        http1_refuse(c, http1_error_status(r));
        return;
    }
    x->impl.ops = &http1_exchange_ops;
    x->impl.x = (struct exchange){
        .arena = a,
        .loop = c->io.loop,
        .method = q.method,
        .target = q.target,
        .path = q.path,
        .query = q.query,
        .headers = q.headers,
        .body_length = q.body_length,
        .peer = tls_peer(c->io.s),
        .remote = c->io.s->peer,
    };
    x->conn = c;
    x->http10 = q.http10;
    x->to_head = str_eq(q.method, STR("HEAD"));
    x->expect_continue = q.expect_continue;
    http1_body_init(&c->body, q.body_length);
    c->keep_alive = q.keep_alive && !c->base.server->draining;
    c->x = x;
    http1_set_state(c, HTTP1_RUNNING);
    c->base.server->handler(c->base.server->ctx, &x->impl.x);
}

/* True when there was a whole head (or a broken one). */
static bool take_head(struct http1_conn *c) {
    while (!c->scan.at && c->in.n >= 2 && c->in.p[0] == '\r' && c->in.p[1] == '\n') {
        if (++c->blank > HTTP1_BLANK_MAX) {
            http1_refuse(c, 400);
            return true;
        }
        consume(c, 2);
    }
    if (!c->in.n || (c->in.n == 1 && c->in.p[0] == '\r'))
        return false;
    ssize_t n = http1_head_scan(&c->scan, c->in.p, c->in.n, HTTP_HEAD_MAX);
    if (n == 0) {
        if (!c->timer_is_head)
            timer_start(c->io.loop, &c->timer, HTTP_HEAD_TIMEOUT);
        c->timer_is_head = true;
        return false;
    }
    if (n < 0)
        http1_refuse(c, http1_error_status((int)n));
    else
        run_head(c, (size_t)n);
    return true;
}

static void deliver_body(struct http1_conn *c, int r) {
    if (r < 0)
        c->keep_alive = false;
    timer_stop(c->io.loop, &c->timer);
    http1_body_ended(c->x, r);
}

/* Gives the reader what has arrived, piece by piece; it may do anything with the exchange. True
 * when it was called. */
static bool feed_pieces(struct http1_conn *c) {
    struct http1_exchange *x = c->x;
    if (!c->in.n && !http1_body_done(&c->body))
        return false;
    if (http1_body_done(&c->body)) {
        deliver_body(c, 0);
        return true;
    }
    struct buf in = c->in; /* the connection may end under it */
    str data;
    c->in = (struct buf){0};
    ssize_t n = http1_body_feed(&c->body, in.p, in.n, &data);
    if (n < 0)
        deliver_body(c, -EPROTO);
    else if (data.n && !x->body_piece(&x->impl.x, data) && c->x == x)
        x->body_paused = true;
    if (c->io.dead) {
        buf_done(&in);
    } else {
        c->in = in;
        consume(c, n < 0 ? in.n : (size_t)n);
    }
    return true;
}

/* Moves what has arrived of the body to its reader; true when the reader was called. */
static bool feed_body(struct http1_conn *c) {
    struct http1_exchange *x = c->x;
    if (!x->body_asked || x->body_paused)
        return false;
    if (x->body_piece)
        return feed_pieces(c);
    if (x->impl.x.body_length > 0 && (uint64_t)x->impl.x.body_length > x->body_max) {
        deliver_body(c, -E2BIG);
        return true;
    }
    int r = 0;
    size_t at = 0;
    while (at < c->in.n && !http1_body_done(&c->body)) {
        str data;
        ssize_t n = http1_body_feed(&c->body, c->in.p + at, c->in.n - at, &data);
        if (n < 0) {
            r = -EPROTO;
            break;
        }
        at += (size_t)n;
        buf_add(&x->body, data);
        if (x->body.over) {
            r = -E2BIG;
            break;
        }
    }
    consume(c, at);
    if (r < 0 || http1_body_done(&c->body)) {
        deliver_body(c, r);
        return true;
    }
    if (at || !timer_on(&c->timer))
        timer_start(c->io.loop, &c->timer, HTTP_BODY_TIMEOUT);
    return false;
}

/* True when the whole body has gone by. */
static bool discard_body(struct http1_conn *c) {
    size_t at = 0;
    while (at < c->in.n && !http1_body_done(&c->body)) {
        str data;
        ssize_t n = http1_body_feed(&c->body, c->in.p + at, c->in.n - at, &data);
        if (n < 0 || (c->discarded += (size_t)n) > HTTP1_DISCARD_MAX) {
            http1_set_state(c, HTTP1_LAST);
            return true;
        }
        at += (size_t)n;
    }
    consume(c, at);
    if (!http1_body_done(&c->body)) {
        if (at)
            timer_start(c->io.loop, &c->timer, HTTP_BODY_TIMEOUT);
        return false;
    }
    http1_set_state(c, HTTP1_HEAD);
    return true;
}

static void give_away(struct http1_conn *c) {
    struct stream *s = TAKE(c->io.s);
    struct buf in = c->in;
    c->in = (struct buf){0};
    s->ready = NULL;
    stream_want(s, 0);
    detach(c);
    c->taken(c->taken_ctx, s, buf_str(&in));
    buf_done(&in);
}

/* Bytes that nobody waits for any more: only the end matters. */
static void linger(struct http1_conn *c) {
    c->discarded += c->in.n;
    buf_done(&c->in);
    if (c->discarded > HTTP1_DISCARD_MAX)
        http1_conn_close(c);
}

/* One step; false when there is nothing to do before something happens. */
static bool step(struct http1_conn *c) {
    switch (c->state) {
    case HTTP1_HEAD:
        return outq_pending(&c->io.out) < HTTP_OUT_HIGH && take_head(c);
    case HTTP1_RUNNING:
        return c->x->ws ? http1_websocket_feed(c) : feed_body(c);
    case HTTP1_DISCARD:
        return discard_body(c);
    case HTTP1_LAST:
        if (outq_pending(&c->io.out))
            return false;
        http1_set_state(c, HTTP1_LINGERING);
        c->discarded = 0;
        c->io.s->ops->shutdown(c->io.s);
        return true;
    case HTTP1_LINGERING:
        linger(c);
        return false;
    case HTTP1_HIJACK:
        if (!outq_pending(&c->io.out))
            give_away(c);
        return false;
    case HTTP1_STATE_MAX:
        break;
    }
    ASSERT(!"no such state");
    return false;
}

static bool wants_read(const struct http1_conn *c) {
    switch (c->state) {
    case HTTP1_HEAD:
        return outq_pending(&c->io.out) < HTTP_OUT_HIGH;
    case HTTP1_RUNNING:
        if (c->x->ws)
            return outq_pending(&c->io.out) < HTTP_OUT_HIGH;
        return (c->x->body_asked && !c->x->body_paused) || c->in.n < HTTP1_AHEAD_MAX;
    case HTTP1_DISCARD:
    case HTTP1_LINGERING:
        return true;
    case HTTP1_LAST:
    case HTTP1_HIJACK:
    case HTTP1_STATE_MAX:
        break;
    }
    return false;
}

static void flush(struct http1_conn *c) {
    if (!outq_pending(&c->io.out))
        return;
    ssize_t n = outq_flush(&c->io.out, c->io.s);
    if (n < 0)
        c->io.failed = true;
    else
        conn_io_wrote(&c->io, (size_t)n);
}

/* Tells a stream's owner that there is room again. */
static bool notify_writable(struct http1_conn *c) {
    struct http1_exchange *x = c->x;
    if (!x || !x->impl.above || outq_pending(&c->io.out) > HTTP1_OUT_LOW)
        return false;
    x->impl.above = false;
    if (!x->on_writable)
        return false;
    x->on_writable(&x->impl.x);
    return true;
}

/* Works on what is there until nothing moves. May free c. */
static void pump(struct http1_conn *c) {
    unsigned rounds = 0;
    bool more = true;
    conn_io_enter(&c->io);
    for (; more && !c->io.dead && rounds < HTTP_PIPELINE_MAX; rounds++) {
        while (!c->io.dead && !c->io.failed && rounds < HTTP_PIPELINE_MAX && step(c))
            rounds += c->state == HTTP1_HEAD; /* an exchange has come and gone */
        if (!c->io.dead && !c->io.failed)
            flush(c);
        if (c->io.failed)
            http1_conn_close(c);
        bool flushed = !c->io.dead && !outq_pending(&c->io.out);
        more = !c->io.dead && (notify_writable(c) ||
                               (flushed && (c->state == HTTP1_LAST || c->state == HTTP1_HIJACK)));
    }
    if (!c->io.dead) {
        stream_want(c->io.s,
                    (wants_read(c) ? IO_READ : 0) | (outq_pending(&c->io.out) ? IO_WRITE : 0));
        if (rounds >= HTTP_PIPELINE_MAX && !c->io.task.queued)
            loop_post(c->io.loop, &c->io.task); /* the others first */
    }
    conn_io_leave(&c->io);
}

/* The peer will send no more. What it has asked for and is complete is still written. */
static void at_end(struct http1_conn *c) {
    if (c->state == HTTP1_HEAD && outq_pending(&c->io.out))
        http1_set_state(c, HTTP1_LAST);
    else
        http1_conn_close(c);
}

static void on_ready(struct stream *s, unsigned events) {
    struct http1_conn *c = s->ctx;
    char bytes[HTTP1_READ_SIZE];
    size_t budget = HTTP1_READ_BUDGET;
    conn_io_enter(&c->io);
    if ((events & IO_HUP) && !wants_read(c))
        http1_conn_close(c);
    while (!c->io.dead && (events & (IO_READ | IO_HUP)) && budget && wants_read(c)) {
        ssize_t n = stream_read(c->io.s, bytes, sizeof(bytes));
        if (n == -EAGAIN)
            break;
        if (n < 0) {
            http1_conn_close(c);
        } else if (n == 0) {
            at_end(c);
            break;
        } else {
            buf_add(&c->in, str_n(bytes, (size_t)n));
            budget -= MIN(budget, (size_t)n);
            pump(c);
        }
        if (n < (ssize_t)sizeof(bytes))
            break;
    }
    if (conn_io_leave(&c->io))
        pump(c);
}

/* Idle too long, a head or a body that does not come, a peer that does not read or close. */
static void on_timer(struct timer *t) {
    http1_conn_close(container_of(t, struct http1_conn, timer));
}

static void conn_drain(struct server_conn *base) {
    struct http1_conn *c = container_of(base, struct http1_conn, base);
    c->keep_alive = false;
    if (c->state != HTTP1_HEAD || c->in.n) /* a head that has begun is still answered */
        return;
    if (!outq_pending(&c->io.out)) {
        http1_conn_close(c);
        return;
    }
    http1_set_state(c, HTTP1_LAST);
    conn_io_wake(&c->io);
}

static void conn_kill(struct server_conn *base) {
    http1_conn_close(container_of(base, struct http1_conn, base));
}

static const struct server_conn_ops conn_ops = {.drain = conn_drain, .kill = conn_kill};

static void io_pump(struct conn_io *io) {
    pump(container_of(io, struct http1_conn, io));
}

static void io_close(struct conn_io *io) {
    http1_conn_close(container_of(io, struct http1_conn, io));
}

static void io_free(struct conn_io *io) {
    free(container_of(io, struct http1_conn, io));
}

static const struct conn_io_ops io_ops = {.pump = io_pump, .close = io_close, .free = io_free};

void http1_conn_start(struct http_server *s, struct stream *stream) {
    struct http1_conn *c = xcalloc(1, sizeof(*c));
    server_conn_init(&c->base, s, &conn_ops);
    conn_io_init(&c->io, s->loop, stream, &io_ops);
    c->timer.fire = on_timer;
    c->state = HTTP1_HEAD;
    stream->ctx = c;
    stream->ready = on_ready;
    timer_start(c->io.loop, &c->timer, HTTP_IDLE_TIMEOUT);
    stream_want(stream, IO_READ);
}
