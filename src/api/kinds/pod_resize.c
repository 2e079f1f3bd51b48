// SPDX-License-Identifier: Apache-2.0
/* pods/resize: requests and limits of cpu and memory, of what runs for as long as the pod does. */
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

static void check_removed(struct field_errors *fe, const struct field_path *p,
                          const ResourceRequirements *r, const ResourceRequirements *old) {
    if (removed(&r->requests, &old->requests))
        field_forbidden(fe, PATH(p, "requests"), "resource requests cannot be removed");
    if (removed(&r->limits, &old->limits))
        field_forbidden(fe, PATH(p, "limits"), "resource limits cannot be removed");
}

static void take(struct arena *a, str_map *m, const str_map *from) {
    static const char *const names[] = {"cpu", "memory"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        str q = label_get(from, str_of(names[i]));
        if (q.p)
            entry_put(a, m, str_of(names[i]), q);
    }
}

/* What was, with the cpu and memory of what is wanted. */
static ResourceRequirements resized(struct arena *a, const ResourceRequirements *old,
                                    const ResourceRequirements *r) {
    ResourceRequirements out = *old;
    take(a, &out.requests, &r->requests);
    take(a, &out.limits, &r->limits);
    return out;
}

/* Returns the old containers with the changes that are allowed. */
static Container *allowed(struct field_errors *fe, const struct field_path *spec,
                          const Container *v, const Container *old, uint32_t n, bool init) {
    Container *out = arena_array(fe->arena, n + 1, sizeof(*out));
    for (uint32_t i = 0; i < n; i++) {
        out[i] = old[i];
        if (init && !restarts_always(&old[i])) {
            if (!api_equal(&Container_type, &v[i], &old[i]))
                field_forbidden(fe, spec,
                                "resources for non-sidecar init containers are immutable");
            out[i] = v[i];
            continue;
        }
        out[i].resources = resized(fe->arena, &old[i].resources, &v[i].resources);
        if (!api_equal(&Container_type, &v[i], &out[i])) {
            field_forbidden(fe, spec,
                            init ? "only cpu and memory resources for sidecar containers are "
                                   "mutable"
                                 : "only cpu and memory resources are mutable");
            out[i] = v[i];
        }
    }
    return out;
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

static void check_pod_level(struct field_errors *fe, const struct field_path *spec,
                            const PodSpec *s, const PodSpec *old) {
    static const ResourceRequirements none;
    const ResourceRequirements *r = s->resources ? s->resources : &none,
                               *was = old->resources ? old->resources : &none;
    check_removed(fe, PATH(spec, "resources"), r, was);
    ResourceRequirements may = resized(fe->arena, was, r);
    if (!api_equal(&ResourceRequirements_type, r, &may))
        field_forbidden(fe, spec, "only cpu and memory resources are mutable");
}

static void check_containers_removed(struct field_errors *fe, const struct field_path *spec,
                                     const PodSpec *s, const PodSpec *old) {
    for (uint32_t i = 0; i < old->init_containers.n; i++)
        if (restarts_always(&old->init_containers.v[i]))
            check_removed(fe, PATH(PATH_INDEX(PATH(spec, "initContainers"), i), "resources"),
                          &s->init_containers.v[i].resources, &old->init_containers.v[i].resources);
    for (uint32_t i = 0; i < old->containers.n; i++)
        check_removed(fe, PATH(PATH_INDEX(PATH(spec, "containers"), i), "resources"),
                      &s->containers.v[i].resources, &old->containers.v[i].resources);
}

void check_pod_resize(struct field_errors *fe, const Pod *pod, const Pod *old) {
    const PodSpec *s = &pod->spec;
    PodSpec may = old->spec;
    const struct field_path *p = PATH(NULL, "spec");
    str had = old->status.qos_class.n ? old->status.qos_class : str_of(pod_qos(&old->spec));
    if (check_refused(fe, old))
        return;
    if (!str_eqc(had, pod_qos(s)))
        field_invalid(fe, p, had, "Pod QOS Class may not change as a result of resizing");
    if (!node_resizes(old))
        field_forbidden(fe, p, "Pod running on node without support for resize");
    if (!check_order(fe, p, "containers", s->containers.v, s->containers.n, may.containers.v,
                     may.containers.n) ||
        !check_order(fe, p, "initContainers", s->init_containers.v, s->init_containers.n,
                     may.init_containers.v, may.init_containers.n))
        return;
    check_pod_level(fe, p, s, &old->spec);
    check_containers_removed(fe, p, s, &old->spec);
    may.containers.v = allowed(fe, p, s->containers.v, may.containers.v, s->containers.n, false);
    may.init_containers.v =
        allowed(fe, p, s->init_containers.v, may.init_containers.v, s->init_containers.n, true);
    may.resources = s->resources;
    if (!fe->list.n && !api_equal(&PodSpec_type, s, &may))
        field_forbidden(fe, p, "only cpu and memory resources are mutable");
}
