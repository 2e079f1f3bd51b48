// SPDX-License-Identifier: Apache-2.0
/* RuntimeClass: the class a pod names adds its overhead and where it can run. */
#include "api/maps.h"
#include "api/resource_list.h"
#include "apiserver/admission/admission.h"

static bool same_amounts(const str_map *x, const str_map *y) {
    if (x->n != y->n)
        return false;
    for (uint32_t i = 0; i < x->n; i++) {
        const Quantity *q = amounts_get(y, x->v[i].key);
        if (!q || amount_cmp(x->v[i].value, *q) != 0)
            return false;
    }
    return true;
}

static enum step_result mismatch(struct write *w) {
    return admission_forbid(
        w, STR("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"));
}

static enum step_result set_selector(struct write *w, Pod *p, const str_map *from) {
    struct arena *a = w->r->arena;
    for (uint32_t i = 0; i < from->n; i++) {
        str key = from->v[i].key, value = from->v[i].value;
        const str *there = amounts_get(&p->spec.node_selector, key);
        if (there && !str_eq(*there, value))
            return admission_forbid(
                w, str_printf(a,
                              "conflict: runtimeClass.scheduling.nodeSelector[" STR_FMT
                              "] = " STR_FMT "; pod.spec.nodeSelector[" STR_FMT "] = " STR_FMT,
                              STR_ARG(key), STR_ARG(value), STR_ARG(key), STR_ARG(*there)));
        entry_put(a, &p->spec.node_selector, key, value);
    }
    return STEP_NEXT;
}

static bool has_toleration(const Pod *p, const Toleration *t) {
    for (uint32_t i = 0; i < p->spec.tolerations.n; i++)
        if (api_equal(&Toleration_type, &p->spec.tolerations.v[i], t))
            return true;
    return false;
}

void admission_tolerate(struct arena *a, Pod *p, const Toleration *t) {
    uint32_t n = p->spec.tolerations.n;
    if (has_toleration(p, t))
        return;
    Toleration *v = arena_array(a, n + 1, sizeof(*v));
    if (n)
        memcpy(v, p->spec.tolerations.v, n * sizeof(*v));
    v[n] = *t;
    p->spec.tolerations.v = v;
    p->spec.tolerations.n = n + 1;
}

static const RuntimeClass *class_of(struct write *w, const Pod *p) {
    str name = p->spec.runtime_class_name;
    return name.n ? admission_find(w, RESOURCE_OF(node_v1_runtimeclasses), STR_NONE, name) : NULL;
}

static enum step_result mutate(struct write *w) {
    if (!write_is(w, RESOURCE_OF(core_v1_pods), WRITE_CREATE))
        return STEP_NEXT;
    Pod *p = w->obj;
    const RuntimeClass *c = class_of(w, p);
    if (p->spec.runtime_class_name.n && !c)
        return admission_forbid(
            w, str_printf(w->r->arena, "pod rejected: RuntimeClass \"" STR_FMT "\" not found",
                          STR_ARG(p->spec.runtime_class_name)));
    if (!c)
        return STEP_NEXT;
    if (c->overhead) {
        if (p->spec.overhead.n && !same_amounts(&p->spec.overhead, &c->overhead->pod_fixed))
            return mismatch(w);
        p->spec.overhead = c->overhead->pod_fixed;
    }
    if (!c->scheduling)
        return STEP_NEXT;
    for (uint32_t i = 0; i < c->scheduling->tolerations.n; i++)
        admission_tolerate(w->r->arena, p, &c->scheduling->tolerations.v[i]);
    return set_selector(w, p, &c->scheduling->node_selector);
}

static enum step_result validate(struct write *w) {
    if (!write_is(w, RESOURCE_OF(core_v1_pods), WRITE_CREATE))
        return STEP_NEXT;
    const Pod *p = w->obj;
    const RuntimeClass *c = class_of(w, p);
    if (c && c->overhead)
        return same_amounts(&p->spec.overhead, &c->overhead->pod_fixed) ? STEP_NEXT : mismatch(w);
    if (p->spec.overhead.n)
        return admission_forbid(w, STR("pod rejected: Pod Overhead set without corresponding "
                                       "RuntimeClass defined Overhead"));
    return STEP_NEXT;
}

const struct admission_plugin admission_runtime_class = {"RuntimeClass", mutate, validate};
