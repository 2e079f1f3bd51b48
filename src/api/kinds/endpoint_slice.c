// SPDX-License-Identifier: Apache-2.0
#include "api/ip.h"
#include "api/kinds/kinds.h"
#include "api/kinds/warn.h"

/* Consumers watch the generation of slices, and select them by label. */
static void slice_update(struct hook_ctx *h, void *obj, const void *old) {
    ObjectMeta *m = obj;
    const ObjectMeta *before = old;
    (void)h;
    bool same = m->labels.n == before->labels.n;
    for (uint32_t i = 0; same && i < m->labels.n; i++)
        same = str_eq(m->labels.v[i].key, before->labels.v[i].key) &&
               str_eq(m->labels.v[i].value, before->labels.v[i].value);
    if (!same)
        m->generation = before->generation + 1;
}

/* ---- validation ---- */

#define ENDPOINTS_MAX  1000
#define ADDRESSES_MAX  100
#define PORTS_MAX      20000
#define TOPOLOGY_MAX   16
#define ZONE_HINTS_MAX 8
#define NODE_HINTS_MAX 8

static void check_domain(struct field_errors *fe, const struct field_path *p, str name) {
    if (!name.n) {
        field_required(fe, p, NULL);
        return;
    }
    if (name.p[name.n - 1] == '.')
        name.n--;
    unsigned wrong = fe->list.n;
    field_check_name(fe, p, name, name_dns1123_subdomain);
    if (fe->list.n != wrong)
        return;
    if (str_chr(name, '.') < 0)
        field_invalid(fe, p, name,
                      "should be a domain with at least two segments separated by dots");
    for (str rest = name; rest.p;)
        field_check_name(fe, p, str_cut(&rest, '.'), name_dns1123_label);
}

static void check_address(struct field_errors *fe, const struct field_path *p, str s, str type) {
    bool v4 = str_eqc(type, "IPv4"), v6 = str_eqc(type, "IPv6");
    struct ip ip;
    if (str_eqc(type, "FQDN"))
        check_domain(fe, p, s);
    if (!v4 && !v6)
        return;
    if (!ip_parse(s, &ip)) {
        field_check_ip(fe, p, s, NULL);
        return;
    }
    if (ip_is_v4(&ip) != v4)
        field_invalid(fe, p, s, v4 ? "must be an IPv4 address" : "must be an IPv6 address");
    check_routable(fe, p, s);
}

/* Who should be sent here: a zone or node is named once. */
static void check_zones(struct field_errors *fe, const struct field_path *p,
                        const EndpointHints *h) {
    if (h->for_zones.n > ZONE_HINTS_MAX) {
        field_too_many(fe, p, h->for_zones.n, ZONE_HINTS_MAX);
        return;
    }
    for (uint32_t i = 0; i < h->for_zones.n; i++) {
        const struct field_path *at = PATH(PATH_INDEX(p, i), "name");
        str name = h->for_zones.v[i].name;
        for (uint32_t k = 0; k < i; k++)
            if (str_eq(h->for_zones.v[k].name, name)) {
                field_duplicate(fe, at, name);
                break;
            }
        field_check_name(fe, at, name, name_label_value);
    }
}

static void check_nodes(struct field_errors *fe, const struct field_path *p,
                        const EndpointHints *h) {
    if (h->for_nodes.n > NODE_HINTS_MAX) {
        field_too_many(fe, p, h->for_nodes.n, NODE_HINTS_MAX);
        return;
    }
    for (uint32_t i = 0; i < h->for_nodes.n; i++) {
        const struct field_path *at = PATH(PATH_INDEX(p, i), "name");
        str name = h->for_nodes.v[i].name;
        for (uint32_t k = 0; k < i; k++)
            if (str_eq(h->for_nodes.v[k].name, name)) {
                field_duplicate(fe, at, name);
                break;
            }
        field_check_name(fe, at, name, name_dns1123_subdomain);
    }
}

static void check_endpoint(struct field_errors *fe, const struct field_path *p, const Endpoint *e,
                           str type) {
    const struct field_path *list = PATH(p, "addresses"), *hints = PATH(p, "hints");
    const struct field_path *topology = PATH(p, "deprecatedTopology");
    if (!e->addresses.n)
        field_required(fe, list, "must contain at least 1 address");
    else if (e->addresses.n > ADDRESSES_MAX)
        field_too_many(fe, list, e->addresses.n, ADDRESSES_MAX);
    for (uint32_t i = 0; i < e->addresses.n; i++)
        check_address(fe, PATH_INDEX(list, i), e->addresses.v[i], type);
    if (e->node_name.p)
        field_check_name(fe, PATH(p, "nodeName"), e->node_name, name_dns1123_subdomain);
    if (e->deprecated_topology.n > TOPOLOGY_MAX)
        field_too_many(fe, topology, e->deprecated_topology.n, TOPOLOGY_MAX);
    check_labels(fe, topology, &e->deprecated_topology);
    if (e->hostname.p)
        field_check_name(fe, PATH(p, "hostname"), e->hostname, name_dns1123_label);
    if (!e->hints)
        return;
    check_zones(fe, PATH(hints, "forZones"), e->hints);
    check_nodes(fe, PATH(hints, "forNodes"), e->hints);
}

static void check_endpoints(struct field_errors *fe, const struct field_path *p,
                            const EndpointSlice *s) {
    if (s->endpoints.n > ENDPOINTS_MAX) {
        field_too_many(fe, p, s->endpoints.n, ENDPOINTS_MAX);
        return;
    }
    for (uint32_t i = 0; i < s->endpoints.n; i++)
        check_endpoint(fe, PATH_INDEX(p, i), &s->endpoints.v[i], s->address_type);
}

static void check_ports(struct field_errors *fe, const struct field_path *list,
                        const EndpointSlice *s) {
    if (s->ports.n > PORTS_MAX) {
        field_too_many(fe, list, s->ports.n, PORTS_MAX);
        return;
    }
    struct name_index names = name_index_of(fe->arena, s->ports.n ? &s->ports.v->name : NULL,
                                            s->ports.n, sizeof(*s->ports.v));
    for (uint32_t i = 0; i < s->ports.n; i++) {
        const discovery_v1_EndpointPort *port = &s->ports.v[i];
        const struct field_path *p = PATH_INDEX(list, i);
        if (port->name.n)
            field_check_name(fe, PATH(p, "name"), port->name, name_dns1123_label);
        if (name_index_first(&names, port->name) < i)
            field_duplicate(fe, PATH(p, "name"), port->name);
        check_rows(fe, p, discovery_v1_EndpointPort, port, "protocol");
        if (port->app_protocol.p)
            field_check_name(fe, PATH(p, "appProtocol"), port->app_protocol, name_qualified);
    }
}

static void slice_validate(struct field_errors *fe, const void *obj) {
    const EndpointSlice *s = obj;
    check_rows(fe, NULL, EndpointSlice, s, "addressType");
    check_ports(fe, PATH(NULL, "ports"), s);
    check_endpoints(fe, PATH(NULL, "endpoints"), s);
}

static void slice_validate_update(struct field_errors *fe, const void *obj, const void *old) {
    check_same(fe, PATH(NULL, "addressType"), ((const EndpointSlice *)obj)->address_type,
               ((const EndpointSlice *)old)->address_type);
}

const struct hooks hooks_discovery_v1_endpointslices = {
    .group = "discovery.k8s.io",
    .resource = "endpointslices",
    .prepare_update = slice_update,
    .validate = slice_validate,
    .validate_update = slice_validate_update,
    .warn = warn_endpoint_slice,
    .counts_generation = true,
};
