// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"
#include "net/http1_parse.h"
#include "net/server.h"
#include "tap.h"

/* Scan and parse as the server does; HTTP status, 0 when good, -1 when incomplete. */
static int try_request(struct arena *a, str text, struct http1_request *q) {
    struct http1_scan s = {0};
    ssize_t n = http1_head_scan(&s, text.p, text.n, HTTP_HEAD_MAX);
    if (n == 0)
        return -1;
    if (n < 0)
        return http1_error_status((int)n);
    int r = http1_request_parse(a, str_n(text.p, (size_t)n), q);
    return r < 0 ? http1_error_status(r) : 0;
}

#define H "Host: x\r\n"
static const struct {
    const char *name, *text;
    int status;
} requests[] = {
    {"plain", "GET / HTTP/1.1\r\n" H "\r\n", 0},
    {"query", "GET /a?b=c HTTP/1.1\r\n" H "\r\n", 0},
    {"absolute", "GET http://h/a?b HTTP/1.1\r\n" H "\r\n", 0},
    {"star", "OPTIONS * HTTP/1.1\r\n" H "\r\n", 0},
    {"1.0 without host", "GET / HTTP/1.0\r\n\r\n", 0},
    {"length", "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\n", 0},
    {"chunked", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n", 0},
    {"empty value", "GET / HTTP/1.1\r\n" H "X:\r\n\r\n", 0},
    {"tabs around value", "GET / HTTP/1.1\r\n" H "X:\t a\tb \t\r\n\r\n", 0},
    {"high bytes in value", "GET / HTTP/1.1\r\n" H "X: \xc3\xa9\r\n\r\n", 0},
    {"incomplete", "GET / HTTP/1.1\r\n" H "\r", -1},
    {"bare LF", "GET / HTTP/1.1\n" H "\n", 400},
    {"bare LF in header", "GET / HTTP/1.1\r\nHost: x\n\r\n", 400},
    {"bare CR", "GET / HTTP/1.1\r\nHost: x\rY: z\r\n\r\n", 400},
    {"CR CR LF", "GET / HTTP/1.1\r\nHost: x\r\r\n\r\n", 400},
    {"cut in a header", "GET / HTTP/1.1\r\nHost: x", -1},
    {"obs-fold", "GET / HTTP/1.1\r\nHost: x\r\n y\r\n\r\n", 400},
    {"fold after request line", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400},
    {"space before colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400},
    {"space in name", "GET / HTTP/1.1\r\n" H "A b: x\r\n\r\n", 400},
    {"no colon", "GET / HTTP/1.1\r\n" H "Ab\r\n\r\n", 400},
    {"empty name", "GET / HTTP/1.1\r\n" H ": x\r\n\r\n", 400},
    {"control in value", "GET / HTTP/1.1\r\n" H "A: \x01\r\n\r\n", 400},
    {"DEL in value", "GET / HTTP/1.1\r\n" H "A: \x7f\r\n\r\n", 400},
    {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
    {"two hosts", "GET / HTTP/1.1\r\n" H H "\r\n", 400},
    {"space in host", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
    {"CL and TE", "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
     400},
    {"two CL", "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},
    {"CL list", "POST / HTTP/1.1\r\n" H "Content-Length: 1, 1\r\n\r\n", 400},
    {"CL sign", "POST / HTTP/1.1\r\n" H "Content-Length: +1\r\n\r\n", 400},
    {"CL negative", "POST / HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\n", 400},
    {"CL hex", "POST / HTTP/1.1\r\n" H "Content-Length: 0x1\r\n\r\n", 400},
    {"CL empty", "POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n", 400},
    {"CL overflow", "POST / HTTP/1.1\r\n" H "Content-Length: 99999999999999999999\r\n\r\n", 400},
    {"TE gzip", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
    {"TE identity", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n", 501},
    {"two TE",
     "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
     400},
    {"TE in 1.0", "POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n", 400},
    {"expectation", "POST / HTTP/1.1\r\n" H "Expect: a miracle\r\nContent-Length: 1\r\n\r\n", 417},
    {"no version", "GET /\r\n" H "\r\n", 400},
    {"version 2", "GET / HTTP/2.0\r\n" H "\r\n", 505},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\n", 505},
    {"version 1.2", "GET / HTTP/1.2\r\n" H "\r\n", 505},
    {"version case", "GET / http/1.1\r\n" H "\r\n", 400},
    {"version long", "GET / HTTP/1.10\r\n" H "\r\n", 400},
    {"two spaces", "GET  / HTTP/1.1\r\n" H "\r\n", 400},
    {"space behind version", "GET / HTTP/1.1 \r\n" H "\r\n", 400},
    {"leading space", " GET / HTTP/1.1\r\n" H "\r\n", 400},
    {"method characters", "G(T / HTTP/1.1\r\n" H "\r\n", 400},
    {"CONNECT", "CONNECT a:1 HTTP/1.1\r\n" H "\r\n", 501},
    {"relative target", "GET a HTTP/1.1\r\n" H "\r\n", 400},
    {"star with GET", "GET * HTTP/1.1\r\n" H "\r\n", 400},
    {"fragment", "GET /#a HTTP/1.1\r\n" H "\r\n", 400},
    {"control in target", "GET /\x01 HTTP/1.1\r\n" H "\r\n", 400},
    {"high byte in target", "GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n", 400},
    {"bad escape", "GET /%zz HTTP/1.1\r\n" H "\r\n", 400},
    {"cut escape", "GET /% HTTP/1.1\r\n" H "\r\n", 400},
    {"empty", "\r\n\r\n", 400},
};

TEST(requests_good_and_bad) {
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        struct arena a;
        struct http1_request q;
        arena_init(&a, 0);
        int status = try_request(&a, str_of(requests[i].text), &q);
        if (status != requests[i].status)
            tap_diag("case: %s", requests[i].name);
        CHECK_INT(status, requests[i].status);
        arena_done(&a);
    }
}

TEST(nul_is_refused) {
    struct arena a;
    struct http1_request q;
    arena_init(&a, 0);
    CHECK_INT(try_request(&a, STR("GET / HTTP/1.1\r\nHost: x\0y\r\n\r\n"), &q), 400);
    arena_done(&a);
}

TEST(request_fields) {
    struct arena a;
    struct http1_request q;
    arena_init(&a, 0);
    REQUIRE(try_request(&a,
                        STR("POST /api/v1/pods?watch=1&x=%20 HTTP/1.1\r\nhOst: h:1\r\nA: b \r\n"
                            "Content-Length: 12\r\nExpect: 100-continue\r\nConnection: x, Close\r\n"
                            "\r\n"),
                        &q) == 0);
    CHECK_STRC(q.method, "POST");
    CHECK_STRC(q.path, "/api/v1/pods");
    CHECK_STRC(q.query, "watch=1&x=%20");
    CHECK_STRC(http_header_get(&q.headers, "HOST"), "h:1");
    CHECK_STRC(http_header_get(&q.headers, "a"), "b");
    CHECK_INT(q.body_length, 12);
    CHECK(q.expect_continue);
    CHECK(!q.keep_alive);
    REQUIRE(try_request(&a, STR("GET http://other/p HTTP/1.1\r\nHost: h\r\n\r\n"), &q) == 0);
    CHECK_STRC(q.path, "/p");
    CHECK(q.keep_alive);
    arena_done(&a);
}

static struct buf repeat(const char *head, const char *what, size_t n, const char *tail) {
    struct buf b = {0};
    buf_add(&b, str_of(head));
    for (size_t i = 0; i < n; i++)
        buf_add(&b, str_of(what));
    buf_add(&b, str_of(tail));
    return b;
}

TEST(limits_of_heads) {
    struct arena a;
    struct http1_request q;
    arena_init(&a, 0);
    struct buf b = repeat("GET /", "a", HTTP_TARGET_MAX - 1, " HTTP/1.1\r\n" H "\r\n");
    CHECK_INT(try_request(&a, buf_str(&b), &q), 0);
    buf_done(&b);
    b = repeat("GET /", "a", HTTP_TARGET_MAX, " HTTP/1.1\r\n" H "\r\n");
    CHECK_INT(try_request(&a, buf_str(&b), &q), 414);
    buf_done(&b);
    b = repeat("GET /", "a", HTTP_TARGET_MAX + 200, "");
    CHECK_INT(try_request(&a, buf_str(&b), &q), 414);
    buf_done(&b);
    b = repeat("GET / HTTP/1.1\r\n" H, "a: b\r\n", HTTP_HEADERS_MAX, "\r\n");
    CHECK_INT(try_request(&a, buf_str(&b), &q), 431);
    buf_done(&b);
    b = repeat("GET / HTTP/1.1\r\n" H, "a: b\r\n", HTTP_HEADERS_MAX - 1, "\r\n");
    CHECK_INT(try_request(&a, buf_str(&b), &q), 0);
    buf_done(&b);
    b = repeat("GET / HTTP/1.1\r\n" H "a: ", "b", HTTP_HEAD_MAX, "");
    CHECK_INT(try_request(&a, buf_str(&b), &q), 431);
    buf_done(&b);
    arena_done(&a);
}

TEST(scan_finds_the_end_at_any_cut) {
    str text = STR("GET / HTTP/1.1\r\nHost: x\r\n\r\nrest");
    size_t len = text.n - 4;
    for (size_t cut = 0; cut < text.n; cut++) {
        struct http1_scan s = {0};
        ssize_t n = http1_head_scan(&s, text.p, cut, HTTP_HEAD_MAX);
        CHECK_INT(n, cut < len ? 0 : (ssize_t)len);
        if (cut < len)
            CHECK_INT(http1_head_scan(&s, text.p, text.n, HTTP_HEAD_MAX), (ssize_t)len);
    }
}

/* The body of text, fed `step` bytes at a time; consumed bytes or negative errno. */
static ssize_t decode(str text, int64_t length, size_t step, struct buf *out) {
    struct http1_body b;
    size_t at = 0;
    http1_body_init(&b, length);
    while (at < text.n && !http1_body_done(&b)) {
        size_t end = MIN(text.n, at + step);
        while (at < end && !http1_body_done(&b)) {
            str data;
            ssize_t n = http1_body_feed(&b, text.p + at, end - at, &data);
            if (n < 0)
                return n;
            CHECK(n > 0);
            at += (size_t)n;
            buf_add(out, data);
        }
    }
    return http1_body_done(&b) ? (ssize_t)at : 0;
}

static const struct {
    const char *text, *body; /* NULL: refused */
    size_t rest;
} chunked[] = {
    {"0\r\n\r\n", "", 0},
    {"5\r\nhello\r\n0\r\n\r\n", "hello", 0},
    {"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\nGET", "hello!", 3},
    {"A\r\n0123456789\r\n0\r\n\r\n", "0123456789", 0},
    {"a;x=y;z=\"q\"\r\n0123456789\r\n0;last\r\n\r\n", "0123456789", 0},
    {"0005\r\nhello\r\n000\r\n\r\n", "hello", 0},
    {"0\r\nTrailer: x\r\nOther: y\r\n\r\n", "", 0},
    {"5\r\nhello0\r\n\r\n", NULL, 0},
    {"5\r\nhello\n0\r\n\r\n", NULL, 0},
    {"5\r\nhello\rX0\r\n\r\n", NULL, 0},
    {"5\nhello\r\n0\r\n\r\n", NULL, 0},
    {"\r\nhello", NULL, 0},
    {"5 \r\nhello\r\n0\r\n\r\n", NULL, 0},
    {" 5\r\nhello\r\n0\r\n\r\n", NULL, 0},
    {"0x5\r\nhello\r\n0\r\n\r\n", NULL, 0},
    {"-5\r\nhello", NULL, 0},
    {"+5\r\nhello", NULL, 0},
    {"g\r\n", NULL, 0},
    {"fffffffffffffffff\r\n", NULL, 0},
    {"5;a\nb\r\nhello\r\n0\r\n\r\n", NULL, 0},
    {"5;a\x01\r\nhello\r\n0\r\n\r\n", NULL, 0},
    {"0\r\nA: b\n\r\n", NULL, 0},
    {"0\r\nA: b\rx\r\n\r\n", NULL, 0},
};

TEST(chunked_bodies_at_every_piece_size) {
    for (size_t i = 0; i < ARRAY_LEN(chunked); i++) {
        str text = str_of(chunked[i].text);
        for (size_t step = 1; step <= text.n; step++) {
            CLEANUP(buf_done) struct buf out = {0};
            ssize_t n = decode(text, HTTP1_BODY_CHUNKED, step, &out);
            if (!chunked[i].body) {
                CHECK_INT(n, -EBADMSG);
                continue;
            }
            CHECK_INT(n, (ssize_t)(text.n - chunked[i].rest));
            CHECK_STRC(buf_str(&out), chunked[i].body);
        }
    }
}

TEST(chunk_framing_is_bounded) {
    struct buf b = repeat("5;", "x", HTTP1_CHUNK_LINE_MAX + 1, "\r\nhello\r\n0\r\n\r\n"), out = {0};
    CHECK_INT(decode(buf_str(&b), HTTP1_BODY_CHUNKED, 100, &out), -EBADMSG);
    buf_done(&b);
    b = repeat("0\r\n", "A: bcdefgh\r\n", HTTP1_TRAILERS_MAX / 8, "\r\n");
    CHECK_INT(decode(buf_str(&b), HTTP1_BODY_CHUNKED, 100, &out), -EBADMSG);
    buf_done(&b);
    b = repeat("", "1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n", 1000, "");
    CHECK_INT(decode(buf_str(&b), HTTP1_BODY_CHUNKED, 100, &out), -EBADMSG);
    buf_done(&b);
    buf_done(&out);
}

TEST(bodies_by_length_and_until_close) {
    CLEANUP(buf_done) struct buf out = {0};
    CHECK_INT(decode(STR("helloGET"), 5, 3, &out), 5);
    CHECK_STRC(buf_str(&out), "hello");
    CHECK_INT(decode(STR("more"), HTTP1_BODY_UNTIL_CLOSE, 3, &out), 0);
    CHECK_STRC(buf_str(&out), "hellomore");
}

static int try_response(struct arena *a, const char *text, bool to_head, struct http1_response *q) {
    struct http1_scan s = {0};
    ssize_t n = http1_head_scan(&s, text, strlen(text), HTTP_HEAD_MAX);
    return n <= 0 ? (int)n : http1_response_parse(a, str_n(text, (size_t)n), to_head, q);
}

TEST(responses) {
    struct arena a;
    struct http1_response q;
    arena_init(&a, 0);
    CHECK_INT(try_response(&a, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", false, &q), 0);
    CHECK_INT(q.status, 200);
    CHECK_INT(q.body_length, 3);
    CHECK(q.keep_alive);
    CHECK_INT(try_response(&a, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true, &q), 0);
    CHECK_INT(q.body_length, 0);
    CHECK_INT(try_response(&a, "HTTP/1.1 204\r\n\r\n", false, &q), 0);
    CHECK_INT(q.body_length, 0);
    CHECK_INT(try_response(&a, "HTTP/1.1 304 \r\nContent-Length: 9\r\n\r\n", false, &q), 0);
    CHECK_INT(q.body_length, 0);
    CHECK_INT(try_response(&a, "HTTP/1.0 200 OK\r\n\r\n", false, &q), 0);
    CHECK_INT(q.body_length, HTTP1_BODY_UNTIL_CLOSE);
    CHECK(!q.keep_alive);
    CHECK_INT(try_response(&a, "HTTP/1.1 20 OK\r\n\r\n", false, &q), -EBADMSG);
    CHECK_INT(try_response(&a, "HTTP/1.1 2000 OK\r\n\r\n", false, &q), -EBADMSG);
    CHECK_INT(try_response(&a, "HTTP/1.1 099 OK\r\n\r\n", false, &q), -EBADMSG);
    CHECK_INT(try_response(&a, "ICY 200 OK\r\n\r\n", false, &q), -EBADMSG);
    CHECK_INT(try_response(&a, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n",
                           false, &q),
              -EBADMSG);
    arena_done(&a);
}

TEST(queries) {
    struct arena a;
    struct query q;
    str s;
    arena_init(&a, 0);
    CHECK_INT(query_parse(&a, STR("a=1&b=x+y%20z&&c&a=2&d="), &q), 0);
    CHECK_INT(q.n, 5);
    CHECK_STRC(query_get(&q, "a"), "1");
    CHECK_STRC(query_get(&q, "b"), "x y z");
    CHECK(query_has(&q, "c"));
    CHECK_STRC(query_get(&q, "d"), "");
    CHECK(!query_has(&q, "e"));
    CHECK_INT(query_parse(&a, STR("a=%z&b=1"), &q), -EINVAL);
    CHECK_STRC(query_get(&q, "b"), "1");
    CHECK_INT(url_decode(&a, STR("a%2Fb+c"), false, &s), 0);
    CHECK_STRC(s, "a/b+c");
    CHECK_INT(url_decode(&a, STR("%4"), false, &s), -EINVAL);
    CHECK_STRC(url_encode(&a, STR("a b/c=\xff~")), "a%20b%2Fc%3D%FF~");
    arena_done(&a);
}
