// SPDX-License-Identifier: Apache-2.0
#include "api/ip.h"
#include "api/kinds/kinds.h"
#include "api/kinds/warn.h"

/* Consumers watch the generation of slices, and select them by label. */
static void slice_update(struct hook_ctx *h, void *obj, const void *old) {
    ObjectMeta *m = obj;
    const ObjectMeta *before = old;
    (void)h;
    if (!maps_same(&m->labels, &before->labels))
        m->generation = before->generation + 1;
}

/* ---- validation ---- */

#define ENDPOINTS_MAX 1000
#define ADDRESSES_MAX 100
#define PORTS_MAX     20000
#define TOPOLOGY_MAX  16
#define HINTS_MAX     8 /* of each kind */

static void check_domain(struct field_errors *fe, const struct field_path *p, str name) {
    if (!name.n) {
        field_required(fe, p, NULL);
        return;
    }
    if (name.p[name.n - 1] == '.')
        name.n--;
    check_name_whole(fe, p, name, name_dns1123_subdomain);
    if (!name_ok(name_dns1123_subdomain, name))
        return;
    if (str_chr(name, '.') < 0)
        field_invalid(fe, p, name,
                      "should be a domain with at least two segments separated by dots");
    for (str rest = name; rest.p;)
        check_name_whole(fe, p, str_cut(&rest, '.'), name_dns1123_label);
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

/* Zones or nodes from which one should be sent here, each named once; first: the name of the first
 * of n hints. */
static void check_hints(struct field_errors *fe, const struct field_path *list, const str *first,
                        uint32_t n, size_t stride, name_check *check) {
    if (n > HINTS_MAX) {
        field_too_many(fe, list, n, HINTS_MAX);
        return;
    }
    struct name_index x = name_index_of(fe->arena, first, n, stride);
    for (uint32_t i = 0; i < n; i++) {
        const struct field_path *p = PATH(PATH_INDEX(list, i), "name");
        str name = *(const str *)(const void *)((const char *)first + i * stride);
        if (name_index_first(&x, name) != i)
            field_duplicate(fe, p, name);
        field_check_name(fe, p, name, check);
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
    const ForZone *zones = e->hints->for_zones.v;
    const ForNode *nodes = e->hints->for_nodes.v;
    check_hints(fe, PATH(hints, "forZones"), zones ? &zones->name : NULL, e->hints->for_zones.n,
                sizeof(*zones), name_label_value);
    check_hints(fe, PATH(hints, "forNodes"), nodes ? &nodes->name : NULL, e->hints->for_nodes.n,
                sizeof(*nodes), name_dns1123_subdomain);
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
