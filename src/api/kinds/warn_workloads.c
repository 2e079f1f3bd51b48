// SPDX-License-Identifier: Apache-2.0
/* What makes pods: the warnings of its template, and some of its own. */
#include "api/kinds/warn.h"

static bool judges_template(const void *obj, const void *old) {
    return !old || warn_spec_changed(obj, old);
}

static const struct field_path spec_path = {.name = "spec"};

void warn_deployment(struct warnings *w, const void *obj, const void *old) {
    const Deployment *d = obj;
    if (!old)
        warn_name(w, d->metadata.name, NAMES_PODS);
    if (judges_template(obj, old))
        warn_pod_template(w, PATH(&spec_path, "template"), &d->spec.template_);
}

void warn_replicaset(struct warnings *w, const void *obj, const void *old) {
    const ReplicaSet *rs = obj;
    if (!old)
        warn_name(w, rs->metadata.name, NAMES_PODS);
    if (judges_template(obj, old))
        warn_pod_template(w, PATH(&spec_path, "template"), &rs->spec.template_);
}

/* An update is warned of what the template was: upstream has the two the wrong way round. */
void warn_replication_controller(struct warnings *w, const void *obj, const void *old) {
    const ReplicationController *rc = obj, *judged = old ? old : obj;
    if (!old)
        warn_name(w, rc->metadata.name, NAMES_PODS);
    if (judges_template(obj, old) && judged->spec.template_)
        warn_pod_template(w, PATH(&spec_path, "template"), judged->spec.template_);
}

void warn_daemonset(struct warnings *w, const void *obj, const void *old) {
    const DaemonSet *d = obj, *was = old;
    if (!old || !api_equal(&PodTemplateSpec_type, &d->spec.template_, &was->spec.template_))
        warn_pod_template(w, PATH(&spec_path, "template"), &d->spec.template_);
}

void warn_statefulset(struct warnings *w, const void *obj, const void *old) {
    const StatefulSet *s = obj;
    if (judges_template(obj, old))
        warn_pod_template(w, PATH(&spec_path, "template"), &s->spec.template_);
    for (uint32_t i = 0; i < s->spec.volume_claim_templates.n && !warnings_full(w); i++) {
        const struct field_path *at = PATH_INDEX(PATH(&spec_path, "volumeClaimTemplates"), i);
        /* Upstream's paths: without the field on create, with a capital on update. */
        warn_claim_spec(w, old ? PATH(at, "Spec") : at, &s->spec.volume_claim_templates.v[i].spec);
    }
    if (opt_or(s->spec.revision_history_limit, 0) < 0)
        warn_text(w, "spec.revisionHistoryLimit: a negative value retains all historical "
                     "revisions; a value >= 0 is recommended");
}

/* Above both, the indexes that completed may not fit into the status when many failed. */
#define COMPLETIONS_SOFT_MAX 100000
#define PARALLELISM_SOFT_MAX 10000

static void warn_job_spec(struct warnings *w, const struct field_path *p, const JobSpec *s) {
    if (str_eqc(s->completion_mode, "Indexed") &&
        opt_or(s->completions, 0) > COMPLETIONS_SOFT_MAX &&
        opt_or(s->parallelism, 0) > PARALLELISM_SOFT_MAX)
        warn_at(w, p,
                "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism "
                "higher than 10^4, Kubernetes might not be able to track completedIndexes when a "
                "big number of indexes fail");
    warn_pod_template(w, PATH(p, "template"), &s->template_);
}

void warn_job(struct warnings *w, const void *obj, const void *old) {
    const Job *job = obj;
    if (!old)
        warn_name(w, job->metadata.name, NAMES_PODS);
    if (judges_template(obj, old))
        warn_job_spec(w, &spec_path, &job->spec);
}

void warn_cronjob(struct warnings *w, const void *obj, const void *old) {
    const CronJob *c = obj;
    if (!old)
        warn_name(w, c->metadata.name, NAMES_PODS);
    if (judges_template(obj, old))
        warn_job_spec(w, PATH(PATH(&spec_path, "jobTemplate"), "spec"), &c->spec.job_template.spec);
    if (old && str_find(c->spec.schedule, STR("TZ")) >= 0)
        warn_text(w, "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see "
                     "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for "
                     "more details");
}
