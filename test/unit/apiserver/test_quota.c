// SPDX-License-Identifier: Apache-2.0
/* Resource quotas: what counts, what is refused, and that many at once are never let past. */
#include "server_test.h"

#define NS     "/api/v1/namespaces/default"
#define QUOTAS NS "/resourcequotas"
#define MERGE  "application/merge-patch+json"

static void begin(struct world *w) {
    world_init(w);
    REQUIRE(call(w, "POST", NS "/serviceaccounts", NULL, "{\"metadata\":{\"name\":\"default\"}}")
                .code == 201);
}

/* As its controller leaves it: spec.hard in status.hard, the use counted. */
static void quota(struct world *w, const char *name, const char *hard, const char *used,
                  const char *scopes) {
    str body = str_printf(w->arena, "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"hard\":{%s}%s}}",
                          name, hard, scopes);
    struct answer a = call(w, "POST", QUOTAS, NULL, body.p);
    if (a.code != 201)
        tap_fail(__FILE__, __LINE__, STR_FMT, STR_ARG(a.body));
    str status = str_printf(w->arena, "{\"status\":{\"hard\":{%s},\"used\":{%s}}}", hard, used);
    str path = str_printf(w->arena, QUOTAS "/%s/status", name);
    REQUIRE(call(w, "PATCH", path.p, MERGE, status.p).code == 200);
}

static str used(struct world *w, const char *name, const char *what) {
    struct answer a = get(w, str_printf(w->arena, QUOTAS "/%s", name).p, NULL);
    struct value *v = at(w, a.body, "status.used");
    return v ? value_str(value_get(v, str_of(what))) : STR_NONE;
}

static struct answer pod(struct world *w, const char *name, const char *spec,
                         const char *resources) {
    str body = str_printf(w->arena,
                          "{\"metadata\":{\"name\":\"%s\"},\"spec\":{%s\"containers\":[{\"name\":"
                          "\"a\",\"image\":\"i\",\"resources\":{%s}}]}}",
                          name, spec, resources);
    return call(w, "POST", NS "/pods", NULL, body.p);
}

TEST(pods_are_charged_for_what_they_ask) {
    struct world w;
    begin(&w);
    quota(&w, "q",
          "\"pods\":\"3\",\"cpu\":\"2\",\"limits.memory\":\"2Gi\",\"requests.example.com/gpu\":"
          "\"1\",\"count/pods\":\"9\"",
          "\"pods\":\"0\",\"cpu\":\"0\",\"limits.memory\":\"0\",\"requests.example.com/gpu\":\"0\","
          "\"count/pods\":\"0\"",
          "");
    REQUIRE(pod(&w, "a", "",
                "\"requests\":{\"cpu\":\"500m\"},\"limits\":{\"memory\":\"1Gi\",\"example.com/"
                "gpu\":\"1\"}")
                .code == 201);
    CHECK_STR(used(&w, "q", "cpu"), STR("500m"));
    CHECK_STR(used(&w, "q", "pods"), STR("1"));
    CHECK_STR(used(&w, "q", "count/pods"), STR("1"));
    CHECK_STR(used(&w, "q", "limits.memory"), STR("1Gi"));
    CHECK_STR(used(&w, "q", "requests.example.com/gpu"), STR("1"));
    struct answer a = pod(&w, "b", "",
                          "\"requests\":{\"cpu\":\"1600m\"},\"limits\":{\"memory\":\"2Gi\","
                          "\"example.com/gpu\":\"1\"}");
    CHECK_INT(a.code, 403);
    CHECK_STR(
        text_at(&w, a.body, "message"),
        STR("pods \"b\" is forbidden: exceeded quota: q, requested: cpu=1600m,limits.memory="
            "2Gi,requests.example.com/gpu=1, used: cpu=500m,limits.memory=1Gi,requests."
            "example.com/gpu=1, limited: cpu=2,limits.memory=2Gi,requests.example.com/gpu=1"));
    a = pod(&w, "b", "\"initContainers\":[{\"name\":\"i\",\"image\":\"i\"}],",
            "\"requests\":{\"cpu\":\"1\"}");
    CHECK_STR(
        text_at(&w, a.body, "message"),
        STR("pods \"b\" is forbidden: failed quota: q: must specify cpu for: i; limits.memory "
            "for: a,i"));
    CHECK_STR(used(&w, "q", "cpu"), STR("500m"));
    world_done(&w);
}

TEST(what_fails_later_is_not_charged) {
    struct world w;
    begin(&w);
    quota(&w, "q", "\"configmaps\":\"2\"", "\"configmaps\":\"0\"", "");
    const char *cm = "{\"metadata\":{\"name\":\"c\"}}";
    CHECK_INT(call(&w, "POST", NS "/configmaps?dryRun=All", NULL, cm).code, 201);
    CHECK_STR(used(&w, "q", "configmaps"), STR("0"));
    CHECK_INT(call(&w, "POST", NS "/configmaps", NULL, cm).code, 201);
    CHECK_INT(call(&w, "POST", NS "/configmaps", NULL, cm).code, 409);
    CHECK_STR(used(&w, "q", "configmaps"), STR("1"));
    /* A later quota refuses what an earlier one has let pass. */
    quota(&w, "r", "\"count/configmaps\":\"1\"", "\"count/configmaps\":\"1\"", "");
    CHECK_INT(call(&w, "POST", NS "/configmaps", NULL, "{\"metadata\":{\"name\":\"d\"}}").code,
              403);
    CHECK_STR(used(&w, "q", "configmaps"), STR("1"));
    world_done(&w);
}

TEST(a_quota_without_counts_lets_nothing_in_and_one_without_limits_all) {
    struct world w;
    begin(&w);
    quota(&w, "q", "\"configmaps\":\"2\",\"count/secrets\":\"1\"", "\"count/secrets\":\"0\"", "");
    struct answer a = call(&w, "POST", NS "/configmaps", NULL, "{\"metadata\":{\"name\":\"c\"}}");
    CHECK_STR(text_at(&w, a.body, "message"),
              STR("configmaps \"c\" is forbidden: status unknown for quota: q, resources: "
                  "configmaps"));
    CHECK_INT(call(&w, "POST", NS "/secrets", NULL, "{\"metadata\":{\"name\":\"s\"}}").code, 201);
    REQUIRE(call(&w, "POST", QUOTAS, NULL,
                 "{\"metadata\":{\"name\":\"new\"},\"spec\":{\"hard\":{\"services\":\"0\"}}}")
                .code == 201);
    CHECK_INT(call(&w, "POST", NS "/services", NULL,
                   "{\"metadata\":{\"name\":\"s\"},\"spec\":{\"ports\":[{\"port\":80}]}}")
                  .code,
              201);
    world_done(&w);
}

TEST(services_and_claims) {
    struct world w;
    begin(&w);
    quota(&w, "q",
          "\"services.nodeports\":\"2\",\"services.loadbalancers\":\"1\",\"requests.storage\":"
          "\"3Gi\",\"fast.storageclass.storage.k8s.io/requests.storage\":\"1Gi\"",
          "\"services.nodeports\":\"0\",\"services.loadbalancers\":\"0\",\"requests.storage\":"
          "\"0\",\"fast.storageclass.storage.k8s.io/requests.storage\":\"0\"",
          "");
    REQUIRE(call(&w, "POST", NS "/services", NULL,
                 "{\"metadata\":{\"name\":\"s\"},\"spec\":{\"ports\":[{\"port\":80}]}}")
                .code == 201);
    CHECK_INT(
        call(&w, "PATCH", NS "/services/s", MERGE, "{\"spec\":{\"type\":\"LoadBalancer\"}}").code,
        200);
    CHECK_STR(used(&w, "q", "services.nodeports"), STR("1"));
    CHECK_STR(used(&w, "q", "services.loadbalancers"), STR("1"));
    CHECK_INT(call(&w, "PATCH", NS "/services/s", MERGE,
                   "{\"spec\":{\"ports\":[{\"name\":\"a\",\"port\":80},{\"name\":\"b\",\"port\":81}"
                   ",{\"name\":\"c\",\"port\":82}]}}")
                  .code,
              403);
    str claim = STR("{\"metadata\":{\"name\":\"p\"},\"spec\":{\"storageClassName\":\"fast\","
                    "\"accessModes\":[\"ReadWriteOnce\"],\"resources\":{\"requests\":{\"storage\":"
                    "\"2Gi\"}}}}");
    struct answer a = call(&w, "POST", NS "/persistentvolumeclaims", NULL, claim.p);
    CHECK_INT(a.code, 403);
    CHECK(str_find(a.body, STR("requested: fast.storageclass.storage.k8s.io/requests.storage=2Gi,"
                               " used: ")) > 0);
    world_done(&w);
}

TEST(scopes) {
    static const struct {
        const char *scopes, *spec, *resources;
        bool counts;
    } cases[] = {
        {",\"scopes\":[\"BestEffort\"]", "", "", true},
        {",\"scopes\":[\"BestEffort\"]", "", "\"requests\":{\"cpu\":\"1\"}", false},
        {",\"scopes\":[\"NotBestEffort\"]", "", "\"requests\":{\"cpu\":\"1\"}", true},
        {",\"scopes\":[\"Terminating\"]", "\"activeDeadlineSeconds\":5,", "", true},
        {",\"scopes\":[\"Terminating\"]", "", "", false},
        {",\"scopes\":[\"NotTerminating\"]", "", "", true},
        {",\"scopes\":[\"CrossNamespacePodAffinity\"]",
         "\"affinity\":{\"podAntiAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":[{"
         "\"topologyKey\":\"k\",\"namespaces\":[\"x\"]}]}},",
         "", true},
        {",\"scopeSelector\":{\"matchExpressions\":[{\"scopeName\":\"PriorityClass\",\"operator\":"
         "\"In\",\"values\":[\"system-node-critical\"]}]}",
         "\"priorityClassName\":\"system-node-critical\",", "", true},
        {",\"scopeSelector\":{\"matchExpressions\":[{\"scopeName\":\"PriorityClass\",\"operator\":"
         "\"NotIn\",\"values\":[\"system-node-critical\"]}]}",
         "\"priorityClassName\":\"system-node-critical\",", "", false},
        {",\"scopeSelector\":{\"matchExpressions\":[{\"scopeName\":\"PriorityClass\",\"operator\":"
         "\"Exists\"}]}",
         "", "", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w;
        begin(&w);
        quota(&w, "q", "\"pods\":\"5\"", "\"pods\":\"0\"", cases[i].scopes);
        struct answer a = pod(&w, "x", cases[i].spec, cases[i].resources);
        CHECK_INT(a.code, 201);
        if (!str_eqc(used(&w, "q", "pods"), cases[i].counts ? "1" : "0"))
            tap_fail(__FILE__, __LINE__, "case %zu", i);
        world_done(&w);
    }
}

/* A pod whose time is limited later is another quota's from then on. */
TEST(a_pod_comes_into_scope) {
    struct world w;
    begin(&w);
    quota(&w, "q", "\"pods\":\"1\"", "\"pods\":\"0\"", ",\"scopes\":[\"Terminating\"]");
    REQUIRE(pod(&w, "x", "", "").code == 201 && pod(&w, "y", "", "").code == 201);
    CHECK_STR(used(&w, "q", "pods"), STR("0"));
    static const char limited[] = "{\"spec\":{\"activeDeadlineSeconds\":50}}";
    CHECK_INT(call(&w, "PATCH", NS "/pods/x", MERGE, limited).code, 200);
    CHECK_STR(used(&w, "q", "pods"), STR("1"));
    CHECK_INT(call(&w, "PATCH", NS "/pods/y", MERGE, limited).code, 403);
    world_done(&w);
}

TEST(a_pod_may_speak_for_its_containers) {
    struct world w;
    begin(&w);
    quota(&w, "q", "\"requests.cpu\":\"3\"", "\"requests.cpu\":\"0\"", "");
    CHECK_INT(pod(&w, "x", "", "").code, 403);
    CHECK_INT(pod(&w, "x", "\"resources\":{\"requests\":{\"cpu\":\"2\"}},", "").code, 201);
    CHECK_STR(used(&w, "q", "requests.cpu"), STR("2"));
    world_done(&w);
}

#define CLIENTS 48
TEST(parallel_creates_never_pass_the_limit) {
    struct world w;
    begin(&w);
    quota(&w, "q", "\"configmaps\":\"20\"", "\"configmaps\":\"0\"", "");
    quota(&w, "r", "\"count/configmaps\":\"17\"", "\"count/configmaps\":\"0\"", "");
    static struct answer answers[CLIENTS];
    str bodies[CLIENTS];
    for (unsigned i = 0; i < CLIENTS; i++)
        bodies[i] = str_printf(w.arena, "{\"metadata\":{\"name\":\"c%u\"}}", i);
    post_at_once(&w, NS "/configmaps", bodies, CLIENTS, answers);
    unsigned n = 0;
    for (unsigned i = 0; i < CLIENTS; i++) {
        n += answers[i].code == 201;
        CHECK(answers[i].code == 201 || answers[i].code == 403);
    }
    CHECK_INT(n, 17);
    CHECK_STR(used(&w, "q", "configmaps"), STR("17"));
    CHECK_STR(used(&w, "r", "count/configmaps"), STR("17"));
    world_done(&w);
}
