// SPDX-License-Identifier: Apache-2.0
/* What a container finds in its environment, and the downward API. Pure: config maps, secrets and
 * services are looked up through struct pod_sources, which the caller has filled beforehand. */
#pragma once

#include "api/types.h"
#include "base/err.h"

/* Objects a pod refers to. A look-up gives NULL when there is none. */
struct pod_sources {
    void *ctx;
    const ConfigMap *(*config_map)(void *ctx, str name);
    const Secret *(*secret)(void *ctx, str name);
    /* Of the pod's namespace and default/kubernetes; i from 0, NULL past the end. */
    const Service *(*service)(void *ctx, uint32_t i);
};

/* Facts of the pod's surroundings. */
struct pod_surroundings {
    const str *pod_ips;
    size_t n_pod_ips;
    const str *host_ips;
    size_t n_host_ips;
    const str_map *allocatable; /* of the node: stands in for limits not given */
};

struct env_var {
    str name, value;
};
struct env_list {
    struct env_var *v;
    uint32_t n;
};

/* Calls visit for each config map and secret the container's environment names. */
void container_env_refs(const Container *c,
                        void (*visit)(void *ctx, bool secret, str name, bool optional), void *ctx);
/* -ENOENT and the like with upstream's text of CreateContainerConfigError. */
int container_env(struct arena *a, const Pod *p, const Container *c, const struct pod_sources *src,
                  const struct pod_surroundings *at, struct env_list *ret, struct err *e);
/* $(NAME) becomes its value, $$ a dollar; unknown names stay as they are. */
str env_expand(struct arena *a, str text, const struct env_list *env);

/* field_ref.c: the value of "metadata.labels['app']" and the like; -EINVAL for others. */
int pod_field(struct arena *a, const Pod *p, str path, const struct pod_surroundings *at, str *ret,
              struct err *e);
/* "limits.cpu" of a container in units of the divisor, rounded up. */
int container_resource(struct arena *a, const Container *c, const ResourceFieldSelector *sel,
                       const struct pod_surroundings *at, str *ret, struct err *e);

/* service_env.c: docker-link style variables of a service, appended. */
void service_env(struct arena *a, const Service *s, struct env_list *ret);
