// SPDX-License-Identifier: Apache-2.0
/* Macros become folds: a range, a variable or two, an accumulator with a start, a condition to go
 * on, a step and a result. What a macro makes stands where its call does. */
#include "cel/parse.h"

struct macro_call {
    struct parser *p;
    uint32_t at;
    struct cel_expr *target, **args;
    uint32_t n;
};

struct macro {
    const char *name;
    uint8_t n; /* arguments */
    bool is_member;
    unsigned set; /* enum cel_macros */
    struct cel_expr *(*expand)(struct macro_call *m);
};

static struct cel_expr *fail(struct macro_call *m, const struct cel_expr *where, const char *why) {
    cel_error(&m->p->meaning, where->at, "%s", why);
    return cel_expr_new(m->p->arena, CEL_BROKEN, m->at);
}

static struct cel_expr *make_bool(struct macro_call *m, bool b) {
    return cel_expr_bool(m->p->arena, m->at, b);
}
static struct cel_expr *make_int(struct macro_call *m, int64_t i) {
    return cel_expr_int(m->p->arena, m->at, i);
}
static struct cel_expr *ident(struct macro_call *m, str name) {
    return cel_expr_ident(m->p->arena, m->at, name);
}
static struct cel_expr *accu(struct macro_call *m) {
    return ident(m, STR(CEL_ACCU));
}
static struct cel_expr *call(struct macro_call *m, const char *name, struct cel_expr *x,
                             struct cel_expr *y, struct cel_expr *z) {
    struct cel_expr *args[3] = {x, y, z};
    return cel_expr_call(m->p->arena, m->at, str_of(name), NULL, args,
                         (uint32_t)((x != NULL) + (y != NULL) + (z != NULL)));
}
/* [element], or [] for NULL; kind may be a map's too. */
static struct cel_expr *aggregate(struct macro_call *m, enum cel_kind kind,
                                  struct cel_expr *element) {
    struct cel_expr *e = cel_expr_new(m->p->arena, kind, m->at);
    if (element) {
        e->entries.v = arena_make(m->p->arena, struct cel_entry);
        e->entries.v[0] = (struct cel_entry){.value = element, .at = element->at};
        e->entries.n = 1;
        e->depth = element->depth;
    }
    return e;
}

static struct cel_expr *fold(struct macro_call *m, struct cel_fold f) {
    struct cel_expr *e = cel_expr_new(m->p->arena, CEL_FOLD, m->at);
    e->fold = arena_dup(m->p->arena, &f, sizeof(f));
    if (m->target)
        e->depth = m->target->depth;
    for (uint32_t i = 0; i < m->n; i++)
        e->depth = MAX(e->depth, m->args[i]->depth);
    return e;
}

static bool is_accu(str name) {
    return str_eqc(name, CEL_ACCU) || str_eqc(name, "__result__");
}

/* ---- variables ---- */

/* NULL, or the broken node. */
static struct cel_expr *check_var(struct macro_call *m, const char *not_a_name) {
    if (m->args[0]->kind != CEL_IDENT)
        return fail(m, m->args[0], not_a_name);
    if (is_accu(m->args[0]->name))
        return fail(m, m->args[0], "iteration variable overwrites accumulator variable");
    return NULL;
}

static struct cel_expr *check_two_vars(struct macro_call *m) {
    str x = m->args[0]->name, y = m->args[1]->name;
    for (int i = 0; i < 2; i++)
        if (m->args[i]->kind != CEL_IDENT)
            return fail(m, m->args[i], "argument must be a simple name");
    if (str_eq(x, y)) {
        str why = str_printf(m->p->arena, "duplicate variable name: " STR_FMT, STR_ARG(x));
        return fail(m, m->args[1], why.p);
    }
    for (int i = 0; i < 2; i++)
        if (is_accu(m->args[i]->name))
            return fail(m, m->args[i], "iteration variable overwrites accumulator variable");
    return NULL;
}

/* ---- has ---- */

static struct cel_expr *expand_has(struct macro_call *m) {
    struct cel_expr *e, *field = m->args[0];
    if (field->kind != CEL_SELECT)
        return fail(m, field, "invalid argument to has() macro");
    e = cel_expr_new(m->p->arena, CEL_SELECT, m->at);
    e->test = true;
    e->operand = field->operand;
    e->name = field->name;
    e->depth = field->depth;
    return e;
}

/* ---- quantifiers ---- */

static struct cel_expr *quantifier(struct macro_call *m, bool start, bool all, uint32_t vars) {
    struct cel_expr *predicate = m->args[vars];
    struct cel_expr *go_on = all ? accu(m) : call(m, OP_NOT, accu(m), NULL, NULL);
    return fold(m, (struct cel_fold){
                       .range = m->target,
                       .var = m->args[0]->name,
                       .var2 = vars == 2 ? m->args[1]->name : STR_NONE,
                       .accu = STR(CEL_ACCU),
                       .init = make_bool(m, start),
                       .condition = call(m, OP_NOT_STRICTLY_FALSE, go_on, NULL, NULL),
                       .step = call(m, all ? OP_AND : OP_OR, accu(m), predicate, NULL),
                       .result = accu(m),
                   });
}

static struct cel_expr *one(struct macro_call *m, uint32_t vars) {
    struct cel_expr *more = call(m, OP_ADD, accu(m), make_int(m, 1), NULL);
    return fold(m, (struct cel_fold){
                       .range = m->target,
                       .var = m->args[0]->name,
                       .var2 = vars == 2 ? m->args[1]->name : STR_NONE,
                       .accu = STR(CEL_ACCU),
                       .init = make_int(m, 0),
                       .condition = make_bool(m, true),
                       .step = call(m, OP_CONDITIONAL, m->args[vars], more, accu(m)),
                       .result = call(m, OP_EQUALS, accu(m), make_int(m, 1), NULL),
                   });
}

static struct cel_expr *expand_all(struct macro_call *m) {
    struct cel_expr *bad = check_var(m, "argument must be a simple name");
    return bad ? bad : quantifier(m, true, true, 1);
}
static struct cel_expr *expand_exists(struct macro_call *m) {
    struct cel_expr *bad = check_var(m, "argument must be a simple name");
    return bad ? bad : quantifier(m, false, false, 1);
}
static struct cel_expr *expand_exists_one(struct macro_call *m) {
    struct cel_expr *bad = check_var(m, "argument must be a simple name");
    return bad ? bad : one(m, 1);
}
static struct cel_expr *expand_all2(struct macro_call *m) {
    struct cel_expr *bad = check_two_vars(m);
    return bad ? bad : quantifier(m, true, true, 2);
}
static struct cel_expr *expand_exists2(struct macro_call *m) {
    struct cel_expr *bad = check_two_vars(m);
    return bad ? bad : quantifier(m, false, false, 2);
}
static struct cel_expr *expand_exists_one2(struct macro_call *m) {
    struct cel_expr *bad = check_two_vars(m);
    return bad ? bad : one(m, 2);
}

/* ---- what builds lists and maps ---- */

/* A fold whose step is taken where the filter (NULL: everywhere) is true. */
static struct cel_expr *build(struct macro_call *m, enum cel_kind kind, uint32_t vars,
                              struct cel_expr *filter, struct cel_expr *step) {
    if (filter)
        step = call(m, OP_CONDITIONAL, filter, step, accu(m));
    return fold(m, (struct cel_fold){
                       .range = m->target,
                       .var = m->args[0]->name,
                       .var2 = vars == 2 ? m->args[1]->name : STR_NONE,
                       .accu = STR(CEL_ACCU),
                       .init = aggregate(m, kind, NULL),
                       .condition = make_bool(m, true),
                       .step = step,
                       .result = accu(m),
                   });
}

static struct cel_expr *append(struct macro_call *m, struct cel_expr *element) {
    return call(m, OP_ADD, accu(m), aggregate(m, CEL_NEW_LIST, element), NULL);
}

static struct cel_expr *expand_map(struct macro_call *m) {
    struct cel_expr *bad = check_var(m, "argument is not an identifier");
    return bad ? bad
               : build(m, CEL_NEW_LIST, 1, m->n == 3 ? m->args[1] : NULL,
                       append(m, m->args[m->n - 1]));
}

static struct cel_expr *expand_filter(struct macro_call *m) {
    struct cel_expr *bad = check_var(m, "argument is not an identifier");
    return bad ? bad : build(m, CEL_NEW_LIST, 1, m->args[1], append(m, m->args[0]));
}

static struct cel_expr *expand_transform_list(struct macro_call *m) {
    struct cel_expr *bad = check_two_vars(m);
    return bad ? bad
               : build(m, CEL_NEW_LIST, 2, m->n == 4 ? m->args[2] : NULL,
                       append(m, m->args[m->n - 1]));
}

static struct cel_expr *expand_transform_map(struct macro_call *m) {
    struct cel_expr *bad = check_two_vars(m);
    if (bad)
        return bad;
    return build(m, CEL_NEW_MAP, 2, m->n == 4 ? m->args[2] : NULL,
                 call(m, OP_MAP_INSERT, accu(m), ident(m, m->args[0]->name), m->args[m->n - 1]));
}

static struct cel_expr *expand_transform_entry(struct macro_call *m) {
    struct cel_expr *bad = check_two_vars(m);
    if (bad)
        return bad;
    return build(m, CEL_NEW_MAP, 2, m->n == 4 ? m->args[2] : NULL,
                 call(m, OP_MAP_INSERT, accu(m), m->args[m->n - 1], NULL));
}

/* ---- what binds a name: a fold over nothing ---- */

static struct cel_expr *bind(struct macro_call *m, str name, struct cel_expr *value,
                             struct cel_expr *result) {
    return fold(m, (struct cel_fold){
                       .range = aggregate(m, CEL_NEW_LIST, NULL),
                       .var = STR(CEL_UNUSED_VAR),
                       .accu = name,
                       .init = value,
                       .condition = make_bool(m, false),
                       .step = ident(m, name),
                       .result = result,
                   });
}

static struct cel_expr *expand_bind(struct macro_call *m) {
    if (m->target->kind != CEL_IDENT || !str_eqc(m->target->name, "cel"))
        return NULL;
    if (m->args[0]->kind != CEL_IDENT)
        return fail(m, m->args[0], "cel.bind() variable names must be simple identifiers");
    m->target = NULL;
    return bind(m, m->args[0]->name, m->args[1], m->args[2]);
}

static void count_nodes(void *ctx, struct cel_expr *e) {
    uint32_t *n = ctx;
    if (++*n <= CEL_COPY_NODES_MAX)
        cel_expr_children(e, count_nodes, n);
}

static struct cel_expr *optional_map(struct macro_call *m, bool flat) {
    struct arena *a = m->p->arena;
    struct cel_expr *value, *bound, *has;
    uint32_t n = 0;
    if (m->args[0]->kind != CEL_IDENT)
        return fail(m, m->args[0],
                    flat ? "optFlatMap() variable name must be a simple identifier"
                         : "optMap() variable name must be a simple identifier");
    count_nodes(&n, m->target);
    if (n > CEL_COPY_NODES_MAX)
        return fail(m, m->target, "expression is too large to be used by optMap() or optFlatMap()");
    has = cel_expr_call(a, m->at, STR("hasValue"), m->target, NULL, 0);
    value = cel_expr_call(a, m->at, STR("value"), cel_expr_copy(a, m->target), NULL, 0);
    bound = bind(m, m->args[0]->name, value, m->args[1]);
    return call(m, OP_CONDITIONAL, has, flat ? bound : call(m, "optional.of", bound, NULL, NULL),
                call(m, "optional.none", NULL, NULL, NULL));
}

static struct cel_expr *expand_opt_map(struct macro_call *m) {
    return optional_map(m, false);
}
static struct cel_expr *expand_opt_flat_map(struct macro_call *m) {
    return optional_map(m, true);
}

static const struct macro macros[] = {
    {"has", 1, false, CEL_MACROS_STANDARD, expand_has},
    {"all", 2, true, CEL_MACROS_STANDARD, expand_all},
    {"exists", 2, true, CEL_MACROS_STANDARD, expand_exists},
    {"exists_one", 2, true, CEL_MACROS_STANDARD, expand_exists_one},
    {"existsOne", 2, true, CEL_MACROS_STANDARD, expand_exists_one},
    {"map", 2, true, CEL_MACROS_STANDARD, expand_map},
    {"map", 3, true, CEL_MACROS_STANDARD, expand_map},
    {"filter", 2, true, CEL_MACROS_STANDARD, expand_filter},
    {"optMap", 2, true, CEL_MACROS_STANDARD, expand_opt_map},
    {"optFlatMap", 2, true, CEL_MACROS_STANDARD, expand_opt_flat_map},
    {"all", 3, true, CEL_MACROS_TWO_VAR, expand_all2},
    {"exists", 3, true, CEL_MACROS_TWO_VAR, expand_exists2},
    {"existsOne", 3, true, CEL_MACROS_TWO_VAR, expand_exists_one2},
    {"exists_one", 3, true, CEL_MACROS_TWO_VAR, expand_exists_one2},
    {"transformList", 3, true, CEL_MACROS_TWO_VAR, expand_transform_list},
    {"transformList", 4, true, CEL_MACROS_TWO_VAR, expand_transform_list},
    {"transformMap", 3, true, CEL_MACROS_TWO_VAR, expand_transform_map},
    {"transformMap", 4, true, CEL_MACROS_TWO_VAR, expand_transform_map},
    {"transformMapEntry", 3, true, CEL_MACROS_TWO_VAR, expand_transform_entry},
    {"transformMapEntry", 4, true, CEL_MACROS_TWO_VAR, expand_transform_entry},
    {"bind", 3, true, CEL_MACROS_BIND, expand_bind},
};

struct cel_expr *cel_macro_expand(struct parser *p, uint32_t at, str name, struct cel_expr *target,
                                  struct cel_expr **args, uint32_t n) {
    struct macro_call m = {p, at, target, args, n};
    for (size_t i = 0; i < ARRAY_LEN(macros); i++)
        if (n == macros[i].n && (target != NULL) == macros[i].is_member &&
            (p->macros & macros[i].set) && str_eqc(name, macros[i].name))
            return macros[i].expand(&m);
    return NULL;
}
