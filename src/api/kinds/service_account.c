// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"
#include "api/kinds/warn.h"

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

#define MOUNTABLE "kubernetes.io/enforce-mountable-secrets"

static void warn(struct warnings *w, const void *obj, const void *old) {
    const ServiceAccount *s = obj, *was = old;
    if (!was || !label_has(&was->metadata.annotations, STR(MOUNTABLE)))
        warn_annotation(w, PATH(NULL, "metadata"), &s->metadata.annotations, MOUNTABLE,
                        "deprecated in v1.32+; prefer separate namespaces to isolate access to "
                        "mounted secrets");
}

const struct hooks hooks_core_v1_serviceaccounts = {
    .group = "",
    .resource = "serviceaccounts",
    .prepare_create = prepare_create,
    .prepare_update = prepare_update,
    .warn = warn,
};
