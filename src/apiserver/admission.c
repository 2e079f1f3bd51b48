// SPDX-License-Identifier: Apache-2.0
/* The order is upstream's. */
#include "apiserver/admission.h"

static const struct admission_plugin *const plugins[] = {
    &admission_namespace_lifecycle, &admission_service_account, &admission_node_restriction,
    &admission_taint_nodes,         &admission_priority,        &admission_default_tolerations,
    &admission_escalation,
};

enum step_result admission_mutate(struct write *w) {
    for (size_t i = 0; i < ARRAY_LEN(plugins); i++) {
        enum step_result s = plugins[i]->mutate ? plugins[i]->mutate(w) : STEP_NEXT;
        if (s != STEP_NEXT)
            return s;
    }
    return STEP_NEXT;
}

enum step_result admission_validate(struct write *w) {
    for (size_t i = 0; i < ARRAY_LEN(plugins); i++) {
        enum step_result s = plugins[i]->validate ? plugins[i]->validate(w) : STEP_NEXT;
        if (s != STEP_NEXT)
            return s;
    }
    return STEP_NEXT;
}

enum step_result admission_forbid(struct write *w, str why) {
    const ObjectMeta *m = w->obj;
    str name = w->name;
    if (!name.n && m)
        name = m->name.n ? m->name : m->generate_name;
    struct arena *a = w->r->arena;
    return write_fail(
        w, status_forbidden_of(a, str_of(w->res->group), str_of(w->res->plural), name, why));
}
