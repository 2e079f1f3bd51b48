// SPDX-License-Identifier: Apache-2.0
/* What differs from a ReplicaSet; the rest is test_replicaset.c's. */
#include "fixture.h"

#define CONTROLLERS RESOURCE_OF(core_v1_replicationcontrollers)
#define PODS        RESOURCE_OF(core_v1_pods)
#define KEY         "default/web"
#define RC(replicas, status)                                                                       \
    "{'metadata':{'name':'web','namespace':'default','uid':'u','generation':2},'spec':{"           \
    "'replicas':" replicas ",'selector':{'app':'web'},'template':{'metadata':{'labels':{'app':"    \
    "'web'}},'spec':{'containers':[{'name':'c','image':'i'}]}}},'status':{" status "}}"
#define OWNED                                                                                      \
    "'ownerReferences':[{'apiVersion':'v1','kind':'ReplicationController','name':'web','uid':'u'," \
    "'controller':true,'blockOwnerDeletion':true}]"

TEST(pods_are_made_and_removed) {
    struct fixture f;
    setup(&f);
    put(&f, CONTROLLERS, RC("2", ""));
    str text = try_text(&f, &replication_controller_controller, KEY);
    CHECK_INT(count(text, "create pods default "), 2);
    CHECK_HAS(text, quoted(&f, OWNED).p);
    CHECK_HAS(text, "event Normal SuccessfulCreate ReplicationController/web: Created pod: web-");
    put(&f, PODS,
        "{'metadata':{'name':'a','namespace':'default','labels':{'app':'web'}," OWNED "}}");
    put(&f, CONTROLLERS, RC("0", ""));
    CHECK_INT(count(try_text(&f, &replication_controller_controller, KEY), "delete pods"), 1);
    teardown(&f);
}

TEST(status) {
    struct fixture f;
    setup(&f);
    put(&f, CONTROLLERS,
        RC("1", "'replicas':3,'conditions':[{'type':'Other','status':'True','reason':'r'}]"));
    put(&f, PODS,
        "{'metadata':{'name':'a','namespace':'default','labels':{'app':'web'}," OWNED "}}");
    str text = try_text(&f, &replication_controller_controller, KEY);
    CHECK_HAS(text, "update replicationcontrollers/status default/web ");
    CHECK_HAS(text, quoted(&f, "'status':{'replicas':1,'fullyLabeledReplicas':1,"
                               "'observedGeneration':2,'conditions':[{'type':'Other','status':"
                               "'True','lastTransitionTime':null,'reason':'r'}]}}")
                        .p);
    put(&f, CONTROLLERS, RC("1", "'replicas':1,'fullyLabeledReplicas':1,'observedGeneration':2"));
    CHECK_PLAN(&f, &replication_controller_controller, KEY, "");
    teardown(&f);
}

TEST(orphans_concern_it) {
    struct fixture f;
    setup(&f);
    put(&f, CONTROLLERS, RC("1", ""));
    CHECK_STR(next_key(&f, &replication_controller_controller), STR(KEY));
    put(&f, PODS, "{'metadata':{'name':'o','namespace':'default','labels':{'app':'web'}}}");
    CHECK_STR(next_key(&f, &replication_controller_controller), STR(KEY));
    CHECK_PLAN(&f, &replication_controller_controller, KEY, "need owner\n");
    teardown(&f);
}
