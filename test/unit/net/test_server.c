// SPDX-License-Identifier: Apache-2.0
/* The server against a raw peer over the simulated network (partial reads and writes, latency). */
#include "net/server.h"
#include "net_test.h"

struct fixture {
    struct world w;
    struct http_server *s;
    struct exchange *held; /* of "/hold": answered by the test */
    unsigned requests, aborts, bodies, writable, drained;
    int body_result;
    struct buf bodies_text;
    size_t to_stream; /* bytes "/stream" still has to write */
    size_t high;      /* most unsent bytes a stream wrote in one go */
    struct stream *taken;
    struct buf taken_early;
};

static void on_abort(struct exchange *x) {
    struct fixture *f = x->ctx;
    f->aborts++;
    if (f->held == x)
        f->held = NULL;
}

static void echo(struct exchange *x, int r, str body) {
    struct fixture *f = x->ctx;
    f->bodies++;
    f->body_result = r;
    buf_add(&f->bodies_text, body);
    if (r == -E2BIG)
        exchange_respond(x, 413, NULL, 0, STR("too big"));
    else if (r < 0)
        exchange_respond(x, 400, NULL, 0, STR("broken"));
    else
        exchange_respond(x, 200, NULL, 0, body);
}

static void stream_on(struct exchange *x) {
    static const char zeros[10000];
    struct fixture *f = x->ctx;
    size_t now = 0;
    f->writable++;
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

static void taken(void *ctx, struct stream *s, str already_read) {
    struct fixture *f = ctx;
    f->taken = s;
    buf_add(&f->taken_early, already_read);
}

static void handle(void *ctx, struct exchange *x) {
    struct fixture *f = ctx;
    f->requests++;
    x->ctx = f;
    x->on_abort = on_abort;
    if (str_eq(x->path, STR("/echo"))) {
        exchange_read_body(x, 100000, echo);
    } else if (str_eq(x->path, STR("/small"))) {
        exchange_read_body(x, 10, echo);
    } else if (str_eq(x->path, STR("/hold"))) {
        f->held = x;
    } else if (str_eq(x->path, STR("/zombie"))) {
        x->on_abort = NULL;
        f->held = x;
    } else if (str_eq(x->path, STR("/stream"))) {
        exchange_start(x, 200, NULL, 0, stream_on);
        stream_on(x);
    } else if (str_eq(x->path, STR("/abort"))) {
        exchange_abort(x);
    } else if (str_eq(x->path, STR("/empty"))) {
        exchange_respond(x, 204, NULL, 0, STR_NONE);
    } else if (str_eq(x->path, STR("/inject"))) {
        struct http_header h = {STR("X"), STR("a\r\nEvil: b")};
        exchange_respond(x, 200, &h, 1, STR("ok"));
    } else if (str_eq(x->path, STR("/up"))) {
        struct http_header h = {STR("Upgrade"), STR("test")};
        CHECK_INT(exchange_hijack(x, &h, 1, taken, f), 0);
    } else {
        exchange_respond(x, 200, NULL, 0, STR("ok"));
    }
}

static void start(struct fixture *f) {
    *f = (struct fixture){0};
    world_init(&f->w);
    struct err e;
    struct http_server_options o = {
        .addresses = (const char *const[]){"sim:server", NULL},
        .handler = handle,
        .ctx = f,
    };
    REQUIRE(http_server_new(f->w.l, &o, &e, &f->s) == 0);
}

static void stop(struct fixture *f) {
    http_server_free(f->s);
    stream_close(f->taken);
    buf_done(&f->bodies_text);
    buf_done(&f->taken_early);
    world_done(&f->w);
}

#define GET(path)  "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST(path) "POST " path " HTTP/1.1\r\nHost: x\r\n"

/* Connects and sends text in pieces of that size. */
static void ask(struct fixture *f, struct raw *r, const char *text, size_t piece) {
    *r = (struct raw){.piece = piece, .pause = NSEC_PER_MSEC};
    buf_add(&r->out, str_of(text));
    raw_connect(r, f->w.l, "sim:server");
}

/* ... and lets some time pass. */
static void ask_wait(struct fixture *f, struct raw *r, const char *text, size_t piece) {
    ask(f, r, text, piece);
    pass(&f->w, NSEC_PER_SEC / 2);
}

TEST(answers_and_keeps_alive) {
    struct fixture f;
    struct raw r;
    start(&f);
    ask_wait(&f, &r, GET("/a"), 0);
    CHECK(str_starts(buf_str(&r.in), STR("HTTP/1.1 200 OK\r\nDate: ")));
    CHECK(has_text(buf_str(&r.in), "Content-Length: 2\r\n\r\nok"));
    CHECK(!r.end);
    raw_send(&r, GET("/b"));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(count_text(buf_str(&r.in), "HTTP/1.1 200"), 2);
    CHECK_INT(f.requests, 2);
    pass(&f.w, HTTP_IDLE_TIMEOUT - 2 * NSEC_PER_SEC);
    CHECK(!r.end);
    pass(&f.w, 3 * NSEC_PER_SEC);
    CHECK(r.end);
    raw_done(&r);
    stop(&f);
}

TEST(one_byte_at_a_time_both_ways) {
    struct fixture f;
    struct raw r;
    start(&f);
    ask(&f, &r,
        POST("/echo") "Content-Length: 5\r\n\r\nhello" POST(
            "/echo") "Transfer-Encoding: chunked\r\n\r\n3\r\nwor\r\n2;x=y\r\nld\r\n0\r\nT: "
                     "u\r\n\r\n",
        1);
    r.read_max = 1;
    pass(&f.w, 5 * NSEC_PER_SEC);
    CHECK_INT(count_text(buf_str(&r.in), "HTTP/1.1 200"), 2);
    CHECK_STRC(buf_str(&f.bodies_text), "helloworld");
    CHECK(str_ends(buf_str(&r.in), STR("world")));
    raw_done(&r);
    stop(&f);
}

TEST(pipelined_requests_are_answered_in_order) {
    struct fixture f;
    struct raw r;
    struct buf text = {0};
    start(&f);
    for (int i = 0; i < 100; i++)
        buf_printf(&text, POST("/echo") "Content-Length: 4\r\n\r\n<%02d>", i);
    buf_addc(&text, 0);
    ask_wait(&f, &r, text.p, 0);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.requests, 100);
    ssize_t last = -1;
    for (int i = 0; i < 100; i++) {
        char want[8];
        snprintf(want, sizeof(want), "<%02d>", i);
        ssize_t at = str_find(buf_str(&r.in), str_of(want));
        CHECK(at > last);
        last = at;
    }
    buf_done(&text);
    raw_done(&r);
    stop(&f);
}

TEST(requests_sent_ahead_wait_for_the_one_before) {
    struct fixture f;
    struct raw r;
    start(&f);
    ask_wait(&f, &r, GET("/hold") GET("/a") GET("/b"), 0);
    CHECK_INT(f.requests, 1);
    REQUIRE(f.held != NULL);
    exchange_respond(f.held, 200, NULL, 0, STR("held"));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.requests, 3);
    CHECK(str_find(buf_str(&r.in), STR("held")) > 0);
    CHECK_INT(count_text(buf_str(&r.in), "HTTP/1.1 200"), 3);
    raw_done(&r);
    stop(&f);
}

static const struct {
    const char *text, *answer;
} refused[] = {
    {"GET / HTTP/1.1\n\n", "HTTP/1.1 400 Bad Request\r\n"},
    {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
    {"\x16\x03\x01\x02\n\x01", "HTTP/1.1 400 Bad Request\r\n"},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 505 HTTP Version Not Supported\r\n"},
    {POST("/") "Transfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 501 Not Implemented\r\n"},
    {POST("/") "Expect: x\r\n\r\n", "HTTP/1.1 417 Expectation Failed\r\n"},
    {"\r\n\r\n\r\n\r\n\r\n\r\n" GET("/"), "HTTP/1.1 400 Bad Request\r\n"},
};

TEST(bad_requests_are_refused_and_the_connection_closed) {
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct fixture f;
        struct raw r;
        start(&f);
        ask_wait(&f, &r, refused[i].text, i & 1);
        CHECK(str_starts(buf_str(&r.in), str_of(refused[i].answer)));
        CHECK(has_text(buf_str(&r.in), "Connection: close\r\n"));
        CHECK(r.end);
        CHECK_INT(f.requests, 0);
        raw_done(&r);
        stop(&f);
    }
}

TEST(blank_lines_before_a_request_are_skipped) {
    struct fixture f;
    struct raw r;
    start(&f);
    ask_wait(&f, &r, "\r\n\r\n" GET("/") "\r\n" GET("/"), 1);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.requests, 2);
    raw_done(&r);
    stop(&f);
}

TEST(heads_and_bodies_that_do_not_come) {
    struct fixture f;
    struct raw head, body, drip;
    start(&f);
    ask(&f, &head, "GET / HT", 0);
    ask(&f, &drip, GET("/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), 1);
    drip.pause = NSEC_PER_SEC;
    ask(&f, &body, POST("/echo") "Content-Length: 9\r\n\r\nhel", 0);
    pass(&f.w, HTTP_HEAD_TIMEOUT - NSEC_PER_SEC);
    CHECK(!head.end && !drip.end);
    pass(&f.w, 3 * NSEC_PER_SEC);
    CHECK(head.end && drip.end);
    CHECK(!body.end);
    pass(&f.w, HTTP_BODY_TIMEOUT);
    CHECK(body.end);
    CHECK_INT(f.aborts, 1);
    CHECK_INT(f.bodies, 0);
    raw_done(&head);
    raw_done(&drip);
    raw_done(&body);
    stop(&f);
}

TEST(expect_continue) {
    struct fixture f;
    struct raw r;
    start(&f);
    ask_wait(&f, &r, POST("/echo") "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", 0);
    CHECK_STRC(buf_str(&r.in), "HTTP/1.1 100 Continue\r\n\r\n");
    raw_send(&r, "hi");
    pass(&f.w, NSEC_PER_SEC);
    CHECK(str_ends(buf_str(&r.in), STR("\r\n\r\nhi")));
    CHECK(!r.end);
    raw_done(&r);
    /* Nobody asked for this one's body: it may come or not, so the connection ends. */
    ask_wait(&f, &r, POST("/a") "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", 0);
    CHECK(!has_text(buf_str(&r.in), "100 Continue"));
    CHECK(has_text(buf_str(&r.in), "HTTP/1.1 200"));
    CHECK(r.end);
    raw_done(&r);
    stop(&f);
}

TEST(too_big_and_broken_bodies) {
    struct fixture f;
    struct raw r;
    start(&f);
    ask_wait(&f, &r, POST("/small") "Content-Length: 11\r\n\r\n0123456789a", 0);
    CHECK(has_text(buf_str(&r.in), "HTTP/1.1 413 "));
    CHECK(r.end);
    CHECK_INT(f.body_result, -E2BIG);
    raw_done(&r);
    ask_wait(&f, &r, POST("/small") "Transfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n", 0);
    CHECK(has_text(buf_str(&r.in), "HTTP/1.1 413 "));
    CHECK(r.end);
    raw_done(&r);
    ask_wait(&f, &r, POST("/echo") "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 0);
    CHECK(has_text(buf_str(&r.in), "HTTP/1.1 400 "));
    CHECK(r.end);
    CHECK_INT(f.body_result, -EPROTO);
    raw_done(&r);
    CHECK_INT(f.aborts, 0);
    stop(&f);
}

TEST(unread_bodies_are_dropped_or_end_the_connection) {
    struct fixture f;
    struct raw r;
    start(&f);
    ask_wait(&f, &r, POST("/a") "Content-Length: 5\r\n\r\nhello" GET("/b"), 0);
    CHECK_INT(f.requests, 2);
    CHECK(!r.end);
    raw_done(&r);
    ask_wait(&f, &r, POST("/a") "Content-Length: 99999999\r\n\r\nhello", 0);
    CHECK(has_text(buf_str(&r.in), "Connection: close") || r.end);
    pass(&f.w, 2 * NSEC_PER_SEC);
    CHECK(r.end);
    raw_done(&r);
    stop(&f);
}

TEST(bare_answers) {
    struct fixture f;
    struct raw r;
    start(&f);
    ask_wait(&f, &r, "HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n" GET("/empty"), 0);
    CHECK_INT(count_text(buf_str(&r.in), "Content-Length: 2\r\n\r\nHTTP/1.1 204 No Content"), 1);
    CHECK_INT(count_text(buf_str(&r.in), "Content-Length"), 1);
    raw_done(&r);
    ask_wait(&f, &r, GET("/inject"), 0);
    CHECK(has_text(buf_str(&r.in), "X: a  Evil: b\r\n"));
    raw_done(&r);
    stop(&f);
}

TEST(old_clients) {
    struct fixture f;
    struct raw r;
    start(&f);
    ask_wait(&f, &r, "GET /a HTTP/1.0\r\n\r\n", 0);
    CHECK(r.end);
    CHECK(str_ends(buf_str(&r.in), STR("\r\n\r\nok")));
    raw_done(&r);
    ask_wait(&f, &r, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 0);
    CHECK(!r.end);
    CHECK(has_text(buf_str(&r.in), "Connection: keep-alive\r\n"));
    raw_done(&r);
    f.to_stream = 30000;
    ask_wait(&f, &r, "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 0);
    CHECK(r.end);
    CHECK(!has_text(buf_str(&r.in), "chunked"));
    CHECK(r.in.n > 30000 && r.in.n < 30400);
    raw_done(&r);
    stop(&f);
}

TEST(a_slow_reader_bounds_what_is_written) {
    struct fixture f;
    struct raw r = {0};
    start(&f);
    f.to_stream = 20u * 1000 * 1000;
    ask(&f, &r, GET("/stream"), 0);
    r.no_read = true;
    pass(&f.w, NSEC_PER_SEC);
    size_t held = f.to_stream;
    CHECK(held > 19u * 1000 * 1000);
    CHECK(f.high < HTTP_OUT_HIGH + 20000);
    pass(&f.w, 10 * NSEC_PER_SEC);
    CHECK_INT(f.to_stream, held);
    r.no_read = false;
    stream_want(r.s, IO_READ);
    pass(&f.w, 40 * NSEC_PER_SEC);
    CHECK_INT(f.to_stream, 0);
    CHECK(f.high < HTTP_OUT_HIGH + 20000);
    CHECK(r.in.n > 20u * 1000 * 1000);
    CHECK(str_ends(buf_str(&r.in), STR("\r\n0\r\n\r\n")));
    CHECK_INT(f.aborts, 0);
    raw_done(&r);
    stop(&f);
}

TEST(a_reader_that_never_reads_is_cut_off) {
    struct fixture f;
    struct raw r = {0};
    start(&f);
    f.to_stream = 20u * 1000 * 1000;
    ask(&f, &r, GET("/stream"), 0);
    r.no_read = true;
    pass(&f.w, HTTP_BODY_TIMEOUT + 5 * NSEC_PER_SEC);
    CHECK_INT(f.aborts, 1);
    raw_done(&r);
    stop(&f);
}

TEST(owners_hear_of_a_peer_that_left) {
    struct fixture f;
    struct raw r;
    start(&f);
    ask_wait(&f, &r, GET("/hold"), 0);
    REQUIRE(f.held != NULL);
    raw_done(&r);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.aborts, 1);
    CHECK(f.held == NULL);
    ask_wait(&f, &r, GET("/hold"), 0);
    loop_sim_cut(&f.w.sim, NULL);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.aborts, 2);
    raw_done(&r);
    ask_wait(&f, &r, GET("/abort"), 0);
    CHECK(r.end);
    CHECK_INT(f.aborts, 2);
    raw_done(&r);
    stop(&f);
}

TEST(an_owner_that_does_not_listen_may_answer_late) {
    struct fixture f;
    struct raw r;
    start(&f);
    ask_wait(&f, &r, GET("/zombie"), 0);
    struct exchange *x = f.held;
    REQUIRE(x != NULL);
    raw_done(&r);
    pass(&f.w, NSEC_PER_SEC);
    exchange_respond(x, 200, NULL, 0, STR("too late"));
    pass(&f.w, NSEC_PER_SEC);
    ask_wait(&f, &r, POST("/zombie") "Content-Length: 2\r\n\r\n", 0);
    raw_done(&r);
    pass(&f.w, NSEC_PER_SEC);
    exchange_read_body(f.held, 100, echo);
    CHECK_INT(f.bodies, 0);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.bodies, 1);
    CHECK_INT(f.body_result, -ECONNRESET);
    stop(&f);
}

TEST(the_stream_can_be_taken) {
    struct fixture f;
    struct raw r;
    start(&f);
    ask_wait(&f, &r, "GET /up HTTP/1.1\r\nHost: x\r\nUpgrade: test\r\n\r\nearly", 0);
    CHECK_STRC(buf_str(&r.in), "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                               "Upgrade: test\r\n\r\n");
    REQUIRE(f.taken != NULL);
    struct raw other = {0};
    raw_use(&other, f.w.l, TAKE(f.taken));
    raw_send(&other, "hello");
    raw_send(&r, " late");
    pass(&f.w, NSEC_PER_SEC);
    CHECK(str_ends(buf_str(&r.in), STR("\r\n\r\nhello")));
    str early = buf_str(&f.taken_early), late = buf_str(&other.in);
    CHECK_INT(early.n + late.n, 10);
    raw_done(&other);
    raw_done(&r);
    stop(&f);
}

static void drained(void *ctx) {
    ((struct fixture *)ctx)->drained++;
}

TEST(draining) {
    struct fixture f;
    struct raw idle, busy, late;
    start(&f);
    ask_wait(&f, &idle, GET("/a"), 0);
    ask_wait(&f, &busy, GET("/hold"), 0);
    http_server_drain(f.s, 10 * NSEC_PER_SEC, drained, &f);
    ask_wait(&f, &late, GET("/a"), 0);
    CHECK_INT(late.error, -ECONNREFUSED);
    CHECK(idle.end);
    CHECK(!busy.end);
    CHECK_INT(f.drained, 0);
    exchange_respond(f.held, 200, NULL, 0, STR("last"));
    pass(&f.w, 3 * NSEC_PER_SEC);
    CHECK(has_text(buf_str(&busy.in), "Connection: close\r\n"));
    CHECK(busy.end);
    CHECK_INT(f.drained, 1);
    raw_done(&idle);
    raw_done(&busy);
    raw_done(&late);
    stop(&f);
}

TEST(draining_has_an_end) {
    struct fixture f;
    struct raw r;
    start(&f);
    ask_wait(&f, &r, GET("/hold"), 0);
    http_server_drain(f.s, NSEC_PER_SEC, drained, &f);
    pass(&f.w, 2 * NSEC_PER_SEC);
    CHECK_INT(f.drained, 1);
    CHECK_INT(f.aborts, 1);
    raw_done(&r);
    stop(&f);
}

TEST(the_server_can_go_while_exchanges_run) {
    struct fixture f;
    struct raw a, b;
    start(&f);
    ask_wait(&f, &a, GET("/hold"), 0);
    ask_wait(&f, &b, POST("/echo") "Content-Length: 9\r\n\r\n", 0);
    f.s = http_server_free(f.s);
    CHECK_INT(f.aborts, 2);
    raw_done(&a);
    raw_done(&b);
    stop(&f);
}
