// SPDX-License-Identifier: Apache-2.0
/* What keeps as many pods as asked for: the core of replicaset.c, for ReplicaSets and for
 * ReplicationControllers, which are read as such; replicaset_rank.c says which pods go first. */
#pragma once

#include "controllers/common.h"

struct replica_kind {
    const struct api_resource *resource;
    /* Shares what it can with typed. */
    const ReplicaSet *(*read)(struct arena *a, const void *typed);
    /* Unless that is what it says already. */
    void (*write_status)(struct plan *p, const void *typed, const ReplicaSetStatus *st);
};

struct replicasets {
    const struct replica_kind *kind;
    struct informer *sets, *pods;
    struct index *pods_of;    /* pods by uid of their controller */
    struct index *orphans;    /* pods without one by namespace */
    struct index *siblings;   /* sets by uid of their controller */
    struct index *sets_of_ns; /* sets by namespace */
};

/* What a controller of such a kind is made of; its state is a struct replicasets. */
void replicas_start(struct controller_run *run, struct replicasets *s,
                    const struct replica_kind *kind);
void replicas_pod_keys(struct controller_run *run, const void *old, const void *new_);
int replicas_reconcile(void *state, str key, struct plan *p);
#define REPLICAS_POD_FIELDS                                                                        \
    FIELDS("spec.nodeName", "status.phase", "status.conditions",                                   \
           "status.containerStatuses.restartCount")

struct pods {
    const Pod **v;
    uint32_t n;
};

/* Sorts so that those to be deleted first stand first, as upstream's ActivePodsWithRanks.
 * on_node(ctx, name) is how many related active pods a node runs. */
void pods_rank(struct arena *a, struct pods *pods, int64_t now,
               uint32_t (*on_node)(void *ctx, str node), void *ctx);
