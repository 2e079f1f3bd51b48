// SPDX-License-Identifier: Apache-2.0
/* Which rules a stored object breaks already (kinds.h: "what may stay"). Each rule is asked of the
 * old object by the very check that the new one would have to pass. */
#include "api/kinds/pod_validate.h"

/* Errors of checks that nobody is told. */
static struct field_errors scratch(struct arena *a) {
    return (struct field_errors){.arena = a};
}

static bool breaks_selector(struct field_errors *fe, const LabelSelector *s) {
    check_label_selector(fe, NULL, s);
    return fe->list.n > 0;
}

unsigned kept_of_selector(struct arena *a, const LabelSelector *s) {
    struct field_errors fe = scratch(a);
    for (uint32_t i = 0; s && i < s->match_expressions.n; i++)
        for (uint32_t k = 0; k < s->match_expressions.v[i].values.n && !fe.list.n; k++)
            field_check_name(&fe, NULL, s->match_expressions.v[i].values.v[k], name_label_value);
    return fe.list.n ? KEPT_SELECTOR_VALUES : 0;
}

static bool breaks_term(struct field_errors *fe, const PodAffinityTerm *t) {
    return breaks_selector(fe, t->label_selector) || breaks_selector(fe, t->namespace_selector);
}

static bool breaks_terms(struct field_errors *fe, const PodAffinityTerm *v, uint32_t n,
                         const WeightedPodAffinityTerm *w, uint32_t n_w) {
    for (uint32_t i = 0; i < n; i++)
        if (breaks_term(fe, &v[i]))
            return true;
    for (uint32_t i = 0; i < n_w; i++)
        if (breaks_term(fe, &w[i].pod_affinity_term))
            return true;
    return false;
}

static bool breaks_pod_affinity(struct arena *a, const Affinity *x) {
#define TERMS(of_)                                                                                 \
    (of_)->required_during_scheduling_ignored_during_execution.v,                                  \
        (of_)->required_during_scheduling_ignored_during_execution.n,                              \
        (of_)->preferred_during_scheduling_ignored_during_execution.v,                             \
        (of_)->preferred_during_scheduling_ignored_during_execution.n
    struct field_errors fe = scratch(a);
    return x && ((x->pod_affinity && breaks_terms(&fe, TERMS(x->pod_affinity))) ||
                 (x->pod_anti_affinity && breaks_terms(&fe, TERMS(x->pod_anti_affinity))));
#undef TERMS
}

static bool breaks_node_affinity(struct arena *a, const Affinity *x) {
    struct field_errors fe = scratch(a);
    const NodeAffinity *n = x ? x->node_affinity : NULL;
    if (n && n->required_during_scheduling_ignored_during_execution)
        check_node_selector(&fe, NULL, n->required_during_scheduling_ignored_during_execution);
    return fe.list.n > 0;
}

static unsigned kept_of_spread(struct arena *a, const PodSpec *s, const ObjectMeta *pod) {
    struct field_errors selectors = scratch(a), keys = scratch(a);
    for (uint32_t i = 0; i < s->topology_spread_constraints.n; i++) {
        const TopologySpreadConstraint *c = &s->topology_spread_constraints.v[i];
        check_label_selector(&selectors, NULL, c->label_selector);
        check_spread_keys(&keys, NULL, c, pod);
    }
    return (selectors.list.n ? KEPT_SPREAD_SELECTORS : 0) | (keys.list.n ? KEPT_SPREAD_KEYS : 0);
}

static void check_page_map(struct field_errors *fe, const str_map *m) {
    for (uint32_t i = 0; i < m->n; i++)
        if (is_hugepages(m->v[i].key))
            check_pages(fe, NULL, m->v[i].key, m->v[i].value);
}

static unsigned kept_of_containers(struct arena *a, const PodSpec *s) {
    struct field_errors pages = scratch(a);
    struct container_list lists[CONTAINERS_MAX];
    unsigned kept = 0;
    container_lists(s, lists);
    for (int l = 0; l < CONTAINERS_MAX; l++)
        for (uint32_t i = 0; i < lists[l].n; i++) {
            const Container *c = container_at(&lists[l], i);
            check_page_map(&pages, &c->resources.limits);
            check_page_map(&pages, &c->resources.requests);
            if (c->volume_devices.n && !opt_or(s->host_users, true))
                kept |= KEPT_DEVICE_USERS;
        }
    check_page_map(&pages, &s->overhead);
    for (uint32_t i = 0; i < s->init_containers.n; i++) {
        const Container *c = &s->init_containers.v[i];
        for (uint32_t k = 0; !restarts_always(c) && k < c->resize_policy.n; k++)
            if (str_eqc(c->resize_policy.v[k].restart_policy, "RestartContainer"))
                kept |= KEPT_INIT_RESIZES;
    }
    return kept | (pages.list.n ? KEPT_PARTS_OF_PAGES : 0);
}

static bool breaks_token_path(struct arena *a, const PodSpec *s) {
    struct field_errors fe = scratch(a);
    for (uint32_t i = 0; i < s->volumes.n; i++) {
        const ProjectedVolumeSource *v = s->volumes.v[i].volume_source.projected;
        for (uint32_t k = 0; v && k < v->sources.n; k++)
            if (v->sources.v[k].service_account_token)
                check_local_path(&fe, NULL, v->sources.v[k].service_account_token->path, true);
    }
    return fe.list.n > 0;
}

static bool breaks_sysctl(struct arena *a, const PodSpec *s) {
    struct field_errors fe = scratch(a);
    const PodSecurityContext *c = s->security_context;
    for (uint32_t i = 0; c && i < c->sysctls.n; i++)
        check_host_sysctl(&fe, NULL, c->sysctls.v[i].name, s);
    return fe.list.n > 0;
}

unsigned kept_of_pod(struct arena *a, const PodSpec *s, const ObjectMeta *m, bool is_pod) {
    if (!s)
        return 0;
    unsigned kept = kept_of_spread(a, s, is_pod ? m : NULL) | kept_of_containers(a, s);
    if (breaks_pod_affinity(a, s->affinity))
        kept |= KEPT_SELECTOR_VALUES;
    if (breaks_node_affinity(a, s->affinity))
        kept |= KEPT_NODE_VALUES;
    if (breaks_token_path(a, s))
        kept |= KEPT_TOKEN_PATHS;
    if (breaks_sysctl(a, s))
        kept |= KEPT_HOST_SYSCTLS;
    if (!is_deletion_cost(&m->annotations))
        kept |= KEPT_DELETION_COST;
    return kept;
}

unsigned kept_of_template(struct arena *a, const PodTemplateSpec *old) {
    return old ? kept_of_pod(a, &old->spec, &old->metadata, false) : 0;
}
