// SPDX-License-Identifier: Apache-2.0
/* Controllers as data, and the one runner that carries them all: work queues with rate-limited
 * retries, plans, expectations, events.
 *
 * A controller says which objects it watches, which keys ("namespace/name", or "name") an event
 * concerns, and what is to be done about one key. Events only ever queue keys; what has happened
 * to an object is not told, so a reconcile looks at the caches and nothing else. A set belongs to
 * one loop, and all of its calls are made there. */
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
    /* What is read beyond metadata (client/informer.h); NULL: everything. What is written back
     * whole must be read whole. */
    const char *const *fields;
};
#define FIELDS(...)            ((const char *const[]){__VA_ARGS__, NULL})
#define CONTROLLER_WATCHES_MAX 64

struct controller {
    const char *name; /* as upstream names it: "replicaset-controller" */
    const struct controller_watch *watches;
    size_t state_size; /* zeroed, handed to every call; start() may keep indexes in it */
    /* Before the informers start: indexes, state. NULL: nothing to do, as with stop(). */
    void (*start)(struct controller_run *run, void *state);
    void (*stop)(void *state); /* the informers are gone; the memory of state itself is the set's */
    /* 0, and the plan is carried out; a negative errno drops the plan, is logged and tried again
     * with back-off. What the caches gave is valid until the return. */
    int (*reconcile)(void *state, str key, struct plan *plan);
    const char *queue; /* its work queue in metrics, as upstream names it; NULL: name */
    unsigned workers;  /* keys reconciled (their plans running) at once; 0: 5 */
};

struct controllers;
struct controllers_options {
    struct rest_client *client;
    struct informers *informers;
    const struct controller *const *list; /* ends in NULL */
    const void *config;                   /* for run_config() */
};
/* client, informers and config outlive the set, but see controllers_free(). */
struct controllers *controllers_new(const struct controllers_options *o);
void controllers_start(struct controllers *c); /* starts the informers; queues run when synced */
/* Requests on their way are cancelled. The informers must have been freed before: they call the
 * set. */
struct controllers *controllers_free(struct controllers *c);
/* For tests: one reconcile over the caches as they are, into a plan that nobody carries out. What
 * reconcile returned; -ENOENT when `which` is not in the set. */
int controllers_try(struct controllers *c, const struct controller *which, str key, struct plan *p);
bool controllers_idle(const struct controllers *c); /* nothing queued, running or expected */

/* For start() and keys(). run_informer: the watched informer of r's objects, or NULL. */
struct informer *run_informer(struct controller_run *run, const struct api_resource *r);
const void *run_config(struct controller_run *run);
void *run_state(struct controller_run *run);
void queue_key(struct controller_run *run, str key);
void queue_key_after(struct controller_run *run, str key, int64_t ns);
struct loop *run_loop(struct controller_run *run);
/* The usual mapping: the object's own key. */
void keys_self(struct controller_run *run, const void *old, const void *new_);
const OwnerReference *
meta_controller(const ObjectMeta *m); /* the owner that controls it, or NULL */
