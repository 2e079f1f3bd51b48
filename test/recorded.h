// SPDX-License-Identifier: Apache-2.0
/* Recordings of upstream: files of one JSON object a line, under test/data. Programs run in the
 * top folder of the tree. */
#pragma once

#include "base/base64.h"
#include "schema/value.h"
#include "tap.h"

static inline str file_read(struct arena *a, const char *path) {
    FILE *f = fopen(path, "rb");
    if (!f) {
        tap_fail(__FILE__, __LINE__, "cannot open %s: tests run in the top folder", path);
        tap_bail();
    }
    char *p = NULL;
    size_t n = 0, got;
    do {
        p = arena_grow(a, p, n, n + 65536);
        got = fread(p + n, 1, 65536, f);
        n += got;
    } while (got);
    fclose(f);
    return (str){p, n};
}

/* The next line of *text as a tree; false behind the last. */
static inline bool recorded_next(struct arena *a, str *text, struct value *ret) {
    if (text->n == 0)
        return false;
    struct err e;
    str line = str_cut(text, '\n');
    if (value_parse(a, line, ret, NULL, &e) < 0) {
        tap_fail(__FILE__, __LINE__, "recording: %s", e.text);
        tap_bail();
    }
    return true;
}

static inline str recorded_bytes(struct arena *a, const struct value *v, const char *key) {
    str s = STR_NONE;
    base64_decode_in(a, value_str(value_getc(v, key)), 0, &s);
    return s;
}
