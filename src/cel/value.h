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

/* Either values, or a JSON list. */
struct cel_list {
    const struct cel_value *v;
    const struct value *json;
    uint32_t n;
};

/* Either pairs in order of insertion, or a JSON object. */
struct cel_pair {
    struct cel_value key, value;
};
struct cel_map {
    const struct cel_pair *v;
    const struct member *json;
    uint32_t n;
    /* What a key that is absent maps to; NULL: it is an error. (Attributes of a device.) */
    const struct cel_value *fallback;
};

struct cel_opaque {
    const struct cel_type *type;
    const void *data; /* of the library whose type it is */
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

/* A view of a JSON value: v must outlive what is made of it. Integers are int, other numbers
 * double. */
struct cel_value cel_of_json(struct arena *a, const struct value *v);
