// SPDX-License-Identifier: Apache-2.0
#include "client/metrics.h"

static const char *const by_name[] = {"name", NULL};
static const double durations[] = {1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10};

static struct series *histogram(struct metrics *m, const char *name, const char *help, str queue) {
    return metric_series(metric_histogram(m, name, help, by_name, durations, ARRAY_LEN(durations)),
                         &queue);
}

struct workqueue_metrics workqueue_metrics_of(const struct env *env, const char *queue) {
    struct metrics *m = env->metrics;
    str name = str_of(queue);
    if (!m)
        return (struct workqueue_metrics){NULL};
    return (struct workqueue_metrics){
        .adds = metric_series(metric_counter(m, "workqueue_adds_total",
                                             "[BETA] Keys added to a work queue.", by_name),
                              &name),
        .retries =
            metric_series(metric_counter(m, "workqueue_retries_total",
                                         "[BETA] Keys added to a work queue for later.", by_name),
                          &name),
        .depth = metric_series(
            metric_gauge(m, "workqueue_depth", "[BETA] Keys that wait in a work queue.", by_name),
            &name),
        .waited = histogram(m, "workqueue_queue_duration_seconds",
                            "[BETA] How long keys waited before they were worked on.", name),
        .worked = histogram(m, "workqueue_work_duration_seconds",
                            "[BETA] How long keys were worked on, their writes included.", name),
        .unfinished = metric_series(
            metric_gauge(m, "workqueue_unfinished_work_seconds",
                         "[BETA] How long the keys in work have been so, together.", by_name),
            &name),
        .longest = metric_series(
            metric_gauge(m, "workqueue_longest_running_processor_seconds",
                         "[BETA] How long the key that is longest in work has been so.", by_name),
            &name),
    };
}

void leader_metric(const struct env *env, const char *lease, bool leads) {
    str name = str_of(lease);
    series_set(metric_series(metric_gauge(env->metrics, "leader_election_master_status",
                                          "[ALPHA] Whether this process holds the lease: 1, or 0.",
                                          by_name),
                             &name),
               leads);
}
