// SPDX-License-Identifier: Apache-2.0
/* What the codec fuzzers share. They use a type of their own, so that they need no layer above
 * schema. */
#pragma once

#include "schema/json.h"
#include "schema/json_lex.h"
#include "schema/proto.h"
#include "unit/schema/sample.h"

#define FUZZ_ARENA_MAX (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static inline str fuzz_text(struct arena *a, const struct api_type *t, const void *obj) {
    struct buf b = {0};
    json_write(&b, t, obj, JSON_NO_TYPE_META, NULL);
    str s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

static inline str fuzz_tree_text(struct arena *a, const struct value *v) {
    struct buf b = {0};
    value_write(&b, v);
    str s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}
