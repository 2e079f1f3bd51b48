// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"

/* Election by the server is off: what steers it is dropped. */
static void lease_create(struct hook_ctx *h, void *obj) {
    LeaseSpec *s = &((Lease *)obj)->spec;
    (void)h;
    s->strategy = s->preferred_holder = STR_NONE;
}

static void lease_update(struct hook_ctx *h, void *obj, const void *old) {
    LeaseSpec *s = &((Lease *)obj)->spec;
    const LeaseSpec *was = &((const Lease *)old)->spec;
    (void)h;
    if (!was->strategy.p)
        s->strategy = STR_NONE;
    if (!was->preferred_holder.p)
        s->preferred_holder = STR_NONE;
}

static void lease_validate(struct field_errors *fe, const void *obj) {
    const LeaseSpec *s = &((const Lease *)obj)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    check_rows(fe, p, LeaseSpec, s, "leaseDurationSeconds leaseTransitions");
    if (s->preferred_holder.n && !s->strategy.n)
        field_forbidden(fe, PATH(p, "preferredHolder"),
                        "may only be specified when `strategy` is defined");
}

const struct hooks hooks_coordination_v1_leases = {
    .group = "coordination.k8s.io",
    .resource = "leases",
    .prepare_create = lease_create,
    .prepare_update = lease_update,
    .validate = lease_validate,
};
