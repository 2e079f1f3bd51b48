// SPDX-License-Identifier: Apache-2.0
/* Gives every node its type, and tells what has none. */
#pragma once

#include "cel/ast.h"
#include "cel/cel.h"
#include "cel/error.h"

#define CEL_NAME_MAX       1024    /* bytes of a name with dots */
#define CEL_CHECK_WORK_MAX 1000000 /* steps of comparing types in one check */

/* Errors go to `errors`; the types of nodes are final then. */
void cel_check(struct arena *a, const struct cel_env *env, struct cel_expr *root,
               struct cel_errors *errors);

/* What literals get wrong that the types do not say: durations, timestamps, patterns, mixed lists
 * and maps, format strings. After a check without errors. */
void cel_check_literals(struct arena *a, struct cel_expr *root, struct cel_errors *errors);

/* ---- between the files of the checker ---- */

struct types {
    struct arena *arena;
    struct {
        const struct cel_type **v; /* what variable number i + 1 stands for, or NULL */
        uint32_t n;
    } vars;
    struct {
        struct {
            uint32_t var;
            const struct cel_type *was;
        } * v;
        uint32_t n, cap;
    } trail; /* to take back what did not fit in the end */
    uint32_t work;
    bool gave_up; /* too much work, or a type too large: everything agrees from then on */
};

const struct cel_type *types_new_var(struct types *t);
/* Parameters A and B of an overload's type become variables (NULL: not met yet). */
const struct cel_type *types_instance(struct types *t, const struct cel_type *type,
                                      const struct cel_type *vars[2]);
/* The type with what its variables stand for; `to_dyn`: free ones are dyn. */
const struct cel_type *types_resolve(struct types *t, const struct cel_type *type, bool to_dyn);
/* Whether every x[i] may stand where y[i] is wanted; variables are bound by that, when all fit. */
bool types_assign(struct types *t, const struct cel_type *const *x, const struct cel_type *const *y,
                  uint32_t n);
const struct cel_type *types_more_general(const struct cel_type *x, const struct cel_type *y);

static inline bool type_is_dyn(const struct cel_type *t) {
    return t->kind == CEL_DYN || t->kind == CEL_ANY;
}
