// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"
#include "base/env.h"
#include "base/fault.h"
#include "base/heap.h"
#include "base/map.h"
#include "base/vec.h"
#include "tap.h"

TEST(arena_gives_disjoint_aligned_memory) {
    struct env_sim sim;
    env_sim_init(&sim, tap_seed());
    struct arena a;
    arena_init(&a, 0);
    struct {
        unsigned char *p;
        size_t n;
    } got[400];
    for (size_t i = 0; i < ARRAY_LEN(got); i++) {
        got[i].n = env_random_below(&sim.env, i % 50 ? 300 : 200000);
        got[i].p = arena_alloc(&a, got[i].n);
        CHECK_INT((uintptr_t)got[i].p % 8, 0);
        memset(got[i].p, (int)(i & 0xff), got[i].n);
    }
    for (size_t i = 0; i < ARRAY_LEN(got); i++)
        for (size_t j = 0; j < got[i].n; j++)
            REQUIRE(got[i].p[j] == (i & 0xff));
    arena_done(&a);
    env_sim_done(&sim);
}

TEST(arena_grows_in_place) {
    struct arena a;
    arena_init(&a, 0);
    char *p = arena_alloc(&a, 10);
    memcpy(p, "123456789", 10);
    CHECK(arena_grow(&a, p, 10, 300) == p);
    arena_alloc(&a, 1);
    char *q = arena_grow(&a, p, 300, 400);
    CHECK(q != p);
    CHECK_STRC(str_of(q), "123456789");
    CHECK(arena_grow(&a, NULL, 0, 8) != NULL);
    arena_done(&a);
}

TEST(arena_limit_and_reset) {
    struct arena a;
    arena_init(&a, 4096);
    CHECK(!arena_over(&a));
    arena_alloc(&a, 100);
    CHECK(!arena_over(&a));
    arena_alloc(&a, 100000);
    CHECK(arena_over(&a));
    arena_reset(&a);
    arena_done(&a);
    CHECK_INT(a.taken, 0);
    CHECK_INT(a.limit, 4096);
    char *p = arena_zalloc(&a, 64);
    CHECK_INT(p[63], 0);
    memset(p, 1, 64);
    arena_reset(&a);
    p = arena_zalloc(&a, 64);
    CHECK_INT(p[63], 0);
    CHECK(!arena_over(&a));
    arena_done(&a);
}

/* Against a plain array, with removals from the middle. */
TEST(heap_against_model) {
    struct env_sim sim;
    env_sim_init(&sim, tap_seed());
    struct heap h = {0};
    struct heap_node nodes[200] = {0};
    for (int step = 0; step < 20000; step++) {
        struct heap_node *n = &nodes[env_random_below(&sim.env, ARRAY_LEN(nodes))];
        if (heap_has(n))
            heap_remove(&h, n);
        else
            heap_push(&h, n, (int64_t)env_random_below(&sim.env, 50));
        if (step % 100 == 0)
            REQUIRE(heap_ok(&h));
        struct heap_node *least = NULL;
        uint32_t count = 0;
        for (size_t i = 0; i < ARRAY_LEN(nodes); i++) {
            if (!heap_has(&nodes[i]))
                continue;
            count++;
            if (!least || nodes[i].at < least->at ||
                (nodes[i].at == least->at && nodes[i].seq < least->seq))
                least = &nodes[i];
        }
        REQUIRE(heap_min(&h) == least && h.n == count);
    }
    heap_done(&h);
    CHECK(!heap_has(&nodes[0]));
    env_sim_done(&sim);
}

/* Values are 1 + key number; the model is an array of what should be there. */
TEST(map_against_model) {
    struct env_sim sim;
    env_sim_init(&sim, tap_seed());
    static char values[500];
    void *model[ARRAY_LEN(values)] = {0};
    struct map m;
    map_init(&m, sim.rng);
    for (int step = 0; step < 50000; step++) {
        size_t k = env_random_below(&sim.env, ARRAY_LEN(values));
        char key[32];
        int n = snprintf(key, sizeof(key), "key-%zu", k);
        str s = str_n(key, k ? (size_t)n : 0);
        switch (env_random_below(&sim.env, 3)) {
        case 0:
            REQUIRE(map_put(&m, s, &values[k]) == model[k]);
            model[k] = &values[k];
            break;
        case 1:
            REQUIRE(map_del(&m, s) == model[k]);
            model[k] = NULL;
            break;
        default:
            REQUIRE(map_get(&m, s) == model[k]);
        }
        if (step % 500 == 0 && m.n_entries)
            REQUIRE(map_ok(&m));
    }
    uint32_t n = 0;
    MAP_FOREACH (it, &m) {
        REQUIRE(model[(char *)it->value - values] == it->value);
        n++;
    }
    CHECK_INT(n, m.n);
    map_done(&m);
    env_sim_done(&sim);
}

TEST(map_keeps_order_of_insertion) {
    struct map m;
    map_init(&m, NULL);
    char key[2] = "a";
    for (; key[0] <= 'z'; key[0]++)
        map_put(&m, str_of(key), &m);
    MAP_FOREACH (it, &m)
        if (it->key.p[0] % 2)
            map_del(&m, it->key);
    char seen[32] = "";
    map_put(&m, STR("a"), &m);
    MAP_FOREACH (it, &m)
        strncat(seen, it->key.p, 1);
    CHECK_STRC(str_of(seen), "bdfhjlnprtvxza");
    map_done(&m);
}

/* Vectors of CPython's SipHash-1-3 under a zero key. */
TEST(siphash_vectors) {
    static const struct {
        size_t n;
        uint64_t hash;
    } cases[] = {
        {1, 0x68a914128e01e473u},  {7, 0x2f098ab0c751325au},  {8, 0xead411e67ebe2eeau},
        {15, 0xf30eb725bb91c9eau}, {16, 0x8972188433a5c5b7u}, {40, 0x95bc321ab41d8206u},
    };
    unsigned char bytes[64];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)i;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CHECK_INT(siphash((const uint64_t[2]){0, 0}, bytes, cases[i].n), cases[i].hash);
    CHECK(siphash((const uint64_t[2]){0, 1}, bytes, 8) != cases[2].hash);
    CHECK(hash64(bytes, 8) != hash64(bytes, 9));
}

TEST(fault_counts) {
    struct fault f = {.countdown = 2, .repeat = 2, .error = -EIO};
    int got[6];
    for (int i = 0; i < 6; i++)
        got[i] = fault_hit(&f);
    const int want[] = {0, 0, -EIO, -EIO, 0, 0};
    CHECK(memcmp(got, want, sizeof(want)) == 0);
    f = FAULT_NONE;
    CHECK_INT(fault_hit(&f), 0);
}
