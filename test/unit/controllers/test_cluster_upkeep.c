// SPDX-License-Identifier: Apache-2.0
/* Namespaces, accounts, the CA bundle, nodes, taints, pods of lost nodes. */
#include "fixture.h"

#define NAMESPACES RESOURCE_OF(core_v1_namespaces)
#define NODES      RESOURCE_OF(core_v1_nodes)
#define PODS       RESOURCE_OF(core_v1_pods)
#define NS         "{'metadata':{'name':'n','uid':'u'},'spec':{'finalizers':['kubernetes']}}"
#define NS_ENDS                                                                                    \
    "{'metadata':{'name':'n','uid':'u','deletionTimestamp':'2023-01-01T00:00:00Z'},'spec':{"       \
    "'finalizers':['kubernetes']},'status':{'phase':'Terminating'}}"

TEST(default_account) {
    struct fixture f;
    setup(&f);
    put(&f, NAMESPACES, NS);
    CHECK_PLAN(&f, &serviceaccount_controller, "n",
               "create serviceaccounts n {'kind':'ServiceAccount','apiVersion':'v1','metadata':{"
               "'name':'default','namespace':'n'}}\n");
    put(&f, RESOURCE_OF(core_v1_serviceaccounts),
        "{'metadata':{'name':'default','namespace':'n'}}");
    CHECK_PLAN(&f, &serviceaccount_controller, "n", "");
    put(&f, NAMESPACES, NS_ENDS);
    drop(&f, RESOURCE_OF(core_v1_serviceaccounts), "n/default");
    CHECK_PLAN(&f, &serviceaccount_controller, "n", "");
    teardown(&f);
}

TEST(ca_bundle) {
    struct fixture f;
    setup(&f);
    put(&f, NAMESPACES, NS);
    str text = try_text(&f, &root_ca_publisher_controller, "n");
    CHECK_HAS(text, "create configmaps n ");
    CHECK_HAS(text, "\"data\":{\"ca.crt\":\"PEM\"}");
    put(&f, RESOURCE_OF(core_v1_configmaps),
        "{'metadata':{'name':'kube-root-ca.crt','namespace':'n','annotations':{'a':'b'}},'data':{"
        "'ca.crt':'old','x':'y'}}");
    text = try_text(&f, &root_ca_publisher_controller, "n");
    CHECK_HAS(text, "update configmaps n/kube-root-ca.crt ");
    CHECK_HAS(text, "\"data\":{\"ca.crt\":\"PEM\"}");
    CHECK_HAS(text, "\"a\":\"b\",\"kubernetes.io/description\":\"Contains a CA bundle");
    teardown(&f);
}

static bool nothing(void *ctx) {
    return false;
}

/* ---- namespaces ---- */

static void answer_all(struct fixture *f, const char *pods, const char *others) {
    for (unsigned i = 0; i < RESOURCE_ID_MAX; i++) {
        const struct api_resource *r = &api_resources[i];
        bool is_pods = r == PODS;
        const char *text = is_pods ? pods : strcmp(r->plural, "secrets") == 0 ? others : "{}";
        if (text && (is_pods || others))
            answer(f, str_printf(&f->a, "%s.%s", r->plural, r->group).p, 200,
                   &PartialObjectMetadataList_type, text);
    }
}

TEST(namespaces_end_pods_first) {
    struct fixture f;
    setup(&f);
    put(&f, NAMESPACES, NS);
    CHECK_PLAN(&f, &namespace_controller, "n", "");
    put(&f, NAMESPACES, NS_ENDS);
    CHECK_PLAN(&f, &namespace_controller, "n", "delete pods n \nneed pods.\n");
    answer_all(&f,
               "{'items':[{'metadata':{'name':'p','deletionGracePeriodSeconds':30,'finalizers':["
               "'x/y']}}]}",
               NULL);
    str text = try_text(&f, &namespace_controller, "n");
    CHECK_HAS(text, "update namespaces/status n ");
    CHECK_HAS(text, "Some resources are remaining: pods. has 1 resource instances");
    CHECK_HAS(text, "Some content in the namespace has finalizers remaining: x/y in 1 resource "
                    "instances");
    CHECK_HAS(text, "requeue after 16000 ms");
    CHECK_INT(count(text, "delete "), 0);
    teardown(&f);
}

TEST(then_all_else_then_the_finalizer) {
    struct fixture f;
    setup(&f);
    put(&f, NAMESPACES, NS_ENDS);
    answer_all(&f, "{}", NULL);
    str text = try_text(&f, &namespace_controller, "n");
    CHECK(count(text, "delete ") > 20);
    CHECK_INT(count(text, "delete pods "), 0);
    CHECK_INT(count(text, "delete "), count(text, "need "));
    answer_all(&f, NULL, "{'items':[{'metadata':{'name':'s'}}]}");
    text = try_text(&f, &namespace_controller, "n");
    CHECK_HAS(text, "secrets. has 1 resource instances");
    CHECK_HAS(text, "requeue after 1000 ms");
    CHECK_INT(count(text, "namespaces/finalize"), 0);
    answer_all(&f, NULL, "{}");
    CHECK_PLAN(&f, &namespace_controller, "n",
               "update namespaces/finalize n {'kind':'Namespace','apiVersion':'v1','metadata':{"
               "'name':'n','uid':'u','resourceVersion':'1','deletionTimestamp':"
               "'2023-01-01T00:00:00Z'},'spec':{},'status':{'phase':'Terminating'}}\n");
    teardown(&f);
}

/* ---- nodes ---- */

#define NODE(status, more)                                                                         \
    "{'metadata':{'name':'n1','uid':'u'},'spec':{" more "},'status':{'conditions':[{'type':"       \
    "'Ready','status':'" status "','lastHeartbeatTime':'2023-01-01T00:00:00Z',"                    \
    "'lastTransitionTime':'2023-01-01T00:00:00Z'}]}}"
#define OTHER_READY                                                                                \
    "{'metadata':{'name':'n2'},'status':{'conditions':[{'type':'Ready','status':'True'}]}}"

TEST(a_silent_node_becomes_unknown) {
    struct fixture f;
    setup(&f);
    put(&f, NODES, NODE("True", ""));
    str text = try_text(&f, &node_lifecycle_controller, "n1");
    CHECK_STR(text, STR("event Normal RegisteredNode Node/n1: Registered Node n1 in Controller\n"
                        "requeue after 50000 ms\n"));
    f.now += 40 * NSEC_PER_SEC;
    CHECK_PLAN(&f, &node_lifecycle_controller, "n1", "requeue after 10000 ms\n");
    f.now += 11 * NSEC_PER_SEC;
    text = try_text(&f, &node_lifecycle_controller, "n1");
    CHECK_HAS(text, "patch nodes/status n1");
    CHECK_INT(count(text, "\"status\":\"Unknown\""), 4);
    CHECK_INT(count(text, "Kubelet stopped posting node status."), 1);
    CHECK_INT(count(text, "Kubelet never posted node status."), 3);
    CHECK_HAS(text, "event Normal NodeNotReady Node/n1: Node n1 status is now: NodeNotReady");
    teardown(&f);
}

TEST(a_lease_is_a_heartbeat) {
    struct fixture f;
    setup(&f);
    put(&f, NODES, NODE("True", ""));
    put(&f, RESOURCE_OF(coordination_v1_leases),
        "{'metadata':{'name':'n1','namespace':'kube-node-lease'},'spec':{'renewTime':"
        "'2023-11-14T22:13:20.000000Z'}}");
    try_plan(&f, &node_lifecycle_controller, "n1");
    loop_run_until(f.l, nothing, NULL, 30 * NSEC_PER_SEC);
    put(&f, RESOURCE_OF(coordination_v1_leases),
        "{'metadata':{'name':'n1','namespace':'kube-node-lease'},'spec':{'renewTime':"
        "'2023-11-14T22:13:50.000000Z'}}");
    CHECK_PLAN(&f, &node_lifecycle_controller, "n1", "requeue after 50000 ms\n");
    teardown(&f);
}

TEST(taints_follow_conditions) {
    struct fixture f;
    setup(&f);
    put(&f, NODES,
        NODE("Unknown", "'unschedulable':true,'taints':[{'key':'k','effect':'NoExecute'}]"));
    put(&f, NODES, OTHER_READY);
    put(&f, PODS,
        "{'metadata':{'name':'p','namespace':'d'},'spec':{'nodeName':'n1'},'status':{'conditions':["
        "{'type':'Ready','status':'True'}]}}");
    str text = try_text(&f, &node_lifecycle_controller, "n1");
#define ADDED "'timeAdded':'2023-11-14T22:13:20Z'}"
    str want = quoted(
        &f,
        "patch nodes n1 {'spec':{'taints':[{'key':'k','effect':'NoExecute'},{'key':"
        "'node.kubernetes.io/unreachable','effect':'NoSchedule'," ADDED
        ",{'key':'node.kubernetes.io/unschedulable','effect':'NoSchedule'," ADDED
        ",{'key':'node.kubernetes.io/unreachable','effect':'NoExecute'," ADDED
        "]},'metadata':{'uid':'u','resourceVersion':'1'}}\n-- next group\npatch pods/status d/p");
    CHECK(str_starts(text, want));
    CHECK_HAS(text, "event Warning NodeNotReady Pod/p: Node is not ready");
    put(&f, NODES,
        NODE("True", "'taints':[{'key':'node.kubernetes.io/unreachable','effect':"
                     "'NoExecute'}]"));
    CHECK_HAS(try_text(&f, &node_lifecycle_controller, "n1"),
              "patch nodes n1 {\"spec\":{\"taints\":null}");
    teardown(&f);
}

TEST(when_no_node_is_ready_nobody_is_evicted) {
    struct fixture f;
    setup(&f);
    put(&f, NODES, NODE("False", ""));
    str text = try_text(&f, &node_lifecycle_controller, "n1");
    CHECK_INT(count(text, "not-ready"), 1);
    CHECK_INT(count(text, "NoExecute"), 0);
    CHECK_HAS(text, "requeue after 5000 ms");
    teardown(&f);
}

/* ---- taints ---- */

TEST(eviction_by_toleration) {
    static const struct {
        const char *tolerations;
        int64_t after; /* ms; 0: at once, -1: never */
    } cases[] = {
        {"", 0},
        {"{'key':'k','effect':'NoExecute','value':'v'}", -1},
        {"{'key':'k','effect':'NoExecute','value':'w'}", 0},
        {"{'key':'k','operator':'Exists'}", -1},
        {"{'operator':'Exists'}", -1},
        {"{'key':'k','operator':'Exists','effect':'NoSchedule'}", 0},
        {"{'key':'k','operator':'Exists','tolerationSeconds':300}", 290000},
        {"{'key':'k','operator':'Exists','tolerationSeconds':5}", 0},
        {"{'key':'k','operator':'Exists','tolerationSeconds':0}", 0},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;
        char text[512];
        setup(&f);
        put(&f, NODES,
            "{'metadata':{'name':'n1'},'spec':{'taints':[{'key':'k','value':'v','effect':"
            "'NoExecute','timeAdded':'2023-11-14T22:13:10Z'}]}}");
        snprintf(
            text, sizeof(text),
            "{'metadata':{'name':'p','namespace':'d'},'spec':{'nodeName':'n1','tolerations':[%s"
            "]}}",
            cases[i].tolerations);
        put(&f, PODS, text);
        str plan = try_text(&f, &taint_eviction_controller, "n1");
        snprintf(text, sizeof(text), "requeue after %lld ms\n", (long long)cases[i].after);
        if (cases[i].after == 0) {
            CHECK_HAS(plan, "\"type\":\"DisruptionTarget\",\"status\":\"True\"");
            CHECK_HAS(plan, "-- next group\ndelete pods d/p ");
            CHECK_HAS(plan,
                      "event Normal TaintManagerEviction Pod/p: Marking for deletion Pod d/p");
        } else {
            CHECK_STR(plan, cases[i].after < 0 ? STR("") : str_of(text));
        }
        teardown(&f);
    }
}

/* ---- pods nobody will finish ---- */

TEST(pods_of_lost_nodes) {
    struct fixture f;
    setup(&f);
    put(&f, PODS, "{'metadata':{'name':'p','namespace':'d'},'spec':{'nodeName':'n1'}}");
    CHECK_PLAN(&f, &pod_gc_controller, "node/n1", "need node\n");
    answer(&f, "node", 200, &PartialObjectMetadata_type, "{'metadata':{'name':'n1'}}");
    CHECK_PLAN(&f, &pod_gc_controller, "node/n1", "");
    answer(&f, "node", 404, NULL, NULL);
    str text = try_text(&f, &pod_gc_controller, "node/n1");
    CHECK_HAS(text, "\"reason\":\"DeletionByPodGC\",\"message\":\"PodGC: node no longer exists\"}],"
                    "\"phase\":\"Failed\"}");
    CHECK_HAS(text, "-- next group\ndelete pods d/p {\"kind\":\"DeleteOptions\",\"apiVersion\":"
                    "\"v1\",\"gracePeriodSeconds\":0,");
    /* One that is over stays what it is, and conditions of others stay beside ours. */
    put(&f, PODS,
        "{'metadata':{'name':'p','namespace':'d'},'spec':{'nodeName':'n1'},'status':{'phase':"
        "'Succeeded','conditions':[{'type':'X','status':'True'}]}}");
    answer(&f, "node", 404, NULL, NULL);
    text = try_text(&f, &pod_gc_controller, "node/n1");
    CHECK_HAS(text, "\"conditions\":[{\"type\":\"X\"");
    CHECK_INT(count(text, "phase"), 0);
    put(&f, NODES, "{'metadata':{'name':'n1'}}");
    CHECK_PLAN(&f, &pod_gc_controller, "node/n1", "");
    teardown(&f);
}

TEST(pods_deleted_before_they_were_placed) {
    struct fixture f;
    setup(&f);
    put(&f, PODS, "{'metadata':{'name':'p','namespace':'d'}}");
    CHECK_PLAN(&f, &pod_gc_controller, "pod/d/p", "");
    put(&f, PODS,
        "{'metadata':{'name':'p','namespace':'d','deletionTimestamp':'2023-01-01T00:00:00Z'}}");
    CHECK_INT(count(try_text(&f, &pod_gc_controller, "pod/d/p"), "delete pods d/p"), 1);
    teardown(&f);
}
