// SPDX-License-Identifier: Apache-2.0
#include "api/ip.h"
#include "api/kinds/kinds.h"
#include "api/kinds/warn.h"

/* Not an address of the host itself, nor one that no router passes on. */
void check_routable(struct field_errors *fe, const struct field_path *p, str s) {
    struct ip ip;
    if (!ip_parse(s, &ip)) {
        field_invalid(fe, p, s, "must be a valid IP address");
        return;
    }
    if (ip_is_unspecified(&ip))
        field_invalid(fe, p, s, "may not be unspecified (" STR_FMT ")", STR_ARG(s));
    if (ip_is_loopback(&ip))
        field_invalid(fe, p, s, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
    if (ip_is_link_local(&ip))
        field_invalid(fe, p, s, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
    if (ip_is_link_local_multicast(&ip))
        field_invalid(fe, p, s,
                      "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
}

static void check_address(struct field_errors *fe, const struct field_path *p,
                          const EndpointAddress *a) {
    field_check_ip(fe, PATH(p, "ip"), a->ip, NULL);
    if (a->hostname.n)
        field_check_name(fe, PATH(p, "hostname"), a->hostname, name_dns1123_label);
    if (a->node_name.p)
        field_check_name(fe, PATH(p, "nodeName"), a->node_name, name_dns1123_subdomain);
    check_routable(fe, PATH(p, "ip"), a->ip);
}

static void check_subset(struct field_errors *fe, const struct field_path *p,
                         const EndpointSubset *s) {
    if (!s->addresses.n && !s->not_ready_addresses.n)
        field_required(fe, p, "must specify `addresses` or `notReadyAddresses`");
    for (uint32_t i = 0; i < s->addresses.n; i++)
        check_address(fe, PATH_INDEX(PATH(p, "addresses"), i), &s->addresses.v[i]);
    for (uint32_t i = 0; i < s->not_ready_addresses.n; i++)
        check_address(fe, PATH_INDEX(PATH(p, "notReadyAddresses"), i),
                      &s->not_ready_addresses.v[i]);
    for (uint32_t i = 0; i < s->ports.n; i++) {
        const EndpointPort *port = &s->ports.v[i];
        const struct field_path *at = PATH_INDEX(PATH(p, "ports"), i);
        if (s->ports.n > 1 && !port->name.n)
            field_required(fe, PATH(at, "name"), NULL);
        else if (port->name.n)
            field_check_name(fe, PATH(at, "name"), port->name, name_dns1123_label);
        check_rows(fe, at, EndpointPort, port, "port protocol");
        if (port->app_protocol.p)
            field_check_name(fe, PATH(at, "appProtocol"), port->app_protocol, name_qualified);
    }
}

/* Subsets that were accepted when less was asked may stay as they are. */
static void endpoints_validate(struct field_errors *fe, const void *obj, const void *old) {
    const Endpoints *e = obj, *before = old;
    struct field_errors found = {.arena = fe->arena};
    for (uint32_t i = 0; i < e->subsets.n && !field_errors_full(&found); i++)
        check_subset(&found, PATH_INDEX(PATH(NULL, "subsets"), i), &e->subsets.v[i]);
    bool same = found.list.n && before && e->subsets.n == before->subsets.n;
    for (uint32_t i = 0; same && i < e->subsets.n; i++)
        same = api_equal(&EndpointSubset_type, &e->subsets.v[i], &before->subsets.v[i]);
    for (uint32_t i = 0; !same && i < found.list.n; i++)
        *list_push(fe->arena, &fe->list) = found.list.v[i];
}

const struct hooks hooks_core_v1_endpoints = {
    .group = "",
    .resource = "endpoints",
    .validate_write = endpoints_validate,
    .warn = warn_endpoints,
};
