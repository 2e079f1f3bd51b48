// SPDX-License-Identifier: Apache-2.0
/* pods/proxy, services/proxy and nodes/proxy: which server is meant. Names are "name", "name:port"
 * or "scheme:name:port". Only addresses that are somebody's own are reached: neither loopback nor
 * link-local, where this machine's or a cloud's secrets are served. */
#include "api/ip.h"
#include "apiserver/connect/kubelet_proxy.h"
#include "apiserver/connect/proxy.h"
#include "apiserver/special/special.h"

static bool is_global_unicast(str text) {
    struct ip ip;
    if (!ip_parse(text, &ip))
        return false;
    bool v4 = ip_is_v4(&ip);
    bool multicast = v4 ? ip.b[12] >= 224 && ip.b[12] < 240 : ip.b[0] == 0xff;
    bool broadcast = v4 && ip.b[12] == 255 && ip.b[13] == 255 && ip.b[14] == 255 && ip.b[15] == 255;
    return !multicast && !broadcast && !ip_is_loopback(&ip) && !ip_is_unspecified(&ip) &&
           !ip_is_link_local(&ip);
}

static const void *stored(struct request *r, const struct api_resource *res, str name) {
    struct object *o =
        store_get(r->server->store, res, object_key(r->arena, res, r->info.ns, name));
    return o ? object_decode(r->arena, o) : NULL;
}

static enum phase_result invalid_id(struct request *r, const char *kind) {
    return respond_status(r, status_bad_request(r->arena, "invalid %s request \"" STR_FMT "\"",
                                                kind, STR_ARG(r->info.name)));
}

/* Backends are named by address, so there is no name that their certificate could show. */
static enum phase_result pass_on(struct request *r, str scheme, struct proxy_target *t) {
    CLEANUP(tls_config_unrefp) struct tls_config *tls = NULL;
    struct err e = {0};
    if (str_eqc(scheme, "https") && !t->tls) {
        static const char *const alpn[] = {"http/1.1", NULL};
        if (tls_config_new(&(struct tls_options){.insecure = true, .alpn = alpn}, false, &e, &tls) <
            0)
            return respond_status(r, status_new(r->arena, 500, NULL, "%s", e.text));
        t->tls = tls;
    }
    if (!t->port)
        t->port = str_eqc(scheme, "https") ? 443 : 80;
    str rest = r->info.rest, path = r->x->path;
    if (path.p[path.n - 1] == '/')
        rest = str_concat(r->arena, rest, STR("/"));
    t->path = rest.n ? proxy_clean_path(r->arena, rest) : STR_NONE;
    t->query = r->x->query;
    return proxy_start(r, t);
}

static int port_number(str text) {
    int64_t n;
    return str_to_i64(text, &n) == 0 && n > 0 && n < 65536 ? (int)n : -1;
}

static int first_port(const Pod *p) {
    for (uint32_t i = 0; i < p->spec.containers.n; i++)
        if (p->spec.containers.v[i].ports.n)
            return p->spec.containers.v[i].ports.v[0].container_port;
    return 0;
}

enum phase_result special_pod_proxy(struct request *r) {
    str scheme, name, port;
    if (!proxy_split_id(r->info.name, &scheme, &name, &port))
        return invalid_id(r, "pod");
    const Pod *p = stored(r, RESOURCE_OF(core_v1_pods), name);
    if (!p)
        return respond_status(r, status_not_found(r->arena, r->res, name));
    struct proxy_target t = {.port = port.n ? port_number(port) : first_port(p)};
    if (p->status.pod_ips.n)
        t.ip = p->status.pod_ips.v[0].ip;
    if (!is_global_unicast(t.ip) || t.port < 0)
        return respond_status(r, status_bad_request(r->arena, "address not allowed"));
    return pass_on(r, scheme, &t);
}

/* Whether the address is that of a pod of this namespace: Endpoints are anybody's to write. */
static bool is_pods(struct request *r, const EndpointAddress *at) {
    const ObjectReference *ref = at->target_ref;
    if (!ref || !str_eq(ref->namespace_, r->info.ns))
        return false;
    const Pod *p = stored(r, RESOURCE_OF(core_v1_pods), ref->name);
    for (uint32_t i = 0; p && i < p->status.pod_ips.n; i++)
        if (str_eq(p->status.pod_ips.v[i].ip, at->ip))
            return true;
    return false;
}

/* Any ready address of the subset that has the port. */
static bool pick(struct request *r, const EndpointSubset *s, str port, struct proxy_target *t) {
    for (uint32_t i = 0; s->addresses.n && i < s->ports.n; i++) {
        if (!str_eq(s->ports.v[i].name, port))
            continue;
        uint32_t from = (uint32_t)env_random_below(r->server->env, s->addresses.n);
        for (uint32_t k = 0; k < s->addresses.n; k++) {
            const EndpointAddress *at = &s->addresses.v[(from + k) % s->addresses.n];
            if (!is_pods(r, at) || !is_global_unicast(at->ip))
                continue;
            t->ip = at->ip;
            t->port = s->ports.v[i].port;
            return true;
        }
    }
    return false;
}

static enum phase_result unavailable(struct request *r, str name) {
    return respond_status(r, status_new(r->arena, 503, "ServiceUnavailable",
                                        "no endpoints available for service \"" STR_FMT "\"",
                                        STR_ARG(name)));
}

/* A port's number to its name, by which endpoints know it. False: answered. */
static bool port_name(struct request *r, str service, str *port) {
    int64_t n;
    if (str_to_i64(*port, &n) < 0)
        return true;
    const Service *s = stored(r, r->res, service);
    for (uint32_t i = 0; s && i < s->spec.ports.n; i++)
        if (s->spec.ports.v[i].port == n) {
            *port = s->spec.ports.v[i].name;
            return true;
        }
    respond_status(r, s ? status_new(r->arena, 503, "ServiceUnavailable",
                                     "no service port %lld found for service \"" STR_FMT "\"",
                                     (long long)n, STR_ARG(service))
                        : status_not_found(r->arena, r->res, service));
    return false;
}

enum phase_result special_service_proxy(struct request *r) {
    str scheme, name, port;
    if (!proxy_split_id(r->info.name, &scheme, &name, &port))
        return invalid_id(r, "service");
    if (!port_name(r, name, &port))
        return PHASE_DONE;
    const Endpoints *e = stored(r, RESOURCE_OF(core_v1_endpoints), name);
    if (!e)
        return respond_status(r, status_not_found(r->arena, r->res, name));
    if (!e->subsets.n)
        return unavailable(r, name);
    struct proxy_target t = {0};
    uint32_t from = (uint32_t)env_random_below(r->server->env, e->subsets.n);
    for (uint32_t i = 0; i < e->subsets.n; i++)
        if (pick(r, &e->subsets.v[(from + i) % e->subsets.n], port, &t))
            return pass_on(r, scheme, &t);
    return unavailable(r, name);
}

enum phase_result special_node_proxy(struct request *r) {
    str scheme, name, port;
    struct kubelet_location at;
    if (!proxy_split_id(r->info.name, &scheme, &name, &port))
        return invalid_id(r, "node");
    if (!kubelet_locate(r, name, &at))
        return PHASE_DONE;
    struct proxy_target t = {.ip = at.ip, .port = at.port};
    int asked = port.n ? port_number(port) : at.port;
    if (asked == at.port) {
        t.tls = at.tls;
        return pass_on(r, at.tls ? STR("https") : STR("http"), &t);
    }
    t.port = asked;
    if (!is_global_unicast(t.ip) || asked < 0)
        return respond_status(r, status_bad_request(r->arena, "address not allowed"));
    return pass_on(r, scheme, &t);
}
