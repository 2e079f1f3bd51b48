// SPDX-License-Identifier: Apache-2.0
/* Values of CEL. A value is small and copied; what it points to is immutable and lives in an arena
 * or in what the caller gave. JSON trees are not converted: lists and maps may be views of them. */
#pragma once

#include "cel/type.h"
#include "schema/value.h"

enum cel_tag {
    CEL_V_NULL,
    CEL_V_BOOL,
    CEL_V_INT,
    CEL_V_UINT,
    CEL_V_DOUBLE,
    CEL_V_STRING,
    CEL_V_BYTES,
    CEL_V_LIST,
    CEL_V_MAP,
    CEL_V_TIMESTAMP,
    CEL_V_DURATION,
    CEL_V_TYPE,
    CEL_V_OPTIONAL,
    CEL_V_OPAQUE, /* quantity, url, ip, ...: a type of a library */
    CEL_V_ERROR,
    CEL_V_MAX
};

struct cel_list;
struct cel_map;

struct cel_value {
    uint8_t tag;
    int32_t ns; /* TIMESTAMP: 0 to 999999999 */
    union {
        bool b;
        int64_t i; /* INT; DURATION in ns; TIMESTAMP in seconds since 1970 */
        uint64_t u;
        double d;
        str s; /* STRING, BYTES; ERROR: what is wrong */
        const struct cel_list *list;
        const struct cel_map *map;
        const struct cel_type *type;
        const struct cel_value *optional; /* NULL: none */
        const struct cel_opaque *opaque;
    };
};

/* Either values, or a JSON list. Values may share their room with lists that began as this one. */
struct cel_list {
    struct cel_room *room; /* NULL: json */
    const struct value *json;
    uint32_t n;
};

/* Either pairs in order of insertion, or a JSON object. */
struct cel_pair {
    struct cel_value key, value;
};
struct cel_map {
    struct cel_pairs *pairs; /* NULL: json */
    const struct member *json;
    const struct cel_json_index *index; /* of json, when it is large */
    uint32_t n;
    const struct cel_type *type; /* of "Name{...}", else NULL */
    /* What a key that is absent maps to; NULL: it is an error. (Attributes of a device.) */
    const struct cel_value *fallback;
};

/* A value of a library's own type. */
struct cel_opaque {
    const struct cel_type *type;
    const void *data; /* of the library */
};

static inline struct cel_value cel_bool(bool b) {
    return (struct cel_value){.tag = CEL_V_BOOL, .b = b};
}
static inline struct cel_value cel_int(int64_t i) {
    return (struct cel_value){.tag = CEL_V_INT, .i = i};
}
static inline struct cel_value cel_string(str s) {
    return (struct cel_value){.tag = CEL_V_STRING, .s = s};
}

static inline struct cel_value cel_error_value(str text) {
    return (struct cel_value){.tag = CEL_V_ERROR, .s = text};
}

/* A view of a JSON value: v must outlive what is made of it. Integers are int, other numbers
 * double. */
struct cel_value cel_of_json(struct arena *a, const struct value *v);
/* The JSON of a value, -EINVAL for what has none (types, optionals without value, ...). */
int cel_to_json(struct arena *a, const struct cel_value *v, struct value *ret);

struct cel_value cel_list_get(struct arena *a, const struct cel_list *l, uint32_t i);
/* A list with one more element, in O(1) when nothing was appended to l before. */
const struct cel_list *cel_list_append(struct arena *a, const struct cel_list *l,
                                       struct cel_value v);
const struct cel_list *cel_list_new(struct arena *a); /* empty */

/* The i-th pair, in order. */
struct cel_pair cel_map_at(struct arena *a, const struct cel_map *m, uint32_t i);
bool cel_map_find(struct arena *a, const struct cel_map *m, struct cel_value key,
                  struct cel_value *ret);
/* A map with one more pair, as cel_list_append; the key must not be there. */
const struct cel_map *cel_map_insert(struct arena *a, const struct cel_map *m, struct cel_value key,
                                     struct cel_value value);
const struct cel_map *cel_map_new(struct arena *a);

/* Values of different types differ, but for numbers, which are compared as such. */
bool cel_equal(struct arena *a, struct cel_value x, struct cel_value y);
/* -1, 0, 1 in *ret; false: there is no order between them. */
bool cel_compare(struct cel_value x, struct cel_value y, int *ret);
/* Characters of a string, bytes, elements, entries; 1 of anything else. */
uint64_t cel_size(struct cel_value v);
const struct cel_type *cel_type_of(struct arena *a, struct cel_value v);
bool cel_opaque_equal(const struct cel_opaque *x, const struct cel_opaque *y);
uint32_t cel_count_chars(str s);
