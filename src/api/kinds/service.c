// SPDX-License-Identifier: Apache-2.0
/* Services without their allocations: cluster IPs and node ports are given by the API server. */
#include "api/kinds/service.h"
#include "api/ip.h"
#include "api/kinds/warn.h"
#include "api/service.h"

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

/* Taking a balancer down takes time; that is no client's concern. */
static void prepare_update(struct hook_ctx *h, void *obj, const void *old) {
    Service *s = obj;
    (void)h;
    (void)old;
    if (!str_eqc(s->spec.type, "LoadBalancer"))
        s->status.load_balancer = (LoadBalancerStatus){0};
}

/* ---- ports ---- */

static void check_ports(struct field_errors *fe, const struct field_path *list,
                        const ServiceSpec *s) {
    struct name_index names = name_index_of(fe->arena, s->ports.n ? &s->ports.v[0].name : NULL,
                                            s->ports.n, sizeof(ServicePort));
    for (uint32_t i = 0; i < s->ports.n && !field_errors_full(fe); i++) {
        const ServicePort *port = &s->ports.v[i];
        const struct field_path *p = PATH_INDEX(list, i);
        if (s->ports.n > 1 && !port->name.n)
            field_required(fe, PATH(p, "name"), NULL);
        else if (port->name.n)
            field_check_name(fe, PATH(p, "name"), port->name, name_dns1123_label);
        if (port->name.n && name_index_first(&names, port->name) < i)
            field_duplicate(fe, PATH(p, "name"), port->name);
        check_rows(fe, p, ServicePort, port, "port protocol");
        check_port_or_name(fe, PATH(p, "targetPort"), port->target_port);
        if (port->app_protocol.p)
            field_check_name(fe, PATH(p, "appProtocol"), port->app_protocol, name_qualified);
    }
}

/* The port as upstream shows the key it compares by. */
static str port_key(struct arena *a, const ServicePort *p) {
    ServicePort key = {.protocol = p->protocol, .port = p->port};
    return go_json(a, &ServicePort_type, &key);
}

/* Ports by their protocol and a number of theirs. */
static str *numbers_of(struct arena *a, const ServiceSpec *s, bool node) {
    str *keys = arena_array(a, s->ports.n, sizeof(*keys));
    for (uint32_t i = 0; i < s->ports.n; i++) {
        const ServicePort *p = &s->ports.v[i];
        keys[i] = str_printf(a, "%d " STR_FMT, node ? p->node_port : p->port, STR_ARG(p->protocol));
    }
    return keys;
}

static void check_node_ports(struct field_errors *fe, const struct field_path *list,
                             const ServiceSpec *s) {
    uint32_t n = s->ports.n;
    str *ports = numbers_of(fe->arena, s, false), *node_ports = numbers_of(fe->arena, s, true);
    struct name_index x = name_index_of(fe->arena, ports, n, sizeof(str));
    struct name_index y = name_index_of(fe->arena, node_ports, n, sizeof(str));
    for (uint32_t i = 0; str_eqc(s->type, "ClusterIP") && i < n; i++)
        if (s->ports.v[i].node_port)
            field_forbidden(fe, PATH(PATH_INDEX(list, i), "nodePort"),
                            "may not be used when `type` is 'ClusterIP'");
    for (uint32_t i = 0; i < n && !field_errors_full(fe); i++)
        if (s->ports.v[i].node_port && name_index_first(&y, node_ports[i]) != i) {
            str port = str_printf(fe->arena, "%d", s->ports.v[i].node_port);
            field_duplicate_printed(fe, PATH(PATH_INDEX(list, i), "nodePort"), port);
        }
    for (uint32_t i = 0; i < n && !field_errors_full(fe); i++)
        if (name_index_first(&x, ports[i]) != i)
            field_duplicate_printed(fe, PATH_INDEX(list, i), port_key(fe->arena, &s->ports.v[i]));
}

/* ---- who may reach it, and how ---- */

#define TOPOLOGY_MODE  "service.kubernetes.io/topology-mode"
#define TOPOLOGY_HINTS "service.kubernetes.io/topology-aware-hints"
#define SOURCE_RANGES  "service.beta.kubernetes.io/load-balancer-source-ranges"
#define ONLY_BALANCER  "may only be used when `type` is 'LoadBalancer'"

static const struct field_path *annotation(struct arena *a, const char *name) {
    struct field_path *p = arena_array(a, 3, sizeof(*p));
    p[0] = (struct field_path){.name = "metadata"};
    p[1] = (struct field_path){.parent = &p[0], .name = "annotations"};
    p[2] = (struct field_path){.parent = &p[1], .key = str_of(name)};
    return &p[2];
}

static void check_topology(struct field_errors *fe, const Service *s) {
    str mode = label_get(&s->metadata.annotations, STR(TOPOLOGY_MODE));
    str hints = label_get(&s->metadata.annotations, STR(TOPOLOGY_HINTS));
    if (mode.p && hints.p && !str_eq(mode, hints))
        field_invalid(fe, annotation(fe->arena, TOPOLOGY_MODE), mode,
                      "must match annotations[" TOPOLOGY_HINTS "] when both are specified");
}

static void check_client_ip(struct field_errors *fe, const struct field_path *p,
                            const SessionAffinityConfig *c) {
    static const char when[] = "when session affinity type is ClientIP";
    const struct field_path *ip = PATH(p, "clientIP"), *seconds = PATH(ip, "timeoutSeconds");
    if (!c)
        field_required(fe, p, when);
    else if (!c->client_ip)
        field_required(fe, ip, when);
    else if (!c->client_ip->timeout_seconds.set)
        field_required(fe, seconds, when);
    else if (c->client_ip->timeout_seconds.v <= 0 || c->client_ip->timeout_seconds.v > 86400)
        field_invalid_i64(fe, seconds, c->client_ip->timeout_seconds.v,
                          "must be greater than 0 and less than 86400");
}

static void check_affinity(struct field_errors *fe, const struct field_path *p,
                           const ServiceSpec *s) {
    const SessionAffinityConfig *c = s->session_affinity_config;
    const struct field_path *config = PATH(p, "sessionAffinityConfig");
    check_rows(fe, p, ServiceSpec, s, "sessionAffinity");
    if (str_eqc(s->session_affinity, "None") && c)
        field_forbidden(fe, config, "must not be set when session affinity is None");
    if (str_eqc(s->session_affinity, "ClientIP"))
        check_client_ip(fe, config, c);
}

static void check_external_ips(struct field_errors *fe, const struct field_path *p,
                               const ServiceSpec *s, const ServiceSpec *was) {
    for (uint32_t i = 0; i < s->external_ips.n && !field_errors_full(fe); i++) {
        const struct field_path *at = PATH_INDEX(PATH(p, "externalIPs"), i);
        uint32_t before = fe->list.n;
        field_check_ip(fe, at, s->external_ips.v[i], was ? &was->external_ips : NULL);
        if (fe->list.n == before)
            check_routable(fe, at, s->external_ips.v[i]);
    }
}

static str_list trimmed(struct arena *a, const str_list *l) {
    str_list to = {0};
    for (uint32_t i = 0; i < l->n; i++)
        *list_push(a, &to) = str_trim(l->v[i]);
    return to;
}

/* The field, or the annotation of before there was one. Spaces around are part of the API. */
static void check_source_ranges(struct field_errors *fe, const struct field_path *spec,
                                const Service *service, const Service *old) {
    const ServiceSpec *s = &service->spec;
    const struct field_path *p = PATH(spec, "LoadBalancerSourceRanges");
    const struct field_path *noted = annotation(fe->arena, SOURCE_RANGES);
    str note = label_get(&service->metadata.annotations, STR(SOURCE_RANGES));
    bool field = s->load_balancer_source_ranges.n;
    if ((field || note.p) && !str_eqc(s->type, "LoadBalancer"))
        field_forbidden(fe, field ? p : noted, ONLY_BALANCER);
    if (field) {
        str_list was = {0}, now = trimmed(fe->arena, &s->load_balancer_source_ranges);
        if (old)
            was = trimmed(fe->arena, &old->spec.load_balancer_source_ranges);
        for (uint32_t i = 0; i < now.n && !field_errors_full(fe); i++)
            field_check_cidr(fe, PATH_INDEX(p, i), now.v[i], &was);
        return;
    }
    str rest = str_trim(note);
    if (!rest.n || (old && str_eq(label_get(&old->metadata.annotations, STR(SOURCE_RANGES)), note)))
        return;
    while (rest.p && !field_errors_full(fe))
        field_check_cidr(fe, noted, str_trim(str_cut(&rest, ',')), NULL);
}

static bool is_balancer(const ServiceSpec *s) {
    return str_eqc(s->type, "LoadBalancer");
}

static bool has_health_port(const ServiceSpec *s) {
    return is_balancer(s) && str_eqc(s->external_traffic_policy, "Local");
}

/* was NULL: create, or all but the change. */
static void check_balancer_class(struct field_errors *fe, const struct field_path *spec,
                                 const ServiceSpec *s, const ServiceSpec *was) {
    const struct field_path *p = PATH(spec, "loadBalancerClass");
    str class = s->load_balancer_class;
    if (was && is_balancer(was) && is_balancer(s) &&
        (!class.p != !was->load_balancer_class.p || !str_eq(class, was->load_balancer_class)))
        field_invalid_printed(fe, p, opt_text(fe->arena, class), "may not change once set");
    if (class.p && is_balancer(s))
        field_check_name(fe, p, class, name_qualified);
    else if (class.p)
        field_forbidden(fe, p, ONLY_BALANCER);
}

static void check_external_traffic(struct field_errors *fe, const struct field_path *p,
                                   const ServiceSpec *s) {
    static const char *const policies[] = {"Cluster", "Local", NULL};
    bool outside = is_balancer(s) || str_eqc(s->type, "NodePort") ||
                   (str_eqc(s->type, "ClusterIP") && s->external_ips.n);
    const struct field_path *port = PATH(p, "healthCheckNodePort");
    if (outside)
        check_one_of_required(fe, PATH(p, "externalTrafficPolicy"), s->external_traffic_policy,
                              policies);
    else if (s->external_traffic_policy.n)
        field_invalid(fe, PATH(p, "externalTrafficPolicy"), s->external_traffic_policy,
                      "may only be set for externally-accessible services");
    if (has_health_port(s) && !s->health_check_node_port)
        field_required(fe, port, NULL);
    else if (has_health_port(s))
        field_check_port(fe, port, s->health_check_node_port);
    else if (s->health_check_node_port)
        field_invalid_i64(fe, port, s->health_check_node_port,
                          "may only be set when `type` is 'LoadBalancer' and "
                          "`externalTrafficPolicy` is 'Local'");
}

static void check_policies(struct field_errors *fe, const struct field_path *p,
                           const ServiceSpec *s) {
    if (s->allocate_load_balancer_node_ports.set && !is_balancer(s))
        field_forbidden(fe, PATH(p, "allocateLoadBalancerNodePorts"), ONLY_BALANCER);
    if (!s->allocate_load_balancer_node_ports.set && is_balancer(s))
        field_required(fe, PATH(NULL, "allocateLoadBalancerNodePorts"), NULL);
    check_balancer_class(fe, p, s, NULL);
    check_external_traffic(fe, p, s);
    bool inside = is_balancer(s) || str_eqc(s->type, "NodePort") || str_eqc(s->type, "ClusterIP");
    if (inside && !s->internal_traffic_policy.p)
        field_required(fe, PATH(p, "internalTrafficPolicy"), NULL);
    check_rows(fe, p, ServiceSpec, s, "internalTrafficPolicy trafficDistribution");
}

/* ---- the whole ---- */

static void check_type(struct field_errors *fe, const struct field_path *p, const ServiceSpec *s) {
    bool headless = service_is_headless(s), name = str_eqc(s->type, "ExternalName");
    if (!s->ports.n && !headless && !name)
        field_required(fe, PATH(p, "ports"), NULL);
    if (headless && (is_balancer(s) || str_eqc(s->type, "NodePort")))
        field_invalid(fe, PATH_INDEX(PATH(p, "clusterIPs"), 0), s->cluster_ips.v[0],
                      "may not be set to 'None' for " STR_FMT " services", STR_ARG(s->type));
    if (!name)
        return;
    static const char none[] = "may not be set for ExternalName services";
    if (s->cluster_ips.n)
        field_forbidden(fe, PATH(p, "clusterIPs"), none);
    if (s->ip_families.n)
        field_forbidden(fe, PATH(p, "ipFamilies"), none);
    if (s->ip_family_policy.p)
        field_forbidden(fe, PATH(p, "ipFamilyPolicy"), none);
    str cname = s->external_name; /* may be fully qualified */
    if (str_ends(cname, STR(".")))
        cname = str_slice(cname, 0, cname.n - 1);
    if (cname.n)
        field_check_name(fe, PATH(p, "externalName"), cname, name_dns1123_subdomain);
    else
        field_required(fe, PATH(p, "externalName"), NULL);
}

static void check_change(struct field_errors *fe, const struct field_path *p, const ServiceSpec *s,
                         const ServiceSpec *was) {
    check_service_addresses_kept(fe, s, was);
    check_balancer_class(fe, p, s, was);
    if (has_health_port(s) && has_health_port(was) &&
        s->health_check_node_port != was->health_check_node_port)
        field_forbidden(fe, PATH(p, "healthCheckNodePort"), FIELD_IMMUTABLE);
}

static void validate_write(struct field_errors *fe, const void *obj, const void *old) {
    const Service *service = obj, *before = old;
    const ServiceSpec *s = &service->spec, *was = before ? &before->spec : NULL;
    const struct field_path *p = PATH(NULL, "spec");
    if (was)
        check_change(fe, p, s, was);
    check_topology(fe, service);
    check_type(fe, p, s);
    check_ports(fe, PATH(p, "ports"), s);
    check_labels(fe, PATH(p, "selector"), &s->selector);
    check_affinity(fe, p, s);
    service_check_cluster_ips(fe, service, before);
    check_external_ips(fe, p, s, was);
    check_rows(fe, p, ServiceSpec, s, "type");
    check_node_ports(fe, PATH(p, "ports"), s);
    check_source_ranges(fe, p, service, before);
    check_policies(fe, p, s);
}

static void check_ingress(struct field_errors *fe, const struct field_path *p,
                          const LoadBalancerIngress *in, const str_list *had) {
    struct ip ip;
    if (in->ip.n)
        field_check_ip(fe, PATH(p, "ip"), in->ip, had);
    if (in->ip.n && !in->ip_mode.p)
        field_required(fe, PATH(p, "ipMode"), "must be specified when `ip` is set");
    else if (in->ip_mode.p && !in->ip.n)
        field_forbidden(fe, PATH(p, "ipMode"), "may not be specified when `ip` is not set");
    else if (in->ip_mode.p)
        check_rows(fe, p, LoadBalancerIngress, in, "ipMode");
    check_rows(fe, p, LoadBalancerIngress, in, "hostname");
    if (in->hostname.n && ip_parse(in->hostname, &ip))
        field_invalid(fe, PATH(p, "hostname"), in->hostname,
                      "must be a DNS name, not an IP address");
}

static void validate_status(struct field_errors *fe, const void *obj, const void *old) {
    const Service *s = obj, *before = old;
    const struct field_path *p = PATH(PATH(PATH(NULL, "status"), "loadBalancer"), "ingress");
    str_list had = {0};
    if (!is_balancer(&s->spec)) {
        if (s->status.load_balancer.ingress.n)
            field_forbidden(fe, p, "may only be used when `spec.type` is 'LoadBalancer'");
        return;
    }
    for (uint32_t i = 0; i < before->status.load_balancer.ingress.n; i++)
        if (before->status.load_balancer.ingress.v[i].ip.n)
            *list_push(fe->arena, &had) = before->status.load_balancer.ingress.v[i].ip;
    for (uint32_t i = 0; i < s->status.load_balancer.ingress.n && !field_errors_full(fe); i++)
        check_ingress(fe, PATH_INDEX(p, i), &s->status.load_balancer.ingress.v[i], &had);
}

const struct hooks hooks_core_v1_services = {
    .group = "",
    .resource = "services",
    .defaults = defaults,
    .prepare_update = prepare_update,
    .validate_write = validate_write,
    .validate_status = validate_status,
    .warn = warn_service,
    .warn_status = warn_service_status,
    .validate_name = name_is_dns_label,
};
