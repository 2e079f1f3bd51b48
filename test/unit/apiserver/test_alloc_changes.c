// SPDX-License-Identifier: Apache-2.0
/* What becomes of a service's addresses and ports as it changes: after every step of a story as
 * many are taken as the services that are there have, and no more. */
#include "apiserver/alloc/alloc.h"
#include "server_test.h"

#define SERVICES  "/api/v1/namespaces/default/services"
#define ADDRESSES "/apis/networking.k8s.io/v1/ipaddresses"
#define ENDPOINTS "/api/v1/namespaces/default/endpoints"
#define QUOTAS    "/api/v1/namespaces/default/resourcequotas"
#define MERGE     "application/merge-patch+json"
#define PORTS     "\"ports\":[{\"port\":80}]"
#define DUAL      "10.96.0.0/16,fd00::/112"

static unsigned addresses_taken(struct world *w) {
    struct value *items = at(w, get(w, ADDRESSES, NULL).body, "items");
    return items ? items->list.n : 0;
}

static unsigned ports_taken(struct world *w) {
    unsigned n = 0;
    for (int32_t p = NODE_PORT_FIRST; p <= NODE_PORT_LAST; p++)
        n += node_port_used(&w->server->alloc->ports, p);
    return n;
}

/* The server's own service has an address of each family it was given; they are left out. */
struct step {
    const char *method, *name, *more; /* of a path below the services, with the query */
    int code;
    unsigned addresses, ports;
    const char *path, *text; /* of the answer; text NULL: absent, "*": any */
};

static str body_of(struct world *w, const struct step *s) {
    if (!s->more)
        return STR_NONE;
    if (!strcmp(s->method, "PATCH"))
        return str_of(s->more);
    str name = str_of(s->name);
    str rest = str_cut(&name, '?');
    return str_printf(w->arena, "{\"metadata\":{\"name\":\"" STR_FMT "\"},\"spec\":{%s}}",
                      STR_ARG(rest), s->more);
}

static void play(struct world *w, const struct step *s, size_t n) {
    unsigned own = addresses_taken(w);
    for (size_t i = 0; i < n; i++) {
        bool post = !strcmp(s[i].method, "POST");
        str name = str_of(s[i].name), query = name;
        str_cut(&query, '?');
        str target = post ? str_printf(w->arena, SERVICES "?" STR_FMT, STR_ARG(query))
                          : str_printf(w->arena, SERVICES "/" STR_FMT, STR_ARG(name));
        str body = body_of(w, &s[i]);
        struct answer a = call(w, s[i].method, str_cdup(w->arena, target),
                               strcmp(s[i].method, "PATCH") ? NULL : MERGE,
                               body.p ? str_cdup(w->arena, body) : NULL);
        pass(w, NSEC_PER_SEC / 10);
        str got = s[i].path ? text_at(w, a.body, s[i].path) : STR_NONE;
        bool ok = !s[i].text || (s[i].text[0] == '*' ? got.n > 0 : str_eqc(got, s[i].text));
        ok = ok && (s[i].text || !got.n);
        unsigned addresses = addresses_taken(w) - own, ports = ports_taken(w);
        if (a.code != s[i].code || !ok || addresses != s[i].addresses || ports != s[i].ports)
            tap_fail(__FILE__, __LINE__, "step %zu: %d, %u addresses, %u ports, " STR_FMT, i,
                     a.code, addresses, ports, STR_ARG(a.body));
    }
}

#define STORY(cidrs, ...)                                                                          \
    do {                                                                                           \
        static const struct step steps[] = {__VA_ARGS__};                                          \
        struct world w;                                                                            \
        world_init_with(&w, &(struct world_options){.service_cidrs = (cidrs)});                    \
        play(&w, steps, ARRAY_LEN(steps));                                                         \
        world_done(&w);                                                                            \
    } while (0)

TEST(types_change_all_ways) {
    STORY(NULL, {"POST", "s", "\"type\":\"ExternalName\",\"externalName\":\"a.b\"", 201, 0, 0},
          {"PATCH", "s",
           "{\"spec\":{\"type\":\"ClusterIP\",\"externalName\":null,\"ports\":[{"
           "\"port\":80}]}}",
           200, 1, 0, "spec.clusterIPs.0", "*"},
          {"PATCH", "s", "{\"spec\":{\"type\":\"NodePort\"}}", 200, 1, 1},
          {"PATCH", "s", "{\"spec\":{\"type\":\"LoadBalancer\"}}", 200, 1, 1},
          {"PATCH", "s", "{\"spec\":{\"externalTrafficPolicy\":\"Local\"}}", 200, 1, 2,
           "spec.healthCheckNodePort", NULL},
          {"PATCH", "s", "{\"spec\":{\"type\":\"NodePort\"}}", 200, 1, 1,
           "spec.externalTrafficPolicy", "Local"},
          {"PATCH", "s", "{\"spec\":{\"type\":\"ClusterIP\"}}", 200, 1, 0,
           "spec.externalTrafficPolicy", NULL},
          {"PATCH", "s", "{\"spec\":{\"type\":\"ExternalName\",\"externalName\":\"a.b\"}}", 200, 0,
           0, "spec.clusterIPs", NULL},
          {"PATCH", "s", "{\"spec\":{\"type\":\"LoadBalancer\",\"externalName\":null}}", 200, 1, 1,
           "spec.allocateLoadBalancerNodePorts", NULL},
          {"DELETE", "s", NULL, 200, 0, 0});
}

TEST(what_fails_takes_nothing) {
    STORY(
        NULL,
        {"POST", "s", "\"type\":\"NodePort\",\"ports\":[{\"port\":80,\"nodePort\":30100}]", 201, 1,
         1},
        {"POST", "t", "\"type\":\"NodePort\",\"ports\":[{\"port\":80,\"nodePort\":30100}]", 422, 1,
         1, "message",
         "Service \"t\" is invalid: spec.ports[0].nodePort: Invalid value: 30100: provided port is "
         "already allocated"},
        {"POST", "T", PORTS, 422, 1, 1},
        {"POST", "t", "\"type\":\"NodePort\",\"sessionAffinity\":\"x\"," PORTS, 422, 1, 1},
        {"PATCH", "s?dryRun=All", "{\"spec\":{\"ports\":[{\"port\":80,\"nodePort\":30101}]}}", 200,
         1, 1},
        {"PATCH", "s",
         "{\"metadata\":{\"resourceVersion\":\"1\"},\"spec\":{\"ports\":[{\"port\":"
         "80,\"nodePort\":30101}]}}",
         409, 1, 1},
        {"PATCH", "s",
         "{\"spec\":{\"sessionAffinity\":\"x\",\"ports\":[{\"port\":80,\"nodePort\":"
         "30101}]}}",
         422, 1, 1},
        {"POST", "t", "\"type\":\"NodePort\",\"ports\":[{\"port\":80,\"nodePort\":30101}]", 201, 2,
         2},
        {"PATCH", "s", "{\"spec\":{\"ports\":[{\"port\":80,\"nodePort\":30101}]}}", 422, 2, 2},
        {"PATCH", "s", "{\"spec\":{\"clusterIP\":\"10.96.0.77\",\"clusterIPs\":[\"10.96.0.77\"]}}",
         422, 2, 2, "details.causes.0.field", "spec.clusterIPs[0]"},
        {"DELETE", "t?dryRun=All", NULL, 200, 2, 2}, {"DELETE", "t", NULL, 200, 1, 1},
        {"PATCH", "s", "{\"spec\":{\"ports\":[{\"port\":80,\"nodePort\":30101}]}}", 200, 1, 1},
        {"PATCH", "s",
         "{\"spec\":{\"ports\":[{\"name\":\"a\",\"port\":80,\"nodePort\":30101},{"
         "\"name\":\"b\",\"port\":81,\"nodePort\":30102}]}}",
         200, 1, 2},
        {"PATCH", "s",
         "{\"spec\":{\"ports\":[{\"name\":\"a\",\"port\":80,\"nodePort\":30102},{"
         "\"name\":\"b\",\"port\":81,\"nodePort\":30101}]}}",
         200, 1, 2},
        {"PATCH", "s", "{\"metadata\":{\"finalizers\":[\"example.com/x\"]}}", 200, 1, 2},
        {"DELETE", "s", NULL, 200, 1, 2},
        {"PATCH", "s", "{\"metadata\":{\"finalizers\":null}}", 200, 0, 0});
}

TEST(a_second_address_comes_and_goes) {
    STORY(
        DUAL, {"POST", "s", PORTS, 201, 1, 0, "spec.ipFamilyPolicy", "SingleStack"},
        {"PATCH", "s", "{\"spec\":{\"ipFamilyPolicy\":\"PreferDualStack\"}}", 200, 2, 0,
         "spec.ipFamilies.1", "IPv6"},
        {"PATCH", "s", "{\"spec\":{\"ipFamilyPolicy\":\"RequireDualStack\"}}", 200, 2, 0},
        {"PATCH", "s", "{\"spec\":{\"clusterIPs\":[\"10.96.0.1\"]}}", 422, 2, 0},
        {"PATCH", "s", "{\"spec\":{\"ipFamilies\":[\"IPv6\",\"IPv4\"]}}", 422, 2, 0},
        {"PATCH", "s", "{\"spec\":{\"ipFamilies\":[\"IPv4\"]}}", 422, 2, 0, "message",
         "Service \"s\" is invalid: spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": must "
         "be 'SingleStack' to release the secondary IP family"},
        {"PATCH", "s", "{\"spec\":{\"ipFamilyPolicy\":\"SingleStack\"}}", 200, 1, 0,
         "spec.ipFamilies.1", NULL},
        {"PATCH", "s",
         "{\"spec\":{\"ipFamilyPolicy\":\"RequireDualStack\",\"ipFamilies\":[\"IPv4\",\"IPv6\"]}}",
         200, 2, 0},
        {"PATCH", "s", "{\"spec\":{\"type\":\"ExternalName\",\"externalName\":\"a.b\"}}", 200, 0, 0,
         "spec.ipFamilies", NULL},
        {"DELETE", "s", NULL, 200, 0, 0},
        {"POST", "six", "\"ipFamilies\":[\"IPv6\"]," PORTS, 201, 1, 0, "spec.ipFamilyPolicy",
         "SingleStack"},
        {"PATCH", "six", "{\"spec\":{\"ipFamilyPolicy\":\"PreferDualStack\"}}", 200, 2, 0,
         "spec.ipFamilies.1", "IPv4"},
        {"DELETE", "six", NULL, 200, 0, 0},
        {"POST", "none",
         "\"clusterIP\":\"None\",\"selector\":{\"a\":\"b\"},\"ipFamilyPolicy\":"
         "\"RequireDualStack\"",
         201, 0, 0, "spec.ipFamilies.1", "IPv6"},
        {"PATCH", "none", "{\"spec\":{\"ipFamilyPolicy\":\"SingleStack\"}}", 200, 0, 0,
         "spec.ipFamilies.1", NULL});
}

/* The second is refused when the first is reserved already. */
TEST(a_pair_is_had_whole_or_not_at_all) {
    STORY(DUAL,
          {"POST", "s",
           "\"ipFamilyPolicy\":\"RequireDualStack\",\"clusterIPs\":[\"10.96.0.50\",\"fd00::50\"],"
           "\"clusterIP\":\"10.96.0.50\"," PORTS,
           201, 2, 0},
          {"POST", "t",
           "\"ipFamilyPolicy\":\"RequireDualStack\",\"clusterIPs\":[\"10.96.0.51\",\"fd00::50\"],"
           "\"clusterIP\":\"10.96.0.51\"," PORTS,
           422, 2, 0},
          {"POST", "t", "\"clusterIP\":\"10.96.0.51\"," PORTS, 201, 3, 0},
          {"DELETE", "s", NULL, 200, 1, 0},
          {"POST", "u", "\"ipFamilies\":[\"IPv6\"],\"clusterIP\":\"FD00:0:0::50\"," PORTS, 201, 2,
           0, "spec.clusterIP", "FD00:0:0::50"},
          {"POST", "v", "\"ipFamilies\":[\"IPv6\"],\"clusterIP\":\"fd00::50\"," PORTS, 422, 2, 0},
          {"DELETE", "u", NULL, 200, 1, 0},
          {"POST", "v", "\"ipFamilies\":[\"IPv6\"],\"clusterIP\":\"fd00::50\"," PORTS, 201, 2, 0});
}

TEST(one_family_is_enough_where_there_is_one) {
    STORY(NULL,
          {"POST", "s", "\"ipFamilyPolicy\":\"PreferDualStack\"," PORTS, 201, 1, 0,
           "spec.ipFamilies.1", NULL},
          {"POST", "t", "\"ipFamilyPolicy\":\"RequireDualStack\"," PORTS, 422, 1, 0, "message",
           "Service \"t\" is invalid: spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": "
           "this cluster is not configured for dual-stack services"},
          {"PATCH", "s", "{\"spec\":{\"ipFamilyPolicy\":\"RequireDualStack\"}}", 422, 1, 0},
          {"PATCH", "s", "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}", 200, 1, 0});
}

TEST(what_a_quota_refuses_takes_nothing) {
    struct world w;
    world_init(&w);
    REQUIRE(call(&w, "POST", QUOTAS, NULL,
                 "{\"metadata\":{\"name\":\"q\"},\"spec\":{\"hard\":{\"services\":\"0\"}}}")
                .code == 201);
    REQUIRE(call(&w, "PATCH", QUOTAS "/q/status", MERGE,
                 "{\"status\":{\"hard\":{\"services\":\"0\"},\"used\":{\"services\":\"0\"}}}")
                .code == 200);
    static const struct step steps[] = {{"POST", "s", "\"type\":\"NodePort\"," PORTS, 403, 0, 0}};
    play(&w, steps, ARRAY_LEN(steps));
    world_done(&w);
}

TEST(endpoints_go_with_their_service) {
    static const struct {
        const char *finalizers;
        int left;
    } cases[] = {{"", 404}, {",\"finalizers\":[\"example.com/x\"]", 200}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w;
        world_init(&w);
        str body = str_printf(w.arena,
                              "{\"metadata\":{\"name\":\"s\"%s},\"subsets\":[{\"addresses\":[{"
                              "\"ip\":\"192.0.2.1\"}]}]}",
                              cases[i].finalizers);
        REQUIRE(call(&w, "POST", ENDPOINTS, NULL, body.p).code == 201);
        static const struct step steps[] = {
            {"POST", "s", PORTS, 201, 1, 0},
            {"DELETE", "s?dryRun=All", NULL, 200, 1, 0},
        };
        play(&w, steps, ARRAY_LEN(steps));
        CHECK_INT(get(&w, ENDPOINTS "/s", NULL).code, 200);
        CHECK_INT(call(&w, "DELETE", SERVICES "/s", NULL, NULL).code, 200);
        pass(&w, NSEC_PER_SEC / 10);
        CHECK_INT(get(&w, ENDPOINTS "/s", NULL).code, cases[i].left);
        world_done(&w);
    }
}
