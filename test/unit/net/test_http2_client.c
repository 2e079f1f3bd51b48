// SPDX-License-Identifier: Apache-2.0
/* The client's HTTP/2 against our server, over the simulated network and without TLS (test_tls.c
 * has ALPN). */
#include "client_test.h"

/* ---- the server ---- */

static void held_abort(struct exchange *x) {
    struct fixture *f = x->ctx;
    f->aborts++;
    for (size_t i = 0; i < f->n_held; i++)
        if (f->held[i] == x)
            f->held[i] = NULL;
}

static void send_big(struct exchange *x) {
    static const char zeros[100000];
    exchange_start(x, 200, NULL, 0, NULL);
    for (int i = 0; i < 30; i++)
        exchange_write(x, str_n(zeros, sizeof(zeros)));
    exchange_end(x);
}

static void handle(void *ctx, struct exchange *x) {
    struct fixture *f = ctx;
    f->requests++;
    CHECK(x->http2);
    CHECK_STRC(http_header_get(&x->headers, "host"), "server:80");
    if (str_eq(x->path, STR("/echo"))) {
        exchange_read_body(x, 1 << 24, echo);
    } else if (str_eq(x->path, STR("/big"))) {
        send_big(x);
    } else if (str_eq(x->path, STR("/later"))) {
        delay(f, x);
    } else if (str_eq(x->path, STR("/watch"))) {
        x->ctx = f;
        x->on_abort = held_abort;
        f->held[f->n_held++] = x;
        exchange_start(x, 200, NULL, 0, NULL);
        exchange_write(x, STR("first"));
    } else if (str_eq(x->path, STR("/mute"))) {
        x->ctx = f;
        x->on_abort = held_abort;
        f->held[f->n_held++] = x;
    } else if (str_eq(x->path, STR("/abort"))) {
        exchange_abort(x);
    } else if (str_eq(x->path, STR("/close"))) {
        struct http_header h = {STR("Connection"), STR("close")};
        exchange_respond(x, 200, &h, 1, STR("bye"));
    } else if (str_eq(x->path, STR("/early"))) {
        exchange_respond(x, 413, NULL, 0, STR("big"));
    } else if (str_eq(x->path, STR("/head"))) {
        struct http_header h = {STR("X-Test"),
                                str_dup(x->arena, http_header_get(&x->headers, "x-a"))};
        exchange_respond(x, 200, &h, 1, STR("length only"));
    } else {
        exchange_respond(x, 200, NULL, 0, STR("ok"));
    }
}

static void accepted(struct listener *l, struct stream *s) {
    struct http_server *server = l->ctx;
    struct fixture *f = server->ctx;
    f->conns++;
    http2_conn_start(server, s); /* as if ALPN had said so */
}

static void serve(struct fixture *f) {
    struct err e;
    struct http_server_options o = {
        .addresses = (const char *const[]){"sim:server", NULL}, .handler = handle, .ctx = f};
    REQUIRE(http_server_new(f->w.l, &o, &e, &f->s) == 0);
    f->s->listeners[0]->accepted = accepted;
}

static void start(struct fixture *f, bool played) {
    memset(f, 0, sizeof(*f));
    world_init(&f->w);
    if (played)
        play(f);
    else
        serve(f);
    struct http_client_options co = {.address = "sim:server", .host = "server:80", .http2 = true};
    REQUIRE(http_client_new(f->w.l, &co, &f->c) == 0);
}

/* ---- calls ---- */

static struct http_call_options post(const char *target, str body) {
    struct http_call_options o = get(target);
    o.method = "POST";
    o.body = body;
    return o;
}

static void call_many(struct fixture *f, unsigned n) {
    for (unsigned i = 0; i < n; i++) {
        char target[32];
        snprintf(target, sizeof(target), "/later?%u", i);
        call(f, i, get(target));
    }
}

static bool answer_right(const struct answer *a, unsigned i) {
    char want[32];
    snprintf(want, sizeof(want), "%u", i);
    return a->status == 200 && str_eq(buf_str(&a->body), str_of(want));
}

/* ---- what works ---- */

TEST(calls_share_one_connection) {
    static struct fixture f;
    start(&f, false);
    call_many(&f, 150);
    CHECK_INT(f.a[0].done, 0);
    pass(&f.w, 10 * NSEC_PER_SEC);
    CHECK_INT(f.conns, 1);
    CHECK(f.most > 100);
    for (unsigned i = 0; i < 150; i++) {
        CHECK_INT(f.a[i].done, 1);
        CHECK_INT(f.a[i].r, 0);
        CHECK(answer_right(&f.a[i], i));
    }
    call(&f, 200, get("/a"));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[200].status, 200);
    CHECK_INT(f.conns, 1);
    stop(&f);
}

TEST(a_full_connection_gets_a_second_one) {
    static struct fixture f;
    start(&f, false);
    for (unsigned i = 0; i < 199; i++)
        call(&f, i, streaming("/watch"));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.conns, 1);
    for (unsigned i = 199; i < 300; i++)
        call(&f, i, streaming("/watch"));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.conns, 2);
    for (unsigned i = 0; i < 300; i++)
        CHECK_INT(f.a[i].body.n, 5);
    /* Room again: no third one. */
    for (unsigned i = 0; i < 50; i++)
        http_call_cancel(TAKE(f.a[i].call));
    call(&f, 300, get("/a"));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[300].status, 200);
    CHECK_INT(f.conns, 2);
    CHECK_INT(f.aborts, 50);
    stop(&f);
}

TEST(bodies_go_both_ways) {
    static struct fixture f;
    start(&f, false);
    CLEANUP(buf_done) struct buf big = {0};
    for (int i = 0; i < 200000; i++)
        buf_printf(&big, "%d,", i);
    call(&f, 0, post("/echo", buf_str(&big)));
    call(&f, 1, post("/echo", STR("")));
    call(&f, 2, post("/echo", STR("x")));
    pass(&f.w, 20 * NSEC_PER_SEC);
    CHECK_INT(f.a[0].r, 0);
    CHECK_INT(f.a[0].status, 201);
    CHECK(str_eq(buf_str(&f.a[0].body), buf_str(&big)));
    CHECK_INT(f.a[1].done, 1);
    CHECK_INT(f.a[1].status, 201);
    CHECK_STRC(buf_str(&f.a[2].body), "x");
    stop(&f);
}

TEST(headers_go_both_ways) {
    static struct fixture f;
    start(&f, false);
    const struct http_header h[] = {{STR("X-A"), STR("hello")}, {STR("Connection"), STR("close")}};
    struct http_call_options o = get("/head");
    o.method = "HEAD";
    o.headers = h;
    o.n_headers = ARRAY_LEN(h);
    o.max_body = 1; /* a length without a body */
    call(&f, 0, o);
    o = get("/a");
    o.on_upgrade = (void (*)(void *, const struct http_headers *, struct stream *, str))abort;
    call(&f, 1, o);
    call(&f, 2, get("bad target"));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[0].r, 0);
    CHECK_INT(f.a[0].status, 200);
    CHECK_INT(f.a[0].body.n, 0);
    CHECK(strcmp(f.seen, "hello") == 0);
    CHECK_INT(f.a[1].r, -EINVAL);
    CHECK_INT(f.a[2].r, -EINVAL);
    stop(&f);
}

TEST(an_answer_before_the_request_is_read_arrives) {
    static struct fixture f;
    start(&f, false);
    CLEANUP(buf_done) struct buf big = {0};
    for (int i = 0; i < 300000; i++)
        buf_adds(&big, "0123456789");
    call(&f, 0, post("/early", buf_str(&big)));
    pass(&f.w, NSEC_PER_SEC);
    call(&f, 1, get("/a"));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[0].r, 0);
    CHECK_INT(f.a[0].status, 413);
    CHECK_INT(f.a[1].status, 200);
    CHECK_INT(f.conns, 1);
    stop(&f);
}

TEST(a_paused_stream_stops_no_other) {
    static struct fixture f;
    start(&f, false);
    f.a[0].pause = true;
    call(&f, 0, streaming("/big"));
    for (unsigned i = 1; i < 5; i++)
        call(&f, i, get("/big"));
    pass(&f.w, 20 * NSEC_PER_SEC);
    CHECK_INT(f.conns, 1);
    CHECK_INT(f.a[0].heads, 1);
    CHECK_INT(f.a[0].pieces, 1);
    CHECK_INT(f.a[0].done, 0);
    for (unsigned i = 1; i < 5; i++)
        CHECK_INT(f.a[i].body.n, 3000000);
    while (f.a[0].pieces < 3) { /* piece by piece */
        http_call_resume(f.a[0].call);
        pass(&f.w, NSEC_PER_SEC);
    }
    f.a[0].pause = false;
    http_call_resume(f.a[0].call);
    pass(&f.w, 20 * NSEC_PER_SEC);
    CHECK_INT(f.a[0].done, 1);
    CHECK_INT(f.a[0].r, 0);
    CHECK_INT(f.a[0].body.n, 3000000);
    /* One whose answer is whole while it is paused. */
    f.a[30].pause = true;
    call(&f, 30, streaming("/a"));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[30].pieces, 1);
    CHECK_INT(f.a[30].done, 0);
    f.a[30].pause = false;
    http_call_resume(f.a[30].call);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[30].done, 1);
    CHECK_INT(f.a[30].r, 0);
    stop(&f);
}

/* Our server holds so much for a connection and no more; what it refuses comes all the same. */
TEST(refused_streams_wait_or_go_elsewhere) {
    static struct fixture f;
    start(&f, false);
    for (unsigned i = 0; i < 30; i++)
        call(&f, i, i & 1 ? post("/big", STR("")) : get("/big"));
    pass(&f.w, 60 * NSEC_PER_SEC);
    for (unsigned i = 0; i < 30; i++) {
        CHECK_INT(f.a[i].r, 0);
        CHECK_INT(f.a[i].body.n, 3000000);
    }
    CHECK(f.conns < 30);
    stop(&f);
}

/* ---- limits ---- */

TEST(answers_over_the_limit_are_refused) {
    static struct fixture f;
    start(&f, false);
    struct http_call_options o = get("/big");
    o.max_body = 2999999;
    call(&f, 0, o);
    o.max_body = 3000000;
    call(&f, 1, o);
    o = get("/a");
    o.max_body = 1;
    call(&f, 2, o);
    pass(&f.w, 10 * NSEC_PER_SEC);
    CHECK_INT(f.a[0].r, -E2BIG);
    CHECK_INT(f.a[1].r, 0);
    CHECK_INT(f.a[2].r, -E2BIG);
    CHECK_INT(f.conns, 1);
    stop(&f);
}

TEST(time_limits_end_a_stream_and_not_the_connection) {
    static struct fixture f;
    start(&f, false);
    call(&f, 0, streaming("/watch"));
    struct http_call_options o = get("/mute");
    o.timeout_ns = 2 * NSEC_PER_SEC;
    call(&f, 1, o);
    o.timeout_ns = 0;
    o.idle_timeout_ns = 3 * NSEC_PER_SEC;
    call(&f, 2, o);
    pass(&f.w, 5 * NSEC_PER_SEC);
    CHECK_INT(f.a[1].r, -ETIMEDOUT);
    CHECK(f.a[1].maybe_sent);
    CHECK_INT(f.a[2].r, -ETIMEDOUT);
    CHECK_INT(f.aborts, 2);
    CHECK_INT(f.a[0].done, 0);
    CHECK_INT(f.conns, 1);
    stop(&f);
}

/* ---- calls and clients that go ---- */

TEST(calls_can_be_cancelled_anywhere) {
    static struct fixture f;
    start(&f, false);
    f.a[0].cancel_self = true;
    f.a[1].cancel_other = 2;
    call(&f, 0, streaming("/big"));
    call(&f, 1, streaming("/watch"));
    call(&f, 2, streaming("/mute"));
    call(&f, 3, get("/a"));
    call(&f, 4, get("/a"));
    http_call_cancel(f.a[4].call); /* in the queue */
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[0].pieces, 1);
    CHECK_INT(f.a[0].done + f.a[2].done + f.a[4].done, 0);
    CHECK_INT(f.a[3].status, 200);
    CHECK_INT(f.conns, 1);
    call(&f, 5, get("/later?"));
    pass(&f.w, 10 * NSEC_PER_MSEC);
    http_call_cancel(f.a[5].call);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[5].done, 0);
    CHECK_INT(f.now, 0);
    CHECK(f.a[2].call == NULL);
    stop(&f);
}

static bool is_submitted(void *ctx) {
    return !((struct fixture *)ctx)->a[1].done;
}

TEST(a_call_can_be_cancelled_before_its_stream_is) {
    static struct fixture f;
    start(&f, false);
    call(&f, 0, get("/a"));
    pass(&f.w, NSEC_PER_SEC);
    unsigned before = f.requests;
    for (unsigned i = 1; i < 50; i++) {
        call(&f, i, get("/a"));
        loop_run_until(f.w.l, is_submitted, &f, 0);
        http_call_cancel(TAKE(f.a[i].call));
    }
    pass(&f.w, NSEC_PER_SEC);
    for (unsigned i = 1; i < 50; i++)
        CHECK_INT(f.a[i].done, 0);
    CHECK(f.requests - before <= 49);
    call(&f, 60, get("/a"));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[60].status, 200);
    CHECK_INT(f.conns, 1);
    stop(&f);
}

TEST(the_client_can_go_at_any_time) {
    for (int when = 0; when < 3; when++) {
        static struct fixture f;
        start(&f, false);
        f.a[0].free_in_piece = when == 1;
        f.a[1].free_in_done = when == 2;
        call(&f, 0, streaming("/watch"));
        call(&f, 1, get("/a"));
        for (unsigned i = 2; i < 10; i++)
            call(&f, i, i & 1 ? get("/mute") : streaming("/big"));
        pass(&f.w, 10 * NSEC_PER_MSEC);
        if (when == 0)
            f.c = http_client_free(f.c);
        CHECK(f.c == NULL);
        for (unsigned i = 0; i < 10; i++) {
            CHECK_INT(f.a[i].done, 1);
            if (i & 1 && i > 1)
                CHECK_INT(f.a[i].r, -ECANCELED);
        }
        stop(&f);
    }
}

/* ---- connections that go ---- */

TEST(nobody_there) {
    static struct fixture f;
    start(&f, false);
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

TEST(all_streams_of_a_broken_connection_fail) {
    static struct fixture f;
    start(&f, false);
    for (unsigned i = 0; i < 33; i++)
        call(&f, i, streaming("/watch"));
    call(&f, 40, get("/mute"));
    call(&f, 41, post("/mute", STR("x")));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.conns, 1);
    loop_sim_cut(&f.w.sim, NULL);
    pass(&f.w, NSEC_PER_SEC);
    for (unsigned i = 0; i < 33; i++) {
        CHECK_INT(f.a[i].body.n, 5);
        CHECK_INT(f.a[i].done, 1);
        CHECK_INT(f.a[i].r, -ECONNRESET);
    }
    CHECK_INT(f.a[41].r, -ECONNRESET);
    CHECK(f.a[41].maybe_sent);
    /* What had heard nothing and asks only is sent again, once; watches begin anew. */
    CHECK_INT(f.a[40].done, 0);
    CHECK_INT(f.conns, 2);
    for (unsigned i = 50; i < 83; i++)
        call(&f, i, streaming("/watch"));
    pass(&f.w, NSEC_PER_SEC);
    for (unsigned i = 50; i < 83; i++)
        CHECK_INT(f.a[i].body.n, 5);
    CHECK_INT(f.conns, 2);
    loop_sim_cut(&f.w.sim, NULL);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[40].done, 1);
    CHECK_INT(f.a[40].r, -ECONNRESET);
    stop(&f);
}

TEST(goodbye_moves_new_calls_to_a_new_connection) {
    static struct fixture f;
    start(&f, false);
    call(&f, 0, streaming("/watch"));
    pass(&f.w, NSEC_PER_SEC);
    call(&f, 1, get("/close"));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_STRC(buf_str(&f.a[1].body), "bye");
    call(&f, 2, post("/echo", STR("x")));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[2].status, 201);
    CHECK_INT(f.conns, 2);
    /* The watch goes on where it was, and its connection ends with it. */
    exchange_write(f.held[0], STR(", second"));
    exchange_end(f.held[0]);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_STRC(buf_str(&f.a[0].body), "first, second");
    CHECK_INT(f.a[0].r, 0);
    CHECK_INT(f.s->n_conns, 1);
    stop(&f);
}

TEST(a_new_identity_moves_new_calls_too) {
    static struct fixture f;
    start(&f, false);
    call(&f, 0, streaming("/watch"));
    pass(&f.w, NSEC_PER_SEC);
    http_client_set_tls(f.c, NULL);
    call(&f, 1, get("/a"));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[1].status, 200);
    CHECK_INT(f.conns, 2);
    http_call_cancel(f.a[0].call);
    http_client_set_tls(f.c, NULL); /* and idle ones go at once */
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.s->n_conns, 0);
    stop(&f);
}

TEST(a_stream_reset_by_the_server) {
    static struct fixture f;
    start(&f, false);
    call(&f, 0, post("/abort", STR("x")));
    call(&f, 1, get("/abort"));
    call(&f, 2, streaming("/watch"));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[0].r, -ECONNRESET);
    CHECK(f.a[0].maybe_sent);
    CHECK_INT(f.a[1].r, -ECONNRESET);
    CHECK_INT(f.requests, 4); /* the GET twice */
    exchange_abort(f.held[0]);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[2].r, -ECONNRESET);
    CHECK_INT(f.conns, 1);
    stop(&f);
}

TEST(idle_connections_end_and_quiet_ones_do_not) {
    static struct fixture f;
    start(&f, false);
    call(&f, 0, streaming("/watch"));
    pass(&f.w, 600 * NSEC_PER_SEC);
    CHECK_INT(f.a[0].done, 0);
    CHECK_INT(f.s->n_conns, 1);
    http_call_cancel(f.a[0].call);
    pass(&f.w, 85 * NSEC_PER_SEC);
    CHECK_INT(f.s->n_conns, 0);
    call(&f, 1, post("/echo", STR("x")));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[1].status, 201);
    stop(&f);
}

#define SETTINGS_LEN 9
static const char settings[SETTINGS_LEN] = {0, 0, 0, 4, 0, 0, 0, 0, 0};

static void say(struct raw *r, str bytes) {
    buf_add(&r->out, bytes);
    raw_send(r, "");
}

TEST(a_silent_peer_is_given_up) {
    static struct fixture f;
    start(&f, true);
    struct http_call_options o = post("/1", STR("x"));
    call(&f, 0, o);
    pass(&f.w, NSEC_PER_SEC);
    REQUIRE(f.n_played == 1);
    CHECK(has_text(buf_str(&f.played[0].in), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    say(&f.played[0], str_n(settings, SETTINGS_LEN));
    pass(&f.w, 40 * NSEC_PER_SEC);
    CHECK_INT(f.a[0].done, 0);
    pass(&f.w, 10 * NSEC_PER_SEC);
    CHECK_INT(f.a[0].done, 1);
    CHECK_INT(f.a[0].r, -ETIMEDOUT);
    CHECK(f.played[0].end);
    stop(&f);
}

/* Calls too short to wait for the verdict do not hide a dead connection. */
TEST(a_silent_peer_is_given_up_between_calls) {
    static struct fixture f;
    start(&f, true);
    for (unsigned i = 0; i < 20 && f.n_played < 2; i++) {
        struct http_call_options o = get("/1");
        o.timeout_ns = NSEC_PER_SEC;
        call(&f, i, o);
        pass(&f.w, 2 * NSEC_PER_SEC);
        if (i == 0)
            say(&f.played[0], str_n(settings, SETTINGS_LEN));
        pass(&f.w, 8 * NSEC_PER_SEC);
        CHECK_INT(f.a[i].r, -ETIMEDOUT);
    }
    CHECK_INT(f.n_played, 2);
    CHECK(f.played[0].end);
    stop(&f);
}

static const struct {
    const char *text;
    size_t n;
} garbage[] = {
    {"HTTP/1.1 400 Bad Request\r\n\r\n", 28},
    {"SSH-2.0-OpenSSH_9.2\r\n", 21},
    {"\0\0\0\4\0\0\0\0\1", 9},                        /* settings on a stream */
    {"\0\0\0\4\0\0\0\0\0\0\0\1\0\0\0\0\0\1x", 19},    /* data before a head */
    {"\0\0\0\4\0\0\0\0\0\0\0\1\1\4\0\0\0\1\377", 19}, /* no HPACK */
};

TEST(garbage_ends_the_connection) {
    for (size_t i = 0; i < ARRAY_LEN(garbage); i++) {
        static struct fixture f;
        start(&f, true);
        call(&f, 0, post("/1", STR("")));
        pass(&f.w, NSEC_PER_SEC);
        say(&f.played[0], str_n(garbage[i].text, garbage[i].n));
        pass(&f.w, NSEC_PER_SEC);
        CHECK_INT(f.a[0].done, 1);
        CHECK(f.a[0].r < 0);
        stop(&f);
    }
}

/* SETTINGS, GOAWAY that has seen nothing: the call goes to another connection, whatever it is. */
TEST(what_a_goodbye_has_not_seen_is_sent_again) {
    static struct fixture f;
    start(&f, true);
    call(&f, 0, post("/1", STR("x")));
    pass(&f.w, NSEC_PER_SEC);
    say(&f.played[0], str_n(settings, SETTINGS_LEN));
    static const char goaway[17] = {0, 0, 8, 7};
    say(&f.played[0], str_n(goaway, sizeof(goaway)));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[0].done, 0);
    CHECK_INT(f.n_played, 2);
    CHECK(f.played[0].end);
    CHECK(has_text(buf_str(&f.played[1].in), "PRI *"));
    stop(&f);
}

TEST(what_is_over_the_peers_limit_goes_elsewhere) {
    static struct fixture f;
    start(&f, true);
    call_many(&f, 150);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.n_played, 1);
    static const char limit_100[15] = {0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100};
    say(&f.played[0], str_n(limit_100, sizeof(limit_100)));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.n_played, 2);
    for (unsigned i = 0; i < 150; i++)
        CHECK_INT(f.a[i].done, 0);
    stop(&f);
}

/* Connections that break at random: every call ends exactly once, and no answer is wrong. */
TEST(cuts_anywhere) {
    static struct fixture f;
    unsigned good = 0;
    start(&f, false);
    for (unsigned round = 0; round < 20; round++) {
        loop_sim_net(&f.w.sim)->cut_per_million = 30000;
        for (unsigned i = 0; i < CALLS_MAX / 20; i++) {
            unsigned n = round * (CALLS_MAX / 20) + i;
            char target[32];
            snprintf(target, sizeof(target), i % 5 ? "/later?%u" : "/big?%u", n);
            call(&f, n, i % 10 == 5 ? streaming(target) : get(target));
        }
        pass(&f.w, 600 * NSEC_PER_SEC);
    }
    for (unsigned i = 0; i < CALLS_MAX; i++) {
        CHECK_INT(f.a[i].done, 1);
        if (f.a[i].r)
            continue;
        good++;
        CHECK(i % 5 ? answer_right(&f.a[i], i) : f.a[i].body.n == 3000000);
    }
    CHECK(good > CALLS_MAX / 10);
    CHECK(good < CALLS_MAX);
    CHECK_INT(f.now, 0);
    stop(&f);
}
