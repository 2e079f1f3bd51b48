// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "loop/loop.h"
#include "loop/work.h"
#include "tap.h"

/* A program of timers, deferred and posted tasks and work that writes down what ran when. Only
 * names go into the trace, since real time is never exact; timers lie far enough apart. */
struct script {
    struct loop *l;
    struct buf trace;
    struct timer ticks[4], again, restarted, stopped;
    struct task deferred[2], posted[3], cancelled;
    struct work work[2];
    struct work_pool *pool;
    int rounds;
};

static void note(struct script *s, const char *what, long n) {
    buf_printf(&s->trace, "%s%ld ", what, n);
    CHECK(loop_ok(s->l));
}

#define SCRIPT_OF(ptr, member) container_of(ptr, struct script, member)

static void on_deferred0(struct task *t) {
    struct script *s = SCRIPT_OF(t, deferred[0]);
    note(s, "defer", 0);
    loop_defer(s->l, &s->deferred[1]);
}
static void on_deferred1(struct task *t) {
    note(SCRIPT_OF(t, deferred[1]), "defer", 2);
}
static void on_cancelled(struct task *t) {
    note(SCRIPT_OF(t, cancelled), "cancelled!", 0);
}

static void on_posted0(struct task *t) {
    struct script *s = SCRIPT_OF(t, posted[0]);
    note(s, "post", 0);
    loop_defer(s->l, &s->deferred[0]);
    loop_post(s->l, &s->posted[2]);
}
static void on_posted1(struct task *t) {
    note(SCRIPT_OF(t, posted[1]), "post", 1);
}
static void on_posted2(struct task *t) {
    note(SCRIPT_OF(t, posted[2]), "post", 2);
}

static void on_tick0(struct timer *t) {
    struct script *s = SCRIPT_OF(t, ticks[0]);
    note(s, "tick", 0);
    loop_post(s->l, &s->posted[0]);
    loop_post(s->l, &s->posted[1]);
    loop_post(s->l, &s->cancelled);
    loop_cancel(s->l, &s->cancelled);
    timer_start(s->l, &s->again, 0);
    timer_start(s->l, &s->restarted, 60 * NSEC_PER_MSEC);
    timer_stop(s->l, &s->stopped);
}
static void on_tick1(struct timer *t) {
    struct script *s = SCRIPT_OF(t, ticks[1]);
    note(s, "tick", 1);
    loop_defer(s->l, &s->deferred[0]);
}
static void on_tick2(struct timer *t) {
    struct script *s = SCRIPT_OF(t, ticks[2]);
    note(s, "tick", 2);
    work_submit(s->pool, s->l, &s->work[0]);
    work_submit(s->pool, s->l, &s->work[1]);
}
static void on_tick3(struct timer *t) {
    struct script *s = SCRIPT_OF(t, ticks[3]);
    note(s, "tick", 3);
    loop_stop(s->l);
}
static void on_again(struct timer *t) {
    struct script *s = SCRIPT_OF(t, again);
    note(s, "again", s->rounds);
    if (++s->rounds < 3)
        timer_start(s->l, t, 0);
}
static void on_restarted(struct timer *t) {
    note(SCRIPT_OF(t, restarted), "restarted", 0);
}
static void on_stopped(struct timer *t) {
    note(SCRIPT_OF(t, stopped), "stopped!", 0);
}

static void work_run(struct work *w) {}
static void work_done(struct work *w) {
    struct script *s = container_of(w, struct script, work[0]);
    note(s, "work", 0);
}
static void work_done1(struct work *w) {
    struct script *s = container_of(w, struct script, work[1]);
    note(s, "work", 1);
}

static void script_run(struct script *s, struct loop *l) {
    *s = (struct script){
        .l = l,
        .ticks = {{.fire = on_tick0}, {.fire = on_tick1}, {.fire = on_tick2}, {.fire = on_tick3}},
        .again = {.fire = on_again},
        .restarted = {.fire = on_restarted},
        .stopped = {.fire = on_stopped},
        .deferred = {{.run = on_deferred0}, {.run = on_deferred1}},
        .posted = {{.run = on_posted0}, {.run = on_posted1}, {.run = on_posted2}},
        .cancelled = {.run = on_cancelled},
        .work = {{.run = work_run, .done = work_done}, {.run = work_run, .done = work_done1}}};
    REQUIRE(work_pool_new(loop_env(l), 1, &s->pool) == 0);
    timer_start(l, &s->ticks[0], 20 * NSEC_PER_MSEC);
    timer_start(l, &s->ticks[2], 50 * NSEC_PER_MSEC);
    timer_start(l, &s->ticks[1], 20 * NSEC_PER_MSEC); /* equal times go by start */
    timer_start(l, &s->restarted, 30 * NSEC_PER_MSEC);
    timer_start(l, &s->stopped, 40 * NSEC_PER_MSEC);
    timer_start(l, &s->ticks[3], 110 * NSEC_PER_MSEC);
    loop_defer(l, &s->deferred[0]);
    loop_defer(l, &s->deferred[0]); /* no effect */
    CHECK_INT(loop_run(l), 0);
    s->pool = work_pool_free(s->pool);
}

TEST(real_and_virtual_give_one_trace) {
    struct env env;
    struct env_sim sim;
    struct loop *real, *virtual;
    static struct script a, b;
    env_real_init(&env, "test");
    env_sim_init(&sim, tap_seed());
    REQUIRE(loop_new(&env, &real) == 0 && loop_new_sim(&sim, &virtual) == 0);
    script_run(&a, real);
    int64_t before = loop_now(virtual), wall = loop_wall(virtual);
    script_run(&b, virtual);
    CHECK_STR(buf_str(&a.trace), buf_str(&b.trace));
    CHECK_STRC(buf_str(&a.trace),
               "defer0 defer2 tick0 tick1 defer0 defer2 post0 defer0 post1 defer2 "
               "again0 post2 again1 again2 tick2 work0 work1 restarted0 tick3 ");
    CHECK_INT(loop_now(virtual) - before, 110 * NSEC_PER_MSEC);
    CHECK_INT(loop_wall(virtual) - wall, 110 * NSEC_PER_MSEC);
    buf_done(&a.trace);
    buf_done(&b.trace);
    loop_free(real);
    loop_free(virtual);
    env_sim_done(&sim);
}

/* Seeded chaos: timers and tasks that start, stop and restart one another. */
struct chaos {
    struct loop *l;
    struct env_sim sim;
    struct actor {
        struct chaos *c;
        struct timer timer;
        struct task task;
    } actors[16];
    int left;
};

static void chaos_step(struct actor *a, char kind) {
    struct chaos *c = a->c;
    struct env *e = &c->sim.env;
    log_info(e, "%c%d", kind, (int)(a - c->actors));
    if (c->left-- <= 0)
        return;
    struct actor *other = &c->actors[env_random_below(e, ARRAY_LEN(c->actors))];
    switch (env_random_below(e, 5)) {
    case 0:
        timer_stop(c->l, &other->timer);
        break;
    case 1:
        loop_defer(c->l, &other->task);
        break;
    case 2:
        loop_cancel(c->l, &other->task);
        break;
    default:
        timer_start(c->l, &other->timer, (int64_t)env_random_below(e, NSEC_PER_SEC));
    }
    timer_start(c->l, &a->timer, (int64_t)env_random_below(e, NSEC_PER_MSEC));
}

static void chaos_timer(struct timer *t) {
    chaos_step(container_of(t, struct actor, timer), 't');
}
static void chaos_task(struct task *t) {
    chaos_step(container_of(t, struct actor, task), 'd');
}

static void chaos_start(struct chaos *c, uint64_t seed) {
    *c = (struct chaos){.left = 3000};
    env_sim_init(&c->sim, seed);
    REQUIRE(loop_new_sim(&c->sim, &c->l) == 0);
    for (size_t i = 0; i < ARRAY_LEN(c->actors); i++) {
        c->actors[i].c = c;
        c->actors[i].timer.fire = chaos_timer;
        c->actors[i].task.run = chaos_task;
    }
    timer_start(c->l, &c->actors[0].timer, 1);
}

static void chaos_done(struct chaos *c) {
    loop_free(c->l);
    env_sim_done(&c->sim);
}

static bool never(void *ctx) {
    return false;
}

TEST(interleaved_virtual_loops_share_nothing) {
    static struct chaos a, b, alone, other;
    chaos_start(&a, tap_seed());
    chaos_start(&b, tap_seed());
    chaos_start(&alone, tap_seed());
    chaos_start(&other, tap_seed() + 1);
    loop_run(alone.l); /* ends by itself */
    for (int i = 0; i < 100; i++) {
        loop_run_until(a.l, never, NULL, NSEC_PER_MSEC);
        loop_run_until(other.l, never, NULL, NSEC_PER_MSEC);
        loop_run_until(b.l, never, NULL, 7 * NSEC_PER_MSEC);
    }
    loop_run(a.l);
    loop_run(b.l);
    CHECK(alone.left < 0 && alone.sim.trace.n > 10000);
    CHECK(str_eq(buf_str(&a.sim.trace), buf_str(&alone.sim.trace)));
    CHECK(str_eq(buf_str(&b.sim.trace), buf_str(&alone.sim.trace)));
    size_t n = other.sim.trace.n;
    CHECK(n > 1000 && memcmp(other.sim.trace.p, alone.sim.trace.p, n) != 0);
    chaos_done(&a);
    chaos_done(&b);
    chaos_done(&alone);
    chaos_done(&other);
}

/* A hundred descriptors that are always ready, a task that posts itself and one that defers itself
 * for ever: timers still fire, and every descriptor gets its turn. */
struct flood {
    struct loop *l;
    struct task posted, deferred;
    struct timer timer;
    int fires;
    int64_t worst;
    struct pipe_end {
        struct flood *f;
        struct io io;
        int other;
        unsigned hits;
    } pipes[100];
};

static void flood_posted(struct task *t) {
    loop_post(container_of(t, struct flood, posted)->l, t);
}
static void flood_deferred(struct task *t) {
    loop_defer(container_of(t, struct flood, deferred)->l, t);
}
static void flood_ready(struct io *io, unsigned events) {
    container_of(io, struct pipe_end, io)->hits++; /* without reading */
}
static void flood_timer(struct timer *t) {
    struct flood *f = container_of(t, struct flood, timer);
    f->worst = MAX(f->worst, loop_now(f->l) - t->node.at);
    if (++f->fires < 20)
        timer_start(f->l, t, 2 * NSEC_PER_MSEC);
}
static bool flood_over(void *ctx) {
    return ((struct flood *)ctx)->fires == 20;
}

TEST(budgets_hold_under_flood) {
    static struct flood f;
    struct env env;
    env_real_init(&env, "test");
    REQUIRE(loop_new(&env, &f.l) == 0);
    for (size_t i = 0; i < ARRAY_LEN(f.pipes); i++) {
        struct pipe_end *p = &f.pipes[i];
        int fds[2];
        REQUIRE(pipe(fds) == 0);
        p->io = (struct io){.fd = fds[0], .want = IO_READ, .ready = flood_ready};
        p->other = fds[1];
        CHECK_INT(write(p->other, "x", 1), 1);
        CHECK_INT(io_add(f.l, &p->io), 0);
    }
    f.posted.run = flood_posted;
    f.deferred.run = flood_deferred;
    f.timer.fire = flood_timer;
    loop_post(f.l, &f.posted);
    loop_defer(f.l, &f.deferred);
    timer_start(f.l, &f.timer, 0);
    CHECK(loop_run_until(f.l, flood_over, &f, 20 * NSEC_PER_SEC));
    unsigned least = UINT32_MAX, most = 0;
    for (size_t i = 0; i < ARRAY_LEN(f.pipes); i++) {
        least = MIN(least, f.pipes[i].hits);
        most = MAX(most, f.pipes[i].hits);
        io_remove(&f.pipes[i].io);
        close(f.pipes[i].io.fd);
        close(f.pipes[i].other);
    }
    CHECK(least > 10 && most - least <= 2);
    CHECK(f.worst < NSEC_PER_SEC);
    loop_free(f.l);
}

/* 100,000 tasks posted at once: a timer that is due fires after the first batch. */
struct burst {
    struct loop *l;
    struct task *tasks;
    int ran, ran_at_fire;
    struct timer timer;
};
static struct burst *burst_of;
static void burst_run(struct task *t) {
    burst_of->ran++;
}
static void burst_fire(struct timer *t) {
    struct burst *b = container_of(t, struct burst, timer);
    b->ran_at_fire = b->ran;
}

TEST(posted_burst_does_not_starve_timers) {
    enum { N = 100000 };
    struct env_sim sim;
    struct burst b = {.timer = {.fire = burst_fire}, .ran_at_fire = -1};
    burst_of = &b;
    env_sim_init(&sim, 1);
    REQUIRE(loop_new_sim(&sim, &b.l) == 0);
    b.tasks = calloc(N, sizeof(*b.tasks));
    for (int i = 0; i < N; i++) {
        b.tasks[i].run = burst_run;
        loop_post(b.l, &b.tasks[i]);
    }
    timer_start(b.l, &b.timer, 0);
    loop_run(b.l);
    CHECK_INT(b.ran, N);
    CHECK(b.ran_at_fire >= 0 && b.ran_at_fire <= 1000);
    free(b.tasks);
    loop_free(b.l);
    env_sim_done(&sim);
}

/* A callback removes a descriptor that the same wait found ready. */
struct removal {
    struct io io[2];
    int hits;
};
static struct removal removal;
static void removal_ready(struct io *io, unsigned events) {
    removal.hits++;
    io_remove(&removal.io[0]);
    io_remove(&removal.io[1]);
}

TEST(removed_descriptor_is_not_reported) {
    struct env env;
    struct loop *l;
    int fds[2];
    env_real_init(&env, "test");
    REQUIRE(loop_new(&env, &l) == 0 && pipe(fds) == 0);
    int other = dup(fds[1]);
    removal.io[0] = (struct io){.fd = fds[1], .want = IO_WRITE, .ready = removal_ready};
    removal.io[1] = (struct io){.fd = other, .want = IO_WRITE, .ready = removal_ready};
    CHECK_INT(io_add(l, &removal.io[0]), 0);
    CHECK_INT(io_add(l, &removal.io[1]), 0);
    loop_run_until(l, never, NULL, 5 * NSEC_PER_MSEC);
    CHECK_INT(removal.hits, 1);
    close(other);
    close(fds[0]);
    close(fds[1]);
    loop_free(l);
}

static int hangups;
static void hangup_ready(struct io *io, unsigned events) {
    CHECK_INT(events & IO_HUP, IO_HUP);
    hangups++;
}

/* Nobody wants the descriptor, its other end is gone: told once, and the loop sleeps again. */
TEST(hangup_is_told_once) {
    struct env env;
    struct loop *l;
    int fds[2];
    env_real_init(&env, "test");
    REQUIRE(loop_new(&env, &l) == 0 && pipe(fds) == 0);
    struct io io = {.fd = fds[0], .want = 0, .ready = hangup_ready};
    CHECK_INT(io_add(l, &io), 0);
    close(fds[1]);
    loop_run_until(l, never, NULL, 5 * NSEC_PER_MSEC);
    CHECK_INT(hangups, 1);
    io_want(&io, IO_READ);
    loop_run_until(l, never, NULL, 2 * NSEC_PER_MSEC);
    CHECK(hangups >= 2);
    io_remove(&io);
    close(fds[0]);
    loop_free(l);
}

struct poster {
    struct loop *l;
    struct task tasks[1000];
    pthread_t thread;
};
static struct {
    struct poster posters[3];
    pthread_t loop_thread;
    int ran;
    bool wrong_thread;
} posting;

static void poster_ran(struct task *t) {
    posting.wrong_thread |= !pthread_equal(pthread_self(), posting.loop_thread);
    posting.ran++;
}
static void *post_all(void *arg) {
    struct poster *p = arg;
    for (size_t i = 0; i < ARRAY_LEN(p->tasks); i++)
        loop_post(p->l, &p->tasks[i]);
    return NULL;
}
static bool all_posted(void *ctx) {
    return posting.ran == 3000;
}

TEST(posts_from_threads) {
    struct env env;
    struct loop *l;
    env_real_init(&env, "test");
    REQUIRE(loop_new(&env, &l) == 0);
    posting.loop_thread = pthread_self();
    for (int i = 0; i < 3; i++) {
        posting.posters[i].l = l;
        for (int k = 0; k < 1000; k++)
            posting.posters[i].tasks[k].run = poster_ran;
        pthread_create(&posting.posters[i].thread, NULL, post_all, &posting.posters[i]);
    }
    CHECK(loop_run_until(l, all_posted, NULL, 20 * NSEC_PER_SEC));
    for (int i = 0; i < 3; i++)
        pthread_join(posting.posters[i].thread, NULL);
    CHECK_INT(posting.ran, 3000);
    CHECK(!posting.wrong_thread);
    loop_free(l);
}

static void *stop_soon(void *arg) {
    usleep(20000);
    loop_stop(arg);
    return NULL;
}

TEST(stop_from_a_thread) {
    struct env env;
    struct loop *l;
    pthread_t t;
    env_real_init(&env, "test");
    REQUIRE(loop_new(&env, &l) == 0);
    pthread_create(&t, NULL, stop_soon, l);
    CHECK_INT(loop_run(l), 0);
    pthread_join(t, NULL);
    loop_stop(l);
    CHECK_INT(loop_run(l), 0); /* stopped before it ran */
    loop_free(l);
}

static struct {
    pthread_t loop_thread;
    atomic_int ran, wrong;
    int done;
} working;
static void count_run(struct work *w) {
    atomic_fetch_or(&working.wrong, !!pthread_equal(pthread_self(), working.loop_thread));
    atomic_fetch_add(&working.ran, 1);
}
static void count_done(struct work *w) {
    atomic_fetch_or(&working.wrong, !pthread_equal(pthread_self(), working.loop_thread));
    working.done++;
}
static bool all_done(void *ctx) {
    return working.done == 500;
}

TEST(work_pool) {
    struct env env;
    struct loop *l;
    struct work_pool *p;
    static struct work items[500];
    env_real_init(&env, "test");
    REQUIRE(loop_new(&env, &l) == 0);
    CHECK_INT(work_pool_new(&env, 0, &p), -EINVAL);
    REQUIRE(work_pool_new(&env, 3, &p) == 0);
    working.loop_thread = pthread_self();
    for (int i = 0; i < 500; i++) {
        items[i] = (struct work){.run = count_run, .done = count_done};
        work_submit(p, l, &items[i]);
    }
    CHECK(work_pool_free(p) == NULL); /* finishes what is queued */
    CHECK_INT(atomic_load(&working.ran), 500);
    CHECK(loop_run_until(l, all_done, NULL, 20 * NSEC_PER_SEC));
    CHECK_INT(atomic_load(&working.wrong), 0);
    loop_free(l);
}

TEST(virtual_loop_ends_when_nothing_can_happen) {
    struct env_sim sim;
    struct loop *l;
    struct io io = {.fd = 0, .ready = flood_ready};
    env_sim_init(&sim, 1);
    REQUIRE(loop_new_sim(&sim, &l) == 0);
    CHECK_INT(loop_run(l), 0);
    CHECK(!loop_run_until(l, never, NULL, 3600 * NSEC_PER_SEC));
    CHECK_INT(sim.now_mono, 3601 * NSEC_PER_SEC);
    CHECK_INT(io_add(l, &io), -ENOTSUP);
    loop_free(l);
    env_sim_done(&sim);
}

struct slow {
    struct work work;
    struct loop *l;
    int64_t done_at;
};

static void slow_run(struct work *w) {}

static void slow_done(struct work *w) {
    struct slow *s = container_of(w, struct slow, work);
    s->done_at = loop_now(s->l);
}

TEST(virtual_work_takes_its_time) {
    struct env_sim sim;
    struct loop *l;
    struct work_pool *p;
    struct slow slow[16];
    env_sim_init(&sim, tap_seed());
    REQUIRE(loop_new_sim(&sim, &l) == 0 && work_pool_new(&sim.env, 1, &p) == 0);
    work_pool_delay(p, 3 * NSEC_PER_MSEC, 9 * NSEC_PER_MSEC);
    int64_t began = loop_now(l), first = INT64_MAX, last = 0;
    for (size_t i = 0; i < ARRAY_LEN(slow); i++) {
        slow[i] = (struct slow){.work = {.run = slow_run, .done = slow_done}, .l = l};
        work_submit(p, l, &slow[i].work);
    }
    CHECK_INT(loop_run(l), 0);
    for (size_t i = 0; i < ARRAY_LEN(slow); i++) {
        first = MIN(first, slow[i].done_at - began);
        last = MAX(last, slow[i].done_at - began);
    }
    CHECK(first >= 3 * NSEC_PER_MSEC && last <= 9 * NSEC_PER_MSEC && first < last);
    work_pool_free(p);
    loop_free(l);
    env_sim_done(&sim);
}
