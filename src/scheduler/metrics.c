// SPDX-License-Identifier: Apache-2.0
#include "scheduler/metrics.h"

static const char *const attempt_names[ATTEMPT_MAX] = {
    [ATTEMPT_SCHEDULED] = "scheduled",
    [ATTEMPT_UNSCHEDULABLE] = "unschedulable",
    [ATTEMPT_ERROR] = "error",
};
static const char *const by_result[] = {"profile", "result", NULL};
static const char *const by_queue[] = {"queue", NULL};
static const double seconds[] = {0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128,
                                 0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384};
static const double counts[] = {1, 2, 4, 8, 16};

struct scheduler_metrics scheduler_metrics_of(const struct env *env, const char *profile) {
    struct scheduler_metrics out = {.pod_attempts = NULL};
    struct metrics *m = env->metrics;
    if (!m)
        return out;
    struct metric *attempts =
        metric_counter(m, "scheduler_schedule_attempts_total",
                       "Attempts to schedule pods, by how they ended.", by_result);
    struct metric *durations = metric_histogram(m, "scheduler_scheduling_attempt_duration_seconds",
                                                "How long attempts took, binding included.",
                                                by_result, seconds, ARRAY_LEN(seconds));
    struct metric *pending =
        metric_gauge(m, "scheduler_pending_pods", "Pods that wait, by queue.", by_queue);
    for (int i = 0; i < ATTEMPT_MAX; i++) {
        str values[] = {str_of(profile), str_of(attempt_names[i])};
        out.attempts[i] = metric_series(attempts, values);
        out.durations[i] = metric_series(durations, values);
    }
    out.active = metric_series(pending, &STR("active"));
    out.backoff = metric_series(pending, &STR("backoff"));
    out.unschedulable = metric_series(pending, &STR("unschedulable"));
    out.pod_attempts =
        metric_series(metric_histogram(m, "scheduler_pod_scheduling_attempts",
                                       "Attempts that a pod needed until it was scheduled.", NULL,
                                       counts, ARRAY_LEN(counts)),
                      NULL);
    return out;
}

void scheduler_metrics_attempt(const struct scheduler_metrics *m, enum attempt how, int64_t ns,
                               unsigned attempts) {
    series_add(m->attempts[how], 1);
    series_observe(m->durations[how], (double)ns / (double)NSEC_PER_SEC);
    if (how == ATTEMPT_SCHEDULED)
        series_observe(m->pod_attempts, attempts);
}

void scheduler_metrics_pending(const struct scheduler_metrics *m, struct pending_pods n) {
    series_set(m->active, n.active);
    series_set(m->backoff, n.backoff);
    series_set(m->unschedulable, n.unschedulable);
}
