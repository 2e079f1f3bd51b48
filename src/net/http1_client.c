// SPDX-License-Identifier: Apache-2.0
/* An HTTP/1.1 connection of the HTTP client: idle, or carrying one call. Freed by the outermost of
 * the functions that look at it afterwards, hence `depth` and `dead`. */
#include <stdlib.h>

#include "net/client_impl.h"

struct http1_client {
    struct client_conn base;
    struct loop *loop;
    struct stream *s;
    struct timer timer; /* of idleness */
    struct task task;   /* goes on after a pause */
    struct http_call *call;
    struct buf head; /* of the request */
    size_t sent;     /* of head and body */
    struct buf in;
    struct http1_scan scan;
    struct http1_body body;
    unsigned depth;
    bool dead, write_failed;
};

static struct http1_client *of(struct client_conn *base) {
    return container_of(base, struct http1_client, base);
}

static void release(struct http1_client *conn) {
    if (conn->dead && !conn->depth)
        free(conn);
}

/* The call it carried has been taken off it. */
static void end_conn(struct http1_client *conn) {
    if (conn->dead)
        return;
    conn->dead = true;
    client_conn_leave(&conn->base);
    timer_stop(conn->loop, &conn->timer);
    loop_cancel(conn->loop, &conn->task);
    stream_close(TAKE(conn->s));
    buf_done(&conn->head);
    buf_done(&conn->in);
    release(conn);
}

static void drop(struct client_conn *base, struct http_call *call) {
    struct http1_client *conn = of(base);
    conn->call = NULL;
    end_conn(conn);
}

/* The connection cannot go on. */
static void broken(struct client_conn *base, int r) {
    struct http1_client *conn = of(base);
    if (conn->call)
        http_call_broken(conn->call, r); /* drops us */
    else
        end_conn(conn);
}

static void retire(struct client_conn *base) {
    struct http1_client *conn = of(base);
    if (!conn->call)
        end_conn(conn);
}

static void go_idle(struct http1_client *conn) {
    conn->scan = (struct http1_scan){0};
    client_conn_ready(&conn->base, true);
    timer_start(conn->loop, &conn->timer, HTTP_CLIENT_IDLE_TIMEOUT);
    stream_want(conn->s, IO_READ);
}

static bool has_unsent(const struct http1_client *conn) {
    return conn->sent < conn->head.n + conn->call->request.n;
}

static bool is_sent(const struct http1_client *conn) {
    return !has_unsent(conn) && conn->call->streams == conn->call->streamed;
}

static void update_want(struct http1_client *conn) {
    bool sending = conn->call && has_unsent(conn) && !conn->write_failed;
    bool paused = conn->call && conn->call->paused;
    stream_want(conn->s, (paused ? 0 : IO_READ) | (sending ? IO_WRITE : 0));
}

static ssize_t write_some(struct http1_client *conn) {
    struct buf *body = &conn->call->request;
    struct iovec v[2];
    int n = 0;
    if (conn->sent < conn->head.n)
        v[n++] = (struct iovec){conn->head.p + conn->sent, conn->head.n - conn->sent};
    size_t at = conn->sent - MIN(conn->sent, conn->head.n);
    if (at < body->n)
        v[n++] = (struct iovec){body->p + at, body->n - at};
    return stream_writev(conn->s, v, n);
}

/* Of a body that comes in pieces, what is sent is not kept, nor what can be sent no more. */
static void forget_sent(struct http1_client *conn) {
    struct buf *body = &conn->call->request;
    if (!conn->call->streams || conn->sent < conn->head.n)
        return;
    if (conn->write_failed || conn->sent - conn->head.n == body->n)
        buf_done(body);
    else
        buf_consume(body, conn->sent - conn->head.n);
    conn->sent = conn->head.n;
}

/* A peer may refuse a request before it has read it all: a failed write still lets the answer be
 * read, and the end of that is what counts. */
static void send_request(struct http1_client *conn) {
    while (has_unsent(conn) && !conn->write_failed) {
        ssize_t n = write_some(conn);
        if (n == -EAGAIN || n == 0)
            break;
        if (n < 0) {
            conn->write_failed = true;
        } else {
            conn->sent += (size_t)n;
            conn->call->maybe_sent = true;
            http_call_heard(conn->call);
        }
    }
    forget_sent(conn);
    update_want(conn);
}

/* Whoever writes the body may write more; it may also end the call. */
static void tell_drained(struct http1_client *conn) {
    struct http_call *call = conn->call;
    if (!call || !call->above || call->request.n >= HTTP_CLIENT_OUT_HIGH / 2)
        return;
    call->above = false;
    call->on_drained(call->ctx);
}

static void put_header(struct buf *b, str name, str value) {
    buf_add(b, name);
    buf_adds(b, ": ");
    buf_add(b, value);
    buf_adds(b, "\r\n");
}

static void put_head(struct buf *b, const struct http_call *call) {
    buf_add(b, call->method);
    buf_addc(b, ' ');
    buf_add(b, call->target);
    buf_adds(b, " HTTP/1.1\r\n");
    if (!http_header_get(&call->headers, "Host").p)
        put_header(b, STR("Host"), str_of(call->client->host));
    for (size_t i = 0; i < call->headers.n; i++)
        put_header(b, call->headers.v[i].name, call->headers.v[i].value);
    if (http_call_tells_length(call))
        buf_printf(b, "Content-Length: %zu\r\n", call->request.n);
    else if (call->streams && call->length >= 0)
        buf_printf(b, "Content-Length: %lld\r\n", (long long)call->length);
    else if (call->streams)
        buf_adds(b, "Transfer-Encoding: chunked\r\n");
    buf_adds(b, "\r\n");
}

static void start_call(struct client_conn *base, struct http_call *call) {
    struct http1_client *conn = of(base);
    client_conn_ready(base, false);
    timer_stop(conn->loop, &conn->timer);
    conn->call = call;
    conn->sent = 0;
    buf_clear(&conn->head);
    put_head(&conn->head, call);
    http_call_heard(call);
    send_request(conn);
    if (call->above)
        loop_defer(conn->loop, &conn->task);
}

/* The answer was 101: what is left of the connection is its memory. */
static void give_away(struct http1_client *conn) {
    struct stream *s = TAKE(conn->s);
    struct buf in = conn->in;
    conn->in = (struct buf){0};
    s->ready = NULL;
    stream_want(s, 0);
    http_call_upgraded(conn->call, s, buf_str(&in));
    buf_done(&in);
}

static int take_head(struct http1_client *conn) {
    struct http_call *call = conn->call;
    ssize_t n = http1_head_scan(&conn->scan, conn->in.p, conn->in.n, HTTP_CLIENT_HEAD_MAX);
    if (n <= 0)
        return n < 0 ? -EPROTO : 0;
    str head = str_dup(call->arena, str_n(conn->in.p, (size_t)n));
    buf_consume(&conn->in, (size_t)n);
    conn->scan = (struct http1_scan){0};
    if (http1_response_parse(call->arena, head, call->is_head, &call->answer) < 0)
        return -EPROTO;
    if (call->answer.status == 101 && call->on_upgrade && is_sent(conn)) {
        give_away(conn);
        return 0;
    }
    if (call->answer.status < 200)
        return call->answer.status == 101 || ++call->interim > HTTP_CLIENT_INTERIM_MAX ? -EPROTO
                                                                                       : 1;
    http1_body_init(&conn->body, call->answer.body_length);
    int r = http_call_head(call);
    return r < 0 ? r : 1;
}

/* Takes from what has been read; the callback may end the connection. */
static int take_body(struct http1_client *conn) {
    struct http_call *call = conn->call;
    bool pause;
    str data;
    ssize_t n = http1_body_feed(&conn->body, conn->in.p, conn->in.n, &data);
    if (n < 0)
        return -EPROTO;
    int r = http_call_data(call, data, &pause);
    if (r < 0)
        return r;
    if (!conn->dead) {
        call->paused = pause;
        buf_consume(&conn->in, (size_t)n);
    }
    return 1;
}

/* The answer is complete. */
static void finish(struct http1_client *conn) {
    struct http_call *call = conn->call;
    bool reuse = call->answer.keep_alive && !conn->in.n && is_sent(conn) && !conn->base.retired;
    if (reuse) {
        call->conn = NULL;
        conn->call = NULL;
        buf_done(&conn->head);
        buf_done(&conn->in);
        go_idle(conn);
    }
    http_call_end(call, 0);
}

static bool is_complete(const struct http1_client *conn) {
    return conn->call && conn->call->has_head && http1_body_done(&conn->body);
}

/* Works through what has been read. */
static void process(struct http1_client *conn) {
    int r = 1;
    while (r > 0 && !conn->dead && !conn->call->paused && !is_complete(conn) && conn->in.n)
        r = conn->call->has_head ? take_body(conn) : take_head(conn);
    if (conn->dead)
        return;
    if (r < 0)
        http_call_end_soon(conn->call, r);
    else if (is_complete(conn))
        finish(conn);
    else if (!conn->in.n)
        buf_done(&conn->in);
}

static void at_end(struct http1_client *conn) {
    struct http_call *call = conn->call;
    if (call && call->has_head && conn->body.until_close && !conn->in.n)
        http_call_end(call, 0);
    else
        broken(&conn->base, -ECONNRESET);
}

static void read_answer(struct http1_client *conn) {
    char bytes[16 * 1024];
    size_t budget = HTTP_CLIENT_READ_BUDGET;
    while (!conn->dead && !(conn->call && conn->call->paused) && budget) {
        ssize_t n = stream_read(conn->s, bytes, sizeof(bytes));
        if (n == -EAGAIN)
            return;
        if (n <= 0) {
            if (n == 0)
                at_end(conn);
            else
                broken(&conn->base, (int)n);
            return;
        }
        if (!conn->call) { /* idle: bytes nobody asked for */
            end_conn(conn);
            return;
        }
        conn->call->has_bytes = true;
        http_call_heard(conn->call);
        buf_add(&conn->in, str_n(bytes, (size_t)n));
        budget -= MIN(budget, (size_t)n);
        process(conn);
        if (n < (ssize_t)sizeof(bytes))
            return;
    }
}

static void on_ready(struct stream *s, unsigned events) {
    struct http1_client *conn = s->ctx;
    conn->depth++;
    if ((events & IO_WRITE) && conn->call) {
        send_request(conn);
        tell_drained(conn);
    }
    if (!conn->dead && (events & (IO_READ | IO_HUP)))
        read_answer(conn);
    if (!conn->dead && conn->call)
        update_want(conn);
    conn->depth--;
    release(conn);
}

static void resume(struct client_conn *base, struct http_call *call) {
    struct http1_client *conn = of(base);
    call->paused = false;
    http_call_heard(call);
    loop_defer(conn->loop, &conn->task);
}

/* What of it cannot be sent now is sent when the stream is ready. */
static void written(struct client_conn *base, struct http_call *call) {
    send_request(of(base));
}

/* After a pause: first what was read before it. */
static void run_resumed(struct task *t) {
    struct http1_client *conn = container_of(t, struct http1_client, task);
    conn->depth++;
    tell_drained(conn);
    if (!conn->dead && conn->call)
        process(conn);
    if (!conn->dead && conn->call)
        update_want(conn);
    conn->depth--;
    release(conn);
}

static void on_timer(struct timer *t) {
    end_conn(container_of(t, struct http1_client, timer));
}

static const struct client_conn_ops conn_ops = {
    .send = start_call,
    .resume = resume,
    .written = written,
    .drop = drop,
    .retire = retire,
    .close = broken,
};

void http1_client_start(struct http_client *c, struct stream *s) {
    struct http1_client *conn = xcalloc(1, sizeof(*conn));
    conn->loop = c->loop;
    conn->s = s;
    conn->timer.fire = on_timer;
    list_init(&conn->task.node);
    conn->task.run = run_resumed;
    s->ctx = conn;
    s->ready = on_ready;
    client_conn_join(&conn->base, c, &conn_ops);
    go_idle(conn);
}
