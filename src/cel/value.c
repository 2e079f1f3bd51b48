// SPDX-License-Identifier: Apache-2.0
/* Lists and maps never change, yet folds build them by appending: a list is the first n values of
 * a room that longer lists share, so that appending to the longest writes behind it and copies
 * nothing. Maps do the same, with a hash table of the keys when there are many. */
#include "cel/value.h"

#include <math.h>

#include "base/map.h"
#include "cel/function.h"
#include "cel/lex.h"

#define LINEAR_MAX 12 /* entries that are looked through */

struct cel_room {
    struct cel_value *v;
    uint32_t used, cap;
};
struct cel_pairs {
    struct cel_pair *v;
    uint32_t used, cap;
    uint32_t *slots; /* index + 1, 0 = free; NULL: few entries */
    uint32_t n_slots;
};
/* Member numbers of a large JSON object by key. */
struct cel_json_index {
    uint32_t *slots, n_slots;
};

/* ---- lists ---- */

const struct cel_list *cel_list_new(struct arena *a) {
    struct cel_list *l = arena_make(a, struct cel_list);
    l->room = arena_make(a, struct cel_room);
    return l;
}

struct cel_value cel_list_get(struct arena *a, const struct cel_list *l, uint32_t i) {
    return l->room ? l->room->v[i] : cel_of_json(a, &l->json[i]);
}

static struct cel_room *room_with_space(struct arena *a, const struct cel_list *l) {
    struct cel_room *room = l->room;
    if (room && room->used == l->n && room->used < room->cap)
        return room;
    room = arena_make(a, struct cel_room);
    room->cap = MAX(8, 2 * l->n);
    room->v = arena_array(a, room->cap, sizeof(*room->v));
    room->used = l->n;
    for (uint32_t i = 0; i < l->n; i++)
        room->v[i] = cel_list_get(a, l, i);
    return room;
}

const struct cel_list *cel_list_append(struct arena *a, const struct cel_list *l,
                                       struct cel_value v) {
    struct cel_list *longer = arena_make(a, struct cel_list);
    longer->room = room_with_space(a, l);
    longer->room->v[longer->room->used++] = v;
    longer->n = l->n + 1;
    return longer;
}

/* ---- maps ---- */

/* Equal keys have equal hashes: numbers hash as the integer they are. */
static uint64_t key_hash(struct cel_value k) {
    int64_t i = 0;
    if (k.tag == CEL_V_STRING)
        return hash64(k.s.p, k.s.n);
    if (k.tag == CEL_V_INT || k.tag == CEL_V_UINT)
        i = k.i;
    else if (k.tag == CEL_V_BOOL)
        i = k.b;
    else if (k.tag == CEL_V_DOUBLE && fabs(k.d) < 9e18)
        i = (int64_t)k.d;
    else if (k.tag == CEL_V_DOUBLE && k.d > 0 && k.d < 1.8e19)
        i = (int64_t)(uint64_t)k.d;
    return hash64(&i, sizeof(i));
}

static void slot_put(uint32_t *slots, uint32_t n, uint64_t hash, uint32_t i) {
    uint32_t at = (uint32_t)hash & (n - 1);
    while (slots[at])
        at = (at + 1) & (n - 1);
    slots[at] = i + 1;
}

static uint32_t slots_for(uint32_t entries) {
    uint32_t n = 32;
    while (n < 2 * entries)
        n *= 2;
    return n;
}

static const struct cel_json_index *index_of(struct arena *a, const struct member *v, uint32_t n) {
    struct cel_json_index *x = arena_make(a, struct cel_json_index);
    x->n_slots = slots_for(n);
    x->slots = arena_array(a, x->n_slots, sizeof(*x->slots));
    for (uint32_t i = 0; i < n; i++)
        slot_put(x->slots, x->n_slots, hash64(v[i].key.p, v[i].key.n), i);
    return x;
}

static const struct member *json_find(const struct cel_map *m, str key) {
    if (!m->index) {
        for (uint32_t i = 0; i < m->n; i++)
            if (str_eq(m->json[i].key, key))
                return &m->json[i];
        return NULL;
    }
    uint32_t mask = m->index->n_slots - 1, at = (uint32_t)hash64(key.p, key.n) & mask;
    for (; m->index->slots[at]; at = (at + 1) & mask)
        if (str_eq(m->json[m->index->slots[at] - 1].key, key))
            return &m->json[m->index->slots[at] - 1];
    return NULL;
}

static const struct cel_pair *pairs_find(struct arena *a, const struct cel_map *m,
                                         struct cel_value key) {
    const struct cel_pairs *p = m->pairs;
    if (!p->slots) {
        for (uint32_t i = 0; i < m->n; i++)
            if (cel_equal(a, p->v[i].key, key))
                return &p->v[i];
        return NULL;
    }
    uint32_t mask = p->n_slots - 1, at = (uint32_t)key_hash(key) & mask;
    for (; p->slots[at]; at = (at + 1) & mask)
        if (p->slots[at] <= m->n && cel_equal(a, p->v[p->slots[at] - 1].key, key))
            return &p->v[p->slots[at] - 1];
    return NULL;
}

bool cel_map_find(struct arena *a, const struct cel_map *m, struct cel_value key,
                  struct cel_value *ret) {
    const struct cel_pair *pair = NULL;
    const struct member *member = NULL;
    if (m->pairs)
        pair = pairs_find(a, m, key);
    else if (key.tag == CEL_V_STRING)
        member = json_find(m, key.s);
    if (pair)
        *ret = pair->value;
    else if (member)
        *ret = cel_of_json(a, &member->value);
    else if (m->fallback)
        *ret = *m->fallback;
    return pair || member || m->fallback;
}

struct cel_pair cel_map_at(struct arena *a, const struct cel_map *m, uint32_t i) {
    if (m->pairs)
        return m->pairs->v[i];
    return (struct cel_pair){cel_string(m->json[i].key), cel_of_json(a, &m->json[i].value)};
}

static struct cel_pairs *pairs_with_space(struct arena *a, const struct cel_map *m) {
    struct cel_pairs *p = m->pairs;
    if (p && p->used == m->n && p->used < p->cap)
        return p;
    p = arena_make(a, struct cel_pairs);
    p->cap = MAX(8, 2 * m->n);
    p->v = arena_array(a, p->cap, sizeof(*p->v));
    p->used = m->n;
    for (uint32_t i = 0; i < m->n; i++)
        p->v[i] = cel_map_at(a, m, i);
    if (p->cap > LINEAR_MAX) {
        p->n_slots = slots_for(p->cap);
        p->slots = arena_array(a, p->n_slots, sizeof(*p->slots));
        for (uint32_t i = 0; i < m->n; i++)
            slot_put(p->slots, p->n_slots, key_hash(p->v[i].key), i);
    }
    return p;
}

const struct cel_map *cel_map_insert(struct arena *a, const struct cel_map *m, struct cel_value key,
                                     struct cel_value value) {
    struct cel_map *larger = arena_dup(a, m, sizeof(*m));
    struct cel_pairs *p = pairs_with_space(a, m);
    larger->pairs = p;
    larger->n = m->n + 1;
    if (p->slots)
        slot_put(p->slots, p->n_slots, key_hash(key), p->used);
    p->v[p->used++] = (struct cel_pair){key, value};
    return larger;
}

const struct cel_map *cel_map_new(struct arena *a) {
    struct cel_map *m = arena_make(a, struct cel_map);
    m->pairs = arena_make(a, struct cel_pairs);
    return m;
}

/* ---- JSON ---- */

struct cel_value cel_of_json(struct arena *a, const struct value *v) {
    struct cel_list *list;
    struct cel_map *map;
    switch ((enum value_tag)v->tag) {
    case VALUE_BOOL:
        return cel_bool(v->b);
    case VALUE_INT:
        return cel_int(v->i);
    case VALUE_FLOAT:
        return (struct cel_value){.tag = CEL_V_DOUBLE, .d = v->f};
    case VALUE_STR:
        return cel_string(v->s);
    case VALUE_LIST:
        list = arena_make(a, struct cel_list);
        list->json = v->list.v;
        list->n = v->list.n;
        return (struct cel_value){.tag = CEL_V_LIST, .list = list};
    case VALUE_OBJECT:
        map = arena_make(a, struct cel_map);
        map->json = v->object.v;
        map->n = v->object.n;
        if (map->n > LINEAR_MAX)
            map->index = index_of(a, map->json, map->n);
        return (struct cel_value){.tag = CEL_V_MAP, .map = map};
    case VALUE_NULL:
    case VALUE_TAG_MAX:
        break;
    }
    return (struct cel_value){.tag = CEL_V_NULL};
}

static int list_to_json(struct arena *a, const struct cel_list *l, struct value *ret) {
    struct value v = {.tag = VALUE_LIST};
    v.list.n = l->n;
    v.list.v = arena_array(a, l->n + 1, sizeof(*v.list.v));
    for (uint32_t i = 0; i < l->n; i++) {
        struct cel_value x = cel_list_get(a, l, i);
        int r = cel_to_json(a, &x, &v.list.v[i]);
        if (r < 0)
            return r;
    }
    *ret = v;
    return 0;
}

static int map_to_json(struct arena *a, const struct cel_map *m, struct value *ret) {
    struct value v = {.tag = VALUE_OBJECT};
    v.object.n = m->n;
    v.object.v = arena_array(a, m->n + 1, sizeof(*v.object.v));
    for (uint32_t i = 0; i < m->n; i++) {
        struct cel_pair p = cel_map_at(a, m, i);
        int r =
            p.key.tag == CEL_V_STRING ? cel_to_json(a, &p.value, &v.object.v[i].value) : -EINVAL;
        if (r < 0)
            return r;
        v.object.v[i].key = p.key.s;
    }
    *ret = v;
    return 0;
}

int cel_to_json(struct arena *a, const struct cel_value *v, struct value *ret) {
    struct value r = {.tag = VALUE_NULL};
    if (v->tag == CEL_V_LIST)
        return list_to_json(a, v->list, ret);
    if (v->tag == CEL_V_MAP)
        return map_to_json(a, v->map, ret);
    if (v->tag == CEL_V_BOOL) {
        r.tag = VALUE_BOOL;
        r.b = v->b;
    } else if (v->tag == CEL_V_INT || (v->tag == CEL_V_UINT && v->u <= INT64_MAX)) {
        r.tag = VALUE_INT;
        r.i = v->i;
    } else if (v->tag == CEL_V_DOUBLE && isfinite(v->d)) {
        r.tag = VALUE_FLOAT;
        r.f = v->d;
    } else if (v->tag == CEL_V_STRING) {
        r.tag = VALUE_STR;
        r.s = v->s;
    } else if (v->tag != CEL_V_NULL) {
        return -EINVAL;
    }
    *ret = r;
    return 0;
}

/* ---- comparing ---- */

static bool is_number(struct cel_value v) {
    return v.tag == CEL_V_INT || v.tag == CEL_V_UINT || v.tag == CEL_V_DOUBLE;
}

static int sign_of(__int128 x, __int128 y) {
    return (x > y) - (x < y);
}

static __int128 whole(struct cel_value v) {
    return v.tag == CEL_V_UINT ? (__int128)v.u : (__int128)v.i;
}

/* An integer against a double, exactly. */
static int compare_mixed(__int128 i, double d) {
    if (d >= 2e19)
        return -1;
    if (d <= -2e19)
        return 1;
    if (i != (__int128)d)
        return sign_of(i, (__int128)d);
    return d > (double)(int64_t)0 + trunc(d) ? -1 : d < trunc(d) ? 1 : 0;
}

static bool compare_numbers(struct cel_value x, struct cel_value y, int *ret) {
    if ((x.tag == CEL_V_DOUBLE && isnan(x.d)) || (y.tag == CEL_V_DOUBLE && isnan(y.d)))
        return false;
    if (x.tag == CEL_V_DOUBLE && y.tag == CEL_V_DOUBLE)
        *ret = (x.d > y.d) - (x.d < y.d);
    else if (x.tag == CEL_V_DOUBLE)
        *ret = -compare_mixed(whole(y), x.d);
    else if (y.tag == CEL_V_DOUBLE)
        *ret = compare_mixed(whole(x), y.d);
    else
        *ret = sign_of(whole(x), whole(y));
    return true;
}

bool cel_compare(struct cel_value x, struct cel_value y, int *ret) {
    if (is_number(x) && is_number(y))
        return compare_numbers(x, y, ret);
    if (x.tag != y.tag)
        return false;
    if (x.tag == CEL_V_STRING || x.tag == CEL_V_BYTES) {
        int c = str_cmp(x.s, y.s);
        *ret = (c > 0) - (c < 0);
    } else if (x.tag == CEL_V_BOOL) {
        *ret = (int)x.b - (int)y.b;
    } else if (x.tag == CEL_V_DURATION) {
        *ret = sign_of(x.i, y.i);
    } else if (x.tag == CEL_V_TIMESTAMP) {
        *ret = x.i != y.i ? sign_of(x.i, y.i) : sign_of(x.ns, y.ns);
    } else {
        return false;
    }
    return true;
}

static bool lists_equal(struct arena *a, const struct cel_list *x, const struct cel_list *y) {
    if (x->n != y->n)
        return false;
    for (uint32_t i = 0; i < x->n; i++)
        if (!cel_equal(a, cel_list_get(a, x, i), cel_list_get(a, y, i)))
            return false;
    return true;
}

static bool maps_equal(struct arena *a, const struct cel_map *x, const struct cel_map *y) {
    if (x->n != y->n || (x->type && y->type && !cel_type_same(x->type, y->type, true)))
        return false;
    for (uint32_t i = 0; i < x->n; i++) {
        struct cel_pair p = cel_map_at(a, x, i);
        struct cel_value other;
        if (!cel_map_find(a, y, p.key, &other) || !cel_equal(a, p.value, other))
            return false;
    }
    return true;
}

bool cel_equal(struct arena *a, struct cel_value x, struct cel_value y) {
    int order;
    if (cel_compare(x, y, &order))
        return order == 0;
    if (x.tag != y.tag)
        return false;
    if (x.tag == CEL_V_LIST)
        return lists_equal(a, x.list, y.list);
    if (x.tag == CEL_V_MAP)
        return maps_equal(a, x.map, y.map);
    if (x.tag == CEL_V_TYPE)
        return strcmp(x.type->name, y.type->name) == 0;
    if (x.tag == CEL_V_OPTIONAL)
        return x.optional && y.optional ? cel_equal(a, *x.optional, *y.optional)
                                        : x.optional == y.optional;
    if (x.tag == CEL_V_OPAQUE)
        return cel_opaque_equal(x.opaque, y.opaque);
    return x.tag == CEL_V_NULL;
}

/* ---- what a value is ---- */

uint32_t cel_count_chars(str s) {
    uint32_t n = 0;
    for (size_t i = 0; i < s.n; n++)
        i += cel_char_len(str_slice(s, i, s.n));
    return n;
}

uint64_t cel_size(struct cel_value v) {
    if (v.tag == CEL_V_STRING)
        return cel_count_chars(v.s);
    if (v.tag == CEL_V_BYTES)
        return v.s.n;
    if (v.tag == CEL_V_LIST)
        return v.list->n;
    if (v.tag == CEL_V_MAP)
        return v.map->n;
    if (v.tag == CEL_V_OPTIONAL && v.optional)
        return cel_size(*v.optional);
    return 1;
}

const struct cel_type *cel_type_of(struct arena *a, struct cel_value v) {
    static const struct cel_type *const types[CEL_V_MAX] = {
        [CEL_V_NULL] = &cel_type_null,         [CEL_V_BOOL] = &cel_type_bool,
        [CEL_V_INT] = &cel_type_int,           [CEL_V_UINT] = &cel_type_uint,
        [CEL_V_DOUBLE] = &cel_type_double,     [CEL_V_STRING] = &cel_type_string,
        [CEL_V_BYTES] = &cel_type_bytes,       [CEL_V_LIST] = &cel_type_list_dyn,
        [CEL_V_MAP] = &cel_type_map_dyn,       [CEL_V_TIMESTAMP] = &cel_type_timestamp,
        [CEL_V_DURATION] = &cel_type_duration, [CEL_V_TYPE] = &cel_type_type,
        [CEL_V_ERROR] = &cel_type_error,
    };
    if (v.tag == CEL_V_OPAQUE)
        return v.opaque->type;
    if (v.tag == CEL_V_MAP && v.map->type)
        return v.map->type;
    if (v.tag == CEL_V_OPTIONAL)
        return cel_type_optional(a, &cel_type_dyn);
    return types[v.tag];
}
