// SPDX-License-Identifier: Apache-2.0
/* apps, batch, autoscaling, policy. */
#include "api/print/print_impl.h"

static void print_deployment(struct row *r, const void *obj) {
    const Deployment *d = obj;
    cell_text(r, d->metadata.name);
    cell_fmt(r, "%d/%d", d->status.ready_replicas, opt_or(d->spec.replicas, 0));
    cell_int(r, d->status.updated_replicas);
    cell_int(r, d->status.available_replicas);
    cell_age(r, d->metadata.creation_timestamp);
    cells_containers(r, &d->spec.template_.spec);
    cell_selector(r, d->spec.selector);
}
PRINTER(apps_v1_deployments, print_deployment, COLUMN_NAME, COLUMN("Ready"), COLUMN("Up-to-date"),
        COLUMN("Available"), COLUMN_AGE, COLUMN_WIDE("Containers"), COLUMN_WIDE("Images"),
        COLUMN_WIDE("Selector"));

static void print_replicaset(struct row *r, const void *obj) {
    const ReplicaSet *s = obj;
    cell_text(r, s->metadata.name);
    cell_int(r, opt_or(s->spec.replicas, 0));
    cell_int(r, s->status.replicas);
    cell_int(r, s->status.ready_replicas);
    cell_age(r, s->metadata.creation_timestamp);
    cells_containers(r, &s->spec.template_.spec);
    cell_selector(r, s->spec.selector);
}
PRINTER(apps_v1_replicasets, print_replicaset, COLUMN_NAME, COLUMN_INT("Desired"),
        COLUMN_INT("Current"), COLUMN_INT("Ready"), COLUMN_AGE, COLUMN_WIDE("Containers"),
        COLUMN_WIDE("Images"), COLUMN_WIDE("Selector"));

static void print_statefulset(struct row *r, const void *obj) {
    const StatefulSet *s = obj;
    cell_text(r, s->metadata.name);
    cell_fmt(r, "%d/%d", s->status.ready_replicas, opt_or(s->spec.replicas, 0));
    cell_age(r, s->metadata.creation_timestamp);
    cells_containers(r, &s->spec.template_.spec);
}
PRINTER(apps_v1_statefulsets, print_statefulset, COLUMN_NAME, COLUMN("Ready"), COLUMN_AGE,
        COLUMN_WIDE("Containers"), COLUMN_WIDE("Images"));

static void print_daemonset(struct row *r, const void *obj) {
    const DaemonSet *d = obj;
    cell_text(r, d->metadata.name);
    cell_int(r, d->status.desired_number_scheduled);
    cell_int(r, d->status.current_number_scheduled);
    cell_int(r, d->status.number_ready);
    cell_int(r, d->status.updated_number_scheduled);
    cell_int(r, d->status.number_available);
    cell_map(r, &d->spec.template_.spec.node_selector);
    cell_age(r, d->metadata.creation_timestamp);
    cells_containers(r, &d->spec.template_.spec);
    cell_selector(r, d->spec.selector);
}
PRINTER(apps_v1_daemonsets, print_daemonset, COLUMN_NAME, COLUMN_INT("Desired"),
        COLUMN_INT("Current"), COLUMN_INT("Ready"), COLUMN_INT("Up-to-date"),
        COLUMN_INT("Available"), COLUMN("Node Selector"), COLUMN_AGE, COLUMN_WIDE("Containers"),
        COLUMN_WIDE("Images"), COLUMN_WIDE("Selector"));

static void print_revision(struct row *r, const void *obj) {
    const ControllerRevision *c = obj;
    str controller = STR("<none>");
    for (uint32_t i = 0; i < c->metadata.owner_references.n; i++) {
        const OwnerReference *o = &c->metadata.owner_references.v[i];
        if (!opt_or(o->controller, false))
            continue;
        str rest = o->api_version, group = str_cut(&rest, '/');
        controller = rest.p ? str_printf(r->arena, STR_FMT "." STR_FMT "/" STR_FMT,
                                         STR_ARG(str_lower(r->arena, o->kind)), STR_ARG(group),
                                         STR_ARG(o->name))
                            : str_printf(r->arena, STR_FMT "/" STR_FMT,
                                         STR_ARG(str_lower(r->arena, o->kind)), STR_ARG(o->name));
        break;
    }
    cell_text(r, c->metadata.name);
    cell_text(r, controller);
    cell_int(r, c->revision);
    cell_age(r, c->metadata.creation_timestamp);
}
PRINTER(apps_v1_controllerrevisions, print_revision, COLUMN_NAME, COLUMN("Controller"),
        COLUMN("Revision"), COLUMN_AGE);

/* ---- batch ---- */

static bool job_is(const Job *j, const char *type) {
    for (uint32_t i = 0; i < j->status.conditions.n; i++)
        if (str_eqc(j->status.conditions.v[i].type, type) &&
            str_eqc(j->status.conditions.v[i].status, "True"))
            return true;
    return false;
}

static const char *job_status(const Job *j) {
    if (job_is(j, "Complete"))
        return "Complete";
    if (job_is(j, "Failed"))
        return "Failed";
    if (j->metadata.deletion_timestamp.set)
        return "Terminating";
    if (job_is(j, "Suspended"))
        return "Suspended";
    if (job_is(j, "FailureTarget"))
        return "FailureTarget";
    return job_is(j, "SuccessCriteriaMet") ? "SuccessCriteriaMet" : "Running";
}

static void cell_job_duration(struct row *r, const JobStatus *s) {
    if (!s->start_time.set) {
        cell_text(r, STR_NONE);
        return;
    }
    struct row until = *r;
    if (s->completion_time.set)
        until.now = s->completion_time.sec * 1000000000;
    cell_text(r, age_text(&until, s->start_time));
}

static void print_job(struct row *r, const void *obj) {
    const Job *j = obj;
    int parallelism = opt_or(j->spec.parallelism, 0);
    cell_text(r, j->metadata.name);
    cell_textc(r, job_status(j));
    if (j->spec.completions.set)
        cell_fmt(r, "%d/%d", j->status.succeeded, j->spec.completions.v);
    else if (parallelism > 1)
        cell_fmt(r, "%d/1 of %d", j->status.succeeded, parallelism);
    else
        cell_fmt(r, "%d/1", j->status.succeeded);
    cell_job_duration(r, &j->status);
    cell_age(r, j->metadata.creation_timestamp);
    cells_containers(r, &j->spec.template_.spec);
    cell_selector(r, j->spec.selector);
}
PRINTER(batch_v1_jobs, print_job, COLUMN_NAME, COLUMN("Status"), COLUMN("Completions"),
        COLUMN("Duration"), COLUMN_AGE, COLUMN_WIDE("Containers"), COLUMN_WIDE("Images"),
        COLUMN_WIDE("Selector"));

static void print_cronjob(struct row *r, const void *obj) {
    const CronJob *c = obj;
    const JobSpec *job = &c->spec.job_template.spec;
    cell_text(r, c->metadata.name);
    cell_text(r, c->spec.schedule);
    cell_or(r, c->spec.time_zone, "<none>");
    cell_textc(r, !c->spec.suspend.set ? "<unset>" : c->spec.suspend.v ? "True" : "False");
    cell_int(r, c->status.active.n);
    if (c->status.last_schedule_time.set)
        cell_age(r, c->status.last_schedule_time);
    else
        cell_textc(r, "<none>");
    cell_age(r, c->metadata.creation_timestamp);
    cells_containers(r, &job->template_.spec);
    cell_selector(r, job->selector);
}
PRINTER(batch_v1_cronjobs, print_cronjob, COLUMN_NAME, COLUMN("Schedule"), COLUMN("Timezone"),
        COLUMN_BOOL("Suspend"), COLUMN_INT("Active"), COLUMN("Last Schedule"), COLUMN_AGE,
        COLUMN_WIDE("Containers"), COLUMN_WIDE("Images"), COLUMN_WIDE("Selector"));

/* ---- autoscaling, policy ---- */

#define METRICS_SHOWN 2

static str current_or_unknown(str q) {
    return q.n ? q : STR("<unknown>");
}

/* "cur/target", or both as percentages when a utilisation is asked for. */
static str resource_metric(struct row *r, str name, const MetricTarget *t,
                           const MetricValueStatus *now) {
    if (t->average_value.p) {
        str cur = current_or_unknown(now ? now->average_value : STR_NONE);
        return str_printf(r->arena, STR_FMT ": " STR_FMT "/" STR_FMT, STR_ARG(name), STR_ARG(cur),
                          STR_ARG(t->average_value));
    }
    str cur = now && now->average_utilization.set
                  ? str_printf(r->arena, "%d%%", now->average_utilization.v)
                  : STR("<unknown>");
    str target = t->average_utilization.set ? str_printf(r->arena, "%d%%", t->average_utilization.v)
                                            : STR("<auto>");
    return str_printf(r->arena, STR_FMT ": " STR_FMT "/" STR_FMT, STR_ARG(name), STR_ARG(cur),
                      STR_ARG(target));
}

static str value_metric(struct row *r, const MetricTarget *t, const MetricValueStatus *now) {
    bool average = t->average_value.p != NULL;
    str cur = current_or_unknown(!now ? STR_NONE : average ? now->average_value : now->value);
    return str_printf(r->arena, STR_FMT "/" STR_FMT "%s", STR_ARG(cur),
                      STR_ARG(average ? t->average_value : t->value), average ? " (avg)" : "");
}

static str metric_text(struct row *r, const MetricSpec *m, const MetricStatus *s) {
    if (m->resource)
        return resource_metric(r, m->resource->name, &m->resource->target,
                               s && s->resource ? &s->resource->current : NULL);
    if (m->container_resource)
        return resource_metric(r, m->container_resource->name, &m->container_resource->target,
                               s && s->container_resource ? &s->container_resource->current : NULL);
    if (m->pods) {
        str cur = current_or_unknown(s && s->pods ? s->pods->current.average_value : STR_NONE);
        return str_printf(r->arena, STR_FMT "/" STR_FMT, STR_ARG(cur),
                          STR_ARG(m->pods->target.average_value));
    }
    if (m->object)
        return value_metric(r, &m->object->target, s && s->object ? &s->object->current : NULL);
    if (m->external)
        return value_metric(r, &m->external->target,
                            s && s->external ? &s->external->current : NULL);
    return STR("<unknown type>");
}

static void print_hpa(struct row *r, const void *obj) {
    const HorizontalPodAutoscaler *h = obj;
    str_list metrics = {0};
    for (uint32_t i = 0; i < h->spec.metrics.n; i++)
        list_add(
            r->arena, &metrics,
            metric_text(r, &h->spec.metrics.v[i],
                        i < h->status.current_metrics.n ? &h->status.current_metrics.v[i] : NULL));
    cell_text(r, h->metadata.name);
    cell_fmt(r, STR_FMT "/" STR_FMT, STR_ARG(h->spec.scale_target_ref.kind),
             STR_ARG(h->spec.scale_target_ref.name));
    cell_or(r, join_some(r->arena, metrics, METRICS_SHOWN, ", "), "<none>");
    if (h->spec.min_replicas.set)
        cell_fmt(r, "%d", h->spec.min_replicas.v);
    else
        cell_textc(r, "<unset>");
    cell_int(r, h->spec.max_replicas);
    cell_int(r, h->status.current_replicas);
    cell_age(r, h->metadata.creation_timestamp);
}
PRINTER(autoscaling_v2_horizontalpodautoscalers, print_hpa, COLUMN_NAME, COLUMN("Reference"),
        COLUMN("Targets"), COLUMN("MinPods"), COLUMN("MaxPods"), COLUMN("Replicas"), COLUMN_AGE);

static void print_scale(struct row *r, const void *obj) {
    const Scale *s = obj;
    cell_text(r, s->metadata.name);
    cell_int(r, s->spec.replicas);
    cell_int(r, s->status.replicas);
    cell_age(r, s->metadata.creation_timestamp);
}
PRINTER(scale, print_scale, COLUMN("Name"), COLUMN_INT("Desired"), COLUMN_INT("Available"),
        COLUMN_AGE);

static void print_pdb(struct row *r, const void *obj) {
    const PodDisruptionBudget *p = obj;
    cell_text(r, p->metadata.name);
    cell_text(r, intstr_given(p->spec.min_available) ? intstr_text(r->arena, p->spec.min_available)
                                                     : STR("N/A"));
    cell_text(r, intstr_given(p->spec.max_unavailable)
                     ? intstr_text(r->arena, p->spec.max_unavailable)
                     : STR("N/A"));
    cell_int(r, p->status.disruptions_allowed);
    cell_age(r, p->metadata.creation_timestamp);
}
PRINTER(policy_v1_poddisruptionbudgets, print_pdb, COLUMN_NAME, COLUMN("Min Available"),
        COLUMN("Max Unavailable"), COLUMN_INT("Allowed Disruptions"), COLUMN_AGE);
