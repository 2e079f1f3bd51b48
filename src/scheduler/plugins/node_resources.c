// SPDX-License-Identifier: Apache-2.0
/* NodeResourcesFit and NodeResourcesBalancedAllocation, which share their arithmetic. */
#include "scheduler/framework.h"

#include <math.h>

static void fit_filter(struct cycle *c);
static void fit_score(struct cycle *c, int64_t *scores);
static void balanced_score(struct cycle *c, int64_t *scores);
extern const struct plugin node_resources_fit_plugin, node_resources_balanced_plugin;
const struct plugin node_resources_fit_plugin = {
    .name = "NodeResourcesFit",
    .filter = fit_filter,
    .score = fit_score,
    .weight = 1,
    .events = EVENT_POD_GONE | EVENT_NODE_ALLOCATABLE,
};
const struct plugin node_resources_balanced_plugin = {
    .name = "NodeResourcesBalancedAllocation", .score = balanced_score, .weight = 1};

static bool lacks(const struct nodes *t, uint32_t row, int res, int64_t want) {
    return want > t->allocatable[res][row] - t->requested[res][row];
}

static str insufficient(struct cycle *c, int res) {
    if (res == RES_CPU)
        return STR("Insufficient cpu");
    if (res == RES_MEMORY)
        return STR("Insufficient memory");
    return str_printf(c->arena, "Insufficient " STR_FMT, STR_ARG(c->nodes->names.names[res]));
}

static void fit_filter(struct cycle *c) {
    const struct nodes *t = c->nodes;
    const struct request *r = &c->pod->request;
    str words[RES_MAX];
    for (uint32_t left = r->asked; left; left &= left - 1) {
        int res = __builtin_ctz(left);
        words[res] = insufficient(c, res);
    }
    BITS_FOREACH (row, &c->feasible) {
        /* What an empty node could not give either, preemption cannot give. */
        bool helps = !r->unknown;
        for (uint32_t left = r->asked; left; left &= left - 1) {
            int res = __builtin_ctz(left);
            helps &= r->v[res] <= t->allocatable[res][row];
        }
        if (lacks(t, row, RES_PODS, 1))
            cycle_refuse(c, row, STR("Too many pods"), helps);
        for (uint32_t left = r->asked; left; left &= left - 1) {
            int res = __builtin_ctz(left);
            if (lacks(t, row, res, r->v[res]))
                cycle_refuse(c, row, words[res], helps);
        }
        if (r->unknown)
            cycle_refuse(c, row, STR("Insufficient extended resources"), false);
    }
}

/* LeastAllocated over cpu and memory, weight 1 each. */
static void fit_score(struct cycle *c, int64_t *scores) {
    const struct nodes *t = c->nodes;
    const struct request *r = &c->pod->request;
    BITS_FOREACH (row, &c->feasible) {
        int64_t sum = 0, weights = 0;
        const int64_t cap[] = {t->allocatable[RES_CPU][row], t->allocatable[RES_MEMORY][row]};
        const int64_t used[] = {t->score_cpu[row] + r->score_cpu,
                                t->score_memory[row] + r->score_memory};
        for (int i = 0; i < 2; i++) {
            if (cap[i] == 0)
                continue;
            weights++;
            if (used[i] <= cap[i])
                sum += (int64_t)((__int128)(cap[i] - used[i]) * SCORE_MAX / cap[i]);
        }
        scores[row] = weights ? sum / weights : 0;
    }
}

/* 1 - the standard deviation of the used fractions; of two resources that is half of their
 * distance. */
static void balanced_score(struct cycle *c, int64_t *scores) {
    const struct nodes *t = c->nodes;
    const struct request *r = &c->pod->request;
    if (!(r->asked & (1u << RES_CPU | 1u << RES_MEMORY)))
        return; /* a best-effort pod does not change the balance: PreScore skips the plugin */
    BITS_FOREACH (row, &c->feasible) {
        double f[2];
        int n = 0;
        for (int res = RES_CPU; res <= RES_MEMORY; res++) {
            double cap = (double)t->allocatable[res][row];
            double used = (double)(t->requested[res][row] + r->v[res]);
            if (cap > 0)
                f[n++] = MIN(used / cap, 1.0);
        }
        double deviation = n == 2 ? fabs(f[0] - f[1]) / 2 : 0;
        scores[row] = (int64_t)((1 - deviation) * SCORE_MAX);
    }
}
