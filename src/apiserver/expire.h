// SPDX-License-Identifier: Apache-2.0
/* Objects that go by themselves: events, an hour after they were last written. */
#pragma once

#include "loop/loop.h"
#include "store/store.h"

#define EVENT_TTL_NS    (3600 * NSEC_PER_SEC)
#define EXPIRE_EVERY_NS (300 * NSEC_PER_SEC)
#define EXPIRE_TURN_MAX 500 /* deletions proposed in one round */

struct expiry {
    struct loop *loop;
    struct store *store;
    struct store_watch *events; /* wakes the timer: no events, no rounds */
    struct timer timer;
    struct list pending; /* deletions on their way */
    bool stopped;
};

struct expiry *expiry_new(struct loop *l, struct store *s);
/* Its memory is given back when the last deletion is answered. */
void expiry_free(struct expiry *x);
