// SPDX-License-Identifier: Apache-2.0
/* The ordered tree of one resource: a B+tree of objects by key, path-copying, with subtree counts.
 *
 * A pin holds the tree as it was after some revision. While a pin lives, nodes and objects that it
 * can see are neither changed nor freed; what no pin sees is changed in place and freed at once.
 * `created` of a node is the revision of the write that made it, an object has its own revision,
 * and a pin sees exactly those that are not younger than itself.
 *
 * One thread. The tree owns one reference of each object in it. */
#pragma once

#include "api/object.h"
#include "base/list.h"
#include "base/vec.h"

#define BTREE_FANOUT     32
#define BTREE_HEIGHT_MAX 16

struct btree_node;

struct btree_pin {
    struct list node; /* in btree.pins, oldest first */
    struct btree *tree;
    struct btree_node *root;
    uint64_t revision;
    uint32_t refs;
    /* What went out of the tree while this was its newest pin, and this pin sees. */
    VEC(struct btree_node *) nodes;
    VEC(struct object *) objects;
};

struct btree {
    struct btree_node *root;
    uint64_t revision; /* of the last write */
    struct list pins;
    struct btree_pin *base;   /* a fork: the pin below it */
    VEC(struct object *) own; /* a fork: references to what was put into it */
};

void btree_init(struct btree *t, uint64_t revision);
void btree_done(struct btree *t); /* no pin may be left */
uint64_t btree_count(const struct btree *t);
struct object *btree_get(const struct btree *t, str key); /* borrowed, or NULL */
/* Puts o under its key as the write with this revision (which never goes down). Takes a reference
 * of its own. *ret_previous (may be NULL) gets a reference, or NULL. */
void btree_put(struct btree *t, struct object *o, uint64_t revision, struct object **ret_previous);
/* False when the key is not there. */
bool btree_delete(struct btree *t, str key, uint64_t revision, struct object **ret_previous);

struct btree_pin *btree_pin(struct btree *t);
struct btree_pin *btree_unpin(struct btree_pin *p);

/* A changeable tree that starts as the pin and leaves it alone; it holds the pin. For undoing. */
void btree_fork(struct btree *t, struct btree_pin *base);

/* Where something stands between keys. */
enum btree_side {
    BTREE_BEFORE, /* left of key itself */
    BTREE_AFTER,  /* right behind key */
    BTREE_PAST,   /* behind all keys that start with key */
};

struct btree_iter {
    const struct btree_node *nodes[BTREE_HEIGHT_MAX];
    uint8_t at[BTREE_HEIGHT_MAX];
    unsigned depth; /* levels in use, 0: at the end */
};
/* First object behind the place, or NULL; the root of a tree or of a pin. */
const struct object *btree_seek(struct btree_iter *it, const struct btree_node *root, str key,
                                enum btree_side side);
const struct object *btree_next(struct btree_iter *it);
/* How many objects stand before the place. */
uint64_t btree_rank(const struct btree_node *root, str key, enum btree_side side);

/* Invariants, for tests: order, counts, separators, depth. */
bool btree_ok(const struct btree *t);
/* Bytes of the nodes of the newest tree. */
size_t btree_bytes(const struct btree *t);
