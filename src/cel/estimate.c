// SPDX-License-Identifier: Apache-2.0
/* Goes over the tree once, bottom up. Of each node: its cost, its size where one is known, the
 * sizes of what it contains, and the place it stands for. */
#include "cel/estimate.h"

#include "cel/ast.h"
#include "cel/estimate_call.h"

struct local {
    str name;
    struct cel_estimated value;
    const struct local *outer;
};

struct estimator {
    const struct cel_sizes *sizes;
    unsigned libraries;
};

static struct cel_estimated visit(struct estimator *x, const struct cel_expr *e,
                                  const struct local *locals);

/* ---- places and sizes ---- */

static const void *step(const struct estimator *x, const void *at, str name) {
    return x->sizes ? x->sizes->step(x->sizes->ctx, at, name) : NULL;
}

static const void *below(const struct estimator *x, const void *at, const char *name) {
    return at ? step(x, at, str_of(name)) : NULL;
}

static bool is_scalar(const struct cel_type *t) {
    if (cel_type_is_optional(t))
        return is_scalar(t->param[0]);
    return t->kind == CEL_BOOL || t->kind == CEL_DOUBLE || t->kind == CEL_DURATION ||
           t->kind == CEL_INT || t->kind == CEL_TIMESTAMP || t->kind == CEL_UINT;
}

/* A size for what has none yet: by its place, else by its type. */
static void find_size(const struct estimator *x, const struct cel_type *t,
                      struct cel_estimated *r) {
    uint64_t max;
    if (r->sized)
        return;
    if (r->at && x->sizes->max(x->sizes->ctx, r->at, &max)) {
        r->sized = true;
        r->size = (struct cel_range){0, max};
    } else if (is_scalar(t)) {
        r->sized = true;
        r->size = (struct cel_range){1, 1};
    }
}

/* ---- names, selections, literals ---- */

static struct cel_estimated visit_ident(struct estimator *x, const struct cel_expr *e,
                                        const struct local *locals) {
    struct cel_estimated r = {.cost = {1, 1}};
    while (locals && !str_eq(locals->name, e->name))
        locals = locals->outer;
    r.at = locals ? locals->value.at : step(x, NULL, e->name);
    find_size(x, e->type, &r);
    if (locals && !r.sized) {
        r.sized = locals->value.sized;
        r.size = locals->value.size;
    }
    if (locals) {
        r.container = locals->value.container;
        r.key = locals->value.key;
        r.value = locals->value.value;
    }
    return r;
}

static struct cel_estimated visit_select(struct estimator *x, const struct cel_expr *e,
                                         const struct local *locals) {
    struct cel_estimated operand = visit(x, e->operand, locals), r = {.cost = operand.cost};
    uint8_t kind = e->operand->type->kind;
    if (e->test) {
        find_size(x, e->type, &r);
        return r;
    }
    if (kind == CEL_MAP || kind == CEL_OBJECT)
        r.cost = cel_range_add(r.cost, (struct cel_range){1, 1});
    r.at = operand.at ? step(x, operand.at, e->name) : NULL;
    find_size(x, e->type, &r);
    return r;
}

static struct cel_estimated visit_literal(const struct cel_expr *e) {
    uint64_t n = cel_size(e->literal);
    return (struct cel_estimated){.sized = true, .size = {n, n}};
}

/* ---- lists, maps, objects ---- */

static struct cel_estimated visit_aggregate(struct estimator *x, const struct cel_expr *e,
                                            const struct local *locals) {
    static const uint64_t costs[CEL_KIND_MAX] = {
        [CEL_NEW_LIST] = 10, [CEL_NEW_MAP] = 30, [CEL_NEW_OBJECT] = 40};
    struct cel_range none = {e->entries.n ? UINT64_MAX : 0, 0};
    struct cel_estimated r = {.cost = {costs[e->kind], costs[e->kind]}, .key = none, .value = none};
    for (uint32_t i = 0; i < e->entries.n; i++) {
        const struct cel_entry *entry = &e->entries.v[i];
        struct cel_estimated v = visit(x, entry->value, locals), k;
        r.cost = cel_range_add(r.cost, v.cost);
        r.value = cel_range_union(r.value, cel_size_of(&v));
        if (!entry->key)
            continue;
        k = visit(x, entry->key, locals);
        r.cost = cel_range_add(r.cost, k.cost);
        r.key = cel_range_union(r.key, cel_size_of(&k));
    }
    if (e->kind == CEL_NEW_OBJECT)
        return r;
    r.container = e->kind == CEL_NEW_LIST ? CEL_LIST : CEL_MAP;
    if (e->kind == CEL_NEW_LIST)
        r.key = (struct cel_range){1, 1};
    r.sized = true;
    r.size = (struct cel_range){e->entries.n, e->entries.n};
    return r;
}

/* ---- calls ---- */

static bool may_take(const struct cel_overload *o, const struct cel_expr *e) {
    if (o->is_member != e->is_member || o->n != e->args.n)
        return false;
    for (uint32_t i = 0; i < o->n; i++) {
        uint8_t wanted = o->args[i]->kind, given = e->args.v[i]->type->kind;
        if (wanted != given && wanted != CEL_PARAM && wanted != CEL_DYN && given != CEL_DYN &&
            given != CEL_ANY && given != CEL_NULL && given != CEL_PARAM)
            return false;
    }
    return true;
}

static struct cel_estimated visit_call(struct estimator *x, const struct cel_expr *e,
                                       const struct local *locals) {
    struct cel_estimated args[CEL_ARGS_MAX], r = {.cost = {UINT64_MAX, 0}}, one;
    const struct cel_overload *o = e->args.overload;
    bool only = o != NULL;
    for (uint32_t i = 0; i < e->args.n; i++)
        args[i] = visit(x, e->args.v[i], locals);
    if (str_eqc(e->name, "dyn")) {
        args[0].cost = cel_range_add(args[0].cost, (struct cel_range){1, 1});
        return args[0];
    }
    if (str_eqc(e->name, OP_INDEX))
        r.at = below(x, args[0].at, e->args.v[0]->type->kind == CEL_LIST ? "@items" : "@values");
    for (o = o ? o : cel_function(e->name, x->libraries); o;
         o = only ? NULL : cel_function_next(o, x->libraries)) {
        const void *items;
        if (!only && !may_take(o, e))
            continue;
        items = e->is_member ? below(x, args[0].at, "@items") : NULL;
        one = cel_estimate_call(o, e, args, items ? x->sizes : NULL, items);
        r.cost = cel_range_union(r.cost, one.cost);
        if (one.sized)
            r.size = r.sized ? cel_range_union(r.size, one.size) : one.size;
        r.sized |= one.sized;
        if (one.container) {
            r.container = one.container;
            r.key = one.key;
            r.value = one.value;
        }
    }
    if (r.cost.min > r.cost.max)
        r.cost = (struct cel_range){0, 0};
    find_size(x, e->type, &r);
    return r;
}

/* ---- folds ---- */

static struct local variable(const struct estimator *x, str name, const struct cel_estimated *range,
                             bool is_list, bool value, const struct local *outer) {
    struct local l = {name, {.at = NULL}, outer};
    const char *part = is_list ? value ? "@items" : "@indices" : value ? "@values" : "@keys";
    l.value.at = below(x, range->at, part);
    l.value.sized = range->container != 0;
    l.value.size = value ? range->value : range->key;
    return l;
}

/* cel.bind and optMap: a fold over nothing. */
static bool is_bind(const struct cel_fold *f) {
    return f->range->kind == CEL_NEW_LIST && !f->range->entries.n &&
           f->condition->kind == CEL_LITERAL && f->condition->literal.tag == CEL_V_BOOL &&
           !f->condition->literal.b;
}

static void size_of_fold(const struct cel_fold *f, const struct cel_estimated *init,
                         const struct cel_estimated *range, const struct cel_estimated *last,
                         struct cel_estimated *r) {
    if (f->init->kind == CEL_LITERAL) {
        r->sized = init->sized;
        r->size = init->size;
    } else if (f->init->kind == CEL_NEW_LIST || f->init->kind == CEL_NEW_MAP) {
        r->sized = true;
        r->size = cel_size_of(range);
        r->container = last->container;
        r->key = last->key;
        r->value = last->value;
    }
}

static struct cel_estimated visit_fold(struct estimator *x, const struct cel_expr *e,
                                       const struct local *locals) {
    const struct cel_fold *f = e->fold;
    struct cel_estimated range = visit(x, f->range, locals), init = visit(x, f->init, locals),
                         r = {0};
    struct cel_estimated condition, last, result;
    struct local accu = {f->accu, init, locals}, first, second;
    bool two = f->var2.n > 0, is_list;
    if (is_bind(f)) {
        result = visit(x, f->result, &accu);
        result.cost = cel_range_add(cel_range_add(range.cost, init.cost), result.cost);
        return result;
    }
    is_list = (range.container ? range.container : f->range->type->kind) == CEL_LIST;
    first = variable(x, f->var, &range, is_list, !two && is_list, &accu);
    second = variable(x, f->var2, &range, is_list, true, &first);
    condition = visit(x, f->condition, two ? &second : &first);
    last = visit(x, f->step, two ? &second : &first);
    result = visit(x, f->result, &accu);
    r.cost = cel_range_add(cel_range_add(range.cost, init.cost), result.cost);
    r.cost = cel_range_add(
        r.cost, cel_range_times(cel_size_of(&range), cel_range_add(condition.cost, last.cost)));
    size_of_fold(f, &init, &range, &last, &r);
    find_size(x, e->type, &r);
    return r;
}

static struct cel_estimated visit(struct estimator *x, const struct cel_expr *e,
                                  const struct local *locals) {
    switch ((enum cel_kind)e->kind) {
    case CEL_LITERAL:
        return visit_literal(e);
    case CEL_IDENT:
        return visit_ident(x, e, locals);
    case CEL_SELECT:
        return visit_select(x, e, locals);
    case CEL_CALL:
        return visit_call(x, e, locals);
    case CEL_NEW_LIST:
    case CEL_NEW_MAP:
    case CEL_NEW_OBJECT:
        return visit_aggregate(x, e, locals);
    case CEL_FOLD:
        return visit_fold(x, e, locals);
    case CEL_BROKEN:
    case CEL_KIND_MAX:
        break;
    }
    return (struct cel_estimated){.cost = {0, 0}};
}

struct cel_range cel_estimate(const struct cel_program *p, const struct cel_sizes *sizes) {
    struct estimator x = {sizes, p->env->libraries};
    return visit(&x, p->root, NULL).cost;
}
