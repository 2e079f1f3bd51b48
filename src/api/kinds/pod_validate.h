// SPDX-License-Identifier: Apache-2.0
/* The parts of a PodSpec, checked file by file in the order in which upstream reports. */
#pragma once

#include "api/kinds/kinds.h"

/* What a container may refer to. */
struct pod_scope {
    const PodSpec *spec;
    const ObjectMeta *pod; /* NULL in a template */
    const bool *volume_ok; /* one a volume: errors of its own hide it from mounts */
    struct name_index volumes, apps, inits, debuggers, claims;
    bool host_users;
};

void check_volumes(struct field_errors *fe, const struct field_path *p, const PodSpec *s,
                   const ObjectMeta *pod, bool *ret_ok);
const Volume *find_volume(const struct pod_scope *scope, str name); /* none with errors */
void check_claims(struct field_errors *fe, const struct field_path *list, const PodSpec *s);

void check_containers(struct field_errors *fe, const struct field_path *spec,
                      const struct pod_scope *scope);
void check_mounts(struct field_errors *fe, const struct field_path *p,
                  const struct pod_scope *scope, const Container *c);
void check_devices(struct field_errors *fe, const struct field_path *p,
                   const struct pod_scope *scope, const Container *c);
void check_env(struct field_errors *fe, const struct field_path *p, const Container *c);
void check_probes(struct field_errors *fe, const struct field_path *p, const Container *c);
void check_lifecycle(struct field_errors *fe, const struct field_path *p, const Lifecycle *l,
                     struct opt_i64 grace);
void check_pull_policy(struct field_errors *fe, const struct field_path *p, str policy);
/* What only pods are checked for, their templates not. */
void check_image_text(struct field_errors *fe, const struct field_path *p, str image);

/* claims: NULL where there can be none. */
void check_container_resources(struct field_errors *fe, const struct field_path *p,
                               const ResourceRequirements *r, const struct name_index *claims);
void check_pages(struct field_errors *fe, const struct field_path *p, str name, str value);
void check_pod_resources(struct field_errors *fe, const struct field_path *spec, const PodSpec *s);

void check_id(struct field_errors *fe, const struct field_path *p, struct opt_i64 id);
void check_container_security(struct field_errors *fe, const struct field_path *p,
                              const SecurityContext *s, bool host_users);
void check_apparmor(struct field_errors *fe, const struct field_path *p, const AppArmorProfile *s);
void check_host_sysctl(struct field_errors *fe, const struct field_path *p, str name,
                       const PodSpec *s);
void check_pod_security(struct field_errors *fe, const struct field_path *p, const PodSpec *s);
void check_windows_options(struct field_errors *fe, const struct field_path *p,
                           const WindowsSecurityContextOptions *o);
void check_host_process(struct field_errors *fe, const struct field_path *spec, const PodSpec *s);
void check_os(struct field_errors *fe, const struct field_path *spec, const PodSpec *s);

void check_affinity(struct field_errors *fe, const struct field_path *p, const Affinity *a);
void check_spread_keys(struct field_errors *fe, const struct field_path *p,
                       const TopologySpreadConstraint *c, const ObjectMeta *pod);
void check_tolerations(struct field_errors *fe, const struct field_path *p, const Toleration *v,
                       uint32_t n);
void check_topology_spread(struct field_errors *fe, const struct field_path *p, const PodSpec *s,
                           const ObjectMeta *pod);

/* Annotations with a meaning, of a pod or a template; and where they say what fields say too. */
void check_pod_annotations(struct field_errors *fe, const struct field_path *p,
                           const str_map *annotations, const PodSpec *s);
void check_pod_annotations_update(struct field_errors *fe, const struct field_path *p,
                                  const str_map *annotations, const str_map *old);
bool is_deletion_cost(const str_map *annotations); /* there is none, or a good one */
void check_seccomp_match(struct field_errors *fe, const struct field_path *spec,
                         const str_map *annotations, const PodSpec *s);
void check_apparmor_match(struct field_errors *fe, const struct field_path *spec,
                          const str_map *annotations, const PodSpec *s);
#define MIRROR_ANNOTATION  "kubernetes.io/config.mirror"
#define SECCOMP_ANNOTATION "seccomp.security.alpha.kubernetes.io/pod"
/* And the name of a container. */
#define APPARMOR_PREFIX "container.apparmor.security.beta.kubernetes.io/"
#define SECCOMP_PREFIX  "container.seccomp.security.alpha.kubernetes.io/"

/* A pod's changes, each after the whole of the new one was checked. */
void check_pod_update(struct field_errors *fe, const Pod *pod, const Pod *old);
void check_pod_resize(struct field_errors *fe, const Pod *pod, const Pod *old);
void check_pod_debuggers(struct field_errors *fe, const Pod *pod, const Pod *old);
void check_pod_status(struct field_errors *fe, const Pod *pod, const Pod *old);

/* downwardAPI sources; in a volume containers must be named. */
void check_field_ref(struct field_errors *fe, const struct field_path *p,
                     const ObjectFieldSelector *f, bool volume);
void check_resource_ref(struct field_errors *fe, const struct field_path *p,
                        const ResourceFieldSelector *f, bool volume);

static inline bool restarts_always(const Container *c) {
    return str_eqc(c->restart_policy, "Always");
}

/* Every container: init, app, then those for debugging. Same members in the same order, by
 * declaration of the API. */
#define CONTAINERS_MAX 3
struct container_list {
    const char *name;
    const void *v;
    uint32_t n;
    size_t stride;
};
static inline void container_lists(const PodSpec *s, struct container_list ret[CONTAINERS_MAX]) {
    ret[0] = (struct container_list){"initContainers", s->init_containers.v, s->init_containers.n,
                                     sizeof(Container)};
    ret[1] =
        (struct container_list){"containers", s->containers.v, s->containers.n, sizeof(Container)};
    ret[2] = (struct container_list){"ephemeralContainers", s->ephemeral_containers.v,
                                     s->ephemeral_containers.n, sizeof(EphemeralContainer)};
}
static inline const Container *container_at(const struct container_list *l, uint32_t i) {
    return (const Container *)(const void *)((const char *)l->v + i * l->stride);
}

/* The terms of the affinity and of the anti-affinity to pods, none where there are none. */
#define POD_TERMS_MAX 2
struct pod_terms {
    const char *name;
    PodAffinityTerm *v;
    WeightedPodAffinityTerm *weighted;
    uint32_t n, n_weighted;
};
#define REQUIRED_TERMS  "requiredDuringSchedulingIgnoredDuringExecution"
#define PREFERRED_TERMS "preferredDuringSchedulingIgnoredDuringExecution"
static inline void pod_terms(const Affinity *a, struct pod_terms ret[POD_TERMS_MAX]) {
#define TERMS(name_, x_)                                                                           \
    {                                                                                              \
        name_, (x_)->required_during_scheduling_ignored_during_execution.v,                        \
            (x_)->preferred_during_scheduling_ignored_during_execution.v,                          \
            (x_)->required_during_scheduling_ignored_during_execution.n,                           \
            (x_)->preferred_during_scheduling_ignored_during_execution.n                           \
    }
    static const PodAffinity none;
    static const PodAntiAffinity anti_none;
    const PodAffinity *with = a && a->pod_affinity ? a->pod_affinity : &none;
    const PodAntiAffinity *apart = a && a->pod_anti_affinity ? a->pod_anti_affinity : &anti_none;
    ret[0] = (struct pod_terms)TERMS("podAffinity", with);
    ret[1] = (struct pod_terms)TERMS("podAntiAffinity", apart);
#undef TERMS
}
