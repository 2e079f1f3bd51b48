// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "metrics_text.h"
#include "recorded.h"
#include "server_test.h"

#define CMS "/api/v1/namespaces/default/configmaps"
#define CM(verb_, scope_, dry_)                                                                    \
    "{verb=\"" verb_ "\",dry_run=\"" dry_ "\",group=\"\",version=\"v1\",resource=\"configmaps\","  \
    "subresource=\"\",scope=\"" scope_ "\",component=\"apiserver\""
#define ROUTE(verb_, scope_)                                                                       \
    "{verb=\"" verb_ "\",group=\"\",version=\"v1\",resource=\"configmaps\",subresource=\"\","      \
    "scope=\"" scope_ "\",component=\"apiserver\""

#define OF_CMS  "{group=\"\",resource=\"configmaps\"}"
#define INDEXED "{group=\"\",resource=\"configmaps\",index=\"\"}"

static void world_with_metrics(struct world *w) {
    world_init_with(w, &(struct world_options){.with_metrics = true});
}

static str scrape(struct world *w) {
    struct answer a = get(w, "/metrics", NULL);
    CHECK_INT(a.code, 200);
    CHECK_STRC(a.content_type, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
    metrics_check(a.body);
    return a.body;
}

static void expect(str text, const char *sample, double want) {
    double got = metrics_value(text, str_of(sample));
    if (fabs(got - want) > 1e-9)
        tap_fail(__FILE__, __LINE__, "%s is %g, not %g", sample, got, want);
}

TEST(requests_are_counted_under_upstreams_labels) {
    struct world w;
    world_with_metrics(&w);
    const char *body = "{\"metadata\":{\"name\":\"a\"}}";
    CHECK_INT(call(&w, "POST", CMS, NULL, body).code, 201);
    CHECK_INT(call(&w, "POST", CMS, NULL, body).code, 409);
    CHECK_INT(call(&w, "POST", CMS "?dryRun=All", NULL, "{\"metadata\":{\"name\":\"b\"}}").code,
              201);
    CHECK_INT(get(&w, CMS "/a", NULL).code, 200);
    CHECK_INT(get(&w, CMS, NULL).code, 200);
    CHECK_INT(get(&w, "/api/v1/configmaps", NULL).code, 200);
    CHECK_INT(call(&w, "PATCH", CMS "/a?fieldManager=t", "application/apply-patch+yaml",
                   "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}}")
                  .code,
              200);
    CHECK_INT(get(&w, "/apis/nope/v1/things", NULL).code, 404);
    str t = scrape(&w);
    expect(t, "apiserver_request_total" CM("POST", "resource", "") ",code=\"201\"}", 1);
    expect(t, "apiserver_request_total" CM("POST", "resource", "") ",code=\"409\"}", 1);
    expect(t, "apiserver_request_total" CM("POST", "resource", "All") ",code=\"201\"}", 1);
    expect(t, "apiserver_request_total" CM("GET", "resource", "") ",code=\"200\"}", 1);
    expect(t, "apiserver_request_total" CM("LIST", "namespace", "") ",code=\"200\"}", 1);
    expect(t, "apiserver_request_total" CM("LIST", "cluster", "") ",code=\"200\"}", 1);
    expect(t, "apiserver_request_total" CM("APPLY", "resource", "") ",code=\"200\"}", 1);
    expect(t, "apiserver_request_duration_seconds_count" CM("POST", "resource", "") "}", 2);
    expect(t, "apiserver_request_sli_duration_seconds_count" ROUTE("POST", "resource") "}", 3);
    expect(t, "apiserver_response_sizes_count" ROUTE("LIST", "namespace") "}", 1);
    expect(t, "apiserver_response_sizes_count" ROUTE("POST", "resource") "}", -1);
    CHECK(str_find(t, STR("nope")) < 0);
    expect(t, "apiserver_resource_objects{group=\"\",resource=\"configmaps\"}", 1);
    expect(t, "apiserver_storage_objects{resource=\"deployments.apps\"}", 0);
    expect(t, "apiserver_current_inflight_requests{request_kind=\"readOnly\"}", 1);
    expect(t, "apiserver_current_inflight_requests{request_kind=\"mutating\"}", 0);
    expect(t, "authenticated_user_requests{username=\"other\"}", 9);
    expect(t, "authentication_attempts{result=\"success\"}", 9);
    expect(t, "authorization_attempts_total{result=\"denied\"}", 0);
    world_done(&w);
}

TEST(sizes_are_those_of_bodies) {
    struct world w;
    world_with_metrics(&w);
    struct answer a = get(&w, CMS, NULL);
    str t = scrape(&w);
    expect(t, "apiserver_response_sizes_sum" ROUTE("LIST", "namespace") "}", (double)a.body.n);
    world_done(&w);
}

TEST(admission_is_measured) {
    struct world w;
    world_with_metrics(&w);
    CHECK_INT(call(&w, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"a\"}}").code, 201);
    CHECK_INT(call(&w, "POST", "/api/v1/namespaces/none/configmaps", NULL,
                   "{\"metadata\":{\"name\":\"a\"}}")
                  .code,
              404);
    str t = scrape(&w);
    expect(t,
           "apiserver_admission_step_admission_duration_seconds_count{operation=\"CREATE\","
           "rejected=\"false\",type=\"admit\"}",
           1);
    expect(t,
           "apiserver_admission_step_admission_duration_seconds_count{operation=\"CREATE\","
           "rejected=\"true\",type=\"admit\"}",
           1);
    expect(t,
           "apiserver_admission_controller_admission_duration_seconds_count{"
           "name=\"NamespaceLifecycle\",operation=\"CREATE\",rejected=\"true\",type=\"admit\"}",
           1);
    world_done(&w);
}

TEST(watches_are_counted_while_they_run) {
    struct world w;
    world_with_metrics(&w);
    CHECK_INT(call(&w, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"a\"}}").code, 201);
    struct answer a;
    send_call(&w, &a, "GET", STR(CMS "?watch=true&timeoutSeconds=5"), NULL, 0, STR_NONE);
    CHECK_INT(call(&w, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"b\"}}").code, 201);
    str t = scrape(&w);
    expect(t, "apiserver_longrunning_requests" ROUTE("WATCH", "namespace") "}", 1);
    expect(t, "apiserver_current_inflight_requests{request_kind=\"readOnly\"}", 1);
    REQUIRE(loop_run_until(w.l, is_answered, &a, 10 * NSEC_PER_SEC));
    t = scrape(&w);
    expect(t, "apiserver_longrunning_requests" ROUTE("WATCH", "namespace") "}", 0);
    expect(t, "apiserver_request_total" CM("WATCH", "namespace", "") ",code=\"200\"}", 1);
    expect(t, "apiserver_watch_events_total{group=\"\",version=\"v1\",resource=\"configmaps\"}", 2);
    expect(t, "apiserver_init_events_total{group=\"\",resource=\"configmaps\"}", 1);
    expect(t, "apiserver_request_sli_duration_seconds_count" ROUTE("WATCH", "namespace") "}", -1);
    world_done(&w);
}

TEST(the_store_is_told_by_resource) {
    struct world w;
    world_with_metrics(&w);
    str before = scrape(&w);
    expect(before, "apiserver_resource_size_estimate_bytes" OF_CMS, 0);
    CHECK_INT(call(&w, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"a\"}}").code, 201);
    struct answer a = get(&w, CMS "/a", NULL);
    CHECK_INT(call(&w, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"b\"}}").code, 201);
    CHECK_INT(call(&w, "DELETE", CMS "/b", NULL, NULL).code, 200);
    str t = scrape(&w);
    expect(t, "apiserver_resource_objects" OF_CMS, 1);
    double bytes = metrics_value(t, STR("apiserver_resource_size_estimate_bytes" OF_CMS));
    CHECK(bytes > (double)a.body.n - 100 && bytes < (double)a.body.n + 1);
    expect(t, "apiserver_storage_events_received_total" OF_CMS, 3);
    expect(t, "apiserver_watch_cache_events_dispatched_total" OF_CMS, 3);
    expect(t, "apiserver_watch_cache_resource_version" OF_CMS, (double)store_revision(w.store));
    CHECK(metrics_value(t, STR("watch_cache_capacity" OF_CMS)) >= 3);
    CHECK(metrics_value(t, STR("apiserver_storage_size_bytes{storage_cluster_id=\"embedded\"}")) >
          metrics_value(before,
                        STR("apiserver_storage_size_bytes{storage_cluster_id=\"embedded\"}")));
    world_done(&w);
}

TEST(lists_and_bodies_are_counted) {
    struct world w;
    world_with_metrics(&w);
    const char *labelled = "{\"metadata\":{\"name\":\"a\",\"labels\":{\"x\":\"y\"}}}";
    CHECK_INT(call(&w, "POST", CMS, NULL, labelled).code, 201);
    CHECK_INT(call(&w, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"b\"}}").code, 201);
    CHECK_INT(get(&w, CMS "?labelSelector=x", NULL).code, 200);
    str t = scrape(&w);
    expect(t, "apiserver_cache_list_total" INDEXED, 1);
    expect(t, "apiserver_cache_list_fetched_objects_total" INDEXED, 2);
    expect(t, "apiserver_cache_list_returned_objects_total" OF_CMS, 1);
    expect(t, "apiserver_storage_list_evaluated_objects_total" OF_CMS, 2);
    expect(t,
           "apiserver_request_body_size_bytes_count{group=\"\",resource=\"configmaps\",verb="
           "\"create\"}",
           2);
    CHECK_INT(get(&w, CMS "?resourceVersion=1000000000", NULL).code, 504);
    expect(scrape(&w), "apiserver_watch_cache_read_wait_seconds_sum" OF_CMS, 3);
    world_done(&w);
}

TEST(deprecated_apis_are_told_of) {
    struct world w;
    world_with_metrics(&w);
    CHECK(str_find(scrape(&w), STR("apiserver_requested_deprecated_apis")) < 0);
    CHECK_INT(get(&w, "/api/v1/endpoints", NULL).code, 200);
    expect(scrape(&w),
           "apiserver_requested_deprecated_apis{group=\"\",version=\"v1\",resource="
           "\"endpoints\",subresource=\"\",removed_release=\"\"}",
           1);
    world_done(&w);
}

#define BLOCK(name_) "kube_apiserver_clusterip_allocator_" name_ "{cidr=\"10.96.0.0/24\""
#define SERVICE(name_, spec_)                                                                      \
    "{\"metadata\":{\"name\":\"" name_ "\"},\"spec\":{" spec_ "\"ports\":[{\"port\":80}]}}"

TEST(service_addresses_and_ports_are_counted) {
    struct world w;
    const char *services = "/api/v1/namespaces/default/services";
    world_init_with(&w,
                    &(struct world_options){.with_metrics = true, .service_cidrs = "10.96.0.0/24"});
    str before = scrape(&w);
    double had = metrics_value(before, STR(BLOCK("allocated_ips") "}"));
    CHECK_INT(had + metrics_value(before, STR(BLOCK("available_ips") "}")), 254);
    CHECK_INT(call(&w, "POST", services, NULL, SERVICE("a", "\"type\":\"NodePort\",")).code, 201);
    const char *fixed = SERVICE("b", "\"clusterIP\":\"10.96.0.99\",");
    CHECK_INT(call(&w, "POST", services, NULL, fixed).code, 201);
    CHECK_INT(call(&w, "POST", services, NULL, SERVICE("c", "\"clusterIP\":\"10.96.0.99\",")).code,
              422);
    str t = scrape(&w);
    expect(t, BLOCK("allocated_ips") "}", had + 2);
    expect(t, BLOCK("allocation_total") ",scope=\"dynamic\"}", 1);
    expect(t, BLOCK("allocation_total") ",scope=\"static\"}", 1);
    expect(t, BLOCK("allocation_errors_total") ",scope=\"static\"}", 1);
    expect(t, "kube_apiserver_nodeport_allocator_allocated_ports", 1);
    expect(t, "kube_apiserver_nodeport_allocator_available_ports", 2767);
    expect(t, "kube_apiserver_nodeport_allocator_allocation_total{scope=\"dynamic\"}", 1);
    world_done(&w);
}

TEST(gates_and_versions_are_told) {
    struct world w;
    world_with_metrics(&w);
    str t = scrape(&w);
    expect(t, "kubernetes_feature_enabled{name=\"APIResponseCompression\",stage=\"BETA\"}", 1);
    expect(t, "kubernetes_feature_enabled{name=\"APIServerTracing\",stage=\"\"}", 1);
    expect(t, "kubernetes_feature_enabled{name=\"AllAlpha\",stage=\"ALPHA\"}", 0);
    expect(t,
           "version_info{binary=\"1.36\",component=\"kube-apiserver\",emulation=\"1.36\","
           "min_compat=\"1.35\"}",
           1);
    unsigned stable = 0;
    for (str text = t; text.n;) {
        str line = str_cut(&text, '\n');
        stable += str_starts(line, STR("# HELP ")) && str_find(line, STR(" [STABLE] ")) > 0;
    }
    CHECK(stable >= 3);
    expect(t, "registered_metrics_total{deprecated_version=\"\",stability_level=\"STABLE\"}",
           stable);
    world_done(&w);
}

TEST(checks_are_told_as_slis) {
    struct world w;
    world_with_metrics(&w);
    CHECK_STRC(get(&w, "/livez", NULL).body, "ok");
    CHECK_STRC(get(&w, "/livez", NULL).body, "ok");
    struct answer a = get(&w, "/metrics/slis", NULL);
    metrics_check(a.body);
    expect(a.body, "kubernetes_healthcheck{name=\"ping\",type=\"livez\"}", 1);
    expect(a.body, "kubernetes_healthchecks_total{name=\"etcd\",status=\"success\",type=\"livez\"}",
           2);
    expect(scrape(&w),
           "apiserver_request_total{verb=\"GET\",dry_run=\"\",group=\"\",version=\"\","
           "resource=\"\",subresource=\"/livez\",scope=\"\",component=\"\",code=\"200\"}",
           2);
    world_done(&w);
}

TEST(a_server_without_metrics_has_none) {
    struct world w;
    world_init(&w);
    CHECK_INT(get(&w, CMS, NULL).code, 200);
    CHECK_STRC(get(&w, "/metrics", NULL).body, "");
    world_done(&w);
}

/* ---- against the table of upstream's metrics ---- */

#define COLUMNS 5 /* of test/data/metrics.tsv: name, type, stability, labels, buckets */

static bool fact_of(str facts, str name, str ret[COLUMNS]) {
    while (facts.n) {
        str line = str_cut(&facts, '\n');
        for (int i = 0; i < COLUMNS; i++)
            ret[i] = str_cut(&line, '\t');
        if (str_eq(ret[0], name))
            return true;
    }
    return false;
}

static bool is_label(str labels, str name) {
    while (labels.n)
        if (str_eq(str_cut(&labels, ','), name))
            return true;
    return false;
}

/* a="x",b="y": as many as the fact has, and each of them; le aside. */
static void compare_labels(str family, str labels, str fact) {
    unsigned n = 0, want = fact.n > 0;
    for (size_t i = 0; i < fact.n; i++)
        want += fact.p[i] == ',';
    while (labels.n) {
        str name = str_cut(&labels, '=');
        str_cut(&labels, '"');
        str_cut(&labels, '"'); /* no value of ours has quotes in it */
        if (labels.n)
            str_cut(&labels, ',');
        if (str_eqc(name, "le"))
            continue;
        n++;
        if (!is_label(fact, name))
            tap_fail(__FILE__, __LINE__, STR_FMT " has the label " STR_FMT, STR_ARG(family),
                     STR_ARG(name));
    }
    if (n != want)
        tap_fail(__FILE__, __LINE__, STR_FMT ": %u labels, not %u", STR_ARG(family), n, want);
}

static void compare_family(str facts, str help, str type, str sample) {
    str fact[COLUMNS], rest = str_slice(help, 7, help.n);
    str family = str_cut(&rest, ' ');
    if (str_starts(family, STR("coxswain_")) || str_starts(family, STR("process_")))
        return;
    if (!fact_of(facts, family, fact)) {
        tap_fail(__FILE__, __LINE__, "upstream has no " STR_FMT, STR_ARG(family));
        return;
    }
    char stability[32];
    snprintf(stability, sizeof(stability), "[" STR_FMT "] ", STR_ARG(fact[2]));
    CHECK(str_starts(rest, str_of(stability)));
    char kind[32];
    size_t n = MIN(fact[1].n, sizeof(kind) - 1);
    memcpy(kind, fact[1].p, n);
    kind[n] = 0;
    kind[0] |= 32;
    if (!str_eqc(fact[1], "Custom"))
        CHECK(str_ends(type, str_of(kind)));
    str name, labels;
    double v;
    metrics_split(sample, &name, &labels, &v);
    compare_labels(family, labels, fact[3]);
}

TEST(families_are_upstreams) {
    struct world w;
    world_with_metrics(&w);
    CHECK_INT(call(&w, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"a\"}}").code, 201);
    CHECK_INT(get(&w, CMS "?watch=true&timeoutSeconds=1", NULL).code, 200);
    CHECK_INT(get(&w, "/livez", NULL).code, 200);
    str facts = file_read(w.arena, "test/data/metrics.tsv");
    str texts[] = {scrape(&w), get(&w, "/metrics/slis", NULL).body};
    unsigned families = 0;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        while (texts[i].n) {
            str line = str_cut(&texts[i], '\n');
            if (!str_starts(line, STR("# HELP ")))
                continue;
            str type = str_cut(&texts[i], '\n'), sample = texts[i];
            compare_family(facts, line, type, str_cut(&sample, '\n'));
            families++;
        }
    CHECK(families > 20);
    world_done(&w);
}
