// SPDX-License-Identifier: Apache-2.0
/* Literals that can only fail: found when an expression is compiled, so that it need not run. */
#include "base/regexp.h"
#include "cel/check.h"
#include "cel/eval.h"
#include "cel/format_string.h"
#include "cel/functions.h"
#include "cel/run.h"

struct literals {
    struct arena *arena;
    struct cel_errors *errors;
    bool in_format; /* inside the call of format(), where lists may be mixed */
};

static void visit(void *ctx, struct cel_expr *e);

static const struct cel_expr *argument(const struct cel_expr *call, uint32_t i) {
    return i + call->is_member < call->args.n ? call->args.v[i + call->is_member] : NULL;
}

static bool converts(struct literals *l, cel_fn *fn, struct cel_value v) {
    struct cel_run r = {.arena = l->arena, .limit = UINT64_MAX};
    return fn(&r, &v, 1).tag != CEL_V_ERROR;
}

/* The first argument of these, when it is a literal. */
static void check_argument(struct literals *l, const struct cel_expr *e) {
    const struct cel_expr *arg = argument(e, 0);
    const struct regexp *re;
    bool ok = true;
    if (!arg || arg->kind != CEL_LITERAL)
        return;
    if (str_eqc(e->name, "duration"))
        ok = converts(l, fn_duration, arg->literal);
    else if (str_eqc(e->name, "timestamp"))
        ok = converts(l, fn_timestamp, arg->literal);
    else if (str_eqc(e->name, "matches"))
        ok = regexp_compile(l->arena, arg->literal.s, NULL, &re) == 0;
    if (!ok)
        cel_error(l->errors, arg->at, "invalid " STR_FMT " argument", STR_ARG(e->name));
}

/* ---- mixed lists and maps ---- */

static void same_type(struct literals *l, const struct cel_expr *e, const struct cel_type *wanted,
                      const struct cel_type *t, bool *ret_same) {
    *ret_same = cel_type_same(wanted, t, false);
    if (!*ret_same)
        cel_error(l->errors, e->at, "expected type '" STR_FMT "' but found '" STR_FMT "'",
                  STR_ARG(cel_type_text(l->arena, wanted)), STR_ARG(cel_type_text(l->arena, t)));
}

static const struct cel_type *value_type(const struct cel_entry *entry) {
    const struct cel_type *t = entry->value->type;
    return entry->optional && t->n ? t->param[0] : t;
}

static void check_list(struct literals *l, const struct cel_expr *e) {
    bool same = true;
    for (uint32_t i = 1; i < e->entries.n && same; i++)
        same_type(l, e->entries.v[i].value, value_type(&e->entries.v[0]),
                  value_type(&e->entries.v[i]), &same);
}

static void check_map(struct literals *l, const struct cel_expr *e) {
    bool same;
    for (uint32_t i = 1; i < e->entries.n; i++) {
        const struct cel_entry *first = &e->entries.v[0], *entry = &e->entries.v[i];
        same_type(l, entry->key, first->key->type, entry->key->type, &same);
        same_type(l, entry->value, value_type(first), value_type(entry), &same);
    }
}

/* ---- format strings ---- */

/* The part of an argument of "%s" that cannot be printed, or NULL. */
static const struct cel_expr *not_printable(const struct cel_expr *e) {
    const struct cel_expr *bad = NULL;
    if (!cel_clause_takes('s', (enum cel_type_kind)e->type->kind))
        return e;
    if (e->kind != CEL_NEW_LIST && e->kind != CEL_NEW_MAP)
        return NULL;
    for (uint32_t i = 0; i < e->entries.n && !bad; i++) {
        bad = e->entries.v[i].key ? not_printable(e->entries.v[i].key) : NULL;
        bad = bad ? bad : not_printable(e->entries.v[i].value);
    }
    return bad;
}

/* False: the clause is wrong, which was told. */
static bool check_clause(struct literals *l, const struct cel_expr *call,
                         const struct cel_clause *c, const struct cel_expr *arg) {
    const struct cel_expr *bad = NULL;
    if (c->verb == 's')
        bad = not_printable(arg);
    else if (!cel_clause_takes(c->verb, (enum cel_type_kind)arg->type->kind))
        bad = arg;
    if (bad)
        cel_error(l->errors, bad->at, STR_FMT,
                  STR_ARG(cel_clause_complaint(l->arena, c->verb, bad->type->name)));
    return !bad;
}

static void check_format(struct literals *l, const struct cel_expr *e) {
    const struct cel_expr *args = e->args.v[1];
    str s = e->args.v[0]->literal.s, error = STR_NONE;
    uint32_t used = 0;
    for (size_t i = 0; i < s.n;) {
        struct cel_clause c;
        if (s.p[i] != '%') {
            i++;
            continue;
        }
        if (i + 1 < s.n && s.p[i + 1] == '%') {
            i += 2;
            continue;
        }
        if (i + 1 >= s.n)
            error = STR("unexpected end of string");
        else if (used >= args->entries.n)
            error = str_printf(l->arena, "index %u out of range", used);
        else
            error = cel_clause_read(l->arena, str_slice(s, i, s.n), &c);
        if (error.p) {
            cel_error(l->errors, e->at, STR_FMT, STR_ARG(error));
            return;
        }
        if (!check_clause(l, e, &c, args->entries.v[used++].value))
            return;
        i += c.n;
    }
    if (args->entries.n > used)
        cel_error(l->errors, e->at,
                  "too many arguments supplied to string.format (expected %u, got %u)", used,
                  args->entries.n);
}

/* ---- the whole ---- */

static void visit_call(struct literals *l, const struct cel_expr *e) {
    bool outer = l->in_format, format = str_eqc(e->name, "format");
    check_argument(l, e);
    if (format && e->is_member && e->args.n == 2 && e->args.v[0]->kind == CEL_LITERAL &&
        e->args.v[0]->literal.tag == CEL_V_STRING && e->args.v[1]->kind == CEL_NEW_LIST)
        check_format(l, e);
    l->in_format |= format;
    cel_expr_children(e, visit, l);
    l->in_format = outer;
}

static void visit(void *ctx, struct cel_expr *e) {
    struct literals *l = ctx;
    if (e->kind == CEL_CALL) {
        visit_call(l, e);
        return;
    }
    if (e->kind == CEL_NEW_LIST && !l->in_format)
        check_list(l, e);
    else if (e->kind == CEL_NEW_MAP && !l->in_format)
        check_map(l, e);
    cel_expr_children(e, visit, l);
}

void cel_check_literals(struct arena *a, struct cel_expr *root, struct cel_errors *errors) {
    struct literals l = {a, errors, false};
    visit(&l, root);
}
