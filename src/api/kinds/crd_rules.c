// SPDX-License-Identifier: Apache-2.0
/* x-kubernetes-validations: what a rule must say, and then what its expressions must be. */
#include "api/kinds/admission.h"
#include "api/kinds/crd.h"
#include "api/structural/cel_env.h"
#include "api/structural/cel_sizes.h"
#include "cel/ast.h"

static bool has_newline(str s) {
    return str_chr(s, '\n') >= 0 || str_chr(s, '\r') >= 0;
}

static void check_texts(struct field_errors *fe, const struct field_path *p,
                        const ValidationRule *r) {
    str rule = trimmed(r->rule), message = trimmed(r->message);
    if (!rule.n)
        field_required(fe, PATH(p, "rule"), "rule is not specified");
    else if (r->message.n && !message.n)
        field_invalid(fe, PATH(p, "message"), r->message, "must be non-empty if specified");
    else if (has_newline(message))
        field_invalid(fe, PATH(p, "message"), r->message, "must not contain line breaks");
    else if (has_newline(rule) && !message.n)
        field_required(fe, PATH(p, "message"),
                       "message must be specified if rule contains line breaks");
    if (r->message_expression.n && !trimmed(r->message_expression).n)
        field_required(fe, PATH(p, "messageExpression"),
                       "messageExpression must be non-empty if specified");
}

static void check_rule(struct field_errors *fe, const struct field_path *p, const ValidationRule *r,
                       const JSONSchemaProps *s, bool paths) {
    static const char *const reasons[] = {"FieldValueDuplicate", "FieldValueForbidden",
                                          "FieldValueInvalid", "FieldValueRequired", NULL};
    const struct field_path *at = PATH(p, "fieldPath");
    struct crd_path_end end;
    check_texts(fe, p, r);
    if (r->reason.p)
        check_one_of(fe, PATH(p, "reason"), r->reason, reasons);
    if (r->field_path.n && !trimmed(r->field_path).n)
        field_invalid(fe, at, r->field_path, "must be non-empty if specified");
    if (has_newline(r->field_path))
        field_invalid(fe, at, r->field_path, "must not contain line breaks");
    if (r->field_path.n && paths && crd_path(fe->arena, s, r->field_path, true, &end))
        field_invalid(fe, at, r->field_path, "must be a valid path");
}

void crd_check_rules(struct field_errors *fe, const struct field_path *p, const JSONSchemaProps *s,
                     bool paths) {
    const struct field_path *at = PATH(p, "x-kubernetes-validations");
    for (uint32_t i = 0; i < s->x_validations.n; i++)
        check_rule(fe, PATH_INDEX(at, i), &s->x_validations.v[i], s, paths);
}

/* ---- expressions ---- */

static void find_old_self(void *ctx, struct cel_expr *e) {
    bool *found = ctx;
    *found |= e->kind == CEL_IDENT && str_eqc(e->name, "oldSelf");
    if (!*found)
        cel_expr_children(e, find_old_self, found);
}

struct expressions {
    struct field_errors *fe;
    struct arena *arena; /* of what is compiled */
    const struct structural_env *env;
    const struct structural_part *self;
    struct crd_costs *costs;
};

/* NULL: it does not compile or gives something else, and fe was told so. */
static const struct cel_program *compile(const struct expressions *x, const struct field_path *p,
                                         const ValidationRule *r, bool message) {
    const struct cel_program *program = NULL;
    const struct cel_env *env =
        r->optional_old_self.set && r->optional_old_self.v ? &x->env->optional : &x->env->plain;
    str errors, shown, source = message ? r->message_expression : r->rule;
    int bad = cel_compile(x->arena, env, source, &program, &errors);
    if (bad == 0 && program->type->kind == (message ? CEL_STRING : CEL_BOOL))
        return program;
    shown = go_json(x->fe->arena, &ValidationRule_type, r);
    if (bad < 0)
        field_invalid_printed(x->fe, p, shown, "%scompilation failed: " STR_FMT,
                              message ? "messageExpression " : "", STR_ARG(errors));
    else
        field_invalid_printed(x->fe, p, shown, "%s must evaluate to a %s",
                              message ? "messageExpression" : "cel expression",
                              message ? "string" : "bool");
    return NULL;
}

/* A rule runs at every place that it holds for, its messageExpression where it is broken: once. */
static void add_costs(const struct expressions *x, const struct field_path *p,
                      const struct cel_program *rule, struct crd_repeats repeats,
                      const struct cel_program *message) {
    struct cel_sizes sizes = structural_sizes(x->self);
    uint64_t cost = rule ? cel_estimate(rule, &sizes).max : 0;
    crd_cost_add(x->fe, PATH(p, "rule"), "estimated rule cost",
                 crd_cost_times(cost, repeats, structural_part_fits(x->self)), x->costs);
    if (message)
        crd_cost_add(x->fe, PATH(p, "messageExpression"), "estimated messageExpression cost",
                     cel_estimate(message, &sizes).max, x->costs);
}

static void check_expressions(const struct expressions *x, const struct field_path *p,
                              const ValidationRule *r, const struct crd_place *in) {
    const struct cel_program *rule = compile(x, PATH(p, "rule"), r, false), *message = NULL;
    bool old_self = false;
    if (rule && r->message_expression.n)
        message = compile(x, PATH(p, "messageExpression"), r, true);
    add_costs(x, p, rule, in->repeats, message);
    if (rule)
        find_old_self(&old_self, (struct cel_expr *)(uintptr_t)rule->root);
    if (old_self && in->uncorrelated)
        field_invalid(
            x->fe, PATH(p, "rule"), r->rule,
            "oldSelf cannot be used on the uncorrelatable portion of the schema within " STR_FMT,
            STR_ARG(field_path_str(x->fe->arena, in->uncorrelated)));
    else if (!old_self && r->optional_old_self.set)
        field_invalid_printed(x->fe, PATH(p, "optionalOldSelf"),
                              r->optional_old_self.v ? STR("true") : STR("false"),
                              "may not be set if oldSelf is not used in rule");
}

void crd_check_expressions(struct field_errors *fe, const struct field_path *p,
                           const JSONSchemaProps *s, const struct crd_place *in,
                           struct crd_costs *costs) {
    const struct field_path *at = PATH(p, "x-kubernetes-validations");
    bool resource = in->root || s->x_embedded_resource;
    const struct structural *schema;
    struct structural_env env;
    struct arena types, scratch;
    if (!s->x_validations.n)
        return;
    arena_init(&types, 0);
    arena_init(&scratch, 0);
    schema = structural_of(&types, s);
    if (structural_env_init(&types, schema, resource, &env)) {
        struct expressions x = {fe, &scratch, &env, structural_sizes_of(&types, schema, resource),
                                costs};
        for (uint32_t i = 0; i < s->x_validations.n && !field_errors_full(fe); i++) {
            check_expressions(&x, PATH_INDEX(at, i), &s->x_validations.v[i], in);
            arena_reset(&scratch);
        }
        structural_env_done(&env);
    } else {
        field_internal(fe, at,
                       "internal error: failed to construct type information for "
                       "x-kubernetes-validations rules: unable to convert structural schema to CEL "
                       "declarations");
    }
    arena_done(&scratch);
    arena_done(&types);
}
