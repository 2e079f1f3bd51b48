// SPDX-License-Identifier: Apache-2.0
#include "server_test.h"

#define CMS "/api/v1/namespaces/default/configmaps"

TEST(create_get_list_delete) {
    struct world w;
    world_init(&w);
    struct answer a = call(&w, "POST", CMS, NULL,
                           "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":"
                           "\"a\",\"labels\":{\"x\":\"1\"}},\"data\":{\"k\":\"v\"}}");
    CHECK_INT(a.code, 201);
    CHECK_STRC(text_at(&w, a.body, "metadata.namespace"), "default");
    CHECK(text_at(&w, a.body, "metadata.uid").n == 36);
    struct answer g = get(&w, CMS "/a", NULL);
    CHECK_INT(g.code, 200);
    CHECK_STR(g.body, a.body);
    struct answer l = get(&w, CMS, NULL);
    CHECK_INT(l.code, 200);
    CHECK_STRC(text_at(&w, l.body, "kind"), "ConfigMapList");
    CHECK_STRC(text_at(&w, l.body, "items.0.metadata.name"), "a");
    l = get(&w, CMS "?labelSelector=x%3D2", NULL);
    CHECK(at(&w, l.body, "items.0") == NULL);
    a = call(&w, "PATCH", CMS "/a", "application/merge-patch+json", "{\"data\":{\"k\":\"w\"}}");
    CHECK_INT(a.code, 200);
    CHECK_STRC(text_at(&w, a.body, "data.k"), "w");
    a = call(&w, "DELETE", CMS "/a", NULL, NULL);
    CHECK_INT(a.code, 200);
    CHECK_STRC(text_at(&w, a.body, "status"), "Success");
    CHECK_INT(get(&w, CMS "/a", NULL).code, 404);
    world_done(&w);
}

TEST(an_update_that_changes_nothing_keeps_the_revision) {
    struct world w;
    world_init(&w);
    struct answer a =
        call(&w, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"v\"}}");
    struct answer b =
        call(&w, "PUT", CMS "/a", NULL, "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"v\"}}");
    CHECK_INT(b.code, 200);
    CHECK_STR(text_at(&w, a.body, "metadata.resourceVersion"),
              text_at(&w, b.body, "metadata.resourceVersion"));
    b = call(&w, "PUT", CMS "/a", NULL, "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"w\"}}");
    CHECK(!str_eq(text_at(&w, a.body, "metadata.resourceVersion"),
                  text_at(&w, b.body, "metadata.resourceVersion")));
    world_done(&w);
}

static uint64_t committed(struct world *w) {
    struct store_stats st;
    store_stats(w->store, &st);
    return st.committed_writes;
}

static struct answer lease(struct world *w, const char *method, const char *ns, const char *holder,
                           const char *time) {
    str path = str_printf(w->arena, "/apis/coordination.k8s.io/v1/namespaces/%s/leases%s", ns,
                          strcmp(method, "POST") ? "/n" : "");
    str revision = STR("");
    if (strcmp(method, "POST"))
        revision =
            str_printf(w->arena, ",\"resourceVersion\":\"" STR_FMT "\"",
                       STR_ARG(text_at(w, get(w, path.p, NULL).body, "metadata.resourceVersion")));
    str body = str_printf(w->arena,
                          "{\"metadata\":{\"name\":\"n\"" STR_FMT
                          "},\"spec\":{\"holderIdentity\":\"%s\",\"leaseDurationSeconds\":40,"
                          "\"renewTime\":\"%s\"}}",
                          STR_ARG(revision), holder, time);
    return call(w, method, path.p, NULL, body.p);
}

TEST(heartbeats_are_not_written_to_disk) {
    struct world w;
    world_init(&w);
    static const struct {
        const char *ns, *holder, *time;
        bool written;
    } cases[] = {
        {"kube-node-lease", "n", "2026-01-01T00:00:10.000000Z", false},
        {"kube-node-lease", "other", "2026-01-01T00:00:20.000000Z", true},
        {"kube-system", "n", "2026-01-01T00:00:10.000000Z", true},
    };
    CHECK_INT(lease(&w, "POST", "kube-node-lease", "n", "2026-01-01T00:00:00.000000Z").code, 201);
    CHECK_INT(lease(&w, "POST", "kube-system", "n", "2026-01-01T00:00:00.000000Z").code, 201);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t before = committed(&w), revision = store_revision(w.store);
        struct answer a = lease(&w, "PUT", cases[i].ns, cases[i].holder, cases[i].time);
        CHECK_INT(a.code, 200);
        CHECK_STRC(text_at(&w, a.body, "spec.renewTime"), cases[i].time);
        CHECK_INT(store_revision(w.store), revision + 1);
        CHECK_INT(committed(&w) - before, cases[i].written);
    }
    world_done(&w);
}

TEST(dry_run_changes_nothing) {
    struct world w;
    world_init(&w);
    CHECK_INT(call(&w, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"a\"}}").code, 201);
    uint64_t revision = store_revision(w.store);
    CHECK_INT(call(&w, "POST", CMS "?dryRun=All", NULL, "{\"metadata\":{\"name\":\"b\"}}").code,
              201);
    CHECK_INT(call(&w, "POST", CMS "?dryRun=All", NULL, "{\"metadata\":{\"name\":\"a\"}}").code,
              409);
    struct answer a = call(&w, "PATCH", CMS "/a?dryRun=All", "application/merge-patch+json",
                           "{\"data\":{\"k\":\"v\"}}");
    CHECK_INT(a.code, 200);
    CHECK_STRC(text_at(&w, a.body, "data.k"), "v");
    CHECK_INT(call(&w, "DELETE", CMS "/a?dryRun=All", NULL, NULL).code, 200);
    CHECK_INT(store_revision(w.store), revision);
    world_done(&w);
}

TEST(fields_nobody_knows) {
    struct world w;
    world_init(&w);
    const char *body = "{\"metadata\":{\"name\":\"a\"},\"nope\":1}";
    CHECK_INT(call(&w, "POST", CMS "?fieldValidation=Strict", NULL, body).code, 400);
    struct answer a = call(&w, "POST", CMS "?dryRun=All", NULL, body);
    CHECK_INT(a.code, 201);
    CHECK_STRC(a.warning, "299 - \"unknown field \\\"nope\\\"\"");
    a = call(&w, "POST", CMS "?dryRun=All&fieldValidation=Ignore", NULL, body);
    CHECK_INT(a.code, 201);
    CHECK_INT(a.warning.n, 0);
    world_done(&w);
}

TEST(health_names_its_checks) {
    struct world w;
    world_init(&w);
    CHECK_STRC(get(&w, "/livez", NULL).body, "ok");
    struct answer a = get(&w, "/readyz?verbose", NULL);
    CHECK(str_starts(a.body, STR("[+]ping ok\n")));
    CHECK(str_ends(a.body, STR("readyz check passed\n")));
    CHECK_INT(get(&w, "/readyz/ping", NULL).code, 200);
    CHECK_INT(get(&w, "/readyz/nope", NULL).code, 404);
    a = get(&w, "/readyz?verbose&exclude=ping", NULL);
    CHECK(str_starts(a.body, STR("[+]ping excluded: ok\n")));
    world_done(&w);
}

TEST(scale_is_a_view_of_its_object) {
    struct world w;
    world_init(&w);
    const char *deployments = "/apis/apps/v1/namespaces/default/deployments";
    const char *scale = "/apis/apps/v1/namespaces/default/deployments/d/scale";
    CHECK_INT(call(&w, "POST", deployments, NULL,
                   "{\"metadata\":{\"name\":\"d\"},\"spec\":{\"replicas\":2,\"selector\":{"
                   "\"matchLabels\":{\"a\":\"b\"}},\"template\":{\"metadata\":{\"labels\":{\"a\":"
                   "\"b\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}}")
                  .code,
              201);
    struct answer a = get(&w, scale, NULL);
    CHECK_INT(a.code, 200);
    CHECK_STRC(text_at(&w, a.body, "kind"), "Scale");
    CHECK_INT(at(&w, a.body, "spec.replicas")->i, 2);
    CHECK_STRC(text_at(&w, a.body, "status.selector"), "a=b");
    a = get(&w, scale, "application/json;as=Table;v=v1;g=meta.k8s.io");
    CHECK_STRC(text_at(&w, a.body, "kind"), "Table");
    CHECK(str_find(a.body, STR("{\"name\":\"Desired\",\"type\":\"integer\",")) > 0);
    CHECK(str_find(a.body, STR("\"cells\":[\"d\",2,0,")) > 0);
    a = get(&w, scale, "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io");
    CHECK_STRC(text_at(&w, a.body, "kind"), "PartialObjectMetadata");
    CHECK_STRC(text_at(&w, a.body, "metadata.name"), "d");
    a = call(&w, "PATCH", scale, "application/merge-patch+json", "{\"spec\":{\"replicas\":5}}");
    CHECK_INT(a.code, 200);
    CHECK_STRC(text_at(&w, a.body, "kind"), "Scale");
    a = get(&w, "/apis/apps/v1/namespaces/default/deployments/d", NULL);
    CHECK_INT(at(&w, a.body, "spec.replicas")->i, 5);
    CHECK_INT(at(&w, a.body, "metadata.generation")->i, 2);
    a = call(&w, "PATCH", "/apis/apps/v1/namespaces/default/deployments/d/status",
             "application/merge-patch+json",
             "{\"spec\":{\"replicas\":9},\"status\":{\"replicas\":5}}");
    CHECK_INT(a.code, 200);
    CHECK_INT(at(&w, a.body, "spec.replicas")->i, 5);
    CHECK_INT(at(&w, a.body, "status.replicas")->i, 5);
    CHECK_INT(at(&w, a.body, "metadata.generation")->i, 2);
    world_done(&w);
}

TEST(a_strategic_patch_of_wrong_types_is_told_by_the_converter) {
    struct world w;
    world_init(&w);
    const char *d = "/apis/apps/v1/namespaces/default/deployments/d";
    CHECK_INT(call(&w, "POST", "/apis/apps/v1/namespaces/default/deployments", NULL,
                   "{\"metadata\":{\"name\":\"d\"},\"spec\":{\"selector\":{"
                   "\"matchLabels\":{\"a\":\"b\"}},\"template\":{\"metadata\":{\"labels\":{\"a\":"
                   "\"b\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}}")
                  .code,
              201);
    static const struct {
        const char *patch, *shown, *why;
    } cases[] = {
        {"{\"spec\":{\"replicas\":\"x\"}}", "map[spec:map[replicas:x]]",
         "unrecognized type: int32"},
        {"{\"spec\":{\"paused\":1}}", "map[spec:map[paused:1]]", "unrecognized type: bool"},
        {"{\"metadata\":{\"annotations\":{\"a\":5}}}", "map[metadata:map[annotations:map[a:5]]]",
         "cannot convert int64 to string"},
        {"{\"metadata\":{\"annotations\":{\"a\":true}}}",
         "map[metadata:map[annotations:map[a:true]]]", "unrecognized type: string"},
        {"{\"metadata\":{\"finalizers\":{\"a\":1}}}", "map[metadata:map[finalizers:map[a:1]]]",
         "cannot restore slice from map"},
        {"{\"metadata\":{\"annotations\":[]}}", "map[metadata:map[annotations:[]]]",
         "cannot restore map from slice"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct answer a =
            call(&w, "PATCH", d, "application/strategic-merge-patch+json", cases[i].patch);
        CHECK_INT(a.code, 422);
        CHECK_STR(text_at(&w, a.body, "message"),
                  str_printf(w.arena, " \"\" is invalid: patch: Invalid value: \"%s\": %s",
                             cases[i].shown, cases[i].why));
    }
    world_done(&w);
}

TEST(options_that_are_refused) {
    struct world w;
    world_init(&w);
    struct answer a =
        get(&w, CMS "?includeObject=All", "application/json;as=Table;v=v1;g=meta.k8s.io");
    CHECK_INT(a.code, 400);
    CHECK_STRC(text_at(&w, a.body, "message"),
               "Unable to convert to Table as requested: includeObject: Invalid value: \"All\": "
               "must be 'Metadata', 'Object', 'None', or empty");
    a = call(&w, "POST", CMS "?fieldManager=%01", NULL, "{\"metadata\":{\"name\":\"a\"}}");
    CHECK_INT(a.code, 422);
    CHECK_STRC(text_at(&w, a.body, "message"),
               "CreateOptions.meta.k8s.io \"\" is invalid: fieldManager: Invalid value: "
               "\"\\x01\": should only contain printable characters");
    world_done(&w);
}

/* Most kinds may be overwritten blindly; budgets may not. */
TEST(updates_that_need_a_revision) {
    struct world w;
    world_init(&w);
    const char *list = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
    const char *body = "{\"metadata\":{\"name\":\"b\"},\"spec\":{\"minAvailable\":1}}";
    CHECK_INT(call(&w, "POST", list, NULL, body).code, 201);
    struct answer a = call(&w, "PUT", str_printf(w.arena, "%s/b", list).p, NULL, body);
    CHECK_INT(a.code, 422);
    CHECK_STRC(text_at(&w, a.body, "message"),
               "poddisruptionbudgets.policy \"b\" is invalid: metadata.resourceVersion: Invalid "
               "value: 0: must be specified for an update");
    world_done(&w);
}
