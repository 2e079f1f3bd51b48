// SPDX-License-Identifier: Apache-2.0
/* When objects go, and what keeps them. */
#include "server_test.h"

#define CM   "/api/v1/namespaces/default/configmaps"
#define PODS "/api/v1/namespaces/default/pods"

static void service_account(struct world *w) {
    CHECK_INT(call(w, "POST", "/api/v1/namespaces/default/serviceaccounts", NULL,
                   "{\"metadata\":{\"name\":\"default\"}}")
                  .code,
              201);
}

static void pod(struct world *w, const char *name, bool bound) {
    str body = str_printf(w->arena,
                          "{\"metadata\":{\"name\":\"%s\"},\"spec\":{"
                          "\"terminationGracePeriodSeconds\":20,\"containers\":[{\"name\":\"a\","
                          "\"image\":\"i\"}]}}",
                          name);
    CHECK_INT(call(w, "POST", PODS, NULL, body.p).code, 201);
    body = str_printf(
        w->arena, "{\"metadata\":{\"name\":\"%s\"},\"target\":{\"kind\":\"Node\",\"name\":\"n\"}}",
        name);
    str path = str_printf(w->arena, PODS "/%s/binding", name);
    if (bound)
        CHECK_INT(call(w, "POST", path.p, NULL, body.p).code, 201);
}

TEST(a_running_pod_goes_when_its_kubelet_says_so) {
    struct world w;
    world_init(&w);
    service_account(&w);
    pod(&w, "p", true);
    struct answer a = call(&w, "DELETE", PODS "/p", NULL, NULL);
    CHECK_INT(a.code, 200);
    CHECK_INT(at(&w, a.body, "metadata.deletionGracePeriodSeconds")->i, 20);
    a = get(&w, PODS "/p", NULL);
    CHECK_INT(a.code, 200);
    CHECK(text_at(&w, a.body, "metadata.deletionTimestamp").n > 0);
    /* A longer time changes nothing, a shorter one does. */
    a = call(&w, "DELETE", PODS "/p?gracePeriodSeconds=60", NULL, NULL);
    CHECK_INT(at(&w, a.body, "metadata.deletionGracePeriodSeconds")->i, 20);
    a = call(&w, "DELETE", PODS "/p?gracePeriodSeconds=5", NULL, NULL);
    CHECK_INT(at(&w, a.body, "metadata.deletionGracePeriodSeconds")->i, 5);
    a = call(&w, "DELETE", PODS "/p?gracePeriodSeconds=0", NULL, NULL);
    CHECK_INT(a.code, 200);
    CHECK_INT(get(&w, PODS "/p", NULL).code, 404);
    world_done(&w);
}

TEST(a_pod_without_node_goes_at_once) {
    struct world w;
    world_init(&w);
    service_account(&w);
    pod(&w, "p", false);
    CHECK_INT(call(&w, "DELETE", PODS "/p", NULL, NULL).code, 200);
    CHECK_INT(get(&w, PODS "/p", NULL).code, 404);
    world_done(&w);
}

TEST(what_is_for_corrupt_objects_is_refused) {
    static const char *const option = "ignoreStoreReadErrorWithClusterBreakingPotential";
    struct world w;
    world_init(&w);
    CHECK_INT(call(&w, "POST", CM, NULL, "{\"metadata\":{\"name\":\"c\"}}").code, 201);
    str body = str_printf(w.arena, "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\",\"%s\":true}",
                          option);
    str query = str_printf(w.arena, CM "/c?%s=true", option);
    str all = str_printf(w.arena, CM "?%s=true", option);
    const struct answer answers[] = {call(&w, "DELETE", CM "/c", NULL, body.p),
                                     call(&w, "DELETE", query.p, NULL, NULL),
                                     call(&w, "DELETE", all.p, NULL, NULL)};
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        CHECK_INT(answers[i].code, 422);
        CHECK_STRC(text_at(&w, answers[i].body, "details.causes.0.field"), option);
        CHECK_STRC(
            text_at(&w, answers[i].body, "details.causes.0.message"),
            "Invalid value: true: is exclusively used to delete corrupt object(s), try again "
            "by removing this option");
    }
    query = str_printf(w.arena, CM "/c?%s=false", option);
    CHECK_INT(call(&w, "DELETE", query.p, NULL, NULL).code, 200);
    world_done(&w);
}

TEST(finalizers_keep_an_object_until_the_last_is_gone) {
    struct world w;
    world_init(&w);
    CHECK_INT(call(&w, "POST", CM, NULL,
                   "{\"metadata\":{\"name\":\"a\",\"finalizers\":[\"x.io/a\",\"x.io/b\"]}}")
                  .code,
              201);
    CHECK_INT(call(&w, "DELETE", CM "/a", NULL, NULL).code, 200);
    struct answer a = get(&w, CM "/a", NULL);
    CHECK(text_at(&w, a.body, "metadata.deletionTimestamp").n > 0);
    CHECK_INT(call(&w, "PATCH", CM "/a", "application/merge-patch+json",
                   "{\"metadata\":{\"finalizers\":[\"x.io/b\"]}}")
                  .code,
              200);
    CHECK_INT(get(&w, CM "/a", NULL).code, 200);
    CHECK_INT(call(&w, "PATCH", CM "/a", "application/merge-patch+json",
                   "{\"metadata\":{\"finalizers\":null}}")
                  .code,
              200);
    CHECK_INT(get(&w, CM "/a", NULL).code, 404);
    world_done(&w);
}

TEST(propagation_is_left_to_the_collector_by_finalizers) {
    static const struct {
        const char *query, *finalizer;
    } cases[] = {
        {"?propagationPolicy=Foreground", "foregroundDeletion"},
        {"?propagationPolicy=Orphan", "orphan"},
        {"?orphanDependents=true", "orphan"},
        {"?propagationPolicy=Background", NULL},
        {"", NULL},
    };
    struct world w;
    world_init(&w);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str name = str_printf(w.arena, "c%zu", i);
        str body = str_printf(w.arena, "{\"metadata\":{\"name\":\"" STR_FMT "\"}}", STR_ARG(name));
        CHECK_INT(call(&w, "POST", CM, NULL, body.p).code, 201);
        str item = str_printf(w.arena, CM "/" STR_FMT, STR_ARG(name));
        str target = str_printf(w.arena, STR_FMT "%s", STR_ARG(item), cases[i].query);
        CHECK_INT(call(&w, "DELETE", target.p, NULL, NULL).code, 200);
        struct answer a = get(&w, item.p, NULL);
        CHECK_INT(a.code, cases[i].finalizer ? 200 : 404);
        if (cases[i].finalizer)
            CHECK_STRC(text_at(&w, a.body, "metadata.finalizers.0"), cases[i].finalizer);
    }
    world_done(&w);
}

TEST(a_namespace_goes_when_it_is_finalized) {
    struct world w;
    world_init(&w);
    CHECK_INT(call(&w, "POST", "/api/v1/namespaces", NULL,
                   "{\"metadata\":{\"name\":\"n\"},\"spec\":{\"finalizers\":[\"kubernetes\"]}}")
                  .code,
              201);
    struct answer a = call(&w, "DELETE", "/api/v1/namespaces/n", NULL, NULL);
    CHECK_INT(a.code, 200);
    CHECK_STRC(text_at(&w, a.body, "status.phase"), "Terminating");
    a = get(&w, "/api/v1/namespaces/n", NULL);
    CHECK_INT(a.code, 200);
    CHECK_INT(
        call(&w, "POST", "/api/v1/namespaces/n/configmaps", NULL, "{\"metadata\":{\"name\":\"a\"}}")
            .code,
        403);
    a = call(&w, "PUT", "/api/v1/namespaces/n/finalize", NULL,
             "{\"metadata\":{\"name\":\"n\"},\"spec\":{\"finalizers\":[]}}");
    CHECK_INT(a.code, 200);
    CHECK_INT(get(&w, "/api/v1/namespaces/n", NULL).code, 404);
    world_done(&w);
}

static void check_there(struct world *w, const char *path, bool there) {
    CHECK_INT(get(w, path, NULL).code, there ? 200 : 404);
}

/* Both lists of finalizers hold a namespace, whichever goes first and however often it is deleted.
 */
TEST(a_namespace_waits_for_both_lists) {
    static const char drop_metadata[] = "{\"metadata\":{\"finalizers\":null}}";
    /* The body's metadata is taken too, as upstream does. */
    static const char *const finalize[] = {
        "{\"metadata\":{\"name\":\"n\",\"finalizers\":[\"x.io/a\"]},\"spec\":{\"finalizers\":[]}}",
        "{\"metadata\":{\"name\":\"n\"},\"spec\":{\"finalizers\":[]}}"};
    for (int metadata_first = 0; metadata_first < 2; metadata_first++) {
        struct world w;
        world_init(&w);
        CHECK_INT(call(&w, "POST", "/api/v1/namespaces", NULL,
                       "{\"metadata\":{\"name\":\"n\",\"finalizers\":[\"x.io/a\"]}}")
                      .code,
                  201);
        CHECK_INT(call(&w, "DELETE", "/api/v1/namespaces/n", NULL, NULL).code, 200);
        for (int step = 0; step < 2; step++) {
            struct answer a =
                step == metadata_first
                    ? call(&w, "PUT", "/api/v1/namespaces/n/finalize", NULL, finalize[step])
                    : call(&w, "PATCH", "/api/v1/namespaces/n", "application/merge-patch+json",
                           drop_metadata);
            CHECK_INT(a.code, 200);
            check_there(&w, "/api/v1/namespaces/n", step == 0);
            if (step == 0)
                call(&w, "DELETE", "/api/v1/namespaces/n", NULL, NULL);
            check_there(&w, "/api/v1/namespaces/n", step == 0);
        }
        world_done(&w);
    }
}

TEST(a_collection_goes_by_selector) {
    struct world w;
    world_init(&w);
    for (unsigned i = 0; i < 20; i++) {
        str body = str_printf(
            w.arena, "{\"metadata\":{\"name\":\"c%02u\",\"labels\":{\"half\":\"%u\"}}}", i, i % 2);
        CHECK_INT(call(&w, "POST", CM, NULL, body.p).code, 201);
    }
    struct answer a = call(&w, "DELETE", CM "?labelSelector=half%3D1", NULL, NULL);
    CHECK_INT(a.code, 200);
    CHECK_INT(at(&w, a.body, "items")->list.n, 10);
    CHECK_INT(at(&w, get(&w, CM, NULL).body, "items")->list.n, 10);
    a = call(&w, "DELETE", CM "?dryRun=All", NULL, NULL);
    CHECK_INT(a.code, 200);
    CHECK_INT(at(&w, get(&w, CM, NULL).body, "items")->list.n, 10);
    CHECK_INT(call(&w, "DELETE", CM, NULL, NULL).code, 200);
    CHECK_INT(at(&w, get(&w, CM, NULL).body, "items")->list.n, 0);
    world_done(&w);
}

TEST(a_pod_gets_its_account_tolerations_and_priority) {
    struct world w;
    world_init(&w);
    service_account(&w);
    pod(&w, "p", true);
    str p = get(&w, PODS "/p", NULL).body;
    CHECK_STRC(text_at(&w, p, "spec.serviceAccountName"), "default");
    CHECK_STRC(text_at(&w, p, "spec.nodeName"), "n");
    CHECK_STRC(text_at(&w, p, "spec.containers.0.volumeMounts.0.mountPath"),
               "/var/run/secrets/kubernetes.io/serviceaccount");
    CHECK(str_starts(text_at(&w, p, "spec.volumes.0.name"), STR("kube-api-access-")));
    CHECK_INT(at(&w, p, "spec.tolerations")->list.n, 2);
    CHECK_INT(at(&w, p, "spec.priority")->i, 0);
    struct answer a = call(&w, "POST", PODS "/p/binding", NULL,
                           "{\"metadata\":{\"name\":\"p\"},\"target\":{\"kind\":\"Node\",\"name\":"
                           "\"m\"}}");
    CHECK_INT(a.code, 409);
    world_done(&w);
}

/* The account of a fresh namespace comes a moment later than its first pod. */
static bool later(void *ctx) {
    return false;
}

TEST(a_pod_waits_for_the_default_account) {
    struct world w;
    world_init(&w);
    struct answer a;
    struct http_header h[] = {{STR("Content-Type"), STR("application/json")}};
    send_call(&w, &a, "POST", STR(PODS), h, 1,
              STR("{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"a\","
                  "\"image\":\"i\"}]}}"));
    loop_run_until(w.l, later, NULL, NSEC_PER_SEC / 2);
    CHECK(!a.done);
    service_account(&w);
    CHECK(loop_run_until(w.l, is_answered, &a, 2 * NSEC_PER_SEC));
    CHECK_INT(a.code, 201);
    world_done(&w);
}

TEST(generated_names_are_drawn_again) {
    struct world w;
    world_init(&w);
    for (unsigned i = 0; i < 30; i++) {
        struct answer a = call(&w, "POST", CM, NULL, "{\"metadata\":{\"generateName\":\"gen-\"}}");
        CHECK_INT(a.code, 201);
        CHECK_INT(text_at(&w, a.body, "metadata.name").n, 9);
    }
    CHECK_INT(at(&w, get(&w, CM, NULL).body, "items")->list.n, 30);
    world_done(&w);
}

TEST(events_go_after_an_hour) {
    struct world w;
    world_init(&w);
    const char *events = "/api/v1/namespaces/default/events";
    CHECK_INT(
        call(&w, "POST", events, NULL,
             "{\"metadata\":{\"name\":\"e\"},\"involvedObject\":{\"kind\":\"Pod\","
             "\"namespace\":\"default\",\"name\":\"p\"},\"reason\":\"R\",\"type\":\"Normal\"}")
            .code,
        201);
    loop_run_until(w.l, later, NULL, 3000 * NSEC_PER_SEC);
    CHECK_INT(at(&w, get(&w, events, NULL).body, "items")->list.n, 1);
    loop_run_until(w.l, later, NULL, 1000 * NSEC_PER_SEC);
    CHECK_INT(at(&w, get(&w, events, NULL).body, "items")->list.n, 0);
    world_done(&w);
}
