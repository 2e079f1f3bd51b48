// SPDX-License-Identifier: Apache-2.0
/* TaintNodesByCondition: a new node takes no pods until something has seen it ready. */
#include "apiserver/admission/admission.h"

#define TAINT_NOT_READY STR("node.kubernetes.io/not-ready")

static enum step_result mutate(struct write *w) {
    if (!write_is(w, RESOURCE_OF(core_v1_nodes), WRITE_CREATE))
        return STEP_NEXT;
    Node *n = w->obj;
    for (uint32_t i = 0; i < n->spec.taints.n; i++)
        if (str_eq(n->spec.taints.v[i].key, TAINT_NOT_READY) &&
            str_eqc(n->spec.taints.v[i].effect, "NoSchedule"))
            return STEP_NEXT;
    uint32_t count = n->spec.taints.n;
    Taint *v = arena_array(w->r->arena, count + 1, sizeof(Taint));
    if (count)
        memcpy(v, n->spec.taints.v, count * sizeof(Taint));
    v[count] = (Taint){.key = TAINT_NOT_READY, .effect = STR("NoSchedule")};
    n->spec.taints.v = v;
    n->spec.taints.n = count + 1;
    w->mutated = true;
    return STEP_NEXT;
}

const struct admission_plugin admission_taint_nodes = {"TaintNodesByCondition", mutate, NULL};
