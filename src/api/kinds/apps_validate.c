// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/apps.h"

void check_selects(struct field_errors *fe, const struct field_path *spec, const LabelSelector *s,
                   const PodTemplateSpec *t) {
    struct selector sel;
    struct err e;
    if (selector_of(fe->arena, s, &sel, &e) < 0)
        return;
    if (!selector_empty(&sel) && !selector_matches(&sel, &t->metadata.labels))
        field_invalid_printed(fe, PATH(PATH(PATH(spec, "template"), "metadata"), "labels"),
                              map_json(fe->arena, &t->metadata.labels),
                              "`selector` does not match template `labels`");
}

static void check_runs_forever(struct field_errors *fe, const struct field_path *p,
                               const PodTemplateSpec *t, const char *what) {
    static const char *const always[] = {"Always", NULL};
    if (!str_eqc(t->spec.restart_policy, "Always"))
        field_not_supported(fe, PATH(PATH(p, "spec"), "restartPolicy"), t->spec.restart_policy,
                            always);
    if (t->spec.active_deadline_seconds.set)
        field_forbidden(fe, PATH(PATH(p, "spec"), "activeDeadlineSeconds"),
                        "activeDeadlineSeconds in %s is not Supported", what);
}

void check_forever_template(struct field_errors *fe, const struct field_path *p,
                            const PodTemplateSpec *t, const char *what) {
    check_pod_template(fe, p, t);
    check_runs_forever(fe, p, t, what);
}

static void check_selector(struct field_errors *fe, const struct field_path *p,
                           const LabelSelector *s, const char *what) {
    if (!s) {
        field_required(fe, p, NULL);
        return;
    }
    check_label_selector(fe, p, s);
    if (label_selector_empty(s))
        field_invalid_printed(fe, p, STR("{}"), "empty selector is invalid for %s", what);
}

/* ---- Deployment ---- */

/* A text that is neither a percentage nor a number counts as nothing: it is told elsewhere. */
static bool is_zero(IntOrString v) {
    int64_t percent;
    return intstr_percent(v, &percent) ? percent == 0 : intstr_value(v) == 0;
}

static str amount_json(struct arena *a, IntOrString v) {
    return v.kind == INTSTR_STRING ? opt_text(a, v.s) : intstr_text(a, v);
}

static void check_rolling_update(struct field_errors *fe, const struct field_path *p,
                                 const RollingUpdateDeployment *r) {
    field_check_int_or_percent(fe, PATH(p, "maxUnavailable"), r->max_unavailable);
    field_check_int_or_percent(fe, PATH(p, "maxSurge"), r->max_surge);
    if (is_zero(r->max_unavailable) && is_zero(r->max_surge))
        field_invalid_printed(fe, PATH(p, "maxUnavailable"),
                              amount_json(fe->arena, r->max_unavailable),
                              "may not be 0 when `maxSurge` is 0");
    field_check_percent_at_most_100(fe, PATH(p, "maxUnavailable"), r->max_unavailable);
}

static void check_strategy(struct field_errors *fe, const struct field_path *p,
                           const DeploymentStrategy *s) {
    static const char *const types[] = {"Recreate", "RollingUpdate", NULL};
    if (str_eqc(s->type, "Recreate")) {
        if (s->rolling_update)
            field_forbidden(fe, PATH(p, "rollingUpdate"),
                            "may not be specified when strategy `type` is 'Recreate'");
    } else if (str_eqc(s->type, "RollingUpdate")) {
        if (!s->rolling_update)
            field_required(fe, PATH(p, "rollingUpdate"),
                           "this should be defaulted and never be nil");
        else
            check_rolling_update(fe, PATH(p, "rollingUpdate"), s->rolling_update);
    } else {
        field_not_supported_printed(fe, p, go_json(fe->arena, &DeploymentStrategy_type, s), types);
    }
}

void deployment_validate(struct field_errors *fe, const void *obj, const void *old) {
    const DeploymentSpec *s = &((const Deployment *)obj)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    const struct opt_i32 deadline = s->progress_deadline_seconds;
    const Deployment *was = old;
    fe->kept = kept_of_template(fe->arena, was ? &was->spec.template_ : NULL);
    check_rows(fe, p, DeploymentSpec, s, "replicas");
    check_selector(fe, PATH(p, "selector"), s->selector, "deployment");
    check_selects(fe, p, s->selector, &s->template_);
    check_forever_template(fe, PATH(p, "template"), &s->template_, "ReplicaSet");
    check_strategy(fe, PATH(p, "strategy"), &s->strategy);
    check_rows(fe, p, DeploymentSpec, s,
               "minReadySeconds revisionHistoryLimit progressDeadlineSeconds");
    if (deadline.set && deadline.v <= s->min_ready_seconds)
        field_invalid_i64(fe, PATH(p, "progressDeadlineSeconds"), deadline.v,
                          "must be greater than minReadySeconds");
}

void deployment_validate_update(struct field_errors *fe, const void *obj, const void *old) {
    check_same_message(fe, PATH(PATH(NULL, "spec"), "selector"), &LabelSelector_type,
                       ((const Deployment *)obj)->spec.selector,
                       ((const Deployment *)old)->spec.selector);
}

static void check_at_most(struct field_errors *fe, const char *name, int64_t v, const char *other,
                          int64_t most) {
    if (v > most)
        field_invalid_i64(fe, PATH(PATH(NULL, "status"), name), v,
                          str_printf(fe->arena, "cannot be greater than %s", other).p);
}

void check_counts(struct field_errors *fe, const char *some, int32_t v, int32_t ready,
                  int32_t available, int32_t replicas) {
    check_at_most(fe, some, v, "status.replicas", replicas);
    check_at_most(fe, "readyReplicas", ready, "status.replicas", replicas);
    check_at_most(fe, "availableReplicas", available, "status.replicas", replicas);
    check_at_most(fe, "availableReplicas", available, "readyReplicas", ready);
}

static void check_collisions(struct field_errors *fe, struct opt_i32 v, struct opt_i32 old) {
    if (old.set && (!v.set || v.v < old.v))
        field_invalid_i64(fe, PATH(PATH(NULL, "status"), "collisionCount"), v.v,
                          "cannot be decremented");
}

void deployment_validate_status(struct field_errors *fe, const void *obj, const void *old) {
    const DeploymentStatus *s = &((const Deployment *)obj)->status;
    const DeploymentStatus *was = &((const Deployment *)old)->status;
    check_rows(fe, PATH(NULL, "status"), DeploymentStatus, s,
               "observedGeneration replicas updatedReplicas readyReplicas availableReplicas "
               "unavailableReplicas collisionCount");
    check_counts(fe, "updatedReplicas", s->updated_replicas, s->ready_replicas,
                 s->available_replicas, s->replicas);
    check_collisions(fe, s->collision_count, was->collision_count);
}

/* ---- ReplicaSet ---- */

void replicaset_validate(struct field_errors *fe, const void *obj, const void *old) {
    const ReplicaSetSpec *s = &((const ReplicaSet *)obj)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    const ReplicaSet *was = old;
    fe->kept = kept_of_template(fe->arena, was ? &was->spec.template_ : NULL);
    check_rows(fe, p, ReplicaSetSpec, s, "replicas minReadySeconds");
    check_selector(fe, PATH(p, "selector"), s->selector, "deployment");
    check_selects(fe, p, s->selector, &s->template_);
    check_forever_template(fe, PATH(p, "template"), &s->template_, "ReplicaSet");
}

void replicaset_validate_update(struct field_errors *fe, const void *obj, const void *old) {
    check_same_message(fe, PATH(PATH(NULL, "spec"), "selector"), &LabelSelector_type,
                       ((const ReplicaSet *)obj)->spec.selector,
                       ((const ReplicaSet *)old)->spec.selector);
}

void replicaset_validate_status(struct field_errors *fe, const void *obj, const void *old) {
    const ReplicaSetStatus *s = &((const ReplicaSet *)obj)->status;
    (void)old;
    check_rows(fe, PATH(NULL, "status"), ReplicaSetStatus, s,
               "replicas fullyLabeledReplicas readyReplicas availableReplicas observedGeneration");
    check_counts(fe, "fullyLabeledReplicas", s->fully_labeled_replicas, s->ready_replicas,
                 s->available_replicas, s->replicas);
}

/* ---- StatefulSet ---- */

static void check_stateful_strategy(struct field_errors *fe, const struct field_path *p,
                                    const StatefulSetUpdateStrategy *u) {
    if (!u->type.n) {
        field_required(fe, p, NULL);
    } else if (str_eqc(u->type, "OnDelete")) {
        if (u->rolling_update)
            field_invalid_printed(
                fe, PATH(p, "rollingUpdate"),
                go_json(fe->arena, &RollingUpdateStatefulSetStrategy_type, u->rolling_update),
                "only allowed for updateStrategy 'RollingUpdate'");
    } else if (!str_eqc(u->type, "RollingUpdate")) {
        field_invalid_printed(fe, p, go_json(fe->arena, &StatefulSetUpdateStrategy_type, u),
                              "must be 'RollingUpdate' or 'OnDelete'");
    } else if (u->rolling_update) {
        check_rows(fe, p, StatefulSetUpdateStrategy, u, "rollingUpdate");
    }
}

/* Names and claims cannot change any more and were checked when they could; so was a template that
 * is what it was. */
void statefulset_validate(struct field_errors *fe, const void *obj, const void *old) {
    const StatefulSetSpec *s = &((const StatefulSet *)obj)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    str policy = s->pod_management_policy;
    const StatefulSet *was = old;
    fe->kept = kept_of_template(fe->arena, was ? &was->spec.template_ : NULL);
    if (!policy.n)
        field_required(fe, PATH(p, "podManagementPolicy"), NULL);
    else if (!str_eqc(policy, "OrderedReady") && !str_eqc(policy, "Parallel"))
        field_invalid(fe, PATH(p, "podManagementPolicy"), policy,
                      "must be 'OrderedReady' or 'Parallel'");
    check_stateful_strategy(fe, PATH(p, "updateStrategy"), &s->update_strategy);
    check_rows(fe, p, StatefulSetSpec, s, "persistentVolumeClaimRetentionPolicy");
    for (uint32_t i = 0; !was && i < s->volume_claim_templates.n && !field_errors_full(fe); i++)
        check_claim_spec(fe, PATH(PATH_INDEX(PATH(p, "volumeClaimTemplates"), i), "spec"),
                         &s->volume_claim_templates.v[i].spec);
    check_rows(fe, p, StatefulSetSpec, s, "replicas minReadySeconds ordinals");
    if (!was && s->service_name.n)
        field_check_name(fe, PATH(p, "serviceName"), s->service_name, name_dns1123_label);
    check_selector(fe, PATH(p, "selector"), s->selector, "statefulset");
    check_selects(fe, p, s->selector, &s->template_);
    if (!was || !api_equal(&PodTemplateSpec_type, &s->template_, &was->spec.template_))
        check_pod_template(fe, PATH(p, "template"), &s->template_);
    check_runs_forever(fe, PATH(p, "template"), &s->template_, "StatefulSet");
    check_rows(fe, p, StatefulSetSpec, s, "revisionHistoryLimit");
}

void statefulset_validate_update(struct field_errors *fe, const void *obj, const void *old) {
    const StatefulSetSpec *s = &((const StatefulSet *)obj)->spec;
    StatefulSetSpec was = ((const StatefulSet *)old)->spec;
    was.replicas = s->replicas;
    was.template_ = s->template_;
    was.update_strategy = s->update_strategy;
    was.min_ready_seconds = s->min_ready_seconds;
    was.ordinals = s->ordinals;
    was.revision_history_limit = s->revision_history_limit;
    was.persistent_volume_claim_retention_policy = s->persistent_volume_claim_retention_policy;
    if (!api_equal(&StatefulSetSpec_type, s, &was))
        field_forbidden(fe, PATH(NULL, "spec"),
                        "updates to statefulset spec for fields other than 'replicas', 'ordinals', "
                        "'template', 'updateStrategy', 'revisionHistoryLimit', "
                        "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are "
                        "forbidden");
}

void statefulset_validate_status(struct field_errors *fe, const void *obj, const void *old) {
    const StatefulSetStatus *s = &((const StatefulSet *)obj)->status;
    const StatefulSetStatus *was = &((const StatefulSet *)old)->status;
    check_rows(fe, PATH(NULL, "status"), StatefulSetStatus, s,
               "replicas readyReplicas currentReplicas updatedReplicas availableReplicas "
               "observedGeneration collisionCount");
    check_at_most(fe, "readyReplicas", s->ready_replicas, "status.replicas", s->replicas);
    check_at_most(fe, "currentReplicas", s->current_replicas, "status.replicas", s->replicas);
    check_at_most(fe, "updatedReplicas", s->updated_replicas, "status.replicas", s->replicas);
    check_at_most(fe, "availableReplicas", s->available_replicas, "status.replicas", s->replicas);
    check_at_most(fe, "availableReplicas", s->available_replicas, "status.readyReplicas",
                  s->ready_replicas);
    check_collisions(fe, s->collision_count, was->collision_count);
}

/* ---- DaemonSet ---- */

static void check_daemon_strategy(struct field_errors *fe, const struct field_path *p,
                                  const DaemonSetUpdateStrategy *u) {
    static const char *const types[] = {"RollingUpdate", "OnDelete", NULL};
    if (str_eqc(u->type, "OnDelete"))
        return;
    if (!str_eqc(u->type, "RollingUpdate")) {
        field_not_supported_printed(fe, p, go_json(fe->arena, &DaemonSetUpdateStrategy_type, u),
                                    types);
        return;
    }
    const struct field_path *at = PATH(p, "rollingUpdate");
    const RollingUpdateDaemonSet *r = u->rolling_update;
    if (!r) {
        field_required(fe, at, NULL);
        return;
    }
    bool unavailable = !is_zero(r->max_unavailable), surge = !is_zero(r->max_surge);
    field_check_int_or_percent(fe, PATH(at, "maxUnavailable"), r->max_unavailable);
    field_check_int_or_percent(fe, PATH(at, "maxSurge"), r->max_surge);
    field_check_percent_at_most_100(fe, PATH(at, "maxUnavailable"), r->max_unavailable);
    field_check_percent_at_most_100(fe, PATH(at, "maxSurge"), r->max_surge);
    if (unavailable && surge)
        field_invalid_printed(fe, PATH(at, "maxSurge"), amount_json(fe->arena, r->max_surge),
                              "may not be set when maxUnavailable is non-zero");
    if (!unavailable && !surge)
        field_required(fe, PATH(at, "maxUnavailable"), "cannot be 0 when maxSurge is 0");
}

void daemonset_validate(struct field_errors *fe, const void *obj, const void *old) {
    const DaemonSetSpec *s = &((const DaemonSet *)obj)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    const DaemonSet *was = old;
    fe->kept = kept_of_template(fe->arena, was ? &was->spec.template_ : NULL);
    check_label_selector(fe, PATH(p, "selector"), s->selector);
    check_selects(fe, p, s->selector, &s->template_);
    if (s->selector && label_selector_empty(s->selector))
        field_invalid_printed(fe, PATH(p, "selector"), STR("{}"),
                              "empty selector is invalid for daemonset");
    check_forever_template(fe, PATH(p, "template"), &s->template_, "DaemonSet");
    check_rows(fe, p, DaemonSetSpec, s, "minReadySeconds");
    check_daemon_strategy(fe, PATH(p, "updateStrategy"), &s->update_strategy);
    check_rows(fe, p, DaemonSetSpec, s, "revisionHistoryLimit");
}

void daemonset_validate_update(struct field_errors *fe, const void *obj, const void *old) {
    check_same_message(fe, PATH(PATH(NULL, "spec"), "selector"), &LabelSelector_type,
                       ((const DaemonSet *)obj)->spec.selector,
                       ((const DaemonSet *)old)->spec.selector);
}

void daemonset_validate_status(struct field_errors *fe, const void *obj, const void *old) {
    const DaemonSetStatus *s = &((const DaemonSet *)obj)->status;
    api_validate(fe, &DaemonSetStatus_type, s, PATH(NULL, "status"));
    check_collisions(fe, s->collision_count, ((const DaemonSet *)old)->status.collision_count);
}

/* ---- ControllerRevision ---- */

static void check_revision(struct field_errors *fe, const ControllerRevision *r) {
    if (!r->data.n || str_eqc(r->data, "null"))
        field_required(fe, PATH(NULL, "data"), "data is mandatory");
    check_rows(fe, NULL, ControllerRevision, r, "revision");
}

void controllerrevision_validate(struct field_errors *fe, const void *obj) {
    check_revision(fe, obj);
}

void controllerrevision_validate_update(struct field_errors *fe, const void *obj, const void *old) {
    const ControllerRevision *r = obj, *was = old;
    if (!str_eq(r->data, was->data))
        field_invalid_printed(fe, PATH(NULL, "data"), r->data.n ? r->data : STR("null"),
                              FIELD_IMMUTABLE);
}
