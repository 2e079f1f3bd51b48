// SPDX-License-Identifier: Apache-2.0
/* Configuration: secrets and config maps. */
#include "api/kinds/kinds.h"

/* stringData is for writing only: it ends in data. */
static void defaults(struct hook_ctx *h, void *obj) {
    Secret *s = obj;
    for (uint32_t i = 0; i < s->string_data.n; i++)
        entry_put(h->arena, &s->data, s->string_data.v[i].key, s->string_data.v[i].value);
    s->string_data = (str_map){0};
}

static void prepare_update(struct hook_ctx *h, void *obj, const void *old) {
    Secret *s = obj;
    (void)h;
    if (!s->type.n)
        s->type = ((const Secret *)old)->type;
}

const struct hooks hooks_core_v1_secrets = {
    .group = "",
    .resource = "secrets",
    .defaults = defaults,
    .prepare_update = prepare_update,
};

const struct hooks hooks_core_v1_configmaps = {
    .group = "",
    .resource = "configmaps",
};
