// SPDX-License-Identifier: Apache-2.0
/* A client, our server, our client and a backend in a row: an upgrade that is asked through all of
 * them, and the tunnel that stands afterwards. The network gives and takes pieces at random. */
#include "net/client.h"
#include "net/server.h"
#include "net/tunnel.h"
#include "net/websocket.h"
#include "net_test.h"

struct fixture {
    struct world w;
    struct http_server *s;
    struct http_client *c;
    struct listener *listener;
    struct raw client, backend;
    struct exchange *x;
    struct stream *upstream; /* between the backend's 101 and ours */
    struct buf early;
    struct tunnel *tunnel;
    unsigned ended, refused, lost;
    int status;
    bool backend_no_read;
    bool websocket; /* on the client's side */
};

static void on_end(void *ctx) {
    struct fixture *f = ctx;
    f->ended++;
    f->tunnel = tunnel_free(f->tunnel);
}

static void taken(void *ctx, struct stream *s, str already_read) {
    struct fixture *f = ctx;
    struct stream *up = TAKE(f->upstream);
    if (!s) {
        f->lost++;
        stream_close(up);
        return;
    }
    f->tunnel = tunnel_new(
        f->w.l, &(struct tunnel_end){.s = s, .early = already_read, .websocket = f->websocket},
        &(struct tunnel_end){.s = up, .early = buf_str(&f->early)}, on_end, f);
}

static void on_upgrade(void *ctx, const struct http_headers *h, struct stream *s, str early) {
    struct fixture *f = ctx;
    CHECK_STRC(http_header_get(h, "Upgrade"), "test");
    f->upstream = s;
    buf_add(&f->early, early);
    struct http_header up = {STR("Upgrade"), STR("test")};
    CHECK_INT(exchange_hijack(TAKE(f->x), &up, 1, taken, f), 0);
}

static void on_done(void *ctx, int r, int status, const struct http_headers *h, str body,
                    bool maybe_sent) {
    struct fixture *f = ctx;
    f->refused++;
    f->status = status;
    if (f->x)
        exchange_respond(TAKE(f->x), r < 0 ? 502 : status, NULL, 0, body);
}

static void handle(void *ctx, struct exchange *x) {
    struct fixture *f = ctx;
    static const struct http_header h[] = {{STR("Connection"), STR("Upgrade")},
                                           {STR("Upgrade"), STR("test")}};
    f->x = x;
    http_client_call(f->c, &(struct http_call_options){.method = "GET",
                                                       .target = STR("/x"),
                                                       .headers = h,
                                                       .n_headers = 2,
                                                       .on_upgrade = on_upgrade,
                                                       .on_done = on_done,
                                                       .ctx = f});
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
}

static void stop(struct fixture *f) {
    tunnel_free(f->tunnel);
    http_client_free(f->c);
    http_server_free(f->s);
    listener_close(f->listener);
    raw_done(&f->client);
    raw_done(&f->backend);
    stream_close(f->upstream);
    buf_done(&f->early);
    world_done(&f->w);
}

static void ask(struct fixture *f) {
    raw_connect(&f->client, f->w.l, "sim:server");
    raw_send(&f->client, "GET /x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                         "Upgrade: test\r\n\r\n");
    pass(&f->w, NSEC_PER_SEC);
    REQUIRE(has_text(buf_str(&f->backend.in), "Upgrade: test\r\n"));
    buf_clear(&f->backend.in);
}

#define ACCEPT "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n"

static void join(struct fixture *f) {
    start(f);
    ask(f);
    raw_send(&f->backend, ACCEPT);
    pass(&f->w, NSEC_PER_SEC);
    REQUIRE(f->tunnel != NULL);
    buf_clear(&f->client.in);
}

static void add_pattern(struct buf *b, size_t n, unsigned seed) {
    for (size_t i = 0; i < n; i++)
        buf_addc(b, (char)((i * 31 + i / 251 + seed) & 0xff));
}

/* What came is what was sent. */
static void check_pattern(const struct buf *b, size_t n, unsigned seed) {
    struct buf want = {0};
    add_pattern(&want, n, seed);
    CHECK_INT(b->n, n);
    CHECK(b->n == n && memcmp(b->p, want.p, n) == 0);
    buf_done(&want);
}

TEST(bytes_pass_both_ways_unchanged) {
    struct fixture f;
    join(&f);
    add_pattern(&f.client.out, 1000000, 1);
    add_pattern(&f.backend.out, 700000, 2);
    raw_send(&f.client, "");
    raw_send(&f.backend, "");
    size_t skip = sizeof("GET /x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: "
                         "test\r\n\r\n") -
                  1;
    pass(&f.w, 60 * NSEC_PER_SEC);
    CHECK_INT(f.client.at, skip + 1000000);
    check_pattern(&f.backend.in, 1000000, 1);
    check_pattern(&f.client.in, 700000, 2);
    CHECK_INT(f.ended, 0);
    stop(&f);
}

TEST(bytes_behind_the_heads_are_kept) {
    struct fixture f;
    start(&f);
    ask(&f);
    raw_send(&f.client, "early client");
    raw_send(&f.backend, ACCEPT "early backend");
    pass(&f.w, NSEC_PER_SEC);
    CHECK(str_ends(buf_str(&f.client.in), STR("\r\n\r\nearly backend")));
    CHECK_STRC(buf_str(&f.backend.in), "early client");
    stop(&f);
}

TEST(a_slow_taker_stops_the_sender) {
    struct fixture f;
    start(&f);
    f.backend_no_read = true;
    raw_connect(&f.client, f.w.l, "sim:server");
    raw_send(&f.client, "GET /x HTTP/1.1\r\nHost: x\r\nUpgrade: test\r\n\r\n");
    pass(&f.w, NSEC_PER_SEC);
    raw_send(&f.backend, ACCEPT);
    pass(&f.w, NSEC_PER_SEC);
    REQUIRE(f.tunnel != NULL);
    size_t before = f.client.at;
    add_pattern(&f.client.out, 4000000, 3);
    raw_send(&f.client, "");
    pass(&f.w, 600 * NSEC_PER_SEC);
    /* Two pipes of the network and the tunnel's own buffer. */
    CHECK(f.client.at - before <= TUNNEL_BUFFER + 2 * SIM_PIPE_BYTES + 65536);
    CHECK_INT(f.ended, 0);
    raw_send(&f.backend, "still heard");
    pass(&f.w, NSEC_PER_SEC);
    CHECK(str_ends(buf_str(&f.client.in), STR("still heard")));
    stop(&f);
}

TEST(the_end_of_one_is_the_end_of_both_and_loses_nothing) {
    struct fixture f;
    join(&f);
    add_pattern(&f.backend.out, 300000, 4);
    raw_send(&f.backend, "");
    while (f.backend.at < f.backend.out.n)
        pass(&f.w, NSEC_PER_MSEC);
    stream_close(TAKE(f.backend.s));
    pass(&f.w, 5 * NSEC_PER_SEC);
    check_pattern(&f.client.in, 300000, 4);
    CHECK(f.client.end);
    CHECK_INT(f.ended, 1);
    stop(&f);
}

TEST(a_taker_that_never_reads_does_not_hold_a_tunnel_whose_sender_has_ended) {
    struct fixture f;
    join(&f);
    f.client.no_read = true;
    stream_want(f.client.s, 0);
    add_pattern(&f.backend.out, SIM_PIPE_BYTES + 1000, 5);
    raw_send(&f.backend, "");
    pass(&f.w, NSEC_PER_SEC);
    stream_close(TAKE(f.backend.s));
    pass(&f.w, TUNNEL_LINGER / 2);
    CHECK_INT(f.ended, 0);
    pass(&f.w, TUNNEL_LINGER);
    CHECK_INT(f.ended, 1);
    stop(&f);
}

TEST(a_broken_connection_ends_it) {
    struct fixture f;
    join(&f);
    loop_sim_cut(&f.w.sim, "sim:backend");
    pass(&f.w, NSEC_PER_SEC);
    CHECK(f.client.end);
    CHECK_INT(f.ended, 1);
    stop(&f);
}

TEST(another_answer_than_101_is_an_answer) {
    struct fixture f;
    start(&f);
    ask(&f);
    raw_send(&f.backend, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    pass(&f.w, NSEC_PER_SEC);
    CHECK(str_starts(buf_str(&f.client.in), STR("HTTP/1.1 403 Forbidden\r\n")));
    CHECK_INT(f.refused, 1);
    CHECK_INT(f.status, 403);
    stop(&f);
}

TEST(a_backend_that_breaks_before_its_answer) {
    struct fixture f;
    start(&f);
    ask(&f);
    stream_close(TAKE(f.backend.s));
    listener_close(TAKE(f.listener));
    pass(&f.w, 20 * NSEC_PER_SEC);
    CHECK_INT(f.refused, 1);
    CHECK(str_starts(buf_str(&f.client.in), STR("HTTP/1.1 502 ")));
    stop(&f);
}

/* Between the 101's making and its last byte the server ends: the taker hears of it. */
TEST(a_hijack_that_does_not_come_to_be) {
    struct fixture f;
    start(&f);
    ask(&f);
    loop_sim_net(&f.w.sim)->partial_percent = 100;
    raw_send(&f.backend, ACCEPT);
    while (!f.upstream && !f.tunnel)
        pass(&f.w, (int64_t)10000);
    unsigned before = f.lost + (f.tunnel != NULL);
    f.s = http_server_free(f.s);
    CHECK_INT(f.lost + (f.tunnel != NULL), 1);
    CHECK(before <= 1);
    stop(&f);
}

TEST(freed_in_the_middle) {
    struct fixture f;
    join(&f);
    add_pattern(&f.client.out, 400000, 6);
    raw_send(&f.client, "");
    pass(&f.w, NSEC_PER_MSEC);
    f.tunnel = tunnel_free(f.tunnel);
    pass(&f.w, NSEC_PER_SEC);
    CHECK(f.client.end && f.backend.end);
    CHECK_INT(f.ended, 0);
    stop(&f);
}

/* ---- with a WebSocket on the client's side ---- */

static const uint8_t mask[4] = {9, 8, 7, 6};

static void message(struct fixture *f, enum websocket_opcode opcode, str data) {
    websocket_put(&f->client.out, opcode, data, mask);
}

static void join_websocket(struct fixture *f) {
    start(f);
    f->websocket = true;
    ask(f);
    raw_send(&f->backend, ACCEPT);
    pass(&f->w, NSEC_PER_SEC);
    REQUIRE(f->tunnel != NULL);
    buf_clear(&f->client.in);
}

/* What the messages that the client has got carry; the code of the close behind them, or 0. */
static unsigned unwrap(struct fixture *f, struct buf *ret) {
    struct websocket_reader r;
    websocket_reader_init(&r, false);
    for (size_t at = 0; at < f->client.in.n;) {
        struct websocket_piece piece;
        bool has;
        ssize_t k = websocket_read(&r, f->client.in.p + at, f->client.in.n - at, &piece, &has);
        REQUIRE(k > 0);
        at += (size_t)k;
        if (!has)
            continue;
        if (piece.opcode == WEBSOCKET_CLOSE)
            return (unsigned)(uint8_t)piece.data.p[0] << 8 | (uint8_t)piece.data.p[1];
        if (piece.opcode == WEBSOCKET_PONG)
            buf_adds(ret, "pong:");
        buf_add(ret, piece.data);
    }
    return 0;
}

TEST(bytes_in_messages_on_one_side_and_bare_on_the_other) {
    struct fixture f;
    join_websocket(&f);
    struct buf sent = {0}, got = {0};
    add_pattern(&sent, 300000, 1);
    for (size_t at = 0, n = 1; at < sent.n; at += n, n = n * 3 % 70001)
        message(&f, WEBSOCKET_BINARY, str_slice(buf_str(&sent), at, MIN(at + n, sent.n)));
    raw_send(&f.client, "");
    add_pattern(&f.backend.out, 500000, 2);
    raw_send(&f.backend, "");
    pass(&f.w, 60 * NSEC_PER_SEC);
    check_pattern(&f.backend.in, 300000, 1);
    CHECK_INT(unwrap(&f, &got), 0);
    check_pattern(&got, 500000, 2);
    CHECK_INT(f.ended, 0);
    stream_close(TAKE(f.backend.s));
    pass(&f.w, NSEC_PER_SEC);
    buf_clear(&got);
    CHECK_INT(unwrap(&f, &got), WEBSOCKET_NORMAL);
    CHECK_INT(f.ended, 1);
    buf_done(&sent);
    buf_done(&got);
    stop(&f);
}

TEST(messages_behind_the_heads_and_pings) {
    struct fixture f;
    start(&f);
    f.websocket = true;
    ask(&f);
    message(&f, WEBSOCKET_BINARY, STR("early"));
    message(&f, WEBSOCKET_PING, STR("you there?"));
    message(&f, WEBSOCKET_PONG, STR("unasked"));
    raw_send(&f.client, "");
    raw_send(&f.backend, ACCEPT);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_STRC(buf_str(&f.backend.in), "early");
    CHECK(str_find(buf_str(&f.client.in), STR("\x8a\x0ayou there?")) >= 0);
    CHECK_INT(f.ended, 0);
    stop(&f);
}

TEST(a_client_that_ends_or_errs) {
    static const struct {
        enum websocket_opcode opcode;
        str data;
        unsigned code;
    } cases[] = {{WEBSOCKET_CLOSE, STR("\x03\xe8"), WEBSOCKET_NORMAL},
                 {WEBSOCKET_TEXT, STR("words"), WEBSOCKET_PROTOCOL},
                 {WEBSOCKET_CONTINUATION, STR("of nothing"), WEBSOCKET_PROTOCOL}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;
        struct buf got = {0};
        join_websocket(&f);
        message(&f, WEBSOCKET_BINARY, STR("last words"));
        message(&f, cases[i].opcode, cases[i].data);
        raw_send(&f.client, "");
        pass(&f.w, NSEC_PER_SEC);
        CHECK_STRC(buf_str(&f.backend.in), "last words");
        CHECK_INT(unwrap(&f, &got), cases[i].code);
        CHECK(f.backend.end && f.client.end);
        CHECK_INT(f.ended, 1);
        buf_done(&got);
        stop(&f);
    }
}

/* Pings of a client that does not read are not collected. */
TEST(a_flood_of_pings_is_bounded) {
    struct fixture f;
    static char payload[WEBSOCKET_CONTROL_MAX];
    join_websocket(&f);
    f.client.no_read = true;
    stream_want(f.client.s, 0);
    size_t before = f.client.at;
    for (unsigned i = 0; i < 20000; i++)
        message(&f, WEBSOCKET_PING, str_n(payload, sizeof(payload)));
    raw_send(&f.client, "");
    pass(&f.w, 60 * NSEC_PER_SEC);
    CHECK(f.client.at - before < 4 * TUNNEL_BUFFER + 3 * SIM_PIPE_BYTES);
    stop(&f);
}
