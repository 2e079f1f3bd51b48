// SPDX-License-Identifier: Apache-2.0
#include "fake_runtime.h"

static bool all_run(struct fake *f) {
    return fake_running(f) == f->pod->spec.containers.n && f->state.ops.n == 0;
}
static bool gone(struct fake *f) {
    return f->forgotten && f->state.stage == POD_GONE;
}
static bool over(struct fake *f) {
    return f->state.stage == POD_TERMINATED && f->state.torn_down;
}

static struct fake_container *newest(struct fake *f, const char *name) {
    struct fake_container *best = NULL;
    for (unsigned i = 0; i < f->n_containers; i++)
        if (!f->containers[i].removed && strcmp(f->containers[i].name, name) == 0)
            best = &f->containers[i];
    return best;
}

static void exit_with(struct fake *f, const char *name, int code) {
    struct fake_container *c = newest(f, name);
    REQUIRE(c && c->state == RT_RUNNING);
    c->state = RT_EXITED;
    c->exit_code = code;
}

static void settle(struct fake *f) {
    for (unsigned i = 0; i < 200; i++) {
        int64_t wake = fake_sync(f);
        if (f->state.ops.n == 0 && wake > f->now)
            return;
        fake_step(f);
    }
}

TEST(a_pod_comes_up_in_order) {
    struct fake f;
    fake_init(&f, 1);
    f.pod = fake_pod(&f.arena, "Always", 2, 2);
    settle(&f);
    CHECK_STRC(str_of(newest(&f, "init0")->name), "init0");
    CHECK(!newest(&f, "init1"));
    CHECK_INT(fake_running(&f), 1);
    exit_with(&f, "init0", 0);
    settle(&f);
    CHECK(newest(&f, "init1") && !newest(&f, "c0"));
    exit_with(&f, "init1", 0);
    settle(&f);
    CHECK_INT(fake_running(&f), 2);
    CHECK(newest(&f, "c0") < newest(&f, "c1"));
    CHECK_INT(f.n_sandboxes, 1);
    fake_done(&f);
}

TEST(a_sidecar_stays_and_lets_the_next_start) {
    struct fake f;
    fake_init(&f, 1);
    f.pod = fake_pod(&f.arena, "Never", 1, 1);
    f.pod->spec.init_containers.v[0].restart_policy = STR("Always");
    settle(&f);
    CHECK_INT(fake_running(&f), 2);
    exit_with(&f, "init0", 1);
    settle(&f);
    CHECK_INT(fake_running(&f), 2);
    exit_with(&f, "c0", 0); /* the pod is over: the sidecar ends with it */
    CHECK(fake_until(&f, over, 60));
    CHECK_INT(fake_running(&f), 0);
    fake_done(&f);
}

TEST(a_crashing_container_backs_off_as_upstream_does) {
    struct fake f;
    fake_init(&f, 1);
    f.pod = fake_pod(&f.arena, "Always", 0, 1);
    settle(&f);
    static const int waits[] = {0, 10, 20, 40, 80, 160, 300, 300};
    for (unsigned i = 0; i < ARRAY_LEN(waits); i++) {
        int64_t ended = f.now;
        exit_with(&f, "c0", 1);
        unsigned before = f.n_events;
        settle(&f);
        if (waits[i]) {
            CHECK_INT(fake_running(&f), 0);
            CHECK_INT(f.n_events, before + 1);
            CHECK_STRC(pod_memo(&f.state, STR("c0"))->waiting_reason, "CrashLoopBackOff");
        }
        CHECK(fake_until(&f, all_run, 400));
        CHECK_INT((f.now - ended) / NSEC_PER_SEC, waits[i]);
        CHECK_INT(newest(&f, "c0")->attempt, i + 1);
    }
    CHECK_STRC(str_of(f.last_event),
               "BackOff: Back-off restarting failed container c0 in pod web_default(uid-1)");
    f.now += 1500 * NSEC_PER_SEC; /* ran long enough: forgotten */
    int64_t ended = f.now;
    exit_with(&f, "c0", 1);
    CHECK(fake_until(&f, all_run, 400));
    CHECK_INT((f.now - ended) / NSEC_PER_SEC, 0);
    unsigned kept = 0;
    for (unsigned i = 0; i < f.n_containers; i++)
        kept += !f.containers[i].removed;
    CHECK_INT(kept, 2); /* the running one and the one before */
    fake_done(&f);
}

TEST(crash_loop_text) {
    struct fake f;
    fake_init(&f, 1);
    f.pod = fake_pod(&f.arena, "Always", 0, 1);
    settle(&f);
    for (unsigned i = 0; i < 2; i++) {
        exit_with(&f, "c0", 1);
        settle(&f);
    }
    CHECK_STRC(pod_memo(&f.state, STR("c0"))->waiting_message,
               "back-off 10s restarting failed container=c0 pod=web_default(uid-1)");
    fake_done(&f);
}

static bool image_error(struct fake *f) {
    const struct container_memo *m = pod_memo(&f->state, STR("c0"));
    return m && str_eq(m->waiting_reason, STR("ErrImagePull"));
}
static bool image_backoff(struct fake *f) {
    const struct container_memo *m = pod_memo(&f->state, STR("c0"));
    return m && str_eq(m->waiting_reason, STR("ImagePullBackOff"));
}

TEST(a_missing_image_says_so_then_backs_off) {
    struct fake f;
    fake_init(&f, 1);
    f.pod = fake_pod(&f.arena, "Always", 0, 1);
    f.image_missing = true;
    CHECK(fake_until(&f, image_error, 5));
    CHECK(fake_until(&f, image_backoff, 5));
    CHECK_STRC(pod_memo(&f.state, STR("c0"))->waiting_message,
               "Back-off pulling image \"img:1\": ErrImagePull: it failed");
    CHECK(fake_until(&f, image_error, 11));
    f.image_missing = false;
    CHECK(fake_until(&f, all_run, 30));
    fake_done(&f);
}

static bool never(struct fake *f) {
    return false;
}

TEST(volumes_are_tried_again_ever_more_slowly) {
    struct fake f;
    fake_init(&f, 1);
    f.pod = fake_pod(&f.arena, "Always", 0, 1);
    f.volumes_fail = true;
    fake_until(&f, never, 8); /* at 0, 0.5, 1.5, 3.5 and 7.5 s */
    CHECK_INT(f.volume_tries, 5);
    CHECK_INT(f.n_sandboxes, 0);
    f.volumes_fail = false;
    CHECK(fake_until(&f, all_run, 10));
    fake_done(&f);
}

TEST(restart_policies) {
    static const struct {
        const char *policy;
        int code;
        bool again;
    } cases[] = {{"Always", 0, true},    {"Always", 1, true}, {"OnFailure", 0, false},
                 {"OnFailure", 1, true}, {"Never", 0, false}, {"Never", 1, false}};
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct fake f;
        fake_init(&f, 1);
        f.pod = fake_pod(&f.arena, cases[i].policy, 0, 1);
        settle(&f);
        exit_with(&f, "c0", cases[i].code);
        settle(&f);
        CHECK_INT(fake_running(&f), cases[i].again);
        CHECK_INT(f.state.stage == POD_SYNCING, cases[i].again);
        fake_done(&f);
    }
}

TEST(deletion_stops_everything_and_leaves_nothing) {
    struct fake f;
    fake_init(&f, 1);
    f.pod = fake_pod(&f.arena, "Always", 0, 2);
    settle(&f);
    f.pod->metadata.deletion_timestamp = (Time){.sec = 1, .set = true};
    f.pod->metadata.deletion_grace_period_seconds = (struct opt_i64){true, 5};
    CHECK(fake_until(&f, gone, 60));
    CHECK_INT(fake_left(&f), 0);
    CHECK(!f.volumes && !f.pod);
    fake_done(&f);
}

TEST(a_shorter_grace_replaces_the_stop_under_way) {
    struct fake f;
    fake_init(&f, 1);
    f.pod = fake_pod(&f.arena, "Always", 0, 1);
    settle(&f);
    f.pod->metadata.deletion_timestamp = (Time){.sec = 1, .set = true};
    f.pod->metadata.deletion_grace_period_seconds = (struct opt_i64){true, 30};
    f.max_latency_ms = 1;
    fake_sync(&f);
    REQUIRE(f.state.ops.n == 1);
    CHECK_INT(f.state.ops.v[0].grace, 30);
    f.pod->metadata.deletion_grace_period_seconds = (struct opt_i64){true, 1};
    fake_sync(&f);
    fake_sync(&f);
    REQUIRE(f.state.ops.n == 1);
    CHECK_INT(f.state.ops.v[0].kind, OP_STOP);
    CHECK(f.state.ops.v[0].grace <= 1);
    fake_done(&f);
}

TEST(running_pods_are_adopted_by_a_new_kubelet) {
    struct fake f;
    fake_init(&f, 1);
    f.pod = fake_pod(&f.arena, "Always", 0, 2);
    settle(&f);
    unsigned made = f.n_ids;
    fake_kill_kubelet(&f);
    settle(&f);
    CHECK_INT(f.n_ids, made);
    CHECK_INT(fake_running(&f), 2);
    fake_done(&f);
}

TEST(a_broken_sandbox_is_replaced) {
    struct fake f;
    fake_init(&f, 1);
    f.pod = fake_pod(&f.arena, "Always", 0, 1);
    settle(&f);
    fake_sandbox_stop(&f, f.sandboxes[0].id);
    CHECK(fake_until(&f, all_run, 30));
    CHECK_INT(f.n_sandboxes, 2);
    CHECK_INT(f.sandboxes[1].attempt, 1);
    CHECK_INT(newest(&f, "c0")->attempt, 1);
    fake_done(&f);
}

TEST(a_pod_that_was_never_seen_here_is_only_removed) {
    struct fake f;
    fake_init(&f, 1);
    f.pod = fake_pod(&f.arena, "Always", 0, 1);
    settle(&f);
    f.pod = NULL;
    fake_kill_kubelet(&f);
    CHECK(fake_until(&f, gone, 60));
    CHECK_INT(fake_left(&f), 0);
    fake_done(&f);
}

/* Nothing is started twice and nothing is left, whatever fails, hangs or dies when. */
static void one_history(uint64_t seed) {
    struct fake f;
    fake_init(&f, seed);
    f.fail_percent = 15;
    f.hang_percent = 8;
    f.max_latency_ms = 3000;
    f.stale_percent = 40;
    f.pod = fake_pod(&f.arena, seed % 3 ? "Always" : "OnFailure", (unsigned)seed % 2, 2);
    unsigned steps = 20 + fake_random(&f, 60);
    for (unsigned i = 0; i < steps; i++) {
        fake_step(&f);
        struct fake_container *init = newest(&f, "init0");
        if (init && init->state == RT_RUNNING) {
            init->state = RT_EXITED;
            init->exit_code = fake_random(&f, 4) == 0;
        }
        unsigned dice = fake_random(&f, 30);
        if (dice == 0)
            fake_kill_kubelet(&f);
        else if (dice == 1 && f.n_sandboxes)
            fake_sandbox_stop(&f, f.sandboxes[fake_random(&f, f.n_sandboxes)].id);
        else if (dice == 2 && newest(&f, "c0") && newest(&f, "c0")->state == RT_RUNNING)
            exit_with(&f, "c0", 1);
    }
    if (fake_random(&f, 2)) {
        f.pod->metadata.deletion_timestamp = (Time){.sec = 1, .set = true};
        f.pod->metadata.deletion_grace_period_seconds = (struct opt_i64){true, 5};
    } else {
        f.pod = NULL;
    }
    for (unsigned i = 0; i < 10; i++) {
        fake_step(&f);
        if (fake_random(&f, 8) == 0)
            fake_kill_kubelet(&f);
    }
    f.fail_percent = f.hang_percent = f.stale_percent = 0;
    bool done = fake_until(&f, gone, 9000);
    /* A creation that hung may surface after the pod was forgotten; the node's list finds it and a
     * pod without an object comes to be again. */
    for (unsigned i = 0; i < 4 && done; i++) {
        int64_t last = f.now;
        for (unsigned j = 0; j < f.n_flights; j++)
            if (!f.flights[j].applied)
                last = MAX(last, f.flights[j].due);
        f.now = last;
        fake_kill_kubelet(&f);
        f.forgotten = false;
        done = fake_until(&f, gone, 9000);
    }
    if (!done || f.twice || fake_left(&f))
        tap_fail(__FILE__, __LINE__, "seed %llu: done %d twice %u left %u stage %d ops %u",
                 (unsigned long long)seed, done, f.twice, fake_left(&f), f.state.stage,
                 f.state.ops.n);
    fake_done(&f);
}

TEST(nothing_is_leaked_or_started_twice) {
    for (uint64_t seed = 1; seed <= 5000; seed++)
        one_history(seed);
}
