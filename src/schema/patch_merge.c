// SPDX-License-Identifier: Apache-2.0
/* JSON merge patch (RFC 7386). */
#include "schema/patch_index.h"
#include "schema/patch_tree.h"

static int merge(struct arena *a, struct value *doc, const struct value *patch) {
    if (patch->tag != VALUE_OBJECT) {
        value_copy(a, patch, doc);
        return arena_over(a) ? -E2BIG : 0;
    }
    if (doc->tag != VALUE_OBJECT)
        *doc = (struct value){.tag = VALUE_OBJECT};
    struct members ms;
    int r = 0;
    members_begin(&ms, a, doc, patch->object.n);
    for (uint32_t i = 0; r == 0 && i < patch->object.n; i++) {
        const struct member *x = &patch->object.v[i];
        struct member *live = members_get(&ms, x->key);
        if (x->value.tag == VALUE_NULL) {
            if (live)
                members_remove(live);
            continue;
        }
        if (!live)
            live = members_add(&ms, str_dup(a, x->key));
        r = arena_over(a) ? -E2BIG : merge(a, &live->value, &x->value);
    }
    members_end(&ms);
    return r;
}

int patch_merge(struct arena *a, struct value *doc, const struct value *patch) {
    return merge(a, doc, patch);
}
