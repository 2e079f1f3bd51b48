// SPDX-License-Identifier: Apache-2.0
#include "scheduler/framework.h"

#include "api/selector.h"

static void filter(struct cycle *c);
static void score(struct cycle *c, int64_t *scores);
extern const struct plugin node_affinity_plugin;
const struct plugin node_affinity_plugin = {
    .name = "NodeAffinity",
    .filter = filter,
    .score = score,
    .normalize = NORMALIZE_MAX,
    .weight = 2,
    .events = EVENT_NODE_LABELS,
};

/* Rows among `in` whose label is an integer above (or below) the one value. */
static void compare(struct cycle *c, const NodeSelectorRequirement *r, bool above,
                    struct bits *in) {
    int64_t want, have;
    bool valid = r->values.n == 1 && str_to_i64(r->values.v[0], &want) == 0;
    BITS_FOREACH (row, in) {
        str label = label_get(&node_at(c->nodes, row)->metadata.labels, r->key);
        if (!valid || !label.p || str_to_i64(label, &have) < 0 ||
            !(above ? have > want : have < want))
            bits_clear(in, row);
    }
}

static void expression(struct cycle *c, const NodeSelectorRequirement *r, struct bits *in) {
    struct bits any = bits_new(c->arena, in->n);
    const struct bits *b;
    if (str_eqc(r->operator_, "In") || str_eqc(r->operator_, "NotIn")) {
        for (uint32_t i = 0; i < r->values.n; i++)
            if ((b = nodes_with_label(c->nodes, r->key, r->values.v[i])))
                bits_or(&any, b);
    } else if ((b = nodes_with_key(c->nodes, r->key))) {
        bits_or(&any, b);
    }
    if (str_eqc(r->operator_, "In") || str_eqc(r->operator_, "Exists"))
        bits_and(in, &any);
    else if (str_eqc(r->operator_, "NotIn") || str_eqc(r->operator_, "DoesNotExist"))
        bits_and_not(in, &any);
    else
        compare(c, r, str_eqc(r->operator_, "Gt"), in);
}

/* The only field is metadata.name. */
static void field(struct cycle *c, const NodeSelectorRequirement *r, struct bits *in) {
    struct bits named = bits_new(c->arena, in->n);
    for (uint32_t i = 0; i < r->values.n; i++) {
        int64_t row = nodes_row(c->nodes, r->values.v[i]);
        if (row >= 0 && str_eqc(r->key, "metadata.name"))
            bits_set(&named, (uint32_t)row);
    }
    if (str_eqc(r->operator_, "NotIn"))
        bits_and_not(in, &named);
    else
        bits_and(in, &named);
}

/* Rows of `in` that match the term; an empty term matches nothing. */
static struct bits term(struct cycle *c, const NodeSelectorTerm *t, const struct bits *in) {
    struct bits out = bits_new(c->arena, in->n);
    if (t->match_expressions.n || t->match_fields.n)
        bits_or(&out, in);
    for (uint32_t i = 0; i < t->match_expressions.n; i++)
        expression(c, &t->match_expressions.v[i], &out);
    for (uint32_t i = 0; i < t->match_fields.n; i++)
        field(c, &t->match_fields.v[i], &out);
    return out;
}

static const NodeAffinity *affinity_of(const struct cycle *c) {
    const Affinity *a = pod_of(c->pod)->spec.affinity;
    return a ? a->node_affinity : NULL;
}

static void filter(struct cycle *c) {
    const PodSpec *s = &pod_of(c->pod)->spec;
    const NodeAffinity *a = affinity_of(c);
    const NodeSelector *required =
        a ? a->required_during_scheduling_ignored_during_execution : NULL;
    if (s->node_selector.n == 0 && !required)
        return;
    struct bits match = bits_new(c->arena, c->feasible.n);
    bits_or(&match, &c->feasible);
    for (uint32_t i = 0; i < s->node_selector.n; i++) {
        const struct bits *b =
            nodes_with_label(c->nodes, s->node_selector.v[i].key, s->node_selector.v[i].value);
        struct bits none = bits_new(c->arena, match.n);
        bits_and(&match, b ? b : &none);
    }
    if (required) {
        struct bits any = bits_new(c->arena, match.n);
        for (uint32_t i = 0; i < required->node_selector_terms.n; i++) {
            struct bits one = term(c, &required->node_selector_terms.v[i], &match);
            bits_or(&any, &one);
        }
        match = any;
    }
    struct bits refused = bits_new(c->arena, c->feasible.n);
    bits_or(&refused, &c->feasible);
    bits_and_not(&refused, &match);
    cycle_refuse_all(c, &refused, STR("node(s) didn't match Pod's node affinity/selector"));
}

static void score(struct cycle *c, int64_t *scores) {
    const NodeAffinity *a = affinity_of(c);
    if (!a)
        return;
    for (uint32_t i = 0; i < a->preferred_during_scheduling_ignored_during_execution.n; i++) {
        const PreferredSchedulingTerm *p =
            &a->preferred_during_scheduling_ignored_during_execution.v[i];
        struct bits match = term(c, &p->preference, &c->feasible);
        BITS_FOREACH (row, &match)
            scores[row] += p->weight;
    }
}
