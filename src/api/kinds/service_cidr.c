// SPDX-License-Identifier: Apache-2.0
/* Ranges of service addresses, and the addresses taken from them. */
#include "api/ip.h"
#include "api/kinds/kinds.h"

/* ---- ServiceCIDR ---- */

static bool family_of(str block, bool *ret_v4) {
    struct cidr c;
    if (!cidr_parse(block, &c, NULL))
        return false;
    *ret_v4 = ip_is_v4(&c.ip);
    return true;
}

static void check_cidrs(struct field_errors *fe, const struct field_path *p,
                        const ServiceCIDRSpec *s) {
    bool first, second;
    if (!s->cidrs.n) {
        field_required(fe, p, "at least one CIDR required");
        return;
    }
    if (s->cidrs.n > 2) {
        field_invalid_printed(fe, p, go_json(fe->arena, &ServiceCIDRSpec_type, s),
                              "may only hold up to 2 values");
        return;
    }
    for (uint32_t i = 0; i < s->cidrs.n; i++)
        field_check_cidr_strict(fe, PATH_INDEX(p, i), s->cidrs.v[i]);
    if (s->cidrs.n == 2 && family_of(s->cidrs.v[0], &first) && family_of(s->cidrs.v[1], &second) &&
        first == second)
        field_invalid_printed(fe, p, strings_json(fe->arena, &s->cidrs),
                              "may specify no more than one IP for each IP family, i.e "
                              "192.168.0.0/24 and 2001:db8::/64");
}

static void range_validate(struct field_errors *fe, const void *obj) {
    check_cidrs(fe, PATH(PATH(NULL, "spec"), "cidrs"), &((const ServiceCIDR *)obj)->spec);
}

/* A second family may be added; all else stays. */
static void range_validate_update(struct field_errors *fe, const void *obj, const void *old) {
    const ServiceCIDRSpec *s = &((const ServiceCIDR *)obj)->spec;
    const ServiceCIDRSpec *was = &((const ServiceCIDR *)old)->spec;
    const struct field_path *p = PATH(PATH(NULL, "spec"), "cidrs");
    bool grows = was->cidrs.n == 1 && s->cidrs.n == 2;
    if (s->cidrs.n != was->cidrs.n && !grows) {
        field_invalid_printed(fe, p, strings_json(fe->arena, &s->cidrs), FIELD_IMMUTABLE);
        return;
    }
    for (uint32_t i = 0; i < was->cidrs.n; i++)
        check_same(fe, PATH_INDEX(p, i), s->cidrs.v[i], was->cidrs.v[i]);
    if (grows)
        check_cidrs(fe, p, s);
}

const struct hooks hooks_networking_v1_servicecidrs = {
    .group = "networking.k8s.io",
    .resource = "servicecidrs",
    .validate_create = range_validate,
    .validate_update = range_validate_update,
};

/* ---- IPAddress ---- */

static void name_is_ip(struct field_errors *fe, const struct field_path *p, str name, bool prefix) {
    (void)prefix;
    field_check_ip_strict(fe, p, name);
}

static void address_validate(struct field_errors *fe, const void *obj) {
    const ParentReference *r = ((const IPAddress *)obj)->spec.parent_ref;
    const struct field_path *p = PATH(PATH(NULL, "spec"), "parentRef");
    if (!r) {
        field_required(fe, p, NULL);
        return;
    }
    check_rows(fe, p, ParentReference, r, "group resource name namespace");
}

static void address_validate_update(struct field_errors *fe, const void *obj, const void *old) {
    check_same_message(fe, PATH(PATH(NULL, "spec"), "parentRef"), &ParentReference_type,
                       ((const IPAddress *)obj)->spec.parent_ref,
                       ((const IPAddress *)old)->spec.parent_ref);
}

const struct hooks hooks_networking_v1_ipaddresses = {
    .group = "networking.k8s.io",
    .resource = "ipaddresses",
    .validate_create = address_validate,
    .validate_update = address_validate_update,
    .validate_name = name_is_ip,
};
