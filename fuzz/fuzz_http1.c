// SPDX-License-Identifier: Apache-2.0
/* HTTP/1.1 from outside. The first byte chooses what reads the rest:
 *   'q' a request's head and body, 'r' an answer's: the same in one piece and in small ones
 *   's' a whole server, over the simulated network
 *   'u' queries and percent-encoding
 *   't' the header of a token */
#include "loop/transport_sim.h"
#include "net/http1_parse.h"
#include "net/jwt_header.h"
#include "net/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct parsed {
    ssize_t head; /* as the scan said */
    int r;        /* as the parser said */
    ssize_t body;
    struct buf content;
};

static ssize_t scan(str in, size_t step) {
    struct http1_scan s = {0};
    ssize_t n = 0;
    for (size_t at = 0; n == 0 && at < in.n;) {
        at = MIN(in.n, at + step);
        n = http1_head_scan(&s, in.p, at, HTTP_HEAD_MAX);
    }
    return n;
}

static ssize_t decode(str in, int64_t length, size_t step, struct buf *out) {
    struct http1_body b;
    size_t at = 0;
    http1_body_init(&b, length);
    while (at < in.n && !http1_body_done(&b)) {
        str piece;
        ssize_t n = http1_body_feed(&b, in.p + at, MIN(step, in.n - at), &piece);
        if (n < 0)
            return n;
        ASSERT(n > 0 && (size_t)n <= in.n - at);
        ASSERT(!piece.n || (piece.p >= in.p + at && piece.p + piece.n <= in.p + at + n));
        buf_add(out, piece);
        at += (size_t)n;
    }
    return http1_body_done(&b) ? (ssize_t)at : 0;
}

static void check_headers(const struct http_headers *h) {
    ASSERT(h->n <= HTTP_HEADERS_MAX);
    for (uint32_t i = 0; i < h->n; i++)
        ASSERT(http1_token_valid(h->v[i].name) && http1_field_value_valid(h->v[i].value));
}

static struct parsed parse(str in, bool is_request, size_t step) {
    struct parsed p = {.head = scan(in, step)};
    struct arena a;
    int64_t length = 0;
    if (p.head <= 0)
        return p;
    arena_init(&a, 0);
    str head = str_n(in.p, (size_t)p.head);
    if (is_request) {
        struct http1_request q;
        p.r = http1_request_parse(&a, head, &q);
        if (p.r == 0) {
            check_headers(&q.headers);
            ASSERT(q.target.n && q.path.n + q.query.n <= q.target.n);
            length = q.body_length;
        }
    } else {
        struct http1_response q;
        p.r = http1_response_parse(&a, head, false, &q);
        if (p.r == 0) {
            check_headers(&q.headers);
            ASSERT(q.status >= 100 && q.status <= 599);
            length = q.body_length;
        }
    }
    if (p.r == 0)
        p.body = decode(str_slice(in, head.n, in.n), length, step, &p.content);
    arena_done(&a);
    return p;
}

static void fuzz_parser(str in, bool is_request) {
    static const size_t steps[] = {1, 2, 7, 64};
    struct parsed whole = parse(in, is_request, in.n ? in.n : 1);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct parsed p = parse(in, is_request, steps[i]);
        ASSERT(p.head == whole.head && p.r == whole.r && p.body == whole.body);
        ASSERT(str_eq(buf_str(&p.content), buf_str(&whole.content)));
        buf_done(&p.content);
    }
    buf_done(&whole.content);
}

static void answer(struct exchange *x, int r, str body) {
    exchange_respond(x, r < 0 ? 400 : 200, NULL, 0, body);
}

static void ignore_abort(struct exchange *x) {}

static void handle(void *ctx, struct exchange *x) {
    x->on_abort = ignore_abort;
    if (str_eq(x->method, STR("GET")))
        exchange_respond(x, 200, NULL, 0, x->target);
    else
        exchange_read_body(x, 1000, answer);
}

struct peer {
    struct stream *s;
    str text;
    bool shut;
};

static void peer_ready(struct stream *s, unsigned events) {
    struct peer *p = s->ctx;
    char bytes[4096];
    if (events & IO_WRITE && p->text.n) {
        struct iovec v = {(char *)(uintptr_t)p->text.p, p->text.n};
        ssize_t n = stream_writev(s, &v, 1);
        if (n > 0)
            p->text = str_slice(p->text, (size_t)n, p->text.n);
        else if (n != -EAGAIN)
            p->text = STR_NONE;
    }
    if (!p->text.n && !p->shut) {
        p->shut = true;
        s->ops->shutdown(s);
    }
    ssize_t n = stream_read(s, bytes, sizeof(bytes));
    bool over = n == 0 || (n < 0 && n != -EAGAIN);
    stream_want(s, over ? 0 : IO_READ | (p->text.n ? IO_WRITE : 0));
}

static void peer_connected(void *ctx, int r, struct stream *s) {
    struct peer *p = ctx;
    if (r < 0)
        return;
    p->s = s;
    s->ctx = p;
    s->ready = peer_ready;
    stream_want(s, IO_READ | IO_WRITE);
}

static bool never(void *ctx) {
    return false;
}

static void fuzz_server(str in) {
    struct env_sim sim;
    struct loop *l;
    struct http_server *s;
    struct connect *connect;
    struct err e;
    struct peer p = {.text = in};
    struct http_server_options o = {.addresses = (const char *const[]){"sim:fuzz", NULL},
                                    .handler = handle};
    env_sim_init(&sim, in.n);
    loop_env_sim(&sim);
    ASSERT(loop_new_sim(&sim, &l) == 0);
    ASSERT(http_server_new(l, &o, &e, &s) == 0);
    ASSERT(transport_connect(l, "sim:fuzz", peer_connected, &p, &connect) == 0);
    loop_run_until(l, never, NULL, 200 * NSEC_PER_SEC);
    stream_close(p.s);
    http_server_free(s);
    loop_free(l);
    loop_env_done(&sim.env);
    env_sim_done(&sim);
}

static void fuzz_url(str in) {
    struct arena a;
    struct query q;
    str plain, again;
    arena_init(&a, 0);
    query_parse(&a, in, &q);
    if (url_decode(&a, in, true, &plain) == 0) {
        ASSERT(url_decode(&a, url_encode(&a, plain), false, &again) == 0);
        ASSERT(str_eq(plain, again));
    }
    arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    str in = str_n((const char *)data + 1, size ? size - 1 : 0), alg;
    if (!size)
        return 0;
    if (data[0] == 'q' || data[0] == 'r')
        fuzz_parser(in, data[0] == 'q');
    else if (data[0] == 's')
        fuzz_server(in);
    else if (data[0] == 'u')
        fuzz_url(in);
    else if (data[0] == 't' && jwt_header_alg(in, &alg) == 0)
        ASSERT(alg.p >= in.p && alg.p + alg.n <= in.p + in.n);
    return 0;
}
