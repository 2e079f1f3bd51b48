// SPDX-License-Identifier: Apache-2.0
/* The simulator's loop: when nothing is runnable, the simulated clock jumps to the next timer.
 * Callbacks take no time at all, so a program that never lets time pass has gone round in circles;
 * the loop stops it with an assertion rather than hang a test. */
#include <stdlib.h>

#include "loop/loop_core.h"

#define SIM_TURNS_WITHOUT_TIME (10u * 1000 * 1000)

struct loop_sim {
    struct loop l;
    struct env_sim *sim;
    int64_t last;   /* time of the last turn */
    uint64_t turns; /* since time moved */
};

static struct loop_sim *sim_of(struct loop *l) {
    return container_of(l, struct loop_sim, l);
}

static bool sim_wait(struct loop *l, int64_t timeout_ns) {
    struct loop_sim *s = sim_of(l);
    pthread_mutex_lock(&l->lock);
    bool posted = !list_empty(&l->posted);
    pthread_mutex_unlock(&l->lock);
    if (!posted) {
        if (timeout_ns < 0)
            return false;
        env_sim_advance(s->sim, timeout_ns);
    }
    if (s->sim->now_mono != s->last) {
        s->last = s->sim->now_mono;
        s->turns = 0;
    }
    s->turns++;
    ASSERT(s->turns < SIM_TURNS_WITHOUT_TIME);
    return true;
}

static void sim_dispatch(struct loop *l) {
    loop_run_ready(l, LOOP_READY_PER_TURN);
}
static void sim_wake(struct loop *l) {}

static int sim_io_add(struct loop *l, struct io *io) {
    io->loop = NULL;
    return -ENOTSUP;
}
static void sim_io_want(struct io *io, unsigned want) {}
static void sim_io_remove(struct io *io) {}

static void sim_free(struct loop *l) {
    loop_core_done(l);
    free(sim_of(l));
}

static const struct loop_ops sim_ops = {
    .wait = sim_wait,
    .dispatch = sim_dispatch,
    .wake = sim_wake,
    .io_add = sim_io_add,
    .io_want = sim_io_want,
    .io_remove = sim_io_remove,
    .free = sim_free,
};

int loop_new_sim(struct env_sim *sim, struct loop **ret) {
    struct loop_sim *s = xcalloc(1, sizeof(*s));
    loop_core_init(&s->l, &sim_ops, &sim->env);
    s->l.virtual = true;
    s->sim = sim;
    s->last = sim->now_mono;
    *ret = &s->l;
    return 0;
}
