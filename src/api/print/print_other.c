// SPDX-License-Identifier: Apache-2.0
/* Groups with few kinds and plain columns. */
#include "api/print/print_impl.h"

#define SHOWN 3

static void print_name_age(struct row *r, const void *obj) {
    const ObjectMeta *m = obj;
    cell_text(r, m->name);
    cell_age(r, m->creation_timestamp);
}

/* ---- networking, discovery ---- */

static void print_ingress(struct row *r, const void *obj) {
    const Ingress *in = obj;
    str_list hosts = {0}, addresses = {0};
    uint32_t max = 0;
    for (; max < in->spec.rules.n && hosts.n < SHOWN; max++)
        if (in->spec.rules.v[max].host.n)
            list_add(r->arena, &hosts, in->spec.rules.v[max].host);
    str shown = join(r->arena, hosts, ",");
    if (hosts.n == SHOWN && in->spec.rules.n > SHOWN)
        shown =
            str_printf(r->arena, STR_FMT " + %u more...", STR_ARG(shown), in->spec.rules.n - SHOWN);
    for (uint32_t i = 0; i < in->status.load_balancer.ingress.n; i++) {
        const IngressLoadBalancerIngress *l = &in->status.load_balancer.ingress.v[i];
        if (l->ip.n || l->hostname.n)
            list_add(r->arena, &addresses, l->ip.n ? l->ip : l->hostname);
    }
    list_sort_unique(&addresses);
    cell_text(r, in->metadata.name);
    cell_or(r, in->spec.ingress_class_name, "<none>");
    cell_or(r, shown, "*");
    cell_joined(r, &addresses, ",");
    cell_textc(r, in->spec.tls.n ? "80, 443" : "80");
    cell_age(r, in->metadata.creation_timestamp);
}
PRINTER(networking_v1_ingresses, print_ingress, COLUMN_NAME, COLUMN("Class"), COLUMN("Hosts"),
        COLUMN("Address"), COLUMN("Ports"), COLUMN_AGE);

static void print_ingress_class(struct row *r, const void *obj) {
    const IngressClass *c = obj;
    const IngressClassParametersReference *p = c->spec.parameters;
    bool is_default = str_eqc(
        label_get(&c->metadata.annotations, STR("ingressclass.kubernetes.io/is-default-class")),
        "true");
    cell_text(r, is_default ? str_concat(r->arena, c->metadata.name, STR(" (default)"))
                            : c->metadata.name);
    cell_text(r, c->spec.controller);
    if (!p)
        cell_textc(r, "<none>");
    else if (p->api_group.n)
        cell_fmt(r, STR_FMT "." STR_FMT "/" STR_FMT, STR_ARG(p->kind), STR_ARG(p->api_group),
                 STR_ARG(p->name));
    else
        cell_fmt(r, STR_FMT "/" STR_FMT, STR_ARG(p->kind), STR_ARG(p->name));
    cell_age(r, c->metadata.creation_timestamp);
}
PRINTER(networking_v1_ingressclasses, print_ingress_class, COLUMN_NAME, COLUMN("Controller"),
        COLUMN("Parameters"), COLUMN_AGE);

static void print_network_policy(struct row *r, const void *obj) {
    const NetworkPolicy *n = obj;
    cell_text(r, n->metadata.name);
    cell_selector(r, &n->spec.pod_selector);
    cell_age(r, n->metadata.creation_timestamp);
}
PRINTER(networking_v1_networkpolicies, print_network_policy, COLUMN_NAME, COLUMN("Pod-Selector"),
        COLUMN_AGE);

static void print_service_cidr(struct row *r, const void *obj) {
    const ServiceCIDR *c = obj;
    cell_text(r, c->metadata.name);
    cell_joined(r, &c->spec.cidrs, ",");
    cell_age(r, c->metadata.creation_timestamp);
}
PRINTER(networking_v1_servicecidrs, print_service_cidr, COLUMN_NAME, COLUMN("CIDRs"), COLUMN_AGE);

/* Three cells under two columns, as upstream answers. */
static void print_ip_address(struct row *r, const void *obj) {
    const IPAddress *a = obj;
    const ParentReference *p = a->spec.parent_ref;
    str text = STR("<none>");
    if (p) {
        text = str_lower(r->arena, p->resource);
        if (p->group.n)
            text = str_printf(r->arena, STR_FMT "." STR_FMT, STR_ARG(text),
                              STR_ARG(str_lower(r->arena, p->group)));
        if (p->namespace_.n)
            text = str_printf(r->arena, STR_FMT "/" STR_FMT, STR_ARG(text), STR_ARG(p->namespace_));
        text = str_printf(r->arena, STR_FMT "/" STR_FMT, STR_ARG(text), STR_ARG(p->name));
    }
    cell_text(r, a->metadata.name);
    cell_text(r, text);
    cell_age(r, a->metadata.creation_timestamp);
}
PRINTER(networking_v1_ipaddresses, print_ip_address, COLUMN_NAME, COLUMN("ParentRef"));

static str slice_port(struct row *r, const discovery_v1_EndpointPort *p) {
    if (p->port.set)
        return str_printf(r->arena, "%d", p->port.v);
    return p->name.n ? p->name : STR("*");
}

static void print_endpoint_slice(struct row *r, const void *obj) {
    const EndpointSlice *s = obj;
    str_list ports = {0}, addresses = {0};
    for (uint32_t i = 0; i < s->ports.n; i++)
        list_add(r->arena, &ports, slice_port(r, &s->ports.v[i]));
    for (uint32_t i = 0; i < s->endpoints.n; i++)
        for (uint32_t k = 0; k < s->endpoints.v[i].addresses.n; k++)
            list_add(r->arena, &addresses, s->endpoints.v[i].addresses.v[k]);
    cell_text(r, s->metadata.name);
    cell_text(r, s->address_type);
    cell_or(r, join_some(r->arena, ports, SHOWN, ","), "<unset>");
    cell_or(r, join_some(r->arena, addresses, SHOWN, ","), "<unset>");
    cell_age(r, s->metadata.creation_timestamp);
}
PRINTER(discovery_v1_endpointslices, print_endpoint_slice, COLUMN_NAME, COLUMN("AddressType"),
        COLUMN("Ports"), COLUMN("Endpoints"), COLUMN_AGE);

/* ---- RBAC ---- */

/* Names of the subjects of one kind; service accounts with their namespace. */
static void cell_subjects(struct row *r, const Subject *v, uint32_t n, const char *kind) {
    str_list l = {0};
    for (uint32_t i = 0; i < n; i++)
        if (str_eqc(v[i].kind, kind))
            list_add(r->arena, &l,
                     str_eqc(STR("ServiceAccount"), kind)
                         ? str_printf(r->arena, STR_FMT "/" STR_FMT, STR_ARG(v[i].namespace_),
                                      STR_ARG(v[i].name))
                         : v[i].name);
    cell_joined(r, &l, ", ");
}

static void print_binding(struct row *r, const ObjectMeta *m, const RoleRef *ref, const Subject *v,
                          uint32_t n) {
    cell_text(r, m->name);
    cell_fmt(r, STR_FMT "/" STR_FMT, STR_ARG(ref->kind), STR_ARG(ref->name));
    cell_age(r, m->creation_timestamp);
    cell_subjects(r, v, n, "User");
    cell_subjects(r, v, n, "Group");
    cell_subjects(r, v, n, "ServiceAccount");
}

static void print_role_binding(struct row *r, const void *obj) {
    const RoleBinding *b = obj;
    print_binding(r, &b->metadata, &b->role_ref, b->subjects.v, b->subjects.n);
}
PRINTER(rbac_v1_rolebindings, print_role_binding, COLUMN_NAME, COLUMN("Role"), COLUMN_AGE,
        COLUMN_WIDE("Users"), COLUMN_WIDE("Groups"), COLUMN_WIDE("ServiceAccounts"));

static void print_cluster_role_binding(struct row *r, const void *obj) {
    const ClusterRoleBinding *b = obj;
    print_binding(r, &b->metadata, &b->role_ref, b->subjects.v, b->subjects.n);
}
PRINTER(rbac_v1_clusterrolebindings, print_cluster_role_binding, COLUMN_NAME, COLUMN("Role"),
        COLUMN_AGE, COLUMN_WIDE("Users"), COLUMN_WIDE("Groups"), COLUMN_WIDE("ServiceAccounts"));

/* ---- certificates, coordination, scheduling, node ---- */

static str request_condition(struct row *r, const CertificateSigningRequest *c) {
    bool approved = false, denied = false, failed = false;
    for (uint32_t i = 0; i < c->status.conditions.n; i++) {
        approved |= str_eqc(c->status.conditions.v[i].type, "Approved");
        denied |= str_eqc(c->status.conditions.v[i].type, "Denied");
        failed |= str_eqc(c->status.conditions.v[i].type, "Failed");
    }
    return str_printf(r->arena, "%s%s%s",
                      denied     ? "Denied"
                      : approved ? "Approved"
                                 : "Pending",
                      failed ? ",Failed" : "", c->status.certificate.n ? ",Issued" : "");
}

static void print_request(struct row *r, const void *obj) {
    const CertificateSigningRequest *c = obj;
    cell_text(r, c->metadata.name);
    cell_age(r, c->metadata.creation_timestamp);
    cell_or(r, c->spec.signer_name, "<none>");
    cell_text(r, c->spec.username);
    struct buf b;
    buf_init(&b, 0);
    if (c->spec.expiration_seconds.set)
        print_duration(&b, c->spec.expiration_seconds.v);
    cell_or(r, buf_str(&b), "<none>");
    buf_done(&b);
    cell_text(r, request_condition(r, c));
}
PRINTER(certificates_v1_certificatesigningrequests, print_request, COLUMN_NAME, COLUMN_AGE,
        COLUMN("SignerName"), COLUMN("Requestor"), COLUMN("RequestedDuration"),
        COLUMN("Condition"));

static void print_lease(struct row *r, const void *obj) {
    const Lease *l = obj;
    cell_text(r, l->metadata.name);
    cell_text(r, l->spec.holder_identity);
    cell_age(r, l->metadata.creation_timestamp);
}
PRINTER(coordination_v1_leases, print_lease, COLUMN_NAME, COLUMN("Holder"), COLUMN_AGE);

static void print_priority_class(struct row *r, const void *obj) {
    const PriorityClass *c = obj;
    cell_text(r, c->metadata.name);
    cell_int(r, c->value);
    cell_bool(r, c->global_default);
    cell_age(r, c->metadata.creation_timestamp);
    cell_text(r, c->preemption_policy);
}
PRINTER(scheduling_v1_priorityclasses, print_priority_class, COLUMN_NAME, COLUMN_INT("Value"),
        COLUMN_BOOL("Global-Default"), COLUMN_AGE, COLUMN("PreemptionPolicy"));

static void print_runtime_class(struct row *r, const void *obj) {
    const RuntimeClass *c = obj;
    cell_text(r, c->metadata.name);
    cell_text(r, c->handler);
    cell_age(r, c->metadata.creation_timestamp);
}
PRINTER(node_v1_runtimeclasses, print_runtime_class, COLUMN_NAME, COLUMN("Handler"), COLUMN_AGE);

/* ---- flow control, API services ---- */

static void print_flow_schema(struct row *r, const void *obj) {
    const FlowSchema *f = obj;
    str dangling = STR("?");
    for (uint32_t i = 0; i < f->status.conditions.n; i++)
        if (str_eqc(f->status.conditions.v[i].type, "Dangling"))
            dangling = f->status.conditions.v[i].status;
    cell_text(r, f->metadata.name);
    cell_text(r, f->spec.priority_level_configuration.name);
    cell_int(r, f->spec.matching_precedence);
    cell_or(r, f->spec.distinguisher_method ? f->spec.distinguisher_method->type : STR_NONE,
            "<none>");
    cell_age(r, f->metadata.creation_timestamp);
    cell_text(r, dangling);
}
PRINTER(flowcontrol_v1_flowschemas, print_flow_schema, COLUMN_NAME, COLUMN("PriorityLevel"),
        COLUMN("MatchingPrecedence"), COLUMN("DistinguisherMethod"), COLUMN_AGE,
        COLUMN("MissingPL"));

static void print_priority_level(struct row *r, const void *obj) {
    const PriorityLevelConfiguration *p = obj;
    const LimitedPriorityLevelConfiguration *l = p->spec.limited;
    const QueuingConfiguration *q = l ? l->limit_response.queuing : NULL;
    cell_text(r, p->metadata.name);
    cell_text(r, p->spec.type);
    if (l)
        cell_int(r, opt_or(l->nominal_concurrency_shares, 0));
    else
        cell_textc(r, "<none>");
    if (q) {
        cell_int(r, q->queues);
        cell_int(r, q->hand_size);
        cell_int(r, q->queue_length_limit);
    }
    for (int i = 0; !q && i < 3; i++)
        cell_textc(r, "<none>");
    cell_age(r, p->metadata.creation_timestamp);
}
PRINTER(flowcontrol_v1_prioritylevelconfigurations, print_priority_level, COLUMN_NAME,
        COLUMN("Type"), COLUMN("NominalConcurrencyShares"), COLUMN("Queues"), COLUMN("HandSize"),
        COLUMN("QueueLengthLimit"), COLUMN_AGE);

static void print_api_service(struct row *r, const void *obj) {
    const APIService *s = obj;
    const APIServiceCondition *available = NULL;
    for (uint32_t i = 0; i < s->status.conditions.n; i++)
        if (str_eqc(s->status.conditions.v[i].type, "Available"))
            available = &s->status.conditions.v[i];
    cell_text(r, s->metadata.name);
    if (s->spec.service)
        cell_fmt(r, STR_FMT "/" STR_FMT, STR_ARG(s->spec.service->namespace_),
                 STR_ARG(s->spec.service->name));
    else
        cell_textc(r, "Local");
    if (!available)
        cell_textc(r, "Unknown");
    else if (str_eqc(available->status, "True"))
        cell_text(r, available->status);
    else
        cell_fmt(r, STR_FMT " (" STR_FMT ")", STR_ARG(available->status),
                 STR_ARG(available->reason));
    cell_age(r, s->metadata.creation_timestamp);
}
PRINTER(apiregistration_v1_apiservices, print_api_service, COLUMN_NAME, COLUMN("Service"),
        COLUMN("Available"), COLUMN_AGE);

/* ---- dynamic resources ---- */

PRINTER(resource_v1_deviceclasses, print_name_age, COLUMN_NAME, COLUMN_AGE);
PRINTER(resource_v1_resourceclaimtemplates, print_name_age, COLUMN_NAME, COLUMN_AGE);

static void print_claim(struct row *r, const void *obj) {
    const resource_v1_ResourceClaim *c = obj;
    bool deleted = c->metadata.deletion_timestamp.set, allocated = c->status.allocation != NULL;
    str_list states = {0};
    if (deleted)
        list_add(r->arena, &states, STR("deleted"));
    if (allocated)
        list_add(r->arena, &states, STR("allocated"));
    if (allocated && c->status.reserved_for.n)
        list_add(r->arena, &states, STR("reserved"));
    if (!deleted && !allocated)
        list_add(r->arena, &states, STR("pending"));
    cell_text(r, c->metadata.name);
    cell_joined(r, &states, ",");
    cell_age(r, c->metadata.creation_timestamp);
}
PRINTER(resource_v1_resourceclaims, print_claim, COLUMN_NAME, COLUMN("State"), COLUMN_AGE);

static void print_slice(struct row *r, const void *obj) {
    const ResourceSlice *s = obj;
    cell_text(r, s->metadata.name);
    cell_text(r, s->spec.node_name);
    cell_text(r, s->spec.driver);
    cell_text(r, s->spec.pool.name);
    cell_age(r, s->metadata.creation_timestamp);
}
PRINTER(resource_v1_resourceslices, print_slice, COLUMN_NAME, COLUMN("Node"), COLUMN("Driver"),
        COLUMN("Pool"), COLUMN_AGE);
