// SPDX-License-Identifier: Apache-2.0
/* A pattern, a line feed, a text. What is found lies in the text and is found again from its own
 * start; a text that matches has a part that does. */
#include "base/base.h"
#include "base/regexp.h"

#define FUZZ_TEXT_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct arena a;
    struct err e = {0};
    const struct regexp *re;
    str text = {(const char *)data, n}, pattern = str_cut(&text, '\n');
    size_t start, end, again, again_end;
    text = str_slice(text, 0, FUZZ_TEXT_MAX);
    arena_init(&a, 0);
    if (regexp_compile(&a, pattern, &e, &re) < 0) {
        ASSERT(str_starts(str_of(e.text), STR("error parsing regexp: ")));
    } else if (regexp_find(re, text, 0, &start, &end)) {
        ASSERT(start <= end && end <= text.n && regexp_match(re, text));
        ASSERT(regexp_find(re, text, start, &again, &again_end));
        ASSERT(again == start && again_end == end);
    } else {
        ASSERT(!regexp_match(re, text));
    }
    arena_done(&a);
    return 0;
}
