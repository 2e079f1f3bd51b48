// SPDX-License-Identifier: Apache-2.0
/* What a rule on a schema may name: `self`, and `oldSelf` before the change, of the type that the
 * schema declares (k8s.io/apiserver/pkg/cel/common, SchemaDeclType). What no schema describes
 * cannot be named. */
#pragma once

#include "api/structural/structural.h"
#include "cel/cel.h"

struct structural_env {
    struct cel_env plain;
    struct cel_env optional; /* oldSelf may be absent: optionalOldSelf */
    const struct cel_type *self;
    struct cel_variable vars[2][2];
    struct map objects; /* name -> struct cel_object */
    struct {
        struct map **v;
        uint32_t n;
    } indexes; /* of the fields of objects that have many */
    struct arena *arena;
};

/* False: the schema declares no type. resource: it is that of a whole resource. ret is not to be
 * moved; what it holds lives in the arena and until structural_env_done. */
bool structural_env_init(struct arena *a, const struct structural *s, bool resource,
                         struct structural_env *ret);
void structural_env_done(struct structural_env *e);

/* The name of a field in expressions: "a-b" is a__dash__b; STR_NONE: it has none. */
str structural_cel_name(struct arena *a, str field);
