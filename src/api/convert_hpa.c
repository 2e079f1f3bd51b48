// SPDX-License-Identifier: Apache-2.0
/* autoscaling/v1 knows one target, the cpu utilisation. The rest of a v2 object rides in
 * annotations, as JSON of v1 structs (metrics, statuses, conditions) or, for the behaviour, of
 * Go's internal struct with its field names. A v1 client that writes back what it read loses
 * nothing. Annotations that do not parse are dropped, as upstream does. */
#include "api/convert_hpa.h"

#include "api/convert.h"
#include "base/vec.h"
#include "schema/json.h"

#define HPA_ANNOTATION(name_) STR("autoscaling.alpha.kubernetes.io/" name_)
#define HPA_ANNOTATION_MAX    (1u << 18) /* bytes of all annotations of an object */
#define DEFAULT_CPU_PERCENT   80

static bool is_round_trip(str key) {
    static const char *const names[] = {
        "metrics",         "behavior", "scale-down-tolerance", "scale-up-tolerance", "conditions",
        "current-metrics", NULL};
    str prefix = HPA_ANNOTATION("");
    return str_starts(key, prefix) && str_in(str_slice(key, prefix.n, key.n), names);
}

static str annotation(const str_map *m, str key) {
    for (uint32_t i = 0; i < m->n; i++)
        if (str_eq(m->v[i].key, key))
            return m->v[i].value;
    return STR_NONE;
}

/* Without those of ours; room is left for `extra` more. */
static str_map other_annotations(struct arena *a, const str_map *m, uint32_t extra) {
    str_map out = {arena_array(a, (size_t)m->n + extra, sizeof(struct str_pair)), 0};
    for (uint32_t i = 0; i < m->n; i++)
        if (!is_round_trip(m->v[i].key))
            out.v[out.n++] = m->v[i];
    if (!out.n && !extra)
        out.v = NULL;
    return out;
}

/* Keeps the map sorted; the caller left room. */
static void annotate(str_map *m, str key, str value) {
    uint32_t i = m->n++;
    for (; i > 0 && str_cmp(m->v[i - 1].key, key) > 0; i--)
        m->v[i] = m->v[i - 1];
    m->v[i] = (struct str_pair){key, value};
}

/* JSON of a list of structs, n of them of size t->size each. */
static str list_json(struct arena *a, const struct api_type *t, const void *v, uint32_t n) {
    struct buf b;
    buf_init(&b, 0);
    buf_addc(&b, '[');
    for (uint32_t i = 0; i < n; i++) {
        if (i)
            buf_addc(&b, ',');
        json_write(&b, t, (const char *)v + i * (size_t)t->size, 0, NULL);
    }
    buf_addc(&b, ']');
    str s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

/* The other way: a list of structs, or -EINVAL. */
static int list_parse(struct arena *a, const struct api_type *t, str json, struct api_seq *ret) {
    struct value v;
    if (!json.p || json.n > HPA_ANNOTATION_MAX || value_parse(a, json, &v, NULL, NULL) < 0 ||
        v.tag != VALUE_LIST)
        return -EINVAL;
    char *out = arena_array(a, v.list.n, t->size);
    for (uint32_t i = 0; i < v.list.n; i++)
        if (json_read_value(a, t, &v.list.v[i], out + i * (size_t)t->size, NULL, NULL) < 0)
            return -EINVAL;
    *ret = (struct api_seq){out, v.list.n};
    return 0;
}

/* ---- behaviour ---- */

static void quoted_or_null(struct buf *b, str s) {
    if (s.p)
        json_quote(b, s);
    else
        buf_adds(b, "null");
}

static void rules_json(struct buf *b, const HPAScalingRules *r) {
    if (!r) {
        buf_adds(b, "null");
        return;
    }
    buf_adds(b, "{\"StabilizationWindowSeconds\":");
    if (r->stabilization_window_seconds.set)
        buf_add_i64(b, r->stabilization_window_seconds.v);
    else
        buf_adds(b, "null");
    buf_adds(b, ",\"SelectPolicy\":");
    quoted_or_null(b, r->select_policy);
    buf_adds(b, ",\"Policies\":");
    if (!r->policies.n)
        buf_adds(b, "null");
    for (uint32_t i = 0; i < r->policies.n; i++) {
        const HPAScalingPolicy *p = &r->policies.v[i];
        buf_add(b, i ? STR(",{\"Type\":") : STR("[{\"Type\":"));
        json_quote(b, p->type);
        buf_printf(b, ",\"Value\":%d,\"PeriodSeconds\":%d}", p->value, p->period_seconds);
    }
    if (r->policies.n)
        buf_addc(b, ']');
    buf_adds(b, ",\"Tolerance\":");
    quoted_or_null(b, r->tolerance);
    buf_addc(b, '}');
}

static str behavior_json(struct arena *a, const HorizontalPodAutoscalerBehavior *h) {
    struct buf b;
    buf_init(&b, 0);
    buf_adds(&b, "{\"ScaleUp\":");
    rules_json(&b, h->scale_up);
    buf_adds(&b, ",\"ScaleDown\":");
    rules_json(&b, h->scale_down);
    buf_addc(&b, '}');
    str s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

/* Go's field names differ from the JSON names by their first letter only; Go matches names
 * whatever their case, and so every name is folded before the rows see them. */
static void fold_names(struct arena *a, struct value *v) {
    static const char *const names[] = {"scaleUp",
                                        "scaleDown",
                                        "stabilizationWindowSeconds",
                                        "selectPolicy",
                                        "policies",
                                        "type",
                                        "value",
                                        "periodSeconds",
                                        "tolerance",
                                        NULL};
    if (v->tag == VALUE_LIST)
        for (uint32_t i = 0; i < v->list.n; i++)
            fold_names(a, &v->list.v[i]);
    if (v->tag != VALUE_OBJECT)
        return;
    for (uint32_t i = 0; i < v->object.n; i++) {
        struct member *m = &v->object.v[i];
        for (const char *const *n = names; *n; n++)
            if (str_ieq(m->key, str_of(*n)))
                m->key = str_of(*n);
        fold_names(a, &m->value);
    }
}

static HorizontalPodAutoscalerBehavior *behavior_parse(struct arena *a, str json) {
    struct value v;
    if (!json.p || json.n > HPA_ANNOTATION_MAX || value_parse(a, json, &v, NULL, NULL) < 0 ||
        v.tag != VALUE_OBJECT)
        return NULL;
    fold_names(a, &v);
    HorizontalPodAutoscalerBehavior *h = arena_make(a, HorizontalPodAutoscalerBehavior);
    if (json_read_value(a, &HorizontalPodAutoscalerBehavior_type, &v, h, NULL, NULL) < 0)
        return NULL;
    return h->scale_up || h->scale_down ? h : NULL;
}

/* ---- v2 -> v1 ---- */

static bool is_cpu(const MetricSpec *m) {
    return str_eq(m->type, STR("Resource")) && m->resource && str_eq(m->resource->name, STR("cpu"));
}

static void spec_to_v1(const HorizontalPodAutoscalerSpec *f,
                       autoscaling_v1_HorizontalPodAutoscalerSpec *t) {
    t->scale_target_ref.kind = f->scale_target_ref.kind;
    t->scale_target_ref.name = f->scale_target_ref.name;
    t->scale_target_ref.api_version = f->scale_target_ref.api_version;
    t->min_replicas = f->min_replicas;
    t->max_replicas = f->max_replicas;
    for (uint32_t i = 0; i < f->metrics.n; i++)
        if (is_cpu(&f->metrics.v[i])) {
            t->target_cpu_utilization_percentage =
                f->metrics.v[i].resource->target.average_utilization;
            break;
        }
}

static void status_to_v1(const HorizontalPodAutoscalerStatus *f,
                         autoscaling_v1_HorizontalPodAutoscalerStatus *t) {
    t->observed_generation = f->observed_generation;
    t->last_scale_time = f->last_scale_time;
    t->current_replicas = f->current_replicas;
    t->desired_replicas = f->desired_replicas;
    for (uint32_t i = 0; i < f->current_metrics.n; i++) {
        const MetricStatus *m = &f->current_metrics.v[i];
        if (str_eq(m->type, STR("Resource")) && m->resource &&
            str_eq(m->resource->name, STR("cpu")) && m->resource->current.average_utilization.set)
            t->current_cpu_utilization_percentage = m->resource->current.average_utilization;
    }
}

static void annotate_metrics(struct arena *a, const HorizontalPodAutoscaler *f, str_map *m) {
    autoscaling_v1_MetricSpec *specs = arena_array(a, f->spec.metrics.n, sizeof(*specs));
    uint32_t n = 0;
    for (uint32_t i = 0; i < f->spec.metrics.n; i++) {
        const MetricSpec *metric = &f->spec.metrics.v[i];
        if (!is_cpu(metric) || !metric->resource->target.average_utilization.set)
            hpa_metric_to_v1(a, metric, &specs[n++]);
    }
    if (n)
        annotate(m, HPA_ANNOTATION("metrics"),
                 list_json(a, &autoscaling_v1_MetricSpec_type, specs, n));
    n = f->status.current_metrics.n;
    autoscaling_v1_MetricStatus *statuses = arena_array(a, n, sizeof(*statuses));
    for (uint32_t i = 0; i < n; i++)
        hpa_metric_status_to_v1(a, &f->status.current_metrics.v[i], &statuses[i]);
    if (n)
        annotate(m, HPA_ANNOTATION("current-metrics"),
                 list_json(a, &autoscaling_v1_MetricStatus_type, statuses, n));
}

static int from_v2(struct arena *a, const void *from, void *ret, struct err *e) {
    const HorizontalPodAutoscaler *f = from;
    autoscaling_v1_HorizontalPodAutoscaler *t = ret;
    *t = (autoscaling_v1_HorizontalPodAutoscaler){.metadata = f->metadata};
    spec_to_v1(&f->spec, &t->spec);
    status_to_v1(&f->status, &t->status);
    str_map m = other_annotations(a, &f->metadata.annotations, 4);
    annotate_metrics(a, f, &m);
    if (f->spec.behavior)
        annotate(&m, HPA_ANNOTATION("behavior"), behavior_json(a, f->spec.behavior));
    if (f->status.conditions.n)
        annotate(&m, HPA_ANNOTATION("conditions"),
                 list_json(a, &HorizontalPodAutoscalerCondition_type, f->status.conditions.v,
                           f->status.conditions.n));
    if (!m.n)
        m.v = NULL;
    t->metadata.annotations = m;
    return 0;
}

/* ---- v1 -> v2 ---- */

static MetricSpec *cpu_metric(struct arena *a, MetricSpec *m, int32_t percent) {
    m->type = STR("Resource");
    m->resource = arena_make(a, ResourceMetricSource);
    m->resource->name = STR("cpu");
    m->resource->target.type = STR("Utilization");
    m->resource->target.average_utilization = (struct opt_i32){true, percent};
    return m;
}

/* Those of the annotation, then the v1 field; a cpu target when there is neither. */
static void metrics_to_v2(struct arena *a, const autoscaling_v1_HorizontalPodAutoscaler *f,
                          HorizontalPodAutoscalerSpec *t) {
    struct opt_i32 percent = f->spec.target_cpu_utilization_percentage;
    struct api_seq seq = {0};
    str json = annotation(&f->metadata.annotations, HPA_ANNOTATION("metrics"));
    if (list_parse(a, &autoscaling_v1_MetricSpec_type, json, &seq) < 0)
        seq.n = 0;
    const autoscaling_v1_MetricSpec *others = seq.v;
    t->metrics.v = arena_array(a, (size_t)seq.n + 1, sizeof(MetricSpec));
    for (uint32_t i = 0; i < seq.n; i++)
        hpa_metric_to_v2(a, &others[i], &t->metrics.v[t->metrics.n++]);
    if (percent.set || !t->metrics.n)
        cpu_metric(a, &t->metrics.v[t->metrics.n++], opt_or(percent, DEFAULT_CPU_PERCENT));
}

static void status_to_v2(struct arena *a, const autoscaling_v1_HorizontalPodAutoscaler *f,
                         HorizontalPodAutoscalerStatus *t) {
    const str_map *m = &f->metadata.annotations;
    struct api_seq seq;
    t->observed_generation = f->status.observed_generation;
    t->last_scale_time = f->status.last_scale_time;
    t->current_replicas = f->status.current_replicas;
    t->desired_replicas = f->status.desired_replicas;
    if (list_parse(a, &autoscaling_v1_MetricStatus_type,
                   annotation(m, HPA_ANNOTATION("current-metrics")), &seq) == 0) {
        const autoscaling_v1_MetricStatus *statuses = seq.v;
        t->current_metrics.v = arena_array(a, seq.n, sizeof(MetricStatus));
        t->current_metrics.n = seq.n;
        for (uint32_t i = 0; i < seq.n; i++)
            hpa_metric_status_to_v2(a, &statuses[i], &t->current_metrics.v[i]);
    } else if (f->status.current_cpu_utilization_percentage.set) {
        MetricStatus *cpu = arena_make(a, MetricStatus);
        cpu->type = STR("Resource");
        cpu->resource = arena_make(a, ResourceMetricStatus);
        cpu->resource->name = STR("cpu");
        cpu->resource->current.average_utilization = f->status.current_cpu_utilization_percentage;
        t->current_metrics.v = cpu;
        t->current_metrics.n = 1;
    }
    if (list_parse(a, &HorizontalPodAutoscalerCondition_type,
                   annotation(m, HPA_ANNOTATION("conditions")), &seq) == 0) {
        t->conditions.v = seq.v;
        t->conditions.n = seq.n;
    }
}

static int to_v2(struct arena *a, const void *from, void *ret, struct err *e) {
    const autoscaling_v1_HorizontalPodAutoscaler *f = from;
    HorizontalPodAutoscaler *t = ret;
    *t = (HorizontalPodAutoscaler){.metadata = f->metadata};
    t->spec.scale_target_ref.kind = f->spec.scale_target_ref.kind;
    t->spec.scale_target_ref.name = f->spec.scale_target_ref.name;
    t->spec.scale_target_ref.api_version = f->spec.scale_target_ref.api_version;
    t->spec.min_replicas = f->spec.min_replicas;
    t->spec.max_replicas = f->spec.max_replicas;
    metrics_to_v2(a, f, &t->spec);
    t->spec.behavior =
        behavior_parse(a, annotation(&f->metadata.annotations, HPA_ANNOTATION("behavior")));
    status_to_v2(a, f, &t->status);
    t->metadata.annotations = other_annotations(a, &f->metadata.annotations, 0);
    return 0;
}

const struct api_conversion convert_hpa = {to_v2, from_v2};
