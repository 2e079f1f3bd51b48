// SPDX-License-Identifier: Apache-2.0
/* Between informer.c (the cache), index.c and reflector.c (what keeps it fresh). */
#pragma once

#include "base/map.h"
#include "base/vec.h"
#include "client/informer.h"
#include "schema/ops.h"

/* Backs struct cached: one block holds the object and everything it points to. */
struct cached_block {
    struct cached pub;
    struct arena spill;             /* what the block's estimate was too small for */
    struct index_node *index_nodes; /* chained by next_of_object */
    uint32_t generation;            /* list in which it was last seen */
    char data[] __attribute__((aligned(8)));
};

struct index_node {
    struct list node; /* in its bucket */
    struct cached *object;
    struct index_bucket *bucket;
    struct index_node *next_of_object;
};

struct index_bucket {
    struct list nodes;
    struct index *index;
    str key;
};

struct index {
    index_fn fn;
    struct map buckets;
    struct index *next;
};

void index_add(struct index *ix, struct cached_block *b);
void index_remove_all(struct cached_block *b);
struct index *index_new(index_fn fn);
struct index *index_free(struct index *ix);

enum reflector_state { REFLECTOR_IDLE, REFLECTOR_LISTING, REFLECTOR_WATCHING, REFLECTOR_BACKOFF };

struct fresh_waiter {
    void (*fn)(void *ctx);
    void *ctx;
};

struct handler {
    informer_handler fn;
    void *ctx;
};

struct informer {
    struct informers *set;
    struct informer *next;
    const struct api_resource *resource;
    const struct api_type *type, *list_type;
    bool metadata_only;
    const char *fields[PROJECT_PATHS_MAX]; /* the union of projections; ends in NULL */
    unsigned n_fields;                     /* 0: everything is kept */
    char *ns, *selectors;
    struct map objects; /* key -> struct cached */
    struct index *indexes;
    VEC(struct handler) handlers;
    uint64_t revision;
    bool synced, started;

    /* reflector.c */
    enum reflector_state state;
    struct rest_call *list;
    struct rest_watch *watch;
    struct timer backoff;
    int64_t delay, watch_began;
    uint32_t generation; /* of the running or last list */
    char *continue_token;
    uint64_t list_revision;
    bool list_again; /* a relist was asked for while one was running */
    VEC(struct fresh_waiter) fresh, fresh_next;
    struct arena scratch;
};

struct informers {
    struct rest_client *client;
    struct informer *first;
    VEC(struct fresh_waiter) synced;
    bool started;
};

/* Takes over a decoded object (in scratch memory, changed by it). The informer's revision is not
 * raised by it: of a list that comes in pages nothing is known before its end. */
void informer_put(struct informer *i, void *typed);
void informer_drop(struct informer *i, str key);
void informer_list_done(struct informer *i); /* drops what the list did not have; marks synced */

void reflector_start(struct informer *i);
void reflector_stop(struct informer *i);
