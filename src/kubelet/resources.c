// SPDX-License-Identifier: Apache-2.0
#include "kubelet/resources.h"

#include "api/kinds/kinds.h"
#include "api/quantity.h"
#include "kubelet/runtime_view.h"

#define SHARES_PER_CPU        1024
#define SHARES_MIN            2
#define SHARES_MAX            262144
#define QUOTA_PERIOD_US       100000
#define QUOTA_MIN_US          1000
#define OOM_GUARANTEED        (-997)
#define OOM_BEST_EFFORT       1000
#define OOM_CRITICAL_PRIORITY 2000000000

const char *const qos_names[QOS_CLASS_MAX] = {
    [QOS_GUARANTEED] = "Guaranteed",
    [QOS_BURSTABLE] = "Burstable",
    [QOS_BEST_EFFORT] = "BestEffort",
};

static struct quantity get(const str_map *m, const char *name) {
    for (uint32_t i = 0; i < m->n; i++)
        if (str_eqc(m->v[i].key, name))
            return quantity_of(m->v[i].value);
    return quantity_i64(0, QUANTITY_DECIMAL);
}

int64_t resource_milli(const str_map *m, const char *name) {
    struct quantity q = get(m, name);
    return quantity_milli(&q);
}

int64_t resource_value(const str_map *m, const char *name) {
    struct quantity q = get(m, name);
    return quantity_value(&q);
}

static bool has(const str_map *m, const char *name) {
    struct quantity q = get(m, name);
    return quantity_sign(&q) > 0;
}

enum qos_class pod_qos_class(const Pod *p) {
    const char *name = pod_qos(&p->spec);
    for (int i = 0; i < QOS_CLASS_MAX; i++)
        if (strcmp(name, qos_names[i]) == 0)
            return (enum qos_class)i;
    return QOS_BEST_EFFORT;
}

str pod_cgroup(struct arena *a, const char *root, const Pod *p) {
    static const char *const below[QOS_CLASS_MAX] = {
        [QOS_GUARANTEED] = "",
        [QOS_BURSTABLE] = "/burstable",
        [QOS_BEST_EFFORT] = "/besteffort",
    };
    return str_printf(a, "%s/kubepods%s/pod" STR_FMT, root, below[pod_qos_class(p)],
                      STR_ARG(p->metadata.uid));
}

int64_t cpu_shares_of(int64_t milli) {
    int64_t shares = milli * SHARES_PER_CPU / 1000;
    return MIN(MAX(shares, SHARES_MIN), SHARES_MAX);
}

int64_t cpu_quota_of(int64_t milli) {
    return milli <= 0 ? 0 : MAX(milli * QUOTA_PERIOD_US / 1000, QUOTA_MIN_US);
}

static int64_t request_milli_cpu(const Container *c) {
    return has(&c->resources.requests, "cpu") ? resource_milli(&c->resources.requests, "cpu")
                                              : resource_milli(&c->resources.limits, "cpu");
}

struct pod_limits pod_limits_of(const Pod *p) {
    int64_t cpu_request = 0, cpu_limit = 0, memory = 0, init_cpu = 0, init_memory = 0;
    bool cpu_bound = true, memory_bound = true, init;
    const Container *c;
    for (uint32_t i = 0; (c = pod_container(p, i, &init)); i++) {
        int64_t cpu = resource_milli(&c->resources.limits, "cpu");
        int64_t bytes = resource_value(&c->resources.limits, "memory");
        cpu_bound &= cpu > 0;
        memory_bound &= bytes > 0;
        if (init && !container_is_sidecar(c)) {
            init_cpu = MAX(init_cpu, cpu);
            init_memory = MAX(init_memory, bytes);
            continue;
        }
        cpu_request += request_milli_cpu(c);
        cpu_limit += cpu;
        memory += bytes;
    }
    return (struct pod_limits){
        .cpu_shares = cpu_shares_of(cpu_request),
        .cpu_quota_us = cpu_bound ? cpu_quota_of(MAX(cpu_limit, init_cpu)) : 0,
        .memory_bytes = memory_bound ? MAX(memory, init_memory) : 0,
    };
}

int64_t oom_score_adj_of(const Pod *p, const Container *c, int64_t memory_capacity) {
    if (opt_or(p->spec.priority, 0) >= OOM_CRITICAL_PRIORITY)
        return OOM_GUARANTEED;
    switch (pod_qos_class(p)) {
    case QOS_GUARANTEED:
        return OOM_GUARANTEED;
    case QOS_BEST_EFFORT:
        return OOM_BEST_EFFORT;
    case QOS_BURSTABLE:
    case QOS_CLASS_MAX:
        break;
    }
    int64_t request = resource_value(&c->resources.requests, "memory");
    int64_t adj =
        memory_capacity > 0 ? 1000 - (int64_t)((__int128)1000 * request / memory_capacity) : 999;
    if (adj < 1000 + OOM_GUARANTEED)
        return 1000 + OOM_GUARANTEED;
    return adj == OOM_BEST_EFFORT ? adj - 1 : adj;
}

void container_linux_resources(struct arena *a, const Pod *p, const Container *c,
                               int64_t memory_capacity, cri_LinuxContainerResources *ret) {
    *ret = (cri_LinuxContainerResources){
        .cpu_shares = cpu_shares_of(request_milli_cpu(c)),
        .cpu_period = QUOTA_PERIOD_US,
        .cpu_quota = cpu_quota_of(resource_milli(&c->resources.limits, "cpu")),
        .memory_limit_in_bytes = resource_value(&c->resources.limits, "memory"),
        .oom_score_adj = oom_score_adj_of(p, c, memory_capacity),
    };
}
