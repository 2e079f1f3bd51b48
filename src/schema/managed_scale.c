// SPDX-License-Identifier: Apache-2.0
/* Ownership of replicas between a resource and its scale subresource. Scale is an object of its own
 * version with a single field that can be owned; after a write, whoever lost that field there loses
 * it in the resource, and whoever won it there owns it in the resource. */
#include "schema/managed.h"

static struct fieldset in_scale(struct arena *a) {
    return fieldset_of_names(a, STR("spec.replicas"));
}

static bool has_path(const struct managed_entry *x, const struct replicas_path *p) {
    return p->n && fieldset_has(&x->fields, p->v, p->n);
}

static struct managed_entry *append(struct arena *a, struct managed *m,
                                    const struct managed_entry *x) {
    m->v = arena_grow(a, m->v, m->n * sizeof(*m->v), (m->n + 1) * sizeof(*m->v));
    m->v[m->n] = *x;
    return &m->v[m->n++];
}

struct managed managed_to_scale(struct arena *a, const struct managed_scale *s,
                                const struct managed *parent) {
    struct managed m = {0};
    for (uint32_t i = 0; i < parent->n; i++) {
        struct replicas_path path = {.n = 0};
        if (!s->path(s->ctx, parent->v[i].api_version, &path) || !has_path(&parent->v[i], &path))
            continue;
        struct managed_entry *x = append(a, &m, &parent->v[i]);
        x->api_version = STR("autoscaling/v1");
        x->fields = in_scale(a);
    }
    return m;
}

/* An update's writer is another one in scale, as its version is: each write through scale gives it
 * an entry for replicas alone, which has no time. */
static void add_won(struct arena *a, const struct managed_scale *s, const struct managed *parent,
                    struct managed *m, const struct managed_entry *won) {
    static const struct path_element replicas[] = {
        {.name = {"spec", 4}, .kind = ELEMENT_FIELD},
        {.name = {"replicas", 8}, .kind = ELEMENT_FIELD},
    };
    struct replicas_path path = {.n = 0};
    if (!fieldset_has(&won->fields, replicas, ARRAY_LEN(replicas)) ||
        !s->path(s->ctx, s->api_version, &path))
        return;
    const struct managed_entry *before = managed_find(parent, won);
    struct managed_entry *x = managed_find(m, won), who = *won;
    who.api_version = s->api_version;
    who.fields = fieldset_of_path(a, path.v, path.n);
    who.time = before ? before->time : (Time){0};
    if (x)
        *x = who;
    else
        append(a, m, &who);
}

struct managed managed_from_scale(struct arena *a, const struct managed_scale *s,
                                  const struct managed *parent, const struct managed *scale) {
    struct managed m = {0}, left = managed_copy(a, scale);
    for (uint32_t i = 0; i < parent->n; i++) {
        struct replicas_path path = {.n = 0};
        if (!s->path(s->ctx, parent->v[i].api_version, &path))
            continue;
        struct managed_entry *x = append(a, &m, &parent->v[i]);
        if (!has_path(x, &path))
            continue;
        struct managed_entry *kept = managed_find(&left, x);
        if (kept) {
            kept->fields = (struct fieldset){0};
            continue;
        }
        struct fieldset lost = fieldset_of_path(a, path.v, path.n);
        x->fields = fieldset_difference(a, &x->fields, &lost);
    }
    managed_drop_empty(&m);
    for (uint32_t i = 0; i < left.n; i++)
        add_won(a, s, parent, &m, &left.v[i]);
    return m;
}
