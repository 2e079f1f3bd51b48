// SPDX-License-Identifier: Apache-2.0
/* Every metric that upstream calls stable: what serves it here, or why nothing does. The table is
 * held against upstream's list; what the API server serves, against what it answers. */
#include "metrics_text.h"
#include "recorded.h"
#include "server_test.h"

enum served_by {
    HERE,       /* by the API server, at /metrics or /metrics/slis */
    BY_OTHER,   /* by another component: their unit tests look */
    NOT_SERVED, /* what it counts is not there */
};

static const struct row {
    const char *name;
    enum served_by served;
} rows[] = {
    {"apiserver_admission_controller_admission_duration_seconds", HERE},
    {"apiserver_admission_step_admission_duration_seconds", HERE},
    {"apiserver_admission_webhook_admission_duration_seconds", NOT_SERVED}, /* no webhooks */
    {"apiserver_current_inflight_requests", HERE},
    {"apiserver_longrunning_requests", HERE},
    {"apiserver_request_duration_seconds", HERE},
    {"apiserver_request_total", HERE},
    {"apiserver_requested_deprecated_apis", HERE},
    {"apiserver_response_sizes", HERE},
    {"apiserver_storage_objects", HERE},
    {"apiserver_storage_size_bytes", HERE},
    {"kubernetes_healthcheck", HERE},
    {"kubernetes_healthchecks_total", HERE},
    {"scheduler_framework_extension_point_duration_seconds", BY_OTHER}, /* of it, Bind */
    {"scheduler_pending_pods", BY_OTHER},
    {"scheduler_pod_scheduling_attempts", BY_OTHER},
    {"scheduler_queue_incoming_pods_total", BY_OTHER},
    {"scheduler_schedule_attempts_total", BY_OTHER},
    {"scheduler_scheduling_attempt_duration_seconds", BY_OTHER},
    {"scheduler_preemption_attempts_total", NOT_SERVED}, /* no preemption */
    {"scheduler_preemption_victims", NOT_SERVED},
    {"kube_pod_resource_limit", NOT_SERVED}, /* no /metrics/resources of the scheduler */
    {"kube_pod_resource_request", NOT_SERVED},
    {"node_collector_evictions_total", NOT_SERVED},
    {"cronjob_controller_job_creation_skew_duration_seconds", NOT_SERVED}, /* no such controllers */
    {"job_controller_job_pods_finished_total", NOT_SERVED},
    {"job_controller_job_sync_duration_seconds", NOT_SERVED},
    {"job_controller_job_syncs_total", NOT_SERVED},
    {"job_controller_jobs_finished_total", NOT_SERVED},
    {"container_cpu_usage_seconds_total", NOT_SERVED}, /* no /metrics/resource of the kubelet */
    {"container_memory_working_set_bytes", NOT_SERVED},
    {"container_start_time_seconds", NOT_SERVED},
    {"node_cpu_usage_seconds_total", NOT_SERVED},
    {"node_memory_working_set_bytes", NOT_SERVED},
    {"pod_cpu_usage_seconds_total", NOT_SERVED},
    {"pod_memory_working_set_bytes", NOT_SERVED},
    {"resource_scrape_error", NOT_SERVED},
};

static const struct row *row_of(str name) {
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (str_eqc(name, rows[i].name))
            return &rows[i];
    return NULL;
}

TEST(the_table_is_upstreams) {
    struct arena *a = arena_new(0);
    str facts = file_read(a, "test/data/metrics.tsv");
    unsigned n = 0;
    while (facts.n) {
        str line = str_cut(&facts, '\n'), name = str_cut(&line, '\t');
        str_cut(&line, '\t'); /* its type */
        if (!str_eqc(str_cut(&line, '\t'), "STABLE"))
            continue;
        n++;
        if (!row_of(name))
            tap_fail(__FILE__, __LINE__, "not in the table: " STR_FMT, STR_ARG(name));
    }
    CHECK_INT(n, ARRAY_LEN(rows));
    arena_free(a);
}

static bool has_family(struct world *w, str text, const char *name) {
    str head = str_printf(w->arena, "# HELP %s [STABLE] ", name);
    return str_find(text, head) >= 0;
}

TEST(what_is_served_has_values) {
    struct world w;
    world_init_with(&w, &(struct world_options){.with_metrics = true});
    const char *cms = "/api/v1/namespaces/default/configmaps";
    CHECK_INT(call(&w, "POST", cms, NULL, "{\"metadata\":{\"name\":\"a\"}}").code, 201);
    CHECK_INT(get(&w, "/api/v1/endpoints?watch=1&timeoutSeconds=1", NULL).code, 200);
    CHECK_INT(get(&w, cms, NULL).code, 200);
    CHECK_INT(get(&w, "/livez", NULL).code, 200);
    str texts[] = {get(&w, "/metrics", NULL).body, get(&w, "/metrics/slis", NULL).body};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        metrics_check(texts[i]);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool there =
            has_family(&w, texts[0], rows[i].name) || has_family(&w, texts[1], rows[i].name);
        if (there != (rows[i].served == HERE))
            tap_fail(__FILE__, __LINE__, "%s is %s", rows[i].name, there ? "there" : "not there");
    }
    world_done(&w);
}
