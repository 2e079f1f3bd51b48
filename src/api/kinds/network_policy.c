// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"

static void defaults(struct hook_ctx *h, void *obj) {
    NetworkPolicySpec *s = &((NetworkPolicy *)obj)->spec;
    if (s->policy_types.n)
        return;
    s->policy_types.v = NULL;
    *list_push(h->arena, &s->policy_types) = STR("Ingress");
    if (s->egress.n)
        *list_push(h->arena, &s->policy_types) = STR("Egress");
}

const struct hooks hooks_networking_v1_networkpolicies = {
    .group = "networking.k8s.io",
    .resource = "networkpolicies",
    .defaults = defaults,
    .counts_generation = true,
};
