// SPDX-License-Identifier: Apache-2.0
/* Clients hang up at any moment: nothing is left behind, and what was proposed is carried out. */
#include "server_test.h"

#define CM "/api/v1/namespaces/default/configmaps"

struct victim {
    struct http_call *call;
    bool done;
};

static void on_done(void *ctx, int r, int status, const struct http_headers *h, str body,
                    bool maybe_sent) {
    ((struct victim *)ctx)->done = true;
}

static bool on_data(void *ctx, str data) {
    return true;
}

static void start(struct world *w, struct victim *v, unsigned i) {
    static const struct http_header patch[] = {
        {STR("Content-Type"), STR("application/merge-patch+json")}};
    static const struct http_header json[] = {{STR("Content-Type"), STR("application/json")}};
    struct http_call_options o = {.on_done = on_done, .on_data = on_data, .ctx = v};
    v->done = false;
    o.method = "GET";
    switch (i % 6) {
    case 0:
        o.target = STR(CM "?watch=1");
        break;
    case 1:
        o.target = STR(CM);
        break;
    case 2:
        o.target = STR(CM "?resourceVersion=99999999&resourceVersionMatch=NotOlderThan");
        break;
    case 3:
        o.method = "PATCH";
        o.target = STR(CM "/a");
        o.headers = patch;
        o.n_headers = 1;
        o.body = str_printf(w->arena, "{\"data\":{\"k\":\"%u\"}}", i);
        break;
    case 4:
        o.method = "POST";
        o.target = STR("/api/v1/namespaces/default/pods");
        o.headers = json;
        o.n_headers = 1;
        o.body = STR("{\"metadata\":{\"generateName\":\"p-\"},\"spec\":{\"containers\":[{\"name\":"
                     "\"a\",\"image\":\"i\"}]}}");
        break;
    default:
        o.method = "DELETE";
        o.target = STR(CM "?labelSelector=no");
        break;
    }
    v->call = http_client_call(w->client, &o);
}

TEST(hanging_up_leaves_nothing) {
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct world w;
        world_init_with(&w, &(struct world_options){.seed = seed});
        CHECK_INT(call(&w, "POST", CM, NULL, "{\"metadata\":{\"name\":\"a\"}}").code, 201);
        struct store_stats before, after;
        store_stats(w.store, &before);
        struct victim v[24];
        for (unsigned i = 0; i < ARRAY_LEN(v); i++)
            start(&w, &v[i], i);
        for (unsigned i = 0; i < ARRAY_LEN(v); i++) {
            pass(&w, (int64_t)env_random_below(w.env, 3 * NSEC_PER_MSEC));
            unsigned which = (unsigned)env_random_below(w.env, ARRAY_LEN(v));
            if (!v[which].done) {
                http_call_cancel(v[which].call);
                v[which].done = true;
            }
        }
        for (unsigned i = 0; i < ARRAY_LEN(v); i++)
            if (!v[i].done) {
                http_call_cancel(v[i].call);
                v[i].done = true;
            }
        pass(&w, 5 * NSEC_PER_SEC);
        CHECK_INT(w.server->n_requests, 0);
        store_stats(w.store, &after);
        CHECK_INT(after.watchers, before.watchers);
        CHECK_INT(get(&w, CM "/a", NULL).code, 200);
        world_done(&w);
    }
}

/* The server goes while requests are under way. */
TEST(the_server_may_go_at_any_moment) {
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct world w;
        world_init_with(&w, &(struct world_options){.seed = seed});
        CHECK_INT(call(&w, "POST", CM, NULL, "{\"metadata\":{\"name\":\"a\"}}").code, 201);
        struct victim v[24];
        for (unsigned i = 0; i < ARRAY_LEN(v); i++)
            start(&w, &v[i], i);
        pass(&w, (int64_t)env_random_below(w.env, 20 * NSEC_PER_MSEC));
        world_done(&w);
    }
}
