// SPDX-License-Identifier: Apache-2.0
/* A gRPC server for tests, over nghttp2 and any stream. What it answers is in the path:
 *   /t/Echo          the request back
 *   /t/Fail          status 5 with an encoded message, trailers only
 *   /t/Count         a stream of messages "0".."9", then OK
 *   /t/Forever       a stream of messages, one every 10 ms
 *   /t/Hang          nothing
 *   /t/Big           8 MB
 *   /t/TooBig        the prefix of a message over the limit
 *   /t/NoStatus      a message, and an end without trailers
 *   /t/Http503       an HTTP error without gRPC's words
 *   /t/Reset         RST_STREAM(REFUSED_STREAM)
 *   /t/Two           two messages where one belongs
 *   /t/Compressed    a message with its flag set
 *   /t/Meta          authority, timeout and content type as a message
 *   /t/Goodbye       the answer, and GOAWAY for what comes later */
#pragma once

#include <nghttp2/nghttp2.h>

#include "net/outq.h"
#include "net_test.h"

struct double_conn;

struct double_call {
    struct list node;
    struct double_conn *conn;
    int32_t id;
    char path[64], meta[256];
    struct buf in, out;
    size_t at;
    bool trailers, forever, end;
    struct timer tick;
};

struct double_conn {
    struct list node, calls;
    struct grpc_double *d;
    struct stream *s;
    nghttp2_session *session;
    struct outq out;
    bool dead;
};

struct grpc_double {
    struct loop *l;
    struct listener *listener;
    struct list conns;
    unsigned n_conns, n_calls, n_cancelled;
    bool mute; /* accepts and says nothing */
};

static void double_close(struct double_conn *c) {
    LIST_FOREACH (node, &c->calls) {
        struct double_call *x = container_of(node, struct double_call, node);
        timer_stop(c->d->l, &x->tick);
        buf_done(&x->in);
        buf_done(&x->out);
        list_remove(node);
        free(x);
    }
    list_remove(&c->node);
    nghttp2_session_del(c->session);
    stream_close(c->s);
    outq_done(&c->out);
    free(c);
}

static void double_flush(struct double_conn *c) {
    const uint8_t *p;
    ssize_t n, written;
    do {
        while (outq_pending(&c->out) < 65536 && (n = nghttp2_session_mem_send(c->session, &p)) > 0)
            buf_add(&c->out.b, str_n((const char *)p, (size_t)n));
        written = outq_flush(&c->out, c->s);
        if (written < 0)
            outq_done(&c->out); /* the end is still to be read */
    } while (written > 0 && !outq_pending(&c->out));
    stream_want(c->s, IO_READ | (outq_pending(&c->out) ? IO_WRITE : 0));
}

static nghttp2_nv double_nv(const char *n, const char *v) {
    return (nghttp2_nv){(uint8_t *)(uintptr_t)n, (uint8_t *)(uintptr_t)v, strlen(n), strlen(v),
                        NGHTTP2_NV_FLAG_NONE};
}

static void double_message(struct double_call *x, str m) {
    char prefix[5] = {0, (char)(m.n >> 24), (char)(m.n >> 16), (char)(m.n >> 8), (char)m.n};
    buf_add(&x->out, str_n(prefix, 5));
    buf_add(&x->out, m);
}

static ssize_t double_read(nghttp2_session *session, int32_t id, uint8_t *p, size_t n,
                           uint32_t *flags, nghttp2_data_source *source, void *user_data) {
    struct double_call *x = source->ptr;
    size_t k = MIN(n, x->out.n - x->at);
    if (k)
        memcpy(p, x->out.p + x->at, k);
    x->at += k;
    if (x->at < x->out.n)
        return (ssize_t)k;
    if (x->forever)
        return k ? (ssize_t)k : NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (x->trailers) {
        nghttp2_nv nv = double_nv("grpc-status", "0");
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        nghttp2_submit_trailer(session, id, &nv, 1);
    }
    return (ssize_t)k;
}

static void double_tick(struct timer *t) {
    struct double_call *x = container_of(t, struct double_call, tick);
    double_message(x, STR("tick"));
    nghttp2_session_resume_data(x->conn->session, x->id);
    timer_start(x->conn->d->l, t, 10 * NSEC_PER_MSEC);
    double_flush(x->conn);
}

static void double_plain(struct double_call *x, const char *status, const char *grpc,
                         const char *text) {
    nghttp2_nv nv[3] = {double_nv(":status", status)};
    size_t n = 1;
    if (grpc)
        nv[n++] = double_nv("grpc-status", grpc);
    if (text)
        nv[n++] = double_nv("grpc-message", text);
    nghttp2_submit_response(x->conn->session, x->id, nv, n, NULL);
}

/* Messages put into x->out by name; false for paths that answer otherwise. */
static bool double_fill(struct double_call *x, str path) {
    x->trailers = true;
    if (str_eq(path, STR("/t/Echo")) || str_eq(path, STR("/t/Goodbye"))) {
        buf_add(&x->out, buf_str(&x->in));
    } else if (str_eq(path, STR("/t/Count"))) {
        for (char c = '0'; c <= '9'; c++)
            double_message(x, str_n(&c, 1));
    } else if (str_eq(path, STR("/t/Forever"))) {
        x->forever = true;
        timer_start(x->conn->d->l, &x->tick, 0);
    } else if (str_eq(path, STR("/t/Big"))) {
        static char big[8 << 20];
        double_message(x, str_n(big, sizeof(big)));
    } else if (str_eq(path, STR("/t/TooBig"))) {
        buf_add(&x->out, str_n("\0\x01\0\0\x01x", 6));
    } else if (str_eq(path, STR("/t/NoStatus"))) {
        x->trailers = false;
        double_message(x, STR("m"));
    } else if (str_eq(path, STR("/t/Two"))) {
        double_message(x, STR("1"));
        double_message(x, STR("2"));
    } else if (str_eq(path, STR("/t/Compressed"))) {
        buf_add(&x->out, str_n("\1\0\0\0\1x", 6));
    } else if (str_eq(path, STR("/t/Meta"))) {
        double_message(x, str_of(x->meta));
    } else {
        return false;
    }
    return true;
}

static void double_answer(struct double_call *x) {
    str path = str_of(x->path);
    nghttp2_session *session = x->conn->session;
    if (str_eq(path, STR("/t/Goodbye")))
        nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE, x->id, NGHTTP2_NO_ERROR, NULL, 0);
    if (str_eq(path, STR("/t/Fail"))) {
        double_plain(x, "200", "5", "no such pod %22a%25%22 %zz%C3%A9");
    } else if (str_eq(path, STR("/t/Http503"))) {
        double_plain(x, "503", NULL, NULL);
    } else if (str_eq(path, STR("/t/Reset"))) {
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, x->id, NGHTTP2_REFUSED_STREAM);
    } else if (double_fill(x, path)) {
        nghttp2_nv nv[2] = {double_nv(":status", "200"),
                            double_nv("content-type", "application/grpc")};
        nghttp2_data_provider body = {.source.ptr = x, .read_callback = double_read};
        nghttp2_submit_response(session, x->id, nv, 2, &body);
    }
}

static int double_begin(nghttp2_session *session, const nghttp2_frame *frame, void *user_data) {
    struct double_conn *c = user_data;
    struct double_call *x = xcalloc(1, sizeof(*x));
    x->conn = c;
    x->id = frame->hd.stream_id;
    x->tick.fire = double_tick;
    list_init(&x->node);
    list_append(&c->calls, &x->node);
    c->d->n_calls++;
    nghttp2_session_set_stream_user_data(session, x->id, x);
    return 0;
}

static int double_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                         size_t nn, const uint8_t *value, size_t vn, uint8_t flags, void *ud) {
    struct double_call *x = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    str n = str_n((const char *)name, nn);
    if (!x)
        return 0;
    if (str_eq(n, STR(":path")))
        snprintf(x->path, sizeof(x->path), "%.*s", (int)vn, (const char *)value);
    else if (str_in(n, (const char *const[]){":authority", "grpc-timeout", "content-type", "te",
                                             NULL}))
        snprintf(x->meta + strlen(x->meta), sizeof(x->meta) - strlen(x->meta), "%.*s=%.*s;",
                 (int)nn, (const char *)name, (int)vn, (const char *)value);
    return 0;
}

static int double_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *p,
                       size_t n, void *ud) {
    struct double_call *x = nghttp2_session_get_stream_user_data(session, id);
    if (x)
        buf_add(&x->in, str_n((const char *)p, n));
    return 0;
}

static int double_frame(nghttp2_session *session, const nghttp2_frame *frame, void *ud) {
    struct double_call *x = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (x && !x->end && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) &&
        (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS)) {
        x->end = true;
        double_answer(x);
    }
    return 0;
}

static int double_stream_close(nghttp2_session *session, int32_t id, uint32_t error, void *ud) {
    struct double_conn *c = ud;
    struct double_call *x = nghttp2_session_get_stream_user_data(session, id);
    if (!x)
        return 0;
    c->d->n_cancelled += error == NGHTTP2_CANCEL;
    timer_stop(c->d->l, &x->tick);
    list_remove(&x->node);
    buf_done(&x->in);
    buf_done(&x->out);
    free(x);
    return 0;
}

static void double_ready(struct stream *s, unsigned events) {
    struct double_conn *c = s->ctx;
    uint8_t bytes[65536];
    for (;;) {
        ssize_t n = stream_read(s, bytes, sizeof(bytes));
        if (n == -EAGAIN)
            break;
        if (n <= 0 || nghttp2_session_mem_recv(c->session, bytes, (size_t)n) < 0) {
            double_close(c);
            return;
        }
    }
    if (!c->d->mute)
        double_flush(c);
}

static void double_accepted(struct listener *l, struct stream *s) {
    struct grpc_double *d = l->ctx;
    struct double_conn *c = xcalloc(1, sizeof(*c));
    nghttp2_session_callbacks *cb;
    nghttp2_settings_entry settings = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 100};
    c->d = d;
    c->s = s;
    d->n_conns++;
    list_init(&c->node);
    list_init(&c->calls);
    list_append(&d->conns, &c->node);
    REQUIRE(nghttp2_session_callbacks_new(&cb) == 0);
    nghttp2_session_callbacks_set_on_begin_headers_callback(cb, double_begin);
    nghttp2_session_callbacks_set_on_header_callback(cb, double_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, double_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, double_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, double_stream_close);
    REQUIRE(nghttp2_session_server_new(&c->session, cb, c) == 0);
    nghttp2_session_callbacks_del(cb);
    nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, &settings, 1);
    s->ctx = c;
    s->ready = double_ready;
    stream_want(s, IO_READ);
}

static void double_start(struct grpc_double *d, struct loop *l, const char *address) {
    struct err e;
    *d = (struct grpc_double){.l = l};
    list_init(&d->conns);
    REQUIRE(transport_listen(l, address, &e, &d->listener) == 0);
    d->listener->accepted = double_accepted;
    d->listener->ctx = d;
}

static void double_cut(struct grpc_double *d) {
    while (!list_empty(&d->conns))
        double_close(container_of(d->conns.next, struct double_conn, node));
}

static void double_stop(struct grpc_double *d) {
    double_cut(d);
    listener_close(d->listener);
}
