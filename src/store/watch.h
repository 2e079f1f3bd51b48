// SPDX-License-Identifier: Apache-2.0
/* Watchers of one resource, found by what they watch: one object, one node, one namespace, or
 * everything. A change costs a look-up for each kind of scope, not a step for each watcher. */
#pragma once

#include "store/log.h"

enum watch_scope { SCOPE_ALL, SCOPE_NAMESPACE, SCOPE_NAME, SCOPE_NODE, SCOPE_MAX };

struct watch_index {
    struct list all;
    struct list *buckets; /* of every scope but SCOPE_ALL, by hash */
    uint32_t n_buckets;
    uint32_t n[SCOPE_MAX];
    uint64_t seed[2];
};

struct store_watch {
    struct list node;  /* of its bucket, or of `all` */
    struct list ready; /* in the store's list of those to be called */
    struct table *table;
    uint64_t hash;
    enum watch_scope scope;
    bool waiting; /* has seen all; its position is set by the next event in its scope */
    bool lost;    /* the log has passed it */
    uint64_t at;  /* sequence number of the next event to look at, unless waiting */
    uint64_t after;
    uint64_t progress;            /* revision up to which all has been returned, unless waiting */
    struct store_watch_options o; /* strings point behind the struct */
};

void watch_index_init(struct watch_index *x, const uint64_t seed[2]);
void watch_index_done(struct watch_index *x); /* must be empty */
/* Moves every waiting watcher whose scope has this event to `seq` and into `ready`. */
void watch_index_wake(struct watch_index *x, const struct store_event *ev, uint64_t seq,
                      struct list *ready);
uint32_t watch_index_count(const struct watch_index *x);
