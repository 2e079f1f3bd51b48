// SPDX-License-Identifier: Apache-2.0
/* ExtendedResourceToleration: nodes with special devices are tainted with the device's name; a pod
 * that asks for one tolerates that. */
#include "api/names.h"
#include "apiserver/admission/admission.h"

static bool is_extended(str name) {
    ssize_t slash = str_chr(name, '/');
    if (slash < 0 || str_starts(name, STR("requests.")))
        return false;
    str domain = str_slice(name, 0, (size_t)slash);
    return !str_eqc(domain, "kubernetes.io") && !str_ends(domain, STR(".kubernetes.io")) &&
           name_ok(name_qualified, name);
}

static void tolerate(struct arena *a, Pod *p, const Container *v, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < v[i].resources.requests.n; j++) {
            str name = v[i].resources.requests.v[j].key;
            if (is_extended(name))
                admission_tolerate(a, p,
                                   &(Toleration){.key = name,
                                                 .operator_ = STR("Exists"),
                                                 .effect = STR("NoSchedule")});
        }
}

static enum step_result mutate(struct write *w) {
    if (w->st != RESOURCE_OF(core_v1_pods) || w->sub || w->op == WRITE_DELETE || !w->obj)
        return STEP_NEXT;
    Pod *p = w->obj;
    tolerate(w->r->arena, p, p->spec.containers.v, p->spec.containers.n);
    tolerate(w->r->arena, p, p->spec.init_containers.v, p->spec.init_containers.n);
    return STEP_NEXT;
}

const struct admission_plugin admission_extended_resources = {"ExtendedResourceToleration", mutate,
                                                              NULL, .off = true};
