// SPDX-License-Identifier: Apache-2.0
/* Shared by controller.c (the set and its wiring) and key_run.c (the run of one key). */
#pragma once

#include "client/controller.h"
#include "client/expect.h"
#include "client/key_memory.h"
#include "client/workqueue.h"

struct recorder;

/* One controller at work. */
struct controller_run {
    struct controllers *set;
    const struct controller *c;
    void *state;
    struct informer *informers[CONTROLLER_WATCHES_MAX];
    struct watch_binding {
        struct controller_run *run;
        const struct controller_watch *watch;
    } bindings[CONTROLLER_WATCHES_MAX];
    unsigned n_watches;
    struct workqueue *queue;
    struct recorder *recorder;
    struct key_memories memories;
    struct list runs; /* struct key_run */
    unsigned busy;    /* of them, with requests on their way: these count against the workers */
    struct task pump, check;
};

struct controllers {
    struct rest_client *client;
    struct informers *informers;
    struct loop *loop;
    struct controller_run *runs;
    unsigned n;
    const void *config;
    bool synced;
};

/* Reconciles a key that workqueue_get() gave and carries its plan out; ends in workqueue_done() and
 * a deferred run->pump. */
void key_run_begin(struct controller_run *run, str key);
/* An informer has moved: ends the runs that waited for it. */
void key_runs_check(struct controller_run *run);
/* Cancels every run without a word to the queue. The informers are gone by then. */
void key_runs_cancel(struct controller_run *run);
