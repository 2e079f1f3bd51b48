// SPDX-License-Identifier: Apache-2.0
/* The allocator itself: ranges, what the store holds at start, and repair of what a crash left. */
#include "apiserver/alloc/alloc.h"

#include <stdlib.h>

#include "api/object.h"

static int read_ranges(struct allocator *al, const char *cidrs, struct err *e) {
    str rest = str_of(cidrs && cidrs[0] ? cidrs : SERVICE_CIDR_DEFAULT);
    while (rest.n) {
        str text = str_trim(str_cut(&rest, ','));
        unsigned n = al->families.n;
        if (n == 2 || !cidr_parse(text, &al->ranges[n], NULL))
            return err_set(e, -EINVAL, "--service-cluster-ip-range: \"" STR_FMT "\": %s",
                           STR_ARG(text), n == 2 ? "at most two blocks" : "no block of addresses");
        al->families.v[n] = ip_is_v4(&al->ranges[n].ip) ? "IPv4" : "IPv6";
        if (n && strcmp(al->families.v[0], al->families.v[1]) == 0)
            return err_set(e, -EINVAL, "--service-cluster-ip-range: two blocks of one family");
        al->families.n++;
    }
    return 0;
}

/* Ports into the bitmap, addresses that have no object get one. */
static void take_up(struct apiserver *s, const Service *svc) {
    struct allocator *al = s->alloc;
    struct arena *a = arena_new(0);
    for (uint32_t i = 0; service_has_ports(svc) && i < svc->spec.ports.n; i++)
        if (node_port_valid(svc->spec.ports.v[i].node_port))
            node_port_take(&al->ports, svc->spec.ports.v[i].node_port);
    if (service_has_health_port(svc) && node_port_valid(svc->spec.health_check_node_port))
        node_port_take(&al->ports, svc->spec.health_check_node_port);
    for (uint32_t i = 0; i < svc->spec.cluster_ips.n; i++) {
        str ip = svc->spec.cluster_ips.v[i];
        if (str_eqc(ip, "None") || service_is(svc, "ExternalName"))
            continue;
        const struct api_resource *res = RESOURCE_OF(networking_v1_ipaddresses);
        if (!store_get(s->store, res, alloc_key(a, ip)))
            bootstrap_object(s, res,
                             alloc_object(s, a, ip, svc->metadata.namespace_, svc->metadata.name));
    }
    arena_free(a);
}

/* The service that an address object names has it. */
static bool is_used(struct apiserver *s, struct arena *a, const IPAddress *ip) {
    const struct api_resource *res = RESOURCE_OF(core_v1_services);
    const ParentReference *p = ip->spec.parent_ref;
    struct object *o = store_get(s->store, res, object_key(a, res, p->namespace_, p->name));
    const Service *svc = o ? object_decode(a, o) : NULL;
    struct ip has, of;
    if (!ip_parse(ip->metadata.name, &of))
        return false;
    for (uint32_t i = 0; svc && i < svc->spec.cluster_ips.n; i++)
        if (ip_parse(svc->spec.cluster_ips.v[i], &has) && ip_eq(&has, &of))
            return true;
    return false;
}

static bool is_ours(const IPAddress *ip) {
    const str_map *l = &ip->metadata.labels;
    if (!ip->spec.parent_ref || !str_eqc(ip->spec.parent_ref->resource, "services"))
        return false;
    for (uint32_t i = 0; i < l->n; i++)
        if (str_eqc(l->v[i].key, "ipaddress.kubernetes.io/managed-by"))
            return str_eqc(l->v[i].value, "ipallocator.k8s.io");
    return false;
}

static void visit(struct apiserver *s, const struct api_resource *res,
                  void (*each)(struct apiserver *, struct arena *, void *)) {
    struct store_snapshot *sn = NULL;
    if (store_snapshot(s->store, res, 0, &sn) < 0)
        return;
    struct arena a;
    arena_init(&a, 0);
    str prefix = str_of(res->prefix);
    const struct object *o = store_snapshot_seek(sn, prefix, prefix, false);
    for (; o; o = store_snapshot_next(sn)) {
        each(s, &a, object_decode(&a, o));
        arena_reset(&a);
    }
    arena_done(&a);
    store_snapshot_free(sn);
}

static void each_service(struct apiserver *s, struct arena *a, void *obj) {
    take_up(s, obj);
}

static void each_address(struct apiserver *s, struct arena *a, void *obj) {
    const IPAddress *ip = obj;
    if (is_ours(ip) && !is_used(s, a, ip))
        alloc_give(s, a, ip->metadata.name, ip->spec.parent_ref->namespace_,
                   ip->spec.parent_ref->name);
}

int allocator_new(struct apiserver *s, const char *cidrs, struct err *e) {
    struct allocator *al = xcalloc(1, sizeof(*al));
    int r = read_ranges(al, cidrs, e);
    if (r < 0) {
        free(al);
        return r;
    }
    s->alloc = al;
    visit(s, RESOURCE_OF(core_v1_services), each_service);
    visit(s, RESOURCE_OF(networking_v1_ipaddresses), each_address);
    return 0;
}

void allocator_free(struct apiserver *s) {
    free(s->alloc);
    s->alloc = NULL;
}
