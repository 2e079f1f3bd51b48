// SPDX-License-Identifier: Apache-2.0
/* Jobs. A job writes its own selector and labels, so that no two jobs can ever own
 * the same pod. */
#include "api/kinds/job.h"
#include "api/kinds/warn.h"

static void job_defaults(struct hook_ctx *h, void *obj) {
    Job *job = obj;
    JobSpec *s = &job->spec;
    pod_spec_defaults(h->arena, &s->template_.spec);
    if (!job->metadata.labels.n)
        job->metadata.labels = s->template_.metadata.labels;
    if (!s->completions.set && !s->parallelism.set)
        s->completions = s->parallelism = (struct opt_i32){true, 1};
    if (!s->parallelism.set)
        s->parallelism = (struct opt_i32){true, 1};
    if (!s->backoff_limit.set)
        s->backoff_limit = (struct opt_i32){true, s->backoff_limit_per_index.set ? INT32_MAX : 6};
    if (!s->completion_mode.n)
        s->completion_mode = STR("NonIndexed");
    if (!s->suspend.set)
        s->suspend = (struct opt_bool){true, false};
    if (!s->manual_selector.set)
        s->manual_selector = (struct opt_bool){true, false};
    if (!s->pod_replacement_policy.n)
        s->pod_replacement_policy =
            s->pod_failure_policy ? STR("Failed") : STR("TerminatingOrFailed");
}

static void job_create(struct hook_ctx *h, void *obj) {
    Job *job = obj;
    JobSpec *s = &job->spec;
    str uid = job->metadata.uid, name = job->metadata.name;
    if (opt_or(s->manual_selector, false))
        return;
    /* Labels that the job took from its template follow it, as two names of one map would. */
    str_map *labels = &s->template_.metadata.labels;
    bool shared = job->metadata.labels.v == labels->v;
    const struct str_pair own[] = {{STR("controller-uid"), uid},
                                   {STR("batch.kubernetes.io/controller-uid"), uid},
                                   {STR("job-name"), name},
                                   {STR("batch.kubernetes.io/job-name"), name}};
    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        if (!label_has(labels, own[i].key))
            entry_put(h->arena, labels, own[i].key, own[i].value);
    if (shared)
        job->metadata.labels = *labels;
    if (!s->selector)
        s->selector = arena_make(h->arena, LabelSelector);
    if (!label_has(&s->selector->match_labels, STR("batch.kubernetes.io/controller-uid")))
        entry_put(h->arena, &s->selector->match_labels, STR("batch.kubernetes.io/controller-uid"),
                  uid);
}

const struct hooks hooks_batch_v1_jobs = {
    .group = "batch",
    .resource = "jobs",
    .defaults = job_defaults,
    .prepare_create = job_create,
    .validate_write = job_validate,
    .validate_status = job_validate_status,
    .warn = warn_job,
    .counts_generation = true,
};
