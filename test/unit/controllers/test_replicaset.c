// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#define PODS RESOURCE_OF(core_v1_pods)
#define SETS RESOURCE_OF(apps_v1_replicasets)
#define KEY  "default/web"

#define SET(replicas, more)                                                                        \
    "{'metadata':{'name':'web','namespace':'default','uid':'u','generation':1},'spec':{"           \
    "'replicas':" replicas ",'selector':{'matchLabels':{'app':'web'}},'template':{'metadata':{"    \
    "'labels':{'app':'web'}},'spec':{'containers':[{'name':'c','image':'i'}]}}" more "}"
#define OWNED                                                                                      \
    "'ownerReferences':[{'apiVersion':'apps/v1','kind':'ReplicaSet','name':'web','uid':'u',"       \
    "'controller':true,'blockOwnerDeletion':true}]"

static void put_pod(struct fixture *f, const char *name, const char *meta, const char *rest) {
    char text[1024];
    snprintf(text, sizeof(text),
             "{'metadata':{'name':'%s','namespace':'default','labels':{'app':'web'}%s}%s}", name,
             meta, rest);
    put(f, PODS, text);
}

TEST(missing_pods_are_created) {
    struct fixture f;
    setup(&f);
    put(&f, SETS, SET("3", "}"));
    put_pod(&f, "web-1", "," OWNED, "");
    str text = try_text(&f, &replicaset_controller, KEY);
    CHECK_INT(count(text, "create pods default "), 2);
    CHECK_INT(count(text, "event Normal SuccessfulCreate ReplicaSet/web: Created pod: web-"), 2);
    CHECK_HAS(text, "\"generateName\":\"web-\"");
    CHECK_HAS(text, "\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\","
                    "\"name\":\"web\",\"uid\":\"u\",\"controller\":true,"
                    "\"blockOwnerDeletion\":true}]");
    CHECK_INT(count(text, "update"), 0); /* the status follows when they are there */
    teardown(&f);
}

/* The same plan again makes the same names; those that exist by now are passed over. */
TEST(a_repeated_plan_goes_on_where_the_first_was_lost) {
    struct fixture f;
    setup(&f);
    put(&f, SETS, SET("2", "}"));
    struct plan *first = try_plan(&f, &replicaset_controller, KEY);
    struct plan *again = try_plan(&f, &replicaset_controller, KEY);
    REQUIRE(first->internal->writes.n == 2 && again->internal->writes.n == 2);
    CHECK_STR(first->internal->writes.v[0].rq.raw, again->internal->writes.v[0].rq.raw);
    const Pod *made = parse(&f, &Pod_type, first->internal->writes.v[0].rq.raw.p);
    put_pod(&f, str_cdup(&f.a, made->metadata.name), "," OWNED, "");
    struct plan *third = try_plan(&f, &replicaset_controller, KEY);
    REQUIRE(third->internal->writes.n == 1);
    CHECK_STR(third->internal->writes.v[0].rq.raw, first->internal->writes.v[1].rq.raw);
    teardown(&f);
}

TEST(ended_and_ending_pods_do_not_count) {
    struct fixture f;
    setup(&f);
    put(&f, SETS, SET("1", "}"));
    put_pod(&f, "a", "," OWNED, ",'status':{'phase':'Failed'}");
    put_pod(&f, "b", ",'deletionTimestamp':'2023-01-01T00:00:00Z'," OWNED, "");
    CHECK_INT(count(try_text(&f, &replicaset_controller, KEY), "create pods"), 1);
    put_pod(&f, "c", "," OWNED, "");
    CHECK_PLAN(&f, &replicaset_controller, KEY,
               "update replicasets/status default/web {'kind':'ReplicaSet','apiVersion':'apps/v1',"
               "'metadata':{'name':'web','namespace':'default','uid':'u','resourceVersion':'1',"
               "'generation':1},'spec':{'replicas':1,'selector':{'matchLabels':{'app':'web'}},"
               "'template':{'metadata':{'labels':{'app':'web'}},'spec':{'containers':[{'name':'c',"
               "'image':'i','resources':{}}]}}},'status':{'replicas':1,'fullyLabeledReplicas':1,"
               "'terminatingReplicas':1,'observedGeneration':1}}\n");
    teardown(&f);
}

/* Which of two pods goes first. */
TEST(ranking) {
#define RUNNING(more) ",'spec':{'nodeName':'n'},'status':{'phase':'Running'" more "}"
#define READY(at)     ",'conditions':[{'type':'Ready','status':'True','lastTransitionTime':'" at "'}]"
    static const struct {
        const char *gone_meta, *gone, *kept_meta, *kept;
    } cases[] = {
        {"", "", "", RUNNING("")}, /* unplaced */
        {"", ",'spec':{'nodeName':'n'},'status':{'phase':'Pending'}", "", RUNNING("")},
        {"", ",'spec':{'nodeName':'n'},'status':{'phase':'Unknown'}", "", RUNNING("")},
        {"", RUNNING(""), "", RUNNING(READY("2023-01-01T00:00:00Z"))}, /* not ready */
        {",'annotations':{'controller.kubernetes.io/pod-deletion-cost':'-1'}",
         RUNNING(READY("2023-01-01T00:00:00Z")), "", RUNNING(READY("2023-11-14T00:00:00Z"))},
        {"", RUNNING(READY("2023-11-14T00:00:00Z")), "", /* ready since */
         RUNNING(READY("2023-01-01T00:00:00Z"))},
        {"", RUNNING(",'containerStatuses':[{'restartCount':3}]"), "", /* restarts */
         RUNNING(",'containerStatuses':[{'restartCount':1}]")},
        {",'creationTimestamp':'2023-11-14T00:00:00Z'", RUNNING(""), /* younger */
         ",'creationTimestamp':'2023-01-01T00:00:00Z'", RUNNING("")},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++)
        for (int turn = 0; turn < 2; turn++) {
            struct fixture f;
            char meta[512];
            setup(&f);
            put(&f, SETS, SET("1", "}"));
            snprintf(meta, sizeof(meta), "," OWNED "%s",
                     turn ? cases[i].kept_meta : cases[i].gone_meta);
            put_pod(&f, turn ? "kept" : "who-goes", meta, turn ? cases[i].kept : cases[i].gone);
            snprintf(meta, sizeof(meta), "," OWNED "%s",
                     turn ? cases[i].gone_meta : cases[i].kept_meta);
            put_pod(&f, turn ? "who-goes" : "kept", meta, turn ? cases[i].gone : cases[i].kept);
            str text = try_text(&f, &replicaset_controller, KEY);
            if (count(text, "delete pods default/who-goes ") != 1 || count(text, "delete") != 1)
                tap_fail(__FILE__, __LINE__, "case %u turn %d: " STR_FMT, i, turn, STR_ARG(text));
            CHECK_HAS(text, "event Normal SuccessfulDelete ReplicaSet/web: Deleted pod: who-goes");
            teardown(&f);
        }
}

/* Of equal pods one goes from where most of them run, the pods of sibling sets counted. */
TEST(doubled_up_pods_go_first) {
    struct fixture f;
    setup(&f);
    put(&f, SETS, SET("2", "}"));
    put_pod(&f, "a", "," OWNED, ",'spec':{'nodeName':'n1'},'status':{'phase':'Running'}");
    put_pod(&f, "b", "," OWNED, ",'spec':{'nodeName':'n2'},'status':{'phase':'Running'}");
    put_pod(&f, "c", "," OWNED, ",'spec':{'nodeName':'n2'},'status':{'phase':'Running'}");
    str text = try_text(&f, &replicaset_controller, KEY);
    CHECK_INT(count(text, "delete pods"), 1);
    CHECK_INT(count(text, "delete pods default/a"), 0);
    teardown(&f);
}

TEST(orphans_are_adopted_when_the_set_lives) {
    struct fixture f;
    setup(&f);
    put(&f, SETS, SET("1", "}"));
    put_pod(&f, "o", "", "");
    CHECK_PLAN(&f, &replicaset_controller, KEY, "need owner\n");
    answer(&f, "owner", 200, &ReplicaSet_type, SET("1", "}"));
    CHECK_PLAN(&f, &replicaset_controller, KEY,
               "patch pods default/o {'metadata':{" OWNED
               ",'uid':'uid-o','resourceVersion':'2'}}\n");
    answer(&f, "owner", 404, NULL, NULL);
    CHECK_INT(count(try_text(&f, &replicaset_controller, KEY), "patch"), 0);
    /* Made anew under the same name, or about to go: not ours to adopt for. */
    answer(&f, "owner", 200, &ReplicaSet_type,
           "{'metadata':{'name':'web','namespace':'default','uid':'another'}}");
    CHECK_INT(count(try_text(&f, &replicaset_controller, KEY), "patch"), 0);
    answer(&f, "owner", 200, &ReplicaSet_type,
           "{'metadata':{'name':'web','namespace':'default','uid':'u',"
           "'deletionTimestamp':'2026-01-01T00:00:00Z'}}");
    CHECK_INT(count(try_text(&f, &replicaset_controller, KEY), "patch"), 0);
    teardown(&f);
}

TEST(strangers_are_released_and_foreign_pods_left_alone) {
    struct fixture f;
    setup(&f);
    put(&f, SETS, SET("0", "}"));
    put(&f, PODS,
        "{'metadata':{'name':'x','namespace':'default','labels':{'app':'other'}," OWNED "}}");
    put(&f, PODS,
        "{'metadata':{'name':'y','namespace':'default','labels':{'app':'web'},'ownerReferences':[{"
        "'apiVersion':'v1','kind':'Thing','name':'t','uid':'t','controller':true}]}}");
    CHECK_PLAN(&f, &replicaset_controller, KEY,
               "patch pods default/x {'metadata':{'ownerReferences':null,'uid':'uid-x',"
               "'resourceVersion':'2'}}\n");
    teardown(&f);
}

TEST(min_ready_seconds_wakes_up_in_time) {
    struct fixture f;
    setup(&f);
    put(&f, SETS, SET("1", ",'minReadySeconds':30}"));
    put_pod(&f, "a", "," OWNED,
            ",'status':{'phase':'Running','conditions':[{'type':'Ready','status':'True',"
            "'lastTransitionTime':'2023-11-14T22:13:10Z'}]}"); /* ten seconds ago */
    str text = try_text(&f, &replicaset_controller, KEY);
    CHECK_HAS(text, "\"readyReplicas\":1");
    CHECK_INT(count(text, "availableReplicas"), 0);
    CHECK_HAS(text, "requeue after 20000 ms");
    f.now += 20 * NSEC_PER_SEC;
    CHECK_HAS(try_text(&f, &replicaset_controller, KEY), "\"availableReplicas\":1");
    teardown(&f);
}

TEST(failure_is_told_in_the_status_before_the_next_try) {
    struct fixture f;
    setup(&f);
    put(&f, SETS, SET("1", "}"));
    f.error = (Status){.code = 403, .message = STR("exceeded quota")};
    f.error_resource = PODS;
    f.error_verb = REST_CREATE;
    str text = try_text(&f, &replicaset_controller, KEY);
    CHECK(str_starts(text, STR("update replicasets/status")));
    CHECK_HAS(text, "\"type\":\"ReplicaFailure\",\"status\":\"True\",\"lastTransitionTime\":"
                    "\"2023-11-14T22:13:20Z\",\"reason\":\"FailedCreate\",\"message\":"
                    "\"exceeded quota\"");
    CHECK_HAS(text, "-- next group\ncreate pods");
    f.error_verb = REST_UPDATE; /* something else failed */
    f.error_resource = SETS;
    CHECK_INT(count(try_text(&f, &replicaset_controller, KEY), "ReplicaFailure"), 0);
    teardown(&f);
}

TEST(a_set_that_is_deleted_makes_nothing) {
    struct fixture f;
    setup(&f);
    put(&f, SETS,
        "{'metadata':{'name':'web','namespace':'default','uid':'u','deletionTimestamp':"
        "'2023-01-01T00:00:00Z'},'spec':{'replicas':3,'selector':{'matchLabels':{'app':'web'}}},"
        "'status':{'terminatingReplicas':0}}");
    CHECK_PLAN(&f, &replicaset_controller, KEY, "");
    CHECK_PLAN(&f, &replicaset_controller, "default/none", "");
    teardown(&f);
}
