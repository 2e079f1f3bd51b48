// SPDX-License-Identifier: Apache-2.0
/* One service write and what it takes. */
#include "api/object.h"
#include "apiserver/alloc/alloc.h"
#include "apiserver/chore.h"
#include "apiserver/nonresource/metrics.h"
#include "apiserver/verbs/track.h"
#include "base/map.h"

#define SPEC(name_) PATH(PATH(NULL, "spec"), name_)

struct address {
    uint32_t index; /* in spec.clusterIPs */
    str family, ip;
    bool asked, proposed, reserved;
    uint64_t revision;
    struct object *object;
    struct store_write sw;
    struct write *w;
};

/* Of one attempt; in the request's arena. */
struct allocation {
    struct node_ports ports; /* taken */
    struct address addresses[2];
    unsigned n;
    str name;  /* of the service */
    bool over; /* committed or given back */
};

static Service *service_of(const struct write *w) {
    return w->st == RESOURCE_OF(core_v1_services) && w->r->server->alloc ? w->obj : NULL;
}

static struct allocation *allocation_of(struct write *w) {
    if (!w->alloc)
        w->alloc = arena_make(w->r->arena, struct allocation);
    return w->alloc;
}

/* ---- ports ---- */

static enum step_result fail_internal(struct write *w, str why) {
    return write_fail(w, status_new(w->r->arena, 500, "InternalError",
                                    "Internal error occurred: " STR_FMT, STR_ARG(why)));
}

static void count_port(struct apiserver *s, bool asked, bool found) {
    metrics_allocated(s->metrics, &(struct metrics_allocation){.asked = asked, .failed = !found});
}

/* NULL: it is this write's now. */
static const char *take_port(struct write *w, int32_t port) {
    struct apiserver *s = w->r->server;
    bool valid = node_port_valid(port), free = valid && node_port_take(&s->alloc->ports, port);
    count_port(s, true, free);
    if (!valid)
        return "provided port is not in the valid range. The range of valid ports is 30000-32767";
    if (!free)
        return "provided port is already allocated";
    node_port_take(&allocation_of(w)->ports, port);
    return NULL;
}

static int32_t next_port(struct write *w) {
    struct apiserver *s = w->r->server;
    int32_t port = node_port_next(&s->alloc->ports, env_random_below(s->env, NODE_PORTS));
    count_port(s, false, port);
    if (port)
        node_port_take(&allocation_of(w)->ports, port);
    return port;
}

static bool draws_ports(const Service *s) {
    return service_is(s, "NodePort") || opt_or(s->spec.allocate_load_balancer_node_ports, true);
}

/* What the ports of one service are settled against; a service may list a hundred thousand. */
struct settling {
    struct node_ports had; /* by the service as it was */
    struct map shared;     /* port number -> entry whose node port stands for it */
};

static str number_of(const ServicePort *p) {
    return str_n((const char *)&p->port, sizeof(p->port));
}

/* One port number on two protocols has one node port, whichever entry names it first. */
static void share(struct settling *st, ServicePort *p) {
    if (p->node_port && !map_get(&st->shared, number_of(p)))
        map_put(&st->shared, number_of(p), p);
}

static enum step_result settle_port(struct write *w, Service *s, struct settling *st, uint32_t i) {
    ServicePort *p = &s->spec.ports.v[i];
    if (!p->node_port && !draws_ports(s))
        return STEP_NEXT;
    const ServicePort *sibling = p->node_port ? NULL : map_get(&st->shared, number_of(p));
    if (sibling)
        p->node_port = sibling->node_port;
    if (!p->node_port) {
        p->node_port = next_port(w);
        if (!p->node_port)
            return fail_internal(w, STR("failed to allocate a nodePort: range is full"));
        if (!w->current) /* as upstream, an update draws each */
            share(st, p);
        return STEP_NEXT;
    }
    if (node_port_used(&st->had, p->node_port) ||
        node_port_used(&allocation_of(w)->ports, p->node_port))
        return STEP_NEXT;
    const char *why = take_port(w, p->node_port);
    if (!why)
        return STEP_NEXT;
    struct field_errors fe = {.arena = w->r->arena};
    field_invalid_i64(&fe, PATH(PATH_INDEX(SPEC("ports"), i), "nodePort"), p->node_port, why);
    return write_invalid(w, &fe);
}

static enum step_result settle_health_port(struct write *w, Service *s, const Service *old) {
    int32_t *port = &s->spec.health_check_node_port;
    bool had = old && service_has_health_port(old);
    if (!service_has_health_port(s))
        return STEP_NEXT;
    if (had && old->spec.health_check_node_port == *port)
        return STEP_NEXT;
    if (had) {
        struct field_errors fe = {.arena = w->r->arena};
        field_invalid_i64(&fe, SPEC("healthCheckNodePort"), *port,
                          "cannot change healthCheckNodePort on loadBalancer service with "
                          "externalTraffic=Local during update");
        return write_invalid(w, &fe);
    }
    if (!*port) {
        *port = next_port(w);
        return *port ? STEP_NEXT
                     : fail_internal(
                           w, STR("failed to allocate a HealthCheck NodePort 0: range is full"));
    }
    const char *why = take_port(w, *port);
    return why ? fail_internal(
                     w, str_printf(w->r->arena,
                                   "failed to allocate requested HealthCheck NodePort %d: %s",
                                   *port, why))
               : STEP_NEXT;
}

static enum step_result settle_ports(struct write *w, Service *s, const Service *old) {
    enum step_result r = STEP_NEXT;
    uint32_t n = service_has_ports(s) ? s->spec.ports.n : 0;
    struct settling st = {.had = service_node_ports(old)};
    struct env *env = w->r->server->env;
    map_init(&st.shared, (uint64_t[]){env_random_u64(env), env_random_u64(env)});
    for (uint32_t i = 0; i < n && !old; i++)
        share(&st, &s->spec.ports.v[i]);
    for (uint32_t i = 0; i < n && r == STEP_NEXT; i++)
        r = settle_port(w, s, &st, i);
    map_done(&st.shared);
    return r == STEP_NEXT ? settle_health_port(w, s, old) : r;
}

/* ---- addresses ---- */

static enum step_result refuse_address(struct write *w, const Service *s, str ip, const char *why) {
    struct field_errors fe = {.arena = w->r->arena};
    field_invalid_printed(&fe, SPEC("clusterIPs"), service_addresses_text(fe.arena, s),
                          "failed to allocate IP " STR_FMT ": %s", STR_ARG(ip), why);
    return write_invalid(w, &fe);
}

static enum step_result draw(struct write *w, Service *s, struct address *at) {
    struct ip ip;
    struct arena *a = w->r->arena;
    if (!alloc_draw(w->r->server, a, at->family, &ip))
        return fail_internal(w, STR("failed to allocate a serviceIP: range is full"));
    at->ip = s->spec.cluster_ips.v[at->index] = ip_str(a, &ip);
    if (at->index == 0)
        s->spec.cluster_ip = at->ip;
    return STEP_NEXT;
}

static enum step_result settle_address(struct write *w, Service *s, uint32_t i) {
    struct allocation *al = allocation_of(w);
    struct address *at = &al->addresses[al->n++];
    *at = (struct address){.index = i, .family = s->spec.ip_families.v[i], .w = w};
    str asked = s->spec.cluster_ips.v[i];
    if (!asked.n)
        return draw(w, s, at);
    struct ip ip;
    if (!ip_parse(asked, &ip)) /* checked before */
        return STEP_NEXT;
    at->asked = true;
    at->ip = ip_str(w->r->arena, &ip);
    const char *why = alloc_refusal(w->r->server, w->r->arena, &ip);
    return why ? refuse_address(w, s, asked, why) : STEP_NEXT;
}

/* Those the service did not have before. */
static enum step_result settle_addresses(struct write *w, Service *s, const Service *old) {
    bool had = old && service_has_address(old);
    if (!service_has_address(s) || service_headless(s) || (had && service_headless(old)))
        return STEP_NEXT;
    uint32_t n = MIN(s->spec.ip_families.n, 2u), from = had ? old->spec.cluster_ips.n : 0;
    if (from >= n)
        return STEP_NEXT;
    str *v = arena_array(w->r->arena, 2, sizeof(str));
    for (uint32_t i = 0; i < s->spec.cluster_ips.n && i < 2; i++)
        v[i] = s->spec.cluster_ips.v[i];
    s->spec.cluster_ips = (str_list){v, MAX(s->spec.cluster_ips.n, n)};
    enum step_result r = STEP_NEXT;
    for (uint32_t i = from; i < n && r == STEP_NEXT; i++)
        r = settle_address(w, s, i);
    return r;
}

enum step_result alloc_settle(struct write *w) {
    Service *s = service_of(w);
    if (!s || w->op == WRITE_DELETE || w->view || w->direct)
        return STEP_NEXT;
    struct arena *a = w->r->arena;
    const Service *old = w->current ? w->old : NULL;
    struct field_errors fe = {.arena = a};
    if (s->spec.ports.n)
        s->spec.ports.v = arena_dup(a, s->spec.ports.v, s->spec.ports.n * sizeof(ServicePort));
    if (old)
        service_patch(a, s, old);
    service_normalise(a, s, old);
    service_families(&fe, &w->r->server->alloc->families, s, old);
    if (fe.list.n)
        return write_invalid(w, &fe);
    enum step_result r = settle_addresses(w, s, old);
    if (r == STEP_NEXT)
        r = settle_ports(w, s, old);
    if (r == STEP_NEXT && old)
        service_drop(s, old);
    return r;
}

/* ---- reservation ---- */

static void reserved(struct store_write *sw, int e, uint64_t revision, struct object *current) {
    struct address *at = container_of(sw, struct address, sw);
    at->object = object_unref(at->object);
    at->proposed = false;
    at->reserved = e == 0;
    at->revision = revision;
    write_resume(at->w, e == -EEXIST ? 0 : e);
}

static enum step_result propose(struct write *w, struct address *at) {
    struct arena *a = w->r->arena;
    const struct api_resource *res = RESOURCE_OF(networking_v1_ipaddresses);
    struct allocation *al = w->alloc;
    al->name = w->name;
    void *obj = alloc_object(w->r->server, a, at->ip, w->ns, w->name);
    track_own(w->r->server->env, a, res, NULL, NULL, obj);
    at->object = object_new(res, obj);
    at->proposed = true;
    at->sw = (struct store_write){.resource = res,
                                  .key = alloc_key(a, at->ip),
                                  .expected = STORE_ABSENT,
                                  .object = at->object,
                                  .done = reserved};
    request_state(w->r, REQUEST_STORE);
    store_propose(w->r->server->store, &at->sw);
    return STEP_WAIT;
}

enum step_result alloc_reserve(struct write *w) {
    struct allocation *al = w->alloc;
    Service *s = service_of(w);
    if (!al || !s || w->dry_run || w->op == WRITE_DELETE)
        return STEP_NEXT;
    for (unsigned i = 0; i < al->n; i++) {
        struct address *at = &al->addresses[i];
        if (at->reserved)
            continue;
        bool lost = at->sw.done != NULL; /* it was proposed, and somebody else had it */
        if (lost && at->asked)
            return refuse_address(w, s, at->ip, "provided IP is already allocated");
        enum step_result r = lost ? draw(w, s, at) : STEP_NEXT;
        return r == STEP_NEXT ? propose(w, at) : r;
    }
    return STEP_NEXT;
}

void alloc_revert(struct write *w) {
    struct allocation *al = w->alloc;
    struct apiserver *s = w->r->server;
    w->alloc = NULL;
    if (!al || al->over)
        return;
    node_ports_give(&s->alloc->ports, &al->ports, &(struct node_ports){0});
    for (unsigned i = 0; i < al->n; i++)
        if (al->addresses[i].reserved)
            chore_start(s, RESOURCE_OF(networking_v1_ipaddresses),
                        alloc_key(w->r->arena, al->addresses[i].ip), NULL,
                        al->addresses[i].revision);
}

static bool has_address(const Service *s, str ip) {
    for (uint32_t i = 0; s && i < s->spec.cluster_ips.n; i++)
        if (str_eq(s->spec.cluster_ips.v[i], ip))
            return true;
    return false;
}

/* A later service of the name shall not begin with the endpoints of this one. Endpoints that
 * somebody holds by a finalizer are left to him. */
static void drop_endpoints(struct write *w) {
    struct apiserver *s = w->r->server;
    const struct api_resource *res = RESOURCE_OF(core_v1_endpoints);
    str key = object_key(w->r->arena, res, w->ns, w->name);
    const struct object *o = store_get(s->store, res, key);
    const ObjectMeta *m = o ? object_decode(w->r->arena, o) : NULL;
    if (m && !m->finalizers.n)
        chore_start(s, res, key, NULL, o->revision);
}

void alloc_commit(struct write *w) {
    if (w->st != RESOURCE_OF(core_v1_services) || !w->r->server->alloc)
        return;
    struct apiserver *s = w->r->server;
    if (w->alloc)
        ((struct allocation *)w->alloc)->over = true;
    const Service *old = w->old, *now = w->deletes ? NULL : w->obj;
    struct node_ports had = service_node_ports(old), has = service_node_ports(now);
    node_ports_give(&s->alloc->ports, &had, &has);
    for (uint32_t i = 0; old && i < old->spec.cluster_ips.n; i++)
        if (!has_address(now, old->spec.cluster_ips.v[i]))
            alloc_give(s, w->r->arena, old->spec.cluster_ips.v[i], w->ns, w->name);
    if (!now)
        drop_endpoints(w);
}
