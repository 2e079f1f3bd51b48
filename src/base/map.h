// SPDX-License-Identifier: Apache-2.0
/* map: bytes -> pointer, hashed with SipHash under a key given at start (names come from
 * outsiders). Iteration is in order of insertion (a removed place is filled by none until the next
 * rebuild), so it never depends on addresses. Keys are copied. One thread. */
#pragma once

#include "base/str.h"

struct map_entry {
    str key; /* key.p == NULL: removed */
    void *value;
    uint64_t hash;
};

struct map {
    struct map_entry *entries;
    uint32_t n_entries, cap_entries; /* with removed ones */
    uint32_t *slots;                 /* index + 1, 0 = free */
    uint32_t n_slots;
    uint32_t n; /* live */
    uint64_t seed[2];
};

void map_init(struct map *m, const uint64_t seed[2]); /* seed NULL: a fixed one */
void map_done(struct map *m);                         /* values are the caller's */
void *map_get(const struct map *m, str key);          /* NULL when absent */
/* Returns the old value or NULL. value must not be NULL. */
void *map_put(struct map *m, str key, void *value);
void *map_del(struct map *m, str key); /* the value that was there, or NULL */
bool map_ok(const struct map *m);      /* for tests: counts agree, every key is found */
#define MAP_FOREACH(it, m)                                                                         \
    for (struct map_entry *it = (m)->entries; it && it < (m)->entries + (m)->n_entries; it++)      \
        if (it->key.p)

uint64_t siphash(const uint64_t seed[2], const void *p, size_t n);
uint64_t hash64(const void *p, size_t n); /* fast, for data of our own (xxhash) */
