// SPDX-License-Identifier: Apache-2.0
/* Services and their addresses agree, whatever crashed and whoever deletes addresses by hand.
 *
 * At the start everything is compared; nothing is under way then. Afterwards a change of any
 * address has a round follow it some minutes later: an address that a service has and nobody holds
 * for it is made again, one that stands for no service goes once it is too old to be of a write
 * that is under way. What is found is told in events, upstream's (ipallocator-repair-controller).
 * Node ports need no rounds: nobody but the allocator can change the bitmap. */
#include "api/object.h"
#include "api/selector.h"
#include "apiserver/alloc/alloc.h"
#include "apiserver/chore.h"
#include "apiserver/hook_env.h"

#define ADDRESSES  RESOURCE_OF(networking_v1_ipaddresses)
#define SERVICES   RESOURCE_OF(core_v1_services)
#define CONTROLLER "ipallocator-repair-controller"

struct round {
    bool at_start;
    bool young; /* some address may yet turn out to have leaked */
};

void alloc_visit(struct apiserver *s, const struct api_resource *res,
                 void (*each)(struct apiserver *, struct arena *, void *obj, void *ctx),
                 void *ctx) {
    struct store_snapshot *sn = NULL;
    if (store_snapshot(s->store, res, 0, &sn) < 0)
        return;
    struct arena a;
    arena_init(&a, 0);
    str prefix = str_of(res->prefix);
    const struct object *o = store_snapshot_seek(sn, prefix, prefix, false);
    for (; o; o = store_snapshot_next(sn)) {
        each(s, &a, object_decode(&a, o), ctx);
        arena_reset(&a);
    }
    arena_done(&a);
    store_snapshot_free(sn);
}

/* ---- events ---- */

static void tell(struct apiserver *s, struct arena *a, const struct api_resource *res,
                 const ObjectMeta *about, const char *reason, const char *action, str note) {
    int64_t now = env_wall(s->env);
    str ns = about->namespace_.n ? about->namespace_ : STR("default"), uid = new_uid(s->env, a);
    Event e = {
        .metadata = {.name = uid,
                     .namespace_ = ns,
                     .uid = uid,
                     .creation_timestamp = time_of_ns(now)},
        .involved_object = {.kind = str_of(res->kind),
                            .api_version = res->group[0]
                                               ? str_printf(a, "%s/%s", res->group, res->version)
                                               : str_of(res->version),
                            .namespace_ = about->namespace_,
                            .name = about->name,
                            .uid = about->uid,
                            .resource_version = about->resource_version},
        .reason = str_of(reason),
        .message = note,
        .type = STR("Warning"),
        .event_time = time_of_ns(now),
        .action = str_of(action),
        .reporting_controller = STR(CONTROLLER),
        .reporting_instance = STR(CONTROLLER),
    };
    struct object *o = object_new(RESOURCE_OF(core_v1_events), &e);
    chore_start(s, RESOURCE_OF(core_v1_events), o->key, o, STORE_ABSENT);
    object_unref(o);
    log_warn(s->env, STR_FMT, STR_ARG(note));
}

/* ---- what services have ---- */

static bool is_for(const IPAddress *ip, const Service *svc) {
    const ParentReference *p = ip->spec.parent_ref;
    return p && !p->group.n && str_eqc(p->resource, "services") &&
           str_eq(p->namespace_, svc->metadata.namespace_) && str_eq(p->name, svc->metadata.name);
}

static bool service_has(const Service *svc, const struct ip *of) {
    struct ip has;
    for (uint32_t i = 0; svc && i < svc->spec.cluster_ips.n; i++)
        if (ip_parse(svc->spec.cluster_ips.v[i], &has) && ip_eq(&has, of))
            return true;
    return false;
}

/* It may be of a write that is under way. */
static bool is_young(struct apiserver *s, struct round *r, const IPAddress *ip) {
    bool young =
        !r->at_start &&
        env_wall(s->env) - ip->metadata.creation_timestamp.sec * NSEC_PER_SEC < ALLOC_LEAK_NS;
    r->young |= young;
    return young;
}

static const Service *service_of(struct apiserver *s, struct arena *a, const IPAddress *ip) {
    const ParentReference *p = ip->spec.parent_ref;
    if (!p || p->group.n || !str_eqc(p->resource, "services"))
        return NULL;
    struct object *o =
        store_get(s->store, SERVICES, object_key(a, SERVICES, p->namespace_, p->name));
    return o ? object_decode(a, o) : NULL;
}

static void make(struct apiserver *s, struct arena *a, const Service *svc, str ip, bool at_start) {
    IPAddress *o = alloc_object(s, a, ip, svc->metadata.namespace_, svc->metadata.name);
    if (at_start) {
        bootstrap_object(s, ADDRESSES, o);
        return;
    }
    struct object *made = object_new(ADDRESSES, o);
    chore_start(s, ADDRESSES, made->key, made, STORE_ABSENT);
    object_unref(made);
}

static void check_address(struct apiserver *s, struct arena *a, const Service *svc, str text,
                          struct round *r) {
    struct ip ip;
    if (!ip_parse(text, &ip))
        return;
    const char *family = ip_is_v4(&ip) ? "IPv4" : "IPv6";
    const struct object *o = store_get_tip(s->store, ADDRESSES, alloc_key(a, text));
    if (!o) {
        make(s, a, svc, text, r->at_start);
        if (!r->at_start)
            tell(s, a, SERVICES, &svc->metadata, "ClusterIPNotAllocated", "ClusterIPAllocation",
                 str_printf(a, "Cluster IP [%s]: " STR_FMT " is not allocated; repairing", family,
                            STR_ARG(text)));
        return;
    }
    const IPAddress *there = object_decode(a, o);
    if (r->at_start || is_for(there, svc) || is_young(s, r, there))
        return;
    if (service_has(service_of(s, a, there), &ip)) {
        tell(s, a, SERVICES, &svc->metadata, "ClusterIPAlreadyAllocated", "ClusterIPAllocation",
             str_printf(a,
                        "Cluster IP [%s]:" STR_FMT
                        " was assigned to multiple services; please recreate service",
                        family, STR_ARG(text)));
        return;
    }
    /* It goes now; the round that follows that change makes the right one. */
    tell(s, a, SERVICES, &svc->metadata, "ClusterIPNotAllocated", "ClusterIPAllocation",
         str_printf(a,
                    "the ClusterIP [%s]: " STR_FMT " for Service " STR_FMT "/" STR_FMT
                    " has a wrong reference; repairing",
                    family, STR_ARG(text), STR_ARG(svc->metadata.namespace_),
                    STR_ARG(svc->metadata.name)));
    chore_start(s, ADDRESSES, o->key, NULL, o->revision);
}

static void each_service(struct apiserver *s, struct arena *a, void *obj, void *ctx) {
    const Service *svc = obj;
    for (uint32_t i = 0; !service_is(svc, "ExternalName") && i < svc->spec.cluster_ips.n; i++)
        check_address(s, a, svc, svc->spec.cluster_ips.v[i], ctx);
}

/* ---- what addresses stand for ---- */

static bool is_ours(const IPAddress *ip) {
    return str_eqc(label_get(&ip->metadata.labels, STR("ipaddress.kubernetes.io/managed-by")),
                   "ipallocator.k8s.io");
}

static void leaked(struct apiserver *s, struct arena *a, const IPAddress *ip, bool has_service) {
    const ParentReference *p = ip->spec.parent_ref;
    str who =
        p ? str_printf(a, STR_FMT "/" STR_FMT, STR_ARG(p->namespace_), STR_ARG(p->name)) : STR("/");
    tell(s, a, ADDRESSES, &ip->metadata,
         has_service ? "IPAddressWrongReference" : "IPAddressNotAllocated", "IPAddressAllocation",
         str_printf(a, "IPAddress: " STR_FMT " for Service " STR_FMT " %s; cleaning up",
                    STR_ARG(ip->metadata.name), STR_ARG(who),
                    has_service ? "has a wrong reference" : "appears to have leaked"));
}

static void each_address(struct apiserver *s, struct arena *a, void *obj, void *ctx) {
    struct round *r = ctx;
    const IPAddress *ip = obj;
    const Service *svc = service_of(s, a, ip);
    struct ip parsed;
    if (!is_ours(ip) || !ip_parse(ip->metadata.name, &parsed) || service_has(svc, &parsed))
        return;
    if (is_young(s, r, ip))
        return;
    const struct object *o = store_get(s->store, ADDRESSES, alloc_key(a, ip->metadata.name));
    if (!o)
        return;
    chore_start(s, ADDRESSES, o->key, NULL, o->revision);
    if (!r->at_start)
        leaked(s, a, ip, svc != NULL);
}

/* ---- rounds ---- */

static void on_change(void *ctx) {
    struct alloc_repair *r = ctx;
    r->addresses = store_watch_free(r->addresses);
    timer_start(r->server->loop, &r->timer, ALLOC_REPAIR_NS);
}

static void run(struct alloc_repair *r, bool at_start) {
    struct apiserver *s = r->server;
    struct round round = {.at_start = at_start};
    struct store_watch_options o = {
        .resource = ADDRESSES, .after = store_revision(s->store), .ready = on_change, .ctx = r};
    alloc_visit(s, SERVICES, each_service, &round);
    alloc_visit(s, ADDRESSES, each_address, &round);
    if (round.young || store_watch_new(s->store, &o, &r->addresses) < 0)
        timer_start(s->loop, &r->timer, ALLOC_REPAIR_NS);
}

static void on_timer(struct timer *t) {
    run(container_of(t, struct alloc_repair, timer), false);
}

void alloc_repair_start(struct apiserver *s) {
    struct alloc_repair *r = &s->alloc->repair;
    *r = (struct alloc_repair){.server = s, .timer = {.fire = on_timer}};
    run(r, true);
}

void alloc_repair_stop(struct apiserver *s) {
    struct alloc_repair *r = &s->alloc->repair;
    timer_stop(s->loop, &r->timer);
    r->addresses = store_watch_free(r->addresses);
}
