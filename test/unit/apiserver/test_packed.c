// SPDX-License-Identifier: Apache-2.0
/* Which answers are gzipped, and that they say the same as without. */
#include <zlib.h>

#include "apiserver/encoding/packed.h"
#include "server_test.h"

#define CM "/api/v1/namespaces/default/configmaps"

struct packed_answer {
    bool done;
    int code;
    str encoding, vary, body;
    struct arena *a;
};

static void on_packed(void *ctx, int r, int status, const struct http_headers *h, str body,
                      bool maybe_sent) {
    struct packed_answer *p = ctx;
    p->code = status;
    p->encoding = str_dup(p->a, http_header_get(h, "Content-Encoding"));
    p->vary = str_dup(p->a, http_header_get(h, "Vary"));
    p->body = str_dup(p->a, body);
    p->done = true;
}

static bool is_done(void *ctx) {
    return ((struct packed_answer *)ctx)->done;
}

static struct packed_answer ask(struct world *w, const char *target, const char *encodings,
                                const char *accept) {
    struct http_header h[] = {{STR("Accept"), str_of(accept ? accept : "application/json")},
                              {STR("Accept-Encoding"), str_of(encodings)}};
    struct packed_answer p = {.a = w->arena};
    http_client_call(w->client, &(struct http_call_options){.method = "GET",
                                                            .target = str_of(target),
                                                            .headers = h,
                                                            .n_headers = encodings ? 2 : 1,
                                                            .on_done = on_packed,
                                                            .ctx = &p});
    CHECK(loop_run_until(w->l, is_done, &p, 60 * NSEC_PER_SEC));
    return p;
}

static str unpacked(struct world *w, str packed) {
    size_t room = 16 << 20;
    char *out = arena_alloc(w->arena, room);
    z_stream z = {.next_in = (Bytef *)(uintptr_t)packed.p,
                  .avail_in = (uInt)packed.n,
                  .next_out = (Bytef *)out,
                  .avail_out = (uInt)room};
    REQUIRE(inflateInit2(&z, 15 + 16) == Z_OK);
    CHECK_INT(inflate(&z, Z_FINISH), Z_STREAM_END);
    inflateEnd(&z);
    return str_n(out, room - z.avail_out);
}

static void fill(struct world *w, unsigned n, size_t size) {
    char *text = arena_alloc(w->arena, size);
    for (size_t i = 0; i < size; i++)
        text[i] = (char)('a' + (i * i / 7) % 26);
    for (unsigned i = 0; i < n; i++) {
        str body = str_printf(w->arena,
                              "{\"metadata\":{\"name\":\"c%u\"},\"data\":{\"k\":\"" STR_FMT "\"}}",
                              i, STR_ARG(str_n(text, size)));
        CHECK_INT(call(w, "POST", CM, NULL, body.p).code, 201);
    }
}

TEST(large_lists_and_objects_are_packed) {
    struct world w;
    world_init(&w);
    fill(&w, 8, 200000);
    static const struct {
        const char *target, *accept;
    } cases[] = {
        {CM, NULL},
        {CM, "application/vnd.kubernetes.protobuf"},
        {CM, "application/yaml"},
        {CM "?pretty=1", NULL},
        {CM "/c3", NULL},
        {CM "?limit=2", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct packed_answer plain = ask(&w, cases[i].target, NULL, cases[i].accept);
        CHECK_INT(plain.encoding.n, 0);
        struct packed_answer p = ask(&w, cases[i].target, "deflate, gzip", cases[i].accept);
        CHECK_INT(p.code, 200);
        CHECK_STRC(p.encoding, "gzip");
        CHECK_STRC(p.vary, "Accept-Encoding");
        CHECK(p.body.n < plain.body.n / 2);
        if (i == 5) /* its token is the same, but it stands on its own */
            continue;
        CHECK(str_eq(unpacked(&w, p.body), plain.body));
    }
    world_done(&w);
}

TEST(metrics_are_packed_however_short) {
    struct world w;
    world_init_with(&w, &(struct world_options){.with_metrics = true});
    struct packed_answer p = ask(&w, "/metrics", "gzip", NULL);
    CHECK_STRC(p.encoding, "gzip");
    CHECK(str_starts(unpacked(&w, p.body), STR("# HELP ")));
    CHECK_INT(ask(&w, "/metrics", NULL, NULL).encoding.n, 0);
    world_done(&w);
}

TEST(small_answers_watches_and_other_encodings_are_not) {
    struct world w;
    world_init(&w);
    fill(&w, 1, 100000);
    CHECK_INT(ask(&w, CM, "gzip", NULL).encoding.n, 0);
    CHECK_INT(ask(&w, CM "/c0", "gzip", NULL).encoding.n, 0);
    call(&w, "DELETE", CM "/c0", NULL, NULL);
    fill(&w, 3, 200000);
    CHECK_INT(ask(&w, CM, "br, deflate, gzipped, gzip;q=0.5", NULL).encoding.n, 0);
    struct packed_answer p = ask(&w, CM "?watch=1&timeoutSeconds=1", "gzip", NULL);
    CHECK_INT(p.encoding.n, 0);
    CHECK(p.body.n > 600000);
    world_done(&w);
}
