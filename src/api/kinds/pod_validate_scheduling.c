// SPDX-License-Identifier: Apache-2.0
/* What a pod asks of the scheduler. */
#include "api/kinds/pod_validate.h"

static bool is_integer(str s) {
    int64_t v;
    return str_to_i64(s, &v) == 0;
}

static void check_node_requirement(struct field_errors *fe, const struct field_path *p,
                                   const NodeSelectorRequirement *r) {
    str op = r->operator_;
    if (str_eqc(op, "In") || str_eqc(op, "NotIn")) {
        if (!r->values.n)
            field_required(fe, PATH(p, "values"),
                           "must be specified when `operator` is 'In' or 'NotIn'");
    } else if (str_eqc(op, "Exists") || str_eqc(op, "DoesNotExist")) {
        if (r->values.n)
            field_forbidden(fe, PATH(p, "values"),
                            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    } else if (str_eqc(op, "Gt") || str_eqc(op, "Lt")) {
        if (r->values.n != 1)
            field_required(fe, PATH(p, "values"),
                           "must be specified single value when `operator` is 'Lt' or 'Gt'");
        else if (!is_integer(r->values.v[0]))
            field_invalid(fe, PATH_INDEX(PATH(p, "values"), 0), r->values.v[0],
                          "for 'Gt', 'Lt' operators, the value must be an integer");
    } else {
        field_invalid(fe, PATH(p, "operator"), op, "not a valid selector operator");
    }
    field_check_name(fe, PATH(p, "key"), r->key, name_qualified);
}

static void check_node_field(struct field_errors *fe, const struct field_path *p,
                             const NodeSelectorRequirement *r) {
    if (!str_eqc(r->operator_, "In") && !str_eqc(r->operator_, "NotIn"))
        field_invalid(fe, PATH(p, "operator"), r->operator_, "not a valid selector operator");
    else if (r->values.n != 1)
        field_required(fe, PATH(p, "values"),
                       "must be only one value when `operator` is 'In' or 'NotIn' for node field "
                       "selector");
    if (!str_eqc(r->key, "metadata.name")) {
        field_invalid(fe, PATH(p, "key"), r->key, "not a valid field selector key");
        return;
    }
    for (uint32_t i = 0; i < r->values.n; i++)
        field_check_name(fe, PATH_INDEX(PATH(p, "values"), i), r->values.v[i],
                         name_dns1123_subdomain);
}

static void check_node_term(struct field_errors *fe, const struct field_path *p,
                            const NodeSelectorTerm *t) {
    for (uint32_t i = 0; i < t->match_expressions.n; i++)
        check_node_requirement(fe, PATH_INDEX(PATH(p, "matchExpressions"), i),
                               &t->match_expressions.v[i]);
    for (uint32_t i = 0; i < t->match_fields.n; i++)
        check_node_field(fe, PATH_INDEX(PATH(p, "matchFields"), i), &t->match_fields.v[i]);
}

void check_node_selector(struct field_errors *fe, const struct field_path *p,
                         const NodeSelector *s) {
    const struct field_path *at = PATH(p, "nodeSelectorTerms");
    if (!s->node_selector_terms.n)
        field_required(fe, at, "must have at least one node selector term");
    for (uint32_t i = 0; i < s->node_selector_terms.n; i++)
        check_node_term(fe, PATH_INDEX(at, i), &s->node_selector_terms.v[i]);
}

#define REQUIRED_TERMS  "requiredDuringSchedulingIgnoredDuringExecution"
#define PREFERRED_TERMS "preferredDuringSchedulingIgnoredDuringExecution"

static void check_weight(struct field_errors *fe, const struct field_path *p, int32_t w) {
    if (w <= 0 || w > 100)
        field_invalid_i64(fe, PATH(p, "weight"), w, "must be in the range 1-100");
}

static void check_node_affinity(struct field_errors *fe, const struct field_path *p,
                                const NodeAffinity *a) {
    if (a->required_during_scheduling_ignored_during_execution)
        check_node_selector(fe, PATH(p, REQUIRED_TERMS),
                            a->required_during_scheduling_ignored_during_execution);
    for (uint32_t i = 0; i < a->preferred_during_scheduling_ignored_during_execution.n; i++) {
        const PreferredSchedulingTerm *t =
            &a->preferred_during_scheduling_ignored_during_execution.v[i];
        const struct field_path *at = PATH_INDEX(PATH(p, PREFERRED_TERMS), i);
        check_weight(fe, at, t->weight);
        check_node_term(fe, PATH(at, "preference"), &t->preference);
    }
}

/* Keys whose values are taken from the pod: not those the selector fixes already. */
static void check_match_keys(struct field_errors *fe, const struct field_path *p,
                             const str_list *keys, const LabelSelector *s) {
    for (uint32_t i = 0; i < keys->n; i++) {
        const struct field_path *at = PATH_INDEX(p, i);
        field_check_name(fe, at, keys->v[i], name_qualified);
        bool fixed = s && label_has(&s->match_labels, keys->v[i]);
        for (uint32_t k = 0; s && k < s->match_expressions.n; k++)
            fixed |= str_eq(s->match_expressions.v[k].key, keys->v[i]);
        if (fixed)
            field_invalid(fe, at, keys->v[i], "exists in both matchLabelKeys and labelSelector");
    }
    if (keys->n && !s)
        field_forbidden(fe, p, "must not be specified when labelSelector is not set");
}

static void check_pod_term(struct field_errors *fe, const struct field_path *p,
                           const PodAffinityTerm *t) {
    check_label_selector(fe, PATH(p, "labelSelector"), t->label_selector);
    check_label_selector(fe, PATH(p, "namespaceSelector"), t->namespace_selector);
    for (uint32_t i = 0; i < t->namespaces.n; i++)
        field_check_name(fe, PATH(p, "namespace"), t->namespaces.v[i], name_dns1123_label);
    check_match_keys(fe, PATH(p, "matchLabelKeys"), &t->match_label_keys, t->label_selector);
    check_match_keys(fe, PATH(p, "mismatchLabelKeys"), &t->mismatch_label_keys, t->label_selector);
    if (!t->topology_key.n)
        field_required(fe, PATH(p, "topologyKey"), "can not be empty");
    field_check_name(fe, PATH(p, "topologyKey"), t->topology_key, name_qualified);
}

static void check_pod_terms(struct field_errors *fe, const struct field_path *p,
                            const PodAffinityTerm *v, uint32_t n, const WeightedPodAffinityTerm *w,
                            uint32_t n_w) {
    for (uint32_t i = 0; i < n; i++)
        check_pod_term(fe, PATH_INDEX(PATH(p, REQUIRED_TERMS), i), &v[i]);
    for (uint32_t i = 0; i < n_w; i++) {
        const struct field_path *at = PATH_INDEX(PATH(p, PREFERRED_TERMS), i);
        check_weight(fe, at, w[i].weight);
        check_pod_term(fe, PATH(at, "podAffinityTerm"), &w[i].pod_affinity_term);
    }
}

void check_affinity(struct field_errors *fe, const struct field_path *p, const Affinity *a) {
    if (!a)
        return;
    const PodAffinity *pod = a->pod_affinity;
    const PodAntiAffinity *anti = a->pod_anti_affinity;
    if (a->node_affinity)
        check_node_affinity(fe, PATH(p, "nodeAffinity"), a->node_affinity);
    if (pod)
        check_pod_terms(fe, PATH(p, "podAffinity"),
                        pod->required_during_scheduling_ignored_during_execution.v,
                        pod->required_during_scheduling_ignored_during_execution.n,
                        pod->preferred_during_scheduling_ignored_during_execution.v,
                        pod->preferred_during_scheduling_ignored_during_execution.n);
    if (anti)
        check_pod_terms(fe, PATH(p, "podAntiAffinity"),
                        anti->required_during_scheduling_ignored_during_execution.v,
                        anti->required_during_scheduling_ignored_during_execution.n,
                        anti->preferred_during_scheduling_ignored_during_execution.v,
                        anti->preferred_during_scheduling_ignored_during_execution.n);
}

void check_taint_effect(struct field_errors *fe, const struct field_path *p, str effect) {
    static const char *const effects[] = {"NoSchedule", "PreferNoSchedule", "NoExecute", NULL};
    check_one_of_required(fe, p, effect, effects);
}

static void check_toleration(struct field_errors *fe, const struct field_path *p,
                             const Toleration *t) {
    static const char *const operators[] = {"Equal", "Exists", NULL};
    const struct field_path *op = PATH(p, "operator");
    if (t->key.n)
        field_check_name(fe, PATH(p, "key"), t->key, name_qualified);
    if (!t->key.n && !str_eqc(t->operator_, "Exists"))
        field_invalid(fe, op, t->operator_,
                      "operator must be Exists when `key` is empty, which means \"match all values "
                      "and all keys\"");
    if (t->toleration_seconds.set && !str_eqc(t->effect, "NoExecute"))
        field_invalid(fe, PATH(p, "effect"), t->effect,
                      "effect must be 'NoExecute' when `tolerationSeconds` is set");
    if (!t->operator_.n || str_eqc(t->operator_, "Equal")) {
        struct name_errors e = {{0}, 0};
        name_label_value(t->value, &e);
        if (e.n)
            field_invalid(fe, op, t->value, STR_FMT, STR_ARG(name_errors_join(fe->arena, &e, ";")));
    } else if (str_eqc(t->operator_, "Exists")) {
        if (t->value.n)
            field_invalid(fe, op, t->value, "value must be empty when `operator` is 'Exists'");
    } else {
        field_not_supported(fe, op, t->operator_, operators);
    }
    if (t->effect.n)
        check_taint_effect(fe, PATH(p, "effect"), t->effect);
}

void check_tolerations(struct field_errors *fe, const struct field_path *p, const Toleration *v,
                       uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        check_toleration(fe, PATH_INDEX(p, i), &v[i]);
}

static void check_spread(struct field_errors *fe, const struct field_path *p,
                         const TopologySpreadConstraint *c) {
    static const char *const actions[] = {"DoNotSchedule", "ScheduleAnyway", NULL};
    static const char *const policies[] = {"Honor", "Ignore", NULL};
    if (c->max_skew <= 0)
        field_invalid_i64(fe, PATH(p, "maxSkew"), c->max_skew, "must be greater than zero");
    if (!c->topology_key.n)
        field_required(fe, PATH(p, "topologyKey"), "can not be empty");
    else
        field_check_name(fe, PATH(p, "topologyKey"), c->topology_key, name_qualified);
    check_one_of(fe, PATH(p, "whenUnsatisfiable"), c->when_unsatisfiable, actions);
    if (c->min_domains.set && c->min_domains.v <= 0)
        field_invalid_i64(fe, PATH(p, "minDomains"), c->min_domains.v, "must be greater than zero");
    if (c->min_domains.set && !str_eqc(c->when_unsatisfiable, "DoNotSchedule"))
        field_invalid_i64(fe, PATH(p, "minDomains"), c->min_domains.v,
                          str_printf(fe->arena,
                                     "can only use minDomains if whenUnsatisfiable=DoNotSchedule, "
                                     "not " STR_FMT,
                                     STR_ARG(c->when_unsatisfiable))
                              .p);
    if (c->node_affinity_policy.p)
        check_one_of(fe, PATH(p, "nodeAffinityPolicy"), c->node_affinity_policy, policies);
    if (c->node_taints_policy.p)
        check_one_of(fe, PATH(p, "nodeTaintsPolicy"), c->node_taints_policy, policies);
    check_match_keys(fe, PATH(p, "matchLabelKeys"), &c->match_label_keys, c->label_selector);
    check_label_selector(fe, PATH(p, "labelSelector"), c->label_selector);
}

void check_topology_spread(struct field_errors *fe, const struct field_path *list,
                           const PodSpec *s) {
    if (list_too_long(fe, list, s->topology_spread_constraints.n))
        return;
    for (uint32_t i = 0; i < s->topology_spread_constraints.n; i++) {
        const TopologySpreadConstraint *c = &s->topology_spread_constraints.v[i];
        const struct field_path *p = PATH_INDEX(list, i);
        check_spread(fe, p, c);
        for (uint32_t k = 0; k < i; k++) {
            const TopologySpreadConstraint *o = &s->topology_spread_constraints.v[k];
            if (str_eq(o->topology_key, c->topology_key) &&
                str_eq(o->when_unsatisfiable, c->when_unsatisfiable)) {
                field_duplicate(fe, PATH(p, "{topologyKey, whenUnsatisfiable}"),
                                str_printf(fe->arena, "{" STR_FMT ", " STR_FMT "}",
                                           STR_ARG(c->topology_key),
                                           STR_ARG(c->when_unsatisfiable)));
                break;
            }
        }
    }
}
