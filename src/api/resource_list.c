// SPDX-License-Identifier: Apache-2.0
#include "api/resource_list.h"

#include "api/maps.h"
#include "api/name_index.h"
#include "base/vec.h"
#include "schema/quantity.h"

const Quantity *amounts_get(const str_map *m, str name) {
    uint32_t low = 0, high = m->n;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        int order = str_cmp(m->v[mid].key, name);
        if (!order)
            return &m->v[mid].value;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

int amount_cmp(Quantity x, Quantity y) {
    struct quantity p = quantity_of(x), q = quantity_of(y);
    return quantity_cmp(&p, &q);
}

/* Absent is nothing. Of two amounts that cannot be added the first stays. */
static Quantity sum_of(struct arena *a, Quantity x, Quantity y) {
    struct quantity p = quantity_of(x), q = quantity_of(y);
    if (!x.p || !y.p)
        return x.p ? x : y;
    return quantity_add(&p, &q) < 0 ? x : str_dup(a, quantity_str(a, &p));
}

static Quantity most_of(Quantity x, Quantity y) {
    return !x.p || (y.p && amount_cmp(x, y) < 0) ? y : x;
}

void amounts_add(struct arena *a, str_map *m, const str_map *more) {
    str_map out = {arena_array(a, (size_t)m->n + more->n, sizeof(*out.v)), 0};
    uint32_t i = 0, k = 0;
    while (i < m->n || k < more->n) {
        int order = i == m->n ? 1 : k == more->n ? -1 : str_cmp(m->v[i].key, more->v[k].key);
        struct str_pair e = order <= 0 ? m->v[i] : more->v[k];
        if (!order)
            e.value = sum_of(a, e.value, more->v[k].value);
        out.v[out.n++] = e;
        i += order <= 0;
        k += order >= 0;
    }
    *m = out;
}

str_map amounts_sub(struct arena *a, const str_map *x, const str_map *y) {
    str_map out = {arena_array(a, x->n, sizeof(*out.v)), 0};
    for (uint32_t i = 0; i < x->n; i++) {
        const Quantity *less = amounts_get(y, x->v[i].key);
        struct quantity p = quantity_of(x->v[i].value), q = quantity_of(less ? *less : STR_NONE);
        if (!less || quantity_sub(&p, &q) >= 0)
            out.v[out.n++] = (struct str_pair){x->v[i].key, str_dup(a, quantity_str(a, &p))};
    }
    return out;
}

/* ---- what the containers of a pod ask for together ---- */

/* A tally has an entry for each resource that any container names, in all as many as the pod has
 * room for: one walk over the containers fills it. */
struct amount {
    Quantity sum, most; /* of what runs at once; while one init container runs */
    Quantity beside;    /* of the init containers so far that keep running */
};
struct tally {
    struct name_index names;
    struct amount *v; /* by the place of the name's first use */
};

static const str_map *of(const Container *c, bool limits) {
    return limits ? &c->resources.limits : &c->resources.requests;
}

static void add_names(struct arena *a, str_list *names, const Container *v, uint32_t n,
                      bool limits) {
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < of(&v[i], limits)->n; k++)
            *list_push(a, names) = of(&v[i], limits)->v[k].key;
}

static struct tally tally_of(struct arena *a, const PodSpec *s, bool limits) {
    str_list names = {0};
    add_names(a, &names, s->containers.v, s->containers.n, limits);
    add_names(a, &names, s->init_containers.v, s->init_containers.n, limits);
    return (struct tally){name_index_of(a, names.v, names.n, sizeof(str)),
                          arena_array(a, names.n, sizeof(struct amount))};
}

/* Containers that run beside the others add up; the others run one after the other. */
static void add_container(struct arena *a, struct tally *t, const Container *c, bool init,
                          bool limits) {
    bool stays = str_eqc(c->restart_policy, "Always");
    for (uint32_t i = 0; i < of(c, limits)->n; i++) {
        const struct str_pair *e = &of(c, limits)->v[i];
        struct amount *m = &t->v[name_index_first(&t->names, e->key)];
        if (!init || stays)
            m->sum = sum_of(a, m->sum, e->value);
        else
            m->most = most_of(m->most, sum_of(a, e->value, m->beside));
        if (init && stays)
            m->beside = sum_of(a, m->beside, e->value);
    }
}

str_map containers_total(struct arena *a, const PodSpec *s, bool limits) {
    struct tally t = tally_of(a, s, limits);
    str_map out = {arena_array(a, t.names.n, sizeof(*out.v)), 0};
    for (uint32_t i = 0; i < s->containers.n; i++)
        add_container(a, &t, &s->containers.v[i], false, limits);
    for (uint32_t i = 0; i < s->init_containers.n; i++)
        add_container(a, &t, &s->init_containers.v[i], true, limits);
    for (uint32_t i = 0; i < t.names.n; i++) {
        const struct name_at *name = &t.names.v[i];
        const struct amount *m = &t.v[name->at];
        Quantity q = most_of(m->sum, m->most);
        if (q.p)
            out.v[out.n++] = (struct str_pair){name->name, q};
    }
    return out;
}

/* What is said of the pod as a whole counts. */
static str_map total(struct arena *a, const Pod *p, bool limits) {
    str_map sum = containers_total(a, &p->spec, limits);
    const ResourceRequirements *pod = p->spec.resources;
    if (!pod)
        return sum;
    return maps_union(a, limits ? &pod->limits : &pod->requests, &sum);
}

str_map pod_requests_list(struct arena *a, const Pod *p) {
    str_map sum = total(a, p, false);
    amounts_add(a, &sum, &p->spec.overhead);
    return sum;
}

/* Overhead counts where there is a limit at all. */
str_map pod_limits_list(struct arena *a, const Pod *p) {
    str_map sum = total(a, p, true), more = {0};
    for (uint32_t i = 0; i < p->spec.overhead.n; i++)
        if (amounts_get(&sum, p->spec.overhead.v[i].key))
            *list_push(a, &more) = p->spec.overhead.v[i];
    amounts_add(a, &sum, &more);
    return sum;
}

/* ---- while containers are resized ---- */

/* Of each amount the greater. */
static str_map amounts_most(struct arena *a, const str_map *x, const str_map *y) {
    str_map out = maps_union(a, x, y);
    for (uint32_t i = 0; i < out.n; i++) {
        const Quantity *p = amounts_get(x, out.v[i].key), *q = amounts_get(y, out.v[i].key);
        out.v[i].value = most_of(p ? *p : STR_NONE, q ? *q : STR_NONE);
    }
    return out;
}

static bool is_infeasible(const Pod *p) {
    for (uint32_t i = 0; i < p->status.conditions.n; i++)
        if (str_eqc(p->status.conditions.v[i].type, "PodResizePending"))
            return str_eqc(p->status.conditions.v[i].reason, "Infeasible");
    return false;
}

static void resize(struct arena *a, Container *c, const ContainerStatus *s, bool infeasible) {
    const str_map none = {NULL, 0};
    const ResourceRequirements *spec = &c->resources, *now = s->resources;
    str_map held = amounts_most(a, &now->requests, &s->allocated_resources);
    c->resources.requests = amounts_most(a, infeasible ? &none : &spec->requests, &held);
    c->resources.limits = amounts_most(a, infeasible ? &none : &spec->limits, &now->limits);
}

static Container *resized(struct arena *a, const Container *v, uint32_t n, bool init,
                          const ContainerStatus *statuses, uint32_t n_statuses, bool infeasible) {
    Container *out = arena_dup(a, v, n * sizeof(*v));
    struct name_index x =
        name_index_of(a, n_statuses ? &statuses->name : NULL, n_statuses, sizeof(*statuses));
    for (uint32_t i = 0; i < n; i++) {
        int64_t at = name_index_first(&x, v[i].name);
        bool stays = !init || str_eqc(v[i].restart_policy, "Always");
        if (at >= 0 && stays && statuses[at].resources)
            resize(a, &out[i], &statuses[at], infeasible);
    }
    return out;
}

PodSpec pod_spec_resized(struct arena *a, const Pod *p) {
    PodSpec s = p->spec;
    const PodStatus *now = &p->status;
    bool infeasible = is_infeasible(p);
    if (now->container_statuses.n)
        s.containers.v = resized(a, s.containers.v, s.containers.n, false,
                                 now->container_statuses.v, now->container_statuses.n, infeasible);
    if (now->init_container_statuses.n)
        s.init_containers.v =
            resized(a, s.init_containers.v, s.init_containers.n, true,
                    now->init_container_statuses.v, now->init_container_statuses.n, infeasible);
    return s;
}
