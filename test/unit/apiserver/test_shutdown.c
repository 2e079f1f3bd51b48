// SPDX-License-Identifier: Apache-2.0
/* The server's end: what clients see of it, and that they lose nothing by it. */
#include "server_test.h"

#define CM     "/api/v1/namespaces/default/configmaps"
#define DELAY  (2 * NSEC_PER_SEC)
#define DRAIN  (5 * NSEC_PER_SEC)
#define EVENTS 2000

static void ended(void *ctx) {
    ++*(unsigned *)ctx;
}

static bool is_one(void *ctx) {
    return *(unsigned *)ctx == 1;
}

TEST(readiness_fails_first_and_requests_are_still_served) {
    struct world w;
    unsigned done = 0;
    world_init(&w);
    CHECK_INT(get(&w, "/readyz", NULL).code, 200);
    apiserver_shutdown(w.server, DELAY, DRAIN, ended, &done);
    struct answer a = get(&w, "/readyz", NULL);
    CHECK_INT(a.code, 500);
    CHECK(str_find(a.body, STR("[-]shutdown failed: reason withheld\n")) >= 0);
    CHECK_INT(get(&w, "/livez", NULL).code, 200);
    CHECK_INT(call(&w, "POST", CM, NULL, "{\"metadata\":{\"name\":\"late\"}}").code, 201);
    pass(&w, DELAY / 2);
    CHECK_INT(done, 0);
    CHECK(loop_run_until(w.l, is_one, &done, DELAY));
    CHECK(get(&w, CM, NULL).r < 0);
    world_done(&w);
}

/* ---- watches ---- */

struct watcher {
    struct world *w;
    struct http_client *client;
    uint64_t last; /* revision heard of */
    unsigned events, ends, broken, bookmarks, out_of_order;
    struct buf line;
    bool slow; /* takes nothing for now */
    struct http_call *call;
};

static void take_line(struct watcher *x, str line) {
    struct arena a;
    arena_init(&a, 0);
    struct value v;
    struct err e;
    if (value_parse(&a, line, &v, NULL, &e) < 0) {
        x->broken++;
    } else {
        uint64_t rv = 0;
        const struct value *o = value_get(&v, STR("object"));
        const struct value *m = o ? value_get(o, STR("metadata")) : NULL;
        str_to_u64(m ? value_str(value_get(m, STR("resourceVersion"))) : STR_NONE, &rv);
        bool bookmark = str_eqc(value_str(value_get(&v, STR("type"))), "BOOKMARK");
        x->out_of_order += rv <= x->last;
        x->last = rv;
        x->bookmarks += bookmark;
        x->events += !bookmark;
    }
    arena_done(&a);
}

static bool on_events(void *ctx, str data) {
    struct watcher *x = ctx;
    while (data.n) {
        ssize_t end = str_chr(data, '\n');
        buf_add(&x->line, str_slice(data, 0, end < 0 ? data.n : (size_t)end));
        if (end < 0)
            break;
        take_line(x, buf_str(&x->line));
        buf_clear(&x->line);
        data = str_slice(data, (size_t)end + 1, data.n);
    }
    return !x->slow;
}

static void on_end(void *ctx, int r, int status, const struct http_headers *h, str body,
                   bool maybe_sent) {
    struct watcher *x = ctx;
    x->call = NULL;
    if (r == 0 && status == 200 && !x->line.n)
        x->ends++;
    else
        x->broken++;
}

static void watch_from(struct watcher *x, struct world *w, uint64_t rv) {
    x->w = w;
    x->last = rv;
    str target = str_printf(w->arena, CM "?watch=1&allowWatchBookmarks=true&resourceVersion=%llu",
                            (unsigned long long)rv);
    if (!x->client) {
        struct http_client_options co = {.address = "sim:apiserver", .host = "h"};
        REQUIRE(http_client_new(w->l, &co, &x->client) == 0);
    }
    x->call = http_client_call(
        x->client,
        &(struct http_call_options){
            .method = "GET", .target = target, .on_data = on_events, .on_done = on_end, .ctx = x});
}

static void watcher_done(struct watcher *x) {
    if (x->call)
        http_call_cancel(x->call);
    http_client_free(x->client);
    buf_done(&x->line);
}

static void make(struct world *w, unsigned i) {
    str body = str_printf(w->arena, "{\"metadata\":{\"name\":\"c%u\"}}", i);
    CHECK_INT(call(w, "POST", CM, NULL, body.p).code, 201);
}

static uint64_t revision(struct world *w) {
    uint64_t rv = 0;
    str_to_u64(text_at(w, get(w, CM "?limit=1", NULL).body, "metadata.resourceVersion"), &rv);
    return rv;
}

static void server_again(struct world *w) {
    static const char *const addresses[] = {"sim:apiserver", NULL};
    struct err e;
    apiserver_free(w->server);
    struct apiserver_options ao = {
        .addresses = addresses, .store = w->store, .authz = &authz_allow_all};
    REQUIRE(apiserver_new(w->l, &ao, &e, &w->server) == 0);
    REQUIRE(loop_run_until(w->l, is_bootstrapped, w, 5 * NSEC_PER_SEC));
}

/* Writes go on while the server ends; watchers go on where they were when there is a new one. */
TEST(watches_end_whole_and_nothing_is_lost_after_reconnecting) {
    struct world w;
    static struct watcher x[20];
    memset(x, 0, sizeof(x));
    world_init(&w);
    uint64_t from = revision(&w);
    for (size_t i = 0; i < ARRAY_LEN(x); i++)
        watch_from(&x[i], &w, from);
    unsigned made = 0;
    for (unsigned round = 0; round < 4; round++) {
        unsigned done = 0;
        for (unsigned i = 0; i < 40; i++)
            make(&w, made++);
        static struct answer late[30];
        for (size_t i = 0; i < ARRAY_LEN(late); i++) {
            str body = str_printf(w.arena, "{\"metadata\":{\"name\":\"c%u\"}}", made++);
            struct http_header h = {STR("Content-Type"), STR("application/json")};
            send_call(&w, &late[i], "POST", STR(CM), &h, 1, body);
        }
        pass(&w, NSEC_PER_MSEC * (int64_t)round); /* some are on their way, some not yet */
        apiserver_shutdown(w.server, 0, DRAIN, ended, &done);
        CHECK(loop_run_until(w.l, is_one, &done, DRAIN - NSEC_PER_SEC));
        server_again(&w);
        for (size_t i = 0; i < ARRAY_LEN(late); i++)
            CHECK(loop_run_until(w.l, is_answered, &late[i], DRAIN));
        for (size_t i = 0; i < ARRAY_LEN(x); i++) {
            CHECK_INT(x[i].broken, 0);
            CHECK_INT(x[i].ends, round + 1);
            watch_from(&x[i], &w, x[i].last);
        }
    }
    pass(&w, NSEC_PER_SEC);
    struct value *items = at(&w, get(&w, CM, NULL).body, "items");
    for (size_t i = 0; i < ARRAY_LEN(x); i++) {
        CHECK_INT(x[i].events, items->list.n);
        CHECK_INT(x[i].out_of_order, 0);
        watcher_done(&x[i]);
    }
    world_done(&w);
}

TEST(a_watcher_that_takes_nothing_does_not_hold_the_end) {
    struct world w;
    struct watcher x = {.slow = true};
    unsigned done = 0;
    world_init(&w);
    char *text = arena_alloc(w.arena, 500000);
    memset(text, 'x', 500000);
    uint64_t from = revision(&w);
    watch_from(&x, &w, from);
    for (unsigned i = 0; i < 6; i++) {
        str body = str_printf(w.arena,
                              "{\"metadata\":{\"name\":\"c%u\"},\"data\":{\"k\":\"" STR_FMT "\"}}",
                              i, STR_ARG(str_n(text, 500000)));
        CHECK_INT(call(&w, "POST", CM, NULL, body.p).code, 201);
    }
    apiserver_shutdown(w.server, 0, DRAIN, ended, &done);
    pass(&w, DRAIN / 2);
    CHECK_INT(done, 0);
    pass(&w, DRAIN);
    CHECK_INT(done, 1);
    watcher_done(&x);
    world_done(&w);
}

TEST(a_bookmark_says_how_far_a_silent_watch_has_come) {
    struct world w;
    struct watcher x = {0};
    unsigned done = 0;
    world_init(&w);
    watch_from(&x, &w, revision(&w));
    pass(&w, NSEC_PER_SEC);
    for (unsigned i = 0; i < 5; i++) /* other objects, so the watch has nothing to tell */
        call(&w, "POST", "/api/v1/namespaces/kube-system/configmaps", NULL,
             "{\"metadata\":{\"generateName\":\"x\"}}");
    uint64_t now = revision(&w);
    apiserver_shutdown(w.server, 0, DRAIN, ended, &done);
    CHECK(loop_run_until(w.l, is_one, &done, DRAIN));
    CHECK_INT(x.bookmarks, 1);
    CHECK_INT(x.last, now);
    CHECK_INT(x.ends, 1);
    watcher_done(&x);
    world_done(&w);
}
