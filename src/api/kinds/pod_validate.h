// SPDX-License-Identifier: Apache-2.0
/* The parts of a PodSpec, checked file by file in the order in which upstream reports. */
#pragma once

#include "api/kinds/kinds.h"

/* What a container may refer to. */
struct pod_scope {
    const PodSpec *spec;
    const bool *volume_ok; /* one a volume: errors of its own hide it from mounts */
    struct name_index volumes, apps, inits, debuggers;
    bool template_; /* a template, not a pod */
};

void check_volumes(struct field_errors *fe, const struct field_path *p, const PodSpec *s,
                   bool *ret_ok);
void check_containers(struct field_errors *fe, const struct field_path *spec,
                      const struct pod_scope *scope);
void check_env(struct field_errors *fe, const struct field_path *p, const Container *c);
void check_probes(struct field_errors *fe, const struct field_path *p, const Container *c);
void check_lifecycle(struct field_errors *fe, const struct field_path *p, const Lifecycle *l,
                     int64_t grace);
void check_container_resources(struct field_errors *fe, const struct field_path *p,
                               const ResourceRequirements *r);
void check_container_security(struct field_errors *fe, const struct field_path *p,
                              const SecurityContext *s);
void check_pod_security(struct field_errors *fe, const struct field_path *p, const PodSpec *s);
void check_affinity(struct field_errors *fe, const struct field_path *p, const Affinity *a);
void check_tolerations(struct field_errors *fe, const struct field_path *p, const Toleration *v,
                       uint32_t n);
void check_topology_spread(struct field_errors *fe, const struct field_path *p, const PodSpec *s);
/* A path inside a volume: relative, no way up. */
void check_local_path(struct field_errors *fe, const struct field_path *p, str path,
                      bool not_reserved);
/* downwardAPI sources; in a volume containers must be named. */
void check_field_ref(struct field_errors *fe, const struct field_path *p,
                     const ObjectFieldSelector *f, bool volume);
void check_resource_ref(struct field_errors *fe, const struct field_path *p,
                        const ResourceFieldSelector *f, bool volume);
