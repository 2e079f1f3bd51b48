// SPDX-License-Identifier: Apache-2.0
#include "scheduler/framework.h"

#include <stdlib.h>

#include "base/buf.h"

extern const struct plugin scheduling_gates_plugin, node_unschedulable_plugin, node_name_plugin,
    taint_toleration_plugin, node_affinity_plugin, node_ports_plugin, node_resources_fit_plugin,
    node_resources_balanced_plugin, image_locality_plugin;

const struct plugin *const default_profile[] = {
    &scheduling_gates_plugin,   &node_unschedulable_plugin,
    &node_name_plugin,          &taint_toleration_plugin,
    &node_affinity_plugin,      &node_ports_plugin,
    &node_resources_fit_plugin, &node_resources_balanced_plugin,
    &image_locality_plugin,     NULL,
};

/* ---- refusals ---- */

static void count(struct cycle *c, str reason, uint32_t n) {
    for (unsigned i = 0; i < c->n_reasons; i++)
        if (str_eq(c->reasons[i].text, reason)) {
            c->reasons[i].n += n;
            return;
        }
    if (c->n_reasons < REASONS_MAX)
        c->reasons[c->n_reasons++] = (struct reason){reason, n};
}

void cycle_refuse(struct cycle *c, uint32_t row, str reason, bool resolvable) {
    count(c, reason, 1);
    bits_clear(&c->feasible, row);
    if (resolvable)
        bits_set(&c->resolvable, row);
    c->refused_by |= 1u << c->plugin;
}

void cycle_refuse_all(struct cycle *c, const struct bits *rows, str reason) {
    uint32_t before = bits_count(&c->feasible);
    bits_and_not(&c->feasible, rows);
    uint32_t n = before - bits_count(&c->feasible);
    if (n == 0)
        return;
    count(c, reason, n);
    c->refused_by |= 1u << c->plugin;
}

/* ---- the text of "does not fit" ---- */

static int by_text(const void *a, const void *b) {
    return str_cmp(*(const str *)a, *(const str *)b);
}

static str join_reasons(struct arena *a, const struct reason *v, unsigned n) {
    str texts[REASONS_MAX];
    for (unsigned i = 0; i < n; i++)
        texts[i] = str_printf(a, "%u " STR_FMT, v[i].n, STR_ARG(v[i].text));
    qsort(texts, n, sizeof(texts[0]), by_text);
    return str_join(a, texts, n, STR(", "));
}

static str fit_error(struct cycle *c) {
    uint32_t all = c->nodes->n_live;
    if (all == 0)
        return STR("no nodes available to schedule pods");
    str why = join_reasons(c->arena, c->reasons, c->n_reasons);
    const Pod *pod = pod_of(c->pod);
    if (str_eqc(pod->spec.preemption_policy, "Never"))
        return str_printf(c->arena,
                          "0/%u nodes are available: " STR_FMT
                          ". preemption: not eligible due to preemptionPolicy=Never.",
                          all, STR_ARG(why));
    struct reason pre[2];
    unsigned n = 0;
    uint32_t resolvable = bits_count(&c->resolvable);
    if (resolvable)
        pre[n++] = (struct reason){STR("No preemption victims found for incoming pod"), resolvable};
    if (all > resolvable)
        pre[n++] =
            (struct reason){STR("Preemption is not helpful for scheduling"), all - resolvable};
    return str_printf(c->arena,
                      "0/%u nodes are available: " STR_FMT
                      ". preemption: 0/%u nodes are available: " STR_FMT ".",
                      all, STR_ARG(why), all, STR_ARG(join_reasons(c->arena, pre, n)));
}

/* ---- scores ---- */

static void normalize(const struct cycle *c, const struct plugin *p, int64_t *v) {
    int64_t max = 0;
    BITS_FOREACH (row, &c->feasible)
        max = MAX(max, v[row]);
    BITS_FOREACH (row, &c->feasible) {
        int64_t s = max ? v[row] * SCORE_MAX / max : 0;
        v[row] = p->normalize == NORMALIZE_REVERSE ? SCORE_MAX - s : s;
    }
}

static uint32_t best(struct cycle *c, const struct plugin *const *profile, uint64_t random) {
    int64_t *total = arena_array(c->arena, c->nodes->cap, sizeof(int64_t));
    int64_t *one = arena_array(c->arena, c->nodes->cap, sizeof(int64_t));
    for (unsigned i = 0; profile[i]; i++) {
        const struct plugin *p = profile[i];
        if (!p->score)
            continue;
        memset(one, 0, c->nodes->cap * sizeof(int64_t));
        p->score(c, one);
        if (p->normalize != NORMALIZE_NONE)
            normalize(c, p, one);
        BITS_FOREACH (row, &c->feasible)
            total[row] += one[row] * p->weight;
    }
    uint32_t chosen = 0, ties = 0;
    int64_t top = INT64_MIN;
    BITS_FOREACH (row, &c->feasible) {
        if (total[row] > top) {
            top = total[row];
            chosen = row;
            ties = 1;
        } else if (total[row] == top) {
            random = random * 6364136223846793005ULL + 1442695040888963407ULL;
            if ((random >> 33) % ++ties == 0)
                chosen = row;
        }
    }
    return chosen;
}

void schedule(struct arena *a, struct nodes *t, const struct pod_info *p,
              const struct plugin *const *profile, uint64_t random, struct decision *ret) {
    struct cycle c = {.arena = a, .pod = p, .nodes = t};
    c.feasible = bits_new(a, nodes_words(t));
    c.resolvable = bits_new(a, nodes_words(t));
    bits_or(&c.feasible, &t->live);
    for (c.plugin = 0; profile[c.plugin]; c.plugin++)
        if (profile[c.plugin]->filter)
            profile[c.plugin]->filter(&c);
    if (bits_count(&c.feasible) > 0) {
        *ret = (struct decision){.outcome = OUTCOME_FITS, .row = best(&c, profile, random)};
        return;
    }
    unsigned events = EVENT_SELF | EVENT_TIME | EVENT_NODE_ADDED;
    for (unsigned i = 0; profile[i]; i++)
        if (c.refused_by & (1u << i))
            events |= profile[i]->events;
    *ret = (struct decision){
        .outcome = OUTCOME_UNSCHEDULABLE, .message = fit_error(&c), .events = events};
}
