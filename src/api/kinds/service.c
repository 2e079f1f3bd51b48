// SPDX-License-Identifier: Apache-2.0
/* Services without their allocations: cluster IPs and node ports are given by the API server. */
#include "api/kinds/kinds.h"

static void affinity_defaults(struct arena *a, ServiceSpec *s) {
    if (str_eqc(s->session_affinity, "None"))
        s->session_affinity_config = NULL;
    if (!str_eqc(s->session_affinity, "ClientIP"))
        return;
    SessionAffinityConfig *c = s->session_affinity_config;
    if (c && c->client_ip && c->client_ip->timeout_seconds.set)
        return;
    s->session_affinity_config = c = arena_make(a, SessionAffinityConfig);
    c->client_ip = arena_make(a, ClientIPConfig);
    c->client_ip->timeout_seconds = (struct opt_i32){true, 10800};
}

static void defaults(struct hook_ctx *h, void *obj) {
    Service *svc = obj;
    ServiceSpec *s = &svc->spec;
    bool balancer = str_eqc(s->type, "LoadBalancer"), node = str_eqc(s->type, "NodePort"),
         cluster = str_eqc(s->type, "ClusterIP");
    affinity_defaults(h->arena, s);
    for (uint32_t i = 0; i < s->ports.n; i++) {
        ServicePort *p = &s->ports.v[i];
        if (p->target_port.kind == INTSTR_STRING ? !p->target_port.s.n : !p->target_port.i)
            p->target_port = intstr_int(p->port);
    }
    if (!s->external_traffic_policy.n && (balancer || node || (cluster && s->external_ips.n)))
        s->external_traffic_policy = STR("Cluster");
    if (!s->internal_traffic_policy.n && (balancer || node || cluster))
        s->internal_traffic_policy = STR("Cluster");
    if (!balancer)
        return;
    if (!s->allocate_load_balancer_node_ports.set)
        s->allocate_load_balancer_node_ports = (struct opt_bool){true, true};
    for (uint32_t i = 0; i < svc->status.load_balancer.ingress.n; i++) {
        LoadBalancerIngress *in = &svc->status.load_balancer.ingress.v[i];
        if (in->ip.n && !in->ip_mode.n)
            in->ip_mode = STR("VIP");
    }
}

const struct hooks hooks_core_v1_services = {
    .group = "",
    .resource = "services",
    .defaults = defaults,
    .validate_name = name_is_dns_label,
};
