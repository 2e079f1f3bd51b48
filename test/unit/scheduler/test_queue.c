// SPDX-License-Identifier: Apache-2.0
#include "scheduler/queue.h"
#include "tap.h"

static struct arena arena;
static struct env_sim sim;
static struct loop *loop;
static struct sched_queue *queue;
static int woken;

static void on_ready(void *ctx) {
    woken++;
}

static void begin(void) {
    arena_init(&arena, 0);
    env_sim_init(&sim, tap_seed());
    REQUIRE(loop_new_sim(&sim, &loop) == 0);
    woken = 0;
    queue = sched_queue_new(loop, on_ready, NULL);
}

static void end(void) {
    sched_queue_free(queue);
    loop_free(loop);
    env_sim_done(&sim);
    arena_done(&arena);
}

static struct pod_info *pod(const char *uid, int priority) {
    Pod *p = arena_make(&arena, Pod);
    struct cached *c = arena_make(&arena, struct cached);
    p->metadata.uid = p->metadata.name = str_of(uid);
    c->refs = 1000;
    c->typed = p;
    struct pod_info *info = xcalloc(1, sizeof(*info));
    info->pod = c;
    info->priority = priority;
    return info;
}

static bool never(void *ctx) {
    return false;
}
static void pass(int64_t ns) {
    loop_run_until(loop, never, NULL, ns);
}

static void expect_pop(const char *uid, unsigned attempts) {
    unsigned n = 0;
    struct pod_info *p = sched_queue_pop(queue, &n);
    CHECK_STRC(p ? pod_of(p)->metadata.uid : STR("nobody"), uid ? uid : "nobody");
    if (p)
        CHECK_INT(n, attempts);
    pod_info_free(p);
}

TEST(priority_then_arrival) {
    begin();
    sched_queue_put(queue, pod("low", 0));
    sched_queue_put(queue, pod("first", 5));
    sched_queue_put(queue, pod("second", 5));
    sched_queue_put(queue, pod("top", 9));
    sched_queue_put(queue, pod("gone", 99));
    sched_queue_drop(queue, STR("gone"));
    pass(1);
    CHECK_INT(woken, 1);
    expect_pop("top", 1);
    expect_pop("first", 1);
    expect_pop("second", 1);
    expect_pop("low", 1);
    expect_pop(NULL, 0);
    end();
}

TEST(failed_binding_backs_off_and_doubles) {
    begin();
    int64_t want = QUEUE_BACKOFF_MIN;
    for (unsigned attempts = 1; attempts < 8; attempts++) {
        sched_queue_return(queue, pod("p", 0), attempts, 0);
        pass(want - 1);
        expect_pop(NULL, 0);
        pass(2);
        expect_pop("p", attempts + 1);
        want = MIN(want * 2, QUEUE_BACKOFF_MAX);
    }
    end();
}

TEST(unschedulable_waits_for_an_event_that_helps) {
    begin();
    sched_queue_return(queue, pod("p", 0), 1, EVENT_POD_GONE | EVENT_SELF);
    pass(20 * NSEC_PER_SEC);
    sched_queue_event(queue, EVENT_NODE_LABELS);
    expect_pop(NULL, 0);
    sched_queue_event(queue, EVENT_POD_GONE);
    expect_pop("p", 2);
    end();
}

TEST(an_event_does_not_cut_the_back_off_short) {
    begin();
    sched_queue_return(queue, pod("p", 0), 3, EVENT_POD_GONE);
    sched_queue_event(queue, EVENT_POD_GONE);
    expect_pop(NULL, 0);
    pass(4 * NSEC_PER_SEC + 1);
    expect_pop("p", 4);
    end();
}

TEST(patience_ends_after_five_minutes) {
    begin();
    sched_queue_return(queue, pod("p", 0), 1, EVENT_NODE_LABELS);
    pass(QUEUE_PATIENCE - 1);
    expect_pop(NULL, 0);
    pass(2);
    expect_pop("p", 2);
    end();
}

TEST(a_changed_pod_replaces_the_waiting_one) {
    begin();
    sched_queue_return(queue, pod("p", 0), 1, EVENT_SELF);
    pass(2 * NSEC_PER_SEC);
    sched_queue_put(queue, pod("p", 7));
    CHECK_INT(sched_queue_length(queue), 1);
    unsigned n;
    struct pod_info *p = sched_queue_pop(queue, &n);
    REQUIRE(p != NULL);
    CHECK_INT(p->priority, 7);
    CHECK_INT(n, 2);
    pod_info_free(p);
    end();
}

static void check_pending(uint32_t active, uint32_t backoff, uint32_t unschedulable) {
    struct pending_pods n = sched_queue_pending(queue);
    CHECK_INT(n.active, active);
    CHECK_INT(n.backoff, backoff);
    CHECK_INT(n.unschedulable, unschedulable);
}

TEST(who_waits_where_is_counted) {
    unsigned attempts;
    begin();
    sched_queue_put(queue, pod("a", 0));
    sched_queue_put(queue, pod("b", 0));
    check_pending(2, 0, 0);
    struct pod_info *p = sched_queue_pop(queue, &attempts);
    sched_queue_return(queue, p, attempts, EVENT_POD_GONE);
    check_pending(1, 0, 1);
    sched_queue_event(queue, EVENT_POD_GONE);
    check_pending(1, 1, 0);
    pass(2 * NSEC_PER_SEC);
    check_pending(2, 0, 0);
    p = sched_queue_pop(queue, &attempts);
    sched_queue_return(queue, p, attempts, EVENT_POD_GONE);
    sched_queue_drop(queue, STR("a"));
    sched_queue_drop(queue, STR("b"));
    check_pending(0, 0, 0);
    end();
}

static void expect_incoming(struct metrics *m, const char *where, const char *event, int want) {
    struct buf text;
    char line[160];
    buf_init(&text, 0);
    metrics_print(m, &text);
    snprintf(line, sizeof(line),
             "scheduler_queue_incoming_pods_total{queue=\"%s\",event=\"%s\"} %d\n", where, event,
             want);
    if (str_find(buf_str(&text), str_of(line)) < 0)
        tap_fail(__FILE__, __LINE__, "no %s in " STR_FMT, line, STR_ARG(buf_str(&text)));
    buf_done(&text);
}

TEST(incoming_pods_are_counted) {
    begin();
    struct metrics *m = metrics_new();
    sched_queue_measure(queue, m);
    sched_queue_put(queue, pod("a", 0));
    expect_incoming(m, "active", "UnschedulablePodAdd", 1);
    unsigned n;
    struct pod_info *p = sched_queue_pop(queue, &n);
    sched_queue_return(queue, p, n, EVENT_NODE_ADDED);
    expect_incoming(m, "unschedulable", "ScheduleAttemptFailure", 1);
    sched_queue_event(queue, EVENT_NODE_ADDED);
    expect_incoming(m, "backoff", "NodeAdd", 1);
    pass(2 * NSEC_PER_SEC);
    expect_incoming(m, "active", "BackoffComplete", 1);
    p = sched_queue_pop(queue, &n);
    sched_queue_return(queue, p, n, EVENT_NODE_ADDED);
    pass(QUEUE_PATIENCE + NSEC_PER_SEC);
    expect_incoming(m, "active", "UnschedulableTimeout", 1);
    end();
    metrics_free(m);
}
