// SPDX-License-Identifier: Apache-2.0
#include "api/resource_list.h"

#include "schema/quantity.h"

static uint32_t place(const str_map *m, str name, bool *ret_found) {
    uint32_t lo = 0, hi = m->n;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (str_cmp(m->v[mid].key, name) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    *ret_found = lo < m->n && str_eq(m->v[lo].key, name);
    return lo;
}

const Quantity *amounts_get(const str_map *m, str name) {
    bool found;
    uint32_t i = place(m, name, &found);
    return found ? &m->v[i].value : NULL;
}

void amounts_set(struct arena *a, str_map *m, str name, Quantity q) {
    bool found;
    uint32_t at = place(m, name, &found);
    struct str_pair *v = arena_array(a, m->n + 1, sizeof(*v));
    if (m->n) {
        memcpy(v, m->v, at * sizeof(*v));
        memcpy(v + at + !found, m->v + at, (m->n - at) * sizeof(*v));
    }
    v[at] = (struct str_pair){name, q};
    *m = (str_map){v, m->n + !found};
}

int amount_cmp(Quantity x, Quantity y) {
    struct quantity p = quantity_of(x), q = quantity_of(y);
    return quantity_cmp(&p, &q);
}

void amounts_add(struct arena *a, str_map *m, const str_map *more) {
    for (uint32_t i = 0; i < more->n; i++) {
        const Quantity *there = amounts_get(m, more->v[i].key);
        Quantity sum = more->v[i].value;
        if (there) {
            struct quantity x = quantity_of(*there), y = quantity_of(sum);
            if (quantity_add(&x, &y) < 0)
                continue;
            sum = str_dup(a, quantity_str(a, &x));
        }
        amounts_set(a, m, more->v[i].key, sum);
    }
}

void amounts_max(struct arena *a, str_map *m, const str_map *more) {
    for (uint32_t i = 0; i < more->n; i++) {
        const Quantity *there = amounts_get(m, more->v[i].key);
        if (!there || amount_cmp(*there, more->v[i].value) < 0)
            amounts_set(a, m, more->v[i].key, more->v[i].value);
    }
}

str_map amounts_sub(struct arena *a, const str_map *x, const str_map *y) {
    str_map out = {0};
    for (uint32_t i = 0; i < x->n; i++) {
        const Quantity *less = amounts_get(y, x->v[i].key);
        struct quantity p = quantity_of(x->v[i].value);
        if (less) {
            struct quantity q = quantity_of(*less);
            if (quantity_sub(&p, &q) < 0)
                continue;
        }
        amounts_set(a, &out, x->v[i].key, str_dup(a, quantity_str(a, &p)));
    }
    return out;
}

static const str_map *of(const Container *c, bool limits) {
    return limits ? &c->resources.limits : &c->resources.requests;
}

/* Containers that run beside the others add up; the others run one after the other. */
static void init_containers(struct arena *a, const PodSpec *s, bool limits, str_map *sum) {
    str_map beside = {0}, most = {0};
    for (uint32_t i = 0; i < s->init_containers.n; i++) {
        const Container *c = &s->init_containers.v[i];
        str_map now = {0};
        if (str_eqc(c->restart_policy, "Always")) {
            amounts_add(a, sum, of(c, limits));
            amounts_add(a, &beside, of(c, limits));
        } else {
            amounts_add(a, &now, of(c, limits));
        }
        amounts_add(a, &now, &beside);
        amounts_max(a, &most, &now);
    }
    amounts_max(a, sum, &most);
}

str_map containers_total(struct arena *a, const PodSpec *s, bool limits) {
    str_map sum = {0};
    for (uint32_t i = 0; i < s->containers.n; i++)
        amounts_add(a, &sum, of(&s->containers.v[i], limits));
    init_containers(a, s, limits, &sum);
    return sum;
}

static str_map total(struct arena *a, const Pod *p, bool limits) {
    str_map sum = containers_total(a, &p->spec, limits);
    const ResourceRequirements *pod = p->spec.resources;
    if (pod) { /* said of the pod as a whole: that counts */
        const str_map *m = limits ? &pod->limits : &pod->requests;
        for (uint32_t i = 0; i < m->n; i++)
            amounts_set(a, &sum, m->v[i].key, m->v[i].value);
    }
    return sum;
}

str_map pod_requests_list(struct arena *a, const Pod *p) {
    str_map sum = total(a, p, false);
    amounts_add(a, &sum, &p->spec.overhead);
    return sum;
}

/* Overhead counts where there is a limit at all. */
str_map pod_limits_list(struct arena *a, const Pod *p) {
    str_map sum = total(a, p, true);
    for (uint32_t i = 0; i < p->spec.overhead.n; i++) {
        str_map one = {&p->spec.overhead.v[i], 1};
        if (amounts_get(&sum, one.v[0].key))
            amounts_add(a, &sum, &one);
    }
    return sum;
}
