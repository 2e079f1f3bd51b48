// SPDX-License-Identifier: Apache-2.0
/* What the scheduler tells, under upstream's names and labels. Each function takes an environment
 * without metrics, and then does nothing. */
#pragma once

#include "base/env.h"
#include "base/metrics.h"
#include "scheduler/queue.h"

enum attempt { ATTEMPT_SCHEDULED, ATTEMPT_UNSCHEDULABLE, ATTEMPT_ERROR, ATTEMPT_MAX };

struct scheduler_metrics {
    struct series *attempts[ATTEMPT_MAX], *durations[ATTEMPT_MAX];
    struct series *bound, *not_bound; /* the extension point Bind */
    struct metric *sli;
    struct series *active, *backoff, *unschedulable, *pod_attempts;
};
struct scheduler_metrics scheduler_metrics_of(const struct env *env, const char *profile);
/* An attempt that ended; of one that succeeded the pod's attempts in all. */
void scheduler_metrics_attempt(const struct scheduler_metrics *m, enum attempt how, int64_t ns,
                               unsigned attempts);
/* A Binding was answered. A pod has its node, so long after it came to the queue. */
void scheduler_metrics_bind(const struct scheduler_metrics *m, bool ok, int64_t ns);
void scheduler_metrics_placed(const struct scheduler_metrics *m, int64_t ns, unsigned attempts);
void scheduler_metrics_pending(const struct scheduler_metrics *m, struct pending_pods n);
