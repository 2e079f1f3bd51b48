// SPDX-License-Identifier: Apache-2.0
/* What work queues and leaders tell. */
#include "client/metrics.h"
#include "client/workqueue.h"
#include "tap.h"

struct fixture {
    struct env_sim sim;
    struct loop *l;
    struct buf text;
};

static void on_ready(void *ctx) {}
static bool never(void *ctx) {
    return false;
}

static void setup(struct fixture *f) {
    *f = (struct fixture){0};
    env_sim_init(&f->sim, tap_seed());
    f->sim.env.metrics = metrics_new();
    REQUIRE(loop_new_sim(&f->sim, &f->l) == 0);
    buf_init(&f->text, 0);
}
static void teardown(struct fixture *f) {
    loop_free(f->l);
    metrics_free(f->sim.env.metrics);
    buf_done(&f->text);
    env_sim_done(&f->sim);
}

static void check_has(struct fixture *f, const char *line) {
    buf_clear(&f->text);
    metrics_print(f->sim.env.metrics, &f->text);
    if (str_find(buf_str(&f->text), str_of(line)) < 0)
        tap_fail(__FILE__, __LINE__, "no %s in " STR_FMT, line, STR_ARG(buf_str(&f->text)));
}

TEST(a_queue_counts) {
    struct fixture f;
    setup(&f);
    struct workqueue *q = workqueue_new(f.l, on_ready, NULL);
    workqueue_measure(q, "things");
    workqueue_add(q, STR("a"));
    workqueue_add(q, STR("a"));
    workqueue_add(q, STR("b"));
    check_has(&f, "workqueue_adds_total{name=\"things\"} 2\n");
    check_has(&f, "workqueue_depth{name=\"things\"} 2\n");
    loop_run_until(f.l, never, NULL, NSEC_PER_SEC / 2);
    CHECK_STR(workqueue_get(q), STR("a"));
    check_has(&f, "workqueue_depth{name=\"things\"} 1\n");
    check_has(&f, "workqueue_queue_duration_seconds_bucket{name=\"things\",le=\"0.1\"} 0\n");
    check_has(&f, "workqueue_queue_duration_seconds_bucket{name=\"things\",le=\"1\"} 1\n");
    workqueue_add(q, STR("a")); /* once more, when it is done */
    check_has(&f, "workqueue_adds_total{name=\"things\"} 3\n");
    check_has(&f, "workqueue_depth{name=\"things\"} 2\n");
    loop_run_until(f.l, never, NULL, 5 * NSEC_PER_SEC);
    workqueue_done(q, STR("a"));
    check_has(&f, "workqueue_work_duration_seconds_bucket{name=\"things\",le=\"1\"} 0\n");
    check_has(&f, "workqueue_work_duration_seconds_bucket{name=\"things\",le=\"10\"} 1\n");
    workqueue_add_rate_limited(q, STR("c"));
    check_has(&f, "workqueue_retries_total{name=\"things\"} 1\n");
    check_has(&f, "workqueue_adds_total{name=\"things\"} 3\n");
    workqueue_free(q);
    teardown(&f);
}

TEST(keys_in_work_are_looked_at) {
    struct fixture f;
    setup(&f);
    struct workqueue *q = workqueue_new(f.l, on_ready, NULL);
    workqueue_measure(q, "things");
    workqueue_add(q, STR("a"));
    workqueue_add(q, STR("b"));
    CHECK_STR(workqueue_get(q), STR("a"));
    loop_run_until(f.l, never, NULL, 5 * NSEC_PER_SEC);
    CHECK_STR(workqueue_get(q), STR("b"));
    loop_run_until(f.l, never, NULL, 2 * NSEC_PER_SEC);
    check_has(&f, "workqueue_unfinished_work_seconds{name=\"things\"} 9\n");
    check_has(&f, "workqueue_longest_running_processor_seconds{name=\"things\"} 7\n");
    workqueue_done(q, STR("a"));
    workqueue_done(q, STR("b"));
    check_has(&f, "workqueue_unfinished_work_seconds{name=\"things\"} 0\n");
    workqueue_free(q);
    teardown(&f);
}

TEST(a_leader_says_so) {
    struct fixture f;
    setup(&f);
    leader_metric(&f.sim.env, "a-lease", false);
    check_has(&f, "leader_election_master_status{name=\"a-lease\"} 0\n");
    leader_metric(&f.sim.env, "a-lease", true);
    check_has(&f, "leader_election_master_status{name=\"a-lease\"} 1\n");
    teardown(&f);
}

TEST(without_metrics_nothing_is_told) {
    struct env_sim sim;
    env_sim_init(&sim, tap_seed());
    struct workqueue_metrics m = workqueue_metrics_of(&sim.env, "things");
    CHECK(!m.adds && !m.worked);
    leader_metric(&sim.env, "a-lease", true);
    env_sim_done(&sim);
}

TEST(a_client_counts_its_requests) {
    struct fixture f;
    setup(&f);
    struct rest_metrics *m = rest_metrics_new(&f.sim.env, STR("h:1"));
    struct rest_measure c = {
        .method = "POST", .code = 201, .took_ns = NSEC_PER_SEC / 5, .sent = 100, .received = 300};
    rest_metrics_call(m, &c);
    c.code = 0;
    rest_metrics_call(m, &c);
    rest_metrics_call(m, &c);
    rest_metrics_watch(m, 200);
#define OF_POST "{verb=\"POST\",host=\"h:1\""
    check_has(&f, "rest_client_requests_total{code=\"201\",method=\"POST\",host=\"h:1\"} 1\n");
    check_has(&f, "rest_client_requests_total{code=\"<error>\",method=\"POST\",host=\"h:1\"} 2\n");
    check_has(&f, "rest_client_requests_total{code=\"200\",method=\"GET\",host=\"h:1\"} 1\n");
    check_has(&f, "rest_client_request_duration_seconds_bucket" OF_POST ",le=\"0.1\"} 0\n");
    check_has(&f, "rest_client_request_duration_seconds_bucket" OF_POST ",le=\"0.25\"} 3\n");
    check_has(&f, "rest_client_request_size_bytes_sum" OF_POST "} 300\n");
    check_has(&f, "rest_client_response_size_bytes_bucket" OF_POST ",le=\"512\"} 3\n");
    rest_metrics_free(m);
    teardown(&f);
}
