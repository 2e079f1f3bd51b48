// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"

static void validate(struct field_errors *fe, const void *obj) {
    const LeaseSpec *s = &((const Lease *)obj)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    if (s->lease_duration_seconds.set && s->lease_duration_seconds.v <= 0)
        field_invalid_i64(fe, PATH(p, "leaseDurationSeconds"), s->lease_duration_seconds.v,
                          "must be greater than 0");
    check_not_negative_opt(fe, PATH(p, "leaseTransitions"), s->lease_transitions);
    if (s->preferred_holder.n && !s->strategy.n)
        field_forbidden(fe, PATH(p, "preferredHolder"),
                        "may only be specified when `strategy` is defined");
}

const struct hooks hooks_coordination_v1_leases = {
    .group = "coordination.k8s.io",
    .resource = "leases",
    .validate = validate,
};
