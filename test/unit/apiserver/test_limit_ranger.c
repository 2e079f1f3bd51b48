// SPDX-License-Identifier: Apache-2.0
/* Limit ranges: what they fill in, and what they refuse. */
#include "server_test.h"

#define NS     "/api/v1/namespaces/default"
#define RANGES NS "/limitranges"
#define PODS   NS "/pods"

static void begin(struct world *w, const char *limits) {
    world_init(w);
    REQUIRE(call(w, "POST", NS "/serviceaccounts", NULL, "{\"metadata\":{\"name\":\"default\"}}")
                .code == 201);
    str body =
        str_printf(w->arena, "{\"metadata\":{\"name\":\"l\"},\"spec\":{\"limits\":[%s]}}", limits);
    REQUIRE(call(w, "POST", RANGES, NULL, body.p).code == 201);
}

static struct answer pod(struct world *w, const char *containers) {
    str body = str_printf(w->arena, "{\"metadata\":{\"name\":\"x\"},\"spec\":{%s}}", containers);
    return call(w, "POST", PODS, NULL, body.p);
}

#define A(resources_)                                                                              \
    "\"containers\":[{\"name\":\"a\",\"image\":\"i\",\"resources\":{" resources_ "}}]"

TEST(containers_get_the_defaults) {
    struct world w;
    begin(&w, "{\"type\":\"Container\",\"default\":{\"cpu\":\"500m\",\"memory\":\"1Gi\"},"
              "\"defaultRequest\":{\"cpu\":\"100m\"}}");
    struct answer a = pod(&w, "\"initContainers\":[{\"name\":\"b\",\"image\":\"i\"}]," A(
                                  "\"limits\":{\"cpu\":\"1\"}"));
    REQUIRE(a.code == 201);
    CHECK_STR(text_at(&w, a.body, "spec.containers.0.resources.limits.cpu"), STR("1"));
    CHECK_STR(text_at(&w, a.body, "spec.containers.0.resources.requests.cpu"), STR("1"));
    CHECK_STR(text_at(&w, a.body, "spec.containers.0.resources.limits.memory"), STR("1Gi"));
    CHECK_STR(text_at(&w, a.body, "spec.initContainers.0.resources.requests.cpu"), STR("100m"));
    CHECK_STR(text_at(&w, a.body, "spec.initContainers.0.resources.requests.memory"), STR("1Gi"));
    CHECK(str_find(a.body, STR("LimitRanger plugin set: memory request for container a; memory "
                               "limit for container a; cpu, memory request for init container b; "
                               "cpu, memory limit for init container b")) > 0);
    CHECK_STR(text_at(&w, a.body, "status.qosClass"), STR("Burstable"));
    world_done(&w);
}

TEST(bounds) {
    static const struct {
        const char *limit, *pod, *why; /* why NULL: allowed */
    } cases[] = {
        {"\"type\":\"Container\",\"min\":{\"cpu\":\"100m\"}", A("\"requests\":{\"cpu\":\"100m\"}"),
         NULL},
        {"\"type\":\"Container\",\"min\":{\"cpu\":\"100m\"}", A("\"requests\":{\"cpu\":\"0.099\"}"),
         "minimum cpu usage per Container is 100m, but request is 99m"},
        {"\"type\":\"Pod\",\"min\":{\"memory\":\"1Gi\"}", A(""),
         "minimum memory usage per Pod is 1Gi.  No request is specified"},
        {"\"type\":\"Pod\",\"max\":{\"cpu\":\"1\"}",
         "\"initContainers\":[{\"name\":\"b\",\"image\":\"i\",\"resources\":{\"limits\":{\"cpu\":"
         "\"2\"}}}]," A("\"limits\":{\"cpu\":\"1\"}"),
         "maximum cpu usage per Pod is 1, but limit is 2"},
        {"\"type\":\"Pod\",\"max\":{\"cpu\":\"2\"}",
         "\"initContainers\":[{\"name\":\"b\",\"image\":\"i\",\"restartPolicy\":\"Always\","
         "\"resources\":{\"limits\":{\"cpu\":\"1500m\"}}}]," A("\"limits\":{\"cpu\":\"1\"}"),
         "maximum cpu usage per Pod is 2, but limit is 2500m"},
        {"\"type\":\"Container\",\"maxLimitRequestRatio\":{\"cpu\":\"2\"}",
         A("\"requests\":{\"cpu\":\"300m\"},\"limits\":{\"cpu\":\"601m\"}"),
         "cpu max limit to request ratio per Container is 2, but provided ratio is 2.003333"},
        {"\"type\":\"Container\",\"maxLimitRequestRatio\":{\"cpu\":\"2\"}",
         A("\"requests\":{\"cpu\":\"300m\"}"),
         "cpu max limit to request ratio per Container is 2, but no limit is specified or limit "
         "is 0"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w;
        begin(&w, "");
        str range =
            str_printf(w.arena, "{\"metadata\":{\"name\":\"m\"},\"spec\":{\"limits\":[{%s}]}}",
                       cases[i].limit);
        REQUIRE(call(&w, "POST", RANGES, NULL, range.p).code == 201);
        struct answer a = pod(&w, cases[i].pod);
        CHECK_INT(a.code, cases[i].why ? 403 : 201);
        if (cases[i].why)
            CHECK_STR(text_at(&w, a.body, "message"),
                      str_printf(w.arena, "pods \"x\" is forbidden: %s", cases[i].why));
        world_done(&w);
    }
}

TEST(claims_are_bounded_when_they_grow_too) {
    struct world w;
    begin(&w, "{\"type\":\"PersistentVolumeClaim\",\"min\":{\"storage\":\"1Gi\"},\"max\":{"
              "\"storage\":\"2Gi\"}}");
    struct answer a =
        call(&w, "POST", NS "/persistentvolumeclaims", NULL,
             "{\"metadata\":{\"name\":\"x\"},\"spec\":{\"accessModes\":["
             "\"ReadWriteOnce\"],\"resources\":{\"requests\":{\"storage\":\"1Mi\"}}}}");
    CHECK_INT(a.code, 403);
    CHECK_STR(text_at(&w, a.body, "message"),
              STR("persistentvolumeclaims \"x\" is forbidden: minimum storage usage per "
                  "PersistentVolumeClaim is 1Gi, but request is 1Mi"));
    world_done(&w);
}
