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
