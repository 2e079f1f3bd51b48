// SPDX-License-Identifier: Apache-2.0
/* An HTTP/2 connection of the HTTP client: a stream a call.
 *
 * Callbacks of calls run inside of nghttp2's and may end any call and free the client; a session
 * must not be deleted from there, which conn_io's depth sees to, and a call that is gone is no
 * longer `current`. Ends of calls are told later, so nothing else of a call runs in here.
 *
 * The connection's window is opened as bytes come, so that a stream whose reader pauses stops none
 * of the others; the stream's window is opened when its reader has taken them, which bounds what is
 * held for it. A silent peer is pinged, as client-go does: a connection whose peer is gone without
 * a word would else hold its watches for ever. */
#include <stdlib.h>

#include "net/client_impl.h"
#include "net/conn_io.h"
#include "net/http2_io.h"
#include "net/server.h"

#define HTTP2_CLIENT_STREAMS_MAX  200           /* below our server's limit, and what most allow */
#define HTTP2_CLIENT_WINDOW       (1024 * 1024) /* of a stream */
#define HTTP2_CLIENT_WINDOW_ALL   (16 * 1024 * 1024) /* of the connection */
#define HTTP2_CLIENT_PING_AFTER   (30 * NSEC_PER_SEC)
#define HTTP2_CLIENT_PING_TIMEOUT (15 * NSEC_PER_SEC)

struct http2_client {
    struct client_conn base;
    struct conn_io io;
    nghttp2_session *session;
    struct timer idle;         /* runs while there is no call */
    struct timer health;       /* runs while there is one, or an answer to a ping is awaited */
    struct http_call *current; /* whose callback runs */
    int64_t heard_at;
    unsigned n_calls;
    bool is_ready, settled, full, pinged, resumed;
};

static struct http2_client *of(struct client_conn *base) {
    return container_of(base, struct http2_client, base);
}

static struct http_call *call_on(nghttp2_session *session, int32_t id) {
    return nghttp2_session_get_stream_user_data(session, id);
}

/* ---- the connection ---- */

static void lost(struct client_conn *base, int r) {
    struct http2_client *c = of(base);
    if (c->io.dead)
        return;
    conn_io_enter(&c->io);
    conn_io_end(&c->io);
    timer_stop(c->io.loop, &c->idle);
    timer_stop(c->io.loop, &c->health);
    client_conn_leave(base);
    while (!list_empty(&base->calls)) /* the last first: each goes to the front of the queue */
        http_call_broken(container_of(base->calls.prev, struct http_call, node), r);
    stream_close(TAKE(c->io.s));
    conn_io_leave(&c->io);
}

/* What the peer allows is not known before its settings; nghttp2 keeps requests back meanwhile. */
static unsigned max_calls(const struct http2_client *c) {
    uint32_t theirs = c->settled ? nghttp2_session_get_remote_settings(
                                       c->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)
                                 : UINT32_MAX;
    return MIN(theirs, (uint32_t)HTTP2_CLIENT_STREAMS_MAX);
}

static void update_room(struct http2_client *c) {
    bool room = !c->base.retired && !c->full && c->n_calls < max_calls(c);
    if (room == c->is_ready)
        return;
    c->is_ready = room;
    client_conn_ready(&c->base, room);
}

static void retire(struct client_conn *base) {
    struct http2_client *c = of(base);
    base->retired = true;
    update_room(c);
    conn_io_wake(&c->io);
}

static void on_idle(struct timer *t) {
    lost(&container_of(t, struct http2_client, idle)->base, -ETIMEDOUT);
}

/* A peer that was silent for a while is pinged with the first call after it, too: calls with short
 * time limits would else come and go on a dead connection. */
static void check_health(struct http2_client *c) {
    int64_t quiet = loop_now(c->io.loop) - c->heard_at;
    if (quiet < HTTP2_CLIENT_PING_AFTER) {
        timer_start(c->io.loop, &c->health, HTTP2_CLIENT_PING_AFTER - quiet);
        return;
    }
    c->pinged = true;
    nghttp2_submit_ping(c->session, NGHTTP2_FLAG_NONE, NULL);
    timer_start(c->io.loop, &c->health, HTTP2_CLIENT_PING_TIMEOUT);
    conn_io_wake(&c->io);
}

static void on_health(struct timer *t) {
    struct http2_client *c = container_of(t, struct http2_client, health);
    if (c->pinged)
        lost(&c->base, -ETIMEDOUT);
    else if (c->n_calls)
        check_health(c);
}

/* ---- requests ---- */

static ssize_t read_request(nghttp2_session *session, int32_t id, uint8_t *p, size_t n,
                            uint32_t *flags, nghttp2_data_source *source, void *ud) {
    struct http_call *call = call_on(session, id);
    if (!call)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    size_t len = MIN(n, call->request.n - call->sent);
    memcpy(p, call->request.p + call->sent, len);
    call->sent += len;
    if (call->sent == call->request.n)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (len)
        http_call_heard(call);
    return (ssize_t)len;
}

/* Headers that belong to HTTP/1.1's connections, and those we set ourselves. */
static bool is_ours(str name) {
    static const char *const ours[] = {"host",
                                       "content-length",
                                       "transfer-encoding",
                                       "connection",
                                       "proxy-connection",
                                       "keep-alive",
                                       "upgrade",
                                       "te"};
    for (size_t i = 0; i < ARRAY_LEN(ours); i++)
        if (str_ieq(name, str_of(ours[i])))
            return true;
    return false;
}

static size_t put_head(struct http_call *call, nghttp2_nv *nv) {
    struct arena *a = call->arena;
    str host = http_header_get(&call->headers, "Host");
    size_t n = 0;
    nv[n++] = http2_nv(STR(":method"), call->method);
    nv[n++] = http2_nv(STR(":scheme"), call->client->tls ? STR("https") : STR("http"));
    nv[n++] = http2_nv(STR(":authority"), host.p ? host : str_of(call->client->host));
    nv[n++] = http2_nv(STR(":path"), call->target);
    for (size_t i = 0; i < call->headers.n; i++)
        if (!is_ours(call->headers.v[i].name))
            nv[n++] = http2_nv(str_lower(a, call->headers.v[i].name), call->headers.v[i].value);
    if (http_call_tells_length(call))
        nv[n++] = http2_nv(STR("content-length"), str_printf(a, "%zu", call->request.n));
    return n;
}

static void start_call(struct client_conn *base, struct http_call *call) {
    struct http2_client *c = of(base);
    nghttp2_nv *nv = xcalloc(call->headers.n + 5, sizeof(*nv));
    size_t n = put_head(call, nv);
    nghttp2_data_provider body = {.read_callback = read_request};
    call->id =
        nghttp2_submit_request(c->session, NULL, nv, n, call->request.n ? &body : NULL, call);
    free(nv);
    if (!c->n_calls++)
        timer_stop(c->io.loop, &c->idle);
    if (!timer_on(&c->health))
        check_health(c);
    http_call_heard(call);
    if (call->id < 0) { /* stream ids are used up, or the session is going down */
        call->id = 0;
        retire(base);
        http_call_again(call);
        return;
    }
    update_room(c);
    conn_io_wake(&c->io);
}

/* The call has no stream any more; the peer is told unless it knows. */
static void leave_stream(struct http2_client *c, struct http_call *call, bool is_closed) {
    int32_t id = call->id;
    call->id = 0;
    if (!id || c->io.dead)
        return;
    nghttp2_session_set_stream_user_data(c->session, id, NULL);
    if (!is_closed)
        nghttp2_submit_rst_stream(c->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
}

static void drop(struct client_conn *base, struct http_call *call) {
    struct http2_client *c = of(base);
    if (c->current == call)
        c->current = NULL;
    leave_stream(c, call, false);
    c->n_calls--;
    c->full = false;
    if (c->io.dead)
        return;
    if (!c->n_calls)
        timer_start(c->io.loop, &c->idle, HTTP_CLIENT_IDLE_TIMEOUT);
    update_room(c);
    conn_io_wake(&c->io);
}

/* ---- answers ---- */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *ud) {
    struct http_call *call = call_on(session, frame->hd.stream_id);
    if (!call)
        return 0;
    call->has_bytes = true;
    http_call_heard(call);
    if (call->has_head) /* trailers */
        return 0;
    call->answer = (struct http1_response){.body_length = -1};
    call->head_size = 0;
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *ud) {
    struct http_call *call = call_on(session, frame->hd.stream_id);
    if (!call || call->has_head)
        return 0;
    struct http1_response *answer = &call->answer;
    str n = str_n((const char *)name, name_len), v = str_n((const char *)value, value_len);
    int64_t number;
    call->head_size += name_len + value_len + 32;
    if (call->head_size > HTTP_CLIENT_HEAD_MAX || answer->headers.n >= HTTP_HEADERS_MAX) {
        http_call_end_soon(call, -EPROTO);
        return 0;
    }
    bool is_number = str_to_i64(v, &number) == 0;
    if (str_eq(n, STR(":status"))) {
        answer->status = is_number && number >= 100 && number <= 599 ? (int)number : 0;
        return 0;
    }
    if (str_eq(n, STR("content-length")) && is_number)
        answer->body_length = number;
    http_header_add(call->arena, &answer->headers, str_dup(call->arena, n),
                    str_dup(call->arena, v));
    return 0;
}

static void head_complete(struct http2_client *c, struct http_call *call) {
    int status = call->answer.status;
    if (status < 200) {
        if (status < 100 || status == 101 || ++call->interim > HTTP_CLIENT_INTERIM_MAX)
            http_call_end_soon(call, -EPROTO);
        return;
    }
    if (call->is_head || status == 204 || status == 304)
        call->answer.body_length = 0;
    c->current = call;
    int r = http_call_head(call);
    if (TAKE(c->current) && r < 0)
        http_call_end_soon(call, r);
}

/* Whether the call still is, afterwards. */
static bool deliver(struct http2_client *c, struct http_call *call, str data) {
    bool pause;
    c->current = call;
    int r = http_call_data(call, data, &pause);
    if (!TAKE(c->current))
        return false;
    call->paused = pause;
    if (r < 0)
        http_call_end_soon(call, r);
    else
        http_call_heard(call);
    return r == 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *p, size_t n,
                   void *ud) {
    struct http2_client *c = ud;
    struct http_call *call = call_on(session, id);
    str data = str_n((const char *)p, n);
    nghttp2_session_consume_connection(session, n);
    if (call && call->paused) {
        buf_add(&call->held, data);
        return 0;
    }
    nghttp2_session_consume_stream(session, id, n);
    if (call)
        deliver(c, call, data);
    return c->io.dead ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

/* The answer is whole: what else was to be sent is of no use. */
static void answer_complete(struct http2_client *c, struct http_call *call) {
    call->whole = true;
    leave_stream(c, call, call->sent == call->request.n);
    if (!call->paused)
        http_call_end_soon(call, 0);
}

/* Calls above the peer's limit that it has not heard of go elsewhere. */
static void settle(struct http2_client *c) {
    c->settled = true;
    while (c->n_calls > max_calls(c)) {
        struct http_call *call = container_of(c->base.calls.prev, struct http_call, node);
        if (call->maybe_sent)
            break;
        http_call_again(call);
    }
    update_room(c);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *ud) {
    struct http2_client *c = ud;
    uint8_t type = frame->hd.type;
    if (type == NGHTTP2_GOAWAY)
        retire(&c->base);
    if (type == NGHTTP2_SETTINGS && !(frame->hd.flags & NGHTTP2_FLAG_ACK))
        settle(c);
    if (type != NGHTTP2_HEADERS && type != NGHTTP2_DATA)
        return 0;
    struct http_call *call = call_on(session, frame->hd.stream_id);
    if (call && type == NGHTTP2_HEADERS && !call->has_head) {
        head_complete(c, call);
        if (c->io.dead)
            return NGHTTP2_ERR_CALLBACK_FAILURE;
        call = call_on(session, frame->hd.stream_id);
    }
    if (call && call->has_head && frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        answer_complete(c, call);
    return 0;
}

static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *ud) {
    if (frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    struct http_call *call = call_on(session, frame->hd.stream_id);
    if (call)
        call->maybe_sent = true;
    return 0;
}

/* Before its answer was whole. A peer that refuses a stream beside others has too much to do for
 * this connection: until one of them ends it gets no more. */
static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error, void *ud) {
    struct http2_client *c = ud;
    struct http_call *call = call_on(session, id);
    if (!call)
        return 0;
    leave_stream(c, call, true);
    if (error == NGHTTP2_REFUSED_STREAM) {
        call->maybe_sent = false;
        if (!call->has_bytes && !c->base.retired && c->n_calls > 1) {
            http_call_again(call);
            c->full = true;
            update_room(c);
            return 0;
        }
    }
    http_call_broken(call, error == NGHTTP2_PROTOCOL_ERROR ? -EPROTO : -ECONNRESET);
    return 0;
}

/* ---- pauses ---- */

static void resume(struct client_conn *base, struct http_call *call) {
    struct http2_client *c = of(base);
    call->paused = false;
    http_call_heard(call);
    c->resumed = true;
    conn_io_wake(&c->io);
}

static struct http_call *next_resumed(struct http2_client *c) {
    LIST_FOREACH (node, &c->base.calls) {
        struct http_call *call = container_of(node, struct http_call, node);
        if (!call->paused && (call->held.n || call->whole))
            return call;
    }
    return NULL;
}

/* What was held for calls that go on. */
static void run_resumed(struct http2_client *c) {
    struct http_call *call;
    while (c->resumed && !c->io.dead && (call = next_resumed(c))) {
        CLEANUP(buf_done) struct buf held = call->held;
        call->held = (struct buf){0};
        if (call->id)
            nghttp2_session_consume_stream(c->session, call->id, held.n);
        if (held.n && !deliver(c, call, buf_str(&held)))
            continue;
        if (call->whole && !call->paused)
            http_call_end_soon(call, 0);
    }
    c->resumed = false;
}

/* ---- bytes ---- */

/* A failed write ends nothing yet: answers may still be there to be read, and their end counts. */
static void flush(struct http2_client *c) {
    ssize_t n = c->io.failed ? 0 : http2_flush(c->session, &c->io.out, c->io.s);
    if (n >= 0) {
        conn_io_wrote(&c->io, (size_t)n);
        return;
    }
    c->io.failed = true;
    outq_done(&c->io.out);
    conn_io_wrote(&c->io, 0);
    retire(&c->base);
}

/* Looks at everything that may be to do. May free c. */
static void pump(struct conn_io *io) {
    struct http2_client *c = container_of(io, struct http2_client, io);
    conn_io_enter(io);
    run_resumed(c);
    if (!io->dead)
        flush(c);
    bool is_over = !io->dead && (http2_is_over(c->session, &io->out) ||
                                 (c->base.retired && !c->n_calls && !outq_pending(&io->out)));
    if (is_over)
        lost(&c->base, c->base.retired ? -ECONNRESET : -EPROTO);
    if (!io->dead) {
        bool more =
            !io->failed && (outq_pending(&io->out) || nghttp2_session_want_write(c->session));
        stream_want(io->s, IO_READ | (more ? IO_WRITE : 0));
    }
    conn_io_leave(io);
}

static void read_some(struct http2_client *c) {
    uint8_t bytes[16 * 1024];
    size_t budget = HTTP2_TURN_BYTES;
    while (!c->io.dead && budget) {
        ssize_t n = stream_read(c->io.s, bytes, sizeof(bytes));
        if (n == -EAGAIN)
            return;
        if (n <= 0) {
            lost(&c->base, n == 0 ? -ECONNRESET : (int)n);
            return;
        }
        c->heard_at = loop_now(c->io.loop);
        c->pinged = false;
        if (nghttp2_session_mem_recv(c->session, bytes, (size_t)n) < 0)
            lost(&c->base, -EPROTO);
        budget -= MIN(budget, (size_t)n);
        if (n < (ssize_t)sizeof(bytes))
            return;
    }
}

static void on_ready(struct stream *s, unsigned events) {
    struct http2_client *c = s->ctx;
    conn_io_enter(&c->io);
    if (events & (IO_READ | IO_HUP))
        read_some(c);
    if (conn_io_leave(&c->io))
        pump(&c->io);
}

static void io_close(struct conn_io *io) {
    lost(&container_of(io, struct http2_client, io)->base, -ETIMEDOUT);
}

static void io_free(struct conn_io *io) {
    struct http2_client *c = container_of(io, struct http2_client, io);
    nghttp2_session_del(c->session);
    free(c);
}

static const struct conn_io_ops io_ops = {.pump = pump, .close = io_close, .free = io_free};

static const struct client_conn_ops conn_ops = {
    .send = start_call,
    .resume = resume,
    .drop = drop,
    .retire = retire,
    .close = lost,
};

static int make_session(struct http2_client *c) {
    nghttp2_session_callbacks *cb;
    if (nghttp2_session_callbacks_new(&cb))
        return -ENOMEM;
    nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_frame_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
    return http2_client_session(cb,
                                &(struct http2_client_options){
                                    .stream_window = HTTP2_CLIENT_WINDOW,
                                    .connection_window = HTTP2_CLIENT_WINDOW_ALL,
                                    .own_windows = true,
                                },
                                c, &c->session);
}

void http2_client_start(struct http_client *client, struct stream *s) {
    struct http2_client *c = xcalloc(1, sizeof(*c));
    conn_io_init(&c->io, client->loop, s, &io_ops);
    c->idle.fire = on_idle;
    c->health.fire = on_health;
    c->heard_at = loop_now(client->loop);
    int r = make_session(c);
    ASSERT(r == 0); /* only for want of memory */
    s->ctx = c;
    s->ready = on_ready;
    client_conn_join(&c->base, client, &conn_ops);
    c->is_ready = true;
    timer_start(client->loop, &c->idle, HTTP_CLIENT_IDLE_TIMEOUT);
    pump(&c->io);
}
