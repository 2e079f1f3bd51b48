// SPDX-License-Identifier: Apache-2.0
#include "apiserver/alloc/families.h"

#include "api/ip.h"
#include "api/service.h"
#include "base/map.h"
#include "base/vec.h"
#include "schema/value.h"

#define SPEC(name_)        PATH(PATH(NULL, "spec"), name_)
#define SPEC_AT(name_, i_) PATH_INDEX(SPEC(name_), i_)

bool service_has_address(const Service *s) {
    return service_is(s, "ClusterIP") || service_is(s, "NodePort") || service_is(s, "LoadBalancer");
}

bool service_has_ports(const Service *s) {
    return service_is(s, "NodePort") || service_is(s, "LoadBalancer");
}

bool service_has_health_port(const Service *s) {
    return service_is(s, "LoadBalancer") && str_eqc(s->spec.external_traffic_policy, "Local");
}

static void add_port(struct node_ports *p, int64_t port) {
    if (node_port_valid(port))
        node_port_take(p, port);
}

static struct node_ports listed_node_ports(const Service *s) {
    struct node_ports p = {0};
    for (uint32_t i = 0; i < s->spec.ports.n; i++)
        add_port(&p, s->spec.ports.v[i].node_port);
    return p;
}

struct node_ports service_node_ports(const Service *s) {
    struct node_ports p = {0};
    if (s && service_has_ports(s))
        p = listed_node_ports(s);
    if (s && service_has_health_port(s))
        add_port(&p, s->spec.health_check_node_port);
    return p;
}

static bool same_list(const str_list *a, const str_list *b) {
    if (a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (!str_eq(a->v[i], b->v[i]))
            return false;
    return true;
}

static str_list with(struct arena *a, const str_list *l, str more) {
    str *v = arena_array(a, l->n + 1, sizeof(str));
    if (l->n)
        memcpy(v, l->v, l->n * sizeof(str));
    v[l->n] = more;
    return (str_list){v, l->n + 1};
}

void service_normalise(struct arena *a, Service *s, const Service *old) {
    ServiceSpec *n = &s->spec;
    if (!old) {
        if (n->cluster_ip.n && !n->cluster_ips.n)
            n->cluster_ips = with(a, &(str_list){0}, n->cluster_ip);
        return;
    }
    if (str_eq(n->cluster_ip, old->spec.cluster_ip))
        return;
    /* Clients of before dual stack know of the one field only. */
    if (!n->cluster_ips.n || same_list(&n->cluster_ips, &old->spec.cluster_ips)) {
        n->cluster_ips = (str_list){0};
        if (n->cluster_ip.n)
            n->cluster_ips = with(a, &n->cluster_ips, n->cluster_ip);
    }
}

/* Ports of one name, and there may be very many, keep what the first of that name had. */
static void patch_ports(struct arena *a, Service *s, const Service *old) {
    if (!s->spec.ports.n)
        return;
    s->spec.ports.v = arena_dup(a, s->spec.ports.v, s->spec.ports.n * sizeof(ServicePort));
    struct node_ports used = listed_node_ports(s);
    struct map by_name;
    map_init(&by_name, NULL);
    for (uint32_t i = 0; i < old->spec.ports.n; i++)
        if (!map_get(&by_name, old->spec.ports.v[i].name))
            map_put(&by_name, old->spec.ports.v[i].name, &old->spec.ports.v[i]);
    for (uint32_t i = 0; i < s->spec.ports.n; i++) {
        ServicePort *p = &s->spec.ports.v[i];
        const ServicePort *o = p->node_port ? NULL : map_get(&by_name, p->name);
        if (o && node_port_valid(o->node_port) && node_port_take(&used, o->node_port))
            p->node_port = o->node_port;
    }
    map_done(&by_name);
}

void service_patch(struct arena *a, Service *s, const Service *old) {
    if (service_has_address(s) && service_has_address(old)) {
        if (!s->spec.cluster_ip.n)
            s->spec.cluster_ip = old->spec.cluster_ip;
        if (!s->spec.cluster_ips.n && str_eq(s->spec.cluster_ip, old->spec.cluster_ip))
            s->spec.cluster_ips = old->spec.cluster_ips;
    }
    if (service_has_ports(s) && service_has_ports(old))
        patch_ports(a, s, old);
    if (service_has_health_port(s) && service_has_health_port(old) &&
        !s->spec.health_check_node_port)
        s->spec.health_check_node_port = old->spec.health_check_node_port;
}

static bool same_node_ports(const Service *a, const Service *b) {
    struct node_ports had = listed_node_ports(b);
    for (uint32_t i = 0; i < a->spec.ports.n; i++)
        if (a->spec.ports.v[i].node_port && !node_port_used(&had, a->spec.ports.v[i].node_port))
            return false;
    return true;
}

static bool reached_from_outside(const Service *s) {
    return service_has_ports(s) || (service_is(s, "ClusterIP") && s->spec.external_ips.n);
}

static void drop_policies(Service *s, const Service *old) {
    ServiceSpec *n = &s->spec;
    const ServiceSpec *o = &old->spec;
    bool balancer = service_is(s, "LoadBalancer"), was = service_is(old, "LoadBalancer");
    if (was && !balancer) {
        if (str_eq(n->load_balancer_class, o->load_balancer_class))
            n->load_balancer_class = STR_NONE;
        if (n->allocate_load_balancer_node_ports.set == o->allocate_load_balancer_node_ports.set &&
            n->allocate_load_balancer_node_ports.v == o->allocate_load_balancer_node_ports.v)
            n->allocate_load_balancer_node_ports = (struct opt_bool){0};
    }
    if (reached_from_outside(old) && !reached_from_outside(s) &&
        str_eq(n->external_traffic_policy, o->external_traffic_policy))
        n->external_traffic_policy = STR_NONE;
}

static void drop_addresses(ServiceSpec *n, const ServiceSpec *o) {
    if (str_eq(n->cluster_ip, o->cluster_ip) && same_list(&n->cluster_ips, &o->cluster_ips)) {
        n->cluster_ip = STR_NONE;
        n->cluster_ips = (str_list){0};
    }
    if (same_list(&n->ip_families, &o->ip_families))
        n->ip_families = (str_list){0};
    if (str_eq(n->ip_family_policy, o->ip_family_policy))
        n->ip_family_policy = STR_NONE;
}

void service_drop(Service *s, const Service *old) {
    ServiceSpec *n = &s->spec;
    if (service_has_address(old) && !service_has_address(s))
        drop_addresses(n, &old->spec);
    if (service_has_ports(old) && !service_has_ports(s) && same_node_ports(s, old))
        for (uint32_t i = 0; i < n->ports.n; i++)
            n->ports.v[i].node_port = 0;
    if (service_has_health_port(old) && !service_has_health_port(s) &&
        n->health_check_node_port == old->spec.health_check_node_port)
        n->health_check_node_port = 0;
    drop_policies(s, old);
}

str service_addresses_text(struct arena *a, const Service *s) {
    struct buf b;
    buf_init(&b, 0);
    buf_addc(&b, '[');
    for (uint32_t i = 0; i < s->spec.cluster_ips.n; i++) {
        if (i)
            buf_addc(&b, ',');
        json_quote(&b, s->spec.cluster_ips.v[i]);
    }
    buf_addc(&b, ']');
    str out = str_dup(a, buf_str(&b));
    buf_done(&b);
    return out;
}

/* ---- families ---- */

static str family_of(str ip) {
    struct ip parsed;
    return ip_parse(ip, &parsed) && !ip_is_v4(&parsed) ? STR("IPv6") : STR("IPv4");
}

static bool has_family(const struct ip_families *f, str name) {
    for (unsigned i = 0; i < f->n; i++)
        if (str_eqc(name, f->v[i]))
            return true;
    return false;
}

static str other_family(str name) {
    return str_eqc(name, "IPv4") ? STR("IPv6") : STR("IPv4");
}

static bool single(const Service *s) {
    return str_eqc(s->spec.ip_family_policy, "SingleStack");
}

static void default_policy(Service *s, const Service *old) {
    if (s->spec.ip_family_policy.p)
        return;
    if (old && old->spec.ip_family_policy.p)
        s->spec.ip_family_policy = old->spec.ip_family_policy;
    else if (service_headless(s) && !s->spec.selector.n)
        s->spec.ip_family_policy = STR("RequireDualStack");
    else
        s->spec.ip_family_policy = STR("SingleStack");
}

/* Fewer addresses or families are released by saying so. */
static void check_reduced(struct field_errors *fe, Service *s, const Service *old) {
    ServiceSpec *n = &s->spec;
    const ServiceSpec *o = &old->spec;
    if (single(s)) {
        if (same_list(&n->cluster_ips, &o->cluster_ips) && n->cluster_ips.n > 1)
            n->cluster_ips.n = 1;
        if (same_list(&n->ip_families, &o->ip_families) && n->ip_families.n > 1)
            n->ip_families.n = 1;
        return;
    }
    if (n->cluster_ips.n == 1 && o->cluster_ips.n == 2)
        field_invalid(fe, SPEC("ipFamilyPolicy"), n->ip_family_policy,
                      "must be 'SingleStack' to release the secondary cluster IP");
    if (n->ip_families.n == 1 && o->ip_families.n == 2)
        field_invalid(fe, SPEC("ipFamilyPolicy"), n->ip_family_policy,
                      "must be 'SingleStack' to release the secondary IP family");
}

static void check_policy(struct field_errors *fe, const Service *s) {
    if (!single(s))
        return;
    if (s->spec.cluster_ips.n == 2)
        field_invalid(fe, SPEC("ipFamilyPolicy"), s->spec.ip_family_policy,
                      "must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs "
                      "are specified");
    if (s->spec.ip_families.n == 2)
        field_invalid(fe, SPEC("ipFamilyPolicy"), s->spec.ip_family_policy,
                      "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families "
                      "are specified");
}

static void infer_families(struct field_errors *fe, const struct ip_families *cluster, Service *s) {
    ServiceSpec *n = &s->spec;
    for (uint32_t i = 0; i < n->cluster_ips.n && !service_headless(s); i++) {
        if (i < n->ip_families.n)
            continue;
        str f = family_of(n->cluster_ips.v[i]);
        if (has_family(cluster, f))
            n->ip_families = with(fe->arena, &n->ip_families, f);
        else
            field_invalid_printed(fe, SPEC_AT("clusterIPs", i),
                                  service_addresses_text(fe->arena, s),
                                  STR_FMT " is not configured on this cluster", STR_ARG(f));
    }
}

static void check_cluster(struct field_errors *fe, const struct ip_families *cluster,
                          const Service *s) {
    const ServiceSpec *n = &s->spec;
    if (str_eqc(n->ip_family_policy, "RequireDualStack") && cluster->n < 2)
        field_invalid(fe, SPEC("ipFamilyPolicy"), n->ip_family_policy,
                      "this cluster is not configured for dual-stack services");
    for (uint32_t i = 0; i < n->ip_families.n; i++)
        if (!has_family(cluster, n->ip_families.v[i]))
            field_invalid(fe, SPEC_AT("ipFamilies", i), n->ip_families.v[i],
                          "not configured on this cluster");
}

/* A service that takes what the cluster has does not change because the cluster did. */
static bool settled(const Service *s, const Service *old) {
    return old && service_has_address(s) && service_has_address(old) &&
           str_eqc(s->spec.ip_family_policy, "PreferDualStack") &&
           str_eqc(old->spec.ip_family_policy, "PreferDualStack") &&
           same_list(&s->spec.cluster_ips, &old->spec.cluster_ips) &&
           same_list(&s->spec.ip_families, &old->spec.ip_families);
}

void service_families(struct field_errors *fe, const struct ip_families *cluster, Service *s,
                      const Service *old) {
    ServiceSpec *n = &s->spec;
    if (service_is(s, "ExternalName") || settled(s, old))
        return;
    service_check_cluster_ips(fe, s, old);
    if (fe->list.n)
        return;
    default_policy(s, old);
    if (old)
        check_reduced(fe, s, old);
    check_policy(fe, s);
    infer_families(fe, cluster, s);
    bool loose = service_headless(s) && !n->selector.n;
    if (!fe->list.n && !loose)
        check_cluster(fe, cluster, s);
    if (fe->list.n)
        return;
    if (!n->ip_families.n)
        n->ip_families = with(fe->arena, &n->ip_families, str_of(cluster->v[0]));
    if (n->ip_families.n == 1 && !single(s) && (loose || cluster->n == 2))
        n->ip_families = with(fe->arena, &n->ip_families, other_family(n->ip_families.v[0]));
}
