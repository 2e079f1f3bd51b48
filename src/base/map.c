// SPDX-License-Identifier: Apache-2.0
/* Entries lie in one array in order of insertion; an open-addressed table of indices finds them.
 * A removed entry keeps its place and its slot as a tombstone until the next rebuild, so a removal
 * moves nothing and may happen while a loop walks the entries. */
#include "base/map.h"

#include <stdlib.h>

#define MAP_MIN_ENTRIES 8

void map_init(struct map *m, const uint64_t seed[2]) {
    *m = (struct map){.seed = {0x436f787377616921u, 0x6b75626572}};
    if (seed)
        memcpy(m->seed, seed, sizeof(m->seed));
}

static char *key_memory(struct map_entry *e) {
    return (char *)(uintptr_t)e->key.p;
}

void map_done(struct map *m) {
    for (uint32_t i = 0; i < m->n_entries; i++)
        free(key_memory(&m->entries[i]));
    free(m->entries);
    free(m->slots);
    map_init(m, (const uint64_t[2]){m->seed[0], m->seed[1]});
}

static struct map_entry *find(const struct map *m, str key, uint64_t hash) {
    if (!m->n)
        return NULL;
    uint32_t mask = m->n_slots - 1;
    for (uint32_t i = (uint32_t)hash & mask; m->slots[i]; i = (i + 1) & mask) {
        struct map_entry *e = &m->entries[m->slots[i] - 1];
        if (e->hash == hash && e->key.p && str_eq(e->key, key))
            return e;
    }
    return NULL;
}

static void link_entry(struct map *m, uint32_t index) {
    uint32_t mask = m->n_slots - 1;
    uint32_t i = (uint32_t)m->entries[index].hash & mask;
    while (m->slots[i])
        i = (i + 1) & mask;
    m->slots[i] = index + 1;
}

/* Closes the gaps, makes room for as many again as are live, and hashes anew. At most half of the
 * slots are ever taken, tombstones included. */
static void rebuild(struct map *m) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->n_entries; i++)
        if (m->entries[i].key.p)
            m->entries[n++] = m->entries[i];
    ASSERT(n == m->n && n < UINT32_MAX / 8);
    uint32_t cap = MAP_MIN_ENTRIES;
    while (cap < n + n / 2 + 1)
        cap *= 2;
    m->n_entries = n;
    m->cap_entries = cap;
    m->entries = xrealloc(m->entries, cap * sizeof(*m->entries));
    free(m->slots);
    m->n_slots = cap * 2;
    m->slots = xcalloc(m->n_slots, sizeof(*m->slots));
    for (uint32_t i = 0; i < n; i++)
        link_entry(m, i);
}

void *map_get(const struct map *m, str key) {
    struct map_entry *e = m->n ? find(m, key, siphash(m->seed, key.p, key.n)) : NULL;
    return e ? e->value : NULL;
}

void *map_put(struct map *m, str key, void *value) {
    ASSERT(value);
    uint64_t hash = siphash(m->seed, key.p, key.n);
    struct map_entry *e = find(m, key, hash);
    if (e) {
        void *old = e->value;
        e->value = value;
        return old;
    }
    if (m->n_entries == m->cap_entries)
        rebuild(m);
    m->entries[m->n_entries] =
        (struct map_entry){str_n(xstrndup(key.p, key.n), key.n), value, hash};
    link_entry(m, m->n_entries++);
    m->n++;
    return NULL;
}

void *map_del(struct map *m, str key) {
    struct map_entry *e = find(m, key, siphash(m->seed, key.p, key.n));
    if (!e)
        return NULL;
    void *old = e->value;
    free(key_memory(e));
    e->key = STR_NONE;
    e->value = NULL;
    m->n--;
    return old;
}

bool map_ok(const struct map *m) {
    uint32_t live = 0;
    for (uint32_t i = 0; i < m->n_entries; i++) {
        const struct map_entry *e = &m->entries[i];
        if (!e->key.p)
            continue;
        live++;
        if (find(m, e->key, e->hash) != e)
            return false;
    }
    return live == m->n && m->n_entries <= m->cap_entries && m->n_slots == 2 * m->cap_entries;
}
