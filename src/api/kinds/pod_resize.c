// SPDX-License-Identifier: Apache-2.0
/* pods/resize: requests and limits of cpu and memory, of containers and of the pod as a
 * whole. */
#include "api/kinds/pod_validate.h"

/* The same containers in the same order; only then can they be compared one by one. */
static bool check_order(struct field_errors *fe, const struct field_path *spec, const char *name,
                        const Container *v, uint32_t n, const Container *old, uint32_t n_old) {
    const struct field_path *p = PATH(spec, name);
    if (n != n_old) {
        field_forbidden(fe, p, "%s may not be added or removed on resize", name);
        return false;
    }
    bool same = true;
    for (uint32_t i = 0; i < n; i++) {
        if (str_eq(v[i].name, old[i].name))
            continue;
        field_forbidden(fe, PATH(PATH_INDEX(p, i), "name"),
                        "%s may not be renamed or reordered on resize", name);
        same = false;
    }
    return same;
}

static bool removed(const str_map *m, const str_map *old) {
    for (uint32_t i = 0; i < old->n; i++)
        if (!label_has(m, old->v[i].key))
            return true;
    return false;
}

static void check_removed(struct field_errors *fe, const struct field_path *p, const char *what,
                          const ResourceRequirements *r, const ResourceRequirements *old) {
    if (removed(&r->requests, &old->requests))
        field_forbidden(fe, PATH(p, "requests"), "%s requests cannot be removed", what);
    if (removed(&r->limits, &old->limits))
        field_forbidden(fe, PATH(p, "limits"), "%s limits cannot be removed", what);
}

static bool is_resizable(str name) {
    return str_eqc(name, "cpu") || str_eqc(name, "memory");
}

/* m with the cpu and memory that old has, or without. */
static str_map masked_map(struct arena *a, const str_map *m, const str_map *old) {
    str_map out = {arena_array(a, m->n, sizeof(*out.v)), 0};
    for (uint32_t i = 0; i < m->n; i++)
        if (!is_resizable(m->v[i].key))
            out.v[out.n++] = m->v[i];
    for (uint32_t i = 0; i < old->n; i++)
        if (is_resizable(old->v[i].key))
            entry_put(a, &out, old->v[i].key, old->v[i].value);
    return out;
}

/* Whatever then differs from old was not to be changed. */
static ResourceRequirements masked(struct arena *a, const ResourceRequirements *r,
                                   const ResourceRequirements *old) {
    ResourceRequirements out = *r;
    out.requests = masked_map(a, &r->requests, &old->requests);
    out.limits = masked_map(a, &r->limits, &old->limits);
    return out;
}

static bool changes_more(struct arena *a, const Container *v, const Container *old) {
    Container c = *v;
    c.resources = masked(a, &v->resources, &old->resources);
    /* Upstream forgets claims where it compares, so that what has some is never resized. */
    memset(&c.resources.claims, 0, sizeof(c.resources.claims));
    return !api_equal(&Container_type, &c, old);
}

static bool restarts_on_resize(const Container *c) {
    for (uint32_t i = 0; i < c->resize_policy.n; i++)
        if (str_eqc(c->resize_policy.v[i].restart_policy, "RestartContainer"))
            return true;
    return false;
}

static void check_changes(struct field_errors *fe, const struct field_path *spec, const PodSpec *s,
                          const PodSpec *old) {
    for (uint32_t i = 0; i < s->containers.n && !field_errors_full(fe); i++)
        if (changes_more(fe->arena, &s->containers.v[i], &old->containers.v[i]))
            field_forbidden(fe, spec, "only cpu and memory resources are mutable");
}

static void check_init_changes(struct field_errors *fe, const struct field_path *list,
                               const PodSpec *s, const PodSpec *old) {
    for (uint32_t i = 0; i < s->init_containers.n && !field_errors_full(fe); i++) {
        const Container *c = &s->init_containers.v[i], *was = &old->init_containers.v[i];
        const struct field_path *p = PATH_INDEX(list, i);
        if (changes_more(fe->arena, c, was))
            field_forbidden(fe, p,
                            "only cpu and memory resources for init or sidecar containers are "
                            "mutable");
        if (!restarts_always(c) && restarts_on_resize(c) && !api_equal(&Container_type, c, was))
            field_forbidden(fe, p,
                            "non-sidecar init containers with a resize policy of "
                            "RestartContainer cannot be resized");
    }
}

/* A node that is too old reports no resources of what runs. */
static bool node_resizes(const Pod *pod) {
    for (uint32_t i = 0; i < pod->status.container_statuses.n; i++)
        if (pod->status.container_statuses.v[i].state.running)
            return pod->status.container_statuses.v[i].resources != NULL;
    return true;
}

static bool check_refused(struct field_errors *fe, const Pod *old) {
    const char *text = NULL;
    if (label_has(&old->metadata.annotations, STR(MIRROR_ANNOTATION)))
        text = "static pods cannot be resized";
    else if (old->spec.os && str_eqc(old->spec.os->name, "windows"))
        text = "windows pods cannot be resized";
    if (!text)
        return false;
    fe->list.n = 0; /* nothing else counts */
    field_forbidden(fe, PATH(NULL, "[]"), "%s", text);
    return true;
}

static bool has_amounts(const ResourceRequirements *r) {
    return r && r->requests.n + r->limits.n > 0;
}

static void check_pod_level(struct field_errors *fe, const struct field_path *spec,
                            const PodSpec *s, const PodSpec *old) {
    static const ResourceRequirements none;
    const ResourceRequirements *r = s->resources, *was = old->resources ? old->resources : &none;
    if (!has_amounts(r) && !has_amounts(was))
        return;
    if (!r) {
        field_forbidden(fe, PATH(spec, "resources"), "pod-level resources cannot be removed");
        return;
    }
    check_removed(fe, PATH(spec, "resources"), "pod-level resource", r, was);
    ResourceRequirements now = masked(fe->arena, r, was);
    if (!api_equal(&ResourceRequirements_type, &now, was))
        field_forbidden(fe, spec, "only cpu and memory resources are mutable at pod-level");
}

static void check_containers_removed(struct field_errors *fe, const struct field_path *list,
                                     const Container *v, const Container *old, uint32_t n) {
    for (uint32_t i = 0; i < n && !field_errors_full(fe); i++)
        check_removed(fe, PATH(PATH_INDEX(list, i), "resources"), "resource", &v[i].resources,
                      &old[i].resources);
}

/* Beside what was looked at one by one. */
static bool same_otherwise(const PodSpec *s, const PodSpec *old) {
    PodSpec rest = *s;
    rest.containers = old->containers;
    rest.init_containers = old->init_containers;
    if (has_amounts(s->resources) || has_amounts(old->resources))
        rest.resources = old->resources;
    return api_equal(&PodSpec_type, &rest, old);
}

void check_pod_resize(struct field_errors *fe, const Pod *pod, const Pod *old) {
    const PodSpec *s = &pod->spec, *was = &old->spec;
    const struct field_path *p = PATH(NULL, "spec"), *inits = PATH(p, "initContainers");
    str had = old->status.qos_class.n ? old->status.qos_class : str_of(pod_qos(was));
    if (check_refused(fe, old))
        return;
    if (!str_eqc(had, pod_qos(s)))
        field_invalid(fe, p, had, "Pod QOS Class may not change as a result of resizing");
    if (!node_resizes(old))
        field_forbidden(fe, p, "Pod running on node without support for resize");
    check_pod_level(fe, p, s, was);
    bool ordered = check_order(fe, p, "containers", s->containers.v, s->containers.n,
                               was->containers.v, was->containers.n);
    ordered &= check_order(fe, p, "initContainers", s->init_containers.v, s->init_containers.n,
                           was->init_containers.v, was->init_containers.n);
    if (!ordered)
        return;
    check_containers_removed(fe, inits, s->init_containers.v, was->init_containers.v,
                             s->init_containers.n);
    check_containers_removed(fe, PATH(p, "containers"), s->containers.v, was->containers.v,
                             s->containers.n);
    check_changes(fe, p, s, was);
    check_init_changes(fe, inits, s, was);
    if (!fe->list.n && !same_otherwise(s, was))
        field_forbidden(fe, p, "only cpu and memory resources are mutable");
}
