// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/autoscaling.h"

static void default_metric(struct arena *a, HorizontalPodAutoscalerSpec *s) {
    MetricSpec *m = list_push(a, &s->metrics);
    m->type = STR("Resource");
    m->resource = arena_make(a, ResourceMetricSource);
    m->resource->name = STR("cpu");
    m->resource->target.type = STR("Utilization");
    m->resource->target.average_utilization = (struct opt_i32){true, 80};
}

static void add_policy(struct arena *a, HPAScalingRules *r, str type, int32_t value) {
    HPAScalingPolicy *p = list_push(a, &r->policies);
    *p = (HPAScalingPolicy){.type = type, .value = value, .period_seconds = 15};
}

/* By default as fast up as the larger of four pods and doubling, and all down at once. */
static HPAScalingRules *rules(struct arena *a, HPAScalingRules *r, bool up) {
    if (!r)
        r = arena_make(a, HPAScalingRules);
    if (!r->select_policy.n)
        r->select_policy = STR("Max");
    if (up && !r->stabilization_window_seconds.set)
        r->stabilization_window_seconds = (struct opt_i32){true, 0};
    if (r->policies.n)
        return r;
    r->policies.v = NULL;
    if (up)
        add_policy(a, r, STR("Pods"), 4);
    add_policy(a, r, STR("Percent"), 100);
    return r;
}

static void defaults(struct hook_ctx *h, void *obj) {
    HorizontalPodAutoscalerSpec *s = &((HorizontalPodAutoscaler *)obj)->spec;
    if (!s->metrics.n) {
        s->metrics.v = NULL;
        default_metric(h->arena, s);
    }
    if (!s->behavior)
        return;
    s->behavior->scale_up = rules(h->arena, s->behavior->scale_up, true);
    s->behavior->scale_down = rules(h->arena, s->behavior->scale_down, false);
}

/* ---- validation ---- */

#define STABILIZATION_MAX 3600 /* s */
#define PERIOD_MAX        1800 /* s */

const char *reference_version_error(struct arena *a, str version, bool group) {
    ssize_t slash = str_chr(version, '/');
    if (slash >= 0 && str_chr(str_slice(version, (size_t)slash + 1, version.n), '/') >= 0)
        return str_printf(a, "unexpected GroupVersion string: " STR_FMT, STR_ARG(version)).p;
    return group && slash <= 0 ? "apiVersion must specify API group" : NULL;
}

void check_object_reference(struct field_errors *fe, const struct field_path *p,
                            const CrossVersionObjectReference *r, const char *version_error) {
    check_rows(fe, p, CrossVersionObjectReference, r, "kind");
    if (r->kind.n)
        field_check_name(fe, PATH(p, "kind"), r->kind, name_path_segment);
    check_rows(fe, p, CrossVersionObjectReference, r, "name");
    if (r->name.n)
        field_check_name(fe, PATH(p, "name"), r->name, name_path_segment);
    if (version_error)
        field_invalid(fe, PATH(p, "apiVersion"), r->api_version, "%s", version_error);
}

/* What is scaled is in a group, but for the one kind of the core that is; what was pointed at stays
 * whatever it is. */
static void check_target_reference(struct field_errors *fe, const struct field_path *p,
                                   const CrossVersionObjectReference *r,
                                   const CrossVersionObjectReference *was) {
    bool same = was && str_eq(was->api_version, r->api_version) && str_eq(was->kind, r->kind);
    bool group = !str_eqc(r->kind, "ReplicationController");
    check_object_reference(fe, p, r,
                           same ? NULL : reference_version_error(fe->arena, r->api_version, group));
}

static void check_policy(struct field_errors *fe, const struct field_path *p,
                         const HPAScalingPolicy *s) {
    check_rows(fe, p, HPAScalingPolicy, s, "type");
    if (s->value <= 0)
        field_invalid_i64(fe, PATH(p, "value"), s->value, "must be greater than zero");
    if (s->period_seconds <= 0)
        field_invalid_i64(fe, PATH(p, "periodSeconds"), s->period_seconds,
                          "must be greater than zero");
    if (s->period_seconds > PERIOD_MAX)
        field_invalid_i64(fe, PATH(p, "periodSeconds"), s->period_seconds,
                          "must be less than or equal to 1800");
}

static void check_scaling(struct field_errors *fe, const struct field_path *p,
                          const HPAScalingRules *r) {
    const struct field_path *window = PATH(p, "stabilizationWindowSeconds");
    const struct field_path *list = PATH(p, "policies");
    if (!r)
        return;
    int32_t seconds = opt_or(r->stabilization_window_seconds, 0);
    if (seconds < 0)
        field_invalid_i64(fe, window, seconds, "must be greater than or equal to zero");
    if (seconds > STABILIZATION_MAX)
        field_invalid_i64(fe, window, seconds, "must be less than or equal to 3600");
    check_rows(fe, p, HPAScalingRules, r, "selectPolicy");
    if (!r->policies.n)
        field_required(fe, list, "must specify at least one Policy");
    for (uint32_t i = 0; i < r->policies.n; i++)
        check_policy(fe, PATH_INDEX(list, i), &r->policies.v[i]);
    if (r->tolerance.p)
        check_quantity(fe, PATH(p, "tolerance"), r->tolerance);
}

static void check_metrics(struct field_errors *fe, const struct field_path *p,
                          const HorizontalPodAutoscalerSpec *s) {
    bool outside = false; /* something is measured that is there without pods */
    for (uint32_t i = 0; i < s->metrics.n; i++) {
        const MetricSpec *m = &s->metrics.v[i];
        check_metric(fe, PATH_INDEX(p, i), m);
        outside |= str_eqc(m->type, "Object") || str_eqc(m->type, "External");
    }
    if (s->min_replicas.set && s->min_replicas.v == 0 && !outside)
        field_forbidden(fe, p,
                        "must specify at least one Object or External metric to support scaling "
                        "to zero replicas");
}

/* Scaling to nothing is off by default; who has it keeps it. */
static void check_bounds(struct field_errors *fe, const struct field_path *p,
                         const HorizontalPodAutoscalerSpec *s,
                         const HorizontalPodAutoscalerSpec *was) {
    int32_t least = was && was->min_replicas.set && was->min_replicas.v == 0 ? 0 : 1;
    if (s->min_replicas.set && s->min_replicas.v < least)
        field_invalid_i64(fe, PATH(p, "minReplicas"), s->min_replicas.v,
                          str_printf(fe->arena, "must be greater than or equal to %d", least).p);
    if (s->max_replicas < 1)
        field_required(fe, PATH(p, "maxReplicas"), "must be set and greater than 0");
    if (s->min_replicas.set && s->max_replicas < s->min_replicas.v)
        field_invalid_i64(fe, PATH(p, "maxReplicas"), s->max_replicas,
                          "must be greater than or equal to `minReplicas`");
}

static unsigned kept_of_metrics(struct arena *a, const HorizontalPodAutoscalerSpec *was) {
    for (uint32_t i = 0; was && i < was->metrics.n; i++) {
        const ObjectMetricSource *o = was->metrics.v[i].object;
        if (o && str_eqc(was->metrics.v[i].type, "Object") &&
            reference_version_error(a, o->described_object.api_version, false))
            return KEPT_METRIC_VERSIONS;
    }
    return 0;
}

static void validate(struct field_errors *fe, const void *obj, const void *old) {
    const HorizontalPodAutoscalerSpec *s = &((const HorizontalPodAutoscaler *)obj)->spec;
    const HorizontalPodAutoscalerSpec *was = NULL;
    const struct field_path *p = PATH(NULL, "spec");
    if (old)
        was = &((const HorizontalPodAutoscaler *)old)->spec;
    fe->kept = kept_of_metrics(fe->arena, was);
    check_bounds(fe, p, s, was);
    check_target_reference(fe, PATH(p, "scaleTargetRef"), &s->scale_target_ref,
                           was ? &was->scale_target_ref : NULL);
    check_metrics(fe, PATH(p, "metrics"), s);
    if (!s->behavior)
        return;
    check_scaling(fe, PATH(PATH(p, "behavior"), "scaleUp"), s->behavior->scale_up);
    check_scaling(fe, PATH(PATH(p, "behavior"), "scaleDown"), s->behavior->scale_down);
}

static void validate_status(struct field_errors *fe, const void *obj, const void *old) {
    (void)old;
    check_rows(fe, PATH(NULL, "status"), HorizontalPodAutoscalerStatus,
               &((const HorizontalPodAutoscaler *)obj)->status, "currentReplicas desiredReplicas");
}

const struct hooks hooks_autoscaling_v2_horizontalpodautoscalers = {
    .group = "autoscaling",
    .resource = "horizontalpodautoscalers",
    .defaults = defaults,
    .validate_write = validate,
    .validate_status = validate_status,
};
