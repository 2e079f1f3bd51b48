// SPDX-License-Identifier: Apache-2.0
#include "api/convert.h"
#include "base/buf.h"
#include "fill.h"
#include "schema/json.h"
#include "schema/ops.h"
#include "tap.h"

static void *read_object(struct arena *a, const struct api_type *t, const char *json) {
    void *obj = arena_zalloc(a, t->size);
    struct err e = {0};
    if (json_read(a, t, str_of(json), obj, NULL, &e) < 0)
        tap_fail(__FILE__, __LINE__, "%s", e.text);
    return obj;
}

static str print(struct arena *a, const struct api_type *t, const void *obj) {
    struct buf b;
    buf_init(&b, 0);
    json_write(&b, t, obj, JSON_NO_TYPE_META, NULL);
    str s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

#define V1 autoscaling_v1_HorizontalPodAutoscaler

static V1 *to_v1(struct arena *a, const void *v2) {
    V1 *out = arena_make(a, V1);
    REQUIRE(convert_hpa.from_storage(a, v2, out, NULL) == 0);
    return out;
}
static HorizontalPodAutoscaler *to_v2(struct arena *a, const void *v1) {
    HorizontalPodAutoscaler *out = arena_make(a, HorizontalPodAutoscaler);
    REQUIRE(convert_hpa.to_storage(a, v1, out, NULL) == 0);
    return out;
}

static const char full[] =
    "{\"metadata\":{\"name\":\"hpa\",\"annotations\":{\"a\":\"1\",\"z\":\"2\"}},\"spec\":{"
    "\"scaleTargetRef\":{\"kind\":\"Deployment\",\"name\":\"dep\",\"apiVersion\":\"apps/v1\"},"
    "\"minReplicas\":1,\"maxReplicas\":10,\"metrics\":["
    "{\"type\":\"Pods\",\"pods\":{\"metric\":{\"name\":\"rps\"},\"target\":{"
    "\"type\":\"AverageValue\",\"averageValue\":\"100\"}}},"
    "{\"type\":\"Object\",\"object\":{\"describedObject\":{\"kind\":\"Ingress\",\"name\":\"i\"},"
    "\"target\":{\"type\":\"Value\",\"value\":\"2k\"},\"metric\":{\"name\":\"hits\",\"selector\":{"
    "\"matchLabels\":{\"x\":\"y\"}}}}},"
    "{\"type\":\"Resource\",\"resource\":{\"name\":\"memory\",\"target\":{\"type\":\"Utilization\","
    "\"averageUtilization\":60}}},"
    "{\"type\":\"ContainerResource\",\"containerResource\":{\"name\":\"cpu\",\"target\":{"
    "\"type\":\"AverageValue\",\"averageValue\":\"500m\"},\"container\":\"app\"}},"
    "{\"type\":\"External\",\"external\":{\"metric\":{\"name\":\"queue\"},\"target\":{"
    "\"type\":\"Value\",\"value\":\"30\"}}},"
    "{\"type\":\"Resource\",\"resource\":{\"name\":\"cpu\",\"target\":{\"type\":\"Utilization\","
    "\"averageUtilization\":70}}}],"
    "\"behavior\":{\"scaleUp\":{\"stabilizationWindowSeconds\":0,\"selectPolicy\":\"Max\","
    "\"policies\":[{\"type\":\"Pods\",\"value\":4,\"periodSeconds\":15},{\"type\":\"Percent\","
    "\"value\":100,\"periodSeconds\":15}]},\"scaleDown\":{\"selectPolicy\":\"Min\","
    "\"tolerance\":\"50m\"}}},"
    "\"status\":{\"currentReplicas\":3,\"desiredReplicas\":3,\"currentMetrics\":[{"
    "\"type\":\"Resource\",\"resource\":{\"name\":\"cpu\",\"current\":{\"averageValue\":\"350m\","
    "\"averageUtilization\":35}}}],\"conditions\":[{\"type\":\"AbleToScale\",\"status\":\"True\","
    "\"lastTransitionTime\":\"2026-01-02T03:04:05Z\",\"reason\":\"R\",\"message\":\"m\"}]}}";

TEST(an_autoscaler_keeps_everything_through_v1) {
    struct arena *a = arena_new(0);
    HorizontalPodAutoscaler *v2 = read_object(a, &HorizontalPodAutoscaler_type, full);
    V1 *v1 = to_v1(a, v2);
    CHECK_INT(v1->spec.target_cpu_utilization_percentage.v, 70);
    CHECK_INT(v1->status.current_cpu_utilization_percentage.v, 35);
    CHECK_INT(v1->metadata.annotations.n, 6);
    for (uint32_t i = 1; i < v1->metadata.annotations.n; i++)
        CHECK(str_cmp(v1->metadata.annotations.v[i - 1].key, v1->metadata.annotations.v[i].key) <
              0);
    CHECK_STRC(print(a, &HorizontalPodAutoscaler_type, to_v2(a, v1)), full);
    /* and through the bytes a v1 client sees */
    V1 *seen = read_object(a, &autoscaling_v1_HorizontalPodAutoscaler_type,
                           print(a, &autoscaling_v1_HorizontalPodAutoscaler_type, v1).p);
    CHECK_STRC(print(a, &HorizontalPodAutoscaler_type, to_v2(a, seen)), full);
    arena_free(a);
}

static str annotation(const V1 *v1, const char *name) {
    for (uint32_t i = 0; i < v1->metadata.annotations.n; i++)
        if (str_ends(v1->metadata.annotations.v[i].key, str_of(name)))
            return v1->metadata.annotations.v[i].value;
    return STR_NONE;
}

TEST(annotations_are_written_as_upstream_writes_them) {
    struct arena *a = arena_new(0);
    HorizontalPodAutoscaler *v2 = read_object(a, &HorizontalPodAutoscaler_type, full);
    v2->spec.metrics.n = 1;
    v2->spec.behavior->scale_up->policies.n = 1;
    V1 *v1 = to_v1(a, v2);
    CHECK_STRC(annotation(v1, "/metrics"),
               "[{\"type\":\"Pods\",\"pods\":{\"metricName\":\"rps\",\"targetAverageValue\":"
               "\"100\"}}]");
    CHECK_STRC(annotation(v1, "/current-metrics"),
               "[{\"type\":\"Resource\",\"resource\":{\"name\":\"cpu\","
               "\"currentAverageUtilization\":35,\"currentAverageValue\":\"350m\"}}]");
    CHECK_STRC(annotation(v1, "/behavior"),
               "{\"ScaleUp\":{\"StabilizationWindowSeconds\":0,\"SelectPolicy\":\"Max\","
               "\"Policies\":[{\"Type\":\"Pods\",\"Value\":4,\"PeriodSeconds\":15}],"
               "\"Tolerance\":null},\"ScaleDown\":{\"StabilizationWindowSeconds\":null,"
               "\"SelectPolicy\":\"Min\",\"Policies\":null,\"Tolerance\":\"50m\"}}");
    CHECK_STRC(annotation(v1, "/conditions"),
               "[{\"type\":\"AbleToScale\",\"status\":\"True\",\"lastTransitionTime\":"
               "\"2026-01-02T03:04:05Z\",\"reason\":\"R\",\"message\":\"m\"}]");
    CHECK(!annotation(to_v1(a, arena_make(a, HorizontalPodAutoscaler)), "/metrics").p);
    arena_free(a);
}

TEST(a_plain_v1_autoscaler_gets_a_cpu_metric) {
    struct arena *a = arena_new(0);
    V1 v1 = {.spec = {.max_replicas = 3, .target_cpu_utilization_percentage = {true, 50}}};
    HorizontalPodAutoscaler *v2 = to_v2(a, &v1);
    REQUIRE(v2->spec.metrics.n == 1);
    CHECK_INT(v2->spec.metrics.v[0].resource->target.average_utilization.v, 50);
    CHECK(!to_v1(a, v2)->metadata.annotations.v);
    v1.spec.target_cpu_utilization_percentage.set = false;
    CHECK_INT(to_v2(a, &v1)->spec.metrics.v[0].resource->target.average_utilization.v, 80);
    arena_free(a);
}

TEST(annotations_that_do_not_parse_are_dropped) {
    struct arena *a = arena_new(0);
    struct str_pair bad[] = {
        {STR("autoscaling.alpha.kubernetes.io/behavior"), STR("abc")},
        {STR("autoscaling.alpha.kubernetes.io/conditions"), STR("{}")},
        {STR("autoscaling.alpha.kubernetes.io/current-metrics"), STR("[1]")},
        {STR("autoscaling.alpha.kubernetes.io/metrics"), STR("")},
        {STR("autoscaling.alpha.kubernetes.io/other"), STR("stays")},
    };
    V1 v1 = {.metadata.annotations = {bad, 5}};
    HorizontalPodAutoscaler *v2 = to_v2(a, &v1);
    CHECK_INT(v2->metadata.annotations.n, 1);
    CHECK(!v2->spec.behavior && !v2->status.conditions.n && !v2->status.current_metrics.n);
    CHECK_INT(v2->spec.metrics.n, 1); /* the default */
    arena_free(a);
}

TEST(events_are_the_same_in_both_versions) {
    struct arena *a = arena_new(0);
    struct fill f = {.arena = a, .seed = tap_seed(), .chance = 100};
    Event back, *core = fill_new(&f, &Event_type);
    events_v1_Event mid, again, *event = fill_new(&f, &events_v1_Event_type);
    REQUIRE(convert_event.from_storage(a, core, &mid, NULL) == 0);
    REQUIRE(convert_event.to_storage(a, &mid, &back, NULL) == 0);
    CHECK(api_equal(&Event_type, core, &back));
    CHECK_STR(mid.note, core->message);
    REQUIRE(convert_event.to_storage(a, event, &back, NULL) == 0);
    REQUIRE(convert_event.from_storage(a, &back, &again, NULL) == 0);
    CHECK(api_equal(&events_v1_Event_type, event, &again));
    arena_free(a);
}
