// SPDX-License-Identifier: Apache-2.0
/* A component's port, asked by people; behind it an API server that knows one token and one right.
 */
#include "client/diagnostics.h"
#include "loop/stream.h"
#include "loop/transport_sim.h"
#include "metrics_text.h"
#include "net/server.h"

struct world {
    struct env_sim sim;
    struct loop *l;
    struct arena *arena;
    struct http_server *api;
    struct rest_client *rest;
    struct diagnostics *d;
    struct http_client *http;
    unsigned asked; /* reviews */
    bool mute;      /* the API server cuts its connections */
    bool silent;    /* it never answers */
    bool up;        /* a check of the component's */
};

/* ---- the API server ---- */

static void forgotten(struct exchange *x) {}

static void answer_review(struct exchange *x, int r, str body) {
    static const struct http_header type = {{"Content-Type", 12}, {"application/json", 16}};
    struct world *w = x->ctx;
    w->asked++;
    if (w->silent) {
        x->on_abort = forgotten;
        return;
    }
    if (w->mute) {
        exchange_abort(x);
        return;
    }
    bool known = str_find(body, STR("\"token\":\"good\"")) >= 0;
    bool allowed = str_find(body, STR("\"user\":\"prom\"")) >= 0 &&
                   str_find(body, STR("\"groups\":[\"scrapers\"]")) >= 0 &&
                   str_find(body, STR("\"path\":\"/metrics\"")) >= 0 &&
                   str_find(body, STR("\"verb\":\"get\"")) >= 0;
    str token = known ? STR("{\"kind\":\"TokenReview\",\"apiVersion\":\"authentication.k8s.io/v1\","
                            "\"spec\":{},\"status\":{\"authenticated\":true,\"user\":{"
                            "\"username\":\"prom\",\"groups\":[\"scrapers\"]}}}")
                      : STR("{\"kind\":\"TokenReview\",\"apiVersion\":\"authentication.k8s.io/v1\","
                            "\"spec\":{},\"status\":{}}");
    str right =
        allowed ? STR("{\"kind\":\"SubjectAccessReview\",\"apiVersion\":"
                      "\"authorization.k8s.io/v1\",\"spec\":{},\"status\":{\"allowed\":true}}")
                : STR("{\"kind\":\"SubjectAccessReview\",\"apiVersion\":"
                      "\"authorization.k8s.io/v1\",\"spec\":{},\"status\":{\"allowed\":false}}");
    bool asks_token = str_find(x->path, STR("tokenreviews")) >= 0;
    exchange_respond(x, 201, &type, 1, asks_token ? token : right);
}

static void on_review(void *ctx, struct exchange *x) {
    x->ctx = ctx;
    exchange_read_body(x, 64 * 1024, answer_review);
}

/* ---- the world ---- */

static bool is_up(void *ctx) {
    return ((struct world *)ctx)->up;
}

static void world_init(struct world *w) {
    static const char *const addresses[] = {"sim:api", NULL};
    struct err e = {0};
    *w = (struct world){.up = true};
    env_sim_init(&w->sim, tap_seed());
    loop_env_sim(&w->sim);
    w->sim.env.log_level = LOG_ERROR;
    w->sim.env.metrics = metrics_new();
    w->arena = arena_new(0);
    REQUIRE(loop_new_sim(&w->sim, &w->l) == 0);
    struct http_server_options ho = {.addresses = addresses, .handler = on_review, .ctx = w};
    REQUIRE(http_server_new(w->l, &ho, &e, &w->api) == 0);
    REQUIRE(rest_client_new(w->l, &(struct rest_options){.server = "sim:api", .user_agent = "t"},
                            &e, &w->rest) == 0);
    struct diagnostics_options o = {.address = "sim:port", .plain = true, .client = w->rest};
    REQUIRE(diagnostics_new(&o, &e, &w->d) == 0);
    health_add(diagnostics_health(w->d),
               &(struct health_check){
                   .name = "work", .kinds = 1 << READYZ, .ok = is_up, .ctx = w, .failure = "idle"});
    struct http_client_options co = {.address = "sim:port", .host = "port"};
    REQUIRE(http_client_new(w->l, &co, &w->http) == 0);
}

static void world_done(struct world *w) {
    http_client_free(w->http);
    diagnostics_free(w->d);
    rest_client_free(w->rest);
    http_server_free(w->api);
    loop_free(w->l);
    w->sim.env.metrics = metrics_free(w->sim.env.metrics);
    loop_env_done(&w->sim.env);
    env_sim_done(&w->sim);
    arena_free(w->arena);
}

struct answer {
    struct world *w;
    int code;
    str body;
    bool done;
};

static void on_answer(void *ctx, int r, int status, const struct http_headers *h, str body,
                      bool maybe_sent) {
    struct answer *a = ctx;
    a->code = status;
    a->body = str_dup(a->w->arena, body);
    a->done = true;
}

static bool is_answered(void *ctx) {
    return ((struct answer *)ctx)->done;
}

static struct answer ask(struct world *w, const char *method, const char *path, const char *token) {
    struct answer a = {.w = w};
    struct http_header h = {STR("Authorization"),
                            str_printf(w->arena, "Bearer %s", token ? token : "")};
    http_client_call(w->http, &(struct http_call_options){.method = method,
                                                          .target = str_of(path),
                                                          .headers = &h,
                                                          .n_headers = token != NULL,
                                                          .max_body = 1024 * 1024,
                                                          .on_done = on_answer,
                                                          .ctx = &a});
    CHECK(loop_run_until(w->l, is_answered, &a, 100 * NSEC_PER_SEC));
    return a;
}

TEST(health_is_everybodys) {
    struct world w;
    world_init(&w);
    CHECK_STRC(ask(&w, "GET", "/healthz", NULL).body, "ok");
    CHECK_STRC(ask(&w, "GET", "/readyz?verbose", NULL).body,
               "[+]ping ok\n[+]log ok\n[+]work ok\nreadyz check passed\n");
    w.up = false;
    CHECK_INT(ask(&w, "GET", "/readyz", NULL).code, 500);
    CHECK_INT(ask(&w, "GET", "/livez", NULL).code, 200);
    CHECK_INT(ask(&w, "POST", "/livez", NULL).code, 405);
    CHECK_INT(ask(&w, "GET", "/livez?%zz", NULL).code, 400);
    CHECK_INT(w.asked, 0);
    world_done(&w);
}

TEST(metrics_are_for_who_may_see_them) {
    struct world w;
    world_init(&w);
    struct answer a = ask(&w, "GET", "/metrics", "good");
    CHECK_INT(a.code, 200);
    metrics_check(a.body);
    CHECK_INT(ask(&w, "GET", "/metrics", "bad").code, 401);
    a = ask(&w, "GET", "/metrics", NULL);
    CHECK_INT(a.code, 403);
    CHECK_STRC(a.body, "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":"
                       "\"Failure\",\"message\":\"forbidden: User \\\"system:anonymous\\\" cannot "
                       "get path \\\"/metrics\\\"\",\"reason\":\"Forbidden\",\"details\":{},"
                       "\"code\":403}\n");
    CHECK_INT(ask(&w, "GET", "/livez/ping", "good").code, 403);
    CHECK_INT(ask(&w, "POST", "/metrics", "good").code, 403);
    w.mute = true;
    CHECK(ask(&w, "GET", "/metrics", NULL).code == 500);
    world_done(&w);
}

static bool is_asked(void *ctx) {
    return ((struct world *)ctx)->asked == 1;
}

static bool is_idle(void *ctx) {
    return rest_client_idle(((struct world *)ctx)->rest);
}

TEST(who_hangs_up_is_asked_about_no_more) {
    struct world w;
    world_init(&w);
    w.silent = true;
    struct answer a = {.w = &w};
    struct http_call *call = http_client_call(
        w.http, &(struct http_call_options){
                    .method = "GET", .target = STR("/metrics"), .on_done = on_answer, .ctx = &a});
    CHECK(loop_run_until(w.l, is_asked, &w, NSEC_PER_SEC));
    CHECK(!is_idle(&w));
    http_call_cancel(call);
    CHECK(loop_run_until(w.l, is_idle, &w, NSEC_PER_SEC));
    call = http_client_call(
        w.http, &(struct http_call_options){
                    .method = "GET", .target = STR("/metrics"), .on_done = on_answer, .ctx = &a});
    CHECK(!loop_run_until(w.l, is_answered, &a, NSEC_PER_SEC));
    http_call_cancel(call);
    world_done(&w); /* with a question under way */
}
