// SPDX-License-Identifier: Apache-2.0
#include "cel/ast.h"

struct cel_expr *cel_expr_new(struct arena *a, enum cel_kind kind, uint32_t at) {
    struct cel_expr *e = arena_make(a, struct cel_expr);
    e->kind = (uint8_t)kind;
    e->at = at;
    return e;
}

struct cel_expr *cel_expr_ident(struct arena *a, uint32_t at, str name) {
    struct cel_expr *e = cel_expr_new(a, CEL_IDENT, at);
    e->name = name;
    return e;
}

struct cel_expr *cel_expr_bool(struct arena *a, uint32_t at, bool b) {
    struct cel_expr *e = cel_expr_new(a, CEL_LITERAL, at);
    e->literal = cel_bool(b);
    return e;
}

struct cel_expr *cel_expr_int(struct arena *a, uint32_t at, int64_t i) {
    struct cel_expr *e = cel_expr_new(a, CEL_LITERAL, at);
    e->literal = cel_int(i);
    return e;
}

struct cel_expr *cel_expr_call(struct arena *a, uint32_t at, str name, struct cel_expr *target,
                               struct cel_expr *const *args, uint32_t n) {
    struct cel_expr *e = cel_expr_new(a, CEL_CALL, at);
    uint32_t first = target != NULL;
    e->name = name;
    e->is_member = target != NULL;
    e->args.n = first + n;
    e->args.v = arena_array(a, e->args.n, sizeof(*e->args.v));
    if (target)
        e->args.v[0] = target;
    if (n)
        memcpy(e->args.v + first, args, n * sizeof(*args));
    for (uint32_t i = 0; i < e->args.n; i++)
        e->depth = MAX(e->depth, e->args.v[i]->depth);
    return e;
}

void cel_expr_children(const struct cel_expr *e, void (*visit)(void *ctx, struct cel_expr *child),
                       void *ctx) {
    if (e->kind == CEL_SELECT) {
        visit(ctx, e->operand);
    } else if (e->kind == CEL_CALL) {
        for (uint32_t i = 0; i < e->args.n; i++)
            visit(ctx, e->args.v[i]);
    } else if (e->kind >= CEL_NEW_LIST && e->kind <= CEL_NEW_OBJECT) {
        for (uint32_t i = 0; i < e->entries.n; i++) {
            if (e->entries.v[i].key)
                visit(ctx, e->entries.v[i].key);
            visit(ctx, e->entries.v[i].value);
        }
    } else if (e->kind == CEL_FOLD) {
        visit(ctx, e->fold->range);
        visit(ctx, e->fold->init);
        visit(ctx, e->fold->condition);
        visit(ctx, e->fold->step);
        visit(ctx, e->fold->result);
    }
}

struct cel_expr *cel_expr_copy(struct arena *a, const struct cel_expr *e) {
    struct cel_expr *c = arena_dup(a, e, sizeof(*e));
    if (e->kind == CEL_SELECT) {
        c->operand = cel_expr_copy(a, e->operand);
    } else if (e->kind == CEL_CALL) {
        c->args.v = arena_array(a, e->args.n, sizeof(*c->args.v));
        for (uint32_t i = 0; i < e->args.n; i++)
            c->args.v[i] = cel_expr_copy(a, e->args.v[i]);
    } else if (e->kind >= CEL_NEW_LIST && e->kind <= CEL_NEW_OBJECT) {
        c->entries.v = arena_array(a, e->entries.n, sizeof(*c->entries.v));
        for (uint32_t i = 0; i < e->entries.n; i++) {
            c->entries.v[i] = e->entries.v[i];
            if (e->entries.v[i].key)
                c->entries.v[i].key = cel_expr_copy(a, e->entries.v[i].key);
            c->entries.v[i].value = cel_expr_copy(a, e->entries.v[i].value);
        }
    } else if (e->kind == CEL_FOLD) {
        c->fold = arena_dup(a, e->fold, sizeof(*e->fold));
        c->fold->range = cel_expr_copy(a, e->fold->range);
        c->fold->init = cel_expr_copy(a, e->fold->init);
        c->fold->condition = cel_expr_copy(a, e->fold->condition);
        c->fold->step = cel_expr_copy(a, e->fold->step);
        c->fold->result = cel_expr_copy(a, e->fold->result);
    }
    return c;
}
