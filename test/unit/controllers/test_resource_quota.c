// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#define QUOTAS RESOURCE_OF(core_v1_resourcequotas)
#define PODS   RESOURCE_OF(core_v1_pods)
#define CLAIMS RESOURCE_OF(core_v1_persistentvolumeclaims)
#define KEY    "d/q"

#define QUOTA(spec, status)                                                                        \
    "{'metadata':{'name':'q','namespace':'d','uid':'q'},'spec':{" spec "},'status':{" status "}}"
#define POD(name, more)                                                                            \
    "{'metadata':{'name':'" name "','namespace':'d'},'spec':{'containers':[{'name':'c',"           \
    "'resources':{'requests':{'cpu':'100m'},'limits':{'memory':'1Gi'}}}]" more "}"

static str status_of(struct fixture *f) {
    str text = try_text(f, &resource_quota_controller, KEY);
    ssize_t at = str_find(text, STR("\"status\":"));
    text = at < 0 ? text : str_slice(text, (size_t)at, text.n);
    return str_slice(text, 0, (size_t)str_chr(text, '\n'));
}

TEST(what_is_there_is_counted) {
    struct fixture f;
    setup(&f);
    put(&f, QUOTAS,
        QUOTA("'hard':{'pods':'5','requests.cpu':'1','limits.memory':'4Gi','secrets':'2',"
              "'count/deployments.apps':'1','example.com/other':'7','requests.storage':'9Gi',"
              "'services.nodeports':'3','g.storageclass.storage.k8s.io/requests.storage':'5Gi'}",
              ""));
    put(&f, PODS, POD("a", "}"));
    put(&f, PODS, POD("b", ",'overhead':{'cpu':'1m'}}"));
    put(&f, PODS, POD("over", "},'status':{'phase':'Succeeded'}"));
    put(&f, RESOURCE_OF(core_v1_secrets), "{'metadata':{'name':'s','namespace':'d'}}");
    put(&f, RESOURCE_OF(core_v1_secrets), "{'metadata':{'name':'s','namespace':'elsewhere'}}");
    put(&f, CLAIMS,
        "{'metadata':{'name':'c','namespace':'d'},'spec':{'storageClassName':'g',"
        "'resources':{'requests':{'storage':'2Gi'}}}}");
    put(&f, RESOURCE_OF(core_v1_services),
        "{'metadata':{'name':'v','namespace':'d'},'spec':{'type':'NodePort','ports':[{'port':1,"
        "'nodePort':30000},{'port':2,'nodePort':30001}]}}");
    str want =
        quoted(&f, "'used':{'count/deployments.apps':'0',"
                   "'g.storageclass.storage.k8s.io/requests.storage':'2Gi','limits.memory':'2Gi',"
                   "'pods':'2','requests.cpu':'201m','requests.storage':'2Gi','secrets':'1',"
                   "'services.nodeports':'2'}}}");
    str got = status_of(&f);
    CHECK_HAS(got, "\"status\":{\"hard\":{\"count/deployments.apps\":\"1\",");
    CHECK_STR(str_slice(got, got.n - MIN(want.n, got.n), got.n), want);
    teardown(&f);
}

TEST(scopes_choose) {
    static const struct {
        const char *spec, *used;
    } cases[] = {
        {"'scopes':['BestEffort'],'hard':{'pods':'5'}", "'pods':'1'"},
        {"'scopes':['NotBestEffort'],'hard':{'pods':'5'}", "'pods':'3'"},
        {"'scopes':['Terminating'],'hard':{'pods':'5'}", "'pods':'1'"},
        {"'scopes':['CrossNamespacePodAffinity'],'hard':{'pods':'5'}", "'pods':'1'"},
        {"'scopeSelector':{'matchExpressions':[{'scopeName':'PriorityClass','operator':'In',"
         "'values':['high']}]},'hard':{'pods':'5'}",
         "'pods':'1'"},
        {"'scopes':['NotTerminating'],'hard':{'secrets':'5'}", "'secrets':'0'"},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;
        char text[512];
        setup(&f);
        snprintf(text, sizeof(text),
                 "{'metadata':{'name':'q','namespace':'d','uid':'q'},'spec':{%s}}", cases[i].spec);
        put(&f, QUOTAS, text);
        put(&f, PODS, POD("a", ",'activeDeadlineSeconds':5}"));
        put(&f, PODS, POD("b", ",'priorityClassName':'high'}"));
        put(&f, PODS,
            POD("c", ",'affinity':{'podAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':"
                     "[{'topologyKey':'k','namespaces':['x']}]}}}"));
        put(&f, PODS,
            "{'metadata':{'name':'e','namespace':'d'},'spec':{'containers':[{'name':'c'}]}}");
        put(&f, RESOURCE_OF(core_v1_secrets), "{'metadata':{'name':'s','namespace':'d'}}");
        snprintf(text, sizeof(text), "'used':{%s}", cases[i].used);
        CHECK_HAS(status_of(&f), quoted(&f, text).p);
        teardown(&f);
    }
}

/* A charge is ahead of its object. */
TEST(use_is_lowered_only_after_a_while) {
    struct fixture f;
    setup(&f);
    put(&f, QUOTAS,
        QUOTA("'hard':{'pods':'5','secrets':'5'}",
              "'hard':{'pods':'5','secrets':'5'},'used':{'pods':'2','secrets':'0'}"));
    put(&f, PODS, POD("a", "}"));
    CHECK_PLAN(&f, &resource_quota_controller, KEY, "requeue after 1000 ms\n");
    put(&f, RESOURCE_OF(core_v1_secrets), "{'metadata':{'name':'s','namespace':'d'}}");
    CHECK_HAS(status_of(&f), "\"used\":{\"pods\":\"2\",\"secrets\":\"1\"}");
    f.now += 2 * NSEC_PER_SEC;
    CHECK_HAS(status_of(&f), "\"used\":{\"pods\":\"1\",\"secrets\":\"1\"}");
    put(&f, QUOTAS, QUOTA("'hard':{'pods':'5'}", "'hard':{'pods':'5'},'used':{'pods':'1'}"));
    CHECK_PLAN(&f, &resource_quota_controller, KEY, "requeue after 300000 ms\n");
    CHECK_PLAN(&f, &resource_quota_controller, "d/none", "");
    teardown(&f);
}

TEST(quotas_are_looked_at_when_something_goes_or_shrinks) {
    struct fixture f;
    setup(&f);
    const struct controller *c = &resource_quota_controller;
    put(&f, PODS, POD("a", "}"));
    put(&f, PODS, POD("b", "}"));
    put(&f, QUOTAS, QUOTA("'hard':{'requests.cpu':'5'}", ""));
    CHECK_STR(next_key(&f, c), STR(KEY));
    put(&f, QUOTAS, QUOTA("'hard':{'requests.cpu':'5'}", "'used':{'requests.cpu':'1'}"));
    put(&f, PODS, POD("a", "},'status':{'phase':'Running'}"));
    put(&f, PODS, POD("c", "}"));
    put(&f, RESOURCE_OF(core_v1_secrets), "{'metadata':{'name':'s','namespace':'d'}}");
    drop(&f, RESOURCE_OF(core_v1_secrets), "d/s");
    CHECK(!next_key(&f, c).p);
    put(&f, PODS, POD("a", "},'status':{'phase':'Failed'}"));
    CHECK_STR(next_key(&f, c), STR(KEY));
    drop(&f, PODS, "d/b");
    CHECK_STR(next_key(&f, c), STR(KEY));
    teardown(&f);
}
