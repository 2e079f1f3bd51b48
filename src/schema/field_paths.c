// SPDX-License-Identifier: Apache-2.0
/* The set of fields of a tree, and what the schema does to a set. */
#include "schema/field_paths.h"

static bool paths(struct arena *a, struct field_schema s, const struct value *v,
                  struct fieldset *ret);

static struct fieldset room(struct arena *a, uint32_t n) {
    return (struct fieldset){.v = arena_array(a, n, sizeof(struct field_node))};
}

static struct fieldset map_paths(struct arena *a, struct field_schema s, const struct value *v) {
    struct fieldset set = room(a, v->object.n);
    for (uint32_t i = 0; i < v->object.n; i++) {
        const struct member *m = &v->object.v[i];
        struct field_node *node = &set.v[set.n];
        struct field_schema child;
        bool named, self;
        schema_key(s, m->key, &child, &named);
        self = paths(a, child, &m->value, &node->below);
        self |= !named || m->value.tag == VALUE_NULL ||
                (m->value.tag == VALUE_OBJECT && !m->value.object.n);
        node->at = FIELD_ELEMENT(m->key);
        node->marks = self ? FIELD_MEMBER : 0;
        set.n += self || node->below.n;
    }
    fieldset_finish(a, &set);
    return set;
}

static struct fieldset list_paths(struct arena *a, struct field_schema s, const struct value *v) {
    struct field_schema element = schema_element(s);
    struct item_index x = item_index(a, s, v);
    struct fieldset set = room(a, x.n);
    for (uint32_t i = 0; i < x.n;) {
        struct field_node *node = &set.v[set.n++];
        uint32_t n = 1;
        while (i + n < x.n && element_cmp(&x.v[i].at, &x.v[i + n].at) == 0)
            n++;
        node->at = x.v[i].at;
        node->marks = FIELD_MEMBER;
        if (n == 1)
            paths(a, element, &v->list.v[x.v[i].place], &node->below);
        i += n;
    }
    return set;
}

/* Says whether the value is a leaf itself. */
static bool paths(struct arena *a, struct field_schema s, const struct value *v,
                  struct fieldset *ret) {
    s = schema_of(s, v);
    *ret = (struct fieldset){0};
    if (s.shape == SHAPE_SCALAR || s.atomic)
        return true;
    if (s.shape == SHAPE_MAP && v->tag == VALUE_OBJECT)
        *ret = map_paths(a, s, v);
    else if (s.shape == SHAPE_LIST && v->tag == VALUE_LIST)
        *ret = list_paths(a, s, v);
    return false;
}

struct fieldset field_paths(struct arena *a, struct field_schema s, const struct value *v) {
    struct fieldset set;
    paths(a, s, v, &set);
    return set;
}

/* ---- sets by schema ---- */

#define NO_SCHEMA ((struct field_schema){.shape = SHAPE_MAX})

/* Below an element of a set, which need not fit the schema. */
static struct field_schema below(struct field_schema s, const struct path_element *at) {
    struct field_schema child = NO_SCHEMA;
    bool named;
    if (at->kind == ELEMENT_FIELD && (s.shape == SHAPE_MAP || s.shape == SHAPE_ANY))
        return schema_key(s, at->name, &child, &named) < 0 ? NO_SCHEMA : child;
    if (at->kind == ELEMENT_KEYS && s.shape == SHAPE_LIST)
        return schema_element(s);
    return child;
}

struct fieldset field_paths_named(struct arena *a, struct field_schema s,
                                  const struct fieldset *set) {
    struct fieldset r = room(a, set->n);
    for (uint32_t i = 0; i < set->n; i++) {
        const struct field_node *n = &set->v[i];
        struct field_schema child;
        r.v[i] = *n;
        if (!n->below.n)
            continue;
        if (n->at.kind == ELEMENT_FIELD && schema_named(s, n->at.name, &child))
            r.v[i].marks = FIELD_MEMBER;
        r.v[i].below = field_paths_named(a, below(s, &n->at), &n->below);
    }
    r.n = set->n;
    return r;
}

static bool reconcile(struct arena *a, struct field_schema s, const struct fieldset *set,
                      struct fieldset *ret) {
    bool changed = false;
    struct fieldset r = *set;
    for (uint32_t i = 0; i < set->n; i++) {
        const struct field_node *n = &set->v[i];
        struct field_schema child = below(s, &n->at);
        struct field_node now = *n;
        if (!n->below.n || child.shape == SHAPE_MAX)
            continue;
        if (child.atomic && child.shape != SHAPE_SCALAR)
            now = (struct field_node){.at = n->at, .marks = FIELD_MEMBER};
        else if (!reconcile(a, child, &n->below, &now.below))
            continue;
        if (!changed)
            r.v = arena_dup(a, set->v, set->n * sizeof(*set->v));
        r.v[i] = now;
        changed = true;
    }
    if (changed)
        *ret = r;
    return changed;
}

bool field_paths_reconcile(struct arena *a, struct field_schema s, const struct fieldset *set,
                           struct fieldset *ret) {
    return reconcile(a, s, set, ret);
}
