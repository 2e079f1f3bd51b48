// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/autoscaling.h"

static void check_positive(struct field_errors *fe, const struct field_path *p, Quantity q) {
    struct quantity v = quantity_of(q);
    if (q.p && quantity_sign(&v) <= 0)
        field_invalid(fe, p, q, "must be positive");
}

/* An empty type is said twice, as upstream does. */
static void check_target(struct field_errors *fe, const struct field_path *p,
                         const MetricTarget *t) {
    static const char *const types[] = {"AverageValue", "Utilization", "Value", NULL};
    if (!t->type.n)
        field_required(fe, PATH(p, "type"), "must specify a metric target type");
    if (!str_in(t->type, types))
        field_invalid(fe, PATH(p, "type"), t->type,
                      "must be either Utilization, Value, or AverageValue");
    check_positive(fe, PATH(p, "value"), t->value);
    check_positive(fe, PATH(p, "averageValue"), t->average_value);
    if (t->average_utilization.set && t->average_utilization.v < 1)
        field_invalid_i64(fe, PATH(p, "averageUtilization"), t->average_utilization.v,
                          "must be greater than 0");
}

static void check_identifier(struct field_errors *fe, const struct field_path *p,
                             const MetricIdentifier *m) {
    if (!m->name.n)
        field_required(fe, PATH(p, "name"), "must specify a metric name");
    else
        field_check_name(fe, PATH(p, "name"), m->name, name_path_segment);
}

static void check_object(struct field_errors *fe, const struct field_path *p,
                         const ObjectMetricSource *m) {
    const struct field_path *target = PATH(p, "target");
    const char *version_error =
        fe->kept & KEPT_METRIC_VERSIONS
            ? NULL
            : reference_version_error(fe->arena, m->described_object.api_version, false);
    check_object_reference(fe, PATH(p, "describedObject"), &m->described_object, version_error);
    check_identifier(fe, PATH(p, "metric"), &m->metric);
    check_target(fe, target, &m->target);
    if (!m->target.value.p && !m->target.average_value.p)
        field_required(fe, PATH(target, "averageValue"),
                       "must set either a target value or averageValue");
}

static void check_external(struct field_errors *fe, const struct field_path *p,
                           const ExternalMetricSource *m) {
    const struct field_path *target = PATH(p, "target");
    check_identifier(fe, PATH(p, "metric"), &m->metric);
    check_target(fe, target, &m->target);
    if (!m->target.value.p && !m->target.average_value.p)
        field_required(fe, PATH(target, "averageValue"),
                       "must set either a target value for metric or a per-pod target");
    if (m->target.value.p && m->target.average_value.p)
        field_forbidden(fe, PATH(target, "value"),
                        "may not set both a target value for metric and a per-pod target");
}

static void check_pods(struct field_errors *fe, const struct field_path *p,
                       const PodsMetricSource *m) {
    const struct field_path *target = PATH(p, "target");
    check_identifier(fe, PATH(p, "metric"), &m->metric);
    check_target(fe, target, &m->target);
    if (!m->target.average_value.p)
        field_required(fe, PATH(target, "averageValue"),
                       "must specify a positive target averageValue");
}

static void check_usage(struct field_errors *fe, const struct field_path *p,
                        const MetricTarget *t) {
    check_target(fe, p, t);
    if (!t->average_utilization.set && !t->average_value.p)
        field_required(fe, PATH(p, "averageUtilization"),
                       "must set either a target raw value or a target utilization");
    if (t->average_utilization.set && t->average_value.p)
        field_forbidden(fe, PATH(p, "averageValue"),
                        "may not set both a target raw value and a target utilization");
}

static void check_resource(struct field_errors *fe, const struct field_path *p,
                           const ResourceMetricSource *m) {
    if (!m->name.n)
        field_required(fe, PATH(p, "name"), "must specify a resource name");
    check_usage(fe, PATH(p, "target"), &m->target);
}

static void check_container_resource(struct field_errors *fe, const struct field_path *p,
                                     const ContainerResourceMetricSource *m) {
    if (!m->name.n)
        field_required(fe, PATH(p, "name"), "must specify a resource name");
    else
        check_container_resource_name(fe, PATH(p, "name"), m->name);
    if (!m->container.n)
        field_required(fe, PATH(p, "container"), "must specify a container");
    else
        field_check_name(fe, PATH(p, "container"), m->container, name_dns1123_label);
    check_usage(fe, PATH(p, "target"), &m->target);
}

/* Where a metric source stands, in the order in which the first that is there is looked at. */
static const struct source {
    const char *type, *field;
    size_t at;
} sources[] = {
    {"Object", "object", offsetof(MetricSpec, object)},
    {"External", "external", offsetof(MetricSpec, external)},
    {"Pods", "pods", offsetof(MetricSpec, pods)},
    {"Resource", "resource", offsetof(MetricSpec, resource)},
    {"ContainerResource", "containerResource", offsetof(MetricSpec, container_resource)},
};

static const void *source_of(const MetricSpec *m, const struct source *s) {
    return *(void *const *)(const void *)((const char *)m + s->at);
}

static void check_first_source(struct field_errors *fe, const struct field_path *p,
                               const MetricSpec *m) {
    if (m->object)
        check_object(fe, PATH(p, "object"), m->object);
    else if (m->external)
        check_external(fe, PATH(p, "external"), m->external);
    else if (m->pods)
        check_pods(fe, PATH(p, "pods"), m->pods);
    else if (m->resource)
        check_resource(fe, PATH(p, "resource"), m->resource);
    else if (m->container_resource)
        check_container_resource(fe, PATH(p, "containerResource"), m->container_resource);
}

/* An unknown type is said twice, as upstream does. */
void check_metric(struct field_errors *fe, const struct field_path *p, const MetricSpec *m) {
    static const char *const types[] = {"ContainerResource", "External", "Object", "Pods",
                                        "Resource",          NULL};
    const struct source *expected = NULL;
    unsigned n = 0;
    if (!m->type.n)
        field_required(fe, PATH(p, "type"), "must specify a metric source type");
    check_one_of(fe, PATH(p, "type"), m->type, types);
    check_first_source(fe, p, m);
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
