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

const struct hooks hooks_autoscaling_v2_horizontalpodautoscalers = {
    .group = "autoscaling",
    .resource = "horizontalpodautoscalers",
    .defaults = defaults,
};
