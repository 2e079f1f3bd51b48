// SPDX-License-Identifier: Apache-2.0
#include "scheduler/framework.h"
#include "scheduler/tolerate.h"

static void filter(struct cycle *c);
static void score(struct cycle *c, int64_t *scores);
extern const struct plugin taint_toleration_plugin;
const struct plugin taint_toleration_plugin = {
    .name = "TaintToleration",
    .filter = filter,
    .score = score,
    .normalize = NORMALIZE_REVERSE,
    .weight = 3,
    .events = EVENT_NODE_TAINTS,
};

static void filter(struct cycle *c) {
    struct bits refused = bits_new(c->arena, c->feasible.n);
    for (uint32_t i = 0; i < c->nodes->n_taints; i++) {
        const struct taint_row *t = c->nodes->taints[i];
        bool hard = str_eqc(t->taint.effect, "NoSchedule") || str_eqc(t->taint.effect, "NoExecute");
        if (hard && !tolerates(&pod_of(c->pod)->spec, &t->taint))
            bits_or(&refused, &t->nodes);
    }
    cycle_refuse_all(c, &refused, STR("node(s) had untolerated taint(s)"));
}

/* The fewer PreferNoSchedule taints a pod would have to bear, the better. Only tolerations for that
 * effect (or any) count. */
static void score(struct cycle *c, int64_t *scores) {
    for (uint32_t i = 0; i < c->nodes->n_taints; i++) {
        const struct taint_row *t = c->nodes->taints[i];
        if (!str_eqc(t->taint.effect, "PreferNoSchedule") ||
            tolerates(&pod_of(c->pod)->spec, &t->taint))
            continue;
        BITS_FOREACH (row, &t->nodes)
            scores[row]++;
    }
}
