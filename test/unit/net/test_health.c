// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"
#include "metrics_text.h"
#include "net/health.h"

static bool is_true(void *ctx) {
    return *(bool *)ctx;
}

struct fixture {
    struct health h;
    struct arena *arena;
    struct buf out;
    bool up;
};

static void fixture_init(struct fixture *f) {
    *f = (struct fixture){.arena = arena_new(0), .up = true};
    buf_init(&f->out, 0);
    health_init(&f->h);
    health_add(&f->h, &(struct health_check){.name = "etcd",
                                             .kinds = HEALTH_LIVE,
                                             .ok = is_true,
                                             .ctx = &f->up,
                                             .failure = "etcd failed"});
    health_add(&f->h, &(struct health_check){
                          .name = "shutdown", .kinds = 1 << READYZ, .ok = is_true, .ctx = &f->up});
}

static void fixture_done(struct fixture *f) {
    health_done(&f->h);
    buf_done(&f->out);
    arena_free(f->arena);
}

static void expect(struct fixture *f, const char *path, const char *query, int code,
                   const char *text) {
    struct query q;
    CHECK_INT(query_parse(f->arena, str_of(query), &q), 0);
    buf_clear(&f->out);
    CHECK_INT(health_answer(&f->h, str_of(path), &q, &f->out), code);
    CHECK_STRC(buf_str(&f->out), text);
}

TEST(what_checks_say) {
    struct fixture f;
    fixture_init(&f);
    expect(&f, "/livez", "", 200, "ok");
    expect(&f, "/livez", "verbose", 200, "[+]ping ok\n[+]log ok\n[+]etcd ok\nlivez check passed\n");
    expect(&f, "/livez", "verbose&exclude=etcd", 200,
           "[+]ping ok\n[+]log ok\n[+]etcd excluded: ok\nlivez check passed\n");
    expect(&f, "/readyz", "verbose", 200,
           "[+]ping ok\n[+]log ok\n[+]shutdown ok\nreadyz check passed\n");
    expect(&f, "/livez/ping", "", 200, "ok");
    expect(&f, "/livez/", "", 200, "ok");
    expect(&f, "/livez/shutdown", "", 404, "404 page not found\n");
    expect(&f, "/livezz", "", 404, "404 page not found\n");
    fixture_done(&f);
}

TEST(what_failed_checks_say) {
    struct fixture f;
    fixture_init(&f);
    f.up = false;
    const char *failed =
        "[+]ping ok\n[+]log ok\n[-]etcd failed: reason withheld\nlivez check failed\n";
    expect(&f, "/livez", "", 500, failed);
    expect(&f, "/livez", "verbose", 500, failed);
    expect(&f, "/livez", "exclude=etcd", 200, "ok");
    expect(&f, "/healthz/etcd", "", 500, "internal server error: etcd failed\n");
    CHECK(!health_ok(&f.h, LIVEZ));
    buf_clear(&f.out);
    health_slis(&f.h, &f.out);
    metrics_check(buf_str(&f.out));
    CHECK_INT(
        metrics_value(buf_str(&f.out), STR("kubernetes_healthcheck{name=\"etcd\",type=\"livez\"}")),
        0);
    CHECK_INT(metrics_value(buf_str(&f.out),
                            STR("kubernetes_healthchecks_total{name=\"etcd\",status=\"error\","
                                "type=\"livez\"}")),
              2);
    fixture_done(&f);
}

TEST(unknown_names_to_leave_out_are_told) {
    struct fixture f;
    fixture_init(&f);
    expect(&f, "/livez", "exclude=z&exclude=a%22&exclude=z&exclude=shutdown&verbose", 200,
           "[+]ping ok\n[+]log ok\n[+]etcd ok\n"
           "warn: some health checks cannot be excluded: no matches for "
           "\"a\\\"\",\"shutdown\",\"z\"\nlivez check passed\n");
    expect(&f, "/livez", "exclude=z", 200, "ok");
    struct buf many;
    buf_init(&many, 0);
    buf_adds(&many, "exclude=n0");
    for (int i = 1; i < 100; i++)
        buf_printf(&many, "&exclude=n%d", i);
    expect(&f, "/livez", str_cdup(f.arena, buf_str(&many)), 200, "ok");
    buf_done(&many);
    fixture_done(&f);
}
