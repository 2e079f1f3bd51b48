// SPDX-License-Identifier: Apache-2.0
/* The scheduler: informers feed the table of nodes and the queue; each pod is decided by
 * schedule() and assumed on its node at once, while its Binding is on the way. */
#pragma once

#include "client/rest.h"

struct scheduler;
struct scheduler_options {
    struct rest_client *client;
    const char *identity; /* for the leader lease; NULL: no election */
    /* Leadership was lost: end the process. */
    void (*stopped)(void *ctx);
    void *ctx;
};
struct scheduler *scheduler_new(const struct scheduler_options *o);
/* It has heard of every object that was there when it began. */
bool scheduler_synced(const struct scheduler *s);
struct scheduler *scheduler_free(struct scheduler *s);
