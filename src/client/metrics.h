// SPDX-License-Identifier: Apache-2.0
/* What work queues and leader election tell, under client-go's names and labels. Each function
 * takes an environment without metrics, and then does nothing. Times are of the loop's clock, in
 * ns. workqueue_unfinished_work_seconds and workqueue_longest_running_processor_seconds, which need
 * a look at every key again and again, are not kept. */
#pragma once

#include "base/env.h"
#include "base/metrics.h"

struct workqueue_metrics {
    struct series *adds, *retries, *depth, *waited, *worked;
};
/* All NULL, and every use of them nothing, where the environment has no metrics. */
struct workqueue_metrics workqueue_metrics_of(const struct env *env, const char *queue);
static inline double metrics_seconds(int64_t ns) {
    return (double)ns / (double)NSEC_PER_SEC;
}

/* leader_election_master_status of the lease's name. */
void leader_metric(const struct env *env, const char *lease, bool leads);
