// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"

static void check_amount(struct field_errors *fe, const struct field_path *p, IntOrString v) {
    if (!intstr_given(v))
        return;
    field_check_int_or_percent(fe, p, v);
    field_check_percent_at_most_100(fe, p, v);
}

static void validate(struct field_errors *fe, const void *obj, const void *old) {
    const PodDisruptionBudgetSpec *s = &((const PodDisruptionBudget *)obj)->spec;
    const PodDisruptionBudget *was = old;
    const struct field_path *p = PATH(NULL, "spec");
    fe->kept = kept_of_selector(fe->arena, was ? was->spec.selector : NULL);
    if (intstr_given(s->min_available) && intstr_given(s->max_unavailable))
        field_invalid_printed(fe, p, go_json(fe->arena, &PodDisruptionBudgetSpec_type, s),
                              "minAvailable and maxUnavailable cannot be both set");
    check_amount(fe, PATH(p, "minAvailable"), s->min_available);
    check_amount(fe, PATH(p, "maxUnavailable"), s->max_unavailable);
    check_label_selector(fe, PATH(p, "selector"), s->selector);
    check_rows(fe, p, PodDisruptionBudgetSpec, s, "unhealthyPodEvictionPolicy");
}

static void validate_status(struct field_errors *fe, const void *obj, const void *old) {
    const PodDisruptionBudgetStatus *s = &((const PodDisruptionBudget *)obj)->status;
    const struct field_path *p = PATH(NULL, "status");
    (void)old;
    check_conditions(fe, PATH(p, "conditions"), s->conditions.v, s->conditions.n);
    check_rows(fe, p, PodDisruptionBudgetStatus, s,
               "disruptionsAllowed currentHealthy desiredHealthy expectedPods");
}

const struct hooks hooks_policy_v1_poddisruptionbudgets = {
    .group = "policy",
    .resource = "poddisruptionbudgets",
    .validate_write = validate,
    .validate_status = validate_status,
    .counts_generation = true,
};
