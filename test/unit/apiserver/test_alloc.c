// SPDX-License-Identifier: Apache-2.0
/* Addresses and ports of services: given once, given back, repaired. */
#include "api/intstr.h"
#include "apiserver/alloc/alloc.h"
#include "server_test.h"

#define SERVICES  "/api/v1/namespaces/default/services"
#define ADDRESSES "/apis/networking.k8s.io/v1/ipaddresses"
#define MERGE     "application/merge-patch+json"
#define DUAL      "10.96.0.0/16,fd00::/112"

static void settle(struct world *w) {
    pass(w, NSEC_PER_SEC / 10);
}

static str service(struct world *w, const char *name, const char *spec) {
    return str_printf(w->arena, "{\"metadata\":{\"name\":\"%s\"},\"spec\":{%s}}", name, spec);
}

static struct answer create(struct world *w, const char *name, const char *spec) {
    return call(w, "POST", SERVICES, NULL, service(w, name, spec).p);
}

static unsigned count(struct world *w, const char *target) {
    struct answer a = get(w, target, NULL);
    struct value *items = at(w, a.body, "items");
    return items ? items->list.n : 0;
}

TEST(blocks_of_addresses) {
    static const struct {
        const char *cidr, *first, *last;
        uint32_t size, band;
    } cases[] = {
        {"10.0.0.0/24", "10.0.0.1", "10.0.0.254", 254, 16},
        {"10.96.0.0/16", "10.96.0.1", "10.96.255.254", 65534, 256},
        {"10.0.0.0/29", "10.0.0.1", "10.0.0.6", 6, 0},
        {"10.0.0.9/32", "10.0.0.9", "10.0.0.9", 1, 0},
        {"fd00::/112", "fd00::1", "fd00::ffff", 65535, 256},
        {"fd00::/64", "fd00::1", "fd00::f:ffff", IP_RANGE_MAX - 1, 256},
    };
    struct arena *a = arena_new(0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct cidr c;
        REQUIRE(cidr_parse(str_of(cases[i].cidr), &c, NULL));
        struct ip_range r = ip_range_of(&c);
        struct ip first = ip_range_at(&r, 0), last = ip_range_at(&r, r.size - 1);
        CHECK_STR(ip_str(a, &first), str_of(cases[i].first));
        CHECK_STR(ip_str(a, &last), str_of(cases[i].last));
        CHECK_INT(r.size, cases[i].size);
        CHECK_INT(r.band, cases[i].band);
        CHECK(ip_range_has(&r, &first) && ip_range_has(&r, &last));
        CHECK(ip_range_has(&r, &c.ip) == (r.size == 1));
    }
    arena_free(a);
}

TEST(ports_are_drawn_from_above_the_band_first) {
    struct node_ports p = {0};
    for (unsigned i = 0; i < NODE_PORTS - NODE_PORT_BAND; i++)
        CHECK(node_port_next(&p, i * 7919) >= NODE_PORT_FIRST + NODE_PORT_BAND);
    for (unsigned i = 0; i < NODE_PORT_BAND; i++) {
        int32_t port = node_port_next(&p, i * 31);
        CHECK(port >= NODE_PORT_FIRST && port < NODE_PORT_FIRST + NODE_PORT_BAND);
    }
    CHECK_INT(node_port_next(&p, 1), 0);
    node_port_give(&p, 30500);
    node_port_give(&p, 80);
    CHECK(!node_port_take(&p, 30501));
    CHECK_INT(node_port_next(&p, 1), 30500);
}

TEST(the_servers_own_service) {
    struct world w;
    world_init(&w);
    struct answer a = get(&w, SERVICES "/kubernetes", NULL);
    CHECK_STR(text_at(&w, a.body, "spec.clusterIP"), STR("10.96.0.1"));
    CHECK_STR(text_at(&w, a.body, "spec.ipFamilyPolicy"), STR("SingleStack"));
    a = get(&w, ADDRESSES "/10.96.0.1", NULL);
    CHECK_STR(text_at(&w, a.body, "spec.parentRef.name"), STR("kubernetes"));
    a = get(&w, "/apis/networking.k8s.io/v1/servicecidrs/kubernetes", NULL);
    CHECK_STR(text_at(&w, a.body, "spec.cidrs.0"), STR("10.96.0.0/16"));
    CHECK_STR(text_at(&w, a.body, "status.conditions.0.status"), STR("True"));
    world_done(&w);
}

/* What a create answers: the address it gives, or the message. */
TEST(services_get_what_their_type_needs) {
    static const struct {
        const char *spec;
        int code;
        const char *path, *text; /* of the answer; text NULL: absent, "*": any */
    } cases[] = {
        {"\"ports\":[{\"port\":80}]", 201, "spec.clusterIPs.0", "*"},
        {"\"ports\":[{\"port\":80}]", 201, "spec.ipFamilies.0", "IPv4"},
        {"\"ports\":[{\"port\":80}],\"clusterIP\":\"10.96.0.50\"", 201, "spec.clusterIPs.0",
         "10.96.0.50"},
        {"\"ports\":[{\"port\":80}],\"clusterIP\":\"None\"", 201, "spec.ipFamilyPolicy",
         "RequireDualStack"},
        {"\"ports\":[{\"port\":80}],\"clusterIP\":\"None\"", 201, "spec.ipFamilies.1", "IPv6"},
        {"\"ports\":[{\"port\":80}],\"clusterIP\":\"None\",\"selector\":{\"a\":\"b\"}", 201,
         "spec.ipFamilies.1", NULL},
        {"\"type\":\"ExternalName\",\"externalName\":\"a.b\"", 201, "spec.clusterIP", NULL},
        {"\"type\":\"ExternalName\",\"externalName\":\"a.b\"", 201, "spec.ipFamilyPolicy", NULL},
        {"\"ports\":[{\"port\":80}],\"clusterIP\":\"10.96.0.0\"", 422, "message",
         "Service \"s\" is invalid: spec.clusterIPs: Invalid value: [\"10.96.0.0\"]: failed to "
         "allocate IP 10.96.0.0: the provided IP (10.96.0.0) is not in the valid range. The range "
         "of valid IPs is 10.96.0.0/16"},
        {"\"ports\":[{\"port\":80}],\"ipFamilies\":[\"IPv6\"]", 422, "message",
         "Service \"s\" is invalid: spec.ipFamilies[0]: Invalid value: \"IPv6\": not configured on "
         "this cluster"},
        {"\"ports\":[{\"port\":80}],\"clusterIP\":\"fd00::1\"", 422, "message",
         "Service \"s\" is invalid: spec.clusterIPs[0]: Invalid value: [\"fd00::1\"]: IPv6 is not "
         "configured on this cluster"},
    };
    struct world w;
    world_init(&w);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct answer a = create(&w, "s", cases[i].spec);
        str got = text_at(&w, a.body, cases[i].path);
        bool ok = !cases[i].text            ? !got.n
                  : cases[i].text[0] == '*' ? got.n > 0
                                            : str_eqc(got, cases[i].text);
        if (!ok || a.code != cases[i].code)
            tap_fail(__FILE__, __LINE__, "case %zu: %d " STR_FMT, i, a.code, STR_ARG(a.body));
        if (a.code == 201)
            CHECK_INT(call(&w, "DELETE", SERVICES "/s", NULL, NULL).code, 200);
    }
    settle(&w);
    CHECK_INT(count(&w, ADDRESSES), 1); /* nothing leaks: the server's own is left */
    world_done(&w);
}

TEST(node_ports_of_one_number_are_shared) {
    struct world w;
    world_init(&w);
    struct answer a = create(&w, "s",
                             "\"type\":\"NodePort\",\"ports\":[{\"name\":\"a\",\"port\":53,"
                             "\"protocol\":\"UDP\"},{\"name\":\"b\",\"port\":53,\"protocol\":"
                             "\"TCP\"},{\"name\":\"c\",\"port\":54,\"nodePort\":30010}]");
    REQUIRE(a.code == 201);
    int64_t first = at(&w, a.body, "spec.ports.0.nodePort")->i;
    CHECK(first >= NODE_PORT_FIRST + NODE_PORT_BAND);
    CHECK_INT(at(&w, a.body, "spec.ports.1.nodePort")->i, first);
    CHECK(node_port_used(&w.server->alloc->ports, 30010));
    /* An update that repeats none of them keeps them. */
    a = call(&w, "PUT", SERVICES "/s", NULL,
             service(&w, "s",
                     "\"type\":\"NodePort\",\"ports\":[{\"name\":\"c\",\"port\":54},{\"name\":"
                     "\"d\",\"port\":55}]")
                 .p);
    CHECK_INT(a.code, 200);
    CHECK_INT(at(&w, a.body, "spec.ports.0.nodePort")->i, 30010);
    CHECK(!node_port_used(&w.server->alloc->ports, first));
    int64_t second = at(&w, a.body, "spec.ports.1.nodePort")->i;
    /* A type without node ports gives them back. */
    a = call(&w, "PATCH", SERVICES "/s", MERGE, "{\"spec\":{\"type\":\"ClusterIP\"}}");
    CHECK_INT(a.code, 200);
    CHECK(!at(&w, a.body, "spec.ports.0.nodePort"));
    CHECK(!node_port_used(&w.server->alloc->ports, 30010));
    CHECK(!node_port_used(&w.server->alloc->ports, second));
    world_done(&w);
}

static unsigned ports_used(struct world *w) {
    unsigned n = 0;
    for (int32_t p = NODE_PORT_FIRST; p <= NODE_PORT_LAST; p++)
        n += node_port_used(&w->server->alloc->ports, p);
    return n;
}

TEST(what_was_not_written_takes_nothing) {
    struct world w;
    world_init(&w);
    REQUIRE(create(&w, "s", "\"type\":\"NodePort\",\"ports\":[{\"port\":80}]").code == 201);
    CHECK_INT(ports_used(&w), 1);
    CHECK_INT(create(&w, "s", "\"type\":\"NodePort\",\"ports\":[{\"port\":80}]").code, 409);
    CHECK_INT(call(&w, "POST", SERVICES "?dryRun=All", NULL,
                   service(&w, "t", "\"type\":\"NodePort\",\"ports\":[{\"port\":80}]").p)
                  .code,
              201);
    CHECK_INT(create(&w, "t",
                     "\"type\":\"NodePort\",\"ports\":[{\"port\":80},{\"port\":81,"
                     "\"nodePort\":9}]")
                  .code,
              422);
    settle(&w);
    CHECK_INT(ports_used(&w), 1);
    CHECK_INT(count(&w, ADDRESSES), 2);
    CHECK_INT(call(&w, "PATCH", SERVICES "/s", MERGE,
                   "{\"spec\":{\"type\":\"ExternalName\",\"externalName\":\"a.b\",\"clusterIP\":"
                   "\"\",\"clusterIPs\":null}}")
                  .code,
              200);
    settle(&w);
    CHECK_INT(ports_used(&w), 0);
    CHECK_INT(count(&w, ADDRESSES), 1);
    world_done(&w);
}

/* A service with `n` ports from `first` on, each with this member more. */
static str many_ports(struct world *w, const char *type, unsigned n, unsigned first,
                      const char *more) {
    struct buf b;
    buf_init(&b, 0);
    buf_printf(&b, "\"type\":\"%s\",\"ports\":[", type);
    for (unsigned i = 0; i < n; i++)
        buf_printf(&b, "%s{\"name\":\"p%u\",\"port\":%u%s}", i ? "," : "", i, first + i, more);
    buf_addc(&b, ']');
    str spec = str_dup(w->arena, buf_str(&b));
    buf_done(&b);
    return service(w, "s", str_printf(w->arena, STR_FMT, STR_ARG(spec)).p);
}

TEST(a_service_may_have_every_port_and_none_more) {
    struct world w;
    world_init(&w);
    unsigned n = NODE_PORTS;
    CHECK_INT(call(&w, "POST", SERVICES, NULL, many_ports(&w, "NodePort", 1, 1, "").p).code, 201);
    struct answer a = call(&w, "PUT", SERVICES "/s", NULL, many_ports(&w, "NodePort", n, 1, "").p);
    CHECK_INT(a.code, 200);
    CHECK_INT(ports_used(&w), n);
    /* By name they keep theirs. */
    int64_t last = at(&w, a.body, "spec.ports.2000.nodePort")->i;
    a = call(&w, "PUT", SERVICES "/s", NULL, many_ports(&w, "NodePort", n - 1, 100, "").p);
    CHECK_INT(a.code, 200);
    CHECK_INT(at(&w, a.body, "spec.ports.2000.nodePort")->i, last);
    CHECK_INT(ports_used(&w), n - 1);
    world_done(&w);
}

/* What cannot be had is refused before each port has looked at each other. */
TEST(services_of_very_many_ports_are_refused) {
    static const struct {
        const char *type, *more, *message;
        int code;
    } cases[] = {
        {"NodePort", "", "Internal error occurred: failed to allocate a nodePort: range is full",
         500},
        {"LoadBalancer", ",\"nodePort\":7",
         "Service \"s\" is invalid: spec.ports[0].nodePort: Invalid value: 7: provided port is not "
         "in the valid range. The range of valid ports is 30000-32767",
         422},
    };
    struct world w;
    world_init(&w);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str body = many_ports(&w, cases[i].type, 60000, 1, cases[i].more);
        struct answer a = call(&w, "POST", SERVICES, NULL, body.p);
        CHECK_INT(a.code, cases[i].code);
        CHECK_STRC(text_at(&w, a.body, "message"), cases[i].message);
        CHECK_INT(ports_used(&w), 0);
    }
    world_done(&w);
}

TEST(health_check_ports) {
    struct world w;
    world_init(&w);
    struct answer a = create(&w, "s",
                             "\"type\":\"LoadBalancer\",\"externalTrafficPolicy\":\"Local\","
                             "\"allocateLoadBalancerNodePorts\":false,\"ports\":[{\"port\":80}]");
    REQUIRE(a.code == 201);
    CHECK(node_port_used(&w.server->alloc->ports, at(&w, a.body, "spec.healthCheckNodePort")->i));
    CHECK(!at(&w, a.body, "spec.ports.0.nodePort"));
    a = call(&w, "PATCH", SERVICES "/s", MERGE, "{\"spec\":{\"healthCheckNodePort\":30001}}");
    CHECK_INT(a.code, 422);
    a = call(&w, "PATCH", SERVICES "/s", MERGE,
             "{\"spec\":{\"externalTrafficPolicy\":\"Cluster\"}}");
    CHECK_INT(a.code, 200);
    CHECK_INT(ports_used(&w), 0);
    world_done(&w);
}

/* Clients at once, more than there are addresses. */
#define CLIENTS 40
TEST(parallel_creates_share_no_address) {
    struct world w;
    world_init_with(&w, &(struct world_options){.service_cidrs = "10.0.0.0/27"});
    static struct answer answers[CLIENTS];
    str bodies[CLIENTS];
    for (unsigned i = 0; i < CLIENTS; i++)
        bodies[i] = service(&w, str_printf(w.arena, "s%u", i).p,
                            "\"type\":\"NodePort\",\"ports\":[{\"port\":80}]");
    post_at_once(&w, SERVICES, bodies, CLIENTS, answers);
    unsigned n = 0;
    for (unsigned i = 0; i < CLIENTS; i++) {
        n += answers[i].code == 201;
        if (answers[i].code != 201)
            CHECK_STR(
                text_at(&w, answers[i].body, "message"),
                STR("Internal error occurred: failed to allocate a serviceIP: range is full"));
        for (unsigned j = 0; j < i && answers[i].code == 201; j++)
            CHECK(answers[j].code != 201 ||
                  !str_eq(text_at(&w, answers[i].body, "spec.clusterIP"),
                          text_at(&w, answers[j].body, "spec.clusterIP")));
    }
    CHECK_INT(n, 29); /* 30 less the server's own */
    settle(&w);
    CHECK_INT(count(&w, ADDRESSES), 30);
    CHECK_INT(ports_used(&w), 29);
    world_done(&w);
}

TEST(dual_stack) {
    struct world w;
    world_init_with(&w, &(struct world_options){.service_cidrs = DUAL});
    struct answer a =
        create(&w, "s", "\"ipFamilyPolicy\":\"PreferDualStack\",\"ports\":[{\"port\":80}]");
    REQUIRE(a.code == 201);
    CHECK(str_starts(text_at(&w, a.body, "spec.clusterIPs.0"), STR("10.96.")));
    CHECK(str_starts(text_at(&w, a.body, "spec.clusterIPs.1"), STR("fd00::")));
    a = call(&w, "PATCH", SERVICES "/s", MERGE, "{\"spec\":{\"ipFamilyPolicy\":\"SingleStack\"}}");
    CHECK_INT(a.code, 200);
    CHECK(!at(&w, a.body, "spec.clusterIPs.1"));
    settle(&w);
    CHECK_INT(count(&w, ADDRESSES), 2);
    a = call(&w, "PATCH", SERVICES "/s", MERGE,
             "{\"spec\":{\"ipFamilyPolicy\":\"RequireDualStack\"}}");
    CHECK_INT(a.code, 200);
    CHECK(text_at(&w, a.body, "spec.clusterIPs.1").n > 0);
    settle(&w);
    CHECK_INT(count(&w, ADDRESSES), 3);
    world_done(&w);
}

TEST(a_start_repairs_what_a_crash_left) {
    struct world w;
    world_init_with(&w, &(struct world_options){.service_cidrs = DUAL});
    REQUIRE(create(&w, "s", "\"type\":\"NodePort\",\"ports\":[{\"port\":80,\"nodePort\":30077}]")
                .code == 201);
    str ip = text_at(&w, get(&w, SERVICES "/s", NULL).body, "spec.clusterIP");
    str path = str_concat(w.arena, STR(ADDRESSES "/"), ip);
    REQUIRE(call(&w, "DELETE", path.p, NULL, NULL).code == 200);
    REQUIRE(call(&w, "POST", ADDRESSES, NULL,
                 "{\"metadata\":{\"name\":\"10.96.9.9\",\"labels\":{\"ipaddress.kubernetes.io/"
                 "managed-by\":\"ipallocator.k8s.io\"}},\"spec\":{\"parentRef\":{\"resource\":"
                 "\"services\",\"namespace\":\"default\",\"name\":\"gone\"}}}")
                .code == 201);
    /* An address that its client spells in its own way is in use all the same. */
    REQUIRE(create(&w, "six", "\"clusterIP\":\"FD00::0:9\",\"ports\":[{\"port\":80}]").code == 201);
    apiserver_free(w.server);
    static const char *const addresses[] = {"sim:second", NULL};
    struct apiserver_options ao = {
        .addresses = addresses, .store = w.store, .authz = &authz_allow_all, .service_cidrs = DUAL};
    struct err e = {0};
    REQUIRE(apiserver_new(w.l, &ao, &e, &w.server) == 0);
    http_client_free(w.client);
    REQUIRE(http_client_new(w.l,
                            &(struct http_client_options){.address = "sim:second", .host = "x"},
                            &w.client) == 0);
    REQUIRE(loop_run_until(w.l, is_bootstrapped, &w, 5 * NSEC_PER_SEC));
    settle(&w);
    CHECK_INT(get(&w, path.p, NULL).code, 200);
    CHECK_INT(get(&w, ADDRESSES "/10.96.9.9", NULL).code, 404);
    CHECK_INT(get(&w, ADDRESSES "/fd00::9", NULL).code, 200);
    CHECK(node_port_used(&w.server->alloc->ports, 30077));
    world_done(&w);
}

static unsigned told(struct world *w, const char *reason) {
    struct value *items = at(w, get(w, "/api/v1/namespaces/default/events", NULL).body, "items");
    unsigned n = 0;
    for (uint32_t i = 0; items && i < items->list.n; i++)
        n += str_eqc(value_str(value_getc(&items->list.v[i], "reason")), reason);
    return n;
}

static void address(struct world *w, const char *ip, const char *service) {
    str body = str_printf(w->arena,
                          "{\"metadata\":{\"name\":\"%s\",\"labels\":{\"ipaddress.kubernetes.io/"
                          "managed-by\":\"ipallocator.k8s.io\"}},\"spec\":{\"parentRef\":{"
                          "\"resource\":\"services\",\"namespace\":\"default\",\"name\":\"%s\"}}}",
                          ip, service);
    REQUIRE(call(w, "POST", ADDRESSES, NULL, body.p).code == 201);
}

/* What hands do to addresses is undone some minutes later, and told. */
TEST(rounds_repair_what_hands_did) {
    struct world w;
    world_init(&w);
    REQUIRE(create(&w, "a", "\"ports\":[{\"port\":80}]").code == 201);
    REQUIRE(create(&w, "b", "\"clusterIP\":\"10.96.7.7\",\"ports\":[{\"port\":80}]").code == 201);
    pass(&w, 2 * ALLOC_REPAIR_NS);
    CHECK_INT(told(&w, "ClusterIPNotAllocated") + told(&w, "IPAddressNotAllocated"), 0);
    CHECK(!timer_on(&w.server->alloc->repair.timer));
    unsigned had = count(&w, ADDRESSES);
    str path = str_concat(w.arena, STR(ADDRESSES "/"),
                          text_at(&w, get(&w, SERVICES "/a", NULL).body, "spec.clusterIP"));
    REQUIRE(call(&w, "DELETE", path.p, NULL, NULL).code == 200);
    REQUIRE(call(&w, "DELETE", ADDRESSES "/10.96.7.7", NULL, NULL).code == 200);
    address(&w, "10.96.7.7", "gone");
    address(&w, "10.96.9.9", "gone");
    address(&w, "10.96.9.8", "b");
    pass(&w, 4 * ALLOC_REPAIR_NS);
    CHECK_INT(get(&w, path.p, NULL).code, 200);
    CHECK_STRC(text_at(&w, get(&w, ADDRESSES "/10.96.7.7", NULL).body, "spec.parentRef.name"), "b");
    CHECK_INT(count(&w, ADDRESSES), had);
    CHECK_INT(told(&w, "IPAddressNotAllocated") > 0, true);
    CHECK_INT(told(&w, "IPAddressWrongReference"), 1);
    CHECK_INT(told(&w, "ClusterIPNotAllocated") > 1, true);
    CHECK(!timer_on(&w.server->alloc->repair.timer));
    world_done(&w);
}

/* The client leaves while the address is being reserved. */
TEST(an_aborted_create_leaves_no_address) {
    struct world w;
    world_init(&w);
    static const struct http_header h[] = {{STR("Content-Type"), STR("application/json")}};
    for (unsigned i = 0; i < 40; i++) {
        struct http_client *c;
        struct http_client_options co = {.address = "sim:apiserver", .host = "x"};
        REQUIRE(http_client_new(w.l, &co, &c) == 0);
        struct answer a = {.w = &w};
        str name = str_printf(w.arena, "a%u", i);
        struct http_call_options o = {
            .method = "POST",
            .target = STR(SERVICES),
            .headers = h,
            .n_headers = 1,
            .body = service(&w, name.p, "\"type\":\"NodePort\",\"ports\":[{\"port\":80}]"),
            .on_done = on_answer,
            .ctx = &a};
        http_client_call(c, &o);
        pass(&w, (int64_t)i * 20000);
        http_client_free(c);
    }
    settle(&w);
    unsigned n = count(&w, SERVICES);
    CHECK_INT(count(&w, ADDRESSES), n);
    CHECK_INT(ports_used(&w), n - 1);
    world_done(&w);
}
