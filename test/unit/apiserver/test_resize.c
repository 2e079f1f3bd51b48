// SPDX-License-Identifier: Apache-2.0
/* pods/resize over the API: what a size may become, and that what is not done is told. */
#include "server_test.h"

#define PODS  "/api/v1/namespaces/default/pods"
#define MERGE "application/strategic-merge-patch+json"
#define SIZED "\"image\":\"i\",\"resources\":{\"requests\":{\"cpu\":\"1\"}}"
#define CPU2  "\"resources\":{\"requests\":{\"cpu\":\"2\"}}"

static void begin(struct world *w) {
    world_init(w);
    REQUIRE(call(w, "POST", "/api/v1/namespaces/default/serviceaccounts", NULL,
                 "{\"metadata\":{\"name\":\"default\"}}")
                .code == 201);
}

static const struct {
    const char *spec, *patch, *error; /* error NULL: it becomes so */
} cases[] = {
    {"\"containers\":[{\"name\":\"a\"," SIZED "}]", "\"containers\":[{\"name\":\"a\"," CPU2 "}]",
     NULL},
    {"\"initContainers\":[{\"name\":\"z\"," SIZED "}],\"containers\":[{\"name\":\"a\"," SIZED "}]",
     "\"initContainers\":[{\"name\":\"z\"," CPU2 "}]", NULL},
    {"\"initContainers\":[{\"name\":\"z\",\"restartPolicy\":\"Always\",\"resizePolicy\":[{"
     "\"resourceName\":\"cpu\",\"restartPolicy\":\"RestartContainer\"}]," SIZED
     "}],\"containers\":[{\"name\":\"a\"," SIZED "}]",
     "\"initContainers\":[{\"name\":\"z\"," CPU2 "}]", NULL},
    {"\"initContainers\":[{\"name\":\"z\"," SIZED "}],\"containers\":[{\"name\":\"a\"," SIZED "}]",
     "\"initContainers\":[{\"name\":\"z\",\"resources\":{\"requests\":{\"cpu\":null}}}]",
     "spec.initContainers[0].resources.requests: Forbidden: resource requests cannot be removed"},
    {"\"resourceClaims\":[{\"name\":\"c\",\"resourceClaimName\":\"c\"}],\"containers\":[{"
     "\"name\":\"a\",\"image\":\"i\",\"resources\":{\"claims\":[{\"name\":\"c\"}],\"requests\":{"
     "\"cpu\":\"1\"}}}]",
     "\"containers\":[{\"name\":\"a\"," CPU2 "}]",
     "spec: Forbidden: only cpu and memory resources are mutable"},
};

TEST(sizes_change_and_nothing_else) {
    struct world w;
    begin(&w);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str pod = str_printf(w.arena, "{\"metadata\":{\"name\":\"p%zu\"},\"spec\":{%s}}", i,
                             cases[i].spec);
        str patch = str_printf(w.arena, "{\"spec\":{%s}}", cases[i].patch);
        str target = str_printf(w.arena, PODS "/p%zu/resize", i);
        struct answer a = call(&w, "POST", PODS, NULL, pod.p);
        if (a.code != 201)
            tap_fail(__FILE__, __LINE__, "case %zu: " STR_FMT, i, STR_ARG(a.body));
        a = call(&w, "PATCH", target.p, MERGE, patch.p);
        bool told = cases[i].error ? a.code == 422 && str_find(text_at(&w, a.body, "message"),
                                                               str_of(cases[i].error)) >= 0
                                   : a.code == 200 && str_find(a.body, STR("\"cpu\":\"2\"")) >= 0;
        if (!told)
            tap_fail(__FILE__, __LINE__, "case %zu: %d " STR_FMT, i, a.code, STR_ARG(a.body));
    }
    world_done(&w);
}

/* However many there are. */
TEST(a_pod_of_many_containers_is_resized) {
    struct world w;
    begin(&w);
    struct buf b;
    buf_init(&b, 0);
    buf_adds(&b, "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[");
    for (int i = 0; i < 1100; i++)
        buf_printf(&b, "%s{\"name\":\"c%d\"," SIZED "}", i ? "," : "", i);
    buf_adds(&b, "]}}");
    buf_addc(&b, '\0');
    REQUIRE(call(&w, "POST", PODS, NULL, b.p).code == 201);
    buf_done(&b);
    struct answer a = call(&w, "PATCH", PODS "/p/resize", MERGE,
                           "{\"spec\":{\"containers\":[{\"name\":\"c1099\"," CPU2 "}]}}");
    CHECK_INT(a.code, 200);
    CHECK_STRC(text_at(&w, a.body, "spec.containers.1099.resources.requests.cpu"), "2");
    CHECK_STRC(text_at(&w, a.body, "spec.containers.1098.resources.requests.cpu"), "1");
    world_done(&w);
}
