// SPDX-License-Identifier: Apache-2.0
/* What pods ask for and nodes have, as small vectors of integers. cpu is in milli-units, everything
 * else in whole ones. Extended resources get a place when they are first seen. */
#pragma once

#include "api/types.h"

enum { RES_CPU, RES_MEMORY, RES_EPHEMERAL, RES_PODS, RES_FIXED };
/* Further extended resources are ignored on nodes and unsatisfiable for pods. */
#define RES_MAX 32

#define DEFAULT_MILLI_CPU 100 /* counted for scores when a container asks for none */
#define DEFAULT_MEMORY    (200 * 1024 * 1024) /* schedutil.DefaultMemoryRequest */

struct res_names {
    str names[RES_MAX];
    unsigned n;
    struct arena arena;
};
void res_names_init(struct res_names *r);
void res_names_done(struct res_names *r);

struct request {
    int64_t v[RES_MAX];
    uint32_t asked;                  /* bits: named by the pod, with more than zero */
    int64_t score_cpu, score_memory; /* with the defaults above */
    bool unknown;                    /* asks for a resource that has no place: fits nowhere */
};
/* k8s.io/component-helpers resource.PodRequests: containers and sidecars together, or the largest
 * init container with the sidecars before it; pod-level resources win; overhead on top. */
void pod_request(struct res_names *names, const Pod *pod, struct request *ret);
void res_of_map(struct res_names *names, const str_map *m, int64_t ret[RES_MAX]);
