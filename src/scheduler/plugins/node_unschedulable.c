// SPDX-License-Identifier: Apache-2.0
#include "scheduler/framework.h"
#include "scheduler/tolerate.h"

static void filter(struct cycle *c);
extern const struct plugin node_unschedulable_plugin;
const struct plugin node_unschedulable_plugin = {
    .name = "NodeUnschedulable", .filter = filter, .events = EVENT_NODE_TAINTS};

/* kubectl cordon; the pod that tolerates the taint of the same name passes. */
static void filter(struct cycle *c) {
    static const Taint taint = {.key = {"node.kubernetes.io/unschedulable", 32},
                                .effect = {"NoSchedule", 10}};
    if (!tolerates(&pod_of(c->pod)->spec, &taint))
        cycle_refuse_all(c, &c->nodes->unschedulable, STR("node(s) were unschedulable"));
}
