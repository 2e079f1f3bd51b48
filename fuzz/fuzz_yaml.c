// SPDX-License-Identifier: Apache-2.0
/* YAML: whatever is accepted is a tree that JSON can say. */
#include "fuzz.h"

#include "schema/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct arena a;
    struct value v, again;
    struct err e = {0};
    str rest = {(const char *)data, n}, doc;
    arena_init(&a, FUZZ_ARENA_MAX);
    while (yaml_document(&rest, &doc) == 0) {
        str_list duplicates = {0};
        int r = yaml_parse_strict(&a, doc, &v, &duplicates, &e);
        ASSERT(duplicates.n <= YAML_DUPLICATES_MAX);
        ASSERT(r == 0 || e.text[0]);
        if (r < 0)
            break;
        size_t limit = a.limit;
        a.limit = 0;
        ASSERT(value_parse(&a, fuzz_tree_text(&a, &v), &again, NULL, NULL) == 0);
        ASSERT(value_equal(&v, &again));
        a.limit = limit;
    }
    arena_done(&a);
    return 0;
}
