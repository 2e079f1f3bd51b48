// SPDX-License-Identifier: Apache-2.0
/* Types of CEL. Constant, in tables or arenas; compared by what they are, not by address. */
#pragma once

#include "base/arena.h"
#include "base/str.h"

enum cel_type_kind {
    CEL_DYN,
    CEL_ANY,
    CEL_BOOL,
    CEL_BYTES,
    CEL_DOUBLE,
    CEL_DURATION,
    CEL_ERROR, /* of what is wrong: agrees with everything */
    CEL_INT,
    CEL_LIST,
    CEL_MAP,
    CEL_NULL,
    CEL_OPAQUE, /* of a library; may have a parameter, as optional_type has */
    CEL_STRING,
    CEL_OBJECT, /* has fields: struct cel_object of the environment */
    CEL_TIMESTAMP,
    CEL_TYPE,  /* type(T), or type of anything */
    CEL_PARAM, /* of an overload, or a variable of the checker */
    CEL_UINT,
    CEL_TYPE_KIND_MAX
};

#define CEL_TYPE_NODES_MAX 1024 /* types inside a type; of larger ones the checker complains */

struct cel_type {
    uint8_t kind;
    uint8_t n;      /* parameters */
    uint16_t nodes; /* with all inside */
    uint32_t var;   /* PARAM: number of the checker's variable; 0: an overload's, known by name */
    const char *name;
    const struct cel_type *param[2];
};

extern const struct cel_type cel_type_dyn, cel_type_any, cel_type_bool, cel_type_bytes,
    cel_type_double, cel_type_duration, cel_type_error, cel_type_int, cel_type_null,
    cel_type_string, cel_type_timestamp, cel_type_type, cel_type_uint, cel_type_list_dyn,
    cel_type_map_dyn, cel_type_map_string_dyn, cel_type_list_string;

/* NULL: larger than CEL_TYPE_NODES_MAX. */
const struct cel_type *cel_type_list(struct arena *a, const struct cel_type *element);
const struct cel_type *cel_type_map(struct arena *a, const struct cel_type *key,
                                    const struct cel_type *value);
const struct cel_type *cel_type_optional(struct arena *a, const struct cel_type *t);
const struct cel_type *cel_type_of_type(struct arena *a, const struct cel_type *t);
const struct cel_type *cel_type_object(struct arena *a, const char *name);
/* t with other parameters; NULL as above. */
const struct cel_type *cel_type_with(struct arena *a, const struct cel_type *t,
                                     const struct cel_type *p0, const struct cel_type *p1);

/* The same type; names of parameters count only when exact. */
bool cel_type_same(const struct cel_type *a, const struct cel_type *b, bool exact);
static inline bool cel_type_is_optional(const struct cel_type *t) {
    return t->kind == CEL_OPAQUE && t->n == 1;
}
/* As the checker's messages print it: "map(string, dyn)", "timestamp". */
str cel_type_text(struct arena *a, const struct cel_type *t);
/* As Go's Type.String(): "google.protobuf.Timestamp", "null_type". */
str cel_type_string_of(struct arena *a, const struct cel_type *t);
