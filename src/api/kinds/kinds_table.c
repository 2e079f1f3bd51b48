// SPDX-License-Identifier: Apache-2.0
/* Which hooks a resource has. */
#include "api/kinds/kinds.h"

static const struct hooks plain;

static const struct hooks *const table[RESOURCE_ID_MAX] = {
#define KIND(id_) [RESOURCE_ID(id_)] = &hooks_##id_,
#include "api/kinds/kinds.def"
#undef KIND
};

const struct hooks *hooks_of(const struct api_resource *r) {
    uintptr_t first = (uintptr_t)api_resources, at = (uintptr_t)r;
    if (at < first || at >= first + sizeof(api_resources))
        return &plain;
    const struct hooks *h = table[r - api_resources];
    return h ? h : &plain;
}

void hooks_validate(struct field_errors *fe, const struct api_resource *r,
                    const struct api_resource *asked, const void *obj, const void *old) {
    const struct hooks *h = hooks_of(asked);
    if (asked == r || !h->validate_write)
        h = hooks_of(r);
    if (h->validate)
        h->validate(fe, obj);
    if (h->validate_write)
        h->validate_write(fe, obj, old);
    if (h->validate_create && !old)
        h->validate_create(fe, obj);
    if (!h->validate && !h->validate_create && !h->validate_write)
        api_validate(fe, r->type, obj, NULL);
    fe->kept = 0;
}
