// SPDX-License-Identifier: Apache-2.0
/* Workers: a few threads for what would break a loop's budget (fsync, big encodings, system calls
 * that may hang). run() happens on a worker and touches only what the work item owns; done() on
 * the loop that submitted it. A virtual loop runs both itself, in order or as work_pool_delay()
 * has it. Submitting blocks while WORK_QUEUE_MAX items wait. */
#pragma once

#include "loop/loop.h"

struct work {
    struct task task;
    struct timer timer; /* virtual loops: until it is run */
    void (*run)(struct work *);
    void (*done)(struct work *);
    struct loop *loop;
};

struct work_pool;
#define WORK_QUEUE_MAX 65536

int work_pool_new(struct env *env, unsigned threads, struct work_pool **ret);
struct work_pool *work_pool_free(struct work_pool *p); /* finishes what is queued */
/* For virtual loops: each item from now on is run after a time between the two, by chance, so that
 * items may pass one another. Nothing may be left waiting when its loop ends. */
void work_pool_delay(struct work_pool *p, int64_t min_ns, int64_t max_ns);
void work_submit(struct work_pool *p, struct loop *l, struct work *w);
