// SPDX-License-Identifier: Apache-2.0
/* Checking goes bottom up: children first, then the node out of them. What is wrong gets the error
 * type, which agrees with everything, so that one mistake is told once. */
#include "cel/check.h"

#include "base/buf.h"
#include "base/vec.h"

/* A name that a fold brings, inside the names around it. */
struct scope {
    str name;
    const struct cel_type *type;
    const struct scope *outer;
};

struct checker {
    struct arena *arena;
    const struct cel_env *env;
    struct cel_errors *errors;
    const struct scope *scope;
    struct types types;
};

static void check(struct checker *c, struct cel_expr *e);

static bool assignable(struct checker *c, const struct cel_type *x, const struct cel_type *y) {
    return types_assign(&c->types, &x, &y, 1);
}

static str shown(struct checker *c, const struct cel_type *t) {
    return cel_type_text(c->arena, t);
}

static void mismatch(struct checker *c, uint32_t at, const struct cel_type *wanted,
                     const struct cel_type *found) {
    cel_error(c->errors, at, "expected type '" STR_FMT "' but found '" STR_FMT "'",
              STR_ARG(shown(c, wanted)), STR_ARG(shown(c, found)));
}

static void undeclared(struct checker *c, uint32_t at, str name) {
    cel_error(c->errors, at, "undeclared reference to '" STR_FMT "' (in container '')",
              STR_ARG(name));
}

/* Types that the arena cannot hold are errors of their own. */
static const struct cel_type *made(struct checker *c, const struct cel_type *t) {
    if (!t)
        c->types.gave_up = true;
    return t ? t : &cel_type_error;
}

/* ---- names ---- */

static const struct cel_object *object_in(const struct cel_env *env, str name) {
    for (uint32_t i = 0; i < env->n_objects; i++)
        if (str_eqc(name, env->objects[i]->name))
            return env->objects[i];
    return env->object_index ? map_get(env->object_index, name) : NULL;
}

static const struct cel_object *find_object(const struct cel_env *env, const char *name) {
    const struct cel_object *o = NULL;
    for (; env && !o; env = env->outer)
        o = object_in(env, str_of(name));
    return o;
}

static const struct cel_object *find_patch_type(const struct cel_env *env, str name) {
    static const struct cel_variable fields[] = {{"op", &cel_type_string},
                                                 {"path", &cel_type_string},
                                                 {"from", &cel_type_string},
                                                 {"value", &cel_type_dyn}};
    static const struct cel_object any = {"Object", NULL, 0, true},
                                   patch = {"JSONPatch", fields, ARRAY_LEN(fields), true};
    bool on = false;
    for (; env; env = env->outer)
        on |= env->patch_types;
    if (!on)
        return NULL;
    if (str_eqc(name, "Object") || str_starts(name, STR("Object.")))
        return &any;
    return str_eqc(name, "JSONPatch") ? &patch : NULL;
}

static const struct cel_object *object_of(struct checker *c, const struct cel_type *t) {
    const struct cel_object *o = find_object(c->env, t->name);
    return o ? o : find_patch_type(c->env, str_of(t->name));
}

static const struct cel_type *standard_type(str name) {
    static const struct cel_type param = {.kind = CEL_PARAM, .nodes = 1, .name = "A"},
                                 param_b = {.kind = CEL_PARAM, .nodes = 1, .name = "B"},
                                 list = {CEL_LIST, 1, 2, 0, "list", {&param, NULL}},
                                 map = {CEL_MAP, 2, 3, 0, "map", {&param, &param_b}},
                                 optional = {CEL_OPAQUE,           1, 2, 0, "optional_type",
                                             {&cel_type_dyn, NULL}};
    static const struct cel_type *const types[] = {
        &cel_type_bool,
        &cel_type_bytes,
        &cel_type_double,
        &cel_type_duration,
        &cel_type_int,
        &list,
        &map,
        &cel_type_null,
        &cel_type_string,
        &cel_type_timestamp,
        &cel_type_type,
        &cel_type_uint,
        &optional,
    };
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (str_eqc(name, types[i]->name))
            return types[i];
    return NULL;
}

/* The type of a name without its leading dot; NULL: there is none. */
static const struct cel_type *find_name(struct checker *c, str name) {
    const struct cel_type *t;
    for (const struct scope *s = c->scope; s; s = s->outer)
        if (str_eq(s->name, name))
            return s->type;
    for (const struct cel_env *env = c->env; env; env = env->outer) {
        for (uint32_t i = 0; i < env->n_vars; i++)
            if (str_eqc(name, env->vars[i].name))
                return env->vars[i].type;
        const struct cel_object *o = object_in(env, name);
        if (o)
            return made(c, cel_type_of_type(c->arena, cel_type_object(c->arena, o->name)));
    }
    if (find_patch_type(c->env, name))
        return made(
            c, cel_type_of_type(c->arena, cel_type_object(c->arena, str_cdup(c->arena, name))));
    t = standard_type(name);
    return t ? made(c, cel_type_of_type(c->arena, t)) : NULL;
}

static str without_dot(str name) {
    return name.n && name.p[0] == '.' ? str_slice(name, 1, name.n) : name;
}

/* Adds "a.b.c" of a chain of selections; false: it is none. */
static bool add_qualified(struct buf *b, const struct cel_expr *e) {
    if (e->kind == CEL_SELECT && !e->test) {
        if (!add_qualified(b, e->operand))
            return false;
        buf_addc(b, '.');
    } else if (e->kind != CEL_IDENT) {
        return false;
    }
    buf_add(b, e->name);
    return true;
}

/* Makes the node a name when it is declared. */
static bool check_name(struct checker *c, struct cel_expr *e, str name) {
    const struct cel_type *t;
    name = without_dot(name);
    t = find_name(c, name);
    if (!t)
        return false;
    e->kind = CEL_IDENT;
    e->name = str_dup(c->arena, name);
    e->type = t;
    return true;
}

static void check_ident(struct checker *c, struct cel_expr *e) {
    if (check_name(c, e, e->name))
        return;
    undeclared(c, e->at, e->name);
    e->type = &cel_type_error;
}

/* ---- selections ---- */

static const struct cel_type *field_type(struct checker *c, uint32_t at, const struct cel_type *t,
                                         str name) {
    const struct cel_object *o = object_of(c, t);
    const struct cel_type *found;
    if (!o) {
        cel_error(c->errors, at, "unexpected failed resolution of '%s'", t->name);
        return NULL;
    }
    for (uint32_t i = 0; i < o->n; i++)
        if (str_eqc(name, o->fields[i].name))
            return o->fields[i].type;
    if (o->index && (found = map_get(o->index, name)))
        return found;
    if (o->any_field)
        return &cel_type_dyn;
    cel_error(c->errors, at, "undefined field '" STR_FMT "'", STR_ARG(name));
    return NULL;
}

static const struct cel_type *check_field(struct checker *c, uint32_t at, struct cel_expr *operand,
                                          str name, bool optional) {
    const struct cel_type *t, *result = &cel_type_error, *found;
    check(c, operand);
    t = types_resolve(&c->types, operand->type, false);
    if (cel_type_is_optional(t)) {
        optional = true;
        t = t->param[0];
    }
    if (t->kind == CEL_MAP) {
        result = t->param[1];
    } else if (t->kind == CEL_OBJECT) {
        found = field_type(c, at, t, name);
        result = found ? found : result;
    } else if (t->kind == CEL_PARAM) {
        assignable(c, &cel_type_dyn, t);
        result = &cel_type_dyn;
    } else {
        if (!type_is_dyn(t) && t->kind != CEL_ERROR)
            cel_error(c->errors, at, "type '" STR_FMT "' does not support field selection",
                      STR_ARG(shown(c, t)));
        result = &cel_type_dyn;
    }
    return optional ? made(c, cel_type_optional(c->arena, result)) : result;
}

static void check_select(struct checker *c, struct cel_expr *e) {
    const struct cel_type *t;
    struct buf name;
    bool found;
    buf_init(&name, CEL_NAME_MAX);
    found = add_qualified(&name, e) && !name.over && check_name(c, e, buf_str(&name));
    buf_done(&name);
    if (found)
        return;
    t = check_field(c, e->at, e->operand, e->name, false);
    e->type = e->test ? &cel_type_bool : types_resolve(&c->types, t, false);
}

/* ---- calls ---- */

static void no_overload(struct checker *c, const struct cel_expr *e) {
    struct buf b;
    buf_init(&b, 0);
    for (uint32_t i = 0; i < e->args.n; i++) {
        const struct cel_type *t = types_resolve(&c->types, e->args.v[i]->type, true);
        if (i == 0 && !e->is_member)
            buf_addc(&b, '(');
        else if (i > e->is_member)
            buf_adds(&b, ", ");
        buf_add(&b, shown(c, t));
        if (i == 0 && e->is_member)
            buf_adds(&b, ".(");
    }
    if (!e->args.n)
        buf_addc(&b, '(');
    buf_addc(&b, ')');
    cel_error(c->errors, e->at,
              "found no matching overload for '" STR_FMT "' applied to '" STR_FMT "'",
              STR_ARG(e->name), STR_ARG(buf_str(&b)));
    buf_done(&b);
}

/* "&&" and "||" tell which of their arguments is not bool. */
static const struct cel_type *check_logic(struct checker *c, const struct cel_expr *e) {
    bool ok = true;
    for (uint32_t i = 0; i < e->args.n; i++)
        if (!assignable(c, e->args.v[i]->type, &cel_type_bool)) {
            mismatch(c, e->args.v[i]->at, &cel_type_bool, e->args.v[i]->type);
            ok = false;
        }
    return ok ? &cel_type_bool : &cel_type_error;
}

/* The type of the result when the overload takes these arguments, else NULL. */
static const struct cel_type *try_overload(struct checker *c, const struct cel_overload *o,
                                           const struct cel_expr *e) {
    const struct cel_type *vars[2] = {NULL, NULL}, *given[CEL_ARGS_MAX], *wanted[CEL_ARGS_MAX];
    if (o->is_member != e->is_member || o->n != e->args.n)
        return NULL;
    for (uint32_t i = 0; i < o->n; i++) {
        given[i] = e->args.v[i]->type;
        wanted[i] = types_instance(&c->types, o->args[i], vars);
    }
    if (!types_assign(&c->types, given, wanted, o->n))
        return NULL;
    return types_resolve(&c->types, types_instance(&c->types, o->result, vars), false);
}

static void resolve_call(struct checker *c, struct cel_expr *e, const struct cel_overload *o) {
    const struct cel_type *result = NULL;
    uint32_t fitting = 0;
    if (str_eqc(e->name, OP_AND) || str_eqc(e->name, OP_OR)) {
        e->type = check_logic(c, e);
        return;
    }
    for (; o; o = cel_function_next(o, c->env->libraries)) {
        const struct cel_type *t = try_overload(c, o, e);
        if (!t)
            continue;
        e->args.overload = fitting++ ? NULL : o;
        if (!result)
            result = t;
        else if (!type_is_dyn(result) && !cel_type_same(result, t, true))
            result = &cel_type_dyn;
    }
    if (!result)
        no_overload(c, e);
    e->type = result ? result : &cel_type_error;
}

static void check_optional_select(struct checker *c, struct cel_expr *e) {
    const struct cel_type *t = check_field(c, e->at, e->args.v[0], e->args.v[1]->literal.s, true);
    e->args.v[1]->type = &cel_type_string;
    e->type = types_resolve(&c->types, t, false);
}

/* "ip.isCanonical(x)": the target may be a part of the name. NULL: it is not. */
static const struct cel_overload *namespaced(struct checker *c, const struct cel_expr *e) {
    const struct cel_overload *o = NULL;
    struct buf name;
    buf_init(&name, CEL_NAME_MAX);
    if (add_qualified(&name, e->args.v[0])) {
        buf_addc(&name, '.');
        buf_add(&name, e->name);
        if (!name.over)
            o = cel_function(without_dot(buf_str(&name)), c->env->libraries);
    }
    buf_done(&name);
    return o;
}

static void check_call(struct checker *c, struct cel_expr *e) {
    const struct cel_overload *o;
    if (str_eqc(e->name, OP_OPT_SELECT)) {
        check_optional_select(c, e);
        return;
    }
    for (uint32_t i = e->is_member; i < e->args.n; i++)
        check(c, e->args.v[i]);
    o = e->is_member ? namespaced(c, e) : NULL;
    if (o) {
        e->name = str_of(o->name);
        e->is_member = false;
        e->args.v++;
        e->args.n--;
        resolve_call(c, e, o);
        return;
    }
    if (e->is_member)
        check(c, e->args.v[0]);
    o = cel_function(without_dot(e->name), c->env->libraries);
    if (!o) {
        undeclared(c, e->at, e->name);
        e->type = &cel_type_error;
        return;
    }
    e->name = without_dot(e->name);
    resolve_call(c, e, o);
}

/* ---- lists, maps, objects ---- */

/* The type of what has both; the first is NULL at the start. */
static const struct cel_type *join(struct checker *c, uint32_t at, const struct cel_type *before,
                                   const struct cel_type *t) {
    if (!before)
        return t;
    if (assignable(c, before, t))
        return types_more_general(before, t);
    mismatch(c, at, before, t);
    return &cel_type_error;
}

/* The type of a value, out of its optional where "?" stands before it. */
static const struct cel_type *value_type(struct checker *c, const struct cel_entry *entry) {
    const struct cel_type *t = entry->value->type;
    if (!entry->optional)
        return t;
    if (cel_type_is_optional(t))
        return t->param[0];
    if (!type_is_dyn(t))
        mismatch(c, entry->value->at, made(c, cel_type_optional(c->arena, t)), t);
    return t;
}

static void check_list(struct checker *c, struct cel_expr *e) {
    const struct cel_type *t = NULL;
    for (uint32_t i = 0; i < e->entries.n; i++) {
        struct cel_entry *entry = &e->entries.v[i];
        check(c, entry->value);
        t = join(c, entry->value->at, t, value_type(c, entry));
    }
    e->type = made(c, cel_type_list(c->arena, t ? t : types_new_var(&c->types)));
}

static void check_map(struct checker *c, struct cel_expr *e) {
    const struct cel_type *key = NULL, *value = NULL;
    for (uint32_t i = 0; i < e->entries.n; i++) {
        struct cel_entry *entry = &e->entries.v[i];
        check(c, entry->key);
        key = join(c, entry->key->at, key, entry->key->type);
        check(c, entry->value);
        value = join(c, entry->value->at, value, value_type(c, entry));
    }
    if (!key) {
        key = types_new_var(&c->types);
        value = types_new_var(&c->types);
    }
    e->type = made(c, cel_type_map(c->arena, key, value));
}

static const struct cel_type *object_to_make(struct checker *c, struct cel_expr *e) {
    const struct cel_type *t = find_name(c, without_dot(e->name));
    if (!t) {
        undeclared(c, e->at, e->name);
        return NULL;
    }
    e->name = without_dot(e->name);
    if (t->kind == CEL_ERROR)
        return t;
    if (t->kind != CEL_TYPE) {
        cel_error(c->errors, e->at, "'%s' is not a type", t->name);
        return &cel_type_error;
    }
    if (t->n && t->param[0]->kind == CEL_OBJECT)
        return t->param[0];
    cel_error(c->errors, e->at, "'%s' is not a message type", t->n ? t->param[0]->name : "type");
    return &cel_type_error;
}

static void check_object(struct checker *c, struct cel_expr *e) {
    const struct cel_type *t = object_to_make(c, e);
    e->type = t ? t : &cel_type_error;
    for (uint32_t i = 0; t && i < e->entries.n; i++) {
        struct cel_entry *entry = &e->entries.v[i];
        const struct cel_type *field = &cel_type_error, *value, *found;
        check(c, entry->value);
        if (t->kind == CEL_OBJECT) {
            found = field_type(c, entry->at, t, entry->name);
            field = found ? found : field;
        }
        value = value_type(c, entry);
        if (!assignable(c, field, value))
            cel_error(c->errors, entry->at,
                      "expected type of field '" STR_FMT "' is '" STR_FMT
                      "' but provided type is '" STR_FMT "'",
                      STR_ARG(entry->name), STR_ARG(shown(c, field)), STR_ARG(shown(c, value)));
    }
}

/* ---- folds ---- */

/* The types of the variables that go over a range. */
static void range_types(struct checker *c, const struct cel_expr *range, bool two,
                        const struct cel_type **x, const struct cel_type **y) {
    const struct cel_type *t = types_resolve(&c->types, range->type, false);
    if (t->kind == CEL_LIST) {
        *x = two ? &cel_type_int : t->param[0];
        *y = t->param[0];
    } else if (t->kind == CEL_MAP) {
        *x = t->param[0];
        *y = t->param[1];
    } else if (t->kind == CEL_DYN || t->kind == CEL_ERROR || t->kind == CEL_PARAM) {
        assignable(c, &cel_type_dyn, t);
        *x = *y = &cel_type_dyn;
    } else {
        cel_error(c->errors, range->at,
                  "expression of type '" STR_FMT
                  "' cannot be range of a comprehension (must be list, map, or dynamic)",
                  STR_ARG(shown(c, t)));
        *x = *y = &cel_type_error;
    }
}

static void assert_type(struct checker *c, const struct cel_expr *e, const struct cel_type *t) {
    if (!assignable(c, t, e->type))
        mismatch(c, e->at, t, e->type);
}

static void check_fold(struct checker *c, struct cel_expr *e) {
    struct cel_fold *f = e->fold;
    const struct scope *outer = c->scope;
    struct scope accu = {f->accu, NULL, outer}, x = {f->var, NULL, &accu}, y = {f->var2, NULL, &x};
    check(c, f->range);
    check(c, f->init);
    accu.type = f->init->type;
    range_types(c, f->range, f->var2.n > 0, &x.type, &y.type);
    c->scope = f->var2.n ? &y : &x;
    check(c, f->condition);
    assert_type(c, f->condition, &cel_type_bool);
    check(c, f->step);
    assert_type(c, f->step, accu.type);
    c->scope = &accu;
    check(c, f->result);
    c->scope = outer;
    e->type = types_resolve(&c->types, f->result->type, false);
}

/* ---- the whole ---- */

static void check_literal(struct cel_expr *e) {
    static const struct cel_type *const types[CEL_V_MAX] = {
        [CEL_V_NULL] = &cel_type_null,     [CEL_V_BOOL] = &cel_type_bool,
        [CEL_V_INT] = &cel_type_int,       [CEL_V_UINT] = &cel_type_uint,
        [CEL_V_DOUBLE] = &cel_type_double, [CEL_V_STRING] = &cel_type_string,
        [CEL_V_BYTES] = &cel_type_bytes,
    };
    e->type = types[e->literal.tag];
}

static void check(struct checker *c, struct cel_expr *e) {
    switch ((enum cel_kind)e->kind) {
    case CEL_LITERAL:
        check_literal(e);
        break;
    case CEL_IDENT:
        check_ident(c, e);
        break;
    case CEL_SELECT:
        check_select(c, e);
        break;
    case CEL_CALL:
        check_call(c, e);
        break;
    case CEL_NEW_LIST:
        check_list(c, e);
        break;
    case CEL_NEW_MAP:
        check_map(c, e);
        break;
    case CEL_NEW_OBJECT:
        check_object(c, e);
        break;
    case CEL_FOLD:
        check_fold(c, e);
        break;
    case CEL_BROKEN:
    case CEL_KIND_MAX:
        e->type = &cel_type_error;
        break;
    }
}

static void finish(void *ctx, struct cel_expr *e) {
    struct checker *c = ctx;
    /* Parts of a name and targets that are one are not checked. */
    if (e->type)
        e->type = types_resolve(&c->types, e->type, true);
    cel_expr_children(e, finish, c);
}

void cel_check(struct arena *a, const struct cel_env *env, struct cel_expr *root,
               struct cel_errors *errors) {
    struct checker c = {.arena = a, .env = env, .errors = errors};
    c.types.arena = a;
    check(&c, root);
    finish(&c, root);
    if (c.types.gave_up)
        cel_error(errors, CEL_NOWHERE, "expression is too complex");
}
