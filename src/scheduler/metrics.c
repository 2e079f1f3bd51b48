// SPDX-License-Identifier: Apache-2.0
#include "scheduler/metrics.h"

#include <stdio.h>

static const char *const attempt_names[ATTEMPT_MAX] = {
    [ATTEMPT_SCHEDULED] = "scheduled",
    [ATTEMPT_UNSCHEDULABLE] = "unschedulable",
    [ATTEMPT_ERROR] = "error",
};
static const char *const by_result[] = {"profile", "result", NULL};
static const char *const by_queue[] = {"queue", NULL};
static const double seconds[] = {0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128,
                                 0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384};
static const char *const by_attempts[] = {"attempts", NULL};
static const char *const by_point[] = {"extension_point", "status", "profile", NULL};
static const double points[] = {0.0001, 0.0002, 0.0004, 0.0008, 0.0016, 0.0032,
                                0.0064, 0.0128, 0.0256, 0.0512, 0.1024, 0.2048};
static const double waits[] = {0.01,   0.02,   0.04,   0.08,    0.16,    0.32,   0.64,
                               1.28,   2.56,   5.12,   10.24,   20.48,   40.96,  81.92,
                               163.84, 327.68, 655.36, 1310.72, 2621.44, 5242.88};
#define ATTEMPTS_TOLD 15 /* more are one */
static const double counts[] = {1, 2, 4, 8, 16};

static struct series *histogram_of_point(struct metrics *m, const char *profile,
                                         const char *status) {
    const str values[] = {STR("Bind"), str_of(status), str_of(profile)};
    return metric_series(
        metric_histogram(m, "scheduler_framework_extension_point_duration_seconds",
                         "[STABLE] How long an extension point took, of those that are timed.",
                         by_point, points, ARRAY_LEN(points)),
        values);
}

struct scheduler_metrics scheduler_metrics_of(const struct env *env, const char *profile) {
    struct scheduler_metrics out = {.pod_attempts = NULL};
    struct metrics *m = env->metrics;
    if (!m)
        return out;
    struct metric *attempts =
        metric_counter(m, "scheduler_schedule_attempts_total",
                       "[STABLE] Attempts to schedule pods, by how they ended.", by_result);
    struct metric *durations =
        metric_histogram(m, "scheduler_scheduling_attempt_duration_seconds",
                         "[STABLE] How long attempts took, binding included.", by_result, seconds,
                         ARRAY_LEN(seconds));
    struct metric *pending =
        metric_gauge(m, "scheduler_pending_pods", "[STABLE] Pods that wait, by queue.", by_queue);
    for (int i = 0; i < ATTEMPT_MAX; i++) {
        str values[] = {str_of(profile), str_of(attempt_names[i])};
        out.attempts[i] = metric_series(attempts, values);
        out.durations[i] = metric_series(durations, values);
    }
    out.active = metric_series(pending, &STR("active"));
    out.backoff = metric_series(pending, &STR("backoff"));
    out.unschedulable = metric_series(pending, &STR("unschedulable"));
    out.pod_attempts = metric_series(
        metric_histogram(m, "scheduler_pod_scheduling_attempts",
                         "[STABLE] Attempts that a pod needed until it was scheduled.", NULL,
                         counts, ARRAY_LEN(counts)),
        NULL);
    out.sli =
        metric_histogram(m, "scheduler_pod_scheduling_sli_duration_seconds",
                         "[BETA] How long pods took from the queue to their node, by attempts.",
                         by_attempts, waits, ARRAY_LEN(waits));
    out.bound = histogram_of_point(m, profile, "Success");
    out.not_bound = histogram_of_point(m, profile, "Error");
    return out;
}

void scheduler_metrics_placed(const struct scheduler_metrics *m, int64_t ns, unsigned attempts) {
    char text[16];
    snprintf(text, sizeof(text), attempts >= ATTEMPTS_TOLD ? "%u+" : "%u",
             MIN(attempts, (unsigned)ATTEMPTS_TOLD));
    str value = str_of(text);
    series_observe(metric_series(m->sli, &value), (double)ns / (double)NSEC_PER_SEC);
}

void scheduler_metrics_bind(const struct scheduler_metrics *m, bool ok, int64_t ns) {
    series_observe(ok ? m->bound : m->not_bound, (double)ns / (double)NSEC_PER_SEC);
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
