// SPDX-License-Identifier: Apache-2.0
/* The functions expressions may call, as a table of overloads (functions.def). */
#pragma once

#include "cel/value.h"

/* What an environment turns on; 1.36 has all of CEL_LIB_KUBERNETES everywhere. */
enum cel_library {
    CEL_LIB_STANDARD = 1 << 0,
    CEL_LIB_OPTIONAL = 1 << 1,
    CEL_LIB_STRINGS = 1 << 2,
    CEL_LIB_SETS = 1 << 3,
    CEL_LIB_TWO_VAR = 1 << 4,
    CEL_LIB_LISTS = 1 << 5,
    CEL_LIB_REGEX = 1 << 6,
    CEL_LIB_URLS = 1 << 7,
    CEL_LIB_QUANTITY = 1 << 8,
    CEL_LIB_IP = 1 << 9,
    CEL_LIB_FORMAT = 1 << 10,
    CEL_LIB_SEMVER = 1 << 11,
    CEL_LIB_AUTHZ = 1 << 12,
    CEL_LIB_IMAGE = 1 << 13,
    CEL_LIB_KUBERNETES = (1 << 14) - 1,
    CEL_LIB_BINDINGS = 1 << 14,   /* cel.bind: devices */
    CEL_LIB_JSON_PATCH = 1 << 15, /* mutating policies */
};

#define CEL_ARGS_MAX 4

struct cel_run;

/* What a function does. All overloads of a name share one, which looks at its arguments; none of
 * them is an error. What goes wrong is a value of CEL_V_ERROR. */
typedef struct cel_value cel_fn(struct cel_run *r, const struct cel_value *args, uint32_t n);

struct cel_overload {
    const char *name;
    unsigned library;
    bool is_member;
    uint8_t n;
    const struct cel_type *result;
    const struct cel_type *args[CEL_ARGS_MAX];
    cel_fn *call; /* NULL: the evaluator itself does it, where not every argument is needed */
};

/* All overloads, those of one name beside each other. */
extern const struct cel_overload cel_overloads[];
extern const uint32_t cel_overloads_n;
/* The first of a name that libraries have; NULL: none. */
const struct cel_overload *cel_function(str name, unsigned libraries);
/* The next of the same name, or NULL. */
const struct cel_overload *cel_function_next(const struct cel_overload *o, unsigned libraries);

extern const struct cel_type cel_type_quantity, cel_type_url, cel_type_ip, cel_type_cidr,
    cel_type_format, cel_type_semver, cel_type_image, cel_type_authorizer, cel_type_path_check,
    cel_type_group_check, cel_type_resource_check, cel_type_decision;
