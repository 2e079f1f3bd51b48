// SPDX-License-Identifier: Apache-2.0
/* The server's HTTP/2 against an nghttp2 client, over the simulated network and without TLS. */
#include <nghttp2/nghttp2.h>

#include "net/exchange.h"
#include "net/http2_conn.h"
#include "net_test.h"

#define ASKS_MAX 300

struct ask {
    struct fixture *f;
    int32_t id;
    int status;
    struct buf body;
    str send;
    size_t sent;
    bool hold_body; /* sends nothing more for now */
    bool closed;
    uint32_t error;
    bool stopped; /* takes no more than its window */
};

struct fixture {
    struct world w;
    struct http_server *s;
    struct stream *client;
    nghttp2_session *session;
    struct outq out;
    struct ask asks[ASKS_MAX];
    bool end, no_update;
    uint32_t goaway;
    /* server side */
    unsigned requests, aborts, drained, now, most;
    struct exchange *held[ASKS_MAX];
    size_t n_held, to_stream, high;
    int body_result;
};

static void on_abort(struct exchange *x) {
    struct fixture *f = x->ctx;
    f->aborts++;
    for (size_t i = 0; i < f->n_held; i++)
        if (f->held[i] == x)
            f->held[i] = NULL;
}

static void echo(struct exchange *x, int r, str body) {
    struct fixture *f = x->ctx;
    f->body_result = r;
    exchange_respond(x, r == -E2BIG ? 413 : 200, NULL, 0, r < 0 ? STR("no") : body);
}

static void stream_on(struct exchange *x) {
    static const char zeros[10000];
    struct fixture *f = x->ctx;
    size_t now = 0;
    while (f->to_stream && exchange_writable(x)) {
        size_t n = MIN(f->to_stream, sizeof(zeros));
        exchange_write(x, str_n(zeros, n));
        f->to_stream -= n;
        now += n;
    }
    f->high = MAX(f->high, now);
    if (!f->to_stream)
        exchange_end(x);
}

/* "/pass": what comes goes back at once, while there is room. */
static bool pass_back(struct exchange *x, str data) {
    struct fixture *f = x->ctx;
    exchange_write(x, data);
    f->high = MAX(f->high, data.n);
    return exchange_writable(x);
}

static void pass_end(struct exchange *x, int r) {
    struct fixture *f = x->ctx;
    f->body_result = r;
    exchange_end(x);
}

/* "/sip": one piece, and its end in the middle of it when it is told to. */
static bool sip(struct exchange *x, str data) {
    if (x->query.n)
        exchange_respond(x, 200, NULL, 0, STR("enough"));
    return false;
}

static void handle(void *ctx, struct exchange *x) {
    struct fixture *f = ctx;
    struct http_header h = {STR("X-Test"), STR("a\r\nb")};
    f->requests++;
    x->ctx = f;
    x->on_abort = on_abort;
    CHECK(x->http2);
    CHECK_STRC(http_header_get(&x->headers, "host"), "h");
    if (str_eq(x->path, STR("/echo"))) {
        exchange_read_body(x, 1000000, echo);
    } else if (str_eq(x->path, STR("/small"))) {
        exchange_read_body(x, 10, echo);
    } else if (str_eq(x->path, STR("/pass"))) {
        struct http_header length = {STR("Content-Length"), x->query};
        exchange_start(x, 200, &length, x->query.n > 0, exchange_resume_body);
        exchange_stream_body(x, pass_back, pass_end);
    } else if (str_eq(x->path, STR("/sip"))) {
        exchange_stream_body(x, sip, pass_end);
        f->held[f->n_held++] = x;
    } else if (str_eq(x->path, STR("/hold"))) {
        f->held[f->n_held++] = x;
    } else if (str_eq(x->path, STR("/zombie"))) {
        x->on_abort = NULL;
        f->held[f->n_held++] = x;
    } else if (str_eq(x->path, STR("/stream"))) {
        exchange_start(x, 200, NULL, 0, stream_on);
        stream_on(x);
    } else if (str_eq(x->path, STR("/abort"))) {
        exchange_abort(x);
    } else if (str_eq(x->path, STR("/close"))) {
        struct http_header c = {STR("Connection"), STR("close")};
        exchange_respond(x, 200, &c, 1, STR("bye"));
    } else if (str_eq(x->path, STR("/up"))) {
        CHECK_INT(exchange_hijack(x, NULL, 0, NULL, NULL), -ENOTSUP);
        exchange_respond(x, 400, NULL, 0, STR("no"));
    } else {
        exchange_respond(x, 200, &h, 1, x->query);
    }
}

static void client_flush(struct fixture *f) {
    const uint8_t *p;
    ssize_t n, written;
    if (!f->client || f->end)
        return;
    do {
        while (outq_pending(&f->out) < 65536 && (n = nghttp2_session_mem_send(f->session, &p)) > 0)
            buf_add(&f->out.b, str_n((const char *)p, (size_t)n));
        written = outq_flush(&f->out, f->client);
        if (written < 0)
            outq_done(&f->out);
    } while (written > 0 && !outq_pending(&f->out));
    stream_want(f->client, IO_READ | (outq_pending(&f->out) ? IO_WRITE : 0));
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t nn, const uint8_t *value, size_t vn, uint8_t flags, void *ud) {
    struct ask *a = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    int64_t v;
    if (a && nn == 7 && memcmp(name, ":status", 7) == 0 &&
        str_to_i64(str_n((const char *)value, vn), &v) == 0)
        a->status = (int)v;
    if (nn == 6 && memcmp(name, "x-test", 6) == 0)
        CHECK_STRC(str_n((const char *)value, vn), "a  b");
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *p, size_t n,
                   void *ud) {
    struct fixture *f = ud;
    struct ask *a = nghttp2_session_get_stream_user_data(session, id);
    if (a)
        buf_add(&a->body, str_n((const char *)p, n));
    if (a && a->stopped)
        nghttp2_session_consume_connection(session, n);
    else if (!f->no_update)
        nghttp2_session_consume(session, id, n);
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t error, void *ud) {
    struct ask *a = nghttp2_session_get_stream_user_data(session, id);
    a->closed = true;
    a->error = error;
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *ud) {
    struct fixture *f = ud;
    if (frame->hd.type == NGHTTP2_GOAWAY)
        f->goaway = frame->goaway.error_code + 1;
    return 0;
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *p, size_t n,
                         uint32_t *flags, nghttp2_data_source *source, void *ud) {
    struct ask *a = source->ptr;
    size_t k = MIN(n, a->send.n - a->sent);
    if (k)
        memcpy(p, a->send.p + a->sent, k);
    a->sent += k;
    if (!k && a->hold_body)
        return NGHTTP2_ERR_DEFERRED;
    if (a->sent == a->send.n && !a->hold_body)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)k;
}

static void client_ready(struct stream *s, unsigned events) {
    struct fixture *f = s->ctx;
    uint8_t bytes[65536];
    for (;;) {
        ssize_t n = stream_read(s, bytes, sizeof(bytes));
        if (n == -EAGAIN)
            break;
        if (n <= 0 || nghttp2_session_mem_recv(f->session, bytes, (size_t)n) < 0) {
            f->end = true;
            stream_want(s, 0);
            return;
        }
    }
    client_flush(f);
}

static void client_connected(void *ctx, int r, struct stream *s) {
    struct fixture *f = ctx;
    REQUIRE(r == 0);
    f->client = s;
    s->ctx = f;
    s->ready = client_ready;
    client_flush(f);
}

static void accepted(struct listener *l, struct stream *s) {
    http2_conn_start(l->ctx, s);
}

static void start(struct fixture *f) {
    memset(f, 0, sizeof(*f));
    world_init(&f->w);
    struct err e;
    struct connect *connect;
    struct http_server_options o = {
        .addresses = (const char *const[]){"sim:h2", NULL}, .handler = handle, .ctx = f};
    REQUIRE(http_server_new(f->w.l, &o, &e, &f->s) == 0);
    f->s->listeners[0]->accepted = accepted; /* as if ALPN had said so */
    nghttp2_session_callbacks *cb;
    nghttp2_option *opt;
    REQUIRE(nghttp2_session_callbacks_new(&cb) == 0);
    REQUIRE(nghttp2_option_new(&opt) == 0);
    nghttp2_option_set_no_auto_window_update(opt, 1);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
    REQUIRE(nghttp2_session_client_new2(&f->session, cb, f, opt) == 0);
    nghttp2_session_callbacks_del(cb);
    nghttp2_option_del(opt);
    nghttp2_submit_settings(f->session, NGHTTP2_FLAG_NONE, NULL, 0);
    REQUIRE(transport_connect(f->w.l, "sim:h2", client_connected, f, &connect) == 0);
    pass(&f->w, NSEC_PER_SEC);
}

static void stop(struct fixture *f) {
    http_server_free(f->s);
    stream_close(f->client);
    nghttp2_session_del(f->session);
    outq_done(&f->out);
    for (size_t i = 0; i < ASKS_MAX; i++)
        buf_done(&f->asks[i].body);
    world_done(&f->w);
}

static nghttp2_nv nv_of(const char *n, const char *v) {
    return (nghttp2_nv){(uint8_t *)(uintptr_t)n, (uint8_t *)(uintptr_t)v, strlen(n), strlen(v),
                        NGHTTP2_NV_FLAG_NONE};
}

static struct ask *ask(struct fixture *f, unsigned i, const char *method, const char *path,
                       str body, bool hold_body) {
    struct ask *a = &f->asks[i];
    nghttp2_nv nv[] = {nv_of(":method", method), nv_of(":scheme", "https"),
                       nv_of(":authority", "h"), nv_of(":path", path)};
    a->f = f;
    a->send = body;
    a->hold_body = hold_body;
    nghttp2_data_provider p = {.source.ptr = a, .read_callback = read_body};
    bool has_body = body.n || hold_body;
    a->id = nghttp2_submit_request(f->session, NULL, nv, 4, has_body ? &p : NULL, a);
    CHECK(a->id > 0);
    client_flush(f);
    return a;
}

TEST(many_at_once) {
    static struct fixture f;
    static char paths[ASKS_MAX][16];
    start(&f);
    for (unsigned i = 0; i < ASKS_MAX; i++) {
        snprintf(paths[i], sizeof(paths[i]), "/a?%u", i);
        ask(&f, i, "GET", paths[i], STR_NONE, false);
    }
    pass(&f.w, 10 * NSEC_PER_SEC);
    for (unsigned i = 0; i < ASKS_MAX; i++) {
        CHECK(f.asks[i].closed);
        CHECK_INT(f.asks[i].status, 200);
        CHECK_STRC(buf_str(&f.asks[i].body), paths[i] + 3);
    }
    pass(&f.w, HTTP_IDLE_TIMEOUT);
    CHECK(f.end);
    stop(&f);
}

TEST(bodies) {
    static struct fixture f;
    static char big[900000], huge[1000001];
    start(&f);
    memset(big, 'x', sizeof(big));
    struct ask *a = ask(&f, 0, "POST", "/echo", str_n(big, sizeof(big)), false);
    struct ask *b = ask(&f, 1, "POST", "/echo", STR("small"), false);
    struct ask *c = ask(&f, 2, "POST", "/small", STR("0123456789a"), false);
    struct ask *d = ask(&f, 3, "POST", "/echo", str_n(huge, sizeof(huge)), false);
    struct ask *e = ask(&f, 4, "POST", "/a?unread", str_n(big, sizeof(big)), false);
    struct ask *g = ask(&f, 5, "HEAD", "/a?head", STR_NONE, false);
    struct ask *h = ask(&f, 6, "GET", "/echo", STR_NONE, false);
    pass(&f.w, 30 * NSEC_PER_SEC);
    CHECK_INT(a->status, 200);
    CHECK_INT(a->body.n, sizeof(big));
    CHECK_STRC(buf_str(&b->body), "small");
    CHECK_INT(c->status, 413);
    CHECK_INT(d->status, 413);
    CHECK_INT(e->status, 200);
    CHECK_STRC(buf_str(&e->body), "unread");
    CHECK(e->closed);
    CHECK(e->sent < sizeof(big));
    CHECK_INT(g->status, 200);
    CHECK_INT(g->body.n, 0);
    CHECK_INT(h->status, 200);
    CHECK_INT(f.aborts, 0);
    stop(&f);
}

TEST(bad_requests) {
    static struct fixture f;
    start(&f);
    struct ask *a = ask(&f, 0, "GET", "/%zz", STR_NONE, false);
    struct ask *b = ask(&f, 1, "GET", "/a#b", STR_NONE, false);
    struct ask *c = ask(&f, 2, "GET", "/up", STR_NONE, false);
    struct ask *d = ask(&f, 3, "GET", "/abort", STR_NONE, false);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(a->status, 400);
    CHECK_INT(b->status, 400);
    CHECK_INT(c->status, 400);
    CHECK(d->closed);
    CHECK_INT(d->error, NGHTTP2_INTERNAL_ERROR);
    CHECK_INT(f.aborts, 0);
    stop(&f);
}

TEST(streams_are_bounded_and_pausable) {
    static struct fixture f;
    start(&f);
    f.to_stream = 20u * 1000 * 1000;
    f.no_update = true; /* the window closes */
    struct ask *a = ask(&f, 0, "GET", "/stream", STR_NONE, false);
    pass(&f.w, 5 * NSEC_PER_SEC);
    CHECK(f.to_stream > 19u * 1000 * 1000);
    CHECK(f.high < HTTP_OUT_HIGH + 20000);
    f.no_update = false;
    nghttp2_session_consume(f.session, a->id, a->body.n);
    client_flush(&f);
    pass(&f.w, 60 * NSEC_PER_SEC);
    CHECK_INT(f.to_stream, 0);
    CHECK_INT(a->body.n, 20u * 1000 * 1000);
    CHECK(a->closed);
    CHECK_INT(a->error, 0);
    CHECK(f.high < HTTP_OUT_HIGH + 20000);
    stop(&f);
}

TEST(a_stopped_stream_does_not_hold_the_others) {
    static struct fixture f;
    start(&f);
    f.to_stream = 1000 * 1000;
    f.asks[0].stopped = true;
    struct ask *slow = ask(&f, 0, "GET", "/stream", STR_NONE, false);
    pass(&f.w, NSEC_PER_SEC);
    for (unsigned i = 1; i < 50; i++) {
        struct ask *a = ask(&f, i, "GET", "/x?quick", STR_NONE, false);
        pass(&f.w, NSEC_PER_SEC / 10);
        CHECK(a->closed);
        CHECK_STRC(buf_str(&a->body), "quick");
    }
    CHECK(!slow->closed);
    CHECK_INT(slow->body.n, 65535);
    stop(&f);
}

TEST(stopped_streams_share_what_a_connection_may_hold) {
    static struct fixture f;
    const size_t all = 100u * 1000 * 1000;
    start(&f);
    f.to_stream = all;
    f.no_update = true;
    for (unsigned i = 0; i < 200; i++)
        ask(&f, i, "GET", "/stream", STR_NONE, false);
    pass(&f.w, 5 * NSEC_PER_SEC);
    CHECK(all - f.to_stream <
          HTTP2_UNSENT_HIGH + HTTP_OUT_HIGH + 200 * (HTTP2_UNSENT_SHARE + 10000));
    f.no_update = false;
    size_t sum = 0;
    for (unsigned i = 0; i < 200; i++)
        nghttp2_session_consume(f.session, f.asks[i].id, f.asks[i].body.n);
    client_flush(&f);
    pass(&f.w, 600 * NSEC_PER_SEC);
    for (unsigned i = 0; i < 200; i++) {
        CHECK(f.asks[i].closed && f.asks[i].error == 0);
        sum += f.asks[i].body.n;
    }
    CHECK_INT(sum, all);
    stop(&f);
}

TEST(answers_that_nobody_takes_close_the_connection_to_more) {
    static struct fixture f;
    static char big[1000000];
    unsigned taken = 0, refused = 0;
    start(&f);
    f.no_update = true;
    for (unsigned i = 0; i < 40; i++) {
        ask(&f, i, "POST", "/echo", str_n(big, sizeof(big)), false);
        pass(&f.w, NSEC_PER_SEC / 2);
        taken += f.asks[i].status == 200;
        refused += f.asks[i].closed && f.asks[i].error == NGHTTP2_REFUSED_STREAM;
    }
    CHECK_INT(taken, HTTP2_UNSENT_MAX / sizeof(big) + 1);
    CHECK_INT(refused, 40 - taken);
    stop(&f);
}

TEST(a_window_that_stays_closed_ends_the_stream) {
    static struct fixture f;
    start(&f);
    f.to_stream = 20u * 1000 * 1000;
    f.no_update = true;
    struct ask *a = ask(&f, 0, "GET", "/stream", STR_NONE, false);
    pass(&f.w, HTTP_BODY_TIMEOUT - 5 * NSEC_PER_SEC);
    CHECK(!a->closed);
    pass(&f.w, 10 * NSEC_PER_SEC);
    CHECK(a->closed);
    CHECK_INT(f.aborts, 1);
    f.no_update = false;
    nghttp2_session_consume_connection(f.session, a->body.n);
    struct ask *b = ask(&f, 1, "GET", "/a?b", STR_NONE, false);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(b->status, 200);
    stop(&f);
}

TEST(owners_hear_of_resets_and_of_the_end) {
    static struct fixture f;
    start(&f);
    struct ask *a = ask(&f, 0, "GET", "/hold", STR_NONE, false);
    ask(&f, 1, "GET", "/hold", STR_NONE, false);
    ask(&f, 2, "GET", "/zombie", STR_NONE, false);
    ask(&f, 3, "POST", "/echo", STR("x"), true);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.n_held, 3);
    nghttp2_submit_rst_stream(f.session, NGHTTP2_FLAG_NONE, a->id, NGHTTP2_CANCEL);
    client_flush(&f);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.aborts, 1);
    CHECK(f.held[0] == NULL);
    exchange_respond(f.held[1], 200, NULL, 0, STR("late"));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_STRC(buf_str(&f.asks[1].body), "late");
    stream_close(TAKE(f.client));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.aborts, 2);
    exchange_read_body(f.held[2], 10, echo);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.body_result, -ECONNRESET);
    stop(&f);
}

TEST(bodies_that_do_not_come) {
    static struct fixture f;
    start(&f);
    struct ask *a = ask(&f, 0, "POST", "/echo", STR("x"), true);
    pass(&f.w, HTTP_BODY_TIMEOUT - 5 * NSEC_PER_SEC);
    CHECK(!a->closed);
    pass(&f.w, 10 * NSEC_PER_SEC);
    CHECK(a->closed);
    CHECK_INT(f.aborts, 1);
    CHECK(!f.end);
    stop(&f);
}

TEST(what_is_not_asked_for_stays_within_the_window) {
    static struct fixture f;
    static char big[900000];
    start(&f);
    struct ask *a = ask(&f, 0, "POST", "/hold", str_n(big, sizeof(big)), false);
    pass(&f.w, 5 * NSEC_PER_SEC);
    CHECK(a->sent <= 65535);
    exchange_read_body(f.held[0], 1000000, echo);
    pass(&f.w, 10 * NSEC_PER_SEC);
    CHECK_INT(a->sent, sizeof(big));
    CHECK_INT(a->body.n, sizeof(big));
    stop(&f);
}

TEST(bodies_that_pass_in_pieces) {
    static struct fixture f;
    static char big[900000];
    start(&f);
    memset(big, 'x', sizeof(big));
    struct ask *a = ask(&f, 0, "POST", "/pass", str_n(big, sizeof(big)), false);
    struct ask *b = ask(&f, 1, "POST", "/pass?5", STR("small"), false);
    struct ask *c = ask(&f, 2, "POST", "/pass", STR("held"), true);
    pass(&f.w, 60 * NSEC_PER_SEC);
    CHECK_INT(a->body.n, sizeof(big));
    CHECK(f.high <= 65536);
    CHECK(a->closed && b->closed && !c->closed);
    CHECK_STRC(buf_str(&b->body), "small");
    CHECK_STRC(buf_str(&c->body), "held");
    pass(&f.w, 600 * NSEC_PER_SEC); /* silence is no reason to end it */
    CHECK(!c->closed);
    c->send = STR("held on");
    c->hold_body = false;
    nghttp2_session_resume_data(f.session, c->id);
    client_flush(&f);
    pass(&f.w, NSEC_PER_SEC);
    CHECK(c->closed);
    CHECK_STRC(buf_str(&c->body), "held on");
    CHECK_INT(f.aborts, 0);
    stop(&f);
}

TEST(a_taker_of_pieces_may_stop_or_end) {
    static struct fixture f;
    static char big[900000];
    start(&f);
    struct ask *a = ask(&f, 0, "POST", "/sip", str_n(big, sizeof(big)), false);
    struct ask *b = ask(&f, 1, "POST", "/sip?now", str_n(big, sizeof(big)), false);
    struct ask *c = ask(&f, 2, "POST", "/pass", STR("held"), true);
    pass(&f.w, 20 * NSEC_PER_SEC);
    CHECK(a->sent <= 2 * 65536);
    CHECK_STRC(buf_str(&b->body), "enough");
    CHECK(b->closed);
    nghttp2_submit_rst_stream(f.session, 0, c->id, NGHTTP2_CANCEL);
    client_flush(&f);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.aborts, 1);
    f.s = http_server_free(f.s);
    CHECK_INT(f.aborts, 2);
    stop(&f);
}

TEST(rapid_resets_end_the_connection) {
    static struct fixture f;
    start(&f);
    for (unsigned i = 0; i < 3000 && !f.end; i++) {
        struct ask *a = ask(&f, 0, "GET", "/hold", STR_NONE, false);
        f.n_held = 0;
        nghttp2_submit_rst_stream(f.session, NGHTTP2_FLAG_NONE, a->id, NGHTTP2_CANCEL);
        client_flush(&f);
        if (i % 100 == 99)
            pass(&f.w, 10 * NSEC_PER_MSEC);
    }
    pass(&f.w, NSEC_PER_SEC);
    CHECK(f.end);
    CHECK(f.requests <= 2000);
    CHECK_INT(f.requests, f.aborts);
    stop(&f);
}

TEST(ping_floods_end_the_connection) {
    static struct fixture f;
    start(&f);
    for (unsigned i = 0; i < 3000; i++) {
        nghttp2_submit_ping(f.session, NGHTTP2_FLAG_NONE, NULL);
        client_flush(&f);
    }
    pass(&f.w, NSEC_PER_SEC);
    CHECK(f.end);
    stop(&f);
}

TEST(floods_of_priorities_end_the_connection) {
    static struct fixture f;
    start(&f);
    struct ask *a = ask(&f, 0, "GET", "/hold", STR_NONE, false);
    nghttp2_priority_spec spec;
    nghttp2_priority_spec_init(&spec, 0, 16, 0);
    for (unsigned i = 0; i < 3000; i++) {
        spec.weight = 1 + (int32_t)(i % 200);
        nghttp2_submit_priority(f.session, NGHTTP2_FLAG_NONE, a->id, &spec);
        client_flush(&f);
    }
    pass(&f.w, NSEC_PER_SEC);
    CHECK(f.end);
    CHECK_INT(f.aborts, 1);
    stop(&f);
}

static void drained(void *ctx) {
    ((struct fixture *)ctx)->drained++;
}

TEST(draining) {
    static struct fixture f;
    start(&f);
    struct ask *a = ask(&f, 0, "GET", "/hold", STR_NONE, false);
    pass(&f.w, NSEC_PER_SEC);
    http_server_drain(f.s, 20 * NSEC_PER_SEC, drained, &f);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.goaway, NGHTTP2_NO_ERROR + 1);
    CHECK(!f.end);
    exchange_respond(f.held[0], 200, NULL, 0, STR("last"));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_STRC(buf_str(&a->body), "last");
    CHECK(f.end);
    CHECK_INT(f.drained, 1);
    stop(&f);
}

/* One answer says so: no new streams, and the others still come to their end. */
TEST(connection_close_is_goaway) {
    static struct fixture f;
    start(&f);
    struct ask *held = ask(&f, 0, "GET", "/hold", STR_NONE, false);
    pass(&f.w, NSEC_PER_SEC);
    struct ask *a = ask(&f, 1, "GET", "/close", STR_NONE, false);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_STRC(buf_str(&a->body), "bye");
    CHECK_INT(f.goaway, NGHTTP2_NO_ERROR + 1);
    CHECK(!f.end);
    exchange_respond(f.held[0], 200, NULL, 0, STR("last"));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_STRC(buf_str(&held->body), "last");
    CHECK(f.end);
    stop(&f);
}

TEST(the_server_can_go_while_exchanges_run) {
    static struct fixture f;
    start(&f);
    for (unsigned i = 0; i < 10; i++)
        ask(&f, i, "GET", "/hold", STR_NONE, false);
    pass(&f.w, NSEC_PER_SEC);
    f.s = http_server_free(f.s);
    CHECK_INT(f.aborts, 10);
    stop(&f);
}

/* Bytes that are no HTTP/2. */
TEST(junk) {
    static struct fixture f;
    struct raw r = {0};
    start(&f);
    raw_connect(&r, f.w.l, "sim:h2");
    buf_adds(&r.out, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    pass(&f.w, NSEC_PER_SEC);
    CHECK(r.end);
    raw_done(&r);
    stop(&f);
}
