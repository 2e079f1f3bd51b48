// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/crd.h"

static uint64_t times(uint64_t a, uint64_t b) {
    uint64_t r;
    return __builtin_mul_overflow(a, b, &r) ? UINT64_MAX : r;
}

static uint64_t limit_of(struct opt_i64 limit) {
    return limit.v > 0 ? (uint64_t)limit.v : 0;
}

struct crd_repeats crd_repeats_below(struct crd_repeats r, const JSONSchemaProps *s) {
    struct opt_i64 limit = {true, 1};
    if (str_eqc(s->type, "array"))
        limit = s->max_items;
    else if (str_eqc(s->type, "object") && s->additional_properties)
        limit = s->max_properties;
    if (r.unbounded || !limit.set)
        return (struct crd_repeats){.unbounded = true};
    return (struct crd_repeats){.n = times(r.n, limit_of(limit))};
}

uint64_t crd_cost_times(uint64_t cost, struct crd_repeats r, uint64_t fits) {
    return times(cost, r.unbounded ? fits : r.n);
}

/* ---- texts ---- */

/* Small factors with more digits, so that none reads "1.0x"; of large ones digits say nothing. */
static str factor(struct arena *a, uint64_t cost, uint64_t max) {
    double f = (double)cost / (double)max;
    return f > 100 ? STR("more than 100x") : str_printf(a, f < 1.5 ? "%fx" : "%.1fx", f);
}

static void refuse(struct field_errors *fe, const struct field_path *p, const char *what,
                   uint64_t cost, uint64_t max) {
    field_forbidden(fe, p,
                    "%s exceeds budget by factor of " STR_FMT
                    " (try simplifying the rule, or adding maxItems, maxProperties, and maxLength "
                    "where arrays, maps, and strings are declared)",
                    what, STR_ARG(factor(fe->arena, cost, max)));
}

/* ---- of one, and of all ---- */

static const struct field_path *path_dup(struct arena *a, const struct field_path *p) {
    struct field_path *first = NULL, *below = NULL;
    for (; p; p = p->parent) {
        struct field_path *copy = arena_dup(a, p, sizeof(*p));
        if (below)
            below->parent = copy;
        else
            first = copy;
        below = copy;
    }
    return first;
}

/* The most expensive first; of equals the one that came first. */
static void note_costly(struct crd_costs *c, const struct field_path *p, uint64_t cost) {
    struct crd_costly last = c->most[CRD_COSTLY_MAX - 1];
    int at = CRD_COSTLY_MAX - 1;
    if (cost < CRD_COST_MAX / 100 || (last.at && cost <= last.cost))
        return;
    for (; at > 0 && (!c->most[at - 1].at || c->most[at - 1].cost < cost); at--)
        c->most[at] = c->most[at - 1];
    arena_reset(&last.arena);
    last.at = path_dup(&last.arena, p);
    last.cost = cost;
    c->most[at] = last;
}

void crd_cost_add(struct field_errors *fe, const struct field_path *p, const char *what,
                  uint64_t cost, struct crd_costs *c) {
    if (cost > CRD_RULE_COST_MAX && !c->kept)
        refuse(fe, p, what, cost, CRD_RULE_COST_MAX);
    c->total = cost > UINT64_MAX - c->total ? UINT64_MAX : c->total + cost;
    note_costly(c, p, cost);
}

void crd_check_costs(struct field_errors *fe, const struct field_path *p,
                     const struct crd_costs *c) {
    if (c->total <= CRD_COST_MAX)
        return;
    for (int i = 0; i < CRD_COSTLY_MAX && c->most[i].at; i++)
        field_forbidden(fe, c->most[i].at,
                        "contributed to estimated rule cost total exceeding cost limit for entire "
                        "OpenAPIv3 schema");
    refuse(fe, p, "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema",
           c->total, CRD_COST_MAX);
}

void crd_costs_done(struct crd_costs *c) {
    for (int i = 0; i < CRD_COSTLY_MAX; i++)
        arena_done(&c->most[i].arena);
}
