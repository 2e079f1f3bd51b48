// SPDX-License-Identifier: Apache-2.0
/* Pods that wait: active (by priority, then by time of arrival), backing off (1 s doubling to 10
 * s), or unschedulable until an event that could help them. After five minutes they are tried
 * anyway. */
#pragma once

#include "base/metrics.h"
#include "scheduler/framework.h"

#define QUEUE_BACKOFF_MIN (1 * NSEC_PER_SEC)
#define QUEUE_BACKOFF_MAX (10 * NSEC_PER_SEC)
#define QUEUE_PATIENCE    (300 * NSEC_PER_SEC)

struct sched_queue;
struct sched_queue *sched_queue_new(struct loop *l, void (*ready)(void *ctx), void *ctx);
struct sched_queue *sched_queue_free(struct sched_queue *q);
/* Counts pods that come in (scheduler_queue_incoming_pods_total). m may be NULL. */
void sched_queue_measure(struct sched_queue *q, struct metrics *m);
/* Adds a pod, or replaces what is known of it (then EVENT_SELF). Takes the info over. */
void sched_queue_put(struct sched_queue *q, struct pod_info *p);
void sched_queue_drop(struct sched_queue *q, str uid);
/* The next active pod, out of the queue and the caller's; NULL when there is none. attempts counts
 * this one. */
struct pod_info *sched_queue_pop(struct sched_queue *q, unsigned *ret_attempts);
/* Back after a failed attempt. events: what may help; 0: back off and try again (a bind failed). */
void sched_queue_return(struct sched_queue *q, struct pod_info *p, unsigned attempts,
                        unsigned events);
/* Something happened. */
void sched_queue_event(struct sched_queue *q, unsigned events);
struct pending_pods {
    uint32_t active, backoff, unschedulable;
};
struct pending_pods sched_queue_pending(const struct sched_queue *q);
uint32_t sched_queue_length(const struct sched_queue *q);
