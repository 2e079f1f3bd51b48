// SPDX-License-Identifier: Apache-2.0
#include "api/object.h"
#include "apiserver/alloc/alloc.h"
#include "apiserver/chore.h"
#include "apiserver/hook_env.h"
#include "apiserver/nonresource/metrics.h"

static bool is_ready(const ServiceCIDR *c) {
    if (c->metadata.deletion_timestamp.set)
        return false;
    for (uint32_t i = 0; i < c->status.conditions.n; i++)
        if (str_eqc(c->status.conditions.v[i].type, "Ready"))
            return str_eqc(c->status.conditions.v[i].status, "True");
    return false;
}

static bool is_family(const struct cidr *c, str family) {
    return ip_is_v4(&c->ip) == str_eqc(family, "IPv4");
}

static unsigned add_range(const struct cidr *c, str family, struct ip_range *ret, unsigned n) {
    if (!is_family(c, family))
        return n;
    for (unsigned i = 0; i < n; i++)
        if (ip_eq(&ret[i].cidr.ip, &c->ip) && ret[i].cidr.bits == c->bits)
            return n;
    if (n < SERVICE_RANGES_MAX)
        ret[n++] = ip_range_of(c);
    return n;
}

unsigned alloc_ranges(struct apiserver *s, struct arena *a, str family,
                      struct ip_range ret[SERVICE_RANGES_MAX]) {
    const struct api_resource *res = RESOURCE_OF(networking_v1_servicecidrs);
    struct store_snapshot *sn = NULL;
    unsigned n = 0;
    for (unsigned i = 0; i < s->alloc->families.n; i++)
        n = add_range(&s->alloc->ranges[i], family, ret, n);
    if (store_snapshot(s->store, res, 0, &sn) < 0)
        return n;
    str prefix = str_of(res->prefix);
    const struct object *o = store_snapshot_seek(sn, prefix, prefix, false);
    for (; o && n < SERVICE_RANGES_MAX; o = store_snapshot_next(sn)) {
        const ServiceCIDR *c = object_decode(a, o);
        for (uint32_t i = 0; is_ready(c) && i < c->spec.cidrs.n; i++) {
            struct cidr block;
            if (cidr_parse(c->spec.cidrs.v[i], &block, NULL))
                n = add_range(&block, family, ret, n);
        }
    }
    store_snapshot_free(sn);
    return n;
}

/* Services keep the spelling of their client; the objects have the canonical one. */
static str canonical(struct arena *a, str ip) {
    struct ip parsed;
    return ip_parse(ip, &parsed) ? ip_str(a, &parsed) : ip;
}

str alloc_key(struct arena *a, str ip) {
    return object_key(a, RESOURCE_OF(networking_v1_ipaddresses), STR_NONE, canonical(a, ip));
}

/* Proposed ones count: they are ahead of whatever is proposed now. */
static bool is_taken(struct apiserver *s, str ip) {
    struct arena a;
    arena_init(&a, 0);
    bool taken =
        store_get_tip(s->store, RESOURCE_OF(networking_v1_ipaddresses), alloc_key(&a, ip)) != NULL;
    arena_done(&a);
    return taken;
}

static bool draw_from(struct apiserver *s, const struct ip_range *r, uint32_t from, uint32_t n,
                      struct ip *ret) {
    if (!n)
        return false;
    uint64_t seed = env_random_below(s->env, n);
    struct arena a;
    arena_init(&a, 0);
    bool found = false;
    for (uint32_t i = 0; i < n && !found; i++) {
        struct ip ip = ip_range_at(r, from + (uint32_t)((seed + i) % n));
        found = !is_taken(s, ip_str(&a, &ip));
        *ret = ip;
        arena_reset(&a);
    }
    arena_done(&a);
    return found;
}

static void count(struct apiserver *s, struct arena *a, const struct cidr *block, bool asked,
                  bool found) {
    if (s->metrics)
        metrics_allocated(s->metrics, &(struct metrics_allocation){.cidr = cidr_str(a, block),
                                                                   .asked = asked,
                                                                   .failed = !found});
}

bool alloc_draw(struct apiserver *s, struct arena *a, str family, struct ip *ret) {
    struct ip_range ranges[SERVICE_RANGES_MAX];
    unsigned n = alloc_ranges(s, a, family, ranges);
    for (unsigned i = 0; i < n; i++) {
        const struct ip_range *r = &ranges[i];
        bool found =
            draw_from(s, r, r->band, r->size - r->band, ret) || draw_from(s, r, 0, r->band, ret);
        count(s, a, &r->cidr, false, found);
        if (found)
            return true;
    }
    return false;
}

/* An address counts for the first block that has it, as it would be drawn from that. */
static void count_taken(struct apiserver *s, const struct ip_range *ranges, unsigned n,
                        struct alloc_usage *usage) {
    const struct api_resource *res = RESOURCE_OF(networking_v1_ipaddresses);
    struct store_snapshot *sn = NULL;
    if (store_snapshot(s->store, res, 0, &sn) < 0)
        return;
    str prefix = str_of(res->prefix);
    const struct object *o = store_snapshot_seek(sn, prefix, prefix, false);
    for (; o; o = store_snapshot_next(sn)) {
        struct ip ip;
        unsigned i = 0;
        if (!ip_parse(str_slice(o->key, prefix.n, o->key.n), &ip))
            continue;
        while (i < n && !ip_range_has(&ranges[i], &ip))
            i++;
        if (i < n)
            usage[i].taken += usage[i].taken < usage[i].size;
    }
    store_snapshot_free(sn);
}

unsigned alloc_usage(struct apiserver *s, struct arena *a,
                     struct alloc_usage ret[SERVICE_USAGE_MAX]) {
    struct ip_range ranges[SERVICE_USAGE_MAX];
    unsigned n = alloc_ranges(s, a, STR("IPv4"), ranges);
    n += alloc_ranges(s, a, STR("IPv6"), ranges + n);
    for (unsigned i = 0; i < n; i++)
        ret[i] = (struct alloc_usage){cidr_str(a, &ranges[i].cidr), ranges[i].size, 0};
    count_taken(s, ranges, n, ret);
    return n;
}

const char *alloc_refusal(struct apiserver *s, struct arena *a, const struct ip *ip) {
    struct ip_range ranges[SERVICE_RANGES_MAX];
    str family = ip_is_v4(ip) ? STR("IPv4") : STR("IPv6"), text = ip_str(a, ip);
    unsigned n = alloc_ranges(s, a, family, ranges);
    const struct cidr *inside = NULL;
    for (unsigned i = 0; i < n; i++) {
        if (ip_range_has(&ranges[i], ip)) {
            bool taken = is_taken(s, text);
            count(s, a, &ranges[i].cidr, true, !taken);
            return taken ? "provided IP is already allocated" : NULL;
        }
        if (cidr_contains(&ranges[i].cidr, ip))
            inside = &ranges[i].cidr;
    }
    if (!inside)
        return "the provided network does not match the current range";
    return str_printf(a,
                      "the provided IP (" STR_FMT
                      ") is not in the valid range. The range of valid IPs is " STR_FMT,
                      STR_ARG(text), STR_ARG(cidr_str(a, inside)))
        .p;
}

IPAddress *alloc_object(struct apiserver *s, struct arena *a, str ip, str ns, str name) {
    struct ip parsed;
    bool v4 = !ip_parse(ip, &parsed) || ip_is_v4(&parsed);
    IPAddress *o = arena_make(a, IPAddress);
    o->metadata.name = canonical(a, ip);
    o->metadata.uid = new_uid(s->env, a);
    o->metadata.creation_timestamp = time_of_ns(env_wall(s->env));
    struct str_pair *labels = arena_array(a, 2, sizeof(*labels));
    labels[0] =
        (struct str_pair){STR("ipaddress.kubernetes.io/ip-family"), v4 ? STR("IPv4") : STR("IPv6")};
    labels[1] =
        (struct str_pair){STR("ipaddress.kubernetes.io/managed-by"), STR("ipallocator.k8s.io")};
    o->metadata.labels = (str_map){labels, 2};
    o->spec.parent_ref = arena_make(a, ParentReference);
    o->spec.parent_ref->resource = STR("services");
    o->spec.parent_ref->namespace_ = ns;
    o->spec.parent_ref->name = name;
    return o;
}

void alloc_give(struct apiserver *s, struct arena *a, str ip, str ns, str name) {
    const struct api_resource *res = RESOURCE_OF(networking_v1_ipaddresses);
    str key = alloc_key(a, ip);
    const struct object *o = store_get(s->store, res, key);
    const IPAddress *there = o ? object_decode(a, o) : NULL;
    const ParentReference *p = there ? there->spec.parent_ref : NULL;
    if (p && str_eqc(p->resource, "services") && str_eq(p->namespace_, ns) && str_eq(p->name, name))
        chore_start(s, res, key, NULL, o->revision);
}
