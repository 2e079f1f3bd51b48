// SPDX-License-Identifier: Apache-2.0
/* Resources of pods as the kernel takes them, and where pods stand in the cgroup tree. Pure. */
#pragma once

#include "api/cri.h"
#include "api/types.h"

enum qos_class { QOS_GUARANTEED, QOS_BURSTABLE, QOS_BEST_EFFORT, QOS_CLASS_MAX };
extern const char *const qos_names[QOS_CLASS_MAX];
enum qos_class pod_qos_class(const Pod *p);

/* "/kubepods/burstable/podUID" below root (""  or "/coxswain"). */
str pod_cgroup(struct arena *a, const char *root, const Pod *p);

struct pod_limits {
    int64_t cpu_shares, cpu_quota_us, memory_bytes; /* 0: none */
};
struct pod_limits pod_limits_of(const Pod *p);

int64_t cpu_shares_of(int64_t milli);
int64_t cpu_quota_of(int64_t milli); /* per 100 ms */
int64_t oom_score_adj_of(const Pod *p, const Container *c, int64_t memory_capacity);
void container_linux_resources(struct arena *a, const Pod *p, const Container *c,
                               int64_t memory_capacity, cri_LinuxContainerResources *ret);
/* Of a list of requests or limits; absent is 0. */
int64_t resource_milli(const str_map *m, const char *name);
int64_t resource_value(const str_map *m, const char *name);
