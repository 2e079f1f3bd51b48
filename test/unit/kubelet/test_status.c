// SPDX-License-Identifier: Apache-2.0
#include "base/vec.h"
#include "kubelet/status.h"
#include "schema/ops.h"
#include "schema/patch.h"
#include "tap.h"

/* A container of a case: what the runtime shows of it. */
struct shown {
    int state; /* enum rt_state, or -1: not there */
    int exit_code;
    unsigned attempt;
    const char *waiting; /* reason the core remembers */
};

struct world {
    struct arena a;
    Pod pod;
    struct rt_pod rt;
    struct pod_state state;
};

static void init(struct world *w, const char *policy) {
    memset(w, 0, sizeof(*w));
    arena_init(&w->a, 0);
    pod_state_init(&w->state);
    w->pod.metadata.name = STR("web");
    w->pod.metadata.uid = STR("u1");
    w->pod.metadata.generation = 3;
    w->pod.spec.restart_policy = str_of(policy);
    struct rt_sandbox *b = list_push(&w->a, &w->rt.sandboxes);
    str *ip = arena_make(&w->a, str);
    *ip = STR("10.1.1.1");
    *b = (struct rt_sandbox){.id = STR("s1"), .ready = true, .ips = ip, .n_ips = 1};
}

static void done(struct world *w) {
    pod_state_done(&w->state);
    arena_done(&w->a);
}

static void add(struct world *w, bool init, const char *name, const struct shown *s) {
    Container *c = init ? list_push(&w->a, &w->pod.spec.init_containers)
                        : list_push(&w->a, &w->pod.spec.containers);
    c->name = str_of(name);
    c->image = STR("img:1");
    if (s->state >= 0) {
        *list_push(&w->a, &w->rt.containers) = (struct rt_container){
            .id = str_printf(&w->a, "%s-%u", name, s->attempt),
            .name = c->name,
            .sandbox_id = STR("s1"),
            .image = STR("img:1"),
            .image_ref = STR("sha256:1"),
            .state = (enum rt_state)s->state,
            .attempt = s->attempt,
            .exit_code = s->exit_code,
            .reason =
                s->state == RT_EXITED ? (s->exit_code ? STR("Error") : STR("Completed")) : STR_NONE,
            .started = 5 * NSEC_PER_SEC,
            .finished = s->state == RT_EXITED ? 6 * NSEC_PER_SEC : 0,
        };
    }
    if (s->waiting) {
        struct container_memo *m = vec_push(&w->state.memos);
        m->name = (str){xstrndup(name, strlen(name)), strlen(name)};
        m->waiting_reason = (str){xstrndup(s->waiting, strlen(s->waiting)), strlen(s->waiting)};
    }
}

static PodStatus *make(struct world *w) {
    static const str host[] = {{"192.0.2.1", 9}};
    PodStatus *s = arena_make(&w->a, PodStatus);
    rt_pod_sort(&w->rt);
    struct status_input in = {.pod = &w->pod,
                              .rt = &w->rt,
                              .state = &w->state,
                              .host_ips = host,
                              .n_host_ips = 1,
                              .now = 100};
    pod_status_make(&w->a, &in, s);
    return s;
}

static const struct PodCondition *condition(const PodStatus *s, const char *type) {
    for (uint32_t i = 0; i < s->conditions.n; i++)
        if (str_eqc(s->conditions.v[i].type, type))
            return &s->conditions.v[i];
    tap_fail(__FILE__, __LINE__, "no condition %s", type);
    tap_bail();
}

#define RUN                                                                                        \
    { RT_RUNNING, 0, 0, NULL }
#define NONE                                                                                       \
    { -1, 0, 0, NULL }
#define OK                                                                                         \
    { RT_EXITED, 0, 0, NULL }
#define BAD                                                                                        \
    { RT_EXITED, 1, 0, NULL }
#define CRASH                                                                                      \
    { RT_EXITED, 1, 2, "CrashLoopBackOff" }

TEST(phases) {
    static const struct {
        const char *policy;
        unsigned n_init, n_main;
        struct shown init[2], main[2];
        enum pod_stage stage;
        const char *phase;
    } cases[] = {
        {"Always", 0, 2, {NONE}, {NONE, NONE}, POD_SYNCING, "Pending"},
        {"Always", 0, 2, {NONE}, {RUN, NONE}, POD_SYNCING, "Pending"},
        {"Always", 0, 2, {NONE}, {RUN, RUN}, POD_SYNCING, "Running"},
        {"Always", 0, 2, {NONE}, {RUN, CRASH}, POD_SYNCING, "Running"},
        {"Always", 0, 1, {NONE}, {CRASH}, POD_SYNCING, "Running"},
        {"Always", 0, 1, {NONE}, {OK}, POD_SYNCING, "Running"},
        {"Never", 0, 1, {NONE}, {OK}, POD_SYNCING, "Succeeded"},
        {"Never", 0, 2, {NONE}, {OK, BAD}, POD_SYNCING, "Failed"},
        {"Never", 0, 2, {NONE}, {OK, RUN}, POD_SYNCING, "Running"},
        {"OnFailure", 0, 1, {NONE}, {BAD}, POD_SYNCING, "Running"},
        {"OnFailure", 0, 2, {NONE}, {OK, OK}, POD_SYNCING, "Succeeded"},
        {"Always", 1, 1, {RUN}, {NONE}, POD_SYNCING, "Pending"},
        {"Always", 1, 1, {OK}, {RUN}, POD_SYNCING, "Running"},
        {"Never", 1, 1, {BAD}, {NONE}, POD_SYNCING, "Failed"},
        {"Always", 1, 1, {CRASH}, {NONE}, POD_SYNCING, "Pending"},
        {"Always", 0, 1, {NONE}, {BAD}, POD_TERMINATED, "Failed"},
        {"Always", 0, 1, {NONE}, {OK}, POD_TERMINATED, "Succeeded"},
        {"Always", 0, 1, {NONE}, {NONE}, POD_TERMINATED, "Failed"},
        {"Always", 0, 1, {NONE}, {RUN}, POD_TERMINATING, "Running"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w;
        init(&w, cases[i].policy);
        for (unsigned j = 0; j < cases[i].n_init; j++)
            add(&w, true, "i", &cases[i].init[j]);
        for (unsigned j = 0; j < cases[i].n_main; j++)
            add(&w, false, j ? "b" : "a", &cases[i].main[j]);
        w.state.stage = cases[i].stage;
        PodStatus *s = make(&w);
        if (!str_eqc(s->phase, cases[i].phase))
            tap_fail(__FILE__, __LINE__, "case %zu: " STR_FMT ", wanted %s", i, STR_ARG(s->phase),
                     cases[i].phase);
        done(&w);
    }
}

TEST(a_running_pod) {
    struct world w;
    init(&w, "Always");
    add(&w, false, "a", &(struct shown)RUN);
    PodStatus *s = make(&w);
    CHECK_STRC(s->pod_ip, "10.1.1.1");
    CHECK_STRC(s->host_ip, "192.0.2.1");
    CHECK_INT(s->start_time.sec, 100);
    CHECK_STRC(s->qos_class, "BestEffort");
    CHECK_INT(s->observed_generation, 3);
    CHECK_INT(s->conditions.n, 5);
    CHECK_STRC(condition(s, "Ready")->status, "True");
    CHECK_STRC(condition(s, "PodReadyToStartContainers")->status, "True");
    const struct ContainerStatus *c = &s->container_statuses.v[0];
    CHECK(c->ready && c->started.v && c->state.running);
    CHECK_STRC(c->container_id, "containerd://a-0");
    CHECK_INT(c->state.running->started_at.sec, 5);
    CHECK(!pod_status_is_final(s));
    done(&w);
}

TEST(a_crash_loop_shows_the_last_end) {
    struct world w;
    init(&w, "Always");
    add(&w, false, "a", &(struct shown)CRASH);
    PodStatus *s = make(&w);
    const struct ContainerStatus *c = &s->container_statuses.v[0];
    CHECK(!c->ready && c->state.waiting && !c->state.terminated);
    CHECK_STRC(c->state.waiting->reason, "CrashLoopBackOff");
    REQUIRE(c->last_termination_state.terminated);
    CHECK_INT(c->last_termination_state.terminated->exit_code, 1);
    CHECK_INT(c->restart_count, 2);
    CHECK_STRC(condition(s, "Ready")->message, "containers with unready status: [a]");
    CHECK_STRC(condition(s, "ContainersReady")->reason, "ContainersNotReady");
    done(&w);
}

TEST(conditions_of_the_way_up_and_down) {
    struct world w;
    init(&w, "Always");
    add(&w, true, "i", &(struct shown)RUN);
    add(&w, false, "a", &(struct shown)NONE);
    PodStatus *s = make(&w);
    CHECK_STRC(condition(s, "Initialized")->status, "False");
    CHECK_STRC(condition(s, "Initialized")->reason, "ContainersNotInitialized");
    CHECK_STRC(condition(s, "Initialized")->message, "containers with incomplete status: [i]");
    CHECK_STRC(s->container_statuses.v[0].state.waiting->reason, "PodInitializing");
    w.pod.status = *s;
    w.rt.containers.v[0].state = RT_EXITED;
    s = make(&w);
    CHECK_STRC(condition(s, "Initialized")->status, "True");
    done(&w);
    init(&w, "Never");
    add(&w, false, "a", &(struct shown)OK);
    w.state.stage = POD_TERMINATED;
    s = make(&w);
    CHECK_STRC(condition(s, "Ready")->reason, "PodCompleted");
    CHECK_STRC(condition(s, "Initialized")->reason, "PodCompleted");
    CHECK(pod_status_is_final(s));
    done(&w);
}

TEST(what_the_runtime_forgot) {
    struct world w;
    init(&w, "Always");
    add(&w, false, "a", &(struct shown)RUN);
    w.pod.status = *make(&w);
    w.rt.containers.n = 0;
    PodStatus *s = make(&w);
    const struct ContainerStatus *c = &s->container_statuses.v[0];
    CHECK(c->state.waiting);
    REQUIRE(c->last_termination_state.terminated);
    CHECK_STRC(c->last_termination_state.terminated->reason, "ContainerStatusUnknown");
    CHECK_INT(c->last_termination_state.terminated->exit_code, 137);
    w.rt.sandboxes.n = 0;
    s = make(&w);
    CHECK_STRC(s->pod_ip, "10.1.1.1"); /* still known */
    done(&w);
}

/* Applies the patch as the server does and compares with what was meant. */
static void patched(struct world *w, const PodStatus *from, const PodStatus *to) {
    str patch = pod_status_patch(&w->a, STR("u1"), from, to);
    struct value pod = {0}, p, *status;
    struct err e = {0};
    Pod old = w->pod, result;
    old.status = *from;
    REQUIRE(patch.p);
    REQUIRE(json_write_value(&w->a, &Pod_type, &old, &pod) == 0);
    REQUIRE(value_parse(&w->a, patch, &p, NULL, &e) == 0);
    status = value_getc(&p, "status");
    REQUIRE(status);
    CHECK_STRC(value_str(value_getc(value_getc(&p, "metadata"), "uid")), "u1");
    if (patch_strategic(&w->a, &Pod_type, &pod, &p, &e) < 0)
        tap_fail(__FILE__, __LINE__, "%s", e.text);
    REQUIRE(json_read_value(&w->a, &Pod_type, &pod, &result, NULL, &e) == 0);
    CHECK(api_equal(&PodStatus_type, &result.status, to));
}

TEST(patches) {
    struct world w;
    init(&w, "Always");
    add(&w, false, "a", &(struct shown)NONE);
    w.rt.sandboxes.v[0].n_ips = 0;
    PodStatus *first = make(&w);
    patched(&w, &w.pod.status, first);
    *list_push(&w.a, &first->conditions) =
        (struct PodCondition){.type = STR("example.com/gate"), .status = STR("True")};
    w.pod.status = *first;
    CHECK(!pod_status_patch(&w.a, STR("u1"), first, first).p);
    w.rt.sandboxes.v[0].n_ips = 1;
    *list_push(&w.a, &w.rt.containers) = (struct rt_container){.id = STR("a-0"),
                                                               .name = STR("a"),
                                                               .sandbox_id = STR("s1"),
                                                               .state = RT_RUNNING,
                                                               .started = NSEC_PER_SEC};
    PodStatus *second = make(&w);
    CHECK_STRC(condition(second, "example.com/gate")->status, "True");
    patched(&w, first, second);
    w.pod.status = *second;
    str other = STR("10.1.1.2");
    w.rt.sandboxes.v[0].ips = &other;
    PodStatus *third = make(&w);
    CHECK_INT(third->pod_ips.n, 1);
    patched(&w, second, third);
    done(&w);
}
