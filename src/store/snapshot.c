// SPDX-License-Identifier: Apache-2.0
/* Reading one resource as it was at one revision. The newest is a pin of the tree. An older one is
 * the nearest pin that is not older, with the events since undone in a fork of its own; without any
 * event in between it is that pin. */
#include <stdlib.h>

#include "store/parts.h"

struct store_snapshot {
    struct btree_pin *pin; /* NULL when forked: the fork has it */
    struct btree fork;
    const struct btree_node *root;
    uint64_t revision;
    struct btree_iter at;
    size_t prefix_n;
    char prefix[STORE_KEY_MAX];
};

/* The oldest pin that is not older than the revision; a new one when there is none. */
static struct btree_pin *nearest_pin(struct btree *t, uint64_t revision) {
    LIST_FOREACH (n, &t->pins) {
        struct btree_pin *p = container_of(n, struct btree_pin, node);
        if (p->revision >= revision) {
            p->refs++;
            return p;
        }
    }
    return btree_pin(t);
}

static void undo(struct btree *t, const struct store_event *ev) {
    if (ev->type == STORE_CREATED)
        btree_delete(t, ev->object->key, ev->revision, NULL);
    else if (ev->type == STORE_UPDATED)
        btree_put(t, ev->previous, ev->revision, NULL);
    else
        btree_put(t, ev->object, ev->revision, NULL);
}

static void rewind_to(struct store_snapshot *sn, struct table *t, uint64_t revision) {
    struct btree_pin *pin = nearest_pin(&t->tree, revision);
    uint64_t from = event_log_find(&t->log, pin->revision);
    uint64_t to = event_log_find(&t->log, revision);
    sn->root = pin->root;
    if (from == to) {
        sn->pin = pin;
        return;
    }
    btree_fork(&sn->fork, pin);
    btree_unpin(pin);
    while (from > to)
        undo(&sn->fork, event_log_at(&t->log, --from));
    sn->root = sn->fork.root;
}

int store_snapshot(struct store *s, const struct api_resource *r, uint64_t revision,
                   struct store_snapshot **ret) {
    struct table *t = store_table(s, r);
    if (revision > s->published)
        return -ERANGE;
    if (revision && revision < t->log.floor)
        return -ESTALE;
    struct store_snapshot *sn = xcalloc(1, sizeof(*sn));
    sn->revision = revision ? revision : s->published;
    if (sn->revision >= t->tree.revision) {
        sn->pin = btree_pin(&t->tree);
        sn->root = sn->pin->root;
    } else {
        rewind_to(sn, t, revision);
    }
    *ret = sn;
    return 0;
}

struct store_snapshot *store_snapshot_free(struct store_snapshot *sn) {
    if (!sn)
        return NULL;
    btree_unpin(sn->pin);
    if (sn->fork.base)
        btree_done(&sn->fork);
    free(sn);
    return NULL;
}

uint64_t store_snapshot_revision(const struct store_snapshot *sn) {
    return sn->revision;
}

static const struct object *within(const struct store_snapshot *sn, const struct object *o) {
    return o && str_starts(o->key, str_n(sn->prefix, sn->prefix_n)) ? o : NULL;
}

const struct object *store_snapshot_seek(struct store_snapshot *sn, str prefix, str from,
                                         bool after) {
    ASSERT(prefix.n <= sizeof(sn->prefix));
    if (prefix.n)
        memcpy(sn->prefix, prefix.p, prefix.n);
    sn->prefix_n = prefix.n;
    if (str_cmp(from, prefix) < 0)
        return within(sn, btree_seek(&sn->at, sn->root, prefix, BTREE_BEFORE));
    return within(sn, btree_seek(&sn->at, sn->root, from, after ? BTREE_AFTER : BTREE_BEFORE));
}

const struct object *store_snapshot_next(struct store_snapshot *sn) {
    return within(sn, btree_next(&sn->at));
}

uint64_t store_snapshot_count(struct store_snapshot *sn, str prefix, str after) {
    uint64_t end = btree_rank(sn->root, prefix, BTREE_PAST);
    uint64_t start = str_empty(after) || str_cmp(after, prefix) < 0
                         ? btree_rank(sn->root, prefix, BTREE_BEFORE)
                         : btree_rank(sn->root, after, BTREE_AFTER);
    return end > start ? end - start : 0;
}
