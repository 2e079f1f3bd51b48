// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"

/* Secrets are named and nothing else is said of them. */
static void names_only(struct arena *a, ServiceAccount *s) {
    if (!s->secrets.n)
        return;
    ObjectReference *v = arena_array(a, s->secrets.n, sizeof(*v));
    for (uint32_t i = 0; i < s->secrets.n; i++)
        v[i].name = s->secrets.v[i].name;
    s->secrets.v = v;
}

static void prepare_create(struct hook_ctx *h, void *obj) {
    names_only(h->arena, obj);
}

static void prepare_update(struct hook_ctx *h, void *obj, const void *old) {
    (void)old;
    names_only(h->arena, obj);
}

const struct hooks hooks_core_v1_serviceaccounts = {
    .group = "",
    .resource = "serviceaccounts",
    .prepare_create = prepare_create,
    .prepare_update = prepare_update,
};
