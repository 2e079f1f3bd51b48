// SPDX-License-Identifier: Apache-2.0
#include "scheduler/resources.h"

#include "api/quantity.h"

void res_names_init(struct res_names *r) {
    *r = (struct res_names){
        .names = {STR("cpu"), STR("memory"), STR("ephemeral-storage"), STR("pods")},
        .n = RES_FIXED};
    arena_init(&r->arena, 0);
}

void res_names_done(struct res_names *r) {
    arena_done(&r->arena);
}

/* Index, or -1 when the table is full. */
static int res_index(struct res_names *r, str name) {
    for (unsigned i = 0; i < r->n; i++)
        if (str_eq(r->names[i], name))
            return (int)i;
    if (r->n == RES_MAX)
        return -1;
    r->names[r->n] = str_dup(&r->arena, name);
    return (int)r->n++;
}

static int64_t amount(int at, Quantity q) {
    struct quantity v = quantity_of(q);
    return at == RES_CPU ? quantity_milli(&v) : quantity_value(&v);
}

void res_of_map(struct res_names *names, const str_map *m, int64_t ret[RES_MAX]) {
    for (uint32_t i = 0; i < m->n; i++) {
        int at = res_index(names, m->v[i].key);
        if (at >= 0)
            ret[at] = amount(at, m->v[i].value);
    }
}

/* One container's, with the flag for what has no place. */
static void container_request(struct res_names *names, const str_map *requests,
                              struct request *ret) {
    *ret = (struct request){0};
    for (uint32_t i = 0; i < requests->n; i++) {
        int at = res_index(names, requests->v[i].key);
        if (at < 0)
            ret->unknown = true;
        else
            ret->v[at] = amount(at, requests->v[i].value);
    }
    bool has_cpu = false, has_memory = false;
    for (uint32_t i = 0; i < requests->n; i++) {
        has_cpu |= str_eqc(requests->v[i].key, "cpu");
        has_memory |= str_eqc(requests->v[i].key, "memory");
    }
    ret->score_cpu = has_cpu ? ret->v[RES_CPU] : DEFAULT_MILLI_CPU;
    ret->score_memory = has_memory ? ret->v[RES_MEMORY] : DEFAULT_MEMORY;
}

static void add(struct request *to, const struct request *r) {
    for (int i = 0; i < RES_MAX; i++)
        to->v[i] += r->v[i];
    to->score_cpu += r->score_cpu;
    to->score_memory += r->score_memory;
    to->unknown |= r->unknown;
}

static void raise_to(struct request *to, const struct request *r) {
    for (int i = 0; i < RES_MAX; i++)
        to->v[i] = MAX(to->v[i], r->v[i]);
    to->score_cpu = MAX(to->score_cpu, r->score_cpu);
    to->score_memory = MAX(to->score_memory, r->score_memory);
    to->unknown |= r->unknown;
}

static bool is_sidecar(const Container *c) {
    return str_eqc(c->restart_policy, "Always");
}

static void override(struct res_names *names, const ResourceRequirements *pod_level,
                     struct request *r) {
    for (uint32_t i = 0; i < pod_level->requests.n; i++) {
        int at = res_index(names, pod_level->requests.v[i].key);
        if (at < 0)
            continue;
        r->v[at] = amount(at, pod_level->requests.v[i].value);
        if (at == RES_CPU)
            r->score_cpu = r->v[at];
        if (at == RES_MEMORY)
            r->score_memory = r->v[at];
    }
}

void pod_request(struct res_names *names, const Pod *pod, struct request *ret) {
    const PodSpec *s = &pod->spec;
    struct request total = {0}, sidecars = {0}, init = {0}, one;
    for (uint32_t i = 0; i < s->containers.n; i++) {
        container_request(names, &s->containers.v[i].resources.requests, &one);
        add(&total, &one);
    }
    for (uint32_t i = 0; i < s->init_containers.n; i++) {
        const Container *c = &s->init_containers.v[i];
        container_request(names, &c->resources.requests, &one);
        if (is_sidecar(c)) {
            add(&total, &one);
            add(&sidecars, &one);
            raise_to(&init, &sidecars);
        } else {
            add(&one, &sidecars);
            raise_to(&init, &one);
        }
    }
    raise_to(&total, &init);
    if (s->resources)
        override(names, s->resources, &total);
    container_request(names, &s->overhead, &one);
    for (int i = 0; i < RES_MAX; i++)
        total.v[i] += one.v[i];
    total.score_cpu += one.v[RES_CPU];
    total.score_memory += one.v[RES_MEMORY];
    for (int i = 0; i < RES_MAX; i++)
        if (total.v[i] > 0)
            total.asked |= 1u << i;
    *ret = total;
}
