// SPDX-License-Identifier: Apache-2.0
/* The API server as pods find it: service default/kubernetes at the first address of the range, and
 * the endpoint behind it. Upstream's object names and labels. */
#include <stdio.h>
#include <stdlib.h>

#include "api/intstr.h"
#include "api/object.h"
#include "apiserver/alloc/alloc.h"
#include "apiserver/hook_env.h"

#define SERVER_PORT_DEFAULT 6443

static void seed_cidr(struct apiserver *s, struct arena *a) {
    ServiceCIDR *c = arena_make(a, ServiceCIDR);
    c->metadata.name = STR("kubernetes");
    c->spec.cidrs.v = arena_array(a, 2, sizeof(str));
    for (unsigned i = 0; i < s->alloc->families.n; i++)
        c->spec.cidrs.v[c->spec.cidrs.n++] = cidr_str(a, &s->alloc->ranges[i]);
    Condition *ready = arena_make(a, Condition);
    *ready = (Condition){.type = STR("Ready"),
                         .status = STR("True"),
                         .last_transition_time = time_of_ns(env_wall(s->env)),
                         .message = STR("Kubernetes default Service CIDR is ready")};
    c->status.conditions.v = ready;
    c->status.conditions.n = 1;
    bootstrap_object(s, RESOURCE_OF(networking_v1_servicecidrs), c);
}

static void seed_service(struct apiserver *s, struct arena *a, int32_t listens) {
    const struct api_resource *res = RESOURCE_OF(core_v1_services);
    if (store_get(s->store, res, object_key(a, res, STR("default"), STR("kubernetes"))))
        return;
    struct ip_range range = ip_range_of(&s->alloc->ranges[0]);
    str ip = ip_str(a, &range.first), family = str_of(s->alloc->families.v[0]);
    Service *svc = arena_make(a, Service);
    struct str_pair labels[] = {{STR("component"), STR("apiserver")},
                                {STR("provider"), STR("kubernetes")}};
    ServicePort port = {.name = STR("https"),
                        .protocol = STR("TCP"),
                        .port = 443,
                        .target_port = intstr_int(listens)};
    svc->metadata.name = STR("kubernetes");
    svc->metadata.namespace_ = STR("default");
    svc->metadata.labels = (str_map){labels, ARRAY_LEN(labels)};
    svc->spec.type = STR("ClusterIP");
    svc->spec.session_affinity = STR("None");
    svc->spec.cluster_ip = ip;
    svc->spec.cluster_ips = (str_list){&ip, 1};
    svc->spec.ip_families = (str_list){&family, 1};
    svc->spec.ip_family_policy = STR("SingleStack");
    svc->spec.ports.v = &port;
    svc->spec.ports.n = 1;
    bootstrap_object(s, RESOURCE_OF(networking_v1_ipaddresses),
                     alloc_object(s, a, ip, STR("default"), STR("kubernetes")));
    bootstrap_object(s, res, svc);
}

static bool same_slice(const void *x, const void *y) {
    const EndpointSlice *a = x, *b = y;
    return api_equal(
        &EndpointSlice_type,
        &(EndpointSlice){
            .address_type = a->address_type, .endpoints = a->endpoints, .ports = a->ports},
        &(EndpointSlice){
            .address_type = b->address_type, .endpoints = b->endpoints, .ports = b->ports});
}

static bool same_endpoints(const void *x, const void *y) {
    const Endpoints *a = x, *b = y;
    return api_equal(&Endpoints_type, &(Endpoints){.subsets = a->subsets},
                     &(Endpoints){.subsets = b->subsets});
}

static void seed_slice(struct apiserver *s, struct arena *a, str ip, int32_t port, bool v4) {
    EndpointSlice *e = arena_make(a, EndpointSlice);
    struct str_pair label = {STR("kubernetes.io/service-name"), STR("kubernetes")};
    Endpoint endpoint = {.addresses = {&ip, 1}, .conditions = {.ready = {true, true}}};
    discovery_v1_EndpointPort p = {
        .name = STR("https"), .protocol = STR("TCP"), .port = {true, port}};
    e->metadata.name = STR("kubernetes");
    e->metadata.namespace_ = STR("default");
    e->metadata.labels = (str_map){&label, 1};
    e->address_type = v4 ? STR("IPv4") : STR("IPv6");
    e->endpoints.v = &endpoint;
    e->ports.v = &p;
    e->endpoints.n = e->ports.n = 1;
    bootstrap_ensure(s, a, RESOURCE_OF(discovery_v1_endpointslices), e, same_slice);
}

static void seed_endpoints(struct apiserver *s, struct arena *a, str ip, int32_t port) {
    Endpoints *e = arena_make(a, Endpoints);
    struct str_pair label = {STR("endpointslice.kubernetes.io/skip-mirror"), STR("true")};
    EndpointAddress address = {.ip = ip};
    EndpointPort p = {.name = STR("https"), .port = port, .protocol = STR("TCP")};
    EndpointSubset subset = {.addresses = {&address, 1}, .ports = {&p, 1}};
    e->metadata.name = STR("kubernetes");
    e->metadata.namespace_ = STR("default");
    e->metadata.labels = (str_map){&label, 1};
    e->subsets.v = &subset;
    e->subsets.n = 1;
    bootstrap_ensure(s, a, RESOURCE_OF(core_v1_endpoints), e, same_endpoints);
}

/* The port listened on: behind the last colon. */
static int32_t port_of(const struct apiserver *s) {
    const char *address = apiserver_address(s, 0), *colon = address ? strrchr(address, ':') : NULL;
    int64_t port;
    if (!colon || str_to_i64(str_of(colon + 1), &port) < 0 || port < 1 || port > 65535)
        return SERVER_PORT_DEFAULT;
    return (int32_t)port;
}

void allocator_bootstrap(struct apiserver *s, const char *advertise) {
    struct arena *a = arena_new(0);
    struct ip ip;
    int32_t port = port_of(s);
    seed_cidr(s, a);
    seed_service(s, a, port);
    if (advertise && ip_parse(str_of(advertise), &ip) && !ip_is_loopback(&ip) &&
        !ip_is_unspecified(&ip)) {
        str text = ip_str(a, &ip);
        seed_endpoints(s, a, text, port);
        seed_slice(s, a, text, port, ip_is_v4(&ip));
    }
    arena_free(a);
}
