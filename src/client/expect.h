// SPDX-License-Identifier: Apache-2.0
/* What the caches must show before a key may be reconciled again: for each write of its plan, that
 * the informer of the written resource has seen it. One struct a run of a key; memory is the
 * run's arena. One loop. */
#pragma once

#include "client/plan_internal.h"

struct expectation {
    struct informer *informer;
    uint64_t revision; /* 0: the end of `uid` is awaited instead */
    str key, uid;
    bool lost;    /* only a new list can tell */
    bool listing; /* and that is on its way */
};

struct expectations {
    struct expectation *v;
    uint32_t n;
    uint32_t relists; /* lists on their way */
    void (*listed)(void *ctx);
    void *ctx;
};

/* Awaits what the answer of a write promises: nothing where it failed for sure, and nothing of
 * subresources other than status (their objects' revisions are not told). inf: the informer of what
 * was written, or NULL. */
void expect_write(struct expectations *x, struct arena *a, struct informer *inf,
                  const struct plan_write *w, const struct rest_result *res);
bool expectations_seen(const struct expectations *x); /* by every informer */
bool expectations_lost(const struct expectations *x); /* an answer was: no event will do */
/* Lists again the informers of all expectations still there (only of the lost ones) and calls
 * listed() once when all lists are taken over; what they concerned is met then. There must be
 * such an informer. x stays where it is until then, or the informers are freed first. */
void expectations_relist(struct expectations *x, bool lost_only, void (*listed)(void *ctx),
                         void *ctx);
