// SPDX-License-Identifier: Apache-2.0
/* Gives memory that the process has freed back to the machine. malloc keeps it for the next time,
 * and between what lives long that is most of what an attack or a great list once took. */
#pragma once

#include "loop/loop.h"

#define MEMORY_LOOK  (30 * NSEC_PER_SEC)
#define MEMORY_SPARE (8 * 1024 * 1024) /* that malloc may keep */

struct memory_keeper {
    struct loop *loop;
    struct timer timer;
    size_t left; /* free bytes at the last look; while they are the same, nothing is done */
};

/* Looks every MEMORY_LOOK, on the loop's thread, until it is stopped. */
void memory_keep(struct memory_keeper *k, struct loop *l);
void memory_keep_stop(struct memory_keeper *k);
/* One look. Says whether something was to be given back. */
bool memory_look(struct memory_keeper *k);
