// SPDX-License-Identifier: Apache-2.0
/* The volatile class: an update of nothing but a heartbeat. A thousand idle nodes must not write to
 * disk; what is lost in a crash is a time that the next heartbeat brings again. */
#include "apiserver/verbs/write.h"

static bool lease_heartbeat(struct arena *a, const Lease *now, const Lease *old) {
    Lease copy = *now;
    copy.spec.renew_time = old->spec.renew_time;
    copy.metadata.managed_fields = old->metadata.managed_fields;
    copy.metadata.resource_version = old->metadata.resource_version;
    return api_equal(&Lease_type, &copy, old);
}

static bool node_heartbeat(struct arena *a, const Node *now, const Node *old) {
    if (now->status.conditions.n != old->status.conditions.n)
        return false;
    Node copy = *now;
    uint32_t n = now->status.conditions.n;
    copy.metadata.managed_fields = old->metadata.managed_fields;
    copy.metadata.resource_version = old->metadata.resource_version;
    copy.status.conditions.v = arena_array(a, n, sizeof(NodeCondition));
    for (uint32_t i = 0; i < n; i++) {
        copy.status.conditions.v[i] = now->status.conditions.v[i];
        copy.status.conditions.v[i].last_heartbeat_time =
            old->status.conditions.v[i].last_heartbeat_time;
    }
    return api_equal(&Node_type, &copy, old);
}

bool write_is_heartbeat(struct write *w) {
    if (w->deletes || !w->current)
        return false;
    if (w->st == RESOURCE_OF(coordination_v1_leases))
        return str_eqc(w->ns, "kube-node-lease") && lease_heartbeat(w->r->arena, w->obj, w->old);
    if (w->st == RESOURCE_OF(core_v1_nodes))
        return node_heartbeat(w->r->arena, w->obj, w->old);
    return false;
}
