// SPDX-License-Identifier: Apache-2.0
/* Starts processes in order, starts them again when they end, stops them in reverse order. It uses
 * no TLS and reads nothing from outside: its children tell it one line, when they are ready.
 *
 * Children are forks without exec (they share every page that nobody writes) unless they name a
 * program. Each descriptor they need is made before the first fork and kept here, so that a process
 * that is started again finds the same ones. */
#pragma once

#include "loop/child.h"

#define SUPERVISOR_BACKOFF_MIN (200 * NSEC_PER_MSEC)
#define SUPERVISOR_BACKOFF_MAX (10 * NSEC_PER_SEC)
#define SUPERVISOR_STEADY      (10 * NSEC_PER_SEC) /* alive so long: the back-off starts anew */
#define SUPERVISOR_STOP_GRACE  (15 * NSEC_PER_SEC) /* then SIGKILL */
#define SUPERVISOR_MAX         16
#define SUPERVISOR_KEEP_MAX    16

struct process_spec {
    const char *name;
    /* In the child; argument and descriptors as given. ready_fd is for one line, "ready\n" or
     * "ready TEXT\n"; -1 when the process is ready as soon as it runs. */
    int (*entry)(const void *ctx, int ready_fd);
    const void *ctx;
    bool tells_ready;
    unsigned after; /* bits: indexes of those that must be ready first */
    int keep[SUPERVISOR_KEEP_MAX];
    unsigned n_keep;
};

struct supervisor;
struct supervisor_options {
    const struct process_spec *list;
    unsigned n;
    bool give_up; /* the end of any process ends all (dev) */
    /* Process i is ready, text behind "ready ". Dependents start when it returns true; otherwise
     * when supervisor_proceed is called. */
    bool (*ready)(void *ctx, unsigned i, str text);
    void (*all_ready)(void *ctx); /* once */
    void *ctx;
};
int supervisor_new(struct loop *l, const struct supervisor_options *o, struct supervisor **ret);
void supervisor_proceed(struct supervisor *s, unsigned i);
/* It gave up. */
bool supervisor_failed(const struct supervisor *s);
/* Stops all; the loop is stopped when none is left. */
void supervisor_stop(struct supervisor *s);
struct supervisor *supervisor_free(struct supervisor *s);
