// SPDX-License-Identifier: Apache-2.0
/* The client against our server, and against a server the test plays byte by byte. */
#include "client_test.h"

static void handle(void *ctx, struct exchange *x) {
    static const char zeros[100000];
    struct fixture *f = ctx;
    f->requests++;
    if (str_eq(x->path, STR("/echo"))) {
        exchange_read_body(x, 1 << 24, echo);
    } else if (str_eq(x->path, STR("/big"))) {
        exchange_start(x, 200, NULL, 0, NULL);
        for (int i = 0; i < 10; i++)
            exchange_write(x, str_n(zeros, sizeof(zeros)));
        exchange_end(x);
    } else if (str_eq(x->path, STR("/later"))) {
        delay(f, x);
    } else {
        exchange_respond(x, 200, NULL, 0, STR("ok"));
    }
}

static void start(struct fixture *f, bool played, unsigned connections) {
    memset(f, 0, sizeof(*f));
    world_init(&f->w);
    struct err e;
    struct http_server_options o = {
        .addresses = (const char *const[]){"sim:server", NULL}, .handler = handle, .ctx = f};
    if (played) {
        play(f);
    } else {
        REQUIRE(http_server_new(f->w.l, &o, &e, &f->s) == 0);
    }
    struct http_client_options co = {
        .address = "sim:server", .host = "server:80", .connections = connections};
    REQUIRE(http_client_new(f->w.l, &co, &f->c) == 0);
}

TEST(calls_reuse_one_connection) {
    static struct fixture f;
    start(&f, false, 1);
    for (unsigned i = 0; i < 20; i++)
        call(&f, i, get("/a"));
    CHECK_INT(f.a[0].done, 0);
    pass(&f.w, NSEC_PER_SEC);
    for (unsigned i = 0; i < 20; i++) {
        CHECK_INT(f.a[i].done, 1);
        CHECK_INT(f.a[i].r, 0);
        CHECK_INT(f.a[i].status, 200);
        CHECK_STRC(buf_str(&f.a[i].body), "ok");
    }
    stop(&f);
}

TEST(bodies_go_both_ways) {
    static struct fixture f;
    start(&f, false, 0);
    CLEANUP(buf_done) struct buf big = {0};
    for (int i = 0; i < 100000; i++)
        buf_printf(&big, "%d,", i);
    struct http_call_options o = get("/echo");
    o.method = "POST";
    o.body = buf_str(&big);
    call(&f, 0, o);
    o.method = "PUT";
    o.body = STR("");
    call(&f, 1, o);
    pass(&f.w, 5 * NSEC_PER_SEC);
    CHECK_INT(f.a[0].r, 0);
    CHECK_INT(f.a[0].status, 201);
    CHECK(str_eq(buf_str(&f.a[0].body), buf_str(&big)));
    CHECK_INT(f.a[1].done, 1);
    CHECK_INT(f.a[1].status, 201);
    stop(&f);
}

TEST(connections_are_bounded_and_calls_wait_in_order) {
    static struct fixture f;
    start(&f, false, 7);
    for (unsigned i = 0; i < 300; i++) {
        char target[32];
        snprintf(target, sizeof(target), "/later?%u", i);
        call(&f, i, get(target));
    }
    pass(&f.w, 60 * NSEC_PER_SEC);
    CHECK(f.most <= 7);
    CHECK(f.most >= 6);
    for (unsigned i = 0; i < 300; i++) {
        char want[32];
        snprintf(want, sizeof(want), "%u", i);
        CHECK_INT(f.a[i].done, 1);
        CHECK_STRC(buf_str(&f.a[i].body), want);
    }
    stop(&f);
}

TEST(streams_pause_and_resume) {
    static struct fixture f;
    start(&f, false, 1);
    f.a[0].pause = true;
    call(&f, 0, streaming("/big"));
    pass(&f.w, 10 * NSEC_PER_SEC);
    CHECK_INT(f.a[0].heads, 1);
    CHECK_INT(f.a[0].pieces, 1);
    CHECK_INT(f.a[0].done, 0);
    f.a[0].pause = false;
    http_call_resume(f.a[0].call);
    pass(&f.w, 10 * NSEC_PER_SEC);
    CHECK_INT(f.a[0].done, 1);
    CHECK_INT(f.a[0].r, 0);
    CHECK_INT(f.a[0].body.n, 1000000);
    stop(&f);
}

TEST(answers_over_the_limit_are_refused) {
    static struct fixture f;
    start(&f, false, 1);
    struct http_call_options o = get("/big");
    o.max_body = 999999;
    call(&f, 0, o);
    o.max_body = 1000000;
    call(&f, 1, o);
    pass(&f.w, 10 * NSEC_PER_SEC);
    CHECK_INT(f.a[0].r, -E2BIG);
    CHECK_INT(f.a[1].r, 0);
    CHECK_INT(f.a[1].body.n, 1000000);
    stop(&f);
}

TEST(calls_can_be_cancelled_anywhere) {
    static struct fixture f;
    start(&f, false, 1);
    f.a[0].cancel_self = true;
    call(&f, 0, streaming("/big"));
    call(&f, 1, get("/a"));
    call(&f, 2, get("/a"));
    call(&f, 3, get("bad target"));
    http_call_cancel(f.a[2].call);
    http_call_cancel(f.a[3].call);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[0].pieces, 1);
    CHECK_INT(f.a[0].done, 0);
    CHECK_INT(f.a[1].r, 0);
    CHECK_INT(f.a[1].done, 1);
    CHECK_INT(f.a[2].done, 0);
    CHECK_INT(f.a[3].done, 0);
    call(&f, 4, get("/later?"));
    pass(&f.w, 10 * NSEC_PER_MSEC);
    http_call_cancel(f.a[4].call);
    call(&f, 5, get("bad target"));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[4].done, 0);
    CHECK_INT(f.now, 0);
    CHECK_INT(f.a[5].r, -EINVAL);
    stop(&f);
}

TEST(freeing_the_client_ends_its_calls) {
    static struct fixture f;
    start(&f, false, 2);
    for (unsigned i = 0; i < 5; i++)
        call(&f, i, get("/later?"));
    pass(&f.w, 10 * NSEC_PER_MSEC);
    f.c = http_client_free(f.c);
    for (unsigned i = 0; i < 5; i++) {
        CHECK_INT(f.a[i].done, 1);
        CHECK_INT(f.a[i].r, -ECANCELED);
    }
    stop(&f);
}

TEST(an_answer_may_free_the_client) {
    static struct fixture f;
    start(&f, false, 2);
    f.a[0].free_in_done = true;
    for (unsigned i = 0; i < 5; i++)
        call(&f, i, get("/a"));
    pass(&f.w, NSEC_PER_SEC);
    for (unsigned i = 0; i < 5; i++)
        CHECK_INT(f.a[i].done, 1);
    stop(&f);
}

TEST(nobody_there) {
    static struct fixture f;
    start(&f, false, 2);
    loop_sim_net(&f.w.sim)->refuse = true;
    for (unsigned i = 0; i < 5; i++)
        call(&f, i, get("/a"));
    pass(&f.w, NSEC_PER_SEC);
    for (unsigned i = 0; i < 5; i++) {
        CHECK_INT(f.a[i].done, 1);
        CHECK_INT(f.a[i].r, -ECONNREFUSED);
        CHECK(!f.a[i].maybe_sent);
    }
    loop_sim_net(&f.w.sim)->refuse = false;
    call(&f, 6, get("/a"));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[6].status, 200);
    stop(&f);
}

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* The played server answers one request, then cuts the connection under the next. */
static void cut_second(struct fixture *f, const char *method) {
    start(f, true, 1);
    call(f, 0, get("/1"));
    pass(&f->w, NSEC_PER_SEC);
    raw_send(&f->played[0], OK);
    pass(&f->w, NSEC_PER_SEC);
    CHECK_INT(f->a[0].r, 0);
    struct http_call_options o = get("/2");
    o.method = method;
    call(f, 1, o);
    pass(&f->w, NSEC_PER_SEC);
    CHECK(has_text(buf_str(&f->played[0].in), " /2 "));
    raw_done(&f->played[0]);
    pass(&f->w, NSEC_PER_SEC);
}

TEST(a_get_on_a_dead_connection_is_sent_again_once) {
    static struct fixture f;
    cut_second(&f, "GET");
    CHECK_INT(f.n_played, 2);
    CHECK_INT(f.a[1].done, 0);
    CHECK(has_text(buf_str(&f.played[1].in), "GET /2 HTTP/1.1\r\nHost: server:80\r\n"));
    raw_done(&f.played[1]);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.n_played, 2);
    CHECK_INT(f.a[1].done, 1);
    CHECK_INT(f.a[1].r, -ECONNRESET);
    stop(&f);
}

TEST(a_post_on_a_dead_connection_is_not) {
    static struct fixture f;
    cut_second(&f, "POST");
    CHECK_INT(f.n_played, 1);
    CHECK_INT(f.a[1].done, 1);
    CHECK_INT(f.a[1].r, -ECONNRESET);
    CHECK(f.a[1].maybe_sent);
    stop(&f);
}

TEST(a_connection_that_ends_while_idle_is_replaced) {
    static struct fixture f;
    start(&f, true, 1);
    call(&f, 0, get("/1"));
    pass(&f.w, NSEC_PER_SEC);
    raw_send(&f.played[0], OK);
    pass(&f.w, NSEC_PER_SEC);
    raw_done(&f.played[0]);
    pass(&f.w, NSEC_PER_SEC);
    struct http_call_options o = get("/2");
    o.method = "POST";
    call(&f, 1, o);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.n_played, 2);
    raw_send(&f.played[1], OK);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[1].r, 0);
    stop(&f);
}

static const struct {
    const char *text;
    int r, status;
    const char *body;
    bool end;
} answers[] = {
    {OK, 0, 200, "ok", false},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\n" OK, 0, 200, "ok", false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\no\r\n1\r\nk\r\n0\r\nT: "
     "u\r\n\r\n",
     0, 200, "ok", false},
    {"HTTP/1.1 200 OK\r\n\r\nuntil the end", 0, 200, "until the end", true},
    {"HTTP/1.0 404 Not Found\r\n\r\nno", 0, 404, "no", true},
    {"HTTP/1.1 204 No Content\r\n\r\n", 0, 204, "", false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", -ECONNRESET, 200, "", true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nshort", -ECONNRESET, 200, "", true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", -EPROTO, 200, "", false},
    {"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", -EPROTO, 0, "", false},
    {"HTTP/1.1 101 Switching Protocols\r\n\r\n", -EPROTO, 0, "", false},
    {"SSH-2.0-OpenSSH_9.2\r\n\r\n", -EPROTO, 0, "", false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", -EPROTO, 0, "",
     false},
};

TEST(answers_good_and_bad) {
    for (size_t i = 0; i < 2 * ARRAY_LEN(answers); i++) {
        static struct fixture f;
        size_t n = i / 2;
        start(&f, true, 1);
        call(&f, 0, get("/1"));
        pass(&f.w, NSEC_PER_SEC);
        f.played[0].piece = i & 1;
        f.played[0].pause = NSEC_PER_MSEC;
        raw_send(&f.played[0], answers[n].text);
        pass(&f.w, NSEC_PER_SEC);
        if (answers[n].end)
            raw_done(&f.played[0]);
        pass(&f.w, NSEC_PER_SEC);
        CHECK_INT(f.a[0].done, 1);
        CHECK_INT(f.a[0].r, answers[n].r);
        CHECK_INT(f.a[0].status, answers[n].status);
        CHECK_STRC(buf_str(&f.a[0].body), answers[n].body);
        stop(&f);
    }
}

TEST(time_limits) {
    static struct fixture f;
    start(&f, true, 1);
    struct http_call_options o = get("/1");
    o.timeout_ns = 5 * NSEC_PER_SEC;
    call(&f, 0, o);
    o.timeout_ns = 2 * NSEC_PER_SEC; /* this one still waits in the queue then */
    call(&f, 1, o);
    pass(&f.w, 3 * NSEC_PER_SEC);
    CHECK_INT(f.a[0].done, 0);
    CHECK_INT(f.a[1].r, -ETIMEDOUT);
    CHECK(!f.a[1].maybe_sent);
    pass(&f.w, 3 * NSEC_PER_SEC);
    CHECK_INT(f.a[0].r, -ETIMEDOUT);
    CHECK(f.a[0].maybe_sent);
    o = streaming("/2");
    o.idle_timeout_ns = 3 * NSEC_PER_SEC;
    call(&f, 2, o);
    pass(&f.w, NSEC_PER_SEC);
    raw_send(&f.played[1], "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 5; i++) {
        raw_send(&f.played[1], "1\r\nx\r\n");
        pass(&f.w, 2 * NSEC_PER_SEC);
    }
    CHECK_INT(f.a[2].done, 0);
    CHECK_INT(f.a[2].pieces, 5);
    pass(&f.w, 4 * NSEC_PER_SEC);
    CHECK_INT(f.a[2].r, -ETIMEDOUT);
    stop(&f);
}

TEST(a_refusal_before_the_request_is_read_arrives) {
    static struct fixture f;
    start(&f, true, 1);
    CLEANUP(buf_done) struct buf big = {0};
    for (int i = 0; i < 100000; i++)
        buf_adds(&big, "0123456789");
    struct http_call_options o = get("/");
    o.method = "POST";
    o.body = buf_str(&big);
    call(&f, 0, o);
    f.played[0].no_read = true;
    pass(&f.w, NSEC_PER_SEC);
    raw_send(&f.played[0], "HTTP/1.1 413 No\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[0].r, 0);
    CHECK_INT(f.a[0].status, 413);
    stop(&f);
}

/* Connections that break at random: every call ends exactly once, and no answer is wrong. */
TEST(cuts_anywhere) {
    static struct fixture f;
    unsigned good = 0;
    start(&f, false, 5);
    loop_sim_net(&f.w.sim)->cut_per_million = 50000;
    for (unsigned i = 0; i < CALLS_MAX; i++) {
        char target[32];
        snprintf(target, sizeof(target), "/later?%u", i);
        call(&f, i, get(target));
    }
    pass(&f.w, 600 * NSEC_PER_SEC);
    for (unsigned i = 0; i < CALLS_MAX; i++) {
        char want[32];
        snprintf(want, sizeof(want), "%u", i);
        CHECK_INT(f.a[i].done, 1);
        if (f.a[i].r == 0) {
            good++;
            CHECK_STRC(buf_str(&f.a[i].body), want);
        }
    }
    CHECK(good > CALLS_MAX / 2);
    CHECK(good < CALLS_MAX);
    CHECK_INT(f.now, 0);
    stop(&f);
}
