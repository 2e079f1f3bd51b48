// SPDX-License-Identifier: Apache-2.0
#include "client/informer_internal.h"

#include <stdlib.h>

struct index *index_new(index_fn fn) {
    struct index *ix = xcalloc(1, sizeof(*ix));
    ix->fn = fn;
    map_init(&ix->buckets, NULL);
    return ix;
}

struct index *index_free(struct index *ix) {
    if (!ix)
        return NULL;
    MAP_FOREACH (it, &ix->buckets)
        free(it->value);
    map_done(&ix->buckets);
    free(ix);
    return NULL;
}

static struct index_bucket *bucket_of(struct index *ix, str key) {
    struct index_bucket *b = map_get(&ix->buckets, key);
    if (b)
        return b;
    b = xcalloc(1, sizeof(*b) + key.n + 1);
    list_init(&b->nodes);
    b->index = ix;
    memcpy(b + 1, key.p, key.n);
    b->key = str_n((const char *)(b + 1), key.n);
    map_put(&ix->buckets, b->key, b);
    return b;
}

void index_add(struct index *ix, struct cached_block *b) {
    str keys[INDEX_KEYS_MAX];
    unsigned n = ix->fn(b->pub.typed, keys);
    for (unsigned i = 0; i < n && i < INDEX_KEYS_MAX; i++) {
        struct index_node *node = xcalloc(1, sizeof(*node));
        node->object = &b->pub;
        node->bucket = bucket_of(ix, keys[i]);
        node->next_of_object = b->index_nodes;
        b->index_nodes = node;
        list_append(&node->bucket->nodes, &node->node);
    }
}

void index_remove_all(struct cached_block *b) {
    for (struct index_node *n = b->index_nodes, *next; n; n = next) {
        next = n->next_of_object;
        struct index_bucket *bucket = n->bucket;
        list_remove(&n->node);
        if (list_empty(&bucket->nodes)) {
            map_del(&bucket->index->buckets, bucket->key);
            free(bucket);
        }
        free(n);
    }
    b->index_nodes = NULL;
}

struct index_cursor index_find(const struct index *ix, str key) {
    const struct index_bucket *b = map_get(&ix->buckets, key);
    if (!b)
        return (struct index_cursor){NULL, NULL};
    return (struct index_cursor){&b->nodes, b->nodes.next};
}

struct cached *index_next(struct index_cursor *c) {
    if (c->at == c->head)
        return NULL;
    const struct index_node *n = container_of(c->at, const struct index_node, node);
    c->at = c->at->next;
    return n->object;
}

unsigned index_by_namespace(const void *typed, str keys[INDEX_KEYS_MAX]) {
    keys[0] = ((const ObjectMeta *)typed)->namespace_;
    return 1;
}

unsigned index_by_controller_uid(const void *typed, str keys[INDEX_KEYS_MAX]) {
    const ObjectMeta *m = typed;
    for (uint32_t i = 0; i < m->owner_references.n; i++) {
        const OwnerReference *o = &m->owner_references.v[i];
        if (opt_or(o->controller, false)) {
            keys[0] = o->uid;
            return 1;
        }
    }
    return 0;
}

unsigned index_by_owner_uid(const void *typed, str keys[INDEX_KEYS_MAX]) {
    const ObjectMeta *m = typed;
    unsigned n = 0;
    for (uint32_t i = 0; i < m->owner_references.n && n < INDEX_KEYS_MAX; i++)
        keys[n++] = m->owner_references.v[i].uid;
    return n;
}

unsigned index_by_pod_node(const void *typed, str keys[INDEX_KEYS_MAX]) {
    const Pod *pod = typed;
    if (str_empty(pod->spec.node_name))
        return 0;
    keys[0] = pod->spec.node_name;
    return 1;
}
