// SPDX-License-Identifier: Apache-2.0
/* Informers: a local, indexed, read-only copy of a resource kept fresh by list and watch
 * (client-go's Reflector, Store and SharedInformer in one). One informer a resource and selector in
 * a process, shared by its subscribers through a struct informers. One loop.
 *
 * Cached objects are const and refcounted; an object is valid until the callback returns unless
 * referenced. managedFields are never kept. */
#pragma once

#include "client/rest.h"

struct informers;
str meta_key(struct arena *a, const ObjectMeta *m); /* "namespace/name" or "name" */
struct informer;

struct informers *informers_new(struct rest_client *c);
struct informers *informers_free(struct informers *f);

struct informer_options {
    const struct api_resource *resource;
    str ns;                /* empty: all */
    const char *selectors; /* encoded query, as rest_watch_options */
    /* Only metadata is wanted: cached objects are PartialObjectMetadata, or whole ones where
     * somebody asked for those before. */
    bool metadata_only;
    /* The projection: what this subscriber reads (schema/ops.h, api_project; ends in NULL, lives as
     * long as the informer); the cache keeps the union over the subscribers. NULL: everything.
     * metadata, but for managedFields, is always kept. */
    const char *const *fields;
};
/* Makes or shares one. Indexes and handlers may be added until informers_start(). */
struct informer *informers_get(struct informers *f, const struct informer_options *o);
void informers_start(struct informers *f);
bool informers_synced(const struct informers *f);
/* Calls once when all are synced. */
void informers_on_synced(struct informers *f, void (*fn)(void *ctx), void *ctx);

/* A cached object: typed points at a struct of resource->type (or PartialObjectMetadata). */
struct cached {
    uint32_t refs;
    uint64_t revision;
    str key; /* "namespace/name", or "name" */
    const void *typed;
};
struct cached *cached_ref(struct cached *c);
struct cached *cached_unref(struct cached *c);
static inline const ObjectMeta *cached_meta(const struct cached *c) {
    return c->typed;
}

const struct api_resource *informer_resource(const struct informer *i);
bool informer_synced(const struct informer *i);
/* Highest revision known to be reflected here (list, event or bookmark). */
uint64_t informer_revision(const struct informer *i);
uint32_t informer_count(const struct informer *i);
struct cached *informer_get(const struct informer *i, str key); /* or NULL */
const void *informer_typed(const struct informer *i, str key);  /* or NULL */
/* In order of insertion; *pos starts at 0. */
struct cached *informer_next(const struct informer *i, uint32_t *pos);

/* An index maps each object to at most INDEX_KEYS_MAX strings. Give the same fn twice: shared. */
#define INDEX_KEYS_MAX 8
typedef unsigned (*index_fn)(const void *typed, str keys[INDEX_KEYS_MAX]);
struct index *informer_index(struct informer *i, index_fn fn);
struct index_cursor {
    const struct list *head, *at;
};
/* for (struct index_cursor c = index_find(ix, key); (o = index_next(&c));) */
struct index_cursor index_find(const struct index *ix, str key);
struct cached *index_next(struct index_cursor *c);
/* The usual ones. */
unsigned index_by_namespace(const void *typed, str keys[INDEX_KEYS_MAX]);
unsigned index_by_controller_uid(const void *typed,
                                 str keys[INDEX_KEYS_MAX]); /* owner with controller=true */
unsigned index_by_owner_uid(const void *typed, str keys[INDEX_KEYS_MAX]); /* every owner */
unsigned index_by_pod_node(const void *typed, str keys[INDEX_KEYS_MAX]);  /* pods only */

/* old NULL: added; new NULL: deleted. A late handler gets the current set as added first. */
typedef void (*informer_handler)(void *ctx, struct informer *i, struct cached *old,
                                 struct cached *new_);
void informer_handle(struct informer *i, informer_handler fn, void *ctx);

/* Throws the cache's freshness away: lists again, consistently (after a write whose answer was
 * lost). fresh() once when the list has been taken over. */
void informer_relist(struct informer *i, void (*fresh)(void *ctx), void *ctx);
