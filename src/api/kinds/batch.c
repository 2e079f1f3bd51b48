// SPDX-License-Identifier: Apache-2.0
/* Jobs and cron jobs. A Job writes its own selector and labels, so that no two jobs can ever own
 * the same pod. */
#include "api/kinds/kinds.h"

static void job_spec_defaults(struct arena *a, JobSpec *s) {
    pod_spec_defaults(a, &s->template_.spec);
}

static void job_defaults(struct hook_ctx *h, void *obj) {
    Job *job = obj;
    JobSpec *s = &job->spec;
    job_spec_defaults(h->arena, s);
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
    if (!label_has(labels, STR("controller-uid")))
        entry_put(h->arena, labels, STR("controller-uid"), uid);
    if (!label_has(labels, STR("batch.kubernetes.io/controller-uid")))
        entry_put(h->arena, labels, STR("batch.kubernetes.io/controller-uid"), uid);
    if (!label_has(labels, STR("job-name")))
        entry_put(h->arena, labels, STR("job-name"), name);
    if (!label_has(labels, STR("batch.kubernetes.io/job-name")))
        entry_put(h->arena, labels, STR("batch.kubernetes.io/job-name"), name);
    if (shared)
        job->metadata.labels = *labels;
    if (!s->selector)
        s->selector = arena_make(h->arena, LabelSelector);
    if (!label_has(&s->selector->match_labels, STR("batch.kubernetes.io/controller-uid")))
        entry_put(h->arena, &s->selector->match_labels, STR("batch.kubernetes.io/controller-uid"),
                  uid);
}

/* ---- validation ---- */

#define INDEXED_PARALLELISM_MAX 100000

static void check_job_spec(struct field_errors *fe, const struct field_path *p, const JobSpec *s) {
    static const char *const modes[] = {"NonIndexed", "Indexed", NULL};
    static const char *const replacement[] = {"Failed", "TerminatingOrFailed", NULL};
    check_not_negative_opt(fe, PATH(p, "parallelism"), s->parallelism);
    check_not_negative_opt(fe, PATH(p, "completions"), s->completions);
    if (s->active_deadline_seconds.set)
        field_check_not_negative(fe, PATH(p, "activeDeadlineSeconds"),
                                 s->active_deadline_seconds.v);
    check_not_negative_opt(fe, PATH(p, "backoffLimit"), s->backoff_limit);
    check_not_negative_opt(fe, PATH(p, "ttlSecondsAfterFinished"), s->ttl_seconds_after_finished);
    check_not_negative_opt(fe, PATH(p, "backoffLimitPerIndex"), s->backoff_limit_per_index);
    check_not_negative_opt(fe, PATH(p, "maxFailedIndexes"), s->max_failed_indexes);
    bool indexed = str_eqc(s->completion_mode, "Indexed");
    if (s->completion_mode.p) {
        check_one_of(fe, PATH(p, "completionMode"), s->completion_mode, modes);
        if (indexed && !s->completions.set)
            field_required(fe, PATH(p, "completions"), "when completion mode is Indexed");
        if (indexed && opt_or(s->parallelism, 0) > INDEXED_PARALLELISM_MAX)
            field_invalid_i64(fe, PATH(p, "parallelism"), s->parallelism.v,
                              "must be less than or equal to 100000 when completion mode is "
                              "Indexed");
    }
    if (!indexed && s->backoff_limit_per_index.set)
        field_invalid_i64(fe, PATH(p, "backoffLimitPerIndex"), s->backoff_limit_per_index.v,
                          "requires indexed completion mode");
    if (s->pod_replacement_policy.p)
        check_one_of(fe, PATH(p, "podReplacementPolicy"), s->pod_replacement_policy, replacement);
    check_pod_template(fe, PATH(p, "template"), &s->template_);
    if (!str_eqc(s->template_.spec.restart_policy, "OnFailure") &&
        !str_eqc(s->template_.spec.restart_policy, "Never"))
        field_required(fe, PATH(PATH(PATH(p, "template"), "spec"), "restartPolicy"),
                       "valid values: \"OnFailure\", \"Never\"");
}

/* The selector that the job was given must be what it would have written itself. */
static void check_generated(struct field_errors *fe, const Job *job) {
    const LabelSelector *s = job->spec.selector;
    if (opt_or(job->spec.manual_selector, false) || !s)
        return;
    if (s->match_expressions.n || s->match_labels.n != 1 ||
        !str_eq(label_get(&s->match_labels, STR("batch.kubernetes.io/controller-uid")),
                job->metadata.uid))
        field_invalid_printed(fe, PATH(PATH(NULL, "spec"), "selector"),
                              go_json(fe->arena, &LabelSelector_type, s),
                              "`selector` not auto-generated");
}

static void job_validate(struct field_errors *fe, const void *obj) {
    const Job *job = obj;
    const struct field_path *p = PATH(NULL, "spec");
    check_generated(fe, job);
    check_job_spec(fe, p, &job->spec);
    if (!job->spec.selector)
        field_required(fe, PATH(p, "selector"), NULL);
    else
        check_label_selector(fe, PATH(p, "selector"), job->spec.selector);
    check_selects(fe, p, job->spec.selector, &job->spec.template_);
}

static void check_completions(struct field_errors *fe, const struct field_path *p, const JobSpec *s,
                              const JobSpec *was) {
    struct opt_i32 v = s->completions, old = was->completions;
    if (v.set == old.set && v.v == old.v)
        return;
    bool elastic = str_eqc(s->completion_mode, "Indexed") && v.set && old.set;
    if (elastic && s->parallelism.set && s->parallelism.v == v.v)
        return;
    if (elastic)
        field_invalid_i64(fe, p, v.v, "can only be modified in tandem with parallelism");
    else
        field_invalid_printed(fe, p, v.set ? str_printf(fe->arena, "%d", v.v) : STR("null"),
                              FIELD_IMMUTABLE);
}

/* A suspended job may still be told where its pods go. */
static void check_template_update(struct field_errors *fe, const struct field_path *p,
                                  const JobSpec *s, const JobSpec *was) {
    PodTemplateSpec t = was->template_;
    if (opt_or(was->suspend, false)) {
        t.metadata = s->template_.metadata;
        t.spec.node_selector = s->template_.spec.node_selector;
        t.spec.affinity = s->template_.spec.affinity;
        t.spec.tolerations = s->template_.spec.tolerations;
        t.spec.scheduling_gates = s->template_.spec.scheduling_gates;
    }
    if (!api_equal(&PodTemplateSpec_type, &s->template_, &t))
        field_invalid_printed(fe, p, go_json(fe->arena, &PodTemplateSpec_type, &s->template_),
                              FIELD_IMMUTABLE);
}

static void job_validate_update(struct field_errors *fe, const void *obj, const void *old) {
    const JobSpec *s = &((const Job *)obj)->spec, *was = &((const Job *)old)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    check_completions(fe, PATH(p, "completions"), s, was);
    check_selector_same(fe, PATH(p, "selector"), s->selector, was->selector);
    check_template_update(fe, PATH(p, "template"), s, was);
    check_same(fe, PATH(p, "completionMode"), s->completion_mode, was->completion_mode);
    check_same(fe, PATH(p, "managedBy"), s->managed_by, was->managed_by);
}

const struct hooks hooks_batch_v1_jobs = {
    .group = "batch",
    .resource = "jobs",
    .defaults = job_defaults,
    .prepare_create = job_create,
    .validate = job_validate,
    .validate_update = job_validate_update,
    .counts_generation = true,
};

static void cronjob_defaults(struct hook_ctx *h, void *obj) {
    job_spec_defaults(h->arena, &((CronJob *)obj)->spec.job_template.spec);
}

#define CRONJOB_NAME_MAX 52 /* its jobs append eleven characters */

static void check_schedule(struct field_errors *fe, const struct field_path *p, str s) {
    unsigned n = 0;
    str_list fields = {0};
    if (!s.n) {
        field_required(fe, p, NULL);
        return;
    }
    if (str_find(s, STR("TZ=")) >= 0) {
        field_invalid(fe, p, s, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
        return;
    }
    for (str rest = s; rest.p;) {
        str word = str_cut(&rest, ' ');
        if (word.n) {
            *list_push(fe->arena, &fields) = word;
            n++;
        }
    }
    if (s.p[0] != '@' && n != 5)
        field_invalid(fe, p, s, "expected exactly 5 fields, found %u: [" STR_FMT "]", n,
                      STR_ARG(str_join(fe->arena, fields.v, fields.n, STR(" "))));
}

static void cronjob_validate(struct field_errors *fe, const void *obj) {
    static const char *const policies[] = {"Allow", "Forbid", "Replace", NULL};
    const CronJob *c = obj;
    const CronJobSpec *s = &c->spec;
    const struct field_path *p = PATH(NULL, "spec");
    check_schedule(fe, PATH(p, "schedule"), s->schedule);
    if (s->starting_deadline_seconds.set)
        field_check_not_negative(fe, PATH(p, "startingDeadlineSeconds"),
                                 s->starting_deadline_seconds.v);
    check_one_of_required(fe, PATH(p, "concurrencyPolicy"), s->concurrency_policy, policies);
    check_job_spec(fe, PATH(PATH(p, "jobTemplate"), "spec"), &s->job_template.spec);
    if (opt_or(s->job_template.spec.manual_selector, false))
        field_not_supported_printed(fe,
                                    PATH(PATH(PATH(p, "jobTemplate"), "spec"), "manualSelector"),
                                    STR("true"), (const char *const[]){"nil", "false", NULL});
    check_not_negative_opt(fe, PATH(p, "successfulJobsHistoryLimit"),
                           s->successful_jobs_history_limit);
    check_not_negative_opt(fe, PATH(p, "failedJobsHistoryLimit"), s->failed_jobs_history_limit);
    if (c->metadata.name.n > CRONJOB_NAME_MAX)
        field_invalid(fe, PATH(PATH(NULL, "metadata"), "name"), c->metadata.name,
                      "must be no more than 52 characters");
}

const struct hooks hooks_batch_v1_cronjobs = {
    .group = "batch",
    .resource = "cronjobs",
    .defaults = cronjob_defaults,
    .validate = cronjob_validate,
    .counts_generation = true,
};
