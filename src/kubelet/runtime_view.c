// SPDX-License-Identifier: Apache-2.0
#include "kubelet/runtime_view.h"

#include <stdlib.h>

#include "schema/value.h"

static int newer_container(const void *x, const void *y) {
    const struct rt_container *a = x, *b = y;
    int by_name = str_cmp(a->name, b->name);
    if (by_name)
        return by_name;
    if (a->attempt != b->attempt)
        return a->attempt > b->attempt ? -1 : 1;
    if (a->created != b->created)
        return a->created > b->created ? -1 : 1;
    return str_cmp(a->id, b->id);
}

static int newer_sandbox(const void *x, const void *y) {
    const struct rt_sandbox *a = x, *b = y;
    if (a->attempt != b->attempt)
        return a->attempt > b->attempt ? -1 : 1;
    if (a->created != b->created)
        return a->created > b->created ? -1 : 1;
    return str_cmp(a->id, b->id);
}

void rt_pod_sort(struct rt_pod *p) {
    if (p->containers.n)
        qsort(p->containers.v, p->containers.n, sizeof(*p->containers.v), newer_container);
    if (p->sandboxes.n)
        qsort(p->sandboxes.v, p->sandboxes.n, sizeof(*p->sandboxes.v), newer_sandbox);
}

const struct rt_container *rt_newest(const struct rt_pod *p, str name) {
    for (uint32_t i = 0; p && i < p->containers.n; i++)
        if (str_eq(p->containers.v[i].name, name))
            return &p->containers.v[i];
    return NULL;
}

const struct rt_container *rt_previous(const struct rt_pod *p, str name) {
    const struct rt_container *newest = rt_newest(p, name);
    if (!newest)
        return NULL;
    const struct rt_container *end = p->containers.v + p->containers.n;
    for (const struct rt_container *c = newest + 1; c < end && str_eq(c->name, name); c++)
        if (c->state == RT_EXITED)
            return c;
    return NULL;
}

const struct rt_container *rt_by_id(const struct rt_pod *p, str id) {
    for (uint32_t i = 0; p && i < p->containers.n; i++)
        if (str_eq(p->containers.v[i].id, id))
            return &p->containers.v[i];
    return NULL;
}

const struct rt_sandbox *rt_ready_sandbox(const struct rt_pod *p) {
    return p && p->sandboxes.n && p->sandboxes.v[0].ready ? &p->sandboxes.v[0] : NULL;
}

#define FNV32_OFFSET 2166136261u
#define FNV32_PRIME  16777619u

str container_hash(struct arena *a, const Container *c) {
    struct buf b;
    buf_init(&b, 0);
    buf_adds(&b, "{\"image\":");
    json_quote(&b, c->image);
    buf_adds(&b, ",\"name\":");
    json_quote(&b, c->name);
    buf_adds(&b, "}");
    uint32_t h = FNV32_OFFSET;
    for (size_t i = 0; i < b.n; i++)
        h = (h ^ (unsigned char)b.p[i]) * FNV32_PRIME;
    buf_done(&b);
    return str_printf(a, "%x", h);
}

str pod_format(struct arena *a, const ObjectMeta *m) {
    return str_printf(a, STR_FMT "_" STR_FMT "(" STR_FMT ")", STR_ARG(m->name),
                      STR_ARG(m->namespace_), STR_ARG(m->uid));
}

bool container_is_sidecar(const Container *init) {
    return str_eq(init->restart_policy, STR("Always"));
}

const Container *pod_container(const Pod *p, uint32_t i, bool *ret_init) {
    const PodSpec *s = &p->spec;
    *ret_init = i < s->init_containers.n;
    if (*ret_init)
        return &s->init_containers.v[i];
    i -= s->init_containers.n;
    return i < s->containers.n ? &s->containers.v[i] : NULL;
}

const Container *pod_container_named(const Pod *p, str name, bool *ret_init) {
    const Container *c;
    for (uint32_t i = 0; (c = pod_container(p, i, ret_init)); i++)
        if (str_eq(c->name, name))
            return c;
    return NULL;
}
