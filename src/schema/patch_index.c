// SPDX-License-Identifier: Apache-2.0
#include "schema/patch_index.h"

#define REMOVED VALUE_TAG_MAX

void members_begin(struct members *ms, struct arena *a, struct value *object, uint32_t more) {
    struct member *v = arena_array(a, (size_t)object->object.n + more, sizeof(*v));
    if (object->object.n)
        memcpy(v, object->object.v, object->object.n * sizeof(*v));
    object->object.v = v;
    *ms = (struct members){.object = object};
    ms->hashed = object->object.n + more >= 2 * PATCH_HASHED_FROM && more >= PATCH_HASHED_FROM;
    if (!ms->hashed)
        return;
    map_init(&ms->map, NULL);
    for (uint32_t i = 0; i < object->object.n; i++)
        map_put(&ms->map, v[i].key, (void *)(uintptr_t)(i + 1));
}

struct member *members_get(struct members *ms, str key) {
    struct member *v = ms->object->object.v;
    if (ms->hashed) {
        uintptr_t at = (uintptr_t)map_get(&ms->map, key);
        return at && v[at - 1].value.tag != REMOVED ? &v[at - 1] : NULL;
    }
    for (uint32_t i = 0; i < ms->object->object.n; i++)
        if (v[i].value.tag != REMOVED && str_eq(v[i].key, key))
            return &v[i];
    return NULL;
}

struct member *members_add(struct members *ms, str key) {
    uint32_t at = ms->object->object.n++;
    struct member *x = &ms->object->object.v[at];
    *x = (struct member){.key = key};
    if (ms->hashed)
        map_put(&ms->map, key, (void *)(uintptr_t)(at + 1));
    return x;
}

void members_remove(struct member *x) {
    x->value.tag = REMOVED;
}

void members_end(struct members *ms) {
    struct value *o = ms->object;
    uint32_t n = 0;
    for (uint32_t i = 0; i < o->object.n; i++)
        if (o->object.v[i].value.tag != REMOVED)
            o->object.v[n++] = o->object.v[i];
    o->object.n = n;
    if (ms->hashed)
        map_done(&ms->map);
}

void elements_begin(struct elements *es, const struct value *list, const char *merge_key) {
    *es = (struct elements){.list = list, .merge_key = merge_key};
}

static const struct value *identity_of(const struct elements *es, uint32_t i) {
    const struct value *v = &es->list->list.v[i];
    return es->merge_key ? value_getc(v, es->merge_key) : v;
}

/* Equal scalars, and only they, have equal texts. */
static bool write_identity(struct elements *es, const struct value *id) {
    if (!id || id->tag == VALUE_LIST || id->tag == VALUE_OBJECT)
        return false;
    buf_clear(&es->key);
    value_write(&es->key, id);
    if (id->tag == VALUE_FLOAT)
        buf_addc(&es->key, 'f');
    return true;
}

static void index_elements(struct elements *es) {
    if (!es->hashed) {
        map_init(&es->map, NULL);
        buf_init(&es->key, 0);
        es->hashed = true;
    }
    for (; es->indexed < es->list->list.n; es->indexed++)
        if (write_identity(es, identity_of(es, es->indexed)) &&
            !map_get(&es->map, buf_str(&es->key)))
            map_put(&es->map, buf_str(&es->key), (void *)(uintptr_t)(es->indexed + 1));
}

int64_t elements_find(struct elements *es, const struct value *id) {
    if (es->list->list.n >= PATCH_HASHED_FROM) {
        index_elements(es);
        return write_identity(es, id) ? (int64_t)(uintptr_t)map_get(&es->map, buf_str(&es->key)) - 1
                                      : -1;
    }
    for (uint32_t i = 0; i < es->list->list.n; i++) {
        const struct value *v = identity_of(es, i);
        if (v && scalar_equal(v, id))
            return i;
    }
    return -1;
}

void elements_end(struct elements *es) {
    if (!es->hashed)
        return;
    map_done(&es->map);
    buf_done(&es->key);
}
