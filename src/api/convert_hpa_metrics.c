// SPDX-License-Identifier: Apache-2.0
/* v1 names a target by its fields, v2 by a type and a value. A v1 value field becomes a v2 pointer
 * that is always set, so a quantity never given turns into "0". */
#include "api/convert_hpa.h"

static Quantity or_zero(Quantity q) {
    return q.p ? q : STR("0");
}

static CrossVersionObjectReference reference(const autoscaling_v1_CrossVersionObjectReference *r) {
    return (CrossVersionObjectReference){
        .kind = r->kind, .name = r->name, .api_version = r->api_version};
}

static autoscaling_v1_CrossVersionObjectReference
reference_v1(const CrossVersionObjectReference *r) {
    return (autoscaling_v1_CrossVersionObjectReference){
        .kind = r->kind, .name = r->name, .api_version = r->api_version};
}

static MetricIdentifier metric_of(str name, LabelSelector *selector) {
    return (MetricIdentifier){.name = name, .selector = selector};
}

/* Target and type of resource and containerResource metrics. */
static MetricTarget resource_target(struct opt_i32 utilization, Quantity average) {
    return (MetricTarget){.type = utilization.set ? STR("Utilization") : STR("AverageValue"),
                          .average_value = average,
                          .average_utilization = utilization};
}

static void specs_to_v1(struct arena *a, const MetricSpec *f, autoscaling_v1_MetricSpec *t) {
    if (f->object) {
        t->object = arena_make(a, autoscaling_v1_ObjectMetricSource);
        t->object->target = reference_v1(&f->object->described_object);
        t->object->metric_name = f->object->metric.name;
        t->object->selector = f->object->metric.selector;
        t->object->target_value = f->object->target.value;
        t->object->average_value = f->object->target.average_value;
    }
    if (f->pods) {
        t->pods = arena_make(a, autoscaling_v1_PodsMetricSource);
        t->pods->metric_name = f->pods->metric.name;
        t->pods->selector = f->pods->metric.selector;
        t->pods->target_average_value = f->pods->target.average_value;
    }
    if (f->external) {
        t->external = arena_make(a, autoscaling_v1_ExternalMetricSource);
        t->external->metric_name = f->external->metric.name;
        t->external->metric_selector = f->external->metric.selector;
        t->external->target_value = f->external->target.value;
        t->external->target_average_value = f->external->target.average_value;
    }
}

void hpa_metric_to_v1(struct arena *a, const MetricSpec *f, autoscaling_v1_MetricSpec *t) {
    *t = (autoscaling_v1_MetricSpec){.type = f->type};
    specs_to_v1(a, f, t);
    if (f->resource) {
        t->resource = arena_make(a, autoscaling_v1_ResourceMetricSource);
        t->resource->name = f->resource->name;
        t->resource->target_average_utilization = f->resource->target.average_utilization;
        t->resource->target_average_value = f->resource->target.average_value;
    }
    if (f->container_resource) {
        const ContainerResourceMetricSource *r = f->container_resource;
        t->container_resource = arena_make(a, autoscaling_v1_ContainerResourceMetricSource);
        t->container_resource->name = r->name;
        t->container_resource->container = r->container;
        t->container_resource->target_average_utilization = r->target.average_utilization;
        t->container_resource->target_average_value = r->target.average_value;
    }
}

static void specs_to_v2(struct arena *a, const autoscaling_v1_MetricSpec *f, MetricSpec *t) {
    if (f->object) {
        t->object = arena_make(a, ObjectMetricSource);
        t->object->described_object = reference(&f->object->target);
        t->object->metric = metric_of(f->object->metric_name, f->object->selector);
        t->object->target.type = f->object->average_value.p ? STR("AverageValue") : STR("Value");
        t->object->target.value = or_zero(f->object->target_value);
        t->object->target.average_value = f->object->average_value;
    }
    if (f->pods) {
        t->pods = arena_make(a, PodsMetricSource);
        t->pods->metric = metric_of(f->pods->metric_name, f->pods->selector);
        t->pods->target.type = STR("AverageValue");
        t->pods->target.average_value = or_zero(f->pods->target_average_value);
    }
    if (f->external) {
        t->external = arena_make(a, ExternalMetricSource);
        t->external->metric = metric_of(f->external->metric_name, f->external->metric_selector);
        t->external->target.type = f->external->target_value.p ? STR("Value") : STR("AverageValue");
        t->external->target.value = f->external->target_value;
        t->external->target.average_value = f->external->target_average_value;
    }
}

void hpa_metric_to_v2(struct arena *a, const autoscaling_v1_MetricSpec *f, MetricSpec *t) {
    *t = (MetricSpec){.type = f->type};
    specs_to_v2(a, f, t);
    if (f->resource) {
        t->resource = arena_make(a, ResourceMetricSource);
        t->resource->name = f->resource->name;
        t->resource->target = resource_target(f->resource->target_average_utilization,
                                              f->resource->target_average_value);
    }
    if (f->container_resource) {
        const autoscaling_v1_ContainerResourceMetricSource *r = f->container_resource;
        t->container_resource = arena_make(a, ContainerResourceMetricSource);
        t->container_resource->name = r->name;
        t->container_resource->container = r->container;
        t->container_resource->target =
            resource_target(r->target_average_utilization, r->target_average_value);
    }
}

static void statuses_to_v1(struct arena *a, const MetricStatus *f, autoscaling_v1_MetricStatus *t) {
    if (f->object) {
        t->object = arena_make(a, autoscaling_v1_ObjectMetricStatus);
        t->object->target = reference_v1(&f->object->described_object);
        t->object->metric_name = f->object->metric.name;
        t->object->selector = f->object->metric.selector;
        t->object->current_value = f->object->current.value;
        t->object->average_value = f->object->current.average_value;
    }
    if (f->pods) {
        t->pods = arena_make(a, autoscaling_v1_PodsMetricStatus);
        t->pods->metric_name = f->pods->metric.name;
        t->pods->selector = f->pods->metric.selector;
        t->pods->current_average_value = f->pods->current.average_value;
    }
    if (f->external) {
        t->external = arena_make(a, autoscaling_v1_ExternalMetricStatus);
        t->external->metric_name = f->external->metric.name;
        t->external->metric_selector = f->external->metric.selector;
        t->external->current_value = f->external->current.value;
        t->external->current_average_value = f->external->current.average_value;
    }
}

void hpa_metric_status_to_v1(struct arena *a, const MetricStatus *f,
                             autoscaling_v1_MetricStatus *t) {
    *t = (autoscaling_v1_MetricStatus){.type = f->type};
    statuses_to_v1(a, f, t);
    if (f->resource) {
        t->resource = arena_make(a, autoscaling_v1_ResourceMetricStatus);
        t->resource->name = f->resource->name;
        t->resource->current_average_utilization = f->resource->current.average_utilization;
        t->resource->current_average_value = f->resource->current.average_value;
    }
    if (f->container_resource) {
        const ContainerResourceMetricStatus *r = f->container_resource;
        t->container_resource = arena_make(a, autoscaling_v1_ContainerResourceMetricStatus);
        t->container_resource->name = r->name;
        t->container_resource->container = r->container;
        t->container_resource->current_average_utilization = r->current.average_utilization;
        t->container_resource->current_average_value = r->current.average_value;
    }
}

static void statuses_to_v2(struct arena *a, const autoscaling_v1_MetricStatus *f, MetricStatus *t) {
    if (f->object) {
        t->object = arena_make(a, ObjectMetricStatus);
        t->object->described_object = reference(&f->object->target);
        t->object->metric = metric_of(f->object->metric_name, f->object->selector);
        t->object->current.value = or_zero(f->object->current_value);
        t->object->current.average_value = f->object->average_value;
    }
    if (f->pods) {
        t->pods = arena_make(a, PodsMetricStatus);
        t->pods->metric = metric_of(f->pods->metric_name, f->pods->selector);
        t->pods->current.average_value = or_zero(f->pods->current_average_value);
    }
    if (f->external) {
        t->external = arena_make(a, ExternalMetricStatus);
        t->external->metric = metric_of(f->external->metric_name, f->external->metric_selector);
        t->external->current.value = or_zero(f->external->current_value);
        t->external->current.average_value = f->external->current_average_value;
    }
}

void hpa_metric_status_to_v2(struct arena *a, const autoscaling_v1_MetricStatus *f,
                             MetricStatus *t) {
    *t = (MetricStatus){.type = f->type};
    statuses_to_v2(a, f, t);
    if (f->resource) {
        t->resource = arena_make(a, ResourceMetricStatus);
        t->resource->name = f->resource->name;
        t->resource->current.average_value = or_zero(f->resource->current_average_value);
        t->resource->current.average_utilization = f->resource->current_average_utilization;
    }
    if (f->container_resource) {
        const autoscaling_v1_ContainerResourceMetricStatus *r = f->container_resource;
        t->container_resource = arena_make(a, ContainerResourceMetricStatus);
        t->container_resource->name = r->name;
        t->container_resource->container = r->container;
        t->container_resource->current.average_value = or_zero(r->current_average_value);
        t->container_resource->current.average_utilization = r->current_average_utilization;
    }
}
