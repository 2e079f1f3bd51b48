// SPDX-License-Identifier: Apache-2.0
/* The small plugins, and the switch that each of them has. */
#include "server_test.h"

#define NS   "/api/v1/namespaces/default"
#define PVCS NS "/persistentvolumeclaims"

static void begin(struct world *w, const char *on, const char *off) {
    world_init_with(w, &(struct world_options){.admission_on = on, .admission_off = off});
    REQUIRE(call(w, "POST", NS "/serviceaccounts", NULL, "{\"metadata\":{\"name\":\"default\"}}")
                .code == 201);
}

static struct answer pod(struct world *w, const char *more) {
    str body = str_printf(w->arena,
                          "{\"metadata\":{\"name\":\"x\"},\"spec\":{\"containers\":[{\"name\":"
                          "\"a\",\"image\":\"i\",\"resources\":{\"limits\":{\"example.com/gpu\":"
                          "\"1\"}}}]%s}}",
                          more);
    return call(w, "POST", NS "/pods", NULL, body.p);
}

#define PVC(name_)                                                                                 \
    "{\"metadata\":{\"name\":\"" name_ "\"},\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],"        \
    "\"resources\":{\"requests\":{\"storage\":\"1Gi\"}}}}"

static void storage_class(struct world *w, const char *name, const char *is_default) {
    str body = str_printf(w->arena,
                          "{\"metadata\":{\"name\":\"%s\",\"annotations\":{\"storageclass."
                          "kubernetes.io/is-default-class\":\"%s\"}},\"provisioner\":\"p\"}",
                          name, is_default);
    REQUIRE(call(w, "POST", "/apis/storage.k8s.io/v1/storageclasses", NULL, body.p).code == 201);
}

TEST(claims_get_the_newest_default_class) {
    struct world w;
    begin(&w, NULL, NULL);
    struct answer a = call(&w, "POST", PVCS, NULL, PVC("none"));
    CHECK(a.code == 201 && !at(&w, a.body, "spec.storageClassName"));
    storage_class(&w, "b-old", "true");
    pass(&w, 2 * NSEC_PER_SEC);
    storage_class(&w, "c", "true");
    storage_class(&w, "b", "true");
    storage_class(&w, "a", "false");
    a = call(&w, "POST", PVCS, NULL, PVC("x"));
    CHECK_STR(text_at(&w, a.body, "spec.storageClassName"), STR("b"));
    world_done(&w);
}

TEST(ingresses_get_the_default_class) {
    struct world w;
    begin(&w, NULL, NULL);
    REQUIRE(call(&w, "POST", "/apis/networking.k8s.io/v1/ingressclasses", NULL,
                 "{\"metadata\":{\"name\":\"n\",\"annotations\":{\"ingressclass.kubernetes.io/"
                 "is-default-class\":\"true\"}},\"spec\":{\"controller\":\"a.b/c\"}}")
                .code == 201);
    struct answer a =
        call(&w, "POST", "/apis/networking.k8s.io/v1/namespaces/default/ingresses", NULL,
             "{\"metadata\":{\"name\":\"x\"},\"spec\":{\"defaultBackend\":{"
             "\"service\":{\"name\":\"s\",\"port\":{\"number\":80}}}}}");
    CHECK_STR(text_at(&w, a.body, "spec.ingressClassName"), STR("n"));
    world_done(&w);
}

TEST(a_plugin_is_switched_on_and_off) {
    struct world w;
    begin(&w, "ExtendedResourceToleration", "DefaultStorageClass, DefaultTolerationSeconds");
    storage_class(&w, "b", "true");
    struct answer a = call(&w, "POST", PVCS, NULL, PVC("x"));
    CHECK_STR(text_at(&w, a.body, "metadata.finalizers.0"), STR("kubernetes.io/pvc-protection"));
    CHECK(!at(&w, a.body, "spec.storageClassName"));
    a = pod(&w, "");
    CHECK_STR(text_at(&w, a.body, "spec.tolerations.0.key"), STR("example.com/gpu"));
    CHECK(!at(&w, a.body, "spec.tolerations.1"));
    world_done(&w);
}

TEST(a_plugin_that_is_not_there_is_told) {
    struct world w;
    world_init(&w);
    static const char *const addresses[] = {"sim:other", NULL};
    static const char *const names[] = {"Foo", "RBACEscalation"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct apiserver_options o = {.addresses = addresses,
                                      .store = w.store,
                                      .authz = &authz_allow_all,
                                      .admission_off = names[i]};
        struct apiserver *s;
        struct err e = {0};
        CHECK_INT(apiserver_new(w.l, &o, &e, &s), -EINVAL);
        CHECK_STR(str_of(e.text), str_printf(w.arena,
                                             "disable-admission-plugins plugin \"%s\" is "
                                             "unknown",
                                             names[i]));
    }
    world_done(&w);
}

TEST(runtime_classes) {
    static const struct {
        const char *pod, *why;
    } cases[] = {
        {",\"runtimeClassName\":\"r\"", NULL},
        {",\"runtimeClassName\":\"r\",\"overhead\":{\"cpu\":\"0.25\"}", NULL},
        {",\"runtimeClassName\":\"r\",\"overhead\":{\"cpu\":\"1\"}",
         "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"},
        {",\"overhead\":{\"cpu\":\"1\"}",
         "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"},
        {",\"runtimeClassName\":\"r\",\"nodeSelector\":{\"a\":\"c\"}",
         "conflict: runtimeClass.scheduling.nodeSelector[a] = b; pod.spec.nodeSelector[a] = c"},
    };
    struct world w;
    begin(&w, NULL, NULL);
    REQUIRE(call(&w, "POST", "/apis/node.k8s.io/v1/runtimeclasses", NULL,
                 "{\"metadata\":{\"name\":\"r\"},\"handler\":\"h\",\"overhead\":{\"podFixed\":{"
                 "\"cpu\":\"250m\"}},\"scheduling\":{\"nodeSelector\":{\"a\":\"b\"},"
                 "\"tolerations\":[{\"key\":\"k\",\"operator\":\"Exists\"}]}}")
                .code == 201);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct answer a = pod(&w, cases[i].pod);
        CHECK_INT(a.code, cases[i].why ? 403 : 201);
        if (cases[i].why) {
            CHECK_STR(text_at(&w, a.body, "message"),
                      str_printf(w.arena, "pods \"x\" is forbidden: %s", cases[i].why));
            continue;
        }
        CHECK_STR(text_at(&w, a.body, "spec.overhead.cpu"), STR("250m"));
        CHECK_STR(text_at(&w, a.body, "spec.nodeSelector.a"), STR("b"));
        CHECK(str_find(a.body, STR("{\"key\":\"k\",\"operator\":\"Exists\"}")) > 0);
        CHECK_INT(call(&w, "DELETE", NS "/pods/x", NULL, NULL).code, 200);
    }
    world_done(&w);
}

TEST(claims_grow_where_their_class_lets_them) {
    struct world w;
    begin(&w, NULL, NULL);
    storage_class(&w, "fixed", "true");
    REQUIRE(call(&w, "POST", "/apis/storage.k8s.io/v1/storageclasses", NULL,
                 "{\"metadata\":{\"name\":\"grows\"},\"provisioner\":\"p\","
                 "\"allowVolumeExpansion\":true}")
                .code == 201);
    const char *grow = "{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"2Gi\"}}}}";
    const char *bind = "{\"status\":{\"phase\":\"Bound\"}}";
    const char *merge = "application/merge-patch+json";
    REQUIRE(call(&w, "POST", PVCS, NULL, PVC("x")).code == 201);
    struct answer a = call(&w, "PATCH", PVCS "/x", merge, grow);
    CHECK(a.code == 403 || a.code == 422);
    REQUIRE(call(&w, "PATCH", PVCS "/x/status", merge, bind).code == 200);
    a = call(&w, "PATCH", PVCS "/x", merge, grow);
    CHECK_INT(a.code, 403);
    CHECK_STR(text_at(&w, a.body, "message"),
              STR("persistentvolumeclaims \"x\" is forbidden: only dynamically provisioned pvc can "
                  "be resized and the storageclass that provisions the pvc must support resize"));
    world_done(&w);
}

#define CLAIMS "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims"
#define REQUEST                                                                                    \
    "{\"devices\":{\"requests\":[{\"name\":\"r\",\"exactly\":{\"deviceClassName\":\"c\"}},{"       \
    "\"name\":\"s\",\"exactly\":{\"deviceClassName\":\"c\",\"adminAccess\":true}}]}}"
#define RESULT                                                                                     \
    "{\"status\":{\"allocation\":{\"devices\":{\"results\":[{\"request\":\"r\",\"driver\":\"d\","  \
    "\"pool\":\"p\",\"device\":\"x\",\"adminAccess\":true}]}}}}"

static void check_not_admin(struct world *w, const struct answer *a, const char *field) {
    CHECK_INT(a->code, 422);
    str want = str_printf(w->arena,
                          "%s: Forbidden: admin access to devices requires the "
                          "`resource.kubernetes.io/admin-access: true` label on the containing "
                          "namespace",
                          field);
    CHECK(str_find(text_at(w, a->body, "message"), want) >= 0);
}

TEST(devices_for_administrators_need_a_labelled_namespace) {
    struct world w;
    begin(&w, NULL, NULL);
    const char *claim = "{\"metadata\":{\"name\":\"x\"},\"spec\":" REQUEST "}";
    const char *template_ = "{\"metadata\":{\"name\":\"x\"},\"spec\":{\"spec\":" REQUEST "}}";
    const char *templates = "/apis/resource.k8s.io/v1/namespaces/default/resourceclaimtemplates";
    struct answer a = call(&w, "POST", CLAIMS, NULL, claim);
    check_not_admin(&w, &a, "spec.devices.requests[1].adminAccess");
    a = call(&w, "POST", templates, NULL, template_);
    check_not_admin(&w, &a, "spec.devices.requests[1].adminAccess");
    REQUIRE(call(&w, "POST", CLAIMS, NULL,
                 "{\"metadata\":{\"name\":\"y\"},\"spec\":{\"devices\":{\"requests\":[{\"name\":"
                 "\"r\",\"exactly\":{\"deviceClassName\":\"c\"}}]}}}")
                .code == 201);
    a = call(&w, "PATCH", CLAIMS "/y/status", "application/merge-patch+json", RESULT);
    check_not_admin(&w, &a, "status.allocation.devices.results[0].adminAccess");
    const char *label =
        "{\"metadata\":{\"labels\":{\"resource.kubernetes.io/admin-access\":\"true\"}}}";
    REQUIRE(call(&w, "PATCH", NS, "application/merge-patch+json", label).code == 200);
    CHECK_INT(call(&w, "POST", CLAIMS, NULL, claim).code, 201);
    CHECK_INT(call(&w, "POST", templates, NULL, template_).code, 201);
    CHECK_INT(call(&w, "PATCH", CLAIMS "/y/status", "application/merge-patch+json", RESULT).code,
              200);
    world_done(&w);
}
