// SPDX-License-Identifier: Apache-2.0
/* Warning headers: which requests have them, in which form. */
#include "server_test.h"

#define NS "/api/v1/namespaces"
#define ENDPOINTS                                                                                  \
    "299 - \"v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\""
#define RBD                                                                                        \
    "299 - \"spec.template.spec.volumes[0].rbd: deprecated in v1.28, non-functional in v1.31+\""
#define DEPLOYMENTS "/apis/apps/v1/namespaces/n/deployments"
#define VOLUMES(name_)                                                                             \
    "\"volumes\":[{\"name\":\"v\",\"" name_ "\":{\"monitors\":[\"m\"],\"image\":\"i\"}}]"
#define DEPLOYMENT                                                                                 \
    "{\"metadata\":{\"name\":\"d\"},\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"b\"}},"       \
    "\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{" VOLUMES(                    \
        "rbd") ",\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}}"
#define MERGE "application/merge-patch+json"

static void begin(struct world *w) {
    world_init(w);
    REQUIRE(call(w, "POST", NS, NULL, "{\"metadata\":{\"name\":\"n\"}}").code == 201);
}

TEST(deprecated_resources_are_warned_of_whatever_is_asked) {
    struct world w;
    begin(&w);
    CHECK_STR(call(&w, "GET", NS "/n/endpoints", NULL, "").warnings, STR(ENDPOINTS));
    CHECK_STR(call(&w, "GET", "/api/v1/endpoints?watch=1&timeoutSeconds=1", NULL, "").warnings,
              STR(ENDPOINTS));
    CHECK_STR(call(&w, "GET", NS "/n/endpoints/none", NULL, "").warnings, STR(ENDPOINTS));
    CHECK_STR(call(&w, "GET", NS "/n/pods", NULL, "").warnings, STR_NONE);
    world_done(&w);
}

TEST(writes_are_warned_of_valid_objects) {
    struct world w;
    begin(&w);
    struct answer a = call(&w, "POST", DEPLOYMENTS "?dryRun=All", NULL, DEPLOYMENT);
    CHECK_INT(a.code, 201);
    CHECK_STR(a.warnings, STR(RBD));
    a = call(&w, "POST", DEPLOYMENTS, NULL, DEPLOYMENT);
    CHECK_INT(a.code, 201);
    CHECK_STR(a.warnings, STR(RBD));
    /* Those who leave the spec alone hear nothing of it. */
    a = call(&w, "PATCH", DEPLOYMENTS "/d", MERGE, "{\"metadata\":{\"labels\":{\"x\":\"y\"}}}");
    CHECK_INT(a.code, 200);
    CHECK_STR(a.warnings, STR_NONE);
    a = call(&w, "PATCH", DEPLOYMENTS "/d/scale", MERGE, "{\"spec\":{\"replicas\":2}}");
    CHECK_INT(a.code, 200);
    CHECK_STR(a.warnings, STR(RBD));
    a = call(&w, "PATCH", DEPLOYMENTS "/d/status", MERGE, "{\"status\":{\"replicas\":2}}");
    CHECK_INT(a.code, 200);
    CHECK_STR(a.warnings, STR_NONE);
    /* Nor do those whose object is refused. */
    a = call(&w, "POST", DEPLOYMENTS, NULL,
             "{\"metadata\":{\"name\":\"e.f\"},\"spec\":{\"replicas\":-1}}");
    CHECK_INT(a.code, 422);
    CHECK_STR(a.warnings, STR_NONE);
    world_done(&w);
}

TEST(texts_are_quoted_and_said_once) {
    struct world w;
    begin(&w);
    struct answer a = call(&w, "POST", NS "/n/configmaps", NULL,
                           "{\"metadata\":{\"name\":\"c\"},\"a\\\"b\\\\\":1,\"x\":1,\"x\":2}");
    CHECK_INT(a.code, 201);
    CHECK_STR(a.warnings, STR("299 - \"unknown field \\\"a\\\\\\\"b\\\\\\\\\\\"\"\n"
                              "299 - \"unknown field \\\"x\\\"\""));
    world_done(&w);
}

/* n unknown fields with names of `size` bytes. */
static struct answer unknown_fields(struct world *w, int n, int size) {
    struct buf b;
    buf_init(&b, 0);
    buf_adds(&b, "{\"metadata\":{\"generateName\":\"c\"}");
    for (int i = 0; i < n; i++) {
        buf_printf(&b, ",\"f%02d", i);
        for (int k = 3; k < size; k++)
            buf_addc(&b, 'x');
        buf_adds(&b, "\":1");
    }
    buf_adds(&b, "}");
    str body = str_dup(w->arena, buf_str(&b));
    buf_done(&b);
    return call(w, "POST", NS "/n/configmaps", NULL, body.p);
}

TEST(long_texts_are_cut_when_there_are_many) {
    struct world w;
    begin(&w);
    str one = unknown_fields(&w, 1, 1000).warnings;
    CHECK(one.n > 1000);
    str many = unknown_fields(&w, 10, 1000).warnings;
    unsigned n = 0;
    while (many.p) {
        str text = str_cut(&many, '\n');
        CHECK_INT(text.n, strlen("299 - \"\"") + 256 + 1); /* a quote of the text is escaped */
        n++;
    }
    CHECK_INT(n, 10);
    str most = unknown_fields(&w, 90, 1000).warnings;
    n = 0;
    while (most.p) {
        str_cut(&most, '\n');
        n++;
    }
    CHECK_INT(n, 16);
    world_done(&w);
}
