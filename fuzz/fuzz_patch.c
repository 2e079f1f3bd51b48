// SPDX-License-Identifier: Apache-2.0
/* Patches from outside. The first byte chooses the kind ('j' JSON patch, 'm' merge, 's' strategic
 * on a Pod); the first line of the rest is the document, what follows is the patch. A document
 * comes out as JSON, or an error with a text; the patch is left alone. */
#include <stdlib.h>

#include "api/types.h"
#include "schema/patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int apply(struct arena *a, uint8_t kind, struct value *doc, const struct value *patch,
                 struct err *e) {
    switch (kind) {
    case 'j':
        return patch_json(a, doc, patch, e);
    case 's':
        return patch_strategic(a, &Pod_type, doc, patch, e);
    }
    int r = patch_merge(a, doc, patch);
    return r < 0 ? err_set(e, r, "too large") : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a;
    struct value doc, patch, before, after;
    struct err e = {0};
    if (size == 0)
        return 0;
    str rest = str_n((const char *)data + 1, size - 1), line = str_cut(&rest, '\n');
    arena_init(&a, 64u << 20);
    if (value_parse(&a, line, &doc, NULL, NULL) == 0 && doc.tag == VALUE_OBJECT && rest.p &&
        value_parse(&a, rest, &patch, NULL, NULL) == 0) {
        struct buf b;
        value_copy(&a, &patch, &before);
        int r = apply(&a, data[0], &doc, &patch, &e);
        ASSERT(r == 0 || e.text[0]);
        ASSERT(value_equal(&patch, &before));
        buf_init(&b, 0);
        value_write(&b, &doc);
        ASSERT(value_parse(&a, buf_str(&b), &after, NULL, NULL) == 0);
        buf_done(&b);
    }
    arena_done(&a);
    return 0;
}
