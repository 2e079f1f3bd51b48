// SPDX-License-Identifier: Apache-2.0
/* One connection of the HTTP client: made, then idle or carrying one call. It is in its client's
 * list `conns` while it connects or is busy and in `idle` else. Freed by the outermost of the
 * functions that look at it afterwards, hence `depth` and `dead`. */
#include <stdlib.h>

#include "net/client_impl.h"

struct client_conn {
    struct list node;
    struct http_client *client;
    struct loop *loop;
    struct connect *connect;     /* first this, */
    struct tls_handshake *shake; /* then this, */
    struct stream *s;            /* then this */
    struct timer timer;
    struct task task; /* goes on after a pause */
    struct http_call *call;
    size_t sent; /* of the call's request */
    struct buf in;
    struct http1_scan scan;
    struct http1_body body;
    unsigned depth, interim;
    bool connecting, dead, paused, write_failed;
};

struct client_conn *client_conn_of(struct list *node) {
    return container_of(node, struct client_conn, node);
}

static void release(struct client_conn *conn) {
    if (conn->dead && !conn->depth)
        free(conn);
}

struct http_call *client_conn_close(struct client_conn *conn) {
    ASSERT(!conn->dead);
    struct http_call *call = TAKE(conn->call);
    conn->dead = true;
    list_remove(&conn->node);
    conn->client->n_conns--;
    conn->client->n_connecting -= conn->connecting;
    http_client_pump_soon(conn->client);
    timer_stop(conn->loop, &conn->timer);
    loop_cancel(conn->loop, &conn->task);
    connect_cancel(TAKE(conn->connect));
    if (conn->shake)
        tls_cancel(TAKE(conn->shake));
    stream_close(TAKE(conn->s));
    buf_done(&conn->in);
    if (call)
        call->conn = NULL;
    release(conn);
    return call;
}

/* The connection cannot go on. */
static void broken(struct client_conn *conn, int r) {
    struct http_call *call = client_conn_close(conn);
    if (!call)
        return;
    if (http_call_may_retry(call))
        http_call_again(call);
    else
        http_call_end_soon(call, r);
}

/* It could not be made: whoever waited longest hears of it. */
static void not_connected(struct client_conn *conn, int r) {
    struct http_client *c = conn->client;
    client_conn_close(conn);
    if (list_empty(&c->queue))
        return;
    struct http_call *call = container_of(c->queue.next, struct http_call, node);
    c->n_queued--;
    http_call_end_soon(call, r);
}

static void go_idle(struct client_conn *conn) {
    conn->scan = (struct http1_scan){0};
    conn->paused = false;
    list_remove(&conn->node);
    list_prepend(&conn->client->idle, &conn->node);
    timer_start(conn->loop, &conn->timer, HTTP_CLIENT_IDLE_TIMEOUT);
    stream_want(conn->s, IO_READ);
    http_client_pump_soon(conn->client);
}

static void restart_idle_timer(struct client_conn *conn) {
    if (conn->call->idle_timeout_ns && !conn->paused)
        timer_start(conn->loop, &conn->timer, conn->call->idle_timeout_ns);
    else
        timer_stop(conn->loop, &conn->timer);
}

static void update_want(struct client_conn *conn) {
    bool sending = conn->call && conn->sent < conn->call->request.n && !conn->write_failed;
    stream_want(conn->s, (conn->paused ? 0 : IO_READ) | (sending ? IO_WRITE : 0));
}

/* A peer may refuse a request before it has read it all: a failed write still lets the answer be
 * read, and the end of that is what counts. */
static void send_request(struct client_conn *conn) {
    struct http_call *call = conn->call;
    while (conn->sent < call->request.n && !conn->write_failed) {
        struct iovec v = {call->request.p + conn->sent, call->request.n - conn->sent};
        ssize_t n = stream_writev(conn->s, &v, 1);
        if (n == -EAGAIN || n == 0)
            break;
        if (n < 0) {
            conn->write_failed = true;
        } else {
            conn->sent += (size_t)n;
            call->maybe_sent = true;
            restart_idle_timer(conn);
        }
    }
    update_want(conn);
}

void client_conn_send(struct client_conn *conn, struct http_call *call) {
    list_remove(&conn->node);
    list_append(&conn->client->conns, &conn->node);
    conn->call = call;
    call->conn = conn;
    conn->sent = 0;
    conn->interim = 0;
    restart_idle_timer(conn);
    send_request(conn);
}

/* The answer was 101: what is left of the connection is its memory. */
static void give_away(struct client_conn *conn) {
    struct stream *s = TAKE(conn->s);
    struct buf in = conn->in;
    conn->in = (struct buf){0};
    s->ready = NULL;
    stream_want(s, 0);
    struct http_call *call = client_conn_close(conn);
    http_call_upgraded(call, s, buf_str(&in));
    buf_done(&in);
}

static int take_head(struct client_conn *conn) {
    struct http_call *call = conn->call;
    ssize_t n = http1_head_scan(&conn->scan, conn->in.p, conn->in.n, HTTP_CLIENT_HEAD_MAX);
    if (n <= 0)
        return n < 0 ? -EPROTO : 0;
    if (!call->arena)
        call->arena = arena_new(0);
    str head = str_dup(call->arena, str_n(conn->in.p, (size_t)n));
    buf_consume(&conn->in, (size_t)n);
    conn->scan = (struct http1_scan){0};
    if (http1_response_parse(call->arena, head, call->is_head, &call->answer) < 0)
        return -EPROTO;
    if (call->answer.status == 101 && call->on_upgrade && conn->sent == call->request.n) {
        give_away(conn);
        return 0;
    }
    if (call->answer.status < 200)
        return call->answer.status == 101 || ++conn->interim > HTTP_CLIENT_INTERIM_MAX ? -EPROTO
                                                                                       : 1;
    call->has_head = true;
    http1_body_init(&conn->body, call->answer.body_length);
    buf_init(&call->body, call->max_body);
    if (!call->on_data && call->answer.body_length > 0 &&
        (uint64_t)call->answer.body_length > call->max_body)
        return -E2BIG;
    if (call->on_head)
        call->on_head(call->ctx, call->answer.status, &call->answer.headers);
    return 1;
}

/* Takes from what has been read; the callback may end the connection. */
static int take_body(struct client_conn *conn) {
    struct http_call *call = conn->call;
    str data;
    ssize_t n = http1_body_feed(&conn->body, conn->in.p, conn->in.n, &data);
    if (n < 0)
        return -EPROTO;
    if (data.n && call->on_data) {
        conn->paused = !call->on_data(call->ctx, data);
    } else {
        buf_add(&call->body, data);
        if (call->body.over)
            return -E2BIG;
    }
    if (!conn->dead)
        buf_consume(&conn->in, (size_t)n);
    return 1;
}

/* The answer is complete. */
static void finish(struct client_conn *conn) {
    struct http_call *call = conn->call;
    bool reuse = call->answer.keep_alive && !conn->in.n && conn->sent == call->request.n;
    if (reuse) {
        call->conn = NULL;
        conn->call = NULL;
        buf_done(&conn->in);
        go_idle(conn);
    } else {
        client_conn_close(conn);
    }
    http_call_end(call, 0);
}

static bool is_complete(const struct client_conn *conn) {
    return conn->call && conn->call->has_head && http1_body_done(&conn->body);
}

/* Works through what has been read. */
static void process(struct client_conn *conn) {
    int r = 1;
    while (r > 0 && !conn->dead && !conn->paused && !is_complete(conn) && conn->in.n)
        r = conn->call->has_head ? take_body(conn) : take_head(conn);
    if (conn->dead)
        return;
    if (r < 0) {
        struct http_call *call = client_conn_close(conn);
        http_call_end_soon(call, r);
    } else if (is_complete(conn)) {
        finish(conn);
    } else if (!conn->in.n) {
        buf_done(&conn->in);
    }
}

static void at_end(struct client_conn *conn) {
    struct http_call *call = conn->call;
    if (call && call->has_head && conn->body.until_close && !conn->in.n) {
        client_conn_close(conn);
        http_call_end(call, 0);
    } else {
        broken(conn, -ECONNRESET);
    }
}

static void read_answer(struct client_conn *conn) {
    char bytes[16 * 1024];
    size_t budget = HTTP_CLIENT_READ_BUDGET;
    while (!conn->dead && !conn->paused && budget) {
        ssize_t n = stream_read(conn->s, bytes, sizeof(bytes));
        if (n == -EAGAIN)
            return;
        if (n <= 0) {
            if (n == 0)
                at_end(conn);
            else
                broken(conn, (int)n);
            return;
        }
        if (!conn->call) { /* idle: bytes nobody asked for */
            client_conn_close(conn);
            return;
        }
        conn->call->has_bytes = true;
        restart_idle_timer(conn);
        buf_add(&conn->in, str_n(bytes, (size_t)n));
        budget -= MIN(budget, (size_t)n);
        process(conn);
        if (n < (ssize_t)sizeof(bytes))
            return;
    }
}

static void on_ready(struct stream *s, unsigned events) {
    struct client_conn *conn = s->ctx;
    conn->depth++;
    if ((events & IO_WRITE) && conn->call)
        send_request(conn);
    if (events & (IO_READ | IO_HUP))
        read_answer(conn);
    if (!conn->dead && conn->call)
        update_want(conn);
    conn->depth--;
    release(conn);
}

void client_conn_resume(struct client_conn *conn) {
    if (!conn->paused)
        return;
    conn->paused = false;
    restart_idle_timer(conn);
    loop_defer(conn->loop, &conn->task);
}

/* After a pause: first what was read before it. */
static void run_resumed(struct task *t) {
    struct client_conn *conn = container_of(t, struct client_conn, task);
    conn->depth++;
    if (conn->call)
        process(conn);
    if (!conn->dead && conn->call)
        update_want(conn);
    conn->depth--;
    release(conn);
}

static void established(struct client_conn *conn, struct stream *s) {
    conn->s = s;
    s->ctx = conn;
    s->ready = on_ready;
    conn->connecting = false;
    conn->client->n_connecting--;
    go_idle(conn);
}

static void shaken(void *ctx, int r, struct stream *s, const struct err *e) {
    struct client_conn *conn = ctx;
    conn->shake = NULL;
    if (r < 0)
        not_connected(conn, r);
    else
        established(conn, s);
}

static void connected(void *ctx, int r, struct stream *s) {
    struct client_conn *conn = ctx;
    struct http_client *c = conn->client;
    conn->connect = NULL;
    if (r < 0)
        not_connected(conn, r);
    else if (c->tls)
        conn->shake = tls_start(c->tls, s, c->tls_name, shaken, conn);
    else
        established(conn, s);
}

/* Making the connection takes too long, it has been idle too long, or the call has. */
static void on_timer(struct timer *t) {
    struct client_conn *conn = container_of(t, struct client_conn, timer);
    if (conn->connecting) {
        not_connected(conn, -ETIMEDOUT);
        return;
    }
    struct http_call *call = client_conn_close(conn);
    if (call)
        http_call_end_soon(call, -ETIMEDOUT);
}

void client_conn_new(struct http_client *c) {
    struct client_conn *conn = xcalloc(1, sizeof(*conn));
    conn->client = c;
    conn->loop = c->loop;
    conn->timer.fire = on_timer;
    list_init(&conn->task.node);
    conn->task.run = run_resumed;
    conn->connecting = true;
    list_init(&conn->node);
    list_append(&c->conns, &conn->node);
    c->n_conns++;
    c->n_connecting++;
    timer_start(c->loop, &conn->timer, HTTP_CLIENT_CONNECT_TIMEOUT);
    int r = transport_connect(c->loop, c->address, connected, conn, &conn->connect);
    if (r < 0)
        not_connected(conn, r);
}
