// SPDX-License-Identifier: Apache-2.0
/* client-go's tools/leaderelection as a small state machine. Every RETRY a candidate reads the
 * Lease; it takes it when nobody holds it, or when the record has not changed for LEASE_DURATION of
 * *our* clock; the holder renews, and gives up when it could not for RENEW_DEADLINE. */
#include "client/leader.h"

#include <stdlib.h>

#include "client/metrics.h"
#include "schema/ops.h"

#define LEASE_SECONDS  15
#define LEASE_DURATION (LEASE_SECONDS * NSEC_PER_SEC)
#define RENEW_DEADLINE (10 * NSEC_PER_SEC)
#define RETRY          (2 * NSEC_PER_SEC)

struct leader {
    struct leader_options o;
    struct loop *loop;
    struct rest_call *call;
    struct timer timer;
    struct arena seen_arena;
    const Lease *seen; /* last observed */
    int64_t seen_at;   /* when it last changed, our clock */
    int64_t renewed_at;
    bool leading, sure; /* sure: `seen` is what we wrote last */
};

static void try_again(struct leader *l, int64_t after) {
    timer_start(l->loop, &l->timer, after);
}

static void lose(struct leader *l) {
    l->leading = false;
    leader_metric(loop_env(l->loop), l->o.name, false);
    l->o.stopped(l->o.ctx);
}

static void next_round(struct leader *l, bool renewed) {
    int64_t now = loop_now(l->loop);
    if (renewed)
        l->renewed_at = now;
    if (renewed && !l->leading) {
        l->leading = true;
        leader_metric(loop_env(l->loop), l->o.name, true);
        l->o.started(l->o.ctx);
    } else if (l->leading && now - l->renewed_at >= RENEW_DEADLINE) {
        lose(l);
    }
    try_again(l, RETRY);
}

static void observe(struct leader *l, const Lease *lease) {
    if (l->seen && str_eq(l->seen->metadata.resource_version, lease->metadata.resource_version))
        return;
    arena_reset(&l->seen_arena);
    l->seen = api_clone(&l->seen_arena, &Lease_type, lease);
    l->seen_at = loop_now(l->loop);
}

static void on_written(void *ctx, const struct rest_result *res) {
    struct leader *l = ctx;
    l->call = NULL;
    bool ok = res->r == 0 && res->code < 300 && res->object;
    l->sure = ok;
    if (ok)
        observe(l, res->object);
    next_round(l, ok);
}

static void send(struct leader *l, enum rest_verb verb, const char *name, const Lease *body,
                 void (*done)(void *, const struct rest_result *)) {
    l->call = rest_send(l->o.client, &(struct rest_request){
                                         .verb = verb,
                                         .resource = RESOURCE_OF(coordination_v1_leases),
                                         .ns = str_of(l->o.ns),
                                         .name = str_of(name),
                                         .body_type = body ? &Lease_type : NULL,
                                         .body = body,
                                         .timeout_ns = RENEW_DEADLINE / 2,
                                         .done = done,
                                         .ctx = l,
                                     });
}

static MicroTime micro(int64_t wall) {
    return (MicroTime){wall / NSEC_PER_SEC, (int32_t)(wall % NSEC_PER_SEC / 1000 * 1000), true};
}

static void take(struct leader *l, const Lease *old) {
    int64_t wall = loop_wall(l->loop);
    Lease lease = {.metadata = {.name = str_of(l->o.name), .namespace_ = str_of(l->o.ns)}};
    bool ours = old && str_eqc(old->spec.holder_identity, l->o.identity);
    if (old)
        lease = *old;
    lease.spec.holder_identity = str_of(l->o.identity);
    lease.spec.lease_duration_seconds = (struct opt_i32){true, LEASE_SECONDS};
    lease.spec.renew_time = micro(wall);
    if (!ours) {
        lease.spec.acquire_time = micro(wall);
        int32_t n = old ? opt_or(old->spec.lease_transitions, 0) + 1 : 0;
        lease.spec.lease_transitions = (struct opt_i32){true, n};
    }
    send(l, old ? REST_UPDATE : REST_CREATE, old ? l->o.name : "", &lease, on_written);
}

static void on_read(void *ctx, const struct rest_result *res) {
    struct leader *l = ctx;
    l->call = NULL;
    if (res->r == 0 && res->code == 404) {
        take(l, NULL);
        return;
    }
    if (res->r < 0 || res->code >= 300 || !res->object) {
        next_round(l, false);
        return;
    }
    const Lease *lease = res->object;
    observe(l, lease);
    bool ours = str_eqc(lease->spec.holder_identity, l->o.identity);
    bool held =
        lease->spec.holder_identity.n > 0 && loop_now(l->loop) - l->seen_at < LEASE_DURATION;
    if (!ours && l->leading)
        lose(l);
    if (ours || !held)
        take(l, lease);
    else
        try_again(l, RETRY);
}

static void on_timer(struct timer *t) {
    struct leader *l = container_of(t, struct leader, timer);
    if (l->leading && l->sure)
        take(l, l->seen); /* the fast way: no read while nobody interferes */
    else
        send(l, REST_GET, l->o.name, NULL, on_read);
}

struct leader *leader_new(const struct leader_options *o) {
    struct leader *l = xcalloc(1, sizeof(*l));
    l->o = *o;
    l->loop = rest_client_loop(o->client);
    l->timer.fire = on_timer;
    arena_init(&l->seen_arena, 0);
    leader_metric(loop_env(l->loop), l->o.name, false);
    try_again(l, 0);
    return l;
}

struct leader *leader_free(struct leader *l) {
    if (!l)
        return NULL;
    timer_stop(l->loop, &l->timer);
    rest_cancel(l->call);
    if (l->leading && l->seen) { /* released: sent, its answer is not waited for */
        Lease lease = *l->seen;
        lease.spec.holder_identity = STR("");
        lease.spec.lease_duration_seconds = (struct opt_i32){true, 1};
        send(l, REST_UPDATE, l->o.name, &lease, NULL);
    }
    arena_done(&l->seen_arena);
    free(l);
    return NULL;
}

bool leader_is(const struct leader *l) {
    return l->leading;
}
