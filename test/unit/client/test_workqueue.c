// SPDX-License-Identifier: Apache-2.0
#include "client/workqueue.h"

#include "tap.h"

struct fixture {
    struct env_sim sim;
    struct loop *l;
    struct workqueue *q;
    unsigned calls;
};

static void on_ready(void *ctx) {
    ((struct fixture *)ctx)->calls++;
}
static bool never(void *ctx) {
    return false;
}
static void pass(struct fixture *f, int64_t ns) {
    loop_run_until(f->l, never, NULL, ns);
}

static void setup(struct fixture *f) {
    *f = (struct fixture){0};
    env_sim_init(&f->sim, tap_seed());
    REQUIRE(loop_new_sim(&f->sim, &f->l) == 0);
    f->q = workqueue_new(f->l, on_ready, f);
}
static void teardown(struct fixture *f) {
    workqueue_free(f->q);
    loop_free(f->l);
    env_sim_done(&f->sim);
}

TEST(a_key_is_queued_once) {
    struct fixture f;
    setup(&f);
    workqueue_add(f.q, STR("a"));
    workqueue_add(f.q, STR("b"));
    workqueue_add(f.q, STR("a"));
    CHECK_INT(workqueue_length(f.q), 2);
    pass(&f, 1);
    CHECK_INT(f.calls, 1);
    CHECK_STRC(workqueue_get(f.q), "a");
    CHECK_STRC(workqueue_get(f.q), "b");
    CHECK(!workqueue_get(f.q).p);
    CHECK(!workqueue_idle(f.q));
    workqueue_done(f.q, STR("a"));
    workqueue_done(f.q, STR("b"));
    CHECK(workqueue_idle(f.q));
    teardown(&f);
}

TEST(a_key_in_work_comes_again_afterwards_and_only_then) {
    struct fixture f;
    setup(&f);
    workqueue_add(f.q, STR("a"));
    CHECK_STRC(workqueue_get(f.q), "a");
    workqueue_add(f.q, STR("a"));
    workqueue_add(f.q, STR("a"));
    CHECK(!workqueue_get(f.q).p);
    workqueue_done(f.q, STR("a"));
    CHECK_STRC(workqueue_get(f.q), "a");
    workqueue_done(f.q, STR("a"));
    CHECK(!workqueue_get(f.q).p);
    CHECK(workqueue_idle(f.q));
    teardown(&f);
}

TEST(the_earliest_delay_counts) {
    struct fixture f;
    setup(&f);
    workqueue_add_after(f.q, STR("a"), 10 * NSEC_PER_SEC);
    workqueue_add_after(f.q, STR("a"), 2 * NSEC_PER_SEC);
    workqueue_add_after(f.q, STR("a"), 5 * NSEC_PER_SEC);
    workqueue_add_after(f.q, STR("b"), 1 * NSEC_PER_SEC);
    pass(&f, NSEC_PER_SEC * 3 / 2);
    CHECK_STRC(workqueue_get(f.q), "b");
    CHECK(!workqueue_get(f.q).p);
    pass(&f, NSEC_PER_SEC);
    CHECK_STRC(workqueue_get(f.q), "a");
    workqueue_done(f.q, STR("a"));
    pass(&f, 20 * NSEC_PER_SEC);
    CHECK(!workqueue_get(f.q).p);
    teardown(&f);
}

/* 5 ms, 10, 20, ... 1000 s. */
TEST(failures_back_off) {
    struct fixture f;
    setup(&f);
    int64_t want = 5 * NSEC_PER_MSEC;
    for (int i = 0; i < 12; i++) {
        workqueue_add_rate_limited(f.q, STR("a"));
        int64_t from = loop_now(f.l);
        while (!workqueue_length(f.q))
            pass(&f, NSEC_PER_MSEC);
        int64_t took = loop_now(f.l) - from;
        CHECK(took >= want - NSEC_PER_MSEC && took <= want + 2 * NSEC_PER_MSEC);
        want = MIN(want * 2, 1000 * NSEC_PER_SEC);
        CHECK_STRC(workqueue_get(f.q), "a");
        workqueue_done(f.q, STR("a"));
    }
    CHECK(workqueue_failures(f.q, STR("a")) > 10);
    workqueue_forget(f.q, STR("a"));
    CHECK_INT(workqueue_failures(f.q, STR("a")), 0);
    CHECK(workqueue_idle(f.q));
    teardown(&f);
}

TEST(failures_of_all_share_a_bucket) {
    struct fixture f;
    setup(&f);
    char name[16];
    for (int i = 0; i < 150; i++)
        workqueue_add_rate_limited(f.q,
                                   str_n(name, (size_t)snprintf(name, sizeof(name), "k%d", i)));
    pass(&f, NSEC_PER_SEC / 20);
    CHECK_INT(workqueue_length(f.q), 100); /* the burst */
    pass(&f, NSEC_PER_SEC);
    CHECK_INT(workqueue_length(f.q), 110);
    pass(&f, 10 * NSEC_PER_SEC);
    CHECK_INT(workqueue_length(f.q), 150);
    teardown(&f);
}
