// SPDX-License-Identifier: Apache-2.0
/* What becomes of a service's fields before and after addresses and ports are given: pure functions
 * of the new service, the old one and what the cluster has. */
#pragma once

#include "api/types.h"
#include "apiserver/alloc/ports.h"
#include "schema/ops.h"

struct ip_families {
    const char *v[2]; /* "IPv4", "IPv6": the cluster's own first */
    unsigned n;
};

static inline bool service_is(const Service *s, const char *type) {
    return str_eqc(s->spec.type, type);
}
static inline bool service_headless(const Service *s) {
    return str_eqc(s->spec.cluster_ip, "None");
}
bool service_has_address(const Service *s); /* of a type that has cluster IPs, or None */
bool service_has_ports(const Service *s);   /* of a type that has node ports */
bool service_has_health_port(const Service *s);
/* Those it has by its type, that of its health checks too; s NULL: none. */
struct node_ports service_node_ports(const Service *s);

/* clusterIP and clusterIPs say the same. old NULL: create. */
void service_normalise(struct arena *a, Service *s, const Service *old);
/* Allocated values that an update does not repeat stay. */
void service_patch(struct arena *a, Service *s, const Service *old);
/* What the type no longer has goes, unless the client changed it. */
void service_drop(Service *s, const Service *old);
/* Defaults and checks of ipFamilyPolicy, ipFamilies and clusterIPs; lists are copied before they
 * change. No errors: every family listed is one of the cluster's, or the service is headless. */
void service_families(struct field_errors *fe, const struct ip_families *cluster, Service *s,
                      const Service *old);
/* ["10.0.0.1"] as field errors show it. */
str service_addresses_text(struct arena *a, const Service *s);
