// SPDX-License-Identifier: Apache-2.0
/* Sixty-four clients change one object at once: every change is in it, and whoever watches sees
 * every state once, in order. */
#include "server_test.h"

#define CLIENTS 64
#define ROUNDS  5
#define CM      "/api/v1/namespaces/default/configmaps"

/* A watch that keeps its lines. */
struct watcher {
    struct buf lines;
    bool done;
};

static bool on_data(void *ctx, str data) {
    struct watcher *w = ctx;
    buf_add(&w->lines, data);
    return true;
}

static void on_done(void *ctx, int r, int status, const struct http_headers *h, str body,
                    bool maybe_sent) {
    ((struct watcher *)ctx)->done = true;
}

static struct http_call *watch(struct world *w, struct watcher *to, const char *target) {
    buf_init(&to->lines, 0);
    to->done = false;
    struct http_call_options o = {.method = "GET",
                                  .target = str_of(target),
                                  .on_data = on_data,
                                  .on_done = on_done,
                                  .ctx = to};
    return http_client_call(w->client, &o);
}

struct client {
    struct answer answer;
    unsigned id, round;
    struct world *w;
};

static void send_next(struct client *c) {
    static const struct http_header h[] = {
        {STR("Content-Type"), STR("application/merge-patch+json")}};
    str body = str_printf(c->w->arena, "{\"data\":{\"k%u-%u\":\"v\"}}", c->id, c->round);
    send_call(c->w, &c->answer, "PATCH", STR(CM "/a"), h, 1, body);
}

static bool all_done(void *ctx) {
    struct client *c = ctx;
    for (unsigned i = 0; i < CLIENTS; i++) {
        if (c[i].answer.done && c[i].answer.code == 200 && c[i].round + 1 < ROUNDS) {
            c[i].round++;
            send_next(&c[i]);
        }
        if (!c[i].answer.done)
            return false;
    }
    return true;
}

/* Revisions rise, and each state has one key more than the one before. */
static void check_watch(struct world *w, struct watcher *seen, unsigned expected) {
    str text = buf_str(&seen->lines);
    unsigned n = 0;
    int64_t last = 0;
    while (text.n) {
        str line = str_cut(&text, '\n');
        if (!line.n)
            break;
        int64_t revision = 0;
        str_to_i64(text_at(w, line, "object.metadata.resourceVersion"), &revision);
        CHECK(revision > last);
        last = revision;
        struct value *data = at(w, line, "object.data");
        CHECK_INT(data ? data->object.n : 0, n);
        n++;
    }
    CHECK_INT(n, expected);
}

TEST(sixty_four_patchers_lose_nothing) {
    struct world w;
    world_init(&w);
    struct answer a = call(&w, "POST", CM, NULL, "{\"metadata\":{\"name\":\"a\"}}");
    REQUIRE(a.code == 201);
    struct http_client *mine = w.client;
    struct http_client_options co = {
        .address = "sim:apiserver", .host = "x", .connections = CLIENTS + 8};
    REQUIRE(http_client_new(w.l, &co, &w.client) == 0);
    struct watcher watchers[3];
    struct http_call *calls[3];
    for (int i = 0; i < 3; i++)
        calls[i] = watch(&w, &watchers[i], CM "?watch=1");
    pass(&w, NSEC_PER_SEC / 10);
    static struct client clients[CLIENTS];
    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){.id = i, .w = &w};
        send_next(&clients[i]);
    }
    CHECK(loop_run_until(w.l, all_done, clients, 600 * NSEC_PER_SEC));
    for (unsigned i = 0; i < CLIENTS; i++)
        CHECK_INT(clients[i].answer.code, 200);
    a = get(&w, CM "/a", NULL);
    struct value *data = at(&w, a.body, "data");
    CHECK_INT(data ? data->object.n : 0, CLIENTS * ROUNDS);
    pass(&w, NSEC_PER_SEC);
    for (int i = 0; i < 3; i++) {
        check_watch(&w, &watchers[i], CLIENTS * ROUNDS + 1);
        http_call_cancel(calls[i]);
        buf_done(&watchers[i].lines);
    }
    http_client_free(w.client);
    w.client = mine;
    world_done(&w);
}

/* A watcher that reads nothing for long costs the server no memory, and is told to list again when
 * the log has passed it. */
struct lazy {
    struct watcher watcher;
    bool paused;
};

static bool lazy_data(void *ctx, str data) {
    struct lazy *l = ctx;
    buf_add(&l->watcher.lines, data);
    return !l->paused;
}

TEST(a_slow_watcher_is_cut_off_when_the_log_has_passed_it) {
    struct world w;
    world_init(&w);
    struct lazy lazy = {.paused = true};
    buf_init(&lazy.watcher.lines, 0);
    struct http_call_options o = {.method = "GET",
                                  .target = STR(CM "?watch=1"),
                                  .on_data = lazy_data,
                                  .on_done = on_done,
                                  .ctx = &lazy.watcher};
    struct http_call *c = http_client_call(w.client, &o);
    char *text = arena_alloc(w.arena, 300000);
    memset(text, 'x', 300000);
    CHECK_INT(call(&w, "POST", CM, NULL, "{\"metadata\":{\"name\":\"a\"}}").code, 201);
    for (unsigned i = 0; i < 120; i++) {
        str body = str_printf(w.arena, "{\"data\":{\"k\":\"%u" STR_FMT "\"}}", i,
                              STR_ARG(str_n(text, 300000)));
        struct http_header h[] = {{STR("Content-Type"), STR("application/merge-patch+json")}};
        CHECK_INT(call_with(&w, "PATCH", STR(CM "/a"), h, 1, body).code, 200);
    }
    lazy.paused = false;
    http_call_resume(c);
    loop_run_until(w.l, is_answered, &(struct answer){0}, 5 * NSEC_PER_SEC);
    str all = buf_str(&lazy.watcher.lines);
    CHECK(lazy.watcher.done);
    CHECK(str_find(all, STR("\"type\":\"ERROR\"")) > 0);
    CHECK(str_find(all, STR("\"code\":410")) > 0);
    buf_done(&lazy.watcher.lines);
    world_done(&w);
}
