// SPDX-License-Identifier: Apache-2.0
/* ReplicationControllers, which are ReplicaSets of an older form. Keys are their own. */
#include "base/vec.h"
#include "controllers/controllers.h"
#include "controllers/replicaset.h"
#include "schema/ops.h"

#define CONTROLLERS RESOURCE_OF(core_v1_replicationcontrollers)

static void read_status(struct arena *a, const ReplicationControllerStatus *from,
                        ReplicaSetStatus *to) {
    to->replicas = from->replicas;
    to->fully_labeled_replicas = from->fully_labeled_replicas;
    to->ready_replicas = from->ready_replicas;
    to->available_replicas = from->available_replicas;
    to->observed_generation = from->observed_generation;
    for (uint32_t i = 0; i < from->conditions.n; i++) {
        const ReplicationControllerCondition *c = &from->conditions.v[i];
        *list_push(a, &to->conditions) =
            (ReplicaSetCondition){.type = c->type,
                                  .status = c->status,
                                  .last_transition_time = c->last_transition_time,
                                  .reason = c->reason,
                                  .message = c->message};
    }
}

static const ReplicaSet *read_as_set(struct arena *a, const void *typed) {
    const ReplicationController *rc = typed;
    ReplicaSet *rs = arena_make(a, ReplicaSet);
    rs->metadata = rc->metadata;
    rs->spec.replicas = rc->spec.replicas;
    rs->spec.min_ready_seconds = rc->spec.min_ready_seconds;
    rs->spec.selector = arena_make(a, LabelSelector);
    rs->spec.selector->match_labels = rc->spec.selector;
    if (rc->spec.template_)
        rs->spec.template_ = *rc->spec.template_;
    read_status(a, &rc->status, &rs->status);
    return rs;
}

static void write_status(struct plan *p, const void *typed, const ReplicaSetStatus *st) {
    const ReplicationController *was = typed;
    ReplicationController rc = *was;
    rc.status = (ReplicationControllerStatus){
        .replicas = st->replicas,
        .fully_labeled_replicas = st->fully_labeled_replicas,
        .ready_replicas = st->ready_replicas,
        .available_replicas = st->available_replicas,
        .observed_generation = st->observed_generation,
    };
    for (uint32_t i = 0; i < st->conditions.n; i++) {
        const ReplicaSetCondition *c = &st->conditions.v[i];
        *list_push(p->arena, &rc.status.conditions) =
            (ReplicationControllerCondition){.type = c->type,
                                             .status = c->status,
                                             .last_transition_time = c->last_transition_time,
                                             .reason = c->reason,
                                             .message = c->message};
    }
    if (!api_equal(&ReplicationControllerStatus_type, &was->status, &rc.status))
        plan_update(p, CONTROLLERS, "status", &rc);
}

static const struct replica_kind replication_controllers = {CONTROLLERS, read_as_set, write_status};

static void start(struct controller_run *run, void *state) {
    replicas_start(run, state, &replication_controllers);
}

static const struct controller_watch watches[] = {
    {.resource = CONTROLLERS, .keys = keys_self},
    {.resource = RESOURCE_OF(core_v1_pods),
     .keys = replicas_pod_keys,
     .fields = REPLICAS_POD_FIELDS},
    {.resource = NULL},
};

const struct controller replication_controller_controller = {
    .name = "replicationcontroller-controller",
    .queue = "replicationmanager",
    .watches = watches,
    .state_size = sizeof(struct replicasets),
    .start = start,
    .reconcile = replicas_reconcile,
};
