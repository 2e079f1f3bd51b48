// SPDX-License-Identifier: Apache-2.0
/* DefaultTolerationSeconds: a pod stays five minutes on a node that went silent. */
#include "apiserver/admission/admission.h"

#define TOLERATION_SECONDS 300

static bool tolerates(const Pod *p, str key) {
    for (uint32_t i = 0; i < p->spec.tolerations.n; i++) {
        const Toleration *t = &p->spec.tolerations.v[i];
        bool effect = !t->effect.n || str_eqc(t->effect, "NoExecute");
        if (effect && (!t->key.n || str_eq(t->key, key)))
            return true;
    }
    return false;
}

static void add(struct arena *a, Pod *p, str key) {
    uint32_t n = p->spec.tolerations.n;
    Toleration *v = arena_array(a, n + 1, sizeof(Toleration));
    if (n)
        memcpy(v, p->spec.tolerations.v, n * sizeof(Toleration));
    v[n] = (Toleration){.key = key,
                        .operator_ = STR("Exists"),
                        .effect = STR("NoExecute"),
                        .toleration_seconds = {true, TOLERATION_SECONDS}};
    p->spec.tolerations.v = v;
    p->spec.tolerations.n = n + 1;
}

static enum step_result mutate(struct write *w) {
    if (!write_is(w, RESOURCE_OF(core_v1_pods), WRITE_CREATE))
        return STEP_NEXT;
    Pod *p = w->obj;
    str keys[] = {STR("node.kubernetes.io/not-ready"), STR("node.kubernetes.io/unreachable")};
    bool has[] = {tolerates(p, keys[0]), tolerates(p, keys[1])};
    for (int i = 0; i < 2; i++)
        if (!has[i])
            add(w->r->arena, p, keys[i]);
    return STEP_NEXT;
}

const struct admission_plugin admission_default_tolerations = {"DefaultTolerationSeconds", mutate,
                                                               NULL};
