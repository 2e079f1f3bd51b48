// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"

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

static void check_target_ref(struct field_errors *fe, const struct field_path *p,
                             const CrossVersionObjectReference *r) {
    if (!r->kind.n)
        field_required(fe, PATH(p, "kind"), NULL);
    else
        field_check_name(fe, PATH(p, "kind"), r->kind, name_path_segment);
    if (!r->name.n)
        field_required(fe, PATH(p, "name"), NULL);
    else
        field_check_name(fe, PATH(p, "name"), r->name, name_path_segment);
    if (str_chr(r->api_version, '/') < 0 && !str_eqc(r->api_version, "v1"))
        field_invalid(fe, PATH(p, "apiVersion"), r->api_version,
                      "apiVersion must specify API group");
}

static void check_positive(struct field_errors *fe, const struct field_path *p, Quantity q) {
    struct quantity v = quantity_of(q);
    if (q.p && quantity_sign(&v) <= 0)
        field_invalid(fe, p, q, "must be positive");
}

static void check_target(struct field_errors *fe, const struct field_path *p, const MetricTarget *t,
                         bool resource) {
    static const char *const types[] = {"AverageValue", "Utilization", "Value", NULL};
    check_one_of_required(fe, PATH(p, "type"), t->type, types);
    check_positive(fe, PATH(p, "value"), t->value);
    check_positive(fe, PATH(p, "averageValue"), t->average_value);
    if (t->average_utilization.set && t->average_utilization.v < 1)
        field_invalid_i64(fe, PATH(p, "averageUtilization"), t->average_utilization.v,
                          "must be greater than 0");
    if (!resource)
        return;
    if (!t->average_utilization.set && !t->average_value.p)
        field_required(fe, PATH(p, "averageUtilization"),
                       "must set either a target raw value or a target utilization");
    if (t->average_utilization.set && t->average_value.p)
        field_forbidden(fe, PATH(p, "averageValue"),
                        "may not set both a target raw value and a target utilization");
}

/* Where a metric source stands, and what must be there for a type. */
static const struct source {
    const char *type, *field;
    size_t at;
} sources[] = {
    {"ContainerResource", "containerResource", offsetof(MetricSpec, container_resource)},
    {"External", "external", offsetof(MetricSpec, external)},
    {"Object", "object", offsetof(MetricSpec, object)},
    {"Pods", "pods", offsetof(MetricSpec, pods)},
    {"Resource", "resource", offsetof(MetricSpec, resource)},
};

static const void *source_of(const MetricSpec *m, const struct source *s) {
    return *(void *const *)(const void *)((const char *)m + s->at);
}

static void check_source_type(struct field_errors *fe, const struct field_path *p,
                              const MetricSpec *m) {
    static const char *const types[] = {"ContainerResource", "External", "Object", "Pods",
                                        "Resource",          NULL};
    const struct source *expected = NULL;
    unsigned n = 0;
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        n += source_of(m, &sources[i]) != NULL;
        if (str_eqc(m->type, sources[i].type))
            expected = &sources[i];
    }
    if (!expected)
        field_not_supported(fe, PATH(p, "type"), m->type, types);
    else if (!source_of(m, expected))
        field_required(fe, PATH(p, expected->field),
                       "must populate information for the given metric source");
    for (size_t i = 0; n != 1 && i < ARRAY_LEN(sources); i++)
        if (&sources[i] != expected && source_of(m, &sources[i]))
            field_forbidden(fe, PATH(p, sources[i].field),
                            "must populate the given metric source only");
}

static void check_metric(struct field_errors *fe, const struct field_path *p, const MetricSpec *m) {
    static const char *const types[] = {"ContainerResource", "External", "Object", "Pods",
                                        "Resource",          NULL};
    check_one_of_required(fe, PATH(p, "type"), m->type, types);
    if (m->object)
        check_target(fe, PATH(PATH(p, "object"), "target"), &m->object->target, false);
    if (m->external)
        check_target(fe, PATH(PATH(p, "external"), "target"), &m->external->target, false);
    if (m->pods)
        check_target(fe, PATH(PATH(p, "pods"), "target"), &m->pods->target, false);
    if (m->resource) {
        if (!m->resource->name.n)
            field_required(fe, PATH(PATH(p, "resource"), "name"), "must specify a resource name");
        check_target(fe, PATH(PATH(p, "resource"), "target"), &m->resource->target, true);
    }
    if (m->container_resource)
        check_target(fe, PATH(PATH(p, "containerResource"), "target"),
                     &m->container_resource->target, true);
    /* Once more, as upstream: an unknown type is said twice. */
    check_source_type(fe, p, m);
}

static void validate(struct field_errors *fe, const void *obj) {
    const HorizontalPodAutoscalerSpec *s = &((const HorizontalPodAutoscaler *)obj)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    bool outside = false;
    int32_t min = opt_or(s->min_replicas, 1);
    if (min < 1)
        field_invalid_i64(fe, PATH(p, "minReplicas"), min, "must be greater than or equal to 1");
    if (s->max_replicas < 1)
        field_required(fe, PATH(p, "maxReplicas"), "must be set and greater than 0");
    if (s->max_replicas < min)
        field_invalid_i64(fe, PATH(p, "maxReplicas"), s->max_replicas,
                          "must be greater than or equal to `minReplicas`");
    check_target_ref(fe, PATH(p, "scaleTargetRef"), &s->scale_target_ref);
    for (uint32_t i = 0; i < s->metrics.n; i++) {
        check_metric(fe, PATH_INDEX(PATH(p, "metrics"), i), &s->metrics.v[i]);
        outside |= s->metrics.v[i].object || s->metrics.v[i].external;
    }
    if (min == 0 && !outside)
        field_forbidden(fe, PATH(p, "metrics"),
                        "must specify at least one Object or External metric to support scaling "
                        "to zero replicas");
}

const struct hooks hooks_autoscaling_v2_horizontalpodautoscalers = {
    .group = "autoscaling",
    .resource = "horizontalpodautoscalers",
    .defaults = defaults,
    .validate = validate,
};
