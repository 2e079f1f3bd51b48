// SPDX-License-Identifier: Apache-2.0
/* What the real and the virtual loop share; private to src/loop. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "loop/loop.h"

/* How much of each phase one turn takes on, so that no flood starves the phases behind it. */
#define LOOP_TASKS_PER_TURN  256
#define LOOP_TIMERS_PER_TURN 256
#define LOOP_READY_PER_TURN  64

struct loop_ops {
    /* Lets `timeout_ns` pass at most (0: none, < 0: no limit), or less when something becomes
     * ready. False when nothing can ever happen. */
    bool (*wait)(struct loop *, int64_t timeout_ns);
    /* Runs what wait() found ready, at most LOOP_READY_PER_TURN. */
    void (*dispatch)(struct loop *);
    void (*wake)(struct loop *); /* any thread, under the lock */
    int (*io_add)(struct loop *, struct io *);
    void (*io_want)(struct io *, unsigned want);
    void (*io_remove)(struct io *);
    void (*free)(struct loop *);
};

/* A source of readiness that is no descriptor: a simulated stream. */
struct ready {
    struct list node;
    void (*run)(struct ready *);
};

/* What a loop frees with itself: processes that were forgotten but are still to be reaped. */
struct loop_owned {
    struct list node;
    void (*drop)(struct loop_owned *);
};

struct loop {
    const struct loop_ops *ops;
    struct env *env;
    struct list deferred;
    struct list incoming; /* posted, fetched, not yet run */
    struct heap timers;
    struct list ready; /* struct ready */
    struct list owned;
    int64_t now, wall;
    bool virtual;
    atomic_bool stop;
    pthread_mutex_t lock; /* over the two below */
    struct list posted;
    bool awake; /* wake() was called since the last wait */
};

void loop_core_init(struct loop *l, const struct loop_ops *ops, struct env *env);
void loop_core_done(struct loop *l);
/* After each callback of a phase: what it deferred runs before the next one. */
void loop_run_deferred(struct loop *l);
void loop_run_ready(struct loop *l, unsigned budget);
static inline void loop_ready_add(struct loop *l, struct ready *r) {
    if (list_empty(&r->node))
        list_append(&l->ready, &r->node);
}
