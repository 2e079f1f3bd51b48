// SPDX-License-Identifier: Apache-2.0
/* Services without their allocations: cluster IPs and node ports are given by the API server. */
#include "api/ip.h"
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

/* ---- validation ---- */

static void check_ports(struct field_errors *fe, const struct field_path *list,
                        const ServiceSpec *s) {
    static const char *const protocols[] = {"SCTP", "TCP", "UDP", NULL};
    struct name_index names = name_index_of(fe->arena, s->ports.n ? &s->ports.v[0].name : NULL,
                                            s->ports.n, sizeof(ServicePort));
    for (uint32_t i = 0; i < s->ports.n && fe->list.n < FIELD_ERRORS_MAX; i++) {
        const ServicePort *port = &s->ports.v[i];
        const struct field_path *p = PATH_INDEX(list, i);
        if (s->ports.n > 1 && !port->name.n)
            field_required(fe, PATH(p, "name"), NULL);
        else if (port->name.n)
            field_check_name(fe, PATH(p, "name"), port->name, name_dns1123_label);
        if (port->name.n && name_index_first(&names, port->name) < i)
            field_duplicate(fe, PATH(p, "name"), port->name);
        field_check_port(fe, PATH(p, "port"), port->port);
        check_one_of_required(fe, PATH(p, "protocol"), port->protocol, protocols);
        check_port_or_name(fe, PATH(p, "targetPort"), port->target_port);
        if (port->app_protocol.p)
            field_check_name(fe, PATH(p, "appProtocol"), port->app_protocol, name_qualified);
        bool headless = str_eqc(s->cluster_ip, "None");
        if (headless && port->node_port)
            field_invalid_i64(fe, PATH(p, "nodePort"), port->node_port,
                              "may not be used when `clusterIP` is 'None'");
    }
}

/* The port as upstream shows the key it compares by. */
static str port_key(struct arena *a, const ServicePort *p) {
    ServicePort key = {.protocol = p->protocol, .port = p->port};
    return go_json(a, &ServicePort_type, &key);
}

static void check_duplicate_ports(struct field_errors *fe, const struct field_path *list,
                                  const ServiceSpec *s) {
    if (list_too_long(fe, list, s->ports.n))
        return;
    for (uint32_t i = 1; i < s->ports.n; i++)
        for (uint32_t k = 0; k < i; k++)
            if (s->ports.v[k].port == s->ports.v[i].port &&
                str_eq(s->ports.v[k].protocol, s->ports.v[i].protocol)) {
                struct field_error *e;
                field_duplicate(fe, PATH_INDEX(list, i), STR_NONE);
                e = &fe->list.v[fe->list.n - 1];
                e->value = port_key(fe->arena, &s->ports.v[i]);
                break;
            }
}

static void check_addresses(struct field_errors *fe, const struct field_path *p,
                            const ServiceSpec *s) {
    const struct field_path *at = PATH(p, "clusterIPs");
    bool none = strings_have(&s->cluster_ips, STR("None"));
    if (none && s->cluster_ips.n > 1)
        field_invalid_printed(fe, at, strings_json(fe->arena, &s->cluster_ips),
                              "'None' must be the first and only value");
    for (uint32_t i = 0; i < s->cluster_ips.n && !none; i++)
        if (s->cluster_ips.v[i].n)
            field_check_ip(fe, PATH_INDEX(at, i), s->cluster_ips.v[i]);
    for (uint32_t i = 0; i < s->external_ips.n; i++)
        field_check_ip(fe, PATH_INDEX(PATH(p, "externalIPs"), i), s->external_ips.v[i]);
    for (uint32_t i = 0; i < s->load_balancer_source_ranges.n; i++)
        field_check_cidr(fe, PATH_INDEX(PATH(p, "loadBalancerSourceRanges"), i),
                         s->load_balancer_source_ranges.v[i]);
    if (s->load_balancer_source_ranges.n && !str_eqc(s->type, "LoadBalancer"))
        field_forbidden(fe, PATH(p, "loadBalancerSourceRanges"),
                        "may only be used when `type` is 'LoadBalancer'");
}

static void check_affinity_config(struct field_errors *fe, const struct field_path *p,
                                  const ServiceSpec *s) {
    static const char *const affinities[] = {"ClientIP", "None", NULL};
    const SessionAffinityConfig *c = s->session_affinity_config;
    check_one_of_required(fe, PATH(p, "sessionAffinity"), s->session_affinity, affinities);
    if (str_eqc(s->session_affinity, "None") && c)
        field_forbidden(fe, PATH(p, "sessionAffinityConfig"),
                        "must not be set when session affinity is None");
    if (!str_eqc(s->session_affinity, "ClientIP") || !c || !c->client_ip)
        return;
    int32_t t = opt_or(c->client_ip->timeout_seconds, 0);
    if (t <= 0 || t > 86400)
        field_invalid_i64(
            fe, PATH(PATH(PATH(p, "sessionAffinityConfig"), "clientIP"), "timeoutSeconds"), t,
            "must be greater than 0 and less than 86400");
}

static void check_policies(struct field_errors *fe, const struct field_path *p,
                           const ServiceSpec *s) {
    static const char *const traffic[] = {"Cluster", "Local", NULL};
    static const char *const families[] = {"IPv4", "IPv6", NULL};
    static const char *const stacks[] = {"PreferDualStack", "RequireDualStack", "SingleStack",
                                         NULL};
    static const char *const distribution[] = {"PreferClose", "PreferSameNode", "PreferSameZone",
                                               NULL};
    bool balancer = str_eqc(s->type, "LoadBalancer");
    bool outside = balancer || str_eqc(s->type, "NodePort") ||
                   (str_eqc(s->type, "ClusterIP") && s->external_ips.n);
    for (uint32_t i = 0; i < s->ip_families.n; i++)
        check_one_of(fe, PATH_INDEX(PATH(p, "ipFamilies"), i), s->ip_families.v[i], families);
    if (s->ip_family_policy.p)
        check_one_of(fe, PATH(p, "ipFamilyPolicy"), s->ip_family_policy, stacks);
    if (s->external_traffic_policy.n && !outside)
        field_invalid(fe, PATH(p, "externalTrafficPolicy"), s->external_traffic_policy,
                      "may only be set for externally-accessible services");
    if (outside && s->external_traffic_policy.n)
        check_one_of(fe, PATH(p, "externalTrafficPolicy"), s->external_traffic_policy, traffic);
    if (s->internal_traffic_policy.p)
        check_one_of(fe, PATH(p, "internalTrafficPolicy"), s->internal_traffic_policy, traffic);
    if (s->allocate_load_balancer_node_ports.set && !balancer)
        field_forbidden(fe, PATH(p, "allocateLoadBalancerNodePorts"),
                        "may only be used when `type` is 'LoadBalancer'");
    if (s->load_balancer_class.p && !balancer)
        field_forbidden(fe, PATH(p, "loadBalancerClass"),
                        "may only be used when `type` is 'LoadBalancer'");
    else if (s->load_balancer_class.p)
        field_check_name(fe, PATH(p, "loadBalancerClass"), s->load_balancer_class, name_qualified);
    if (s->traffic_distribution.p)
        check_one_of(fe, PATH(p, "trafficDistribution"), s->traffic_distribution, distribution);
}

static void validate(struct field_errors *fe, const void *obj) {
    static const char *const types[] = {"ClusterIP", "ExternalName", "LoadBalancer", "NodePort",
                                        NULL};
    const ServiceSpec *s = &((const Service *)obj)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    bool name = str_eqc(s->type, "ExternalName"), headless = str_eqc(s->cluster_ip, "None");
    if (!s->ports.n && !headless && !name)
        field_required(fe, PATH(p, "ports"), NULL);
    if (headless && (str_eqc(s->type, "LoadBalancer") || str_eqc(s->type, "NodePort")))
        field_invalid(fe, PATH_INDEX(PATH(p, "clusterIPs"), 0), s->cluster_ip,
                      "may not be set to 'None' for " STR_FMT " services", STR_ARG(s->type));
    if (name && s->cluster_ips.n)
        field_forbidden(fe, PATH(p, "clusterIPs"), "may not be set for ExternalName services");
    if (name && s->external_name.n)
        field_check_name(fe, PATH(p, "externalName"), s->external_name, name_dns1123_subdomain);
    else if (name)
        field_required(fe, PATH(p, "externalName"), NULL);
    check_ports(fe, PATH(p, "ports"), s);
    check_labels(fe, PATH(p, "selector"), &s->selector);
    check_affinity_config(fe, p, s);
    check_addresses(fe, p, s);
    check_one_of_required(fe, PATH(p, "type"), s->type, types);
    check_duplicate_ports(fe, PATH(p, "ports"), s);
    check_policies(fe, p, s);
}

/* The address a service has it keeps, except on the way to and from ExternalName. */
static void validate_update(struct field_errors *fe, const void *obj, const void *old) {
    const ServiceSpec *s = &((const Service *)obj)->spec, *was = &((const Service *)old)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    if (str_eqc(s->type, "ExternalName") || str_eqc(was->type, "ExternalName"))
        return;
    if (was->cluster_ips.n && s->cluster_ips.n &&
        !str_eq(was->cluster_ips.v[0], s->cluster_ips.v[0]))
        field_invalid_printed(fe, PATH_INDEX(PATH(p, "clusterIPs"), 0),
                              strings_json(fe->arena, &s->cluster_ips), "may not change once set");
    if (was->ip_families.n && s->ip_families.n &&
        !str_eq(was->ip_families.v[0], s->ip_families.v[0]))
        field_invalid_printed(fe, PATH_INDEX(PATH(p, "ipFamilies"), 0),
                              strings_json(fe->arena, &s->ip_families), "may not change once set");
}

/* A client that does not name addresses or node ports keeps those it has. */
static void prepare_update(struct hook_ctx *h, void *obj, const void *old) {
    ServiceSpec *s = &((Service *)obj)->spec;
    const ServiceSpec *was = &((const Service *)old)->spec;
    (void)h;
    if (str_eqc(s->type, "ExternalName") || str_eqc(was->type, "ExternalName"))
        return;
    if (!s->cluster_ip.n && !s->cluster_ips.n) {
        s->cluster_ip = was->cluster_ip;
        s->cluster_ips = was->cluster_ips;
    }
    if (!s->ip_families.n)
        s->ip_families = was->ip_families;
    if (!s->ip_family_policy.n)
        s->ip_family_policy = was->ip_family_policy;
    bool ports = str_eqc(s->type, "NodePort") || str_eqc(s->type, "LoadBalancer");
    for (uint32_t i = 0; ports && i < s->ports.n; i++)
        for (uint32_t k = 0; !s->ports.v[i].node_port && k < was->ports.n; k++)
            if (was->ports.v[k].port == s->ports.v[i].port &&
                str_eq(was->ports.v[k].protocol, s->ports.v[i].protocol))
                s->ports.v[i].node_port = was->ports.v[k].node_port;
}

const struct hooks hooks_core_v1_services = {
    .group = "",
    .resource = "services",
    .defaults = defaults,
    .prepare_update = prepare_update,
    .validate = validate,
    .validate_update = validate_update,
    .validate_name = name_is_dns_label,
};
