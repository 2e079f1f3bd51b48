// SPDX-License-Identifier: Apache-2.0
/* Hollow nodes: kubelets that run nothing. They renew their Leases, report bound pods as running
 * and ready, and end deleted ones. Written as a controller, so that the runner carries their
 * writes. */
#pragma once

#include <stdio.h>

#include "controllers/common.h"

#define HOLLOW_LEASE_EVERY (10 * NSEC_PER_SEC)

struct hollow_config {
    bool silent;             /* all of them stop */
    const char *silent_node; /* or one of them */
    bool unready;            /* new pods never become ready */
    unsigned n_nodes;
};

struct hollow {
    struct informer *pods, *nodes, *leases;
    const struct hollow_config *config;
};

static inline void hollow_start(struct controller_run *run, void *state) {
    struct hollow *h = state;
    h->config = run_config(run);
    h->pods = run_informer(run, RESOURCE_OF(core_v1_pods));
    h->nodes = run_informer(run, RESOURCE_OF(core_v1_nodes));
    h->leases = run_informer(run, RESOURCE_OF(coordination_v1_leases));
    for (unsigned i = 0; i < h->config->n_nodes; i++) {
        char name[16];
        snprintf(name, sizeof(name), "n%u", i);
        queue_key(run, str_of(name));
    }
}

static inline bool hollow_is_silent(const struct hollow *h, str node) {
    return h->config->silent || (h->config->silent_node && str_eqc(node, h->config->silent_node));
}

static inline void hollow_node(struct hollow *h, str name, struct plan *p) {
    const Node *node = informer_typed(h->nodes, name);
    Time now = plan_time(p);
    NodeCondition ready = {.type = STR("Ready"),
                           .status = STR("True"),
                           .reason = STR("KubeletReady"),
                           .last_heartbeat_time = now,
                           .last_transition_time = now};
    struct str_pair capacity[] = {
        {STR("cpu"), STR("64")}, {STR("memory"), STR("64Gi")}, {STR("pods"), STR("110")}};
    Node n = {.metadata = {.name = name},
              .status = {.capacity = {capacity, 3},
                         .allocatable = {capacity, 3},
                         .conditions = {&ready, 1}}};
    if (!node && !hollow_is_silent(h, name)) {
        plan_create(p, RESOURCE_OF(core_v1_nodes), STR_NONE, &n);
        plan_requeue_after(p, NSEC_PER_SEC);
        return;
    }
    plan_requeue_after(p, HOLLOW_LEASE_EVERY);
    if (hollow_is_silent(h, name))
        return;
    const NodeCondition *old = node->status.conditions.n ? &node->status.conditions.v[0] : NULL;
    if (!old || !str_eqc(old->status, "True")) {
        n.metadata = node->metadata;
        plan_update(p, RESOURCE_OF(core_v1_nodes), "status", &n);
    }
    const Lease *was =
        informer_typed(h->leases, str_concat(p->arena, STR("kube-node-lease/"), name));
    Lease lease = {.metadata = {.name = name, .namespace_ = STR("kube-node-lease")}};
    if (was)
        lease = *was;
    lease.spec.holder_identity = name;
    lease.spec.renew_time = (MicroTime){p->now / NSEC_PER_SEC, 0, true};
    if (was)
        plan_update(p, RESOURCE_OF(coordination_v1_leases), NULL, &lease);
    else
        plan_create(p, RESOURCE_OF(coordination_v1_leases), lease.metadata.namespace_, &lease);
}

static inline void hollow_pod(struct hollow *h, const Pod *pod, struct plan *p) {
    if (!pod->spec.node_name.n || hollow_is_silent(h, pod->spec.node_name))
        return;
    if (pod->metadata.deletion_timestamp.set) {
        plan_delete(p, RESOURCE_OF(core_v1_pods), &pod->metadata, 0, NULL);
        return;
    }
    if (pod_ready(pod) || h->config->unready || pod_terminal(pod))
        return;
    PodCondition c = {
        .type = STR("Ready"), .status = STR("True"), .last_transition_time = plan_time(p)};
    plan_patch(p, RESOURCE_OF(core_v1_pods), "status", &pod->metadata,
               pod_condition_patch(p->arena, pod, &c, "Running"), false);
}

static inline int hollow_reconcile(void *state, str key, struct plan *p) {
    struct hollow *h = state;
    if (str_chr(key, '/') < 0) {
        hollow_node(h, key, p);
        return 0;
    }
    const Pod *pod = informer_typed(h->pods, key);
    if (pod)
        hollow_pod(h, pod, p);
    return 0;
}

static const struct controller_watch hollow_watches[] = {
    {.resource = RESOURCE_OF(core_v1_pods), .keys = keys_self},
    {.resource = RESOURCE_OF(core_v1_nodes)},
    {.resource = RESOURCE_OF(coordination_v1_leases)},
    {.resource = NULL},
};
static const struct controller hollow_kubelets = {
    .name = "hollow-kubelet",
    .watches = hollow_watches,
    .state_size = sizeof(struct hollow),
    .start = hollow_start,
    .reconcile = hollow_reconcile,
    .workers = 50,
};
