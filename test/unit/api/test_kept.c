// SPDX-License-Identifier: Apache-2.0
/* Rules that a stored object breaks do not hold for its updates; for a new object, and for one
 * whose stored form kept them, they do. */
#include "tap.h"

#include "api/hooks.h"
#include "schema/json.h"

#define CONTAINER "'containers':[{'name':'a','image':'i'"
#define POD(more) "{'spec':{'nodeName':'n'," more "," CONTAINER "}]}}"
#define SELECTOR  "{'matchExpressions':[{'key':'a','operator':'In','values':['-bad-']}]}"
#define AFFINITY(kind, selector)                                                                   \
    "'affinity':{'" kind "':{'requiredDuringSchedulingIgnoredDuringExecution':[{'topologyKey':"    \
    "'t'," selector "}]}}"
#define SPREAD(more)                                                                               \
    "'topologySpreadConstraints':[{'maxSkew':1,'topologyKey':'t','whenUnsatisfiable':"             \
    "'DoNotSchedule'," more "}]"
#define GOOD_POD "{'spec':{'nodeName':'n'," CONTAINER "}]}}"
#define TEMPLATE(spec)                                                                             \
    "{'spec':{'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':{'a':'b'}},"   \
    "'spec':{" spec "," CONTAINER "}]}}}}"
#define SCALER(target, more)                                                                       \
    "{'spec':{'maxReplicas':3,'scaleTargetRef':{" target ",'name':'t'}" more "}}"
#define METRIC(version)                                                                            \
    ",'metrics':[{'type':'Object','object':{'describedObject':{'kind':'K','name':'o','apiVersion'" \
    ":'" version "'},'metric':{'name':'m'},'target':{'type':'Value','value':'1'}}}]"
#define SCALERS       RESOURCE_ID(autoscaling_v2_horizontalpodautoscalers)
#define GOOD_TEMPLATE TEMPLATE("'nodeName':'n'")
#define PODS          RESOURCE_ID(core_v1_pods)

/* bad is refused for one reason that good does not give. */
static const struct {
    enum resource_id id;
    const char *good, *bad;
} cases[] = {
    {PODS, GOOD_POD, POD(AFFINITY("podAffinity", "'labelSelector':" SELECTOR))},
    {PODS, GOOD_POD, POD(AFFINITY("podAntiAffinity", "'namespaceSelector':" SELECTOR))},
    {PODS, GOOD_POD,
     POD("'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{"
         "'nodeSelectorTerms':[" SELECTOR "]}}}")},
    {PODS, GOOD_POD, POD(SPREAD("'labelSelector':" SELECTOR))},
    {PODS, GOOD_POD,
     POD(SPREAD("'labelSelector':{'matchLabels':{'k':'v'}},'matchLabelKeys':['k']"))},
    {PODS, GOOD_POD,
     "{'spec':{'nodeName':'n'," CONTAINER ",'resources':{'limits':{'hugepages-2Mi':'3Mi','cpu':1},"
     "'requests':{'hugepages-2Mi':'3Mi'}}}]}}"},
    {PODS, GOOD_POD,
     POD("'serviceAccountName':'s','volumes':[{'name':'v','projected':{'sources':[{"
         "'serviceAccountToken':{'path':'../x','expirationSeconds':600}}]}}]")},
    {PODS, GOOD_POD,
     POD("'hostNetwork':true,'securityContext':{'sysctls':[{'name':'net.ipv4.x','value':'1'}]}")},
    {PODS, GOOD_POD,
     "{'spec':{'nodeName':'n','hostUsers':false,'volumes':[{'name':'v','persistentVolumeClaim':{"
     "'claimName':'c'}}]," CONTAINER ",'volumeDevices':[{'name':'v','devicePath':'/d'}]}]}}"},
    {PODS, GOOD_POD,
     "{'metadata':{'annotations':{'controller.kubernetes.io/pod-deletion-cost':'+1'}},'spec':{"
     "'nodeName':'n'," CONTAINER "}]}}"},
    {PODS, GOOD_POD,
     POD("'initContainers':[{'name':'i','image':'i','resizePolicy':[{'resourceName':'cpu',"
         "'restartPolicy':'RestartContainer'}]}]")},
#define IN_TEMPLATES(kind_)                                                                        \
    {                                                                                              \
        RESOURCE_ID(kind_), GOOD_TEMPLATE,                                                         \
            TEMPLATE(AFFINITY("podAffinity", "'labelSelector':" SELECTOR))                         \
    }
    IN_TEMPLATES(apps_v1_deployments),
    IN_TEMPLATES(apps_v1_replicasets),
    IN_TEMPLATES(apps_v1_daemonsets),
    IN_TEMPLATES(apps_v1_statefulsets),
    {RESOURCE_ID(apps_v1_statefulsets), GOOD_TEMPLATE, TEMPLATE("'dnsPolicy':'Strange'")},
    {RESOURCE_ID(apps_v1_statefulsets), GOOD_TEMPLATE,
     "{'spec':{'serviceName':'a.b','selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{"
     "'labels':{'a':'b'}},'spec':{" CONTAINER "}]}}}}"},
    {RESOURCE_ID(core_v1_replicationcontrollers),
     "{'spec':{'selector':{'a':'b'},'template':{'metadata':{'labels':{'a':'b'}},'spec':{" CONTAINER
     "}]}}}}",
     "{'spec':{'selector':{'a':'b'},'template':{'metadata':{'labels':{'a':'b'}},'spec':{" AFFINITY(
         "podAffinity", "'labelSelector':" SELECTOR) "," CONTAINER "}]}}}}"},
    {RESOURCE_ID(core_v1_podtemplates), "{'template':{'spec':{" CONTAINER "}]}}}",
     "{'template':{'spec':{" AFFINITY("podAffinity", "'labelSelector':" SELECTOR) "," CONTAINER
                                                                                  "}]}}}"},
    {RESOURCE_ID(batch_v1_cronjobs),
     "{'spec':{'schedule':'1 * * * *','jobTemplate':{'spec':{'template':{'spec':{'restartPolicy':"
     "'Never'," CONTAINER "}]}}}}}}",
     "{'spec':{'schedule':'1 * * * *','jobTemplate':{'spec':{'template':{'spec':{'restartPolicy':"
     "'Never'," AFFINITY("podAffinity", "'labelSelector':" SELECTOR) "," CONTAINER "}]}}}}}}"},
    {SCALERS, SCALER("'kind':'ReplicationController','apiVersion':'v1'", ""),
     SCALER("'kind':'Other','apiVersion':'v1'", "")},
    {SCALERS, SCALER("'kind':'Other','apiVersion':'a/v1'", ""),
     SCALER("'kind':'Other','apiVersion':'/v1'", "")},
    {SCALERS, SCALER("'kind':'Other','apiVersion':'a/v1'", METRIC("v1")),
     SCALER("'kind':'Other','apiVersion':'a/v1'", METRIC("a/b/c"))},
    {RESOURCE_ID(policy_v1_poddisruptionbudgets), "{'spec':{}}",
     "{'spec':{'selector':" SELECTOR "}}"},
    {RESOURCE_ID(networking_v1_networkpolicies), "{'spec':{'podSelector':{}}}",
     "{'spec':{'podSelector':" SELECTOR "}}"},
    {RESOURCE_ID(networking_v1_networkpolicies), "{'spec':{'podSelector':{}}}",
     "{'spec':{'podSelector':{},'egress':[{'to':[{'podSelector':" SELECTOR "}]}]}}"},
};

struct fixture {
    struct arena a;
    const struct api_resource *resource;
    const struct hooks *hooks;
};

static void *read_object(struct fixture *f, const char *json) {
    struct err e = {0};
    struct hook_ctx c = {.arena = &f->a};
    void *obj = arena_alloc(&f->a, f->resource->type->size);
    char *text = arena_dup(&f->a, json, strlen(json) + 1);
    for (char *p = text; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    if (json_read(&f->a, f->resource->type, str_of(text), obj, NULL, &e) < 0) {
        tap_fail(__FILE__, __LINE__, "%s: %s", json, e.text);
        tap_bail();
    }
    api_defaults(&f->a, f->resource->type, obj);
    if (f->hooks->defaults)
        f->hooks->defaults(&c, obj);
    return obj;
}

/* How many errors; the first in *ret_text. */
static uint32_t errors(struct fixture *f, const void *obj, const void *old, str *ret_text) {
    struct field_errors fe = {.arena = &f->a};
    hooks_validate(&fe, f->resource, f->resource, obj, old);
    CHECK_INT(fe.kept, 0);
    *ret_text = fe.list.n ? field_error_str(&f->a, &fe.list.v[0]) : STR("nothing");
    return fe.list.n;
}

TEST(what_was_let_in_may_stay) {
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;
        str text;
        arena_init(&f.a, 0);
        f.resource = &api_resources[cases[i].id];
        f.hooks = hooks_of(f.resource);
        const void *good = read_object(&f, cases[i].good), *bad = read_object(&f, cases[i].bad);
        bool always = cases[i].id == RESOURCE_ID(apps_v1_statefulsets) &&
                      strstr(cases[i].bad, "serviceName"); /* which cannot be changed at all */
        if (errors(&f, good, NULL, &text))
            tap_fail(__FILE__, __LINE__, "case %zu, good: " STR_FMT, i, STR_ARG(text));
        if (!errors(&f, bad, NULL, &text))
            tap_fail(__FILE__, __LINE__, "case %zu: a new one is not refused", i);
        if (!errors(&f, bad, good, &text) && !always)
            tap_fail(__FILE__, __LINE__, "case %zu: a change is not refused", i);
        if (errors(&f, bad, bad, &text))
            tap_fail(__FILE__, __LINE__, "case %zu: " STR_FMT, i, STR_ARG(text));
        arena_done(&f.a);
    }
}

/* What is kept is that rule alone. */
TEST(other_rules_hold) {
    struct fixture f;
    str text;
    arena_init(&f.a, 0);
    f.resource = &api_resources[PODS];
    f.hooks = hooks_of(f.resource);
    const void *old = read_object(&f, POD(AFFINITY("podAffinity", "'labelSelector':" SELECTOR)));
    const void *obj = read_object(&f, POD(SPREAD("'labelSelector':" SELECTOR)));
    CHECK_INT(errors(&f, obj, old, &text), 1);
    CHECK(str_starts(text, STR("spec.topologySpreadConstraints[0].labelSelector")));
    arena_done(&f.a);
}
