// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"

static void defaults(struct hook_ctx *h, void *obj) {
    ObjectMeta *m = obj;
    if (m->name.n)
        entry_put(h->arena, &m->labels, STR("kubernetes.io/metadata.name"), m->name);
}

static void prepare_create(struct hook_ctx *h, void *obj) {
    Namespace *ns = obj;
    ns->status = (NamespaceStatus){.phase = STR("Active")};
    if (strings_have(&ns->spec.finalizers, STR("kubernetes")))
        return;
    str_list all = {0};
    for (uint32_t i = 0; i < ns->spec.finalizers.n; i++)
        *list_push(h->arena, &all) = ns->spec.finalizers.v[i];
    *list_push(h->arena, &all) = STR("kubernetes");
    ns->spec.finalizers = all;
}

/* Finalizers of the spec change through the finalize subresource only. */
static void prepare_update(struct hook_ctx *h, void *obj, const void *old) {
    (void)h;
    ((Namespace *)obj)->spec = ((const Namespace *)old)->spec;
}

const struct hooks hooks_core_v1_namespaces = {
    .group = "",
    .resource = "namespaces",
    .defaults = defaults,
    .prepare_create = prepare_create,
    .prepare_update = prepare_update,
    .validate_name = name_is_dns_label,
};
