// SPDX-License-Identifier: Apache-2.0
/* What admission fills in; the other defaults are in test/rules/defaults.tsv. */
#include "server_test.h"

#define NS "/api/v1/namespaces/default"

static struct answer make(struct world *w, const char *path, const char *body) {
    struct answer a = call(w, "POST", path, NULL, body);
    if (a.code != 201)
        tap_fail(__FILE__, __LINE__, "%s: %d " STR_FMT, path, a.code, STR_ARG(a.body));
    return a;
}

static void begin(struct world *w) {
    world_init(w);
    make(w, NS "/serviceaccounts", "{\"metadata\":{\"name\":\"default\"}}");
    make(w, NS "/serviceaccounts",
         "{\"metadata\":{\"name\":\"puller\"},\"imagePullSecrets\":[{\"name\":\"s\"}]}");
}

#define POD(more)                                                                                  \
    "{\"metadata\":{\"name\":\"x\"},\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"i\"}],"  \
    "\"initContainers\":[{\"name\":\"b\",\"image\":\"i\"}]" more "}}"

static void check_text(struct world *w, str body, const char *path, const char *want) {
    str got = text_at(w, body, path);
    if (!str_eqc(got, want))
        tap_fail(__FILE__, __LINE__, "%s: " STR_FMT ", not %s", path, STR_ARG(got), want);
}

TEST(pods_get_an_account_and_its_token) {
    struct world w;
    begin(&w);
    struct answer a = make(&w, NS "/pods", POD(""));
    check_text(&w, a.body, "spec.serviceAccountName", "default");
    check_text(&w, a.body, "spec.serviceAccount", "default");
    str volume = text_at(&w, a.body, "spec.volumes.0.name");
    CHECK(str_starts(volume, STR("kube-api-access-")));
    CHECK_INT(volume.n, strlen("kube-api-access-") + 5);
    check_text(&w, a.body, "spec.volumes.0.projected.sources.0.serviceAccountToken.path", "token");
    check_text(&w, a.body, "spec.volumes.0.projected.sources.1.configMap.name", "kube-root-ca.crt");
    check_text(&w, a.body, "spec.volumes.0.projected.sources.2.downwardAPI.items.0.path",
               "namespace");
    check_text(&w, a.body, "spec.containers.0.volumeMounts.0.mountPath",
               "/var/run/secrets/kubernetes.io/serviceaccount");
    CHECK_STR(text_at(&w, a.body, "spec.initContainers.0.volumeMounts.0.name"), volume);
    CHECK(!at(&w, a.body, "spec.imagePullSecrets"));
    CHECK_INT(call(&w, "DELETE", NS "/pods/x?gracePeriodSeconds=0", NULL, NULL).code, 200);
    a = make(&w, NS "/pods", POD(",\"serviceAccountName\":\"puller\""));
    check_text(&w, a.body, "spec.imagePullSecrets.0.name", "s");
    world_done(&w);
}

TEST(pods_get_a_priority_and_tolerations) {
    struct world w;
    begin(&w);
    struct answer a = make(&w, NS "/pods", POD(""));
    CHECK_INT(at(&w, a.body, "spec.priority")->i, 0);
    check_text(&w, a.body, "spec.preemptionPolicy", "PreemptLowerPriority");
    check_text(&w, a.body, "spec.tolerations.0.key", "node.kubernetes.io/not-ready");
    check_text(&w, a.body, "spec.tolerations.1.key", "node.kubernetes.io/unreachable");
    CHECK_INT(at(&w, a.body, "spec.tolerations.1.tolerationSeconds")->i, 300);
    make(&w, "/apis/scheduling.k8s.io/v1/priorityclasses",
         "{\"metadata\":{\"name\":\"high\"},\"value\":7}");
    CHECK_INT(call(&w, "DELETE", NS "/pods/x?gracePeriodSeconds=0", NULL, NULL).code, 200);
    a = make(&w, NS "/pods", POD(",\"priorityClassName\":\"high\""));
    CHECK_INT(at(&w, a.body, "spec.priority")->i, 7);
    world_done(&w);
}

TEST(nodes_and_volumes_get_marks) {
    struct world w;
    begin(&w);
    struct answer a = make(&w, "/api/v1/nodes", "{\"metadata\":{\"name\":\"n\"}}");
    check_text(&w, a.body, "spec.taints.0.key", "node.kubernetes.io/not-ready");
    check_text(&w, a.body, "spec.taints.0.effect", "NoSchedule");
    a = make(&w, "/api/v1/persistentvolumes",
             "{\"metadata\":{\"name\":\"v\"},\"spec\":{\"capacity\":{\"storage\":\"1Gi\"},"
             "\"accessModes\":[\"ReadWriteOnce\"],\"hostPath\":{\"path\":\"/v\"}}}");
    check_text(&w, a.body, "metadata.finalizers.0", "kubernetes.io/pv-protection");
    a = make(&w, NS "/persistentvolumeclaims",
             "{\"metadata\":{\"name\":\"c\"},\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],"
             "\"resources\":{\"requests\":{\"storage\":\"1Gi\"}}}}");
    check_text(&w, a.body, "metadata.finalizers.0", "kubernetes.io/pvc-protection");
    world_done(&w);
}

TEST(what_the_server_writes_into_metadata) {
    struct world w;
    begin(&w);
    struct answer a = make(&w, NS "/configmaps",
                           "{\"metadata\":{\"generateName\":\"g-\",\"uid\":\"mine\",\"selfLink\":"
                           "\"/x\",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\","
                           "\"deletionGracePeriodSeconds\":1}}");
    str name = text_at(&w, a.body, "metadata.name");
    CHECK(str_starts(name, STR("g-")));
    CHECK_INT(name.n, 7);
    CHECK_INT(text_at(&w, a.body, "metadata.uid").n, 36);
    CHECK_INT(text_at(&w, a.body, "metadata.creationTimestamp").n, 20);
    check_text(&w, a.body, "metadata.namespace", "default");
    CHECK(!at(&w, a.body, "metadata.selfLink"));
    CHECK(!at(&w, a.body, "metadata.deletionTimestamp"));
    CHECK(!at(&w, a.body, "metadata.deletionGracePeriodSeconds"));
    str uid = text_at(&w, a.body, "metadata.uid"),
        made = text_at(&w, a.body, "metadata.creationTimestamp");
    a = call(&w, "PUT", str_printf(w.arena, NS "/configmaps/" STR_FMT, STR_ARG(name)).p, NULL,
             str_printf(w.arena, "{\"metadata\":{\"name\":\"" STR_FMT "\"}}", STR_ARG(name)).p);
    CHECK_INT(a.code, 200);
    CHECK_STR(text_at(&w, a.body, "metadata.uid"), uid);
    CHECK_STR(text_at(&w, a.body, "metadata.creationTimestamp"), made);
    world_done(&w);
}

#define BUDGET "/apis/policy/v1/namespaces/default/poddisruptionbudgets"

TEST(generations_and_statuses) {
    struct world w;
    begin(&w);
    struct answer a = make(&w, BUDGET,
                           "{\"metadata\":{\"name\":\"b\"},\"spec\":{\"minAvailable\":1},"
                           "\"status\":{\"expectedPods\":9}}");
    CHECK_INT(at(&w, a.body, "metadata.generation")->i, 1);
    CHECK_INT(at(&w, a.body, "status.expectedPods")->i, 0);
    a = call(&w, "PATCH", BUDGET "/b/status", "application/merge-patch+json",
             "{\"status\":{\"expectedPods\":5}}");
    CHECK_INT(at(&w, a.body, "metadata.generation")->i, 1);
    CHECK_INT(at(&w, a.body, "status.expectedPods")->i, 5);
    a = call(&w, "PATCH", BUDGET "/b", "application/merge-patch+json",
             "{\"spec\":{\"minAvailable\":2},\"status\":{\"expectedPods\":7}}");
    CHECK_INT(at(&w, a.body, "metadata.generation")->i, 2);
    CHECK_INT(at(&w, a.body, "status.expectedPods")->i, 5);
    world_done(&w);
}
