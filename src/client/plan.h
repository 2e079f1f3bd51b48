// SPDX-License-Identifier: Apache-2.0
/* A reconcile is a function from caches to a plan: the writes it intends, in ordered groups. It
 * never blocks, does no I/O and reads no clock but the plan's; the runner (client/controller.h)
 * carries plans out.
 *
 * - A group starts only when every write of the group before it succeeded.
 * - Writes inside a group run concurrently, in slow-start batches (1, 2, 4, ...).
 * - A 409 drops the rest of the plan and the key is queued again, rate limited. A 404 on a delete
 *   is success.
 * - The key is not reconciled again before every informer its writes touch has seen them; after a
 *   lost answer those informers are listed again first. So a reconcile may trust its caches about
 *   its own writes and nothing is created twice. */
#pragma once

#include "client/informer.h"

/* Further writes are refused and the key runs again (upstream's burst of a replica set). */
#define PLAN_WRITES_MAX 500

struct plan_answer;

struct plan {
    struct arena *arena;
    int64_t now; /* wall clock, ns */
    int64_t mono;
    unsigned attempt;                         /* failures of this key in a row */
    const Status *last_error;                 /* of the write that failed last time, or NULL */
    const struct api_resource *last_resource; /* that write's */
    enum rest_verb last_verb;
    struct plan_internal *internal;
};

/* Objects are encoded at once: the caller's memory need not outlive the call. */
void plan_create(struct plan *p, const struct api_resource *r, str ns, const void *typed);
/* Whole replacement with typed's uid and resourceVersion as preconditions; subresource NULL or
 * "status". */
void plan_update(struct plan *p, const struct api_resource *r, const char *subresource,
                 const void *typed);
/* JSON merge patch of the named object; meta's uid and resourceVersion are added to it as
 * preconditions (uid only when any_version). */
void plan_patch(struct plan *p, const struct api_resource *r, const char *subresource,
                const ObjectMeta *meta, str merge_patch, bool any_version);
/* uid precondition. grace_seconds < 0: the object's own; propagation NULL: the default. */
void plan_delete(struct plan *p, const struct api_resource *r, const ObjectMeta *meta,
                 int64_t grace_seconds, const char *propagation);
/* Any other request, e.g. POST of a Binding or a TokenRequest. */
void plan_request(struct plan *p, const struct rest_request *rq);
/* Writes added from now on wait for those before. */
void plan_next_group(struct plan *p);
bool plan_full(const struct plan *p); /* PLAN_WRITES_MAX reached */

/* core/v1 Event about an object, through the correlator. type: "Normal" or "Warning". */
void plan_event(struct plan *p, const struct api_resource *r, const ObjectMeta *about,
                const char *type, const char *reason, const char *fmt, ...) PRINTF(6, 7);
/* The same, told when the write that was added last has succeeded (on_failure: has failed for sure;
 * then ": " and the error's text end the message). Writes refused as a conflict, or because their
 * namespace is being deleted, tell nothing. */
void plan_write_event(struct plan *p, bool on_failure, const struct api_resource *r,
                      const ObjectMeta *about, const char *type, const char *reason,
                      const char *fmt, ...) PRINTF(7, 8);
void plan_requeue_after(struct plan *p, int64_t ns);
/* Something a cache cannot give. The first call asks and returns NULL (finish the plan without);
 * when the answer is there the key runs again and the same call (same name) gives it. Answers live
 * for that one run. */
const struct rest_result *plan_need(struct plan *p, const char *name,
                                    const struct rest_request *rq);
/* Whether this run was given the answer to that question; asks nothing. */
bool plan_answered(const struct plan *p, const char *name);
/* State of the controller's own: commit runs when the plan succeeded whole, abort otherwise. */
void plan_hook(struct plan *p, void (*commit)(void *ctx), void (*abort)(void *ctx), void *ctx);
/* This key is hopeless until its objects change: logged once, not retried. */
int plan_reject(struct plan *p, int errnum, const char *fmt, ...) PRINTF(3, 4);
/* Random text for generated names is made by the runner: every run of a key sees the same. */
str plan_random_suffix(struct plan *p, unsigned n);

/* For tests: the plan as readable text, one write a line:
 *     "create pods default {...}", "delete pods default/web-0", "-- next group". */
str plan_describe(struct arena *a, const struct plan *p);
/* A plan of its own, carried out by nobody. */
struct plan *plan_new_test(struct arena *a, int64_t now);
