// SPDX-License-Identifier: Apache-2.0
/* Limit ranges and resource quotas. */
#include "api/kinds/kinds.h"

static void inherit(struct arena *a, str_map *to, const str_map *from) {
    for (uint32_t i = 0; i < from->n; i++)
        if (!label_has(to, from->v[i].key))
            entry_put(a, to, from->v[i].key, from->v[i].value);
}

static void defaults(struct hook_ctx *h, void *obj) {
    LimitRange *l = obj;
    for (uint32_t i = 0; i < l->spec.limits.n; i++) {
        LimitRangeItem *it = &l->spec.limits.v[i];
        if (!str_eqc(it->type, "Container"))
            continue;
        inherit(h->arena, &it->default_, &it->max);
        inherit(h->arena, &it->default_request, &it->default_);
        inherit(h->arena, &it->default_request, &it->min);
    }
}

const struct hooks hooks_core_v1_limitranges = {
    .group = "",
    .resource = "limitranges",
    .defaults = defaults,
};
