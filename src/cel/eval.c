// SPDX-License-Identifier: Apache-2.0
/* Walks the tree. Errors are values; "&&", "||" and folds over them may swallow those. */
#include "cel/eval.h"

#include "base/vec.h"
#include "cel/ast.h"
#include "cel/cost.h"
#include "cel/function.h"
#include "cel/run.h"

/* A variable of a fold, inside those around it. */
struct local {
    str name;
    struct cel_value value;
    const struct local *outer;
};

static struct cel_value eval(struct cel_run *r, const struct cel_expr *e,
                             const struct local *locals);

bool cel_spend(struct cel_run *r, uint64_t cost) {
    if (cost > r->limit || r->cost > r->limit - cost ||
        r->arena->taken - r->taken > CEL_EVAL_BYTES_MAX)
        r->stopped = true;
    r->cost = r->cost > UINT64_MAX - cost ? UINT64_MAX : r->cost + cost;
    return !r->stopped;
}

static struct cel_value stopped(void) {
    return cel_error_value(STR(CEL_STOPPED));
}

static bool is_error(struct cel_value v) {
    return v.tag == CEL_V_ERROR;
}

/* ---- names and selections ---- */

static const struct cel_type *named_type(const struct cel_expr *e) {
    return e->type->kind == CEL_TYPE && e->type->n ? e->type->param[0] : NULL;
}

static struct cel_value eval_ident(struct cel_run *r, const struct cel_expr *e,
                                   const struct local *locals) {
    if (!cel_spend(r, 1))
        return stopped();
    for (; locals; locals = locals->outer)
        if (str_eq(locals->name, e->name))
            return locals->value;
    for (uint32_t i = 0; i < r->vars->n; i++)
        if (str_eqc(e->name, r->vars->v[i].name))
            return r->vars->v[i].value;
    if (named_type(e))
        return (struct cel_value){.tag = CEL_V_TYPE, .type = named_type(e)};
    return cel_fail(r, "no such attribute(s): " STR_FMT, STR_ARG(e->name));
}

/* The field of a map; *ret_there false: it has none, and the result is the error of that. */
static struct cel_value field_of(struct cel_run *r, struct cel_value v, str name, bool *ret_there) {
    struct cel_value found;
    *ret_there = false;
    if (v.tag != CEL_V_MAP)
        return cel_no_overload();
    *ret_there = cel_map_find(r->arena, v.map, cel_string(name), &found);
    return *ret_there ? found : cel_fail(r, "no such key: " STR_FMT, STR_ARG(name));
}

static struct cel_value eval_select(struct cel_run *r, const struct cel_expr *e,
                                    const struct local *locals) {
    struct cel_value v = eval(r, e->operand, locals);
    bool optional = v.tag == CEL_V_OPTIONAL, there;
    struct cel_value field;
    if (is_error(v))
        return v;
    if (!e->test && !cel_spend(r, 1))
        return stopped();
    if (optional && !v.optional)
        return e->test ? cel_bool(false) : v;
    field = field_of(r, optional ? *v.optional : v, e->name, &there);
    if (e->test)
        return is_error(field) && v.tag != CEL_V_MAP && !optional ? field : cel_bool(there);
    if (!optional)
        return field;
    return there ? cel_some(r, field) : cel_none();
}

/* "x.?field". */
static struct cel_value eval_optional_select(struct cel_run *r, const struct cel_expr *e,
                                             const struct local *locals) {
    struct cel_value v = eval(r, e->args.v[0], locals), field;
    bool there;
    if (is_error(v))
        return v;
    if (!cel_spend(r, 1))
        return stopped();
    if (v.tag == CEL_V_OPTIONAL && !v.optional)
        return v;
    field = field_of(r, v.tag == CEL_V_OPTIONAL ? *v.optional : v, e->args.v[1]->literal.s, &there);
    return there ? cel_some(r, field) : cel_none();
}

/* ---- what does not need every argument ---- */

static struct cel_value eval_logic(struct cel_run *r, const struct cel_expr *e,
                                   const struct local *locals, bool decisive) {
    struct cel_value other = cel_bool(!decisive);
    for (uint32_t i = 0; i < e->args.n; i++) {
        struct cel_value v = eval(r, e->args.v[i], locals);
        if (r->stopped)
            return stopped();
        if (v.tag == CEL_V_BOOL && v.b == decisive)
            return v;
        if (v.tag != CEL_V_BOOL && !is_error(other))
            other = is_error(v) ? v : cel_no_overload();
    }
    return other;
}

static struct cel_value eval_conditional(struct cel_run *r, const struct cel_expr *e,
                                         const struct local *locals) {
    struct cel_value c = eval(r, e->args.v[0], locals);
    if (is_error(c))
        return c;
    if (c.tag != CEL_V_BOOL)
        return cel_no_overload();
    return eval(r, e->args.v[c.b ? 1 : 2], locals);
}

static struct cel_value eval_or(struct cel_run *r, const struct cel_expr *e,
                                const struct local *locals, bool value) {
    struct cel_value v = eval(r, e->args.v[0], locals);
    if (is_error(v))
        return v;
    if (v.tag != CEL_V_OPTIONAL)
        return cel_no_overload();
    if (!v.optional)
        return eval(r, e->args.v[1], locals);
    return value ? *v.optional : v;
}

static struct cel_value eval_special(struct cel_run *r, const struct cel_expr *e,
                                     const struct local *locals) {
    if (str_eqc(e->name, OP_AND))
        return eval_logic(r, e, locals, false);
    if (str_eqc(e->name, OP_OR))
        return eval_logic(r, e, locals, true);
    if (str_eqc(e->name, OP_CONDITIONAL))
        return eval_conditional(r, e, locals);
    if (str_eqc(e->name, OP_OPT_SELECT))
        return eval_optional_select(r, e, locals);
    if (str_eqc(e->name, OP_NOT_STRICTLY_FALSE)) {
        struct cel_value v = eval(r, e->args.v[0], locals);
        return cel_spend(r, 1) ? cel_bool(v.tag != CEL_V_BOOL || v.b) : stopped();
    }
    return eval_or(r, e, locals, str_eqc(e->name, "orValue"));
}

/* ---- calls ---- */

static struct cel_value eval_call(struct cel_run *r, const struct cel_expr *e,
                                  const struct local *locals) {
    const struct cel_overload *o = e->args.overload;
    struct cel_value args[CEL_ARGS_MAX], result;
    if (!o)
        o = cel_function(e->name, ~0u);
    if (!o || !o->call)
        return eval_special(r, e, locals);
    for (uint32_t i = 0; i < e->args.n; i++) {
        args[i] = eval(r, e->args.v[i], locals);
        if (is_error(args[i]))
            return args[i];
    }
    /* Before the work, as far as the arguments tell its size. */
    if (!cel_spend(r, cel_call_cost(o, args, e->args.n)))
        return stopped();
    result = o->call(r, args, e->args.n);
    return cel_spend(r, cel_result_cost(o, result)) ? result : stopped();
}

/* ---- lists, maps, objects ---- */

/* True: the entry is left out. */
static bool leave_out(struct cel_value *v, bool optional) {
    if (!optional)
        return false;
    if (v->tag != CEL_V_OPTIONAL) {
        *v = cel_no_overload();
        return false;
    }
    if (!v->optional)
        return true;
    *v = *v->optional;
    return false;
}

/* Made of literals alone: the Go implementation makes these when it compiles, for nothing. */
static bool is_constant(const struct cel_expr *e) {
    if (e->kind != CEL_NEW_LIST && e->kind != CEL_NEW_MAP)
        return e->kind == CEL_LITERAL;
    for (uint32_t i = 0; i < e->entries.n; i++) {
        const struct cel_entry *entry = &e->entries.v[i];
        if (entry->optional || !is_constant(entry->value) ||
            (entry->key && !is_constant(entry->key)))
            return false;
    }
    return true;
}

static struct cel_value eval_list(struct cel_run *r, const struct cel_expr *e,
                                  const struct local *locals) {
    const struct cel_list *l = cel_list_new(r->arena);
    if (!cel_spend(r, is_constant(e) ? 0 : CEL_COST_LIST))
        return stopped();
    for (uint32_t i = 0; i < e->entries.n; i++) {
        struct cel_value v = eval(r, e->entries.v[i].value, locals);
        if (!is_error(v) && leave_out(&v, e->entries.v[i].optional))
            continue;
        if (is_error(v))
            return v;
        l = cel_list_append(r->arena, l, v);
    }
    return cel_of_list(l);
}

static bool may_be_key(struct cel_value v) {
    return v.tag == CEL_V_STRING || v.tag == CEL_V_INT || v.tag == CEL_V_UINT ||
           v.tag == CEL_V_BOOL || v.tag == CEL_V_DOUBLE;
}

static struct cel_value eval_map(struct cel_run *r, const struct cel_expr *e,
                                 const struct local *locals) {
    const struct cel_map *m = cel_map_new(r->arena);
    if (!cel_spend(r, is_constant(e) ? 0 : e->kind == CEL_NEW_MAP ? CEL_COST_MAP : CEL_COST_OBJECT))
        return stopped();
    for (uint32_t i = 0; i < e->entries.n; i++) {
        const struct cel_entry *entry = &e->entries.v[i];
        struct cel_value k = entry->key ? eval(r, entry->key, locals) : cel_string(entry->name);
        struct cel_value v = is_error(k) ? k : eval(r, entry->value, locals), old;
        if (!is_error(v) && leave_out(&v, entry->optional))
            continue;
        if (is_error(v))
            return v;
        if (!may_be_key(k))
            return cel_fail(r, "unsupported key type");
        if (cel_map_find(r->arena, m, k, &old)) {
            str text;
            return cel_text_of(r, k, &text)
                       ? cel_fail(r, "Failed with repeated key " STR_FMT, STR_ARG(text))
                       : cel_fail(r, "Failed with repeated key");
        }
        m = cel_map_insert(r->arena, m, k, v);
    }
    if (e->kind == CEL_NEW_OBJECT) {
        struct cel_map *typed = arena_dup(r->arena, m, sizeof(*m));
        typed->type = e->type;
        m = typed;
    }
    return cel_of_map(m);
}

/* ---- folds ---- */

/* The i-th element or key, and for two variables what comes with it. */
static void element_of(struct cel_run *r, struct cel_value range, uint32_t i, bool two,
                       struct cel_value *x, struct cel_value *y) {
    if (range.tag == CEL_V_LIST) {
        *y = cel_list_get(r->arena, range.list, i);
        *x = two ? cel_int(i) : *y;
    } else {
        struct cel_pair p = cel_map_at(r->arena, range.map, i);
        *x = p.key;
        *y = p.value;
    }
}

static struct cel_value eval_fold(struct cel_run *r, const struct cel_expr *e,
                                  const struct local *locals) {
    const struct cel_fold *f = e->fold;
    struct cel_value range = eval(r, f->range, locals);
    struct local accu = {f->accu, {0}, locals}, x = {f->var, {0}, &accu}, y = {f->var2, {0}, &x};
    bool two = f->var2.n > 0;
    uint32_t n;
    if (is_error(range))
        return range;
    if (range.tag != CEL_V_LIST && range.tag != CEL_V_MAP)
        return cel_no_overload();
    n = range.tag == CEL_V_LIST ? range.list->n : range.map->n;
    accu.value = eval(r, f->init, locals);
    for (uint32_t i = 0; i < n && !r->stopped; i++) {
        struct cel_value go_on;
        element_of(r, range, i, two, &x.value, &y.value);
        go_on = eval(r, f->condition, two ? &y : &x);
        if (go_on.tag == CEL_V_BOOL && !go_on.b)
            break;
        accu.value = eval(r, f->step, two ? &y : &x);
        if (!cel_spend(r, 0))
            return stopped();
    }
    return eval(r, f->result, &accu);
}

static struct cel_value eval(struct cel_run *r, const struct cel_expr *e,
                             const struct local *locals) {
    if (r->stopped)
        return stopped();
    switch ((enum cel_kind)e->kind) {
    case CEL_LITERAL:
        return e->literal;
    case CEL_IDENT:
        return eval_ident(r, e, locals);
    case CEL_SELECT:
        return eval_select(r, e, locals);
    case CEL_CALL:
        return eval_call(r, e, locals);
    case CEL_NEW_LIST:
        return eval_list(r, e, locals);
    case CEL_NEW_MAP:
    case CEL_NEW_OBJECT:
        return eval_map(r, e, locals);
    case CEL_FOLD:
        return eval_fold(r, e, locals);
    case CEL_BROKEN:
    case CEL_KIND_MAX:
        break;
    }
    return cel_no_overload();
}

int cel_eval(const struct cel_program *p, struct arena *a, const struct cel_activation *vars,
             uint64_t cost_limit, struct cel_value *ret, uint64_t *ret_cost) {
    struct cel_run r = {
        .arena = a, .env = p->env, .vars = vars, .limit = cost_limit, .taken = a->taken};
    struct cel_value v = eval(&r, p->root, NULL);
    *ret = r.stopped ? stopped() : v;
    if (ret_cost)
        *ret_cost = r.cost;
    return r.stopped ? -E2BIG : is_error(*ret) ? -EINVAL : 0;
}
