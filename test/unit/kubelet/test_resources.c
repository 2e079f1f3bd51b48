// SPDX-License-Identifier: Apache-2.0
#include "base/vec.h"
#include "kubelet/resources.h"
#include "tap.h"

static void set(struct arena *a, str_map *m, const char *key, const char *value) {
    if (value)
        *list_push(a, m) = (struct str_pair){str_of(key), str_of(value)};
}

static Pod *pod(struct arena *a, const char *req_cpu, const char *req_mem, const char *lim_cpu,
                const char *lim_mem) {
    Pod *p = arena_make(a, Pod);
    p->metadata.uid = STR("u1");
    Container *c = list_push(a, &p->spec.containers);
    set(a, &c->resources.requests, "cpu", req_cpu);
    set(a, &c->resources.requests, "memory", req_mem);
    set(a, &c->resources.limits, "cpu", lim_cpu);
    set(a, &c->resources.limits, "memory", lim_mem);
    return p;
}

TEST(classes_and_their_figures) {
    static const struct {
        const char *rc, *rm, *lc, *lm;
        enum qos_class qos;
        const char *cgroup;
        int64_t shares, quota, memory, oom;
    } cases[] = {
        {NULL, NULL, NULL, NULL, QOS_BEST_EFFORT, "/x/kubepods/besteffort/podu1", 2, 0, 0, 1000},
        {"1", "1Gi", "1", "1Gi", QOS_GUARANTEED, "/x/kubepods/podu1", 1024, 100000, 1 << 30, -997},
        {"500m", "1Gi", "500m", "1Gi", QOS_GUARANTEED, "/x/kubepods/podu1", 512, 50000, 1 << 30,
         -997},
        {"100m", "1Gi", NULL, NULL, QOS_BURSTABLE, "/x/kubepods/burstable/podu1", 102, 0, 0, 750},
        {"1", NULL, "1", NULL, QOS_BURSTABLE, "/x/kubepods/burstable/podu1", 1024, 100000, 0, 999},
        {"1m", "4Gi", "5m", NULL, QOS_BURSTABLE, "/x/kubepods/burstable/podu1", 2, 1000, 0, 3},
        {"1000", "1", NULL, NULL, QOS_BURSTABLE, "/x/kubepods/burstable/podu1", 262144, 0, 0, 999},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        cri_LinuxContainerResources r;
        arena_init(&a, 0);
        Pod *p = pod(&a, cases[i].rc, cases[i].rm, cases[i].lc, cases[i].lm);
        container_linux_resources(&a, p, &p->spec.containers.v[0], 4LL << 30, &r);
        CHECK_INT(pod_qos_class(p), cases[i].qos);
        CHECK_STRC(pod_cgroup(&a, "/x", p), cases[i].cgroup);
        CHECK_INT(r.cpu_shares, cases[i].shares);
        CHECK_INT(r.cpu_quota, cases[i].quota);
        CHECK_INT(r.memory_limit_in_bytes, cases[i].memory);
        CHECK_INT(r.oom_score_adj, cases[i].oom);
        arena_done(&a);
    }
}

TEST(a_pod_without_all_limits_has_none) {
    struct arena a;
    arena_init(&a, 0);
    Pod *p = pod(&a, "100m", NULL, "200m", "64Mi");
    Container *second = list_push(&a, &p->spec.containers);
    set(&a, &second->resources.requests, "cpu", "300m");
    struct pod_limits l = pod_limits_of(p);
    CHECK_INT(l.cpu_shares, 409);
    CHECK_INT(l.cpu_quota_us, 0);
    CHECK_INT(l.memory_bytes, 0);
    set(&a, &second->resources.limits, "cpu", "300m");
    set(&a, &second->resources.limits, "memory", "64Mi");
    l = pod_limits_of(p);
    CHECK_INT(l.cpu_quota_us, 50000);
    CHECK_INT(l.memory_bytes, 128 << 20);
    arena_done(&a);
}
