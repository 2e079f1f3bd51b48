// SPDX-License-Identifier: Apache-2.0
/* Priority: the class a pod names becomes a number; without a name the global default, or 0. */
#include "apiserver/admission/admission.h"

static const PriorityClass *find_class(struct write *w, str name) {
    const struct api_resource *res = RESOURCE_OF(scheduling_v1_priorityclasses);
    struct arena *a = w->r->arena;
    struct object *o = store_get(w->r->server->store, res, object_key(a, res, STR_NONE, name));
    return o ? object_decode(a, o) : NULL;
}

/* Of several the lowest counts. */
static const PriorityClass *global_default(struct write *w) {
    const struct api_resource *res = RESOURCE_OF(scheduling_v1_priorityclasses);
    struct arena *a = w->r->arena;
    struct store_snapshot *sn = NULL;
    const PriorityClass *best = NULL;
    if (store_snapshot(w->r->server->store, res, 0, &sn) < 0)
        return NULL;
    str prefix = object_key_prefix(a, res, STR_NONE);
    const struct object *o = store_snapshot_seek(sn, prefix, prefix, false);
    for (; o; o = store_snapshot_next(sn)) {
        const PriorityClass *c = object_decode(a, o);
        if (c->global_default && (!best || c->value < best->value))
            best = c;
    }
    store_snapshot_free(sn);
    return best;
}

static enum step_result mutate(struct write *w) {
    if (!write_is(w, RESOURCE_OF(core_v1_pods), WRITE_CREATE))
        return STEP_NEXT;
    Pod *p = w->obj;
    str name = p->spec.priority_class_name;
    const PriorityClass *c = name.n ? find_class(w, name) : global_default(w);
    struct arena *a = w->r->arena;
    if (name.n && !c)
        return admission_forbid(
            w, str_printf(a, "no PriorityClass with name " STR_FMT " was found", STR_ARG(name)));
    int32_t value = c ? c->value : 0;
    if (p->spec.priority.set && p->spec.priority.v != value)
        return admission_forbid(
            w, str_printf(a,
                          "the integer value of priority (%d) must not be provided in pod spec; "
                          "priority admission controller computed %d from the given PriorityClass "
                          "name",
                          p->spec.priority.v, value));
    if (c && !name.n)
        p->spec.priority_class_name = c->metadata.name;
    p->spec.priority = (struct opt_i32){true, value};
    str policy = c && c->preemption_policy.n ? c->preemption_policy : STR("PreemptLowerPriority");
    if (p->spec.preemption_policy.n && !str_eq(p->spec.preemption_policy, policy))
        return admission_forbid(
            w, str_printf(a,
                          "the string value of PreemptionPolicy (" STR_FMT
                          ") must not be provided in pod spec; priority admission controller "
                          "computed " STR_FMT " from the given PriorityClass name",
                          STR_ARG(p->spec.preemption_policy), STR_ARG(policy)));
    p->spec.preemption_policy = policy;
    return STEP_NEXT;
}

const struct admission_plugin admission_priority = {"Priority", mutate, NULL};
