// SPDX-License-Identifier: Apache-2.0
#include "scheduler/metrics.h"
#include "tap.h"

TEST(attempts_and_pods_that_wait) {
    struct env_sim sim;
    struct buf text;
    env_sim_init(&sim, tap_seed());
    buf_init(&text, 0);
    sim.env.metrics = metrics_new();
    struct scheduler_metrics m = scheduler_metrics_of(&sim.env, "p");
    scheduler_metrics_attempt(&m, ATTEMPT_UNSCHEDULABLE, NSEC_PER_SEC / 1000, 1);
    scheduler_metrics_attempt(&m, ATTEMPT_SCHEDULED, NSEC_PER_SEC / 100, 3);
    scheduler_metrics_pending(&m, (struct pending_pods){1, 2, 3});
    scheduler_metrics_bind(&m, true, NSEC_PER_SEC / 1000);
    scheduler_metrics_placed(&m, NSEC_PER_SEC, 2);
    scheduler_metrics_placed(&m, NSEC_PER_SEC, 20);
    metrics_print(sim.env.metrics, &text);
    static const char *const lines[] = {
        "scheduler_schedule_attempts_total{profile=\"p\",result=\"scheduled\"} 1\n",
        "scheduler_schedule_attempts_total{profile=\"p\",result=\"unschedulable\"} 1\n",
        "scheduler_schedule_attempts_total{profile=\"p\",result=\"error\"} 0\n",
        "scheduler_scheduling_attempt_duration_seconds_bucket{profile=\"p\",result=\"scheduled\","
        "le=\"0.008\"} 0\n",
        "scheduler_scheduling_attempt_duration_seconds_bucket{profile=\"p\",result=\"scheduled\","
        "le=\"0.016\"} 1\n",
        "scheduler_pod_scheduling_attempts_bucket{le=\"2\"} 0\n",
        "scheduler_pod_scheduling_attempts_bucket{le=\"4\"} 1\n",
        "scheduler_pending_pods{queue=\"active\"} 1\n",
        "scheduler_pending_pods{queue=\"backoff\"} 2\n",
        "scheduler_pending_pods{queue=\"unschedulable\"} 3\n",
        "scheduler_framework_extension_point_duration_seconds_bucket{extension_point=\"Bind\","
        "status=\"Success\",profile=\"p\",le=\"0.0016\"} 1\n",
        "scheduler_framework_extension_point_duration_seconds_count{extension_point=\"Bind\","
        "status=\"Error\",profile=\"p\"} 0\n",
        "scheduler_pod_scheduling_sli_duration_seconds_count{attempts=\"2\"} 1\n",
        "scheduler_pod_scheduling_sli_duration_seconds_count{attempts=\"15+\"} 1\n",
    };
    for (unsigned i = 0; i < ARRAY_LEN(lines); i++)
        if (str_find(buf_str(&text), str_of(lines[i])) < 0)
            tap_fail(__FILE__, __LINE__, "no %s in " STR_FMT, lines[i], STR_ARG(buf_str(&text)));
    metrics_free(sim.env.metrics);
    buf_done(&text);
    env_sim_done(&sim);
}
