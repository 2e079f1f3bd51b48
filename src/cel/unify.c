// SPDX-License-Identifier: Apache-2.0
/* Types that agree. The order in which variables are bound follows the Go implementation, for
 * messages show what they were bound to. */
#include "base/vec.h"
#include "cel/check.h"

static bool assign(struct types *t, const struct cel_type *x, const struct cel_type *y);

/* Counts a step; true: too many were made. */
static bool tired(struct types *t) {
    if (++t->work > CEL_CHECK_WORK_MAX)
        t->gave_up = true;
    return t->gave_up;
}

const struct cel_type *types_new_var(struct types *t) {
    struct cel_type *type = arena_make(t->arena, struct cel_type);
    list_push(t->arena, &t->vars);
    *type = (struct cel_type){.kind = CEL_PARAM, .nodes = 1, .var = t->vars.n, .name = "var"};
    return type;
}

static const struct cel_type *bound(const struct types *t, const struct cel_type *type) {
    return type->kind == CEL_PARAM && type->var ? t->vars.v[type->var - 1] : NULL;
}

static void bind(struct types *t, const struct cel_type *var, const struct cel_type *to) {
    __typeof__(t->trail.v) step = list_push(t->arena, &t->trail);
    step->var = var->var;
    step->was = t->vars.v[var->var - 1];
    t->vars.v[var->var - 1] = to;
}

/* The type made anew with other parameters; too large: gives up. */
static const struct cel_type *rebuild(struct types *t, const struct cel_type *type,
                                      const struct cel_type *p0, const struct cel_type *p1) {
    const struct cel_type *r = type;
    if (p0 != type->param[0] || p1 != type->param[1])
        r = cel_type_with(t->arena, type, p0, p1);
    if (!r)
        t->gave_up = true;
    return r ? r : &cel_type_error;
}

const struct cel_type *types_instance(struct types *t, const struct cel_type *type,
                                      const struct cel_type *vars[2]) {
    const struct cel_type *p[2] = {NULL, NULL};
    if (type->kind == CEL_PARAM) {
        unsigned i = type->name[0] == 'B';
        if (!vars[i])
            vars[i] = types_new_var(t);
        return vars[i];
    }
    for (unsigned i = 0; i < type->n; i++)
        p[i] = types_instance(t, type->param[i], vars);
    return rebuild(t, type, p[0], p[1]);
}

const struct cel_type *types_resolve(struct types *t, const struct cel_type *type, bool to_dyn) {
    const struct cel_type *p[2] = {NULL, NULL}, *to = bound(t, type);
    if (tired(t))
        return &cel_type_error;
    if (to)
        return types_resolve(t, to, to_dyn);
    if (type->kind == CEL_PARAM)
        return to_dyn ? &cel_type_dyn : type;
    for (unsigned i = 0; i < type->n; i++)
        p[i] = types_resolve(t, type->param[i], to_dyn);
    return rebuild(t, type, p[0], p[1]);
}

/* Whether x is y or says less. */
static bool says_less(const struct cel_type *x, const struct cel_type *y) {
    if (type_is_dyn(x) || x->kind == CEL_PARAM)
        return true;
    if (type_is_dyn(y) || y->kind == CEL_PARAM || x->kind != y->kind)
        return false;
    if (x->kind == CEL_TYPE)
        return true;
    if (x->n != y->n || strcmp(x->name, y->name) != 0)
        return false;
    for (unsigned i = 0; i < x->n; i++)
        if (!says_less(x->param[i], y->param[i]))
            return false;
    return true;
}

const struct cel_type *types_more_general(const struct cel_type *x, const struct cel_type *y) {
    return says_less(x, y) ? x : y;
}

/* A variable must not stand for something that has itself inside. */
static bool absent_from(struct types *t, const struct cel_type *var, const struct cel_type *in) {
    const struct cel_type *to = bound(t, in);
    if (tired(t))
        return true;
    if (cel_type_same(var, in, true))
        return false;
    if (in->kind == CEL_PARAM)
        return !to || absent_from(t, var, to);
    for (unsigned i = 0; i < in->n; i++)
        if (!absent_from(t, var, in->param[i]))
            return false;
    return true;
}

/* Whether variable y may stand for x; *ret_bound: it stands for something already. */
static bool substitutes(struct types *t, const struct cel_type *x, const struct cel_type *y,
                        bool *ret_bound) {
    const struct cel_type *to = bound(t, y), *more;
    *ret_bound = true;
    if (cel_type_same(x, y, true))
        return true;
    if (to) {
        if (cel_type_same(x, to, true))
            return true;
        if (!assign(t, x, to))
            return false;
        more = types_more_general(x, to);
        if (absent_from(t, y, more))
            bind(t, y, more);
        return true;
    }
    *ret_bound = false;
    if (!absent_from(t, y, x))
        return false;
    bind(t, y, x);
    return true;
}

static bool takes_null(const struct cel_type *t) {
    return t->kind == CEL_OPAQUE || t->kind == CEL_OBJECT || t->kind == CEL_ANY ||
           t->kind == CEL_DURATION || t->kind == CEL_TIMESTAMP || t->kind == CEL_NULL;
}

static bool assign(struct types *t, const struct cel_type *x, const struct cel_type *y) {
    bool is_bound;
    if (tired(t))
        return true;
    if (y->kind == CEL_PARAM && y->var) {
        if (substitutes(t, x, y, &is_bound))
            return true;
        if (is_bound)
            return false;
    }
    if (x->kind == CEL_PARAM && x->var)
        return substitutes(t, y, x, &is_bound);
    if (type_is_dyn(x) || type_is_dyn(y) || x->kind == CEL_ERROR || y->kind == CEL_ERROR)
        return true;
    if (x->kind == CEL_NULL || y->kind == CEL_NULL)
        return takes_null(x->kind == CEL_NULL ? y : x);
    if (x->kind == CEL_TYPE)
        return y->kind == CEL_TYPE;
    if (x->kind != y->kind || x->n != y->n || strcmp(x->name, y->name) != 0)
        return false;
    for (unsigned i = 0; i < x->n; i++)
        if (!assign(t, x->param[i], y->param[i]))
            return false;
    return true;
}

bool types_assign(struct types *t, const struct cel_type *const *x, const struct cel_type *const *y,
                  uint32_t n) {
    uint32_t i = 0;
    t->trail.v = NULL;
    t->trail.n = 0;
    while (i < n && assign(t, x[i], y[i]))
        i++;
    if (i == n)
        return true;
    for (uint32_t k = t->trail.n; k-- > 0;)
        t->vars.v[t->trail.v[k].var - 1] = t->trail.v[k].was;
    return false;
}
