// SPDX-License-Identifier: Apache-2.0
/* Core kinds but pods and storage. */
#include "api/print/print_impl.h"

static void print_name_age(struct row *r, const void *obj) {
    const ObjectMeta *m = obj;
    cell_text(r, m->name);
    cell_age(r, m->creation_timestamp);
}
PRINTER(core_v1_serviceaccounts, print_name_age, COLUMN_NAME, COLUMN_AGE);

static void print_config_map(struct row *r, const void *obj) {
    const ConfigMap *c = obj;
    cell_text(r, c->metadata.name);
    cell_int(r, (int64_t)c->data.n + c->binary_data.n);
    cell_age(r, c->metadata.creation_timestamp);
}
PRINTER(core_v1_configmaps, print_config_map, COLUMN_NAME, COLUMN("Data"), COLUMN_AGE);

static void print_secret(struct row *r, const void *obj) {
    const Secret *s = obj;
    cell_text(r, s->metadata.name);
    cell_text(r, s->type);
    cell_int(r, s->data.n);
    cell_age(r, s->metadata.creation_timestamp);
}
PRINTER(core_v1_secrets, print_secret, COLUMN_NAME, COLUMN("Type"), COLUMN("Data"), COLUMN_AGE);

static void print_namespace(struct row *r, const void *obj) {
    const Namespace *n = obj;
    cell_text(r, n->metadata.name);
    cell_text(r, n->status.phase);
    cell_age(r, n->metadata.creation_timestamp);
}
PRINTER(core_v1_namespaces, print_namespace, COLUMN_NAME, COLUMN("Status"), COLUMN_AGE);

/* ---- nodes ---- */

static str node_status(struct row *r, const Node *n) {
    str s = STR("Unknown");
    for (uint32_t i = 0; i < n->status.conditions.n; i++)
        if (str_eqc(n->status.conditions.v[i].type, "Ready"))
            s = str_eqc(n->status.conditions.v[i].status, "True") ? STR("Ready") : STR("NotReady");
    return n->spec.unschedulable ? str_concat(r->arena, s, STR(",SchedulingDisabled")) : s;
}

static str node_roles(struct row *r, const Node *n) {
    const str prefix = STR("node-role.kubernetes.io/");
    str_list roles = {0};
    for (uint32_t i = 0; i < n->metadata.labels.n; i++) {
        const struct str_pair *l = &n->metadata.labels.v[i];
        if (str_starts(l->key, prefix) && l->key.n > prefix.n)
            list_add(r->arena, &roles, str_slice(l->key, prefix.n, l->key.n));
        else if (str_eqc(l->key, "kubernetes.io/role") && l->value.n)
            list_add(r->arena, &roles, l->value);
    }
    list_sort_unique(&roles);
    return join(r->arena, roles, ",");
}

static str node_address(const Node *n, const char *type) {
    for (uint32_t i = 0; i < n->status.addresses.n; i++)
        if (str_eqc(n->status.addresses.v[i].type, type))
            return n->status.addresses.v[i].address;
    return STR_NONE;
}

static void print_node(struct row *r, const void *obj) {
    const Node *n = obj;
    const NodeSystemInfo *info = &n->status.node_info;
    cell_text(r, n->metadata.name);
    cell_text(r, node_status(r, n));
    cell_or(r, node_roles(r, n), "<none>");
    cell_age(r, n->metadata.creation_timestamp);
    cell_text(r, info->kubelet_version);
    cell_or(r, node_address(n, "InternalIP"), "<none>");
    cell_or(r, node_address(n, "ExternalIP"), "<none>");
    cell_or(r, info->os_image, "<unknown>");
    str kernel = info->kernel_version.n ? info->kernel_version : STR("<unknown>");
    if (info->architecture.n)
        cell_fmt(r, STR_FMT " (" STR_FMT ")", STR_ARG(kernel), STR_ARG(info->architecture));
    else
        cell_text(r, kernel);
    cell_or(r, info->container_runtime_version, "<unknown>");
}
PRINTER(core_v1_nodes, print_node, COLUMN_NAME, COLUMN("Status"), COLUMN("Roles"), COLUMN_AGE,
        COLUMN("Version"), COLUMN_WIDE("Internal-IP"), COLUMN_WIDE("External-IP"),
        COLUMN_WIDE("OS-Image"), COLUMN_WIDE("Kernel-Version"), COLUMN_WIDE("Container-Runtime"));

/* ---- services and endpoints ---- */

static str balancer_addresses(struct row *r, const LoadBalancerStatus *s) {
    str_list l = {0};
    for (uint32_t i = 0; i < s->ingress.n; i++) {
        const LoadBalancerIngress *in = &s->ingress.v[i];
        if (in->ip.n || in->hostname.n)
            list_add(r->arena, &l, in->ip.n ? in->ip : in->hostname);
    }
    list_sort_unique(&l);
    return join(r->arena, l, ",");
}

static void cell_external(struct row *r, const Service *s) {
    const ServiceSpec *spec = &s->spec;
    str external = join(r->arena, spec->external_ips, ",");
    if (str_eqc(spec->type, "ClusterIP") || str_eqc(spec->type, "NodePort")) {
        cell_or(r, external, "<none>");
    } else if (str_eqc(spec->type, "LoadBalancer")) {
        str given = balancer_addresses(r, &s->status.load_balancer);
        if (given.n && external.n)
            given = str_printf(r->arena, STR_FMT "," STR_FMT, STR_ARG(given), STR_ARG(external));
        else if (external.n)
            given = external;
        cell_or(r, given, "<pending>");
    } else if (str_eqc(spec->type, "ExternalName")) {
        cell_text(r, spec->external_name);
    } else {
        cell_textc(r, "<unknown>");
    }
}

static void print_service(struct row *r, const void *obj) {
    const Service *s = obj;
    str_list ports = {0};
    for (uint32_t i = 0; i < s->spec.ports.n; i++) {
        const ServicePort *p = &s->spec.ports.v[i];
        list_add(r->arena, &ports,
                 p->node_port ? str_printf(r->arena, "%d:%d/" STR_FMT, p->port, p->node_port,
                                           STR_ARG(p->protocol))
                              : str_printf(r->arena, "%d/" STR_FMT, p->port, STR_ARG(p->protocol)));
    }
    cell_text(r, s->metadata.name);
    cell_text(r, s->spec.type);
    cell_or(r, s->spec.cluster_ips.n ? s->spec.cluster_ips.v[0] : STR_NONE, "<none>");
    cell_external(r, s);
    cell_or(r, join(r->arena, ports, ","), "<none>");
    cell_age(r, s->metadata.creation_timestamp);
    cell_map(r, &s->spec.selector);
}
PRINTER(core_v1_services, print_service, COLUMN_NAME, COLUMN("Type"), COLUMN("Cluster-IP"),
        COLUMN("External-IP"), COLUMN("Port(s)"), COLUMN_AGE, COLUMN_WIDE("Selector"));

#define ENDPOINTS_SHOWN 3

static void subset_texts(struct row *r, const EndpointSubset *s, str_list *l) {
    for (uint32_t i = 0; !s->ports.n && i < s->addresses.n; i++)
        list_add(r->arena, l, s->addresses.v[i].ip);
    for (uint32_t p = 0; p < s->ports.n; p++)
        for (uint32_t i = 0; i < s->addresses.n; i++) {
            str ip = s->addresses.v[i].ip;
            list_add(r->arena, l,
                     str_chr(ip, ':') >= 0
                         ? str_printf(r->arena, "[" STR_FMT "]:%d", STR_ARG(ip), s->ports.v[p].port)
                         : str_printf(r->arena, STR_FMT ":%d", STR_ARG(ip), s->ports.v[p].port));
        }
}

static void print_endpoints(struct row *r, const void *obj) {
    const Endpoints *e = obj;
    str_list l = {0};
    for (uint32_t i = 0; i < e->subsets.n; i++)
        subset_texts(r, &e->subsets.v[i], &l);
    cell_text(r, e->metadata.name);
    if (e->subsets.n)
        cell_text(r, join_some(r->arena, l, ENDPOINTS_SHOWN, ","));
    else
        cell_textc(r, "<none>");
    cell_age(r, e->metadata.creation_timestamp);
}
PRINTER(core_v1_endpoints, print_endpoints, COLUMN_NAME, COLUMN("Endpoints"), COLUMN_AGE);

/* ---- events ---- */

static void print_event(struct row *r, const void *obj) {
    const Event *e = obj;
    Time first = e->first_timestamp.set ? e->first_timestamp : e->event_time, last = first;
    if (e->series)
        last = e->series->last_observed_time;
    else if (e->last_timestamp.set)
        last = e->last_timestamp;
    str component = e->source.component.n ? e->source.component : e->reporting_controller;
    str host = e->source.host.n ? e->source.host : e->reporting_instance;
    str kind = str_lower(r->arena, e->involved_object.kind);
    cell_age(r, last);
    cell_text(r, e->type);
    cell_text(r, e->reason);
    if (e->involved_object.name.n)
        kind = str_printf(r->arena, STR_FMT "/" STR_FMT, STR_ARG(kind),
                          STR_ARG(e->involved_object.name));
    cell_text(r, kind);
    cell_text(r, e->involved_object.field_path);
    if (host.n)
        component = str_printf(r->arena, STR_FMT ", " STR_FMT, STR_ARG(component), STR_ARG(host));
    cell_text(r, component);
    str message = e->message;
    while (message.n && strchr(" \t\r\n", message.p[message.n - 1]))
        message.n--;
    while (message.n && strchr(" \t\r\n", message.p[0]))
        message = str_slice(message, 1, message.n);
    cell_text(r, message);
    cell_age(r, first);
    cell_int(r, e->series ? e->series->count : e->count ? e->count : 1);
    cell_text(r, e->metadata.name);
}
PRINTER(core_v1_events, print_event, COLUMN("Last Seen"), COLUMN("Type"), COLUMN("Reason"),
        COLUMN("Object"), COLUMN_WIDE("Subobject"), COLUMN_WIDE("Source"), COLUMN("Message"),
        COLUMN_WIDE("First Seen"), COLUMN_WIDE("Count"), {"Name", "string", "name", "", 1});

/* ---- quotas, component statuses ---- */

static void print_quota(struct row *r, const void *obj) {
    const ResourceQuota *q = obj;
    str_list requests = {0}, limits = {0};
    for (uint32_t i = 0; i < q->status.hard.n; i++) {
        const struct str_pair *h = &q->status.hard.v[i];
        str used = label_get(&q->status.used, h->key);
        str text = str_printf(r->arena, STR_FMT ": " STR_FMT "/" STR_FMT, STR_ARG(h->key),
                              STR_ARG(used.n ? used : STR("0")), STR_ARG(h->value));
        list_add(r->arena, str_starts(h->key, STR("limits.")) ? &limits : &requests, text);
    }
    cell_text(r, q->metadata.name);
    cell_joined(r, &requests, ", ");
    cell_joined(r, &limits, ", ");
    cell_age(r, q->metadata.creation_timestamp);
}
PRINTER(core_v1_resourcequotas, print_quota, COLUMN_NAME, COLUMN("Request"), COLUMN("Limit"),
        COLUMN_AGE);

static void print_component(struct row *r, const void *obj) {
    const ComponentStatus *c = obj;
    const ComponentCondition *healthy = NULL;
    for (uint32_t i = 0; i < c->conditions.n; i++)
        if (str_eqc(c->conditions.v[i].type, "Healthy"))
            healthy = &c->conditions.v[i];
    cell_text(r, c->metadata.name);
    cell_textc(r, !healthy                           ? "Unknown"
                  : str_eqc(healthy->status, "True") ? "Healthy"
                                                     : "Unhealthy");
    cell_text(r, healthy ? healthy->message : STR_NONE);
    cell_text(r, healthy ? healthy->error : STR_NONE);
}
PRINTER(core_v1_componentstatuses, print_component, COLUMN_NAME, COLUMN("Status"),
        COLUMN("Message"), COLUMN("Error"));

static void print_rc(struct row *r, const void *obj) {
    static const PodSpec none;
    const ReplicationController *c = obj;
    cell_text(r, c->metadata.name);
    cell_int(r, opt_or(c->spec.replicas, 0));
    cell_int(r, c->status.replicas);
    cell_int(r, c->status.ready_replicas);
    cell_age(r, c->metadata.creation_timestamp);
    cells_containers(r, c->spec.template_ ? &c->spec.template_->spec : &none);
    cell_map(r, &c->spec.selector);
}
PRINTER(core_v1_replicationcontrollers, print_rc, COLUMN_NAME, COLUMN_INT("Desired"),
        COLUMN_INT("Current"), COLUMN_INT("Ready"), COLUMN_AGE, COLUMN_WIDE("Containers"),
        COLUMN_WIDE("Images"), COLUMN_WIDE("Selector"));
