// SPDX-License-Identifier: Apache-2.0
/* Value trees: JSON without a schema (patches, custom resources, raw extensions). Everything lives
 * in an arena; strings may point into the text that was parsed. Objects keep the order of their
 * members. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum value_tag {
    VALUE_NULL,
    VALUE_BOOL,
    VALUE_INT,
    VALUE_FLOAT,
    VALUE_STR,
    VALUE_LIST,
    VALUE_OBJECT,
    VALUE_TAG_MAX
};

struct value;
struct member;

struct value {
    uint8_t tag;
    union {
        bool b;
        int64_t i;
        double f;
        str s;
        struct {
            struct value *v;
            uint32_t n;
        } list;
        struct {
            struct member *v;
            uint32_t n;
        } object;
    };
};
struct member {
    str key;
    struct value value;
};

#define JSON_DEPTH_MAX 512 /* containers inside each other; deeper input is an error */

/* Parses one JSON text (RFC 8259, nothing behind it). Bytes in strings that are no UTF-8, and
 * halves of surrogate pairs, become U+FFFD as in Go. Integers that fit are INT, other numbers
 * FLOAT; a number too large for a double is an error. Of a duplicated key the last wins and
 * *ret_duplicate (may be NULL) is set to the path of the first one (p == NULL: none). Messages are
 * those of Go's encoding/json where clients see them ("unexpected end of JSON input", "invalid
 * character 'x' ..."). */
int value_parse(struct arena *a, str json, struct value *ret, str *ret_duplicate, struct err *e);
/* Compact; strings and floats as Go's encoding/json writes them (escapes < > & U+2028 U+2029). */
void value_write(struct buf *b, const struct value *v);

struct value *value_get(const struct value *object, str key); /* NULL when absent or no object */
struct value *value_getc(const struct value *object, const char *key);
str value_str(const struct value *v); /* STR_NONE unless a string */
struct value *value_set(struct arena *a, struct value *object, str key); /* cleared to null */
bool value_remove(struct value *object, str key);
bool value_equal(const struct value *a, const struct value *b); /* member order is ignored */
/* Same scalar; values of different kinds (1 and 1.0, too) differ, as do lists and objects from
 * everything. */
bool scalar_equal(const struct value *a, const struct value *b);
void value_copy(struct arena *a, const struct value *from,
                struct value *to); /* deep, strings too */
/* Sorts members by key, as Go prints maps. */
void value_sort(struct value *v);
/* Of members with one key the last one's value stays, in the place of the first; on_drop (may be
 * NULL) is told each key that was given once too often. Keys must have p != NULL. */
void value_unique(struct value *object, void (*on_drop)(void *ctx, str key), void *ctx);

/* Shared by the JSON codecs: appends s quoted and escaped as Go does. */
void json_quote(struct buf *b, str s);
void json_raw(struct buf *b, str json); /* JSON text embedded as is, < > & U+2028 U+2029 escaped */
void json_float(struct buf *b, double f); /* Go's format */
