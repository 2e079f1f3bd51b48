// SPDX-License-Identifier: Apache-2.0
/* One event loop a thread. An object belongs to one loop and is touched on its thread only;
 * threads meet by loop_post(). Callbacks have a budget of about a millisecond; what takes longer
 * goes to a worker (loop/work.h).
 *
 * A loop is real (epoll, eventfd, pidfd, one timeout from the timer heap: no timerfd a timer) or
 * virtual (the simulator's: time moves to the next timer when nothing is runnable). Both run the
 * same phases in the same order, so that equal input gives one trace:
 *     deferred tasks, posted tasks, expired timers (by time, then by start), ready descriptors. */
#pragma once

#include "base/env.h"
#include "base/heap.h"
#include "base/list.h"

struct loop;

int loop_new(struct env *env, struct loop **ret);
/* Virtual: env must be a struct env_sim's. */
int loop_new_sim(struct env_sim *sim, struct loop **ret);
struct loop *loop_free(struct loop *l);
DEFINE_CLEANUP(struct loop *, loop_free)
struct env *loop_env(struct loop *l);
bool loop_is_virtual(const struct loop *l);
/* Until loop_stop(); a virtual loop also ends when nothing can ever happen any more. */
int loop_run(struct loop *l);
/* Until done() is true or `ns` passed (a test's way of waiting). True when done. */
bool loop_run_until(struct loop *l, bool (*done)(void *), void *ctx, int64_t ns);
void loop_stop(struct loop *l); /* any thread */
/* For tests: the invariants of its queues hold. */
bool loop_ok(struct loop *l);
/* Time at the start of this turn; steady during one callback. */
int64_t loop_now(struct loop *l);
int64_t loop_wall(struct loop *l);

/* A task runs once after the current callback has returned, before the loop sleeps. */
struct task {
    struct list node;
    void (*run)(struct task *);
    bool queued;
};
void loop_defer(struct loop *l, struct task *t); /* same thread; queued already: no effect */
void loop_cancel(struct loop *l, struct task *t);
/* Any thread; runs on the loop's. The task must not be queued already. */
void loop_post(struct loop *l, struct task *t);

struct timer {
    struct heap_node node;
    void (*fire)(struct timer *);
};
void timer_start(struct loop *l, struct timer *t, int64_t after_ns); /* restarts a running one */
void timer_stop(struct loop *l, struct timer *t);
static inline bool timer_on(const struct timer *t) {
    return heap_has(&t->node);
}

#define IO_READ  1u
#define IO_WRITE 2u
#define IO_HUP   4u /* always reported */

/* A descriptor of the real world; only loop/ and what opens descriptors uses this. */
struct io {
    int fd;
    unsigned want;
    void (*ready)(struct io *, unsigned events);
    struct loop *loop;
    bool muted; /* the loop's: hung up and wanted by nobody, so out of epoll */
};
int io_add(struct loop *l, struct io *io); /* fd, want, ready set */
void io_want(struct io *io, unsigned want);
void io_remove(struct io *io); /* fd stays open */
