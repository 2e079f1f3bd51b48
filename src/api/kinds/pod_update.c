// SPDX-License-Identifier: Apache-2.0
/* What may change in a pod once it exists. */
#include "api/kinds/pod_validate.h"

#define UPDATE_TEXT                                                                                \
    "pod updates may not change fields other than `spec.containers[*].image`,"                     \
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "        \
    "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set " \
    "to 1 if it was previously negative)"

static str toleration_key(struct arena *a, const Toleration *t) {
    return str_printf(a, STR_FMT "\n" STR_FMT "\n" STR_FMT "\n" STR_FMT, STR_ARG(t->key),
                      STR_ARG(t->operator_), STR_ARG(t->value), STR_ARG(t->effect));
}

/* What was tolerated stays so, with another time limit perhaps. */
static void check_tolerations_update(struct field_errors *fe, const struct field_path *p,
                                     const PodSpec *s, const PodSpec *was) {
    str_list keys = {0};
    for (uint32_t i = 0; i < s->tolerations.n; i++)
        *list_push(fe->arena, &keys) = toleration_key(fe->arena, &s->tolerations.v[i]);
    struct name_index x = name_index_of(fe->arena, keys.v, keys.n, sizeof(str));
    for (uint32_t i = 0; i < was->tolerations.n; i++)
        if (name_index_first(&x, toleration_key(fe->arena, &was->tolerations.v[i])) < 0) {
            field_forbidden(fe, p,
                            "existing toleration can not be modified except its "
                            "tolerationSeconds");
            return;
        }
    check_tolerations(fe, p, s->tolerations.v, s->tolerations.n);
}

static Container *with_images(struct arena *a, const Container *was, const Container *images,
                              uint32_t n) {
    Container *v = arena_array(a, n, sizeof(*v));
    for (uint32_t i = 0; i < n; i++) {
        v[i] = was[i];
        v[i].image = images[i].image;
    }
    return v;
}

/* false: the lists cannot be compared one by one. */
static bool check_images(struct field_errors *fe, const struct field_path *list, const Container *v,
                         uint32_t n, uint32_t had) {
    if (n != had) {
        field_forbidden(fe, list, "pod updates may not add or remove containers");
        return false;
    }
    for (uint32_t i = 0; i < n && !field_errors_full(fe); i++) {
        if (!v[i].image.n)
            field_required(fe, PATH(PATH_INDEX(list, i), "image"), NULL);
        check_image_text(fe, PATH_INDEX(list, i), v[i].image);
    }
    return true;
}

static void check_gates_update(struct field_errors *fe, const struct field_path *p,
                               const PodSpec *s, const PodSpec *was) {
    struct name_index had =
        name_index_of(fe->arena, was->scheduling_gates.n ? &was->scheduling_gates.v[0].name : NULL,
                      was->scheduling_gates.n, sizeof(PodSchedulingGate));
    for (uint32_t i = 0; i < s->scheduling_gates.n && !field_errors_full(fe); i++) {
        str name = s->scheduling_gates.v[i].name;
        if (name_index_first(&had, name) < 0)
            field_forbidden(fe, PATH(PATH_INDEX(p, i), "name"),
                            "only deletion is allowed, but found new scheduling gate '" STR_FMT "'",
                            STR_ARG(name));
    }
}

/* A deadline may be set, and drawn nearer. */
static bool check_deadline_update(struct field_errors *fe, const struct field_path *p,
                                  struct opt_i64 v, struct opt_i64 was) {
    uint32_t before = fe->list.n;
    if (v.set && (v.v < 0 || v.v > INT32_MAX))
        field_check_range(fe, p, v.v, 0, INT32_MAX);
    else if (v.set && was.set && was.v < v.v)
        field_invalid_i64(fe, p, v.v, "must be less than or equal to previous value");
    if (fe->list.n != before)
        return false;
    if (!v.set && was.set)
        field_invalid_printed(fe, p, STR("null"),
                              "must not update from a positive integer to nil value");
    return true;
}

/* ---- a pod that may not be scheduled yet: where it may go can still be narrowed ---- */

static void check_selector_narrows(struct field_errors *fe, const struct field_path *p,
                                   const str_map *m, const str_map *was) {
    for (uint32_t i = 0; i < was->n; i++) {
        str now = label_get(m, was->v[i].key);
        if (!now.p || !str_eq(now, was->v[i].value)) {
            field_invalid_printed(fe, p, map_json(fe->arena, m),
                                  "only additions to spec.nodeSelector are allowed (no mutations "
                                  "or deletions)");
            return;
        }
    }
}

static bool requirements_grow(const NodeSelectorRequirement *v, uint32_t n,
                              const NodeSelectorRequirement *was, uint32_t had) {
    if (n < had)
        return false;
    for (uint32_t i = 0; i < had; i++)
        if (!api_equal(&NodeSelectorRequirement_type, &v[i], &was[i]))
            return false;
    return true;
}

/* An empty term selects nothing: filling it would widen. */
static bool term_narrows(const NodeSelectorTerm *t, const NodeSelectorTerm *was) {
    if (!was->match_expressions.n && !was->match_fields.n)
        return !t->match_expressions.n && !t->match_fields.n;
    return requirements_grow(t->match_expressions.v, t->match_expressions.n,
                             was->match_expressions.v, was->match_expressions.n) &&
           requirements_grow(t->match_fields.v, t->match_fields.n, was->match_fields.v,
                             was->match_fields.n);
}

static const NodeSelector *required_of(const Affinity *a) {
    const NodeAffinity *n = a ? a->node_affinity : NULL;
    return n ? n->required_during_scheduling_ignored_during_execution : NULL;
}

static str terms_json(struct arena *a, const NodeSelector *s) {
    str_list l = {0};
    for (uint32_t i = 0; s && i < s->node_selector_terms.n; i++)
        *list_push(a, &l) = go_json(a, &NodeSelectorTerm_type, &s->node_selector_terms.v[i]);
    return s ? str_printf(a, "[" STR_FMT "]", STR_ARG(str_join(a, l.v, l.n, STR(","))))
             : STR("null");
}

static void check_affinity_narrows(struct field_errors *fe, const struct field_path *p,
                                   const Affinity *a, const Affinity *old) {
    const NodeSelector *s = required_of(a), *was = required_of(old);
    if (!was || !was->node_selector_terms.n)
        return;
    const struct field_path *terms =
        PATH(PATH(p, "requiredDuringSchedulingIgnoredDuringExecution"), "nodeSelectorTerms");
    if (!s || s->node_selector_terms.n != was->node_selector_terms.n) {
        field_invalid_printed(fe, terms, terms_json(fe->arena, s),
                              "no additions/deletions to non-empty NodeSelectorTerms list are "
                              "allowed");
        return;
    }
    for (uint32_t i = 0; i < s->node_selector_terms.n && !field_errors_full(fe); i++)
        if (!term_narrows(&s->node_selector_terms.v[i], &was->node_selector_terms.v[i]))
            field_invalid_printed(
                fe, PATH_INDEX(terms, i),
                go_json(fe->arena, &NodeSelectorTerm_type, &s->node_selector_terms.v[i]),
                "only additions are allowed (no mutations or deletions)");
}

/* The old affinity with the new one's part about nodes. */
static Affinity *with_nodes_of(struct arena *a, const Affinity *was, const Affinity *now) {
    NodeAffinity *nodes = now ? now->node_affinity : NULL;
    if (!was && !nodes)
        return NULL;
    Affinity *out = arena_make(a, Affinity);
    if (was)
        *out = *was;
    out->node_affinity = nodes;
    bool empty = !nodes && !out->pod_affinity && !out->pod_anti_affinity;
    return empty && !now ? NULL : out;
}

static void narrow(struct field_errors *fe, const struct field_path *p, const PodSpec *s,
                   PodSpec *was) {
    check_selector_narrows(fe, PATH(p, "nodeSelector"), &s->node_selector, &was->node_selector);
    check_affinity_narrows(fe, PATH(PATH(p, "affinity"), "nodeAffinity"), s->affinity,
                           was->affinity);
    was->node_selector = s->node_selector;
    was->affinity = with_nodes_of(fe->arena, was->affinity, s->affinity);
}

/* Puts the allowed changes into a copy of the old spec; what then still differs is not allowed. */
void check_pod_update(struct field_errors *fe, const Pod *pod, const Pod *old) {
    const PodSpec *s = &pod->spec, *before = &old->spec;
    const struct field_path *p = PATH(NULL, "spec");
    PodSpec was = *before;
    if (!check_images(fe, PATH(p, "containers"), s->containers.v, s->containers.n,
                      was.containers.n) ||
        !check_images(fe, PATH(p, "initContainers"), s->init_containers.v, s->init_containers.n,
                      was.init_containers.n) ||
        !check_deadline_update(fe, PATH(p, "activeDeadlineSeconds"), s->active_deadline_seconds,
                               was.active_deadline_seconds))
        return;
    check_tolerations_update(fe, PATH(p, "tolerations"), s, before);
    check_gates_update(fe, PATH(p, "schedulingGates"), s, before);
    was.containers.v = with_images(fe->arena, was.containers.v, s->containers.v, s->containers.n);
    was.init_containers.v =
        with_images(fe->arena, was.init_containers.v, s->init_containers.v, s->init_containers.n);
    was.active_deadline_seconds = s->active_deadline_seconds;
    was.scheduling_gates = s->scheduling_gates;
    was.tolerations = s->tolerations;
    if (opt_or(was.termination_grace_period_seconds, 0) < 0 &&
        opt_or(s->termination_grace_period_seconds, 0) == 1)
        was.termination_grace_period_seconds = s->termination_grace_period_seconds;
    if (before->scheduling_gates.n)
        narrow(fe, p, s, &was);
    if (!api_equal(&PodSpec_type, s, &was))
        field_forbidden(fe, p, UPDATE_TEXT "\n" STR_FMT,
                        STR_ARG(go_diff(fe->arena, &PodSpec_type, &was, s)));
}

/* Debug containers come and stay. */
void check_pod_debuggers(struct field_errors *fe, const Pod *pod, const Pod *before) {
    const PodSpec *s = &pod->spec, *was = &before->spec;
    const struct field_path *p = PATH(PATH(NULL, "spec"), "ephemeralContainers");
    if (label_has(&before->metadata.annotations, STR(MIRROR_ANNOTATION))) {
        fe->list.n = 0; /* nothing else counts */
        field_forbidden(fe, PATH(NULL, "[]"), "static pods do not support ephemeral containers");
        return;
    }
    struct name_index names =
        NAME_INDEX(fe->arena, s->ephemeral_containers, ephemeral_container_common.name);
    for (uint32_t i = 0; i < was->ephemeral_containers.n && !field_errors_full(fe); i++) {
        const EphemeralContainer *old = &was->ephemeral_containers.v[i];
        str name = old->ephemeral_container_common.name;
        int64_t at = name_index_first(&names, name);
        const EphemeralContainer *now = at < 0 ? NULL : &s->ephemeral_containers.v[at];
        if (!now)
            field_forbidden(fe, p,
                            "existing ephemeral containers \"" STR_FMT "\" may not be removed\n",
                            STR_ARG(name));
        else if (!api_equal(&EphemeralContainer_type, now, old))
            field_forbidden(
                fe, p, "existing ephemeral containers \"" STR_FMT "\" may not be changed\n" STR_FMT,
                STR_ARG(name), STR_ARG(go_diff(fe->arena, &EphemeralContainer_type, old, now)));
    }
}
