// SPDX-License-Identifier: Apache-2.0
#include "api/structural/structural.h"

static bool is_meta(str key) {
    static const char *const fields[] = {"apiVersion", "kind", "metadata", NULL};
    return str_in(key, fields);
}

static bool prune(struct value *v, const struct structural *s, bool embedded);

/* Below what preserves unknown fields only what is described is pruned. */
static bool prune_members(struct value *v, const struct structural *s, bool embedded, bool keep) {
    bool changed = false;
    uint32_t n = 0;
    for (uint32_t i = 0; i < v->object.n; i++) {
        struct member *m = &v->object.v[i];
        const struct structural *field = s ? structural_field(s, m->key) : NULL;
        bool described = field || (s && (s->more || s->no_more));
        if (!(embedded && is_meta(m->key))) {
            if (described) {
                field = field ? field : s->rest;
                changed |= prune(&m->value, field, field && field->embedded_resource);
            } else if (!keep) {
                changed = true;
                continue;
            }
        }
        v->object.v[n++] = *m;
    }
    v->object.n = n;
    return changed;
}

/* Elements of a list whose owner preserves unknown fields are preserved too. */
static bool skip(struct value *v, const struct structural *s, bool embedded) {
    bool changed = false;
    if (s && v->tag == VALUE_OBJECT)
        return prune_members(v, s, embedded, true);
    for (uint32_t i = 0; s && v->tag == VALUE_LIST && i < v->list.n; i++)
        changed |= skip(&v->list.v[i], s->items, s->items && s->items->embedded_resource);
    return changed;
}

static bool prune(struct value *v, const struct structural *s, bool embedded) {
    bool changed = false;
    if (s && s->preserve_unknown)
        return skip(v, s, embedded);
    if (v->tag == VALUE_OBJECT)
        return prune_members(v, s, embedded, false);
    for (uint32_t i = 0; v->tag == VALUE_LIST && i < v->list.n; i++) {
        const struct structural *items = s ? s->items : NULL;
        changed |= prune(&v->list.v[i], items, items && items->embedded_resource);
    }
    return changed;
}

bool structural_prune(struct value *v, const struct structural *s, bool resource) {
    return prune(v, s, resource || (s && s->embedded_resource));
}
