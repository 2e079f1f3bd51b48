// SPDX-License-Identifier: Apache-2.0
/* Watches by their deprecated paths, in time, among slow ones, and across the end of history; lists
 * that go on behind it. */
#include "server_test.h"

#define CM  "/api/v1/namespaces/default/configmaps"
#define WCM "/api/v1/watch/namespaces/default/configmaps"

static void make(struct world *w, const char *ns, const char *name) {
    str path = str_printf(w->arena, "/api/v1/namespaces/%s/configmaps", ns);
    str body = str_printf(w->arena, "{\"metadata\":{\"name\":\"%s\"}}", name);
    CHECK_INT(call(w, "POST", path.p, NULL, body.p).code, 201);
}

TEST(deprecated_paths) {
    struct world w;
    world_init(&w);
    make(&w, "default", "a");
    make(&w, "default", "b");
    make(&w, "kube-system", "c");
    static const struct {
        const char *target, *events;
    } cases[] = {
        {"/api/v1/watch/configmaps?timeoutSeconds=1", "ADDED:a ADDED:b ADDED:c"},
        {WCM "?timeoutSeconds=1", "ADDED:a ADDED:b"},
        {WCM "/b?timeoutSeconds=1", "ADDED:b"},
        {WCM "/none?timeoutSeconds=1", ""},
        {WCM "/b?timeoutSeconds=1&fieldSelector=metadata.name%3Db", "ADDED:b"},
        {"/api/v1/watch/namespaces/default?timeoutSeconds=1", "ADDED:default"},
        {CM "?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Da", "ADDED:a"},
        {CM "?watch=true&timeoutSeconds=1&resourceVersion=0", "ADDED:a ADDED:b"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct answer a = get(&w, cases[i].target, NULL);
        CHECK_INT(a.code, 200);
        CHECK_STRC(events(&w, a.body), cases[i].events);
    }
    struct answer a = get(&w, WCM "/b?fieldSelector=metadata.name%3Da", NULL);
    CHECK_INT(a.code, 400);
    CHECK_STRC(text_at(&w, a.body, "message"),
               "fieldSelector metadata.name doesn't match requested name");
    CHECK_INT(call(&w, "POST", WCM, NULL, "{}").code, 405);
    CHECK_INT(get(&w, "/api/v1/watch/namespaces/default/configmaps/b/status", NULL).code, 404);
    world_done(&w);
}

TEST(a_watch_ends_when_its_time_is_over) {
    struct world w;
    struct answer a;
    world_init(&w);
    int64_t began = loop_now(w.l);
    send_call(&w, &a, "GET", STR(CM "?watch=1&timeoutSeconds=7"), NULL, 0, STR_NONE);
    CHECK(loop_run_until(w.l, is_answered, &a, 60 * NSEC_PER_SEC));
    CHECK_INT(a.r, 0); /* the chunks' end, not the connection's */
    CHECK_INT((loop_now(w.l) - began) / NSEC_PER_SEC, 7);
    send_call(&w, &a, "GET", STR(CM "?watch=1"), NULL, 0, STR_NONE);
    pass(&w, 1800 * NSEC_PER_SEC); /* half an hour at least when none is asked for, an hour at most
                                    */
    CHECK(!a.done);
    CHECK(loop_run_until(w.l, is_answered, &a, 1801 * NSEC_PER_SEC));
    world_done(&w);
}

/* ---- as WebSockets ---- */

struct socket {
    struct world *w;
    struct stream *s;
    struct buf in;
    bool end, refused;
};

static void socket_ready(struct stream *s, unsigned events) {
    struct socket *k = s->ctx;
    char bytes[65536];
    ssize_t n = stream_read(s, bytes, sizeof(bytes));
    if (n > 0)
        buf_add(&k->in, str_n(bytes, (size_t)n));
    else if (n != -EAGAIN) {
        k->end = true;
        stream_want(s, 0);
    }
}

static void on_upgrade(void *ctx, const struct http_headers *h, struct stream *s, str early) {
    struct socket *k = ctx;
    k->s = s;
    buf_add(&k->in, early);
    s->ctx = k;
    s->ready = socket_ready;
    stream_want(s, IO_READ);
}

static void on_refused(void *ctx, int r, int status, const struct http_headers *h, str body,
                       bool maybe_sent) {
    struct socket *k = ctx;
    k->refused = true;
}

static void open_socket(struct socket *k, struct world *w, const char *target, const char *accept,
                        const char *key) {
    *k = (struct socket){.w = w};
    struct http_header h[] = {{STR("Connection"), STR("Upgrade")},
                              {STR("Upgrade"), STR("websocket")},
                              {STR("Sec-WebSocket-Version"), STR("13")},
                              {STR("Sec-WebSocket-Key"), str_of(key)},
                              {STR("Accept"), str_of(accept)}};
    http_client_call(w->client, &(struct http_call_options){.method = "GET",
                                                            .target = str_of(target),
                                                            .headers = h,
                                                            .n_headers = ARRAY_LEN(h),
                                                            .on_upgrade = on_upgrade,
                                                            .on_done = on_refused,
                                                            .ctx = k});
    pass(w, NSEC_PER_SEC / 2);
}

/* The next message; STR_NONE at the close. */
static str message(struct socket *k) {
    struct websocket_reader r;
    struct websocket_piece piece = {.last = false};
    str out = STR_NONE;
    size_t at = 0;
    websocket_reader_init(&r, false);
    for (bool has; !piece.last && at < k->in.n;) {
        ssize_t n = websocket_read(&r, k->in.p + at, k->in.n - at, &piece, &has);
        REQUIRE(n > 0);
        at += (size_t)n;
        if (has && piece.opcode < WEBSOCKET_CLOSE)
            out = str_concat(k->w->arena, out, piece.data);
    }
    CHECK(piece.last);
    buf_consume(&k->in, at);
    return out;
}

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="

TEST(a_websocket_carries_one_event_a_message) {
    static const char *const accepts[] = {"application/json",
                                          "application/vnd.kubernetes.protobuf"};
    for (size_t i = 0; i < ARRAY_LEN(accepts); i++) {
        struct world w;
        struct socket k;
        world_init(&w);
        make(&w, "default", "a");
        make(&w, "default", "b");
        open_socket(&k, &w, CM "?watch=1&timeoutSeconds=5", accepts[i], KEY);
        REQUIRE(k.s != NULL);
        make(&w, "default", "c");
        pass(&w, NSEC_PER_SEC);
        for (const char *name = "abc"; *name; name++) {
            str m = message(&k);
            CHECK(str_find(m, STR("ADDED")) >= 0);
            if (i == 0)
                CHECK_STRC(text_at(&w, m, "object.metadata.name"), ((char[]){*name, 0}));
            else
                CHECK_STRC(str_slice(m, 0, 7), "\n\x05"
                                               "ADDED");
        }
        CHECK_INT(k.in.n, 0);
        pass(&w, 5 * NSEC_PER_SEC);
        CHECK(message(&k).p == NULL);
        CHECK(k.end);
        stream_close(k.s);
        buf_done(&k.in);
        world_done(&w);
    }
}

TEST(a_broken_handshake_is_refused) {
    struct world w;
    struct socket k;
    world_init(&w);
    open_socket(&k, &w, CM "?watch=1&timeoutSeconds=5", "application/json", "short");
    CHECK(k.refused);
    CHECK_INT(w.server->n_requests, 0);
    world_done(&w);
}

/* ---- many at once, some of them slow ---- */

struct reader {
    struct http_client *client;
    unsigned events;
    bool stopped;
};

static bool on_data(void *ctx, str data) {
    struct reader *r = ctx;
    for (size_t i = 0; i < data.n; i++)
        r->events += data.p[i] == '\n';
    return !r->stopped;
}

static void on_done(void *ctx, int r, int status, const struct http_headers *h, str body,
                    bool maybe_sent) {}

TEST(slow_watchers_do_not_hold_the_others) {
    struct world w;
    static struct reader readers[100];
    memset(readers, 0, sizeof(readers));
    world_init(&w);
    for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
        struct http_client_options co = {.address = "sim:apiserver", .host = "h"};
        REQUIRE(http_client_new(w.l, &co, &readers[i].client) == 0);
        readers[i].stopped = i % 4 == 0;
        http_client_call(readers[i].client,
                         &(struct http_call_options){.method = "GET",
                                                     .target = STR(CM "?watch=1&resourceVersion=0"),
                                                     .on_data = on_data,
                                                     .on_done = on_done,
                                                     .ctx = &readers[i]});
    }
    pass(&w, NSEC_PER_SEC);
    char *text = arena_alloc(w.arena, 100000);
    memset(text, 'x', 100000);
    for (unsigned i = 0; i < 20; i++) {
        str body = str_printf(w.arena,
                              "{\"metadata\":{\"name\":\"c%u\"},\"data\":{\"k\":\"" STR_FMT "\"}}",
                              i, STR_ARG(str_n(text, 100000)));
        CHECK_INT(call(&w, "POST", CM, NULL, body.p).code, 201);
    }
    pass(&w, 5 * NSEC_PER_SEC);
    for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
        if (readers[i].stopped)
            CHECK(readers[i].events < 10); /* one piece's worth, and then nothing is queued */
        else
            CHECK_INT(readers[i].events, 20);
        http_client_free(readers[i].client);
    }
    world_done(&w);
}

/* ---- behind the end of history ---- */

TEST(what_is_too_old_is_gone_with_the_right_reason) {
    struct world w;
    world_init(&w);
    for (const char *n = "abcde"; *n; n++)
        make(&w, "default", (char[]){*n, 0});
    struct answer first = get(&w, CM "?limit=2", NULL);
    str token = text_at(&w, first.body, "metadata.continue");
    str rv = text_at(&w, first.body, "metadata.resourceVersion");
    struct answer pinned =
        get(&w, str_printf(w.arena, CM "?limit=2&continue=" STR_FMT, STR_ARG(token)).p, NULL);
    CHECK_INT(pinned.code, 200);
    CHECK(str_eq(text_at(&w, pinned.body, "metadata.resourceVersion"), rv));
    pass(&w, STORE_LOG_MAX_NS + 60 * NSEC_PER_SEC);
    make(&w, "default", "bb"); /* history is cut when something is written */
    pass(&w, STORE_LOG_MAX_NS + 60 * NSEC_PER_SEC);
    make(&w, "default", "f");
    struct answer a =
        get(&w, str_printf(w.arena, CM "?limit=9&continue=" STR_FMT, STR_ARG(token)).p, NULL);
    CHECK_INT(a.code, 410);
    CHECK_STRC(text_at(&w, a.body, "reason"), "Expired");
    str again = text_at(&w, a.body, "metadata.continue");
    REQUIRE(again.n);
    a = get(&w, str_printf(w.arena, CM "?continue=" STR_FMT, STR_ARG(again)).p, NULL);
    CHECK_INT(a.code, 200); /* the rest as it is now */
    CHECK_INT(at(&w, a.body, "items")->list.n, 5);
    a = get(
        &w,
        str_printf(w.arena, CM "?watch=1&timeoutSeconds=1&resourceVersion=" STR_FMT, STR_ARG(rv)).p,
        NULL);
    CHECK_INT(a.code, 200);
    CHECK_STRC(text_at(&w, a.body, "type"), "ERROR");
    CHECK_STRC(text_at(&w, a.body, "object.reason"), "Expired");
    CHECK_INT(at(&w, a.body, "object.code")->i, 410);
    world_done(&w);
}

TEST(component_statuses_and_no_debugging) {
    struct world w;
    world_init(&w);
    struct answer a = get(&w, "/api/v1/componentstatuses", NULL);
    CHECK_INT(a.code, 200);
    CHECK_STRC(text_at(&w, a.body, "kind"), "ComponentStatusList");
    CHECK_STRC(text_at(&w, a.body, "items.0.conditions.0.message"),
               "Get \"https://127.0.0.1:10257/healthz\": dial tcp 127.0.0.1:10257: connect: "
               "connection refused");
    CHECK_STRC(text_at(&w, a.body, "items.1.metadata.name"), "scheduler");
    CHECK_STRC(text_at(&w, a.body, "items.2.conditions.0.status"), "True");
    a = get(&w, "/api/v1/componentstatuses/etcd-0", NULL);
    CHECK_STRC(text_at(&w, a.body, "conditions.0.message"), "ok");
    a = get(&w, "/api/v1/componentstatuses/x", NULL);
    CHECK_INT(a.code, 500);
    CHECK_STRC(text_at(&w, a.body, "message"), "Component not found: x");
    a = get(&w, "/api/v1/componentstatuses", "application/json;as=Table;v=v1;g=meta.k8s.io");
    CHECK_STRC(text_at(&w, a.body, "rows.2.cells.1"), "Healthy");
    CHECK_INT(get(&w, "/api/v1/componentstatuses", "application/vnd.kubernetes.protobuf").code,
              200);
    a = get(&w, "/api/v1/componentstatuses?fieldSelector=metadata.name%3Dscheduler", NULL);
    CHECK_STRC(text_at(&w, a.body, "items.0.metadata.name"), "scheduler");
    CHECK(!at(&w, a.body, "items.1"));
    a = get(&w, "/api/v1/componentstatuses?labelSelector=a", NULL);
    CHECK(a.code == 200 && !at(&w, a.body, "items.0"));
    CHECK_INT(get(&w, "/api/v1/componentstatuses?labelSelector=(", NULL).code, 400);
    CHECK_INT(get(&w, "/debug/pprof/", NULL).code, 404);
    CHECK_INT(get(&w, "/debug/flags/v", NULL).code, 404);
    world_done(&w);
}
