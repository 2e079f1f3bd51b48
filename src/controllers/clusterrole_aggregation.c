// SPDX-License-Identifier: Apache-2.0
/* Fills the rules of aggregated ClusterRoles out of those whose labels their aggregationRule
 * selects. Keys are names of ClusterRoles. */
#include "base/vec.h"
#include "controllers/common.h"
#include "controllers/controllers.h"
#include "schema/ops.h"

#define ROLES RESOURCE_OF(rbac_v1_clusterroles)

struct aggregation {
    struct informer *roles;
};

struct role_list {
    const ClusterRole **v;
    uint32_t n;
};

static void start(struct controller_run *run, void *state) {
    ((struct aggregation *)state)->roles = run_informer(run, ROLES);
}

/* Whichever role changes, each aggregated one may be concerned: they are few. */
static void keys(struct controller_run *run, const void *old, const void *new_) {
    const struct informer *roles = ((struct aggregation *)run_state(run))->roles;
    struct cached *o;
    for (uint32_t pos = 0; (o = informer_next(roles, &pos));) {
        const ClusterRole *c = o->typed;
        if (c->aggregation_rule)
            queue_key(run, c->metadata.name);
    }
}

/* What a selector of the rule selects, by name. */
static struct role_list selected(struct aggregation *s, struct arena *a, const ClusterRole *self,
                                 const LabelSelector *by) {
    struct role_list out = {NULL, 0};
    struct selector sel;
    struct err e;
    struct cached *o;
    if (selector_of(a, by, &sel, &e) < 0)
        return out;
    for (uint32_t pos = 0; (o = informer_next(s->roles, &pos));) {
        const ClusterRole *c = o->typed;
        if (str_eq(c->metadata.name, self->metadata.name) ||
            !selector_matches(&sel, &c->metadata.labels))
            continue;
        *list_push(a, &out) = c;
        uint32_t k = out.n - 1;
        for (; k && str_cmp(out.v[k - 1]->metadata.name, c->metadata.name) > 0; k--)
            out.v[k] = out.v[k - 1];
        out.v[k] = c;
    }
    return out;
}

static bool has_rule(const ClusterRole *c, const PolicyRule *r) {
    for (uint32_t i = 0; i < c->rules.n; i++)
        if (api_equal(&PolicyRule_type, &c->rules.v[i], r))
            return true;
    return false;
}

static bool same_rules(const ClusterRole *a, const ClusterRole *b) {
    if (a->rules.n != b->rules.n)
        return false;
    for (uint32_t i = 0; i < a->rules.n; i++)
        if (!api_equal(&PolicyRule_type, &a->rules.v[i], &b->rules.v[i]))
            return false;
    return true;
}

static int reconcile(void *state, str key, struct plan *p) {
    struct aggregation *s = state;
    const ClusterRole *there = informer_typed(s->roles, key);
    if (!there || !there->aggregation_rule)
        return 0;
    ClusterRole wanted = *there;
    wanted.rules.v = NULL;
    wanted.rules.n = 0;
    const AggregationRule *rule = there->aggregation_rule;
    for (uint32_t i = 0; i < rule->cluster_role_selectors.n; i++) {
        struct role_list from = selected(s, p->arena, there, &rule->cluster_role_selectors.v[i]);
        for (uint32_t k = 0; k < from.n; k++)
            for (uint32_t j = 0; j < from.v[k]->rules.n; j++)
                if (!has_rule(&wanted, &from.v[k]->rules.v[j]))
                    *list_push(p->arena, &wanted.rules) = from.v[k]->rules.v[j];
    }
    if (!same_rules(&wanted, there))
        plan_update(p, ROLES, NULL, &wanted);
    return 0;
}

static const struct controller_watch watches[] = {
    {.resource = RESOURCE_OF(rbac_v1_clusterroles), .keys = keys},
    {.resource = NULL},
};

const struct controller clusterrole_aggregation_controller = {
    .name = "clusterrole-aggregation-controller",
    .queue = "ClusterRoleAggregator",
    .watches = watches,
    .state_size = sizeof(struct aggregation),
    .start = start,
    .reconcile = reconcile,
    .workers = 1,
};
