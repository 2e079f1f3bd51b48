// SPDX-License-Identifier: Apache-2.0
#include "store/btree.h"

#include "base/env.h"
#include "objects.h"
#include "tap.h"

#define KEYS     400
#define PINS_MAX 6

/* The model: what stands under each key, by number; NULL: nothing. Keys sort as their numbers. */
struct model {
    struct object *v[KEYS];
};

static struct object *numbered(unsigned i, uint64_t revision) {
    char name[16];
    snprintf(name, sizeof(name), "n%05u", i);
    struct object *o = config_map(i % 2 ? "odd" : "even", name, revision);
    o->revision = revision;
    return o;
}

/* Keys of even numbers stand before those of odd ones. */
static unsigned nth(unsigned i) {
    return i < KEYS / 2 ? i * 2 : (i - KEYS / 2) * 2 + 1;
}

static uint64_t model_count(const struct model *m) {
    uint64_t n = 0;
    for (unsigned i = 0; i < KEYS; i++)
        n += m->v[i] != NULL;
    return n;
}

static void check_same(const struct btree_node *root, const struct model *m) {
    struct btree_iter it;
    const struct object *o = btree_seek(&it, root, STR(""), BTREE_BEFORE);
    for (unsigned i = 0; i < KEYS; i++) {
        const struct object *want = m->v[nth(i)];
        if (!want)
            continue;
        if (o != want) {
            tap_fail(__FILE__, __LINE__, "key %u differs", nth(i));
            return;
        }
        o = btree_next(&it);
    }
    CHECK(o == NULL);
}

static void check_places(struct env *env, const struct btree_node *root, const struct model *m) {
    unsigned at = (unsigned)env_random_below(env, KEYS);
    struct object *o CLEANUP(object_unrefp) = numbered(nth(at), 1);
    uint64_t before = 0;
    for (unsigned i = 0; i < at; i++)
        before += m->v[nth(i)] != NULL;
    uint64_t with = before + (m->v[nth(at)] != NULL);
    CHECK_INT(btree_rank(root, o->key, BTREE_BEFORE), before);
    CHECK_INT(btree_rank(root, o->key, BTREE_AFTER), with);
    CHECK_INT(btree_rank(root, o->key, BTREE_PAST), with);
    struct btree_iter it;
    const struct object *got = btree_seek(&it, root, o->key, BTREE_AFTER), *want = NULL;
    for (unsigned i = at + 1; i < KEYS && !want; i++)
        want = m->v[nth(i)];
    CHECK(got == want);
}

struct run {
    struct env_sim sim;
    struct btree tree;
    struct model now, pinned[PINS_MAX];
    struct btree_pin *pins[PINS_MAX];
    uint64_t revision;
};

static void change(struct run *r, unsigned bias) {
    struct env *env = &r->sim.env;
    unsigned i = (unsigned)env_random_below(env, KEYS);
    struct object *previous = NULL, *had = r->now.v[i];
    r->revision++;
    if (env_random_below(env, 100) < bias) {
        struct object *o = numbered(i, r->revision);
        btree_put(&r->tree, o, r->revision, &previous);
        object_unref(o); /* the tree has its own reference */
        r->now.v[i] = o;
    } else {
        struct object *o CLEANUP(object_unrefp) = numbered(i, 1);
        CHECK_INT(btree_delete(&r->tree, o->key, r->revision, &previous), had != NULL);
        r->now.v[i] = NULL;
    }
    CHECK(previous == had);
    object_unref(previous);
}

static void pin_or_unpin(struct run *r) {
    unsigned i = (unsigned)env_random_below(&r->sim.env, PINS_MAX);
    if (r->pins[i]) {
        check_same(r->pins[i]->root, &r->pinned[i]);
        r->pins[i] = btree_unpin(r->pins[i]);
    } else {
        r->pins[i] = btree_pin(&r->tree);
        r->pinned[i] = r->now;
    }
}

/* Pins must still show what they showed, and under the address sanitiser everything must be freed
 * in the end, once. */
static void random_run(uint64_t seed) {
    struct run r = {0};
    env_sim_init(&r.sim, seed);
    btree_init(&r.tree, 0);
    for (unsigned i = 0; i < 3000; i++) {
        change(&r, (i / 500) % 2 ? 25 : 75);
        if (i % 16 == 0)
            pin_or_unpin(&r);
        if (i % 64 == 0) {
            CHECK(btree_ok(&r.tree));
            CHECK_INT(btree_count(&r.tree), model_count(&r.now));
            check_same(r.tree.root, &r.now);
            check_places(&r.sim.env, r.tree.root, &r.now);
        }
    }
    for (unsigned i = 0; i < PINS_MAX; i++) {
        if (r.pins[i])
            check_same(r.pins[i]->root, &r.pinned[i]);
        btree_unpin(r.pins[i]);
    }
    btree_done(&r.tree);
    env_sim_done(&r.sim);
}

TEST(btree_is_as_the_sorted_array) {
    for (uint64_t i = 0; i < 20; i++)
        random_run(tap_seed() + i);
}

TEST(btree_fork_leaves_its_pin_alone) {
    struct run r = {0};
    env_sim_init(&r.sim, tap_seed());
    btree_init(&r.tree, 0);
    for (unsigned i = 0; i < 500; i++)
        change(&r, 80);
    struct model before = r.now;
    struct btree_pin *pin = btree_pin(&r.tree);
    struct btree fork;
    btree_fork(&fork, pin);
    for (unsigned i = 0; i < KEYS; i += 3) {
        struct object *o CLEANUP(object_unrefp) = numbered(i, 1);
        if (i % 2)
            btree_put(&fork, o, 1, NULL);
        else
            btree_delete(&fork, o->key, 1, NULL);
    }
    CHECK(btree_ok(&fork));
    CHECK(btree_count(&fork) != btree_count(&r.tree));
    for (unsigned i = 0; i < 200; i++)
        change(&r, 50);
    check_same(pin->root, &before);
    btree_unpin(pin);
    btree_done(&fork);
    check_same(r.tree.root, &r.now);
    btree_done(&r.tree);
    env_sim_done(&r.sim);
}

TEST(btree_of_nothing) {
    struct btree t;
    struct btree_iter it;
    btree_init(&t, 5);
    CHECK(btree_get(&t, STR("/a")) == NULL);
    CHECK(btree_seek(&it, t.root, STR(""), BTREE_BEFORE) == NULL);
    CHECK(btree_next(&it) == NULL);
    CHECK_INT(btree_rank(t.root, STR("/a"), BTREE_PAST), 0);
    struct btree_pin *p = btree_pin(&t);
    struct object *o CLEANUP(object_unrefp) = numbered(1, 6);
    btree_put(&t, o, 6, NULL);
    CHECK(p->root == NULL);
    btree_unpin(p);
    CHECK(btree_delete(&t, o->key, 7, NULL));
    CHECK(t.root == NULL);
    btree_done(&t);
}

/* Names that come in order, as a load brings them, must fill their nodes. */
TEST(btree_in_order_is_dense) {
    struct btree t;
    enum { N = 20000 };
    btree_init(&t, 0);
    for (unsigned i = 0; i < N; i++) {
        struct object *o CLEANUP(object_unrefp) = numbered(i * 2, 1);
        btree_put(&t, o, 1, NULL);
    }
    CHECK(btree_ok(&t));
    CHECK_INT(btree_count(&t), N);
    CHECK(btree_bytes(&t) < (size_t)N * 12);
    tap_diag("%.1f bytes of nodes an object", (double)btree_bytes(&t) / N);
    btree_done(&t);
}
