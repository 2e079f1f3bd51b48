// SPDX-License-Identifier: Apache-2.0
/* Quality of service: only cpu and memory count, of init and app containers alike. */
#include "api/kinds/kinds.h"

enum { CPU, MEMORY, COMPUTE_MAX };
static const char *const compute[COMPUTE_MAX] = {"cpu", "memory"};

struct usage {
    struct quantity request[COMPUTE_MAX], limit[COMPUTE_MAX];
    bool requested[COMPUTE_MAX], limited[COMPUTE_MAX], guaranteed;
};

static bool take(struct quantity *sum, const str_map *m, const char *name) {
    struct quantity q = quantity_of(label_get(m, str_of(name)));
    if (quantity_sign(&q) <= 0)
        return false;
    quantity_add(sum, &q);
    return true;
}

static void add(struct usage *u, const ResourceRequirements *r) {
    for (int i = 0; i < COMPUTE_MAX; i++) {
        u->requested[i] |= take(&u->request[i], &r->requests, compute[i]);
        bool limited = take(&u->limit[i], &r->limits, compute[i]);
        u->limited[i] |= limited;
        u->guaranteed &= limited;
    }
}

static bool all_equal(const struct usage *u) {
    for (int i = 0; i < COMPUTE_MAX; i++)
        if (u->requested[i] != u->limited[i] || quantity_cmp(&u->request[i], &u->limit[i]))
            return false;
    return true;
}

const char *pod_qos(const PodSpec *s) {
    struct usage u = {.guaranteed = true};
    if (s->resources && (s->resources->requests.n || s->resources->limits.n)) {
        add(&u, s->resources);
    } else {
        for (uint32_t i = 0; i < s->containers.n; i++)
            add(&u, &s->containers.v[i].resources);
        for (uint32_t i = 0; i < s->init_containers.n; i++)
            add(&u, &s->init_containers.v[i].resources);
    }
    bool any = false;
    for (int i = 0; i < COMPUTE_MAX; i++)
        any |= u.requested[i] || u.limited[i];
    if (!any)
        return "BestEffort";
    return u.guaranteed && all_equal(&u) ? "Guaranteed" : "Burstable";
}
