// SPDX-License-Identifier: Apache-2.0
/* Config maps and secrets as pods name them: fetched one by one (a node may read only those), kept
 * for the next pod, asked for again when they are too old for whoever asks. */
#pragma once

#include "client/rest.h"

struct objects;
struct objects *objects_new(struct rest_client *rest);
struct objects *objects_free(struct objects *o);

/* The cached object, or NULL: not there, or not fetched. */
const void *objects_get(const struct objects *o, const struct api_resource *r, str ns, str name);

struct object_fetch {
    struct list node;
    /* r 0: as of now objects_get tells the truth (NULL: there is none). Never inside
     * objects_fetch. */
    void (*done)(struct object_fetch *f, int r, const Status *status);
    struct object_entry *entry;
};
/* Makes sure the cache was filled from the server at mono time `since` or later. Returns true when
 * it was already (done is not called), else false and done comes. */
bool objects_fetch(struct objects *o, const struct api_resource *r, str ns, str name, int64_t since,
                   struct object_fetch *f);
void object_fetch_cancel(struct object_fetch *f); /* harmless when not under way */
/* Forgets what nobody has asked for since then. */
void objects_expire(struct objects *o, int64_t unused_since);
