// SPDX-License-Identifier: Apache-2.0
/* ServiceCIDRs become ready, and do not go while addresses would be left without a block. Keys are
 * ServiceCIDRs.
 *
 * One that is to be deleted may go when each of its blocks lies in a block of another, or when
 * every address the API server gave out of it does; and not before GRACE, in which every allocator
 * learns that it is not to be drawn from any more. */
#include "api/ip.h"
#include "base/vec.h"
#include "controllers/common.h"
#include "controllers/controllers.h"
#include "schema/json.h"

#define CIDRS      RESOURCE_OF(networking_v1_servicecidrs)
#define ADDRESSES  RESOURCE_OF(networking_v1_ipaddresses)
#define FINALIZER  "networking.k8s.io/service-cidr-finalizer"
#define MANAGED_BY "ipaddress.kubernetes.io/managed-by"
#define ALLOCATOR  "ipallocator.k8s.io"
#define GRACE      (10 * NSEC_PER_SEC)
#define IN_USE                                                                                     \
    "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new " \
    "ServiceCIDR"

struct service_cidrs {
    struct informer *cidrs, *addresses;
};

static void start(struct controller_run *run, void *state) {
    struct service_cidrs *s = state;
    s->cidrs = run_informer(run, CIDRS);
    s->addresses = run_informer(run, ADDRESSES);
}

/* ---- what concerns which ---- */

static void queue_ending(struct controller_run *run) {
    const struct service_cidrs *s = run_state(run);
    struct cached *c;
    for (uint32_t at = 0; (c = informer_next(s->cidrs, &at));)
        if (cached_meta(c)->deletion_timestamp.set)
            queue_key(run, c->key);
}

/* They are few; whichever comes or goes may change what those that end wait for. */
static void cidr_keys(struct controller_run *run, const void *old, const void *new_) {
    if (new_)
        keys_self(run, old, new_);
    if (!old || !new_)
        queue_ending(run);
}

static bool is_ours(const ObjectMeta *m) {
    return str_eqc(label_get(&m->labels, STR(MANAGED_BY)), ALLOCATOR);
}

static void address_keys(struct controller_run *run, const void *old, const void *new_) {
    if ((!old || !new_) && is_ours(new_ ? new_ : old))
        queue_ending(run);
}

/* ---- may it go? ---- */

static bool has_block(const ServiceCIDR *c, const struct cidr *inner) {
    for (uint32_t i = 0; i < c->spec.cidrs.n; i++) {
        struct cidr b;
        if (cidr_parse(c->spec.cidrs.v[i], &b, NULL) && ip_is_v4(&b.ip) == ip_is_v4(&inner->ip) &&
            b.bits <= inner->bits && cidr_contains(&b, &inner->ip))
            return true;
    }
    return false;
}

static bool has_address(const ServiceCIDR *c, const struct ip *ip) {
    bool v4 = ip_is_v4(ip);
    return has_block(c, &(struct cidr){.ip = *ip, .bits = v4 ? 32 : 128});
}

static bool others_have(const struct service_cidrs *s, const ServiceCIDR *self,
                        const struct cidr *inner) {
    struct cached *o;
    for (uint32_t at = 0; (o = informer_next(s->cidrs, &at));)
        if (o->typed != self && !cached_meta(o)->deletion_timestamp.set &&
            has_block(o->typed, inner))
            return true;
    return false;
}

static bool lies_in_others(const struct service_cidrs *s, const ServiceCIDR *c) {
    for (uint32_t i = 0; i < c->spec.cidrs.n; i++) {
        struct cidr b;
        if (cidr_parse(c->spec.cidrs.v[i], &b, NULL) && !others_have(s, c, &b))
            return false;
    }
    return true;
}

static bool may_go(const struct service_cidrs *s, const ServiceCIDR *c) {
    struct cached *o;
    if (lies_in_others(s, c))
        return true;
    for (uint32_t at = 0; (o = informer_next(s->addresses, &at));) {
        const ObjectMeta *m = cached_meta(o);
        struct ip ip;
        if (!is_ours(m) || !ip_parse(m->name, &ip) || !has_address(c, &ip))
            continue;
        struct cidr one = {.ip = ip, .bits = ip_is_v4(&ip) ? 32 : 128};
        if (!others_have(s, c, &one))
            return false;
    }
    return true;
}

/* ---- a run ---- */

static void set_ready(struct plan *p, const ServiceCIDR *c, const char *status, const char *reason,
                      const char *message) {
    Condition ready = {.type = STR("Ready"),
                       .status = str_of(status),
                       .last_transition_time = plan_time(p),
                       .reason = str_of(reason),
                       .message = str_of(message)};
    struct buf b;
    buf_init(&b, 0);
    buf_adds(&b, "{\"status\":{\"conditions\":[");
    for (uint32_t i = 0; i < c->status.conditions.n; i++) {
        const Condition *old = &c->status.conditions.v[i];
        bool same = str_eqc(old->type, "Ready");
        if (same && str_eqc(old->status, status)) {
            buf_done(&b);
            return;
        }
        if (same)
            continue;
        json_write(&b, &Condition_type, old, 0, NULL);
        buf_addc(&b, ',');
    }
    json_write(&b, &Condition_type, &ready, 0, NULL);
    buf_adds(&b, "]}}");
    plan_patch(p, CIDRS, "status", &c->metadata, buf_str(&b), true);
    buf_done(&b);
}

static void let_go(const struct service_cidrs *s, struct plan *p, const ServiceCIDR *c) {
    int64_t left = time_ns(c->metadata.deletion_timestamp) + GRACE - p->now;
    if (!has_finalizer(&c->metadata, FINALIZER))
        return;
    if (!may_go(s, c))
        set_ready(p, c, "False", "Terminating", IN_USE);
    else if (left > 0)
        plan_requeue_after(p, left);
    else
        finalizer_remove(p, CIDRS, &c->metadata, FINALIZER);
}

static int reconcile(void *state, str key, struct plan *p) {
    struct service_cidrs *s = state;
    const ServiceCIDR *c = informer_typed(s->cidrs, key);
    if (!c)
        return 0;
    if (c->metadata.deletion_timestamp.set) {
        let_go(s, p, c);
        return 0;
    }
    if (!has_finalizer(&c->metadata, FINALIZER))
        finalizer_add(p, CIDRS, &c->metadata, FINALIZER);
    plan_next_group(p); /* ready means protected */
    set_ready(p, c, "True", "", "Kubernetes Service CIDR is ready");
    return 0;
}

static const struct controller_watch watches[] = {
    {.resource = CIDRS, .keys = cidr_keys},
    {.resource = ADDRESSES, .keys = address_keys, .metadata_only = true},
    {.resource = NULL},
};

const struct controller service_cidr_controller = {
    .name = "service-cidr-controller",
    .queue = "ipaddresses",
    .watches = watches,
    .state_size = sizeof(struct service_cidrs),
    .start = start,
    .reconcile = reconcile,
    .workers = 1,
};
