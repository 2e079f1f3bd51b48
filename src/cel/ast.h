// SPDX-License-Identifier: Apache-2.0
/* An expression as a tree. Operators are calls ("_+_"), macros are expanded. A node lives in the
 * arena of its compilation; the checker fills in types and overloads, and puts the full name where
 * a chain of selections is a declared name. */
#pragma once

#include "cel/value.h"

struct cel_overload;

enum cel_kind {
    CEL_LITERAL,
    CEL_IDENT,
    CEL_SELECT,
    CEL_CALL,
    CEL_NEW_LIST,
    CEL_NEW_MAP,
    CEL_NEW_OBJECT,
    CEL_FOLD,
    CEL_BROKEN, /* where the source is wrong */
    CEL_KIND_MAX
};

/* One element of a list (value), entry of a map, or field of an object (name). */
struct cel_entry {
    struct cel_expr *key, *value;
    str name;
    uint32_t at;
    bool optional; /* [?x], {?k: v} */
};

struct cel_fold {
    struct cel_expr *range, *init, *condition, *step, *result;
    str var, var2, accu; /* var2 empty: one variable */
};

struct cel_expr {
    uint8_t kind;
    uint8_t depth;  /* operators inside each other, for CEL_DEPTH_MAX */
    bool test;      /* SELECT: has() */
    bool is_member; /* CALL: target.name(args) */
    uint32_t at;    /* byte offset in the source */
    str name;       /* IDENT, SELECT (field), CALL, NEW_OBJECT (type) */
    const struct cel_type *type;
    union {
        struct cel_value literal;
        struct cel_expr *operand; /* SELECT */
        struct {                  /* CALL; of a member call the target stands first */
            struct cel_expr **v;
            uint32_t n;
            const struct cel_overload *overload; /* when there is only one that fits, else NULL */
        } args;
        struct {
            struct cel_entry *v;
            uint32_t n;
        } entries; /* NEW_LIST, NEW_MAP, NEW_OBJECT */
        struct cel_fold *fold;
    };
};

/* Names of operators, as in the Go implementation. */
#define OP_CONDITIONAL        "_?_:_"
#define OP_AND                "_&&_"
#define OP_OR                 "_||_"
#define OP_NOT                "!_"
#define OP_NEGATE             "-_"
#define OP_EQUALS             "_==_"
#define OP_ADD                "_+_"
#define OP_INDEX              "_[_]"
#define OP_OPT_INDEX          "_[?_]"
#define OP_OPT_SELECT         "_?._"
#define OP_NOT_STRICTLY_FALSE "@not_strictly_false"
#define OP_MAP_INSERT         "cel.@mapInsert"
#define CEL_ACCU              "@result"
#define CEL_UNUSED_VAR        "#unused"

struct cel_expr *cel_expr_new(struct arena *a, enum cel_kind kind, uint32_t at);
struct cel_expr *cel_expr_ident(struct arena *a, uint32_t at, str name);
struct cel_expr *cel_expr_bool(struct arena *a, uint32_t at, bool b);
struct cel_expr *cel_expr_int(struct arena *a, uint32_t at, int64_t i);
/* target NULL: a call without one. */
struct cel_expr *cel_expr_call(struct arena *a, uint32_t at, str name, struct cel_expr *target,
                               struct cel_expr *const *args, uint32_t n);
struct cel_expr *cel_expr_copy(struct arena *a, const struct cel_expr *e);
/* Calls visit with each child of e. */
void cel_expr_children(const struct cel_expr *e, void (*visit)(void *ctx, struct cel_expr *child),
                       void *ctx);
