// SPDX-License-Identifier: Apache-2.0
/* WebSocket: handshakes, frames good and bad, and an exchange of the server that goes on as one. */
#include <stdio.h>

#include "../../../fuzz/fuzz_websocket.c"
#include "net/server.h"
#include "net_test.h"

/* ---- handshakes ---- */

TEST(the_keys_answer_is_that_of_the_standard) {
    struct arena a;
    arena_init(&a, 0);
    CHECK_STRC(websocket_accept(&a, STR("dGhlIHNhbXBsZSBub25jZQ==")),
               "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    static const struct {
        const char *key, *version;
        int r;
    } cases[] = {
        {"dGhlIHNhbXBsZSBub25jZQ==", "13", 0},       {"dGhlIHNhbXBsZSBub25jZQ==", "8", -EINVAL},
        {"dGhlIHNhbXBsZSBub25jZQ==", NULL, -EINVAL}, {"dGhlIHNhbXBsZSBub25j", "13", -EINVAL},
        {"dGhlIHNhbXBsZSBub25jZQ=!", "13", -EINVAL}, {"", "13", -EINVAL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_header v[] = {{STR("Sec-WebSocket-Key"), str_of(cases[i].key)},
                                  {STR("sec-websocket-version"), str_of(cases[i].version)}};
        struct http_headers h = {v, cases[i].version ? 2 : 1};
        str key;
        CHECK_INT(websocket_key(&h, &key), cases[i].r);
    }
    arena_done(&a);
}

TEST(subprotocols) {
    static const char *const known[] = {"b", "c", NULL};
    static const struct {
        const char *offered;
        int r;
        const char *chosen;
    } cases[] = {
        {NULL, 0, ""}, {"a, c ,b", 0, "c"}, {"a", -EINVAL, ""}, {"", 0, ""}, {"bb,b", 0, "b"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_header v = {STR("Sec-WebSocket-Protocol"), str_of(cases[i].offered)};
        struct http_headers h = {&v, cases[i].offered ? 1 : 0};
        str chosen;
        CHECK_INT(websocket_choose(&h, known, &chosen), cases[i].r);
        CHECK_STRC(chosen, cases[i].chosen);
    }
}

/* ---- frames ---- */

TEST(frames_that_are_none) {
    static const struct {
        const char *bytes;
        size_t n;
        ssize_t error;
    } cases[] = {
#define FRAME(text) text, sizeof(text) - 1
        {FRAME("\x81\x05hello"), -EBADMSG},                        /* not masked */
        {FRAME("\xc1\x80\0\0\0\0"), -EBADMSG},                     /* reserved bit */
        {FRAME("\x83\x80\0\0\0\0"), -EBADMSG},                     /* opcode 3 */
        {FRAME("\x8b\x80\0\0\0\0"), -EBADMSG},                     /* opcode 11 */
        {FRAME("\x80\x80\0\0\0\0"), -EBADMSG},                     /* goes on with nothing */
        {FRAME("\x01\x80\0\0\0\0\x81\x80\0\0\0\0"), -EBADMSG},     /* a message in a message */
        {FRAME("\x09\x80\0\0\0\0"), -EBADMSG},                     /* a ping in parts */
        {FRAME("\x89\xfe\0\x7e\0\0\0\0"), -EBADMSG},               /* a long ping */
        {FRAME("\x88\x81\0\0\0\0x"), -EBADMSG},                    /* half a code */
        {FRAME("\x82\xfe\0\x7d\0\0\0\0"), -EBADMSG},               /* 125 in the long form */
        {FRAME("\x82\xff\0\0\0\0\0\0\xff\xff\0\0\0\0"), -EBADMSG}, /* 65535 in the longest */
        {FRAME("\x82\xff\x80\0\0\0\0\1\0\0\0\0\0\0"), -EBADMSG},   /* negative */
        {FRAME("\x82\xff\0\0\0\0\2\0\0\1\0\0\0\0"), -E2BIG},       /* 32 MiB and a byte */
        {FRAME("\x02\xff\0\0\0\0\2\0\0\0\0\0\0\0"), 0},            /* 32 MiB */
#undef FRAME
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct told t = read_all(str_n(cases[i].bytes, cases[i].n), true, cases[i].n);
        if (t.error != cases[i].error)
            tap_fail(__FILE__, __LINE__, "case %zu: got %zd, want %zd", i, t.error, cases[i].error);
        buf_done(&t.text);
    }
}

/* Many small fragments are one message, and cannot be more than one message may be. */
TEST(fragments_add_up) {
    struct websocket_reader r;
    websocket_reader_init(&r, false);
    static char bytes[4 + 65535];
    size_t total = 0;
    ssize_t e = 0;
    for (unsigned i = 0; e >= 0 && i < 1000; i++) {
        memset(bytes, 0, sizeof(bytes));
        bytes[0] = i ? 0 : 2;
        bytes[1] = 126;
        bytes[2] = bytes[3] = (char)0xff;
        struct websocket_piece piece;
        bool has;
        for (size_t at = 0; e >= 0 && at < sizeof(bytes); at += (size_t)e) {
            e = websocket_read(&r, bytes + at, sizeof(bytes) - at, &piece, &has);
            if (e >= 0 && has)
                total += piece.data.n;
        }
    }
    CHECK_INT(e, -E2BIG);
    CHECK(total <= WEBSOCKET_MESSAGE_MAX && total > WEBSOCKET_MESSAGE_MAX - 65536);
}

/* ---- an exchange as a WebSocket ---- */

struct fixture {
    struct world w;
    struct http_server *s;
    struct exchange *x;
    unsigned aborts;
    int started;
    struct raw r;
};

static void on_abort(struct exchange *x) {
    struct fixture *f = x->ctx;
    f->aborts++;
    f->x = NULL;
}

static void handle(void *ctx, struct exchange *x) {
    struct fixture *f = ctx;
    x->ctx = f;
    x->on_abort = on_abort;
    f->started = exchange_start_websocket(x, WEBSOCKET_TEXT, STR("chat"), NULL);
    if (f->started == 0)
        f->x = x;
    else
        exchange_respond(x, 400, NULL, 0, STR("no"));
}

#define HANDSHAKE                                                                                  \
    "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"                   \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static void start(struct fixture *f, const char *head) {
    *f = (struct fixture){0};
    world_init(&f->w);
    struct err e;
    struct http_server_options o = {
        .addresses = (const char *const[]){"sim:server", NULL}, .handler = handle, .ctx = f};
    REQUIRE(http_server_new(f->w.l, &o, &e, &f->s) == 0);
    raw_connect(&f->r, f->w.l, "sim:server");
    raw_send(&f->r, head);
    pass(&f->w, NSEC_PER_SEC);
}

static void stop(struct fixture *f) {
    http_server_free(f->s);
    raw_done(&f->r);
    world_done(&f->w);
}

static void send_frame(struct fixture *f, enum websocket_opcode opcode, str data) {
    static const uint8_t mask[4] = {9, 8, 7, 6};
    websocket_put(&f->r.out, opcode, data, mask);
    raw_send(&f->r, "");
    pass(&f->w, NSEC_PER_SEC);
}

/* What came behind the head, or since the last look. */
static str heard(struct fixture *f) {
    str in = buf_str(&f->r.in);
    ssize_t end = str_find(in, STR("\r\n\r\n"));
    return str_starts(in, STR("HTTP")) ? str_slice(in, (size_t)end + 4, in.n) : in;
}

TEST(writes_are_messages_and_pings_are_answered) {
    struct fixture f;
    start(&f, HANDSHAKE "\r\n");
    REQUIRE(f.x != NULL);
    CHECK(has_text(buf_str(&f.r.in), "HTTP/1.1 101 Switching Protocols\r\n"));
    CHECK(has_text(buf_str(&f.r.in), "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    CHECK(has_text(buf_str(&f.r.in), "Sec-WebSocket-Protocol: chat\r\n"));
    exchange_write(f.x, STR("one"));
    exchange_write(f.x, STR(""));
    exchange_write(f.x, STR("two"));
    pass(&f.w, NSEC_PER_SEC);
    CHECK(str_eq(heard(&f), STR("\x81\x03one\x81\x00\x81\x03two")));
    buf_clear(&f.r.in);
    send_frame(&f, WEBSOCKET_TEXT, STR("nobody listens"));
    send_frame(&f, WEBSOCKET_PING, STR("there?"));
    CHECK_STRC(heard(&f), "\x8a\x06there?");
    buf_clear(&f.r.in);
    exchange_end(TAKE(f.x));
    pass(&f.w, 3 * NSEC_PER_SEC);
    CHECK_STRC(heard(&f), "\x88\x02\x03\xe8");
    CHECK(f.r.end);
    CHECK_INT(f.aborts, 0);
    stop(&f);
}

TEST(the_peers_close_is_heard) {
    struct fixture f;
    start(&f, HANDSHAKE "\r\n");
    send_frame(&f, WEBSOCKET_CLOSE, STR("\x03\xe8"));
    pass(&f.w, 3 * NSEC_PER_SEC);
    CHECK_STRC(heard(&f), "\x88\x02\x03\xe8");
    CHECK(f.r.end);
    CHECK_INT(f.aborts, 1);
    stop(&f);
}

TEST(what_is_no_websocket_ends_it) {
    static const struct {
        const char *bytes;
        unsigned code;
    } cases[] = {{"\x81\x05hello", WEBSOCKET_PROTOCOL},
                 {"\xff\xff\xff\xff\xff\xff", WEBSOCKET_PROTOCOL},
                 {"\x82\xff\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01", WEBSOCKET_TOO_BIG}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;
        start(&f, HANDSHAKE "\r\n");
        raw_send(&f.r, cases[i].bytes);
        pass(&f.w, 3 * NSEC_PER_SEC);
        CHECK_INT(heard(&f).n, 4);
        CHECK_INT((uint8_t)heard(&f).p[2] << 8 | (uint8_t)heard(&f).p[3], cases[i].code);
        CHECK(f.r.end);
        CHECK_INT(f.aborts, 1);
        stop(&f);
    }
}

/* A peer that pings and does not read costs what a slow reader of any answer does. */
TEST(a_flood_of_pings_is_bounded) {
    struct fixture f;
    static const uint8_t mask[4] = {1, 1, 1, 1};
    static char payload[WEBSOCKET_CONTROL_MAX];
    start(&f, HANDSHAKE "\r\n");
    stream_want(f.r.s, 0);
    f.r.no_read = true;
    size_t before = f.r.at;
    for (unsigned i = 0; i < 20000; i++)
        websocket_put(&f.r.out, WEBSOCKET_PING, str_n(payload, sizeof(payload)), mask);
    raw_send(&f.r, "");
    pass(&f.w, 10 * NSEC_PER_SEC);
    CHECK(f.r.at - before < HTTP_OUT_HIGH + 4 * SIM_PIPE_BYTES);
    pass(&f.w, HTTP_BODY_TIMEOUT);
    CHECK_INT(f.aborts, 1);
    stop(&f);
}

TEST(requests_that_cannot_become_one) {
    static const char *const heads[] = {
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: short\r\n\r\n",
        HANDSHAKE "Content-Length: 3\r\n\r\nabc",
    };
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        struct fixture f;
        start(&f, heads[i]);
        CHECK_INT(f.started, -EINVAL);
        CHECK(has_text(buf_str(&f.r.in), "HTTP/1.1 400 "));
        stop(&f);
    }
}
