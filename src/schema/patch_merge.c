// SPDX-License-Identifier: Apache-2.0
/* JSON merge patch (RFC 7386). Large objects are met through a hash of their keys, so that a patch
 * of many members on an object of many members is not a product of the two. */
#include "base/map.h"
#include "schema/patch_tree.h"

#define HASHED_FROM 32 /* members on both sides from which a hash pays */

/* The members of an object while it is changed: removed ones are marked and squeezed out last. */
struct members {
    struct value *object;
    struct map map; /* key -> index + 1 */
    bool hashed;
};

static void members_init(struct members *ms, struct arena *a, struct value *object, uint32_t more) {
    struct member *v = arena_array(a, (size_t)object->object.n + more, sizeof(*v));
    if (object->object.n)
        memcpy(v, object->object.v, object->object.n * sizeof(*v));
    object->object.v = v;
    *ms = (struct members){.object = object};
    ms->hashed = object->object.n >= HASHED_FROM && more >= HASHED_FROM;
    if (!ms->hashed)
        return;
    map_init(&ms->map, NULL);
    for (uint32_t i = 0; i < object->object.n; i++)
        map_put(&ms->map, v[i].key, (void *)(uintptr_t)(i + 1));
}

static struct member *members_get(struct members *ms, str key) {
    struct member *v = ms->object->object.v;
    if (ms->hashed) {
        uintptr_t at = (uintptr_t)map_get(&ms->map, key);
        return at && v[at - 1].value.tag != VALUE_TAG_MAX ? &v[at - 1] : NULL;
    }
    for (uint32_t i = 0; i < ms->object->object.n; i++)
        if (v[i].value.tag != VALUE_TAG_MAX && str_eq(v[i].key, key))
            return &v[i];
    return NULL;
}

static struct member *members_add(struct members *ms, str key) {
    uint32_t at = ms->object->object.n++;
    struct member *x = &ms->object->object.v[at];
    *x = (struct member){.key = key};
    if (ms->hashed)
        map_put(&ms->map, key, (void *)(uintptr_t)(at + 1));
    return x;
}

static void members_done(struct members *ms) {
    struct value *o = ms->object;
    uint32_t n = 0;
    for (uint32_t i = 0; i < o->object.n; i++)
        if (o->object.v[i].value.tag != VALUE_TAG_MAX)
            o->object.v[n++] = o->object.v[i];
    o->object.n = n;
    if (ms->hashed)
        map_done(&ms->map);
}

static int merge(struct arena *a, struct value *doc, const struct value *patch) {
    if (patch->tag != VALUE_OBJECT) {
        value_copy(a, patch, doc);
        return arena_over(a) ? -E2BIG : 0;
    }
    if (doc->tag != VALUE_OBJECT)
        *doc = (struct value){.tag = VALUE_OBJECT};
    struct members ms;
    int r = 0;
    members_init(&ms, a, doc, patch->object.n);
    for (uint32_t i = 0; r == 0 && i < patch->object.n; i++) {
        const struct member *x = &patch->object.v[i];
        struct member *live = members_get(&ms, x->key);
        if (x->value.tag == VALUE_NULL) {
            if (live)
                live->value.tag = VALUE_TAG_MAX;
            continue;
        }
        if (!live)
            live = members_add(&ms, str_dup(a, x->key));
        r = arena_over(a) ? -E2BIG : merge(a, &live->value, &x->value);
    }
    members_done(&ms);
    return r;
}

int patch_merge(struct arena *a, struct value *doc, const struct value *patch) {
    return merge(a, doc, patch);
}
