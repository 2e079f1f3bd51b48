// SPDX-License-Identifier: Apache-2.0
/* Bodies that pass in pieces: from a client through a server's exchange into a call to another
 * server, and the answer back, as a proxy does it. The client and the server at the end are played
 * byte by byte; the network gives and takes pieces at random. */
#include "net/client.h"
#include "net/server.h"
#include "net_test.h"

struct fixture {
    struct world w;
    struct http_server *s;
    struct http_client *c;
    struct listener *listener;
    struct raw client, backend;
    struct exchange *x;
    struct http_call *call;
    struct buf got; /* of the body, in the middle */
    unsigned pieces, ends, drained, aborts;
    int end_result, result;
    bool keep; /* pieces are kept here and not passed on */
    bool stop; /* after each piece */
    bool answer_in_piece, abort_in_piece;
    bool backend_no_read;
    struct http_header header; /* of the answer */
};

/* ---- in the middle ---- */

static void on_abort(struct exchange *x) {
    struct fixture *f = x->ctx;
    f->aborts++;
    f->x = NULL;
    http_call_cancel(TAKE(f->call));
}

static bool on_piece(struct exchange *x, str data) {
    struct fixture *f = x->ctx;
    CHECK(data.n > 0);
    f->pieces++;
    buf_add(&f->got, data);
    if (f->answer_in_piece)
        exchange_respond(TAKE(f->x), 200, NULL, 0, STR("enough"));
    else if (f->abort_in_piece)
        exchange_abort(TAKE(f->x));
    else if (!f->keep)
        return http_call_write(f->call, data);
    return !f->stop;
}

static void on_end(struct exchange *x, int r) {
    struct fixture *f = x->ctx;
    f->ends++;
    f->end_result = r;
    if (r < 0)
        exchange_respond(TAKE(f->x), 400, NULL, 0, STR("broken"));
    else if (f->keep)
        exchange_respond(TAKE(f->x), 200, NULL, 0, STR("all"));
    else
        http_call_write_end(f->call);
}

static void on_drained(void *ctx) {
    struct fixture *f = ctx;
    f->drained++;
    if (f->x)
        exchange_resume_body(f->x);
}

static void on_writable(struct exchange *x) {
    struct fixture *f = x->ctx;
    if (f->call)
        http_call_resume(f->call);
}

static void on_head(void *ctx, int status, const struct http_headers *h) {
    struct fixture *f = ctx;
    f->header = (struct http_header){STR("Content-Length"), http_header_get(h, "Content-Length")};
    exchange_start(f->x, status, &f->header, f->header.value.p != NULL, on_writable);
}

static bool on_data(void *ctx, str data) {
    struct fixture *f = ctx;
    exchange_write(f->x, data);
    return exchange_writable(f->x);
}

static void on_done(void *ctx, int r, int status, const struct http_headers *h, str body,
                    bool maybe_sent) {
    struct fixture *f = ctx;
    f->call = NULL;
    f->result = r;
    struct exchange *x = TAKE(f->x);
    if (!x)
        return;
    if (r < 0 && !status)
        exchange_respond(x, 502, NULL, 0, STR_NONE);
    else if (r < 0)
        exchange_abort(x);
    else
        exchange_end(x);
}

static void handle(void *ctx, struct exchange *x) {
    struct fixture *f = ctx;
    x->ctx = f;
    x->on_abort = on_abort;
    f->x = x;
    if (!f->keep)
        f->call = http_client_call(f->c, &(struct http_call_options){.method = "POST",
                                                                     .target = STR("/x"),
                                                                     .stream_body = true,
                                                                     .body_length = x->body_length,
                                                                     .on_drained = on_drained,
                                                                     .on_head = on_head,
                                                                     .on_data = on_data,
                                                                     .on_done = on_done,
                                                                     .ctx = f});
    exchange_stream_body(x, on_piece, on_end);
}

static void on_accepted(struct listener *l, struct stream *s) {
    struct fixture *f = l->ctx;
    f->backend.no_read = f->backend_no_read;
    raw_use(&f->backend, f->w.l, s);
}

static void start(struct fixture *f) {
    *f = (struct fixture){0};
    world_init(&f->w);
    struct err e;
    struct http_server_options o = {
        .addresses = (const char *const[]){"sim:server", NULL}, .handler = handle, .ctx = f};
    REQUIRE(http_server_new(f->w.l, &o, &e, &f->s) == 0);
    REQUIRE(transport_listen(f->w.l, "sim:backend", &e, &f->listener) == 0);
    f->listener->accepted = on_accepted;
    f->listener->ctx = f;
    struct http_client_options co = {.address = "sim:backend", .host = "backend"};
    REQUIRE(http_client_new(f->w.l, &co, &f->c) == 0);
    raw_connect(&f->client, f->w.l, "sim:server");
}

static void stop(struct fixture *f) {
    http_call_cancel(TAKE(f->call));
    http_client_free(f->c);
    http_server_free(f->s);
    listener_close(f->listener);
    raw_done(&f->client);
    raw_done(&f->backend);
    buf_done(&f->got);
    world_done(&f->w);
}

static void add_pattern(struct buf *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        buf_addc(b, (char)(i * 31 + i / 251));
}

static str body_of(const struct raw *r) {
    str all = buf_str(&r->in);
    ssize_t end = str_find(all, STR("\r\n\r\n"));
    return end < 0 ? STR_NONE : str_slice(all, (size_t)end + 4, all.n);
}

static bool heard(const struct raw *r, const char *what) {
    return str_find(buf_str(&r->in), str_of(what)) >= 0;
}

#define CHUNKED "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
#define LENGTH  "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: "

/* ---- tests ---- */

TEST(a_body_with_a_length) {
    struct fixture f;
    struct buf want = {0};
    start(&f);
    add_pattern(&want, 1000000);
    raw_send(&f.client, LENGTH "1000000\r\n\r\n");
    buf_add(&f.client.out, buf_str(&want));
    pass(&f.w, 60 * NSEC_PER_SEC);
    CHECK(heard(&f.backend, "Content-Length: 1000000\r\n"));
    CHECK(str_eq(body_of(&f.backend), buf_str(&want)));
    raw_send(&f.backend, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nthis");
    pass(&f.w, NSEC_PER_SEC);
    CHECK(heard(&f.client, "Content-Length: 4\r\n"));
    CHECK(str_ends(buf_str(&f.client.in), STR("\r\n\r\nthis")));
    CHECK_INT(f.ends, 1);
    CHECK_INT(f.end_result, 0);
    buf_clear(&f.client.in); /* the connection goes on */
    f.keep = true;
    raw_send(&f.client, LENGTH "0\r\n\r\n");
    pass(&f.w, NSEC_PER_SEC);
    CHECK(heard(&f.client, "all"));
    buf_done(&want);
    stop(&f);
}

TEST(words_without_a_length_are_passed_on_as_they_come) {
    struct fixture f;
    start(&f);
    raw_send(&f.client, CHUNKED "4\r\none \r\n");
    pass(&f.w, NSEC_PER_SEC);
    CHECK(heard(&f.backend, "Transfer-Encoding: chunked\r\n"));
    CHECK_STRC(body_of(&f.backend), "4\r\none \r\n");
    raw_send(&f.backend, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nuno\r\n");
    pass(&f.w, NSEC_PER_SEC);
    CHECK_STRC(body_of(&f.client), "3\r\nuno\r\n");
    raw_send(&f.client, "3\r\ntwo\r\n");
    pass(&f.w, 600 * NSEC_PER_SEC); /* silence is no reason to end it */
    CHECK_STRC(body_of(&f.backend), "4\r\none \r\n3\r\ntwo\r\n");
    raw_send(&f.client, "0\r\n\r\n");
    raw_send(&f.backend, "3\r\ndue\r\n0\r\n\r\n");
    pass(&f.w, NSEC_PER_SEC);
    CHECK_STRC(body_of(&f.backend), "4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n");
    CHECK_STRC(body_of(&f.client), "3\r\nuno\r\n3\r\ndue\r\n0\r\n\r\n");
    CHECK_INT(f.result, 0);
    stop(&f);
}

TEST(a_server_that_does_not_read_stops_the_client) {
    struct fixture f;
    struct buf body = {0};
    start(&f);
    f.backend_no_read = true;
    add_pattern(&body, 4000000);
    raw_send(&f.client, LENGTH "4000000\r\n\r\n");
    buf_add(&f.client.out, buf_str(&body));
    pass(&f.w, 600 * NSEC_PER_SEC);
    CHECK(f.client.at <= HTTP_CLIENT_OUT_HIGH + 2 * SIM_PIPE_BYTES + 65536);
    f.backend.no_read = false;
    stream_want(f.backend.s, IO_READ);
    pass(&f.w, 60 * NSEC_PER_SEC);
    CHECK(str_eq(body_of(&f.backend), buf_str(&body)));
    CHECK(f.drained > 10);
    buf_done(&body);
    stop(&f);
}

TEST(a_client_that_waits_to_be_asked) {
    struct fixture f;
    start(&f);
    raw_send(&f.client, LENGTH "3\r\nExpect: 100-continue\r\n\r\n");
    pass(&f.w, NSEC_PER_SEC);
    CHECK_STRC(buf_str(&f.client.in), "HTTP/1.1 100 Continue\r\n\r\n");
    raw_send(&f.client, "abc");
    pass(&f.w, NSEC_PER_SEC);
    CHECK_STRC(body_of(&f.backend), "abc");
    stop(&f);
}

TEST(a_client_that_is_cut_in_the_middle) {
    struct fixture f;
    start(&f);
    raw_send(&f.client, LENGTH "30\r\n\r\nten bytes.");
    pass(&f.w, NSEC_PER_SEC);
    stream_close(TAKE(f.client.s));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.aborts, 1);
    CHECK_INT(f.ends, 0);
    CHECK(f.backend.end);
    stop(&f);
}

TEST(a_server_that_is_cut_in_the_middle) {
    struct fixture f;
    start(&f);
    raw_send(&f.client, LENGTH "30\r\n\r\nten bytes.");
    pass(&f.w, NSEC_PER_SEC);
    stream_close(TAKE(f.backend.s));
    pass(&f.w, NSEC_PER_SEC);
    CHECK(heard(&f.client, "HTTP/1.1 502 "));
    CHECK_INT(f.result, -ECONNRESET);
    stop(&f);
}

TEST(an_answer_before_the_question_has_ended) {
    struct fixture f;
    start(&f);
    raw_send(&f.client, CHUNKED "4\r\none \r\n");
    pass(&f.w, NSEC_PER_SEC);
    raw_send(&f.backend, "HTTP/1.1 413 Too Much\r\nContent-Length: 2\r\n\r\nno");
    pass(&f.w, NSEC_PER_SEC);
    CHECK(heard(&f.client, "HTTP/1.1 413 "));
    CHECK(str_ends(buf_str(&f.client.in), STR("no")));
    CHECK_INT(f.result, 0);
    CHECK(f.backend.end); /* half a request is no connection to be used again */
    stop(&f);
}

/* Most servers that have had enough close: what is sent then meets a reset, and the answer counts.
 */
TEST(a_server_that_refuses_and_closes) {
    struct fixture f;
    struct buf body = {0};
    start(&f);
    add_pattern(&body, 2000000);
    raw_send(&f.client, LENGTH "2000000\r\n\r\nbegin");
    pass(&f.w, NSEC_PER_SEC);
    raw_send(&f.backend, "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno");
    f.backend.s->ops->shutdown(f.backend.s);
    buf_add(&f.client.out, str_slice(buf_str(&body), 5, body.n));
    raw_send(&f.client, "");
    pass(&f.w, 60 * NSEC_PER_SEC);
    CHECK(heard(&f.client, "HTTP/1.1 403 "));
    buf_done(&body);
    stop(&f);
}

TEST(bodies_that_are_broken) {
    struct fixture f;
    start(&f);
    raw_send(&f.client, CHUNKED "4\r\none \r\nzz\r\n");
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.end_result, -EPROTO);
    CHECK(heard(&f.client, "HTTP/1.1 400 "));
    CHECK(f.client.end);
    stop(&f);
}

TEST(a_reader_that_stops_and_goes_on) {
    struct fixture f;
    struct buf want = {0};
    start(&f);
    f.keep = f.stop = true;
    add_pattern(&want, 50000);
    raw_send(&f.client, LENGTH "50000\r\n\r\n");
    buf_add(&f.client.out, buf_str(&want));
    for (unsigned before = 0; f.x || !f.pieces; before = f.pieces) {
        pass(&f.w, NSEC_PER_SEC);
        CHECK(f.pieces <= before + 1);
        if (f.x)
            exchange_resume_body(f.x);
    }
    CHECK(str_eq(buf_str(&f.got), buf_str(&want)));
    CHECK_INT(f.ends, 1);
    buf_done(&want);
    stop(&f);
}

TEST(an_owner_that_ends_it_in_a_piece) {
    for (int abort = 0; abort < 2; abort++) {
        struct fixture f;
        start(&f);
        f.keep = true;
        f.answer_in_piece = !abort;
        f.abort_in_piece = abort;
        raw_send(&f.client, CHUNKED "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n" LENGTH "0\r\n\r\n");
        pass(&f.w, NSEC_PER_SEC);
        CHECK_INT(f.pieces, 1);
        if (abort) {
            CHECK(f.client.end && !f.client.in.n);
        } else {
            CHECK(heard(&f.client, "enough"));
            CHECK(heard(&f.client, "all")); /* the rest of the first was dropped */
        }
        stop(&f);
    }
}

TEST(the_server_goes_in_the_middle) {
    struct fixture f;
    start(&f);
    raw_send(&f.client, LENGTH "30\r\n\r\nten bytes.");
    pass(&f.w, NSEC_PER_SEC);
    f.s = http_server_free(f.s);
    CHECK_INT(f.aborts, 1);
    stop(&f);
}
