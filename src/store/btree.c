// SPDX-License-Identifier: Apache-2.0
/* Path copying with exact reclamation.
 *
 * A write copies the nodes from the root to its leaf, but only those that a living pin can see; the
 * others it changes in place. So a store nobody is listing copies nothing, and a long list makes
 * each node be copied once, not once a write.
 *
 * What leaves the tree while a pin can see it goes onto the garbage list of the newest pin. When a
 * pin ends, each piece of its garbage is either visible to the next older pin, and moves there, or
 * to nobody, and is freed. (The same bookkeeping as snapshots of copy-on-write file systems.)
 *
 * Inner nodes keep no keys of their own: a separator is the first object below the child. Every
 * change of a leaf rewrites the path above it, so a separator never outlives its object. */
#include "store/btree.h"

#include <stdlib.h>

/* Nodes of a fork: younger than any pin, so always changed in place. */
#define FORK_REVISION UINT64_MAX
#define MERGE_BELOW   (BTREE_FANOUT / 4)
#define MERGE_MAX     (BTREE_FANOUT * 3 / 4)

struct btree_node {
    uint64_t created;
    uint16_t n;
    bool leaf;
};

struct leaf {
    struct btree_node head;
    struct object *o[BTREE_FANOUT];
};

struct inner {
    struct btree_node head;
    struct btree_node *child[BTREE_FANOUT];
    const struct object *min[BTREE_FANOUT];
    uint32_t count[BTREE_FANOUT];
};

static struct leaf *as_leaf(struct btree_node *n) {
    return (struct leaf *)n;
}
static struct inner *as_inner(struct btree_node *n) {
    return (struct inner *)n;
}
static const struct leaf *c_leaf(const struct btree_node *n) {
    return (const struct leaf *)n;
}
static const struct inner *c_inner(const struct btree_node *n) {
    return (const struct inner *)n;
}

static size_t node_size(const struct btree_node *n) {
    return n->leaf ? sizeof(struct leaf) : sizeof(struct inner);
}

static const struct object *node_min(const struct btree_node *n) {
    return n->leaf ? c_leaf(n)->o[0] : c_inner(n)->min[0];
}

static uint32_t node_count(const struct btree_node *n) {
    if (n->leaf)
        return n->n;
    uint32_t sum = 0;
    for (unsigned i = 0; i < n->n; i++)
        sum += c_inner(n)->count[i];
    return sum;
}

/* ---- searching ---- */

static bool stands_left(const struct object *o, str key, enum btree_side side) {
    int c = str_cmp(o->key, key);
    switch (side) {
    case BTREE_BEFORE:
        return c < 0;
    case BTREE_AFTER:
        return c <= 0;
    case BTREE_PAST:
        return c < 0 || str_starts(o->key, key);
    }
    return false;
}

/* How many of the node's first entries (or separators) stand left of the place. */
static unsigned count_left(const struct btree_node *n, str key, enum btree_side side) {
    unsigned lo = 0, hi = n->n;
    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;
        const struct object *o = n->leaf ? c_leaf(n)->o[mid] : c_inner(n)->min[mid];
        if (stands_left(o, key, side))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* The child in which the place is. */
static unsigned child_at(const struct btree_node *n, str key, enum btree_side side) {
    unsigned left = count_left(n, key, side);
    return left ? left - 1 : 0;
}

struct object *btree_get(const struct btree *t, str key) {
    const struct btree_node *n = t->root;
    while (n && !n->leaf)
        n = c_inner(n)->child[child_at(n, key, BTREE_AFTER)];
    if (!n)
        return NULL;
    unsigned i = count_left(n, key, BTREE_BEFORE);
    if (i < n->n && str_eq(c_leaf(n)->o[i]->key, key))
        return c_leaf(n)->o[i];
    return NULL;
}

uint64_t btree_count(const struct btree *t) {
    return t->root ? node_count(t->root) : 0;
}

uint64_t btree_rank(const struct btree_node *n, str key, enum btree_side side) {
    uint64_t rank = 0;
    while (n && !n->leaf) {
        unsigned at = child_at(n, key, side);
        for (unsigned i = 0; i < at; i++)
            rank += c_inner(n)->count[i];
        n = c_inner(n)->child[at];
    }
    return n ? rank + count_left(n, key, side) : 0;
}

/* The iterator stands on a place of its lowest level; moves up and down until that is an entry. */
static const struct object *iter_settle(struct btree_iter *it) {
    while (it->depth) {
        const struct btree_node *n = it->nodes[it->depth - 1];
        unsigned at = it->at[it->depth - 1];
        if (at >= n->n) {
            if (--it->depth)
                it->at[it->depth - 1]++;
            continue;
        }
        if (n->leaf)
            return c_leaf(n)->o[at];
        ASSERT(it->depth < BTREE_HEIGHT_MAX);
        it->nodes[it->depth] = c_inner(n)->child[at];
        it->at[it->depth++] = 0;
    }
    return NULL;
}

const struct object *btree_seek(struct btree_iter *it, const struct btree_node *root, str key,
                                enum btree_side side) {
    it->depth = 0;
    for (const struct btree_node *n = root; n;) {
        ASSERT(it->depth < BTREE_HEIGHT_MAX);
        unsigned at = n->leaf ? count_left(n, key, side) : child_at(n, key, side);
        it->nodes[it->depth] = n;
        it->at[it->depth++] = at;
        n = n->leaf ? NULL : c_inner(n)->child[at];
    }
    return iter_settle(it);
}

const struct object *btree_next(struct btree_iter *it) {
    if (!it->depth)
        return NULL;
    it->at[it->depth - 1]++;
    return iter_settle(it);
}

/* ---- nodes and their end ---- */

static struct btree_pin *newest_pin(const struct btree *t) {
    return list_empty(&t->pins) ? NULL : container_of(t->pins.prev, struct btree_pin, node);
}

/* Whether a living pin (for a fork: the pin below) can see what was made at this revision. */
static bool is_seen(const struct btree *t, uint64_t created) {
    if (t->base)
        return created != FORK_REVISION;
    const struct btree_pin *p = newest_pin(t);
    return p && created <= p->revision;
}

static void *node_new(const struct btree *t, bool leaf) {
    struct btree_node *n = xcalloc(1, leaf ? sizeof(struct leaf) : sizeof(struct inner));
    n->created = t->base ? FORK_REVISION : t->revision;
    n->leaf = leaf;
    return n;
}

static void retire_node(struct btree *t, struct btree_node *n) {
    if (!is_seen(t, n->created))
        free(n);
    else if (!t->base)
        *vec_push(&newest_pin(t)->nodes) = n;
}

static void retire_object(struct btree *t, struct object *o) {
    if (t->base)
        return; /* the pin's, or in t->own until the end */
    if (is_seen(t, o->revision))
        *vec_push(&newest_pin(t)->objects) = o;
    else
        object_unref(o);
}

/* The node itself, or a copy that may be changed in its place. */
static struct btree_node *writable(struct btree *t, struct btree_node *n) {
    if (!is_seen(t, n->created))
        return n;
    struct btree_node *copy = node_new(t, n->leaf);
    uint64_t created = copy->created;
    memcpy(copy, n, node_size(n));
    copy->created = created;
    retire_node(t, n);
    return copy;
}

static void free_tree(struct btree_node *n, bool fork) {
    if (!n || (fork && n->created != FORK_REVISION))
        return;
    for (unsigned i = 0; i < n->n; i++)
        if (!n->leaf)
            free_tree(as_inner(n)->child[i], fork);
        else if (!fork)
            object_unref(as_leaf(n)->o[i]);
    free(n);
}

void btree_init(struct btree *t, uint64_t revision) {
    *t = (struct btree){.revision = revision};
    list_init(&t->pins);
}

void btree_done(struct btree *t) {
    ASSERT(list_empty(&t->pins));
    free_tree(t->root, t->base != NULL);
    t->root = NULL;
    VEC_FOREACH (o, &t->own)
        object_unref(*o);
    vec_done(&t->own);
    t->base = btree_unpin(t->base);
}

/* ---- pins ---- */

struct btree_pin *btree_pin(struct btree *t) {
    struct btree_pin *p = newest_pin(t);
    if (p && p->revision == t->revision) {
        p->refs++;
        return p;
    }
    p = xcalloc(1, sizeof(*p));
    p->tree = t;
    p->root = t->root;
    p->revision = t->revision;
    p->refs = 1;
    list_append(&t->pins, &p->node);
    return p;
}

struct btree_pin *btree_unpin(struct btree_pin *p) {
    if (!p || --p->refs)
        return NULL;
    struct btree_pin *older =
        p->node.prev == &p->tree->pins ? NULL : container_of(p->node.prev, struct btree_pin, node);
    list_remove(&p->node);
    VEC_FOREACH (n, &p->nodes)
        if (older && (*n)->created <= older->revision)
            *vec_push(&older->nodes) = *n;
        else
            free(*n);
    VEC_FOREACH (o, &p->objects)
        if (older && (*o)->revision <= older->revision)
            *vec_push(&older->objects) = *o;
        else
            object_unref(*o);
    vec_done(&p->nodes);
    vec_done(&p->objects);
    free(p);
    return NULL;
}

void btree_fork(struct btree *t, struct btree_pin *base) {
    btree_init(t, base->revision);
    base->refs++;
    t->base = base;
    t->root = base->root;
}

/* ---- put ---- */

/* What became of a node: itself (or its copy), and a right neighbour when it was split. */
struct grown {
    struct btree_node *self, *right;
};

/* Moves the upper part of a full node into a new one. Appending keeps the left one full: keys that
 * arrive in order (a load, numbered names) then fill their nodes. */
static struct btree_node *split(struct btree *t, struct btree_node *n, unsigned at) {
    unsigned keep = at == BTREE_FANOUT ? BTREE_FANOUT - 1 : BTREE_FANOUT / 2, move = n->n - keep;
    struct btree_node *r = node_new(t, n->leaf);
    if (n->leaf) {
        memcpy(as_leaf(r)->o, as_leaf(n)->o + keep, move * sizeof(struct object *));
    } else {
        memcpy(as_inner(r)->child, as_inner(n)->child + keep, move * sizeof(struct btree_node *));
        memcpy(as_inner(r)->min, as_inner(n)->min + keep, move * sizeof(struct object *));
        memcpy(as_inner(r)->count, as_inner(n)->count + keep, move * sizeof(uint32_t));
    }
    r->n = move;
    n->n = keep;
    return r;
}

#define SHIFT(array, at, n, by)                                                                    \
    memmove((array) + (at) + MAX(by, 0), (array) + (at)-MIN(by, 0),                                \
            ((n) - (at) + MIN(by, 0)) * sizeof(*(array)))

static void inner_set(struct inner *n, unsigned at, struct btree_node *child) {
    n->child[at] = child;
    n->min[at] = node_min(child);
    n->count[at] = node_count(child);
}

static void inner_insert(struct inner *n, unsigned at, struct btree_node *child) {
    SHIFT(n->child, at, n->head.n, 1);
    SHIFT(n->min, at, n->head.n, 1);
    SHIFT(n->count, at, n->head.n, 1);
    n->head.n++;
    inner_set(n, at, child);
}

static void inner_remove(struct inner *n, unsigned at) {
    SHIFT(n->child, at, n->head.n, -1);
    SHIFT(n->min, at, n->head.n, -1);
    SHIFT(n->count, at, n->head.n, -1);
    n->head.n--;
}

static struct grown leaf_put(struct btree *t, struct btree_node *n, struct object *o,
                             struct object **previous) {
    unsigned at = count_left(n, o->key, BTREE_BEFORE);
    struct grown g = {.self = writable(t, n)};
    struct leaf *l = as_leaf(g.self);
    if (at < l->head.n && str_eq(l->o[at]->key, o->key)) {
        *previous = l->o[at];
        l->o[at] = o;
        return g;
    }
    if (l->head.n == BTREE_FANOUT) {
        g.right = split(t, g.self, at);
        if (at > l->head.n) {
            at -= l->head.n;
            l = as_leaf(g.right);
        }
    }
    SHIFT(l->o, at, l->head.n, 1);
    l->o[at] = o;
    l->head.n++;
    return g;
}

static struct grown node_put(struct btree *t, struct btree_node *n, struct object *o,
                             struct object **previous) {
    if (n->leaf)
        return leaf_put(t, n, o, previous);
    unsigned at = child_at(n, o->key, BTREE_AFTER);
    struct grown below = node_put(t, as_inner(n)->child[at], o, previous);
    struct grown g = {.self = writable(t, n)};
    struct inner *in = as_inner(g.self);
    inner_set(in, at, below.self);
    if (!below.right)
        return g;
    at++;
    if (in->head.n == BTREE_FANOUT) {
        g.right = split(t, g.self, at);
        if (at > in->head.n) {
            at -= in->head.n;
            in = as_inner(g.right);
        }
    }
    inner_insert(in, at, below.right);
    return g;
}

/* The tree's reference ends or becomes a pin's garbage; the caller may want one. */
static void hand_back(struct btree *t, struct object *previous, struct object **ret) {
    if (ret)
        *ret = previous ? object_ref(previous) : NULL;
    if (previous)
        retire_object(t, previous);
}

void btree_put(struct btree *t, struct object *o, uint64_t revision, struct object **ret_previous) {
    ASSERT(t->base || revision >= t->revision);
    struct object *previous = NULL;
    t->revision = revision;
    object_ref(o);
    if (t->base)
        *vec_push(&t->own) = o;
    if (!t->root)
        t->root = node_new(t, true);
    struct grown g = node_put(t, t->root, o, &previous);
    t->root = g.self;
    if (g.right) {
        struct inner *root = node_new(t, false);
        inner_insert(root, 0, g.self);
        inner_insert(root, 1, g.right);
        t->root = &root->head;
    }
    hand_back(t, previous, ret_previous);
}

/* ---- delete ---- */

static void append_all(struct btree_node *to, const struct btree_node *from) {
    if (to->leaf) {
        memcpy(as_leaf(to)->o + to->n, c_leaf(from)->o, from->n * sizeof(struct object *));
    } else {
        struct inner *a = as_inner(to);
        const struct inner *b = c_inner(from);
        memcpy(a->child + to->n, b->child, from->n * sizeof(struct btree_node *));
        memcpy(a->min + to->n, b->min, from->n * sizeof(struct object *));
        memcpy(a->count + to->n, b->count, from->n * sizeof(uint32_t));
    }
    to->n += from->n;
}

/* Joins a thin child with a neighbour where both fit; otherwise it stays thin, which costs a little
 * room and nothing else. */
static void fatten(struct btree *t, struct inner *n, unsigned at) {
    if (n->child[at]->n == 0) {
        retire_node(t, n->child[at]);
        inner_remove(n, at);
        return;
    }
    if (n->child[at]->n >= MERGE_BELOW || n->head.n < 2)
        return;
    unsigned left = at ? at - 1 : 0;
    if (n->child[left]->n + n->child[left + 1]->n > MERGE_MAX)
        return;
    struct btree_node *to = writable(t, n->child[left]), *from = n->child[left + 1];
    append_all(to, from);
    retire_node(t, from);
    inner_remove(n, left + 1);
    inner_set(n, left, to);
}

/* The key is there. */
static struct btree_node *node_delete(struct btree *t, struct btree_node *n, str key,
                                      struct object **previous) {
    unsigned at = n->leaf ? count_left(n, key, BTREE_BEFORE) : child_at(n, key, BTREE_AFTER);
    struct btree_node *self = writable(t, n);
    if (self->leaf) {
        *previous = as_leaf(self)->o[at];
        SHIFT(as_leaf(self)->o, at, self->n, -1);
        self->n--;
        return self;
    }
    struct inner *in = as_inner(self);
    in->child[at] = node_delete(t, in->child[at], key, previous);
    if (in->child[at]->n)
        inner_set(in, at, in->child[at]);
    fatten(t, in, at);
    return self;
}

bool btree_delete(struct btree *t, str key, uint64_t revision, struct object **ret_previous) {
    ASSERT(t->base || revision >= t->revision);
    if (!btree_get(t, key))
        return false;
    struct object *previous = NULL;
    t->revision = revision;
    t->root = node_delete(t, t->root, key, &previous);
    while (t->root && (t->root->n == 0 || (!t->root->leaf && t->root->n == 1))) {
        struct btree_node *old = t->root;
        t->root = old->n ? as_inner(old)->child[0] : NULL;
        retire_node(t, old);
    }
    hand_back(t, previous, ret_previous);
    return true;
}

/* ---- for tests ---- */

static bool node_ok(const struct btree_node *n, unsigned depth, unsigned *leaf_depth,
                    const struct object **last) {
    if (n->n == 0 || n->n > BTREE_FANOUT)
        return false;
    if (n->leaf) {
        if (*leaf_depth && *leaf_depth != depth)
            return false;
        *leaf_depth = depth;
    }
    for (unsigned i = 0; i < n->n; i++) {
        if (!n->leaf) {
            const struct inner *in = c_inner(n);
            if (in->min[i] != node_min(in->child[i]) || in->count[i] != node_count(in->child[i]) ||
                !node_ok(in->child[i], depth + 1, leaf_depth, last))
                return false;
            continue;
        }
        if (*last && str_cmp((*last)->key, c_leaf(n)->o[i]->key) >= 0)
            return false;
        *last = c_leaf(n)->o[i];
    }
    return true;
}

bool btree_ok(const struct btree *t) {
    unsigned leaf_depth = 0;
    const struct object *last = NULL;
    return !t->root || node_ok(t->root, 1, &leaf_depth, &last);
}

static size_t node_bytes(const struct btree_node *n) {
    size_t sum = node_size(n);
    for (unsigned i = 0; !n->leaf && i < n->n; i++)
        sum += node_bytes(c_inner(n)->child[i]);
    return sum;
}

size_t btree_bytes(const struct btree *t) {
    return t->root ? node_bytes(t->root) : 0;
}
