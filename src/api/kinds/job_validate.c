// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/job.h"

#define INDEXED_PARALLELISM_MAX    100000
#define INDEXED_FAILED_MAX         100000
#define COMPLETIONS_HIGH           100000 /* above it an index may fail only with tighter bounds */
#define COMPLETIONS_HIGH_BOUND_MAX 10000

static void at_most(struct field_errors *fe, const struct field_path *p, struct opt_i32 v,
                    int32_t most, const char *when) {
    if (opt_or(v, 0) > most)
        field_invalid_i64(
            fe, p, v.v, str_printf(fe->arena, "must be less than or equal to %d%s", most, when).p);
}

static void check_indexed(struct field_errors *fe, const struct field_path *p, const JobSpec *s) {
    static const char when_high[] =
        " when completions are above 100000 and used with backoff limit per index";
    const struct field_path *failed = PATH(p, "maxFailedIndexes");
    if (!s->completions.set)
        field_required(fe, PATH(p, "completions"), "when completion mode is Indexed");
    at_most(fe, PATH(p, "parallelism"), s->parallelism, INDEXED_PARALLELISM_MAX,
            " when completion mode is Indexed");
    if (s->completions.set && opt_or(s->max_failed_indexes, 0) > s->completions.v)
        field_invalid_i64(fe, failed, s->max_failed_indexes.v,
                          "must be less than or equal to completions");
    at_most(fe, failed, s->max_failed_indexes, INDEXED_FAILED_MAX, "");
    if (opt_or(s->completions, 0) <= COMPLETIONS_HIGH || !s->backoff_limit_per_index.set)
        return;
    if (!s->max_failed_indexes.set)
        field_required(fe, failed, "must be specified when completions is above 100000");
    at_most(fe, PATH(p, "parallelism"), s->parallelism, COMPLETIONS_HIGH_BOUND_MAX, when_high);
    at_most(fe, failed, s->max_failed_indexes, COMPLETIONS_HIGH_BOUND_MAX, when_high);
}

static void only_indexed(struct field_errors *fe, const struct field_path *p, struct opt_i32 v) {
    if (v.set)
        field_invalid_i64(fe, p, v.v, "requires indexed completion mode");
}

static void check_modes(struct field_errors *fe, const struct field_path *p, const JobSpec *s) {
    check_rows(fe, p, JobSpec, s, "completionMode");
    if (job_is_indexed(s))
        check_indexed(fe, p, s);
    if (!s->completion_mode.p || str_eqc(s->completion_mode, "NonIndexed")) {
        only_indexed(fe, PATH(p, "backoffLimitPerIndex"), s->backoff_limit_per_index);
        only_indexed(fe, PATH(p, "maxFailedIndexes"), s->max_failed_indexes);
    }
    if (s->pod_failure_policy)
        check_pod_failure_policy(fe, PATH(p, "podFailurePolicy"), s);
    if (s->success_policy && job_is_indexed(s))
        check_success_policy(fe, PATH(p, "successPolicy"), s);
    else if (s->success_policy)
        field_invalid_printed(fe, PATH(p, "successPolicy"),
                              go_json(fe->arena, &SuccessPolicy_type, s->success_policy),
                              "requires indexed completion mode");
}

/* With a failure policy a pod must have failed before it is replaced. */
static void check_replacement(struct field_errors *fe, const struct field_path *p,
                              const JobSpec *s) {
    static const char *const failed[] = {"Failed", NULL};
    if (!s->pod_failure_policy)
        check_rows(fe, p, JobSpec, s, "podReplacementPolicy");
    else if (s->pod_replacement_policy.p)
        check_one_of(fe, PATH(p, "podReplacementPolicy"), s->pod_replacement_policy, failed);
}

/* "Always" is what the defaults of a pod fill in: it counts as nothing said. */
static void check_restart_policy(struct field_errors *fe, const struct field_path *p,
                                 const JobSpec *s) {
    static const char *const policies[] = {"OnFailure", "Never", NULL};
    str policy = s->template_.spec.restart_policy;
    if (!policy.n || str_eqc(policy, "Always"))
        field_required(fe, p, "valid values: \"OnFailure\", \"Never\"");
    else if (!str_in(policy, policies))
        field_not_supported(fe, p, policy, policies);
    else if (s->pod_failure_policy && !str_eqc(policy, "Never"))
        field_invalid(fe, p, policy,
                      "only \"Never\" is supported when podFailurePolicy is specified");
}

void check_job_spec(struct field_errors *fe, const struct field_path *p, const JobSpec *s) {
    const struct field_path *template = PATH(p, "template");
    check_rows(fe, p, JobSpec, s,
               "parallelism completions activeDeadlineSeconds backoffLimit "
               "ttlSecondsAfterFinished backoffLimitPerIndex maxFailedIndexes");
    if (s->max_failed_indexes.set && !s->backoff_limit_per_index.set)
        field_required(fe, PATH(p, "backoffLimitPerIndex"), "when maxFailedIndexes is specified");
    if (s->managed_by.p)
        check_domain_prefixed_path(fe, PATH(p, "managedBy"), s->managed_by);
    check_rows(fe, p, JobSpec, s, "managedBy");
    check_modes(fe, p, s);
    check_replacement(fe, p, s);
    check_pod_template(fe, template, &s->template_);
    check_restart_policy(fe, PATH(PATH(template, "spec"), "restartPolicy"), s);
}

static void check_has_label(struct field_errors *fe, const struct field_path *meta,
                            const str_map *labels, const char *key, str want) {
    const struct field_path *p = PATH(meta, "labels");
    str got = label_get(labels, str_of(key));
    if (!label_has(labels, str_of(key)))
        field_required(fe, PATH_KEY(p, str_of(key)),
                       str_printf(fe->arena, "must be '" STR_FMT "'", STR_ARG(want)).p);
    else if (!str_eq(got, want))
        field_invalid_printed(fe, PATH_KEY(p, str_of(key)), map_json(fe->arena, labels),
                              "must be '" STR_FMT "'", STR_ARG(want));
}

/* The selector and the labels must be what the server writes itself when nobody says otherwise. */
static void check_generated(struct field_errors *fe, const Job *job) {
    const struct field_path *spec = PATH(NULL, "spec");
    const struct field_path *meta = PATH(PATH(spec, "template"), "metadata");
    const str_map *labels = &job->spec.template_.metadata.labels;
    str uid = job->metadata.uid, name = job->metadata.name;
    struct selector sel;
    struct err e;
    if (opt_or(job->spec.manual_selector, false) || !job->spec.selector)
        return;
    if (!uid.n)
        field_required(fe, PATH(PATH(NULL, "metadata"), "uid"), NULL);
    struct str_pair expected[] = {{STR("batch.kubernetes.io/controller-uid"), uid},
                                  {STR("batch.kubernetes.io/job-name"), name},
                                  {STR("controller-uid"), uid},
                                  {STR("job-name"), name}};
    static const uint8_t in_order[] = {2, 3, 0, 1};
    for (size_t i = 0; i < ARRAY_LEN(in_order); i++)
        check_has_label(fe, meta, labels, expected[in_order[i]].key.p, expected[in_order[i]].value);
    str_map own = {expected, ARRAY_LEN(expected)};
    if (selector_of(fe->arena, job->spec.selector, &sel, &e) == 0 && !selector_matches(&sel, &own))
        field_invalid_printed(fe, PATH(spec, "selector"),
                              go_json(fe->arena, &LabelSelector_type, job->spec.selector),
                              "`selector` not auto-generated");
}

/* Pods of an indexed job are hosts of the name job-INDEX. */
static void check_hostnames(struct field_errors *fe, const Job *job) {
    const JobSpec *s = &job->spec;
    if (!job_is_indexed(s) || opt_or(s->completions, 0) <= 0)
        return;
    str host =
        str_printf(fe->arena, STR_FMT "-%d", STR_ARG(job->metadata.name), s->completions.v - 1);
    if (!name_ok(name_dns1123_label, host))
        field_invalid(fe, PATH(PATH(NULL, "metadata"), "name"), job->metadata.name,
                      "will not able to create pod with invalid DNS label: " STR_FMT,
                      STR_ARG(host));
}

static void check_spec(struct field_errors *fe, const JobSpec *s) {
    const struct field_path *p = PATH(NULL, "spec");
    check_job_spec(fe, p, s);
    check_rows(fe, p, JobSpec, s, "selector");
    check_label_selector(fe, PATH(p, "selector"), s->selector);
    check_selects(fe, p, s->selector, &s->template_);
}

/* ---- updates ---- */

static void check_completions(struct field_errors *fe, const struct field_path *p, const JobSpec *s,
                              const JobSpec *was) {
    struct opt_i32 v = s->completions, old = was->completions;
    if (v.set == old.set && v.v == old.v)
        return;
    if (!job_is_indexed(s))
        check_same_number(fe, p, v, old);
    else if (v.set && (!s->parallelism.set || s->parallelism.v != v.v))
        field_invalid_i64(fe, p, v.v, "can only be modified in tandem with spec.parallelism");
}

static void keep_resources(const Container *v, Container *old, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (str_eq(v[i].name, old[i].name))
            old[i].resources = v[i].resources;
}

/* What may still change while a job waits: where its pods go, and what they are given. */
struct open {
    bool places, resources;
};

/* Once it ran, it waits when its pods are gone; before that nothing was given to anybody. */
static struct open open_of(const Job *old) {
    const JobStatus *s = &old->status;
    bool suspended = opt_or(old->spec.suspend, false);
    bool settled = job_condition_is_true(s, "Suspended") && !s->active;
    return (struct open){suspended && (!s->start_time.set || settled), suspended && settled};
}

static void check_template_update(struct field_errors *fe, const struct field_path *p,
                                  const JobSpec *s, const JobSpec *was, struct open may) {
    const PodTemplateSpec *t = &s->template_;
    if (!may.places) {
        if (!api_equal(&PodTemplateSpec_type, t, &was->template_))
            field_invalid_printed(fe, p, go_json(fe->arena, &PodTemplateSpec_type, t),
                                  FIELD_IMMUTABLE);
        return;
    }
    PodSpec old = *(const PodSpec *)api_clone(fe->arena, &PodSpec_type, &was->template_.spec);
    Affinity *affinity = arena_make(fe->arena, Affinity);
    if (old.affinity)
        *affinity = *old.affinity;
    affinity->node_affinity = t->spec.affinity ? t->spec.affinity->node_affinity : NULL;
    bool none = !affinity->node_affinity && !affinity->pod_affinity && !affinity->pod_anti_affinity;
    old.affinity = none && !t->spec.affinity ? NULL : affinity;
    old.node_selector = t->spec.node_selector;
    old.tolerations = t->spec.tolerations;
    old.scheduling_gates = t->spec.scheduling_gates;
    if (may.resources && old.containers.n == t->spec.containers.n)
        keep_resources(t->spec.containers.v, old.containers.v, old.containers.n);
    if (may.resources && old.init_containers.n == t->spec.init_containers.n)
        keep_resources(t->spec.init_containers.v, old.init_containers.v, old.init_containers.n);
    if (!api_equal(&PodSpec_type, &t->spec, &old))
        field_invalid_printed(fe, PATH(p, "spec"), go_json(fe->arena, &PodSpec_type, &t->spec),
                              FIELD_IMMUTABLE);
}

static void check_update(struct field_errors *fe, const JobSpec *s, const Job *old) {
    const JobSpec *was = &old->spec;
    const struct field_path *p = PATH(NULL, "spec");
    check_completions(fe, PATH(p, "completions"), s, was);
    check_same_message(fe, PATH(p, "selector"), &LabelSelector_type, s->selector, was->selector);
    check_template_update(fe, PATH(p, "template"), s, was, open_of(old));
    check_same_opt(fe, PATH(p, "completionMode"), s->completion_mode, was->completion_mode);
    check_same_message(fe, PATH(p, "podFailurePolicy"), &PodFailurePolicy_type,
                       s->pod_failure_policy, was->pod_failure_policy);
    check_same_number(fe, PATH(p, "backoffLimitPerIndex"), s->backoff_limit_per_index,
                      was->backoff_limit_per_index);
    check_same_opt(fe, PATH(p, "managedBy"), s->managed_by, was->managed_by);
    check_same_message(fe, PATH(p, "successPolicy"), &SuccessPolicy_type, s->success_policy,
                       was->success_policy);
}

/* Selector, labels and name are judged when a job is new: one that an older server took stays. */
void job_validate(struct field_errors *fe, const void *obj, const void *old) {
    const Job *job = obj, *was = old;
    if (was)
        fe->kept = kept_of_template(fe->arena, &was->spec.template_) |
                   kept_of_selector(fe->arena, was->spec.selector);
    if (!old)
        check_generated(fe, job);
    check_spec(fe, &job->spec);
    if (old)
        check_update(fe, &job->spec, old);
    else
        check_hostnames(fe, job);
}
