// SPDX-License-Identifier: Apache-2.0
/* Maps merge key by key, granular lists item by item; everything else is replaced whole. */
#include "schema/field_merge.h"

struct merger {
    struct arena *a;
    struct err *e;
};

static int merge(const struct merger *m, struct field_schema s, const struct value *live,
                 const struct value *config, struct value *ret);

static int merge_maps(const struct merger *m, struct field_schema s, const struct value *live,
                      const struct value *config, struct value *ret) {
    struct member_index x = member_index(m->a, live), y = member_index(m->a, config);
    *ret = (struct value){.tag = VALUE_OBJECT};
    ret->object.v =
        arena_array(m->a, (size_t)live->object.n + config->object.n, sizeof(struct member));
    for (uint32_t i = 0; i < live->object.n; i++) {
        struct member *out = &ret->object.v[ret->object.n++];
        const struct value *with = member_find(&y, live->object.v[i].key, i);
        struct field_schema child;
        bool named;
        *out = live->object.v[i];
        if (!with)
            continue;
        schema_key(s, out->key, &child, &named);
        int r = merge(m, child, &live->object.v[i].value, with, &out->value);
        if (r < 0)
            return r;
    }
    for (uint32_t i = 0; i < config->object.n; i++)
        if (!member_find(&x, config->object.v[i].key, i))
            ret->object.v[ret->object.n++] = config->object.v[i];
    return 0;
}

/* Two granular lists on their way into one. */
struct zip {
    const struct merger *m;
    struct field_schema element;
    const struct value *live, *config;
    const struct path_element *live_at, *config_at; /* by place */
    struct item_index live_index, config_index;
    bool *merged; /* of config, by place */
    struct value *out;
};

/* All elements of a list by place. */
static int elements(const struct merger *m, struct field_schema s, const struct value *v,
                    const struct path_element **ret) {
    struct path_element *at = arena_array(m->a, v->list.n, sizeof(*at));
    for (uint32_t i = 0; i < v->list.n; i++) {
        int r = schema_item_element(m->a, s, &v->list.v[i], &at[i], m->e);
        if (r < 0) {
            err_prefix(m->e, "element %u", i);
            return r;
        }
    }
    *ret = at;
    return 0;
}

/* The place in config of the item that live's item i is merged with; -1: none. */
static int64_t in_config(const struct zip *z, const struct path_element *at) {
    uint32_t n;
    int64_t found = item_find(&z->config_index, at, &n);
    return found < 0 ? -1 : (int64_t)z->config_index.v[found].place;
}

/* Appends config's item, over live's where there is one. One that live has twice is told apart from
 * neither, so it is merged with nothing. */
static int take_config(struct zip *z, uint32_t place) {
    static const struct value null = {.tag = VALUE_NULL};
    uint32_t n;
    int64_t found = item_find(&z->live_index, &z->config_at[place], &n);
    const struct value *with = found < 0 ? NULL
                               : n > 1   ? &null
                                         : &z->live->list.v[z->live_index.v[found].place];
    struct value *out = &z->out->list.v[z->out->list.n++];
    z->merged[place] = true;
    if (!with) {
        *out = z->config->list.v[place];
        return 0;
    }
    return merge(z->m, z->element, with, &z->config->list.v[place], out);
}

/* The next item of config that live has too, from `place` on. */
static uint32_t next_shared(const struct zip *z, uint32_t place) {
    uint32_t n;
    while (place < z->config->list.n && item_find(&z->live_index, &z->config_at[place], &n) < 0)
        place++;
    return place;
}

/* Shared items come in config's order; live's own stay behind the shared item they stood behind;
 * config's own come where config has them, as soon as live's own before the next shared are out. */
static int zip(struct zip *z) {
    uint32_t i = 0, k = 0, shared = next_shared(z, 0);
    while (i < z->live->list.n || k < z->config->list.n) {
        if (i < z->live->list.n) {
            int64_t with = in_config(z, &z->live_at[i]);
            bool both = k < z->config->list.n;
            if (with < 0) {
                z->out->list.v[z->out->list.n++] = z->live->list.v[i++];
                continue;
            }
            bool here = both && (uint32_t)with == k;
            if (both && !here && shared < z->config->list.n && (uint32_t)with != shared) {
                i++; /* its turn comes with config's */
                continue;
            }
            if (here || z->merged[with])
                i++;
        }
        if (k < z->config->list.n) {
            int r = take_config(z, k);
            if (r < 0)
                return r;
            if (shared == k)
                shared = next_shared(z, k + 1);
            k++;
        }
    }
    return 0;
}

static int merge_lists(const struct merger *m, struct field_schema s, const struct value *live,
                       const struct value *config, struct value *ret) {
    struct zip z = {.m = m, .element = schema_element(s), .live = live, .config = config};
    int r = elements(m, s, config, &z.config_at);
    if (r == 0)
        r = elements(m, s, live, &z.live_at);
    if (r < 0)
        return r;
    size_t n = (size_t)live->list.n + config->list.n;
    z.live_index = item_index(m->a, s, live);
    z.config_index = item_index(m->a, s, config);
    z.merged = arena_array(m->a, config->list.n, sizeof(bool));
    z.out = ret;
    *ret = (struct value){.tag = VALUE_LIST};
    ret->list.v = arena_array(m->a, n, sizeof(struct value));
    return zip(&z);
}

static bool has_parts(const struct value *v, enum value_tag tag) {
    return v->tag == tag && (tag == VALUE_LIST ? v->list.n : v->object.n);
}

/* Both are given. A null leaves what live has, if that has parts. */
static int merge(const struct merger *m, struct field_schema s, const struct value *live,
                 const struct value *config, struct value *ret) {
    s = config->tag == VALUE_NULL ? schema_of(s, live) : schema_of(s, config);
    enum value_tag want = s.shape == SHAPE_LIST ? VALUE_LIST : VALUE_OBJECT;
    bool leaf = s.shape == SHAPE_SCALAR || s.atomic;
    if (arena_over(m->a))
        return err_http(m->e, -E2BIG, 413, "RequestEntityTooLarge", "the object is too large");
    if (leaf || (!has_parts(live, want) && !has_parts(config, want)))
        *ret = *config;
    else if (!has_parts(config, want))
        *ret = *live;
    else if (!has_parts(live, want))
        *ret = *config;
    else if (want == VALUE_LIST)
        return merge_lists(m, s, live, config, ret);
    else
        return merge_maps(m, s, live, config, ret);
    return 0;
}

int field_merge(struct arena *a, struct field_schema s, const struct value *live,
                const struct value *config, struct value *ret, struct err *e) {
    struct merger m = {a, e};
    return merge(&m, s, live, config, ret);
}

/* ---- removal ---- */

static struct value remove_items(struct arena *a, struct field_schema s, const struct value *v,
                                 const struct fieldset *set) {
    struct field_schema element = schema_element(s);
    struct value out = {.tag = VALUE_LIST};
    out.list.v = arena_array(a, v->list.n, sizeof(struct value));
    for (uint32_t i = 0; i < v->list.n; i++) {
        struct path_element at;
        const struct field_node *n = NULL;
        if (schema_item_element(a, s, &v->list.v[i], &at, NULL) == 0)
            n = fieldset_find(set, &at);
        if (n && n->marks)
            continue;
        struct value *to = &out.list.v[out.list.n++];
        *to = n ? field_remove(a, element, &v->list.v[i], &n->below) : v->list.v[i];
    }
    return out.list.n ? out : (struct value){.tag = VALUE_NULL};
}

static struct value remove_members(struct arena *a, struct field_schema s, const struct value *v,
                                   const struct fieldset *set) {
    struct value out = {.tag = VALUE_OBJECT};
    out.object.v = arena_array(a, v->object.n, sizeof(struct member));
    for (uint32_t i = 0; i < v->object.n; i++) {
        const struct member *m = &v->object.v[i];
        const struct field_node *n = fieldset_find(set, &FIELD_ELEMENT(m->key));
        struct field_schema child;
        bool named;
        if (n && n->marks)
            continue;
        struct member *to = &out.object.v[out.object.n++];
        *to = *m;
        if (!n)
            continue;
        schema_key(s, m->key, &child, &named);
        to->value = field_remove(a, child, &m->value, &n->below);
    }
    return out.object.n ? out : (struct value){.tag = VALUE_NULL};
}

struct value field_remove(struct arena *a, struct field_schema s, const struct value *v,
                          const struct fieldset *set) {
    s = schema_of(s, v);
    if (s.shape == SHAPE_SCALAR)
        return *v;
    if (!s.atomic && s.shape == SHAPE_LIST && has_parts(v, VALUE_LIST))
        return remove_items(a, s, v, set);
    if (!s.atomic && s.shape != SHAPE_LIST && has_parts(v, VALUE_OBJECT))
        return remove_members(a, s, v, set);
    return (struct value){.tag = VALUE_NULL};
}
