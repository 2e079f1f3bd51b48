// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#define SETS RESOURCE_OF(apps_v1_replicasets)
#define PODS RESOURCE_OF(core_v1_pods)
#define OWNER(name, uid)                                                                           \
    "{'apiVersion':'apps/v1','kind':'ReplicaSet','name':'" name "','uid':'" uid                    \
    "','blockOwnerDeletion':true}"
#define POD(owners)                                                                                \
    "{'metadata':{'name':'p','namespace':'d','uid':'p','ownerReferences':[" owners "]}}"
#define KEY "pods./d/p"

TEST(an_owner_that_is_there_keeps_its_dependents) {
    struct fixture f;
    setup(&f);
    put(&f, SETS, "{'metadata':{'name':'a','namespace':'d','uid':'a1'}}");
    put(&f, PODS, POD(OWNER("a", "a1")));
    CHECK_PLAN(&f, &garbage_collector_controller, KEY, "");
    CHECK_PLAN(&f, &garbage_collector_controller, "pods./d/none", "");
    CHECK_PLAN(&f, &garbage_collector_controller, "things./d/none", "");
    teardown(&f);
}

TEST(that_an_owner_is_gone_is_believed_from_a_live_read) {
    struct fixture f;
    setup(&f);
    put(&f, PODS, POD(OWNER("a", "a1")));
    CHECK_PLAN(&f, &garbage_collector_controller, KEY, "need a1\n");
    answer(&f, "a1", 200, &PartialObjectMetadata_type, "{'metadata':{'name':'a','uid':'a1'}}");
    CHECK_PLAN(&f, &garbage_collector_controller, KEY, "");
    static const char deleted[] =
        "delete pods d/p {'kind':'DeleteOptions','apiVersion':'v1','preconditions':{'uid':'p'},"
        "'propagationPolicy':'Background'}\n";
    answer(&f, "a1", 404, NULL, NULL);
    CHECK_PLAN(&f, &garbage_collector_controller, KEY, deleted);
    answer(&f, "a1", 200, &PartialObjectMetadata_type, "{'metadata':{'name':'a','uid':'a2'}}");
    CHECK_PLAN(&f, &garbage_collector_controller, KEY, deleted);
    answer(&f, "a1", 503, NULL, NULL);
    CHECK_PLAN(&f, &garbage_collector_controller, KEY, "requeue after 5000 ms\n");
    teardown(&f);
}

/* The cache has an owner of that name, but it is another one. */
TEST(an_owner_made_anew_is_another_one) {
    struct fixture f;
    setup(&f);
    put(&f, SETS, "{'metadata':{'name':'a','namespace':'d','uid':'a2'}}");
    put(&f, PODS, POD(OWNER("a", "a1")));
    CHECK_PLAN(&f, &garbage_collector_controller, KEY, "need a1\n");
    teardown(&f);
}

TEST(with_one_owner_left_only_references_go) {
    struct fixture f;
    setup(&f);
    put(&f, SETS, "{'metadata':{'name':'a','namespace':'d','uid':'a1'}}");
    put(&f, PODS, POD(OWNER("a", "a1") "," OWNER("b", "b1")));
    answer(&f, "b1", 404, NULL, NULL);
    CHECK_PLAN(&f, &garbage_collector_controller, KEY,
               "patch pods d/p {'metadata':{'ownerReferences':[" OWNER(
                   "a", "a1") "],'uid':'p','resourceVersion':'2'}}\n");
    teardown(&f);
}

TEST(kinds_nobody_knows_are_left_alone) {
    struct fixture f;
    setup(&f);
    put(&f, PODS, POD("{'apiVersion':'example.com/v1','kind':'Thing','name':'t','uid':'t1'}"));
    CHECK_PLAN(&f, &garbage_collector_controller, KEY, "");
    teardown(&f);
}

#define WAITING                                                                                    \
    "{'metadata':{'name':'a','namespace':'d','uid':'a1','deletionTimestamp':"                      \
    "'2023-01-01T00:00:00Z','finalizers':['foregroundDeletion']}}"

TEST(foreground) {
    struct fixture f;
    setup(&f);
    put(&f, SETS, WAITING);
    put(&f, PODS, POD(OWNER("a", "a1")));
    CHECK_PLAN(&f, &garbage_collector_controller, "replicasets.apps/d/a", "");
    CHECK_PLAN(&f, &garbage_collector_controller, KEY,
               "delete pods d/p {'kind':'DeleteOptions','apiVersion':'v1','preconditions':{"
               "'uid':'p'},'propagationPolicy':'Background'}\n");
    drop(&f, PODS, "d/p");
    CHECK_PLAN(&f, &garbage_collector_controller, "replicasets.apps/d/a",
               "patch replicasets d/a {'metadata':{'finalizers':null,'uid':'a1',"
               "'resourceVersion':'1'}}\n");
    teardown(&f);
}

TEST(orphans) {
    struct fixture f;
    setup(&f);
    put(&f, SETS,
        "{'metadata':{'name':'a','namespace':'d','uid':'a1','deletionTimestamp':"
        "'2023-01-01T00:00:00Z','finalizers':['other','orphan']}}");
    put(&f, PODS, POD(OWNER("a", "a1")));
    CHECK_PLAN(&f, &garbage_collector_controller, "replicasets.apps/d/a",
               "patch pods d/p {'metadata':{'ownerReferences':null,'uid':'p',"
               "'resourceVersion':'2'}}\n-- next group\n"
               "patch replicasets d/a {'metadata':{'finalizers':['other'],'uid':'a1',"
               "'resourceVersion':'1'}}\n");
    teardown(&f);
}

/* resources.h names rows, the table says what they can do. */
TEST(every_deletable_resource_is_watched) {
    for (unsigned i = 0; i < RESOURCE_ID_MAX; i++) {
        const struct api_resource *r = &api_resources[i];
        bool wanted = r->storage == r && r->type && resource_is(r, RESOURCE_ON) &&
                      resource_can(r, VERB_LIST) && resource_can(r, VERB_WATCH) &&
                      resource_can(r, VERB_DELETE) && r != RESOURCE_OF(core_v1_events);
        bool there = false;
        for (const struct controller_watch *w = garbage_collector_controller.watches; w->resource;
             w++)
            there |= w->resource == r;
        if (wanted != there)
            tap_fail(__FILE__, __LINE__, "%s/%s is %swatched", r->group, r->plural,
                     there ? "" : "not ");
    }
}

/* Whatever kind it is of. */
TEST(owners_and_dependents_of_any_kind) {
    struct fixture f;
    setup(&f);
    put(&f, RESOURCE_OF(storage_v1_storageclasses),
        "{'metadata':{'name':'s','uid':'s1','ownerReferences':[{'apiVersion':'v1','kind':"
        "'Namespace','name':'n','uid':'n1'}]}}");
    answer(&f, "n1", 404, NULL, NULL);
    CHECK_HAS(try_text(&f, &garbage_collector_controller, "storageclasses.storage.k8s.io/s"),
              "delete storageclasses");
    teardown(&f);
}
