// SPDX-License-Identifier: Apache-2.0
/* Owned_type, for exactly one .c file of a program, and trees from texts. ' stands for ". */
#pragma once

#include "schema/apply.h"
#include "tap.h"

#define ROWS_DEF "unit/schema/owned.def"
#include "schema/rows_types.h"

#define ROWS_DEF "unit/schema/owned.def"
#include "schema/rows_tables.h"

static inline struct value tree(struct arena *a, const char *text) {
    str json = str_dup(a, str_of(text));
    char *p = arena_dup(a, text, json.n + 1);
    struct value v;
    struct err e = {0};
    for (size_t i = 0; i < json.n; i++)
        if (p[i] == '\'')
            p[i] = '"';
    if (value_parse(a, (str){p, json.n}, &v, NULL, &e) < 0) {
        tap_fail(__FILE__, __LINE__, "%s: %s", text, e.text);
        tap_bail();
    }
    return v;
}

static inline str printed(struct arena *a, const struct value *v) {
    struct buf b;
    buf_init(&b, 0);
    value_write(&b, v);
    for (size_t i = 0; i < b.n; i++)
        if (b.p[i] == '"')
            b.p[i] = '\'';
    str s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

static inline struct fieldset set_of(struct arena *a, const char *text) {
    struct value v = tree(a, text);
    struct fieldset s = {0};
    struct err e = {0};
    if (fieldset_read(a, &v, &s, &e) < 0)
        tap_fail(__FILE__, __LINE__, "%s: %s", text, e.text);
    return s;
}

static inline str set_text(struct arena *a, const struct fieldset *s) {
    struct buf b;
    buf_init(&b, 0);
    fieldset_write(&b, s);
    for (size_t i = 0; i < b.n; i++)
        if (b.p[i] == '"')
            b.p[i] = '\'';
    str text = str_dup(a, buf_str(&b));
    buf_done(&b);
    return text;
}

#define SCHEMA schema_root(&Owned_type)
