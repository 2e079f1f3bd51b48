// SPDX-License-Identifier: Apache-2.0
/* Pod security standards: each check once failing at its level, and what namespaces say. */
#include "server_test.h"

#define NS "/api/v1/namespaces"

static void begin(struct world *w, const char *labels) {
    world_init(w);
    str body = str_printf(w->arena, "{\"metadata\":{\"name\":\"n\",\"labels\":{%s}}}", labels);
    REQUIRE(call(w, "POST", NS, NULL, body.p).code == 201);
    REQUIRE(call(w, "POST", NS "/n/serviceaccounts", NULL, "{\"metadata\":{\"name\":\"default\"}}")
                .code == 201);
}

static struct answer pod(struct world *w, const char *name, const char *meta, const char *spec,
                         const char *container) {
    str body = str_printf(w->arena,
                          "{\"metadata\":{\"name\":\"%s\"%s},\"spec\":{%s\"containers\":[{\"name\":"
                          "\"a\",\"image\":\"i\"%s}]}}",
                          name, meta, spec, container);
    return call(w, "POST", NS "/n/pods", NULL, body.p);
}

#define ENFORCE(level_, version_)                                                                  \
    "\"pod-security.kubernetes.io/enforce\":\"" level_                                             \
    "\",\"pod-security.kubernetes.io/enforce-version\":\"" version_ "\""
#define SC(text_) ",\"securityContext\":{" text_ "}"
/* All that the restricted level asks of a container. */
#define TIGHT                                                                                      \
    "\"allowPrivilegeEscalation\":false,\"runAsNonRoot\":true,\"capabilities\":{\"drop\":["        \
    "\"ALL\"]},\"seccompProfile\":{\"type\":\"RuntimeDefault\"}"

static const struct {
    const char *labels, *meta, *spec, *container;
    const char *why; /* NULL: allowed */
} cases[] = {
    {ENFORCE("baseline", "latest"), "", "", "", NULL},
    {ENFORCE("restricted", "latest"), "", "", SC(TIGHT), NULL},
    {ENFORCE("privileged", "latest"), "", "\"hostPID\":true,", "", NULL},
    {ENFORCE("baseline", "latest"),
     ",\"annotations\":{\"container.apparmor.security.beta.kubernetes.io/a\":\"unconfined\"}", "",
     "",
     "forbidden AppArmor profiles (container \"a\" and annotation "
     "\"container.apparmor.security.beta.kubernetes.io/a\" must not set AppArmor profile type to "
     "\"Unconfined\", \"unconfined\")"},
    {ENFORCE("baseline", "latest"), "", "",
     SC("\"capabilities\":{\"add\":[\"SYS_TIME\",\"CHOWN\",\"NET_RAW\"]}"),
     "non-default capabilities (container \"a\" must not include \"NET_RAW\", \"SYS_TIME\" in "
     "securityContext.capabilities.add)"},
    {ENFORCE("baseline", "latest"), "", "\"hostIPC\":true,", "", "host namespaces (hostIPC=true)"},
    {ENFORCE("baseline", "latest"), "",
     "\"volumes\":[{\"name\":\"v\",\"hostPath\":{\"path\":\"/a\"}},{\"name\":\"w\",\"hostPath\":{"
     "\"path\":\"/b\"}}],",
     "", "hostPath volumes (volumes \"v\", \"w\")"},
    {ENFORCE("baseline", "latest"), "",
     "\"initContainers\":[{\"name\":\"b\",\"image\":\"i\",\"ports\":[{\"containerPort\":1,"
     "\"hostPort\":9}]}],",
     ",\"ports\":[{\"containerPort\":1,\"hostPort\":10}]",
     "hostPort (containers \"b\", \"a\" use hostPorts 10, 9)"},
    {ENFORCE("baseline", "latest"), "", "",
     ",\"livenessProbe\":{\"httpGet\":{\"port\":1,\"host\":\"h\"}}",
     "probe or lifecycle host (container \"a\" uses probe or lifecycle host \"h\")"},
    {ENFORCE("baseline", "v1.33"), "", "",
     ",\"livenessProbe\":{\"httpGet\":{\"port\":1,\"host\":\"h\"}}", NULL},
    {ENFORCE("baseline", "latest"), "", "", SC("\"privileged\":true"),
     "privileged (container \"a\" must not set securityContext.privileged=true)"},
    {ENFORCE("baseline", "latest"), "",
     "\"securityContext\":{\"seLinuxOptions\":{\"type\":\"t\",\"role\":\"r\"}},", "",
     "seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type \"t\"; role may not "
     "be set)"},
    {ENFORCE("baseline", "latest"), "", "",
     SC("\"seLinuxOptions\":{\"type\":\"container_engine_t\"}"), NULL},
    {ENFORCE("baseline", "v1.30"), "", "",
     SC("\"seLinuxOptions\":{\"type\":\"container_engine_t\"}"),
     "seLinuxOptions (container \"a\" set forbidden securityContext.seLinuxOptions: type "
     "\"container_engine_t\")"},
    {ENFORCE("baseline", "latest"), "",
     "\"securityContext\":{\"seccompProfile\":{\"type\":\"Unconfined\"}},", "",
     "seccompProfile (pod must not set securityContext.seccompProfile.type to \"Unconfined\")"},
    {ENFORCE("baseline", "v1.28"), "",
     "\"securityContext\":{\"sysctls\":[{\"name\":\"net.ipv4.tcp_fin_timeout\",\"value\":\"1\"}]},",
     "", "forbidden sysctls (net.ipv4.tcp_fin_timeout)"},
    {ENFORCE("baseline", "latest"), "",
     "\"securityContext\":{\"sysctls\":[{\"name\":\"net.ipv4.tcp_fin_timeout\",\"value\":\"1\"}]},",
     "", NULL},
    {ENFORCE("restricted", "latest"), "",
     "\"volumes\":[{\"name\":\"v\",\"nfs\":{\"server\":\"s\",\"path\":\"/a\"}},{\"name\":\"w\","
     "\"emptyDir\":{}}],",
     SC(TIGHT), "restricted volume types (volume \"v\" uses restricted volume type \"nfs\")"},
    {ENFORCE("restricted", "latest"), "", "", SC(TIGHT ",\"runAsUser\":0"),
     "runAsUser=0 (container \"a\" must not set runAsUser=0)"},
    {ENFORCE("restricted", "latest"), "", "\"hostUsers\":false,",
     SC("\"allowPrivilegeEscalation\":false,\"runAsUser\":0,\"capabilities\":{\"drop\":[\"ALL\"]},"
        "\"seccompProfile\":{\"type\":\"Localhost\",\"localhostProfile\":\"p\"}"),
     NULL},
    {ENFORCE("restricted", "v1.18"), "", "",
     SC("\"allowPrivilegeEscalation\":false,\"runAsNonRoot\":true"), NULL},
    {ENFORCE("restricted", "latest"), "", "\"os\":{\"name\":\"windows\"},",
     SC("\"runAsNonRoot\":true"), NULL},
    {ENFORCE("restricted", "latest"), "", "\"securityContext\":{\"runAsNonRoot\":false},",
     SC(TIGHT), "runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)"},
};

TEST(checks) {
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w;
        begin(&w, cases[i].labels);
        struct answer a = pod(&w, "x", cases[i].meta, cases[i].spec, cases[i].container);
        str why = text_at(&w, a.body, "message");
        ssize_t at_colon = str_find(why, STR("\": "));
        str rest = at_colon < 0 ? why : str_slice(why, (size_t)at_colon + 3, why.n);
        bool ok =
            cases[i].why ? a.code == 403 && str_ends(why, str_of(cases[i].why)) : a.code == 201;
        if (!ok)
            tap_fail(__FILE__, __LINE__, "case %zu: %d " STR_FMT, i, a.code, STR_ARG(rest));
        world_done(&w);
    }
}

TEST(a_namespace_becomes_stricter) {
    struct world w;
    begin(&w, "\"a\":\"b\"");
    REQUIRE(pod(&w, "p", "", "\"hostPID\":true,", "").code == 201);
    REQUIRE(pod(&w, "q", "", "\"hostIPC\":true,", "").code == 201);
    REQUIRE(pod(&w, "r", "", "", SC("\"privileged\":true")).code == 201);
    const char *merge = "application/merge-patch+json";
    struct answer a =
        call(&w, "PATCH", NS "/n", merge,
             "{\"metadata\":{\"labels\":{\"pod-security.kubernetes.io/enforce\":\"baseline\"}}}");
    CHECK_INT(a.code, 200);
    CHECK(str_find(a.warning, STR("existing pods in namespace \\\"n\\\" violate the new "
                                  "PodSecurity enforce level \\\"baseline:latest\\\"")) >= 0);
    a = call(&w, "PATCH", NS "/n", merge,
             "{\"metadata\":{\"labels\":{\"pod-security.kubernetes.io/enforce\":\"privileged\"}}}");
    CHECK(a.code == 200 && !a.warning.n);
    a = call(&w, "PATCH", NS "/n", merge,
             "{\"metadata\":{\"labels\":{\"pod-security.kubernetes.io/warn-version\":\"v1.01\"}}}");
    CHECK_INT(a.code, 422);
    world_done(&w);
}

TEST(updates_are_looked_at_when_they_matter) {
    struct world w;
    begin(&w, "\"a\":\"b\"");
    REQUIRE(pod(&w, "p", "", "\"hostPID\":true,", "").code == 201);
    const char *merge = "application/merge-patch+json";
    REQUIRE(call(&w, "PATCH", NS "/n", merge,
                 "{\"metadata\":{\"labels\":{\"pod-security.kubernetes.io/enforce\":"
                 "\"baseline\"}}}")
                .code == 200);
    CHECK_INT(
        call(&w, "PATCH", NS "/n/pods/p", merge, "{\"metadata\":{\"labels\":{\"x\":\"y\"}}}").code,
        200);
    CHECK_INT(call(&w, "PATCH", NS "/n/pods/p", "application/strategic-merge-patch+json",
                   "{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"j\"}]}}")
                  .code,
              403);
    CHECK_INT(
        call(&w, "PATCH", NS "/n/pods/p/status", merge, "{\"status\":{\"message\":\"m\"}}").code,
        200);
    world_done(&w);
}
