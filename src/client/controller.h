// SPDX-License-Identifier: Apache-2.0
/* Controllers as data, and the one runner that carries them all: work queues with rate-limited
 * retries, plans, expectations, events. */
#pragma once

#include "client/plan.h"

struct controller;
struct controller_run; /* the runner's state of one controller */

/* Which keys an object's event concerns: calls queue_key(run, key) any number of times. old or new
 * may be NULL. */
typedef void (*controller_keys)(struct controller_run *run, const void *old, const void *new_);

struct controller_watch {
    const struct api_resource *resource; /* NULL ends the list */
    const char *selectors;
    controller_keys keys; /* NULL: start() sees to it */
    const char *ns;       /* NULL: all */
    bool metadata_only;
};
#define CONTROLLER_WATCHES_MAX 64

struct controller {
    const char *name; /* as upstream names it: "replicaset-controller" */
    const struct controller_watch *watches;
    size_t state_size; /* zeroed, handed to every call; start() may keep indexes in it */
    /* Before the informers start: indexes, state. */
    void (*start)(struct controller_run *run, void *state);
    void (*stop)(void *state);
    int (*reconcile)(void *state, str key, struct plan *plan);
    unsigned workers; /* keys reconciled (their plans running) at once; 0: 5 */
};

struct controllers;
struct controllers_options {
    struct rest_client *client;
    struct informers *informers;
    const struct controller *const *list; /* ends in NULL */
    const void *config;                   /* for run_config() */
};
struct controllers *controllers_new(const struct controllers_options *o);
void controllers_start(struct controllers *c); /* starts the informers; queues run when synced */
struct controllers *controllers_free(struct controllers *c);
/* For tests: one reconcile over the caches as they are, into a plan that nobody carries out. */
int controllers_try(struct controllers *c, const struct controller *which, str key, struct plan *p);
bool controllers_idle(const struct controllers *c); /* nothing queued, running or expected */

/* For start() and keys(). */
struct informer *run_informer(struct controller_run *run, const struct api_resource *r);
const void *run_config(struct controller_run *run);
void *run_state(struct controller_run *run);
void queue_key(struct controller_run *run, str key);
void queue_key_after(struct controller_run *run, str key, int64_t ns);
struct loop *run_loop(struct controller_run *run);
/* The usual mappings: the object's own key; that of its controller of the given kind. */
void keys_self(struct controller_run *run, const void *old, const void *new_);
const OwnerReference *meta_controller(const ObjectMeta *m); /* or NULL */
