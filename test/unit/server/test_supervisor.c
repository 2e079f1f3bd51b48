// SPDX-License-Identifier: Apache-2.0
/* The supervisor's decisions, on virtual time over processes that are played: what is started, when
 * again, whom it asks to end and in which order, as traces "MILLISECONDS what". */
#include "server/supervisor.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/env.h"
#include "loop/stream.h"
#include "tap.h"

#define PLAYED_MAX 64

struct world;
struct played {
    struct child c;
    struct world *w;
    struct timer end;
    void (*exited)(void *ctx, int status);
    void *ctx;
    const char *name;
    int status;
    bool alive;
};

struct world {
    struct env_sim sim;
    struct loop *l;
    struct processes processes;
    struct played v[PLAYED_MAX];
    unsigned n;
    struct supervisor *s;
    struct buf trace;
    /* How a process behaves, by name. */
    const char *stubborn;    /* does not end by SIGTERM */
    const char *unstartable; /* cannot be started */
    const char *hold;        /* "ready" says no for it */
    int64_t end_after;       /* of a process that is asked to end */
};

static void note(struct world *w, const char *what, const char *name) {
    buf_printf(&w->trace, "%lld %s %s\n", (long long)(w->sim.now_mono / NSEC_PER_MSEC), what, name);
}

static void on_end(struct timer *t) {
    struct played *p = container_of(t, struct played, end);
    p->alive = false;
    note(p->w, "end", p->name);
    if (p->exited)
        p->exited(p->ctx, p->status);
}

static int played_signal(struct child *c, int sig) {
    struct played *p = container_of(c, struct played, c);
    struct world *w = p->w;
    if (!p->alive)
        return -ESRCH;
    note(w, sig == SIGTERM ? "term" : "kill", p->name);
    if (sig == SIGTERM && w->stubborn && strcmp(w->stubborn, p->name) == 0)
        return 0;
    p->status = sig;
    timer_start(w->l, &p->end, sig == SIGKILL ? 0 : w->end_after);
    return 0;
}

static void played_free(struct child *c) {
    container_of(c, struct played, c)->exited = NULL;
}

static int played_start(struct processes *ps, struct loop *l, const struct child_spec *spec,
                        void (*exited)(void *ctx, int status), void *ctx, struct err *e,
                        struct child **ret) {
    static const struct child_ops ops = {.signal = played_signal, .free = played_free};
    struct world *w = container_of(ps, struct world, processes);
    note(w, "start", spec->argv[0]);
    if (w->unstartable && strcmp(w->unstartable, spec->argv[0]) == 0)
        return err_set(e, -EAGAIN, "no more processes");
    REQUIRE(w->n < PLAYED_MAX);
    struct played *p = &w->v[w->n++];
    *p = (struct played){.c = {.ops = &ops, .pid = (pid_t)w->n},
                         .w = w,
                         .end = {.fire = on_end},
                         .exited = exited,
                         .ctx = ctx,
                         .name = spec->argv[0],
                         .alive = true};
    *ret = &p->c;
    return 0;
}

static void world_init(struct world *w) {
    static const struct processes_ops ops = {.start = played_start};
    *w = (struct world){.processes = {.ops = &ops}, .end_after = 100 * NSEC_PER_MSEC};
    env_sim_init(&w->sim, tap_seed());
    w->sim.env.processes = &w->processes;
    w->sim.now_mono = 0;
    REQUIRE(loop_new_sim(&w->sim, &w->l) == 0);
}

static void world_done(struct world *w) {
    supervisor_free(w->s);
    for (unsigned i = 0; i < w->n; i++)
        timer_stop(w->l, &w->v[i].end);
    loop_free(w->l);
    buf_done(&w->trace);
    w->sim.env.processes = NULL;
    env_sim_done(&w->sim);
}

static bool on_ready(void *ctx, unsigned i, str text) {
    struct world *w = ctx;
    char name[2] = {(char)('a' + i), '\0'};
    note(w, "ready", name);
    return !(w->hold && strcmp(w->hold, name) == 0);
}

static void on_all_ready(void *ctx) {
    note(ctx, "all", "ready");
}

/* A process is its letter and those it comes after: "a", "ba", "cab". */
static void supervise(struct world *w, struct process_spec *specs, const char *const *list,
                      bool give_up) {
    static const char *const names[] = {"a", "b", "c", "d"};
    unsigned n = 0;
    for (; list[n]; n++) {
        specs[n] = (struct process_spec){.name = names[n]};
        for (const char *p = list[n] + 1; *p; p++)
            specs[n].after |= 1u << (*p - 'a');
    }
    struct supervisor_options o = {.list = specs,
                                   .n = n,
                                   .give_up = give_up,
                                   .ready = on_ready,
                                   .all_ready = on_all_ready,
                                   .ctx = w};
    REQUIRE(supervisor_new(w->l, &o, &w->s) == 0);
}
#define SUPERVISE(w, ...)                                                                          \
    struct process_spec specs[4];                                                                  \
    supervise((w), specs, (const char *const[]){__VA_ARGS__, NULL}, false)

static bool never(void *ctx) {
    return false;
}
static void pass(struct world *w, int64_t ms) {
    loop_run_until(w->l, never, NULL, ms * NSEC_PER_MSEC);
}

static struct played *running(struct world *w, const char *name) {
    for (unsigned i = w->n; i-- > 0;)
        if (w->v[i].alive && strcmp(w->v[i].name, name) == 0)
            return &w->v[i];
    return NULL;
}

static void crash(struct world *w, const char *name) {
    struct played *p = running(w, name);
    REQUIRE(p != NULL);
    p->status = 3 << 8;
    timer_start(w->l, &p->end, 0);
    pass(w, 0);
}

static void check_trace(struct world *w, int line, const char *want) {
    if (!str_eqc(buf_str(&w->trace), want))
        tap_fail(__FILE__, line, "trace:\n" STR_FMT "want:\n%s", STR_ARG(buf_str(&w->trace)), want);
    buf_clear(&w->trace);
}
#define CHECK_TRACE(w, want) check_trace((w), __LINE__, (want))

TEST(supervisor_starts_in_order_of_need) {
    struct world w;
    world_init(&w);
    SUPERVISE(&w, "abc", "bc", "c");
    CHECK_TRACE(&w, "0 start c\n0 ready c\n0 start b\n0 ready b\n0 start a\n0 ready a\n"
                    "0 all ready\n");
    world_done(&w);
}

TEST(supervisor_dependents_wait_until_the_owner_lets_them) {
    struct world w;
    world_init(&w);
    w.hold = "a";
    SUPERVISE(&w, "a", "ba", "c");
    CHECK_TRACE(&w, "0 start a\n0 ready a\n0 start c\n0 ready c\n");
    pass(&w, 1000);
    CHECK_TRACE(&w, "");
    supervisor_proceed(w.s, 0);
    CHECK_TRACE(&w, "1000 start b\n1000 ready b\n1000 all ready\n");
    world_done(&w);
}

/* Each end doubles the wait, up to the most; the others are left alone, and "all ready" is told
 * once. */
TEST(supervisor_restarts_with_back_off) {
    static const int64_t waits[] = {200, 400, 800, 1600, 3200, 6400, 10000, 10000};
    struct world w;
    world_init(&w);
    SUPERVISE(&w, "a", "ba");
    buf_clear(&w.trace);
    for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
        crash(&w, "a");
        CHECK(running(&w, "b") != NULL);
        pass(&w, waits[i] - 1);
        CHECK(running(&w, "a") == NULL);
        buf_clear(&w.trace);
        pass(&w, 1);
        CHECK(str_find(buf_str(&w.trace), STR(" start a\n")) > 0);
        CHECK(str_find(buf_str(&w.trace), STR("all")) < 0);
    }
    world_done(&w);
}

TEST(supervisor_back_off_starts_anew_after_a_steady_time) {
    struct world w;
    world_init(&w);
    SUPERVISE(&w, "a");
    crash(&w, "a");
    pass(&w, 200);
    crash(&w, "a");
    pass(&w, 400);
    buf_clear(&w.trace);
    pass(&w, SUPERVISOR_STEADY / NSEC_PER_MSEC - 1); /* a moment too short */
    crash(&w, "a");
    pass(&w, 800);
    CHECK_TRACE(&w, "10599 end a\n11399 start a\n11399 ready a\n");
    pass(&w, SUPERVISOR_STEADY / NSEC_PER_MSEC);
    crash(&w, "a");
    pass(&w, 200);
    CHECK_TRACE(&w, "21399 end a\n21599 start a\n21599 ready a\n");
    world_done(&w);
}

/* While what others need is away, those that wait for it are not started; those that run go on. */
TEST(supervisor_dependents_wait_for_a_restart) {
    struct world w;
    world_init(&w);
    w.hold = "b";
    SUPERVISE(&w, "a", "b", "cab");
    crash(&w, "a");
    supervisor_proceed(w.s, 1);
    CHECK_TRACE(&w, "0 start a\n0 ready a\n0 start b\n0 ready b\n0 end a\n");
    pass(&w, 200);
    CHECK_TRACE(&w, "200 start a\n200 ready a\n200 start c\n200 ready c\n200 all ready\n");
    world_done(&w);
}

TEST(supervisor_tries_again_what_does_not_start) {
    struct world w;
    world_init(&w);
    w.unstartable = "a";
    SUPERVISE(&w, "a", "ba");
    CHECK_TRACE(&w, "0 start a\n");
    pass(&w, SUPERVISOR_BACKOFF_MAX / NSEC_PER_MSEC - 1);
    CHECK_TRACE(&w, "");
    w.unstartable = NULL;
    pass(&w, 1);
    CHECK_TRACE(&w, "10000 start a\n10000 ready a\n10000 start b\n10000 ready b\n"
                    "10000 all ready\n");
    world_done(&w);
}

TEST(supervisor_stops_in_reverse_order) {
    struct world w;
    world_init(&w);
    SUPERVISE(&w, "a", "ba", "ca", "dbc");
    buf_clear(&w.trace);
    supervisor_stop(w.s);
    CHECK_INT(loop_run(w.l), 0); /* ends when none is left */
    CHECK_TRACE(&w, "0 term d\n100 end d\n100 term c\n100 term b\n200 end c\n200 end b\n"
                    "200 term a\n300 end a\n");
    supervisor_stop(w.s);
    CHECK_TRACE(&w, "");
    world_done(&w);
}

TEST(supervisor_kills_after_the_grace) {
    struct world w;
    world_init(&w);
    w.stubborn = "b";
    SUPERVISE(&w, "a", "ba", "c");
    buf_clear(&w.trace);
    supervisor_stop(w.s);
    CHECK_INT(loop_run(w.l), 0);
    CHECK_TRACE(&w, "0 term c\n0 term b\n100 end c\n15000 kill b\n15000 end b\n15000 term a\n"
                    "15100 end a\n");
    world_done(&w);
}

/* Nobody who was to be started again is, and nobody who never ran is waited for. */
TEST(supervisor_stop_ends_back_offs) {
    struct world w;
    world_init(&w);
    w.hold = "a";
    SUPERVISE(&w, "a", "b", "ca");
    crash(&w, "b");
    buf_clear(&w.trace);
    supervisor_stop(w.s);
    CHECK_INT(loop_run(w.l), 0);
    pass(&w, 60000);
    CHECK_TRACE(&w, "0 term a\n100 end a\n");
    world_done(&w);
}

TEST(supervisor_a_crash_while_stopping_is_not_mended) {
    struct world w;
    world_init(&w);
    w.stubborn = "b";
    SUPERVISE(&w, "a", "ba");
    buf_clear(&w.trace);
    supervisor_stop(w.s);
    crash(&w, "a");
    pass(&w, 60000);
    CHECK_TRACE(&w, "0 term b\n0 end a\n15000 kill b\n15000 end b\n");
    world_done(&w);
}

TEST(supervisor_gives_up_with_the_first) {
    struct world w;
    struct process_spec specs[4];
    world_init(&w);
    supervise(&w, specs, (const char *const[]){"a", "ba", "c", NULL}, true);
    CHECK(!supervisor_failed(w.s));
    buf_clear(&w.trace);
    crash(&w, "a");
    CHECK(supervisor_failed(w.s));
    CHECK_INT(loop_run(w.l), 0);
    CHECK_TRACE(&w, "0 end a\n0 term c\n0 term b\n100 end c\n100 end b\n");
    world_done(&w);
}

TEST(supervisor_gives_up_when_one_does_not_start) {
    struct world w;
    struct process_spec specs[4];
    world_init(&w);
    w.unstartable = "b";
    supervise(&w, specs, (const char *const[]){"a", "ba", "cb", NULL}, true);
    CHECK(supervisor_failed(w.s));
    CHECK_INT(loop_run(w.l), 0);
    CHECK_TRACE(&w, "0 start a\n0 ready a\n0 start b\n0 term a\n100 end a\n");
    world_done(&w);
}

TEST(supervisor_freed_while_it_runs) {
    struct world w;
    world_init(&w);
    SUPERVISE(&w, "a", "ba");
    crash(&w, "a");
    w.s = supervisor_free(w.s);
    pass(&w, 60000);
    CHECK(running(&w, "a") == NULL && running(&w, "b") != NULL);
    world_done(&w);
}
