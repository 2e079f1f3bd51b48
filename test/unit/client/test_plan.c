// SPDX-License-Identifier: Apache-2.0
#include "client/plan_internal.h"
#include "tap.h"

#define SECRETS RESOURCE_OF(core_v1_secrets)
#define PODS    RESOURCE_OF(core_v1_pods)

static const ObjectMeta meta = {.name = {"web", 3},
                                .namespace_ = {"default", 7},
                                .uid = {"u-1", 3},
                                .resource_version = {"42", 2}};

TEST(writes_are_encoded_at_once_and_in_groups) {
    struct arena a;
    arena_init(&a, 0);
    struct plan *p = plan_new_test(&a, 0);
    Secret s = {.metadata = {.name = STR("x")}};
    plan_next_group(p); /* nothing before it: no group */
    plan_create(p, SECRETS, STR("default"), &s);
    s.metadata.name = STR("y");
    plan_next_group(p);
    plan_next_group(p);
    plan_delete(p, PODS, &meta, 0, "Background");
    plan_patch(p, PODS, "status", &meta, STR("{\"status\":{\"phase\":\"Failed\"}}"), false);
    plan_patch(p, PODS, NULL, &meta, STR("{}"), true);
    CHECK_STRC(plan_describe(&a, p),
               "create secrets default {\"kind\":\"Secret\",\"apiVersion\":\"v1\","
               "\"metadata\":{\"name\":\"x\"}}\n"
               "-- next group\n"
               "delete pods default/web {\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\","
               "\"gracePeriodSeconds\":0,\"preconditions\":{\"uid\":\"u-1\"},"
               "\"propagationPolicy\":\"Background\"}\n"
               "patch pods/status default/web {\"status\":{\"phase\":\"Failed\"},"
               "\"metadata\":{\"uid\":\"u-1\",\"resourceVersion\":\"42\"}}\n"
               "patch pods default/web {\"metadata\":{\"uid\":\"u-1\"}}\n");
    CHECK_INT(p->internal->writes.v[1].group, 1);
    CHECK_STRC(p->internal->writes.v[1].uid, "u-1");
    CHECK(!p->internal->writes.v[2].uid.n);
    arena_done(&a);
}

TEST(a_full_plan_takes_no_more) {
    struct arena a;
    arena_init(&a, 0);
    struct plan *p = plan_new_test(&a, 0);
    for (int i = 0; i < PLAN_WRITES_MAX + 5; i++) {
        CHECK_INT(plan_full(p), i >= PLAN_WRITES_MAX);
        plan_delete(p, PODS, &meta, -1, NULL);
    }
    CHECK_INT(p->internal->writes.n, PLAN_WRITES_MAX);
    arena_done(&a);
}

TEST(the_earliest_requeue_counts) {
    struct arena a;
    arena_init(&a, 0);
    struct plan *p = plan_new_test(&a, 0);
    plan_requeue_after(p, 5 * NSEC_PER_SEC);
    plan_requeue_after(p, 2 * NSEC_PER_SEC);
    plan_requeue_after(p, 9 * NSEC_PER_SEC);
    CHECK_STRC(plan_describe(&a, p), "requeue after 2000 ms\n");
    arena_done(&a);
}

TEST(events_stand_with_their_group_or_their_write) {
    struct arena a;
    arena_init(&a, 0);
    struct plan *p = plan_new_test(&a, 0);
    plan_event(p, PODS, &meta, "Normal", "First", "of %d", 1);
    plan_delete(p, PODS, &meta, -1, NULL);
    plan_write_event(p, false, PODS, &meta, "Normal", "Gone", "Deleted pod: web");
    plan_write_event(p, true, PODS, &meta, "Warning", "Stays", "Error deleting");
    CHECK_INT(p->internal->events.n, 3);
    CHECK_INT(p->internal->events.v[0].write, -1);
    CHECK_INT(p->internal->events.v[1].write, 0);
    CHECK(p->internal->events.v[2].on_failure);
    CHECK_STRC(p->internal->events.v[1].about.api_version, "v1");
    CHECK_STRC(p->internal->events.v[1].about.uid, "u-1");
    arena_done(&a);
}

TEST(drawn_names_repeat_with_the_seed) {
    struct arena a;
    arena_init(&a, 0);
    struct plan x, y;
    plan_init(&x, &a, 0, 0, 7);
    plan_init(&y, &a, 0, 0, 7);
    str first = plan_random_suffix(&x, 5);
    CHECK_INT(first.n, 5);
    CHECK_STR(plan_random_suffix(&y, 5), first);
    CHECK(!str_eq(plan_random_suffix(&x, 5), first));
    plan_init(&y, &a, 0, 0, 8);
    CHECK(!str_eq(plan_random_suffix(&y, 5), first));
    arena_done(&a);
}
