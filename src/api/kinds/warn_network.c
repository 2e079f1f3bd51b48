// SPDX-License-Identifier: Apache-2.0
/* Addresses, and what services and their endpoints no longer do with them. */
#include "api/kinds/service.h"
#include "api/kinds/warn.h"
#include "api/selector.h"

static void warn_ignored(struct warnings *w, const ServiceSpec *s, bool headless) {
    if (!headless)
        return;
    if (s->load_balancer_ip.n)
        warn_text(w, "spec.loadBalancerIP is ignored for headless services");
    if (s->external_ips.n)
        warn_text(w, "spec.externalIPs is ignored for headless services");
    if (!str_eqc(s->session_affinity, "None"))
        warn_text(w, "spec.SessionAffinity is ignored for headless services");
}

static void warn_external_ips(struct warnings *w, const ServiceSpec *s, bool headless) {
    warn_ips(w, PATH(PATH(NULL, "spec"), "externalIPs"), &s->external_ips);
    if (s->external_ips.n && !headless && !str_eqc(s->type, "ExternalName"))
        warn_text(w, "spec.externalIPs is deprecated and may no longer be implemented in some "
                     "clusters");
}

void warn_service(struct warnings *w, const void *obj, const void *old) {
    const Service *service = obj;
    const ServiceSpec *s = &service->spec;
    const struct field_path *p = PATH(NULL, "spec");
    bool none = str_eqc(s->cluster_ip, "None");
    bool headless = none && str_eqc(s->type, "ClusterIP");
    bool external = str_eqc(s->type, "ExternalName");
    (void)old;
    if (label_has(&service->metadata.annotations,
                  STR("service.kubernetes.io/topology-aware-hints")))
        warn_text(w, "annotation service.kubernetes.io/topology-aware-hints is deprecated, please "
                     "use service.kubernetes.io/topology-mode instead");
    if (s->cluster_ip.n && !none)
        warn_ips(w, PATH(p, "clusterIPs"), &s->cluster_ips);
    warn_ignored(w, s, headless);
    warn_external_ips(w, s, headless);
    if (s->load_balancer_ip.n)
        warn_ip(w, PATH(p, "loadBalancerIP"), s->load_balancer_ip);
    for (uint32_t i = 0; i < s->load_balancer_source_ranges.n && !warnings_full(w); i++)
        warn_cidr(w, PATH_INDEX(PATH(p, "loadBalancerSourceRanges"), i),
                  s->load_balancer_source_ranges.v[i]);
    if (external && s->external_ips.n)
        warn_text(w, "spec.externalIPs is ignored when spec.type is \"ExternalName\"");
    if (!external && s->external_name.n)
        warn_text(w, "spec.externalName is ignored when spec.type is not \"ExternalName\"");
    if (str_eqc(s->traffic_distribution, "PreferClose"))
        warn_text(w, "spec.trafficDistribution: \"PreferClose\" is deprecated; use "
                     "\"PreferSameZone\"");
}

void warn_service_status(struct warnings *w, const void *obj, const void *old) {
    const LoadBalancerStatus *s = &((const Service *)obj)->status.load_balancer;
    const struct field_path *p = PATH(PATH(PATH(NULL, "status"), "loadBalancer"), "ingress");
    (void)old;
    for (uint32_t i = 0; i < s->ingress.n && !warnings_full(w); i++)
        if (s->ingress.v[i].ip.n)
            warn_ip(w, PATH_INDEX(p, i), s->ingress.v[i].ip);
}

/* ---- network policies ---- */

static void warn_peers(struct warnings *w, const struct field_path *p,
                       const NetworkPolicyPeer *peers, uint32_t n) {
    for (uint32_t i = 0; i < n && !warnings_full(w); i++) {
        const IPBlock *b = peers[i].ip_block;
        const struct field_path *at = PATH(PATH_INDEX(p, i), "ipBlock");
        if (!b)
            continue;
        warn_cidr(w, PATH(at, "cidr"), b->cidr);
        for (uint32_t k = 0; k < b->except.n && !warnings_full(w); k++)
            warn_cidr(w, PATH_INDEX(PATH(at, "except"), k), b->except.v[k]);
    }
}

void warn_network_policy(struct warnings *w, const void *obj, const void *old) {
    const NetworkPolicySpec *s = &((const NetworkPolicy *)obj)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    (void)old;
    for (uint32_t i = 0; i < s->ingress.n && !warnings_full(w); i++)
        warn_peers(w, PATH(PATH_INDEX(PATH(p, "ingress"), i), "from"), s->ingress.v[i].from.v,
                   s->ingress.v[i].from.n);
    for (uint32_t i = 0; i < s->egress.n && !warnings_full(w); i++)
        warn_peers(w, PATH(PATH_INDEX(PATH(p, "egress"), i), "to"), s->egress.v[i].to.v,
                   s->egress.v[i].to.n);
}

/* ---- endpoints ---- */

/* Controllers write what they have made canonical themselves. */
static bool managed_by(const ObjectMeta *m, const char *label, const char *controller) {
    return str_eqc(label_get(&m->labels, str_of(label)), controller);
}

static void warn_addresses(struct warnings *w, const struct field_path *p, const EndpointAddress *v,
                           uint32_t n) {
    for (uint32_t i = 0; i < n && !warnings_full(w); i++)
        warn_ip(w, PATH(PATH_INDEX(p, i), "ip"), v[i].ip);
}

void warn_endpoints(struct warnings *w, const void *obj, const void *old) {
    const Endpoints *e = obj;
    (void)old;
    if (managed_by(&e->metadata, "endpoints.kubernetes.io/managed-by", "endpoint-controller"))
        return;
    for (uint32_t i = 0; i < e->subsets.n; i++) {
        const EndpointSubset *s = &e->subsets.v[i];
        const struct field_path *p = PATH_INDEX(PATH(NULL, "subsets"), i);
        warn_addresses(w, PATH(p, "addresses"), s->addresses.v, s->addresses.n);
        warn_addresses(w, PATH(p, "notReadyAddresses"), s->not_ready_addresses.v,
                       s->not_ready_addresses.n);
    }
}

#define SLICE_MANAGER "endpointslice.kubernetes.io/managed-by"

void warn_endpoint_slice(struct warnings *w, const void *obj, const void *old) {
    const EndpointSlice *s = obj;
    const struct field_path *p = PATH(NULL, "endpoints");
    if (!old && str_eqc(s->address_type, "FQDN"))
        warn_text(w, "spec.addressType: FQDN endpoints are deprecated");
    if (managed_by(&s->metadata, SLICE_MANAGER, "endpointslice-controller.k8s.io") ||
        managed_by(&s->metadata, SLICE_MANAGER, "endpointslicemirroring-controller.k8s.io"))
        return;
    for (uint32_t i = 0; i < s->endpoints.n && !warnings_full(w); i++)
        warn_ips(w, PATH(PATH_INDEX(p, i), "addresses"), &s->endpoints.v[i].addresses);
}
