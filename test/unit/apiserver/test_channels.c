// SPDX-License-Identifier: Apache-2.0
/* A client's WebSocket joined with a kubelet's SPDY: both are played byte by byte on the simulated
 * network, which gives and takes pieces at random. */
#include "../net/net_test.h"
#include "apiserver/connect/channels.h"
#include "net/spdy.h"
#include "net/websocket.h"

enum { STDIN, STDOUT, STDERR, STATUS, RESIZE };

struct fixture {
    struct world w;
    struct listener *at[2];
    struct raw client, kubelet;
    struct stream *ours[2];
    struct channels *c;
    unsigned ended;
    struct buf heard[5]; /* by the client, by channel */
    struct buf pongs;
    unsigned closed; /* code of the close the client has heard, or 0 */
    size_t parsed;
};

static const uint8_t mask[4] = {1, 2, 3, 4};
static const struct channels_options all = {.in = true, .out = true, .err = true};

static void on_end(void *ctx) {
    struct fixture *f = ctx;
    f->ended++;
    f->c = channels_free(f->c);
}

static void on_accepted(struct listener *l, struct stream *s) {
    struct stream **to = l->ctx;
    *to = s;
}

static void connect_both(struct fixture *f) {
    struct err e;
    static const char *const names[] = {"sim:client", "sim:kubelet"};
    *f = (struct fixture){0};
    world_init(&f->w);
    for (int i = 0; i < 2; i++) {
        REQUIRE(transport_listen(f->w.l, names[i], &e, &f->at[i]) == 0);
        f->at[i]->accepted = on_accepted;
        f->at[i]->ctx = &f->ours[i];
    }
    raw_connect(&f->client, f->w.l, names[0]);
    raw_connect(&f->kubelet, f->w.l, names[1]);
    pass(&f->w, NSEC_PER_SEC);
    REQUIRE(f->ours[0] && f->ours[1]);
}

static void start(struct fixture *f, const struct channels_options *o) {
    connect_both(f);
    f->c =
        channels_new(f->w.l, TAKE(f->ours[0]), STR_NONE, TAKE(f->ours[1]), STR_NONE, o, on_end, f);
    pass(&f->w, NSEC_PER_SEC);
}

static void stop(struct fixture *f) {
    channels_free(f->c);
    raw_done(&f->client);
    raw_done(&f->kubelet);
    for (int i = 0; i < 2; i++) {
        stream_close(f->ours[i]);
        listener_close(f->at[i]);
    }
    for (int i = 0; i < 5; i++)
        buf_done(&f->heard[i]);
    buf_done(&f->pongs);
    world_done(&f->w);
}

/* ---- the client ---- */

static void message(struct fixture *f, enum websocket_opcode opcode, str data) {
    websocket_put(&f->client.out, opcode, data, mask);
}

static void say(struct fixture *f, const char *bytes, size_t n) {
    message(f, WEBSOCKET_BINARY, str_n(bytes, n));
    raw_send(&f->client, "");
    pass(&f->w, NSEC_PER_SEC);
}
#define SAY(f, lit) say(f, lit, sizeof(lit) - 1)

/* Sorts what the client has got since the last time. */
static void listen(struct fixture *f) {
    struct websocket_reader r;
    int channel = -1;
    websocket_reader_init(&r, false);
    while (f->parsed < f->client.in.n && !f->closed) {
        struct websocket_piece piece;
        bool has;
        ssize_t k = websocket_read(&r, f->client.in.p + f->parsed, f->client.in.n - f->parsed,
                                   &piece, &has);
        REQUIRE(k > 0);
        f->parsed += (size_t)k;
        str data = piece.data;
        if (!has)
            continue;
        if (piece.opcode == WEBSOCKET_CLOSE)
            f->closed = (unsigned)(uint8_t)data.p[0] << 8 | (uint8_t)data.p[1];
        if (piece.opcode == WEBSOCKET_PONG)
            buf_add(&f->pongs, data);
        if (piece.opcode != WEBSOCKET_BINARY)
            continue;
        if (piece.first && data.n) {
            channel = data.p[0];
            data = str_slice(data, 1, data.n);
        }
        REQUIRE(channel >= STDOUT && channel <= STATUS);
        buf_add(&f->heard[channel], data);
    }
}

static bool client_hears(struct fixture *f, int channel, const char *text) {
    pass(&f->w, NSEC_PER_SEC);
    listen(f);
    return str_eqc(buf_str(&f->heard[channel]), text);
}

/* ---- the kubelet ---- */

static void control(struct fixture *f, unsigned type, const uint32_t *words, unsigned n) {
    struct buf *b = &f->kubelet.out;
    buf_add(b, str_n("\x80\3\0", 3));
    buf_addc(b, (char)type);
    buf_add(b, str_n("\0\0\0", 3));
    buf_addc(b, (char)(4 * n));
    for (unsigned i = 0; i < n; i++)
        for (int shift = 24; shift >= 0; shift -= 8)
            buf_addc(b, (char)(words[i] >> shift));
}

static void flush(struct fixture *f) {
    raw_send(&f->kubelet, "");
    pass(&f->w, NSEC_PER_SEC);
}

static void reply(struct fixture *f, unsigned streams) {
    for (uint32_t id = 1; id < 2 * streams; id += 2)
        control(f, 2, &id, 1);
    flush(f);
}

/* Ids of the streams when all of in, out and err are asked for: STATUS is opened first. */
enum { ID_STATUS = 1, ID_IN = 3, ID_OUT = 5, ID_ERR = 7 };

static void put(struct fixture *f, uint32_t id, const char *text, bool end) {
    spdy_put_data(&f->kubelet.out, id, str_of(text), end);
}

/* What the kubelet has got on a stream so far, and whether that has ended. */
static bool kubelet_got(struct fixture *f, uint32_t id, struct buf *ret) {
    struct spdy_reader r;
    bool ended = false;
    spdy_reader_init(&r);
    buf_clear(ret);
    for (size_t at = 0; at < f->kubelet.in.n;) {
        struct spdy_piece piece;
        bool has;
        ssize_t k = spdy_read(&r, f->kubelet.in.p + at, f->kubelet.in.n - at, &piece, &has);
        REQUIRE(k > 0);
        at += (size_t)k;
        if (!has || piece.id != id || piece.kind != SPDY_DATA)
            continue;
        CHECK(!ended);
        buf_add(ret, piece.data);
        ended = piece.end;
    }
    return ended;
}

#define SUCCESS "{\"metadata\":{},\"status\":\"Success\"}"

/* ---- tests ---- */

TEST(a_command_from_its_start_to_its_status) {
    struct fixture f;
    struct buf got = {0};
    start(&f, &all);
    str opened = buf_str(&f.kubelet.in);
    static const char *const names[] = {"\5error", "\5stdin", "\6stdout", "\6stderr"};
    for (size_t i = 0, at = 0; i < ARRAY_LEN(names); i++) {
        ssize_t found = str_find(str_slice(opened, at, opened.n), str_of(names[i]));
        REQUIRE(found >= 0);
        at += (size_t)found;
    }
    CHECK(!has_text(opened, "resize"));
    SAY(&f, "\0early");
    CHECK(!kubelet_got(&f, ID_IN, &got));
    CHECK_INT(got.n, 0); /* not before the streams stand */
    reply(&f, 4);
    SAY(&f, "\0 and late");
    SAY(&f, "\4{\"Width\":80}");
    SAY(&f, "\7nobody's");
    CHECK(!kubelet_got(&f, ID_IN, &got));
    CHECK_STRC(buf_str(&got), "early and late");
    SAY(&f, "\xff\0");
    SAY(&f, "\0after the end");
    CHECK(kubelet_got(&f, ID_IN, &got));
    CHECK_STRC(buf_str(&got), "early and late");
    put(&f, ID_OUT, "out", false);
    put(&f, ID_ERR, "err", true);
    put(&f, ID_STATUS, SUCCESS, true);
    flush(&f);
    CHECK(client_hears(&f, STDOUT, "out"));
    CHECK(client_hears(&f, STDERR, "err"));
    CHECK(client_hears(&f, STATUS, "")); /* stdout goes on */
    put(&f, ID_OUT, "put", true);
    flush(&f);
    CHECK(client_hears(&f, STDOUT, "output"));
    CHECK(client_hears(&f, STATUS, SUCCESS));
    CHECK_INT(f.closed, WEBSOCKET_NORMAL);
    CHECK(f.client.end && f.kubelet.end);
    CHECK_INT(f.ended, 0); /* the client's end is waited for */
    stream_close(TAKE(f.client.s));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.ended, 1);
    buf_done(&got);
    stop(&f);
}

TEST(a_terminal) {
    struct fixture f;
    struct buf got = {0};
    start(&f, &(struct channels_options){.in = true, .out = true, .err = true, .tty = true});
    CHECK(!has_text(buf_str(&f.kubelet.in), "stderr"));
    CHECK(has_text(buf_str(&f.kubelet.in), "resize"));
    reply(&f, 4);
    SAY(&f, "\4{\"Width\":80,\"Height\":24}");
    CHECK(!kubelet_got(&f, ID_ERR, &got)); /* the fourth that is opened */
    CHECK_STRC(buf_str(&got), "{\"Width\":80,\"Height\":24}");
    buf_done(&got);
    stop(&f);
}

TEST(large_streams_both_ways) {
    struct fixture f;
    struct buf sent = {0}, got = {0};
    start(&f, &all);
    reply(&f, 4);
    buf_addc(&sent, STDIN);
    for (unsigned i = 0; i < 400000; i++)
        buf_addc(&sent, (char)(i * 7 + i / 255));
    message(&f, WEBSOCKET_BINARY, buf_str(&sent));
    str text = str_slice(buf_str(&sent), 1, sent.n);
    spdy_put_data(&f.kubelet.out, ID_OUT, text, false);
    raw_send(&f.client, "");
    raw_send(&f.kubelet, "");
    pass(&f.w, 60 * NSEC_PER_SEC);
    listen(&f);
    kubelet_got(&f, ID_IN, &got);
    CHECK(str_eq(buf_str(&got), text));
    CHECK(str_eq(buf_str(&f.heard[STDOUT]), text));
    buf_done(&sent);
    buf_done(&got);
    stop(&f);
}

/* How a command ends, as the kubelet says it and as the client hears it. */
TEST(statuses) {
#define INTERNAL(why)                                                                              \
    "{\"metadata\":{},\"status\":\"Failure\",\"message\":\"Internal error occurred: " why          \
    "\",\"reason\":\"InternalError\",\"details\":{\"causes\":[{\"message\":\"" why                 \
    "\"}]},\"code\":500}"
#define NONZERO(causes)                                                                            \
    "{\"metadata\":{},\"status\":\"Failure\",\"message\":\"x\",\"reason\":\"NonZeroExitCode\","    \
    "\"details\":{\"causes\":[" causes "]}}"
    static const char *const cases[][2] = {
        {SUCCESS, SUCCESS},
        {NONZERO("{\"reason\":\"ExitCode\",\"message\":\"7\"}"),
         "{\"metadata\":{},\"status\":\"Failure\",\"message\":\"command terminated with non-zero "
         "exit code: command terminated with exit code 7\",\"reason\":\"NonZeroExitCode\","
         "\"details\":{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"7\"}]}}"},
        {NONZERO("{\"reason\":\"ExitCode\",\"message\":\"700\"}"),
         INTERNAL("error stream protocol error: invalid exit code value \\\"700\\\"")},
        {NONZERO("{\"reason\":\"Other\"}"),
         INTERNAL("error stream protocol error: no ExitCode cause given")},
        {"{\"status\":\"Failure\",\"reason\":\"NonZeroExitCode\"}",
         INTERNAL("error stream protocol error: details must be set")},
        {"{\"status\":\"Failure\",\"message\":\"no such container\"}",
         INTERNAL("no such container")},
        {"{\"status\":\"Maybe\"}", INTERNAL("error stream protocol error: unknown error")},
        {"{}", INTERNAL("error stream protocol error: unknown error")},
    };
    struct arena a;
    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CHECK_STRC(channels_status_text(&a, channels_status(&a, str_of(cases[i][0]))), cases[i][1]);
    str broken = channels_status_text(&a, channels_status(&a, STR("command failed")));
    CHECK(has_text(broken, "Internal error occurred: error stream protocol error: "));
    CHECK(has_text(broken, " in \\\"command failed\\\""));
    arena_done(&a);
}

TEST(a_kubelet_that_fails) {
    static const uint32_t reset_in[] = {ID_IN, 1}, other_version[] = {0};
    struct fixture f;
    for (int i = 0; i < 5; i++) {
        static const char *const why[] = {INTERNAL("Timeout occured"), INTERNAL("Stream reset"),
                                          INTERNAL("error reading from error stream: EOF"),
                                          INTERNAL("error reading from error stream: EOF"),
                                          INTERNAL("the kubelet does not speak SPDY/3.1")};
        start(&f, &all);
        if (i == 0)
            pass(&f.w, CHANNELS_OPEN_TIMEOUT);
        if (i == 1)
            control(&f, 3, reset_in, 2);
        if (i == 2)
            stream_close(TAKE(f.kubelet.s));
        if (i == 3) {
            reply(&f, 4);
            stream_close(TAKE(f.kubelet.s));
        }
        if (i == 4) {
            control(&f, 6, other_version, 1);
            f.kubelet.out.p[1] = 2;
        }
        if (f.kubelet.s)
            flush(&f);
        CHECK(client_hears(&f, STATUS, why[i]));
        CHECK_INT(f.closed, WEBSOCKET_NORMAL);
        pass(&f.w, CHANNELS_LINGER);
        CHECK_INT(f.ended, 1); /* though the client does not end */
        stop(&f);
    }
}

/* As upstream's library ends a session: by resets. */
TEST(resets_are_ends) {
    struct fixture f;
    static const uint32_t resets[][2] = {{ID_OUT, 5}, {ID_ERR, 5}, {ID_STATUS, 5}};
    start(&f, &all);
    reply(&f, 4);
    put(&f, ID_OUT, "out", false);
    put(&f, ID_STATUS, SUCCESS, false);
    for (size_t i = 0; i < ARRAY_LEN(resets); i++)
        control(&f, 3, resets[i], 2);
    flush(&f);
    CHECK(client_hears(&f, STDOUT, "out"));
    CHECK(client_hears(&f, STATUS, SUCCESS));
    stop(&f);
}

TEST(a_client_that_goes) {
    for (int i = 0; i < 3; i++) {
        struct fixture f;
        struct buf got = {0};
        start(&f, &all);
        reply(&f, 4);
        SAY(&f, "\0last words");
        if (i == 0)
            stream_close(TAKE(f.client.s));
        if (i == 1)
            message(&f, WEBSOCKET_CLOSE, STR("\x03\xe8"));
        if (i == 2)
            message(&f, WEBSOCKET_CONTINUATION, STR("of nothing"));
        if (f.client.s)
            raw_send(&f.client, "");
        pass(&f.w, NSEC_PER_SEC);
        listen(&f);
        CHECK_INT(f.closed, i == 0 ? 0 : i == 1 ? WEBSOCKET_NORMAL : WEBSOCKET_PROTOCOL);
        CHECK(kubelet_got(&f, ID_IN, &got));
        CHECK_STRC(buf_str(&got), "last words");
        CHECK(f.kubelet.end);
        CHECK_INT(f.ended, 1);
        buf_done(&got);
        stop(&f);
    }
}

TEST(pings_and_what_a_kubelet_may_not_do) {
    struct fixture f;
    static const uint32_t theirs = 2, odd = 77, opened[] = {2, 0, 0}, away[] = {0, 0};
    start(&f, &all);
    reply(&f, 4);
    size_t before = f.kubelet.in.n;
    control(&f, 6, &theirs, 1);
    control(&f, 6, &odd, 1);
    control(&f, 1, opened, 3);
    control(&f, 7, away, 2);
    put(&f, 99, "a stream that is none", true);
    flush(&f);
    str answer = str_slice(buf_str(&f.kubelet.in), before, f.kubelet.in.n);
    CHECK(str_eq(answer, str_n("\x80\3\0\6\0\0\0\4\0\0\0\2"
                               "\x80\3\0\3\0\0\0\10\0\0\0\2\0\0\0\3",
                               28)));
    message(&f, WEBSOCKET_PING, STR("are you there?"));
    message(&f, WEBSOCKET_PONG, STR("I am"));
    raw_send(&f.client, "");
    CHECK(client_hears(&f, STDOUT, ""));
    CHECK_STRC(buf_str(&f.pongs), "are you there?");
    before = f.kubelet.in.n;
    pass(&f.w, 2 * CHANNELS_PING_PERIOD);
    CHECK_INT(f.kubelet.in.n - before, 24);
    CHECK_INT(f.ended, 0);
    stop(&f);
}

/* Whoever does not read stops the other, whatever that one sends. */
TEST(slow_takers) {
    struct fixture f;
    static char many[4000000];
    start(&f, &all);
    reply(&f, 4);
    f.client.no_read = f.kubelet.no_read = true;
    stream_want(f.client.s, 0);
    stream_want(f.kubelet.s, 0);
    size_t client = f.client.at, kubelet = f.kubelet.at;
    message(&f, WEBSOCKET_BINARY, str_n(many, sizeof(many))); /* its first byte is STDIN */
    spdy_put_data(&f.kubelet.out, ID_OUT, str_n(many, sizeof(many)), false);
    raw_send(&f.client, "");
    raw_send(&f.kubelet, "");
    pass(&f.w, 600 * NSEC_PER_SEC);
    size_t most = CHANNELS_BUFFER + 2 * SIM_PIPE_BYTES + 65536;
    CHECK(f.client.at - client <= most && f.kubelet.at - kubelet <= most);
    CHECK_INT(f.ended, 0);
    stop(&f);
}

TEST(the_client_hears_why_there_is_no_command) {
    struct fixture f;
    connect_both(&f);
    f.c = channels_refuse(f.w.l, TAKE(f.ours[0]), STR("early"), &all, STR(SUCCESS), on_end, &f);
    CHECK(client_hears(&f, STATUS, SUCCESS));
    CHECK_INT(f.closed, WEBSOCKET_NORMAL);
    stream_close(TAKE(f.client.s));
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.ended, 1);
    stop(&f);
}

TEST(what_was_read_before_it_began) {
    struct fixture f;
    struct buf early = {0}, theirs = {0}, got = {0};
    connect_both(&f);
    websocket_put(&early, WEBSOCKET_BINARY, str_n("\0early", 6), mask);
    for (uint32_t id = 1; id < 8; id += 2) {
        buf_add(&theirs, str_n("\x80\3\0\2\0\0\0\4\0\0\0", 11));
        buf_addc(&theirs, (char)id);
    }
    spdy_put_data(&theirs, ID_OUT, STR("prompt"), false);
    f.c = channels_new(f.w.l, TAKE(f.ours[0]), buf_str(&early), TAKE(f.ours[1]), buf_str(&theirs),
                       &all, on_end, &f);
    CHECK(client_hears(&f, STDOUT, "prompt"));
    kubelet_got(&f, ID_IN, &got);
    CHECK_STRC(buf_str(&got), "early");
    buf_done(&early);
    buf_done(&theirs);
    buf_done(&got);
    stop(&f);
}

TEST(noise_from_either_side) {
    for (unsigned i = 0; i < 200; i++) {
        struct fixture f;
        start(&f, &all);
        reply(&f, i % 5);
        struct raw *r = i & 1 ? &f.client : &f.kubelet;
        for (unsigned k = 0; k < 2000; k++) {
            uint8_t byte = (uint8_t)env_random_below(f.w.env, 256);
            buf_addc(&r->out, (char)(k % 8 < 4 && i & 2 ? (k % 4 == 1 ? 3 : byte & 0x83) : byte));
        }
        raw_send(r, "");
        pass(&f.w, 100 * NSEC_PER_SEC);
        stop(&f);
    }
}
