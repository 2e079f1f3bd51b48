// SPDX-License-Identifier: Apache-2.0
/* What work queues, leader election and clients tell, under client-go's names and labels. Each
 * function takes an environment without metrics, and then does nothing. Times are of the loop's
 * clock, in ns. */
#pragma once

#include "base/env.h"
#include "base/metrics.h"

struct workqueue_metrics {
    struct series *adds, *retries, *depth, *waited, *worked;
    struct series *unfinished, *longest; /* seconds of the keys in work: their sum, the most */
};
/* All NULL, and every use of them nothing, where the environment has no metrics. */
struct workqueue_metrics workqueue_metrics_of(const struct env *env, const char *queue);
static inline double metrics_seconds(int64_t ns) {
    return (double)ns / (double)NSEC_PER_SEC;
}

/* leader_election_master_status of the lease's name. */
void leader_metric(const struct env *env, const char *lease, bool leads);

/* Requests of a client, by method and host. */
struct rest_metrics;
struct rest_metrics *rest_metrics_new(const struct env *env, str host); /* NULL: no metrics */
struct rest_metrics *rest_metrics_free(struct rest_metrics *m);
struct rest_measure {
    const char *method;
    int code; /* 0: there was no answer */
    int64_t limited_ns, took_ns;
    size_t sent, received; /* bytes of bodies */
};
void rest_metrics_call(struct rest_metrics *m, const struct rest_measure *c);
/* A watch was answered. */
void rest_metrics_watch(struct rest_metrics *m, int code);
