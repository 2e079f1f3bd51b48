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

#define RESIZED(conditions)                                                                        \
    POD("r", "},'status':{'conditions':[" conditions                                               \
             "],'containerStatuses':[{'name':'c','allocatedResources':{'cpu':'300m'},"             \
             "'resources':{'requests':{'cpu':'200m'},'limits':{'memory':'512Mi'}}}]}")
#define DEVICES(requests)                                                                          \
    "{'metadata':{'name':'r','namespace':'d'},'spec':{'devices':{'requests':[" requests "]}}}"
#define EXACTLY(class, more) "{'name':'a','exactly':{'deviceClassName':'" class "'," more "}}"
#define CLAIM(spec, status)                                                                        \
    "{'metadata':{'name':'c','namespace':'d'},'spec':{" spec "},'status':{" status "}}"

/* What is on its way from one size to another counts with the larger. */
TEST(sizes_that_change) {
    static const char classes[] =
        "'scopeSelector':{'matchExpressions':[{'scopeName':'VolumeAttributesClass',"
        "'operator':'%s','values':['gold']}]},'hard':{'requests.storage':'9Gi'}";
    static const struct {
        const struct api_resource *r;
        const char *object, *spec, *used;
    } cases[] = {
        {PODS, POD("r", "}"), "'hard':{'requests.cpu':'9','limits.memory':'9Gi'}",
         "'limits.memory':'1Gi','requests.cpu':'100m'"},
        {PODS, RESIZED(""), "'hard':{'requests.cpu':'9','limits.memory':'9Gi'}",
         "'limits.memory':'1Gi','requests.cpu':'300m'"},
        {PODS, RESIZED("{'type':'PodResizePending','status':'True','reason':'Infeasible'}"),
         "'hard':{'requests.cpu':'9','limits.memory':'9Gi'}",
         "'limits.memory':'512Mi','requests.cpu':'300m'"},
        {CLAIMS,
         CLAIM("'resources':{'requests':{'storage':'1Gi'}}",
               "'allocatedResources':{'storage':'2Gi'}"),
         "'hard':{'requests.storage':'9Gi'}", "'requests.storage':'2Gi'"},
        {CLAIMS,
         CLAIM("'resources':{'requests':{'storage':'3Gi'}}",
               "'allocatedResources':{'storage':'2Gi'}"),
         "'hard':{'requests.storage':'9Gi'}", "'requests.storage':'3Gi'"},
        {CLAIMS, CLAIM("'resources':{'requests':{'storage':'1500m'}}", ""),
         "'hard':{'requests.storage':'9Gi'}", "'requests.storage':'2'"},
        {CLAIMS,
         CLAIM("'resources':{'requests':{'storage':'1Gi'}},'volumeAttributesClassName':'iron'",
               "'currentVolumeAttributesClassName':'gold'"),
         "In", "'requests.storage':'1Gi'"},
        {CLAIMS,
         CLAIM("'resources':{'requests':{'storage':'1Gi'}}",
               "'modifyVolumeStatus':{'targetVolumeAttributesClassName':'gold','status':'"
               "Pending'}"),
         "In", "'requests.storage':'1Gi'"},
        {CLAIMS,
         CLAIM("'resources':{'requests':{'storage':'1Gi'}}",
               "'currentVolumeAttributesClassName':'gold'"),
         "NotIn", "'requests.storage':'0'"},
        {RESOURCE_OF(resource_v1_resourceclaims),
         DEVICES(EXACTLY("gpu", "'allocationMode':'ExactCount','count':3") "," EXACTLY(
             "gpu", "'allocationMode':'All'")),
         "'hard':{'gpu.deviceclass.resource.k8s.io/devices':'99',"
         "'count/resourceclaims.resource.k8s.io':'9'}",
         "'count/resourceclaims.resource.k8s.io':'1',"
         "'gpu.deviceclass.resource.k8s.io/devices':'35'"},
        {RESOURCE_OF(resource_v1_resourceclaims),
         DEVICES("{'name':'a','firstAvailable':["
                 "{'name':'x','deviceClassName':'gpu','allocationMode':'ExactCount','count':2},"
                 "{'name':'y','deviceClassName':'gpu','allocationMode':'ExactCount','count':4},"
                 "{'name':'z','deviceClassName':'npu','allocationMode':'ExactCount','count':1}]}"),
         "'hard':{'gpu.deviceclass.resource.k8s.io/devices':'9',"
         "'npu.deviceclass.resource.k8s.io/devices':'9'}",
         "'gpu.deviceclass.resource.k8s.io/devices':'4',"
         "'npu.deviceclass.resource.k8s.io/devices':'1'"},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;
        setup(&f);
        const char *spec = strchr(cases[i].spec, '{') ? cases[i].spec : NULL;
        str text = spec ? str_of(spec) : str_printf(&f.a, classes, cases[i].spec);
        put(&f, QUOTAS,
            str_printf(&f.a, "{'metadata':{'name':'q','namespace':'d'},'spec':{" STR_FMT "}}",
                       STR_ARG(text))
                .p);
        put(&f, cases[i].r, cases[i].object);
        str want = str_printf(&f.a, "'used':{%s}", cases[i].used);
        str got = status_of(&f);
        if (count(got, quoted(&f, str_cdup(&f.a, want)).p) != 1)
            tap_fail(__FILE__, __LINE__, "case %u: " STR_FMT, i, STR_ARG(got));
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
