// SPDX-License-Identifier: Apache-2.0
/* What a pod asks of the scheduler. */
#include "api/kinds/pod_validate.h"

static void check_node_requirement(struct field_errors *fe, const struct field_path *p,
                                   const NodeSelectorRequirement *r, bool required) {
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
    } else {
        field_invalid(fe, PATH(p, "operator"), op, "not a valid selector operator");
    }
    field_check_name(fe, PATH(p, "key"), r->key, name_qualified);
    /* A preference that no node can meet does no harm. */
    required &= !(fe->kept & KEPT_NODE_VALUES);
    for (uint32_t i = 0; required && i < r->values.n; i++)
        field_check_name(fe, PATH_INDEX(PATH(p, "values"), i), r->values.v[i], name_label_value);
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
                            const NodeSelectorTerm *t, bool required) {
    for (uint32_t i = 0; i < t->match_expressions.n; i++)
        check_node_requirement(fe, PATH_INDEX(PATH(p, "matchExpressions"), i),
                               &t->match_expressions.v[i], required);
    for (uint32_t i = 0; i < t->match_fields.n; i++)
        check_node_field(fe, PATH_INDEX(PATH(p, "matchFields"), i), &t->match_fields.v[i]);
}

void check_node_selector(struct field_errors *fe, const struct field_path *p,
                         const NodeSelector *s) {
    const struct field_path *at = PATH(p, "nodeSelectorTerms");
    if (!s->node_selector_terms.n)
        field_required(fe, at, "must have at least one node selector term");
    for (uint32_t i = 0; i < s->node_selector_terms.n; i++)
        check_node_term(fe, PATH_INDEX(at, i), &s->node_selector_terms.v[i], true);
}

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
        check_node_term(fe, PATH(at, "preference"), &t->preference, false);
    }
}

static void check_label_keys(struct field_errors *fe, const struct field_path *p,
                             const str_list *keys, const LabelSelector *s) {
    if (keys->n && !s) {
        field_forbidden(fe, p, "must not be specified when labelSelector is not set");
        return;
    }
    for (uint32_t i = 0; i < keys->n; i++)
        field_check_name(fe, PATH_INDEX(p, i), keys->v[i], name_qualified);
}

/* Every key that a selector looks at, as often as it does. */
static struct name_index keys_of(struct arena *a, const LabelSelector *s) {
    str_list keys = {0};
    for (uint32_t i = 0; s && i < s->match_labels.n; i++)
        *list_push(a, &keys) = s->match_labels.v[i].key;
    for (uint32_t i = 0; s && i < s->match_expressions.n; i++)
        *list_push(a, &keys) = s->match_expressions.v[i].key;
    return name_index_of(a, keys.v, keys.n, sizeof(str));
}

/* Keys whose values are taken from the pod. What they select was put into the selector when the
 * pod was created: a key that is there once more was there before. */
static void check_match_keys(struct field_errors *fe, const struct field_path *p,
                             const PodAffinityTerm *t) {
    const LabelSelector *s = t->label_selector;
    const str_list *l = &t->match_label_keys, *not = &t->mismatch_label_keys;
    const struct field_path *keys = PATH(p, "matchLabelKeys");
    struct name_index selected = keys_of(fe->arena, s);
    struct name_index excluded = name_index_of(fe->arena, not ->v, not ->n, sizeof(str));
    check_label_keys(fe, keys, l, s);
    check_label_keys(fe, PATH(p, "mismatchLabelKeys"), not, s);
    for (uint32_t i = 0; i < l->n && !field_errors_full(fe); i++)
        if (name_index_count(&selected, l->v[i]) > 1)
            field_invalid(fe, PATH_INDEX(p, i), l->v[i],
                          "exists in both matchLabelKeys and labelSelector");
    for (uint32_t i = 0; i < l->n && !field_errors_full(fe); i++)
        if (name_index_has(&excluded, l->v[i]))
            field_invalid(fe, PATH_INDEX(keys, i), l->v[i],
                          "exists in both matchLabelKeys and mismatchLabelKeys");
}

static void check_pod_term(struct field_errors *fe, const struct field_path *p,
                           const PodAffinityTerm *t) {
    check_label_selector(fe, PATH(p, "labelSelector"), t->label_selector);
    check_label_selector(fe, PATH(p, "namespaceSelector"), t->namespace_selector);
    for (uint32_t i = 0; i < t->namespaces.n; i++)
        field_check_name(fe, PATH(p, "namespace"), t->namespaces.v[i], name_dns1123_label);
    check_match_keys(fe, p, t);
    if (!t->topology_key.n)
        field_required(fe, PATH(p, "topologyKey"), "can not be empty");
    field_check_name(fe, PATH(p, "topologyKey"), t->topology_key, name_qualified);
}

static void check_pod_terms(struct field_errors *fe, const struct field_path *p,
                            const struct pod_terms *t) {
    for (uint32_t i = 0; i < t->n; i++)
        check_pod_term(fe, PATH_INDEX(PATH(p, REQUIRED_TERMS), i), &t->v[i]);
    for (uint32_t i = 0; i < t->n_weighted; i++) {
        const struct field_path *at = PATH_INDEX(PATH(p, PREFERRED_TERMS), i);
        check_weight(fe, at, t->weighted[i].weight);
        check_pod_term(fe, PATH(at, "podAffinityTerm"), &t->weighted[i].pod_affinity_term);
    }
}

void check_affinity(struct field_errors *fe, const struct field_path *p, const Affinity *a) {
    struct pod_terms terms[POD_TERMS_MAX];
    if (!a)
        return;
    if (a->node_affinity)
        check_node_affinity(fe, PATH(p, "nodeAffinity"), a->node_affinity);
    pod_terms(a, terms);
    for (int k = 0; k < POD_TERMS_MAX; k++)
        check_pod_terms(fe, PATH(p, terms[k].name), &terms[k]);
}

void check_taint_effect(struct field_errors *fe, const struct field_path *p, str effect) {
    static const char *const effects[] = {"NoSchedule", "PreferNoSchedule", "NoExecute", NULL};
    check_one_of_required(fe, p, effect, effects);
}

static void check_toleration(struct field_errors *fe, const struct field_path *p,
                             const Toleration *t) {
    static const char *const operators[] = {"Equal", "Exists", NULL};
    const struct field_path *op = PATH(p, "operator");
    check_rows(fe, p, Toleration, t, "key");
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

static void check_min_domains(struct field_errors *fe, const struct field_path *p,
                              const TopologySpreadConstraint *c) {
    if (!c->min_domains.set)
        return;
    if (c->min_domains.v <= 0)
        field_invalid_i64(fe, p, c->min_domains.v, "must be greater than zero");
    if (!str_eqc(c->when_unsatisfiable, "DoNotSchedule"))
        field_invalid_printed(
            fe, p, str_printf(fe->arena, "%d", c->min_domains.v),
            "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not " STR_FMT,
            STR_ARG(c->when_unsatisfiable));
}

/* A pod's keys were put into the selector as those of an affinity; a template's were not yet. */
void check_spread_keys(struct field_errors *fe, const struct field_path *p,
                       const TopologySpreadConstraint *c, const ObjectMeta *pod) {
    if (fe->kept & KEPT_SPREAD_KEYS)
        return;
    if (c->match_label_keys.n && !c->label_selector)
        field_forbidden(fe, p, "must not be specified when labelSelector is not set");
    struct name_index selected = keys_of(fe->arena, c->label_selector);
    for (uint32_t i = 0; i < c->match_label_keys.n && !field_errors_full(fe); i++) {
        str key = c->match_label_keys.v[i];
        uint32_t own = pod && label_has(&pod->labels, key);
        field_check_name(fe, PATH_INDEX(p, i), key, name_qualified);
        if (name_index_count(&selected, key) > own)
            field_invalid(fe, PATH_INDEX(p, i), key,
                          "exists in both matchLabelKeys and labelSelector");
    }
}

/* Whole or not at all: values that the selectors of an affinity may keep are none of its own. */
static void check_spread_selector(struct field_errors *fe, const struct field_path *p,
                                  const LabelSelector *s) {
    unsigned kept = fe->kept;
    if (kept & KEPT_SPREAD_SELECTORS)
        return;
    fe->kept &= ~KEPT_SELECTOR_VALUES;
    check_label_selector(fe, p, s);
    fe->kept = kept;
}

/* What a constraint must not have in common with one behind it, as errors show it. */
static str spread_key(struct arena *a, const TopologySpreadConstraint *c) {
    return str_printf(a, "{" STR_FMT ", " STR_FMT "}", STR_ARG(c->topology_key),
                      STR_ARG(c->when_unsatisfiable));
}

static void check_spread(struct field_errors *fe, const struct field_path *p,
                         const TopologySpreadConstraint *c, str again, const ObjectMeta *pod) {
    if (c->max_skew <= 0)
        field_invalid_i64(fe, PATH(p, "maxSkew"), c->max_skew, "must be greater than zero");
    if (!c->topology_key.n)
        field_required(fe, PATH(p, "topologyKey"), "can not be empty");
    check_rows(fe, p, TopologySpreadConstraint, c, "whenUnsatisfiable");
    if (again.p)
        field_duplicate(fe, PATH(p, "{topologyKey, whenUnsatisfiable}"), again);
    check_min_domains(fe, PATH(p, "minDomains"), c);
    check_rows(fe, p, TopologySpreadConstraint, c, "nodeAffinityPolicy nodeTaintsPolicy");
    check_spread_keys(fe, PATH(p, "matchLabelKeys"), c, pod);
    check_spread_selector(fe, PATH(p, "labelSelector"), c->label_selector);
}

void check_topology_spread(struct field_errors *fe, const struct field_path *list, const PodSpec *s,
                           const ObjectMeta *pod) {
    const TopologySpreadConstraint *v = s->topology_spread_constraints.v;
    uint32_t n = s->topology_spread_constraints.n;
    str *keys = arena_array(fe->arena, n, sizeof(*keys));
    for (uint32_t i = 0; i < n; i++)
        keys[i] = spread_key(fe->arena, &v[i]);
    struct name_index x = name_index_of(fe->arena, keys, n, sizeof(*keys));
    for (uint32_t i = 0; i < n && !field_errors_full(fe); i++) {
        bool again = name_index_last(&x, keys[i]) != i;
        check_spread(fe, PATH_INDEX(list, i), &v[i], again ? keys[i] : STR_NONE, pod);
    }
}
