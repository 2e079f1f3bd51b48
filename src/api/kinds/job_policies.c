// SPDX-License-Identifier: Apache-2.0
/* When a job is to fail or to succeed early. What must be given is told with its choices, which no
 * row does. */
#include "api/kinds/job.h"

#define RULES_MAX             20
#define CONDITION_PATTERN_MAX 20
#define EXIT_CODES_MAX        255
#define SUCCEEDED_INDEXES_MAX (64 * 1024)

/* Required with the values told, or one of them. */
static void check_choice(struct field_errors *fe, const struct field_path *p, str s,
                         const char *const *values, const char *needed) {
    if (!s.n)
        field_required(fe, p, needed);
    else
        check_one_of(fe, p, s, values);
}

/* What the rules of a policy may name. */
struct containers {
    struct name_index apps, inits;
};

static str numbers_json(struct arena *a, const i32_list *l) {
    struct buf b = {0};
    buf_add(&b, l->v ? STR("[") : STR("null"));
    for (uint32_t i = 0; i < l->n; i++) {
        if (i)
            buf_addc(&b, ',');
        buf_add_i64(&b, l->v[i]);
    }
    if (l->v)
        buf_addc(&b, ']');
    str s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

static bool stands_before(const i32_list *l, uint32_t i) {
    for (uint32_t k = 0; k < i; k++)
        if (l->v[k] == l->v[i])
            return true;
    return false;
}

/* Each is compared with each, so in a list too long nothing is looked for. */
static void check_exit_values(struct field_errors *fe, const struct field_path *p,
                              const PodFailurePolicyOnExitCodesRequirement *r) {
    const i32_list *l = &r->values;
    bool ordered = true;
    if (!l->n)
        field_invalid_printed(fe, p, numbers_json(fe->arena, l), "at least one value is required");
    if (l->n > EXIT_CODES_MAX)
        field_too_many(fe, p, l->n, EXIT_CODES_MAX);
    for (uint32_t i = 0; i < l->n; i++) {
        if (str_eqc(r->operator_, "In") && l->v[i] == 0)
            field_invalid_i64(fe, PATH_INDEX(p, i), 0, "must not be 0 for the In operator");
        if (l->n <= EXIT_CODES_MAX && stands_before(l, i))
            field_duplicate_printed(fe, PATH_INDEX(p, i), str_printf(fe->arena, "%d", l->v[i]));
        ordered &= !i || l->v[i - 1] <= l->v[i];
    }
    if (!ordered)
        field_invalid_printed(fe, p, numbers_json(fe->arena, l), "must be ordered");
}

static void check_exit_codes(struct field_errors *fe, const struct field_path *p,
                             const PodFailurePolicyOnExitCodesRequirement *r,
                             const struct containers *c) {
    static const char *const operators[] = {"In", "NotIn", NULL};
    check_choice(fe, PATH(p, "operator"), r->operator_, operators,
                 "valid values: [\"In\" \"NotIn\"]");
    if (r->container_name.p && !name_index_has(&c->apps, r->container_name) &&
        !name_index_has(&c->inits, r->container_name))
        field_invalid(fe, PATH(p, "containerName"), r->container_name,
                      "must be one of the container or initContainer names in the pod template");
    check_exit_values(fe, PATH(p, "values"), r);
}

static void check_condition_patterns(struct field_errors *fe, const struct field_path *p,
                                     const PodFailurePolicyRule *r) {
    static const char *const statuses[] = {"False", "True", "Unknown", NULL};
    uint32_t n = r->on_pod_conditions.n;
    if (n > CONDITION_PATTERN_MAX)
        field_too_many(fe, p, n, CONDITION_PATTERN_MAX);
    for (uint32_t i = 0; i < n; i++) {
        const PodFailurePolicyOnPodConditionsPattern *c = &r->on_pod_conditions.v[i];
        const struct field_path *at = PATH_INDEX(p, i);
        field_check_name(fe, PATH(at, "type"), c->type, name_qualified);
        check_choice(fe, PATH(at, "status"), c->status, statuses,
                     "valid values: [\"False\" \"True\" \"Unknown\"]");
    }
}

static void check_failure_rule(struct field_errors *fe, const struct field_path *p,
                               const PodFailurePolicyRule *r, const JobSpec *s,
                               const struct containers *c) {
    static const char *const actions[] = {"Count", "FailIndex", "FailJob", "Ignore", NULL};
    if (str_eqc(r->action, "FailIndex") && !s->backoff_limit_per_index.set)
        field_invalid(fe, PATH(p, "action"), r->action,
                      "requires the backoffLimitPerIndex to be set");
    else
        check_choice(fe, PATH(p, "action"), r->action, actions,
                     "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]");
    if (r->on_exit_codes)
        check_exit_codes(fe, PATH(p, "onExitCodes"), r->on_exit_codes, c);
    check_condition_patterns(fe, PATH(p, "onPodConditions"), r);
    if (r->on_exit_codes && r->on_pod_conditions.n)
        field_invalid_printed(fe, p, STR_NONE,
                              "specifying both OnExitCodes and OnPodConditions is not supported");
    if (!r->on_exit_codes && !r->on_pod_conditions.n)
        field_invalid_printed(fe, p, STR_NONE,
                              "specifying one of OnExitCodes and OnPodConditions is required");
}

void check_pod_failure_policy(struct field_errors *fe, const struct field_path *p,
                              const JobSpec *s) {
    const PodFailurePolicy *policy = s->pod_failure_policy;
    const struct field_path *rules = PATH(p, "rules");
    const struct containers c = {NAME_INDEX(fe->arena, s->template_.spec.containers, name),
                                 NAME_INDEX(fe->arena, s->template_.spec.init_containers, name)};
    if (policy->rules.n > RULES_MAX)
        field_too_many(fe, rules, policy->rules.n, RULES_MAX);
    for (uint32_t i = 0; i < policy->rules.n && !field_errors_full(fe); i++)
        check_failure_rule(fe, PATH_INDEX(rules, i), &policy->rules.v[i], s, &c);
}

/* ---- success ---- */

static void check_succeeded_count(struct field_errors *fe, const struct field_path *rule,
                                  const SuccessPolicyRule *r, int32_t completions,
                                  int32_t indexes) {
    const struct field_path *p = PATH(rule, "succeededCount");
    int32_t count = r->succeeded_count.v;
    check_rows(fe, rule, SuccessPolicyRule, r, "succeededCount");
    if (count > completions)
        field_invalid_i64(fe, p, count,
                          str_printf(fe->arena,
                                     "must be less than or equal to %d (the number of specified "
                                     "completions)",
                                     completions)
                              .p);
    if (r->succeeded_indexes.p && count > indexes)
        field_invalid_i64(fe, p, count,
                          str_printf(fe->arena,
                                     "must be less than or equal to %d (the number of indexes in "
                                     "the specified succeededIndexes field)",
                                     indexes)
                              .p);
}

static void check_success_rule(struct field_errors *fe, const struct field_path *p,
                               const SuccessPolicyRule *r, int32_t completions) {
    const struct field_path *at = PATH(p, "succeededIndexes");
    int32_t indexes = 0;
    struct err e;
    if (!r->succeeded_count.set && !r->succeeded_indexes.p)
        field_required(fe, p,
                       "at least one of succeededCount or succeededIndexes must be specified");
    if (r->succeeded_indexes.n > SUCCEEDED_INDEXES_MAX)
        field_too_long(fe, at, SUCCEEDED_INDEXES_MAX);
    if (indexes_count(r->succeeded_indexes, completions, &indexes, &e) < 0)
        field_invalid(fe, at, r->succeeded_indexes, "error parsing succeededIndexes: %s", e.text);
    if (r->succeeded_count.set)
        check_succeeded_count(fe, p, r, completions, indexes);
}

void check_success_policy(struct field_errors *fe, const struct field_path *p, const JobSpec *s) {
    const SuccessPolicy *policy = s->success_policy;
    const struct field_path *rules = PATH(p, "rules");
    if (!policy->rules.n)
        field_required(fe, rules,
                       "at least one rules must be specified when the successPolicy is specified");
    if (policy->rules.n > RULES_MAX)
        field_too_many(fe, rules, policy->rules.n, RULES_MAX);
    for (uint32_t i = 0; i < policy->rules.n; i++)
        check_success_rule(fe, PATH_INDEX(rules, i), &policy->rules.v[i],
                           opt_or(s->completions, 0));
}
