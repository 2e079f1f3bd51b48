// SPDX-License-Identifier: Apache-2.0
/* CEL, the Common Expression Language, as Kubernetes 1.36 has it: compile an expression once
 * against an environment, keep the program, evaluate it many times.
 *
 * An environment says which names there are and of what type; it is a constant of the caller's, or
 * lives in an arena, and may be shared. Expressions come from outsiders: source length, nesting,
 * types, errors and the work of checking have limits of their own (parse.h, type.h, check.h), and
 * what a compilation takes from its arena is bounded by the length of the source.
 *
 * Error texts are those of the Go implementation (google/cel-go), which are API behaviour:
 *
 *     ERROR: <input>:1:8: Syntax error: no viable alternative at input '.'
 *      | object.
 *      | .......^
 *
 * Rules: the CEL specification; the libraries and options of k8s.io/apiserver/pkg/cel. */
#pragma once

#include "base/map.h"
#include "cel/function.h"
#include "cel/type.h"
#include "schema/type.h"

struct cel_variable {
    const char *name; /* may have dots: "authorizer.requestResource" */
    const struct cel_type *type;
};

/* A type with fields: what a variable's type names (cel_type_object), and what expressions may
 * build, "Name{field: x}". */
struct cel_object {
    const char *name;
    const struct cel_variable *fields;
    uint32_t n;
    bool any_field;          /* any other field is there too, and dyn */
    const struct map *index; /* more fields, name -> struct cel_type, where there may be many */
};

struct cel_env {
    unsigned libraries; /* enum cel_library */
    const struct cel_variable *vars;
    uint32_t n_vars;
    const struct cel_object *const *objects;
    uint32_t n_objects;
    const struct map *object_index; /* more, name -> struct cel_object, where there may be many */
    /* "Object", "Object.spec", ... are types with any field, and "JSONPatch" is one: what mutating
     * policies build. */
    bool patch_types;
    const struct cel_env *outer; /* names that are looked for when there are none here, or NULL */
    /* Adds what is wrong with s as a name of the kind ("dns1123Label", "labelValue", ...), which is
     * known above this layer; NULL: "format.dns1123Label()" and the like are errors when they
     * validate. */
    void (*check_name)(struct arena *a, str kind, str s, str_list *errors);
};

struct cel_expr;
struct cel_program {
    const struct cel_env *env;
    const struct cel_expr *root;
    const struct cel_type *type; /* of the result */
    str source;
};

/* 0, or -EINVAL with every error in *ret_errors (both in the arena). The program lives as long as
 * the arena, the environment and the source; it is never written again, so threads may share it. */
int cel_compile(struct arena *a, const struct cel_env *env, str source,
                const struct cel_program **ret, str *ret_errors);
