// SPDX-License-Identifier: Apache-2.0
/* Protobuf: what was read is written in one way only, and can be said in JSON. */
#include "fuzz.h"

static void check(const struct api_type *t, str bytes) {
    struct arena a;
    struct buf b = {0}, c = {0};
    struct err e = {0};
    arena_init(&a, FUZZ_ARENA_MAX);
    void *obj = arena_alloc(&a, t->size), *again = arena_alloc(&a, t->size);
    int r = proto_read(&a, t, bytes, obj, &e);
    a.limit = 0;
    ASSERT(r == 0 || e.text[0]);
    if (r == 0) {
        proto_write(&b, t, obj);
        ASSERT(proto_read(&a, t, buf_str(&b), again, NULL) == 0);
        proto_write(&c, t, again);
        ASSERT(str_eq(buf_str(&b), buf_str(&c)));
        /* Not a number and empty texts in Raw are null in JSON, so only the second text is final.
         */
        ASSERT(json_read(&a, t, fuzz_text(&a, t, obj), again, NULL, NULL) == 0);
        str text = fuzz_text(&a, t, again);
        ASSERT(json_read(&a, t, text, again, NULL, NULL) == 0);
        ASSERT(str_eq(fuzz_text(&a, t, again), text));
    }
    buf_done(&b);
    buf_done(&c);
    arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct proto_envelope env;
    str bytes = {(const char *)data, n};
    check(&Sample_type, bytes);
    check(&Packed_type, bytes);
    if (proto_envelope_read(bytes, &env, NULL) == 0)
        check(&Sample_type, env.raw);
    return 0;
}
