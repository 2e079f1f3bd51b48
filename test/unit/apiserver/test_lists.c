// SPDX-License-Identifier: Apache-2.0
/* Paging, revisions and selectors of lists; what watches send. */
#include "server_test.h"

#define CM "/api/v1/namespaces/default/configmaps"

static void make(struct world *w, const char *ns, const char *name, const char *label) {
    str path = str_printf(w->arena, "/api/v1/namespaces/%s/configmaps", ns);
    str body = str_printf(w->arena, "{\"metadata\":{\"name\":\"%s\",\"labels\":{\"l\":\"%s\"}}}",
                          name, label);
    CHECK_INT(call(w, "POST", path.p, NULL, body.p).code, 201);
}

/* "a,b,c" of a list answer. */
static str names(struct world *w, str json) {
    struct value *items = at(w, json, "items");
    str out = STR("");
    for (uint32_t i = 0; items && i < items->list.n; i++) {
        str name = value_str(value_get(value_getc(&items->list.v[i], "metadata"), STR("name")));
        out = i ? str_printf(w->arena, STR_FMT "," STR_FMT, STR_ARG(out), STR_ARG(name)) : name;
    }
    return out;
}

TEST(pages_are_of_one_revision) {
    struct world w;
    world_init(&w);
    const char *all[] = {"a", "b", "c", "d", "e"};
    for (size_t i = 0; i < 5; i++)
        make(&w, "default", all[i], "1");
    struct answer a = get(&w, CM "?limit=2", NULL);
    CHECK_STRC(names(&w, a.body), "a,b");
    CHECK_INT(at(&w, a.body, "metadata.remainingItemCount")->i, 3);
    str rv = text_at(&w, a.body, "metadata.resourceVersion");
    CHECK_INT(call(&w, "DELETE", CM "/c", NULL, NULL).code, 200);
    make(&w, "default", "cc", "1");
    str token = text_at(&w, a.body, "metadata.continue");
    a = get(&w, str_printf(w.arena, CM "?limit=2&continue=" STR_FMT, STR_ARG(token)).p, NULL);
    CHECK_STRC(names(&w, a.body), "c,d");
    CHECK_STR(text_at(&w, a.body, "metadata.resourceVersion"), rv);
    token = text_at(&w, a.body, "metadata.continue");
    a = get(&w, str_printf(w.arena, CM "?limit=2&continue=" STR_FMT, STR_ARG(token)).p, NULL);
    CHECK_STRC(names(&w, a.body), "e");
    CHECK(at(&w, a.body, "metadata.continue") == NULL);
    a = get(
        &w,
        str_printf(w.arena, CM "?resourceVersionMatch=Exact&resourceVersion=" STR_FMT, STR_ARG(rv))
            .p,
        NULL);
    CHECK_STRC(names(&w, a.body), "a,b,c,d,e");
    CHECK_STRC(names(&w, get(&w, CM, NULL).body), "a,b,cc,d,e");
    world_done(&w);
}

TEST(a_selector_pages_without_a_count) {
    struct world w;
    world_init(&w);
    make(&w, "default", "a", "1");
    make(&w, "default", "b", "2");
    make(&w, "default", "c", "1");
    make(&w, "default", "d", "1");
    struct answer a = get(&w, CM "?limit=2&labelSelector=l%3D1", NULL);
    CHECK_STRC(names(&w, a.body), "a,c");
    CHECK(at(&w, a.body, "metadata.remainingItemCount") == NULL);
    str token = text_at(&w, a.body, "metadata.continue");
    a = get(
        &w,
        str_printf(w.arena, CM "?limit=2&labelSelector=l%%3D1&continue=" STR_FMT, STR_ARG(token)).p,
        NULL);
    CHECK_STRC(names(&w, a.body), "d");
    world_done(&w);
}

TEST(a_token_that_is_none_is_told_where) {
    struct world w;
    world_init(&w);
    static const struct {
        const char *token;
        int at;
    } cases[] = {{"bogus", 4}, {"b!gus", 1}, {"abcd*", 4}, {"abcde%00fg", 5}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct answer a =
            get(&w, str_printf(w.arena, CM "?limit=1&continue=%s", cases[i].token).p, NULL);
        CHECK_INT(a.code, 400);
        CHECK_STR(text_at(&w, a.body, "message"),
                  str_printf(w.arena,
                             "invalid continue token: continue key is not valid: "
                             "illegal base64 data at input byte %d",
                             cases[i].at));
    }
    world_done(&w);
}

TEST(selectors) {
    struct world w;
    world_init(&w);
    make(&w, "default", "a", "1");
    make(&w, "default", "b", "2");
    make(&w, "kube-system", "a", "3");
    static const struct {
        const char *target, *names;
    } cases[] = {
        {CM "?labelSelector=l", "a,b"},
        {CM "?labelSelector=!l", ""},
        {CM "?labelSelector=l%20in%20(2,3)", "b"},
        {CM "?labelSelector=l!%3D2", "a"},
        {CM "?fieldSelector=metadata.name%3Db", "b"},
        {CM "?fieldSelector=metadata.name!%3Db", "a"},
        {"/api/v1/configmaps", "a,b,a"},
        {"/api/v1/configmaps?fieldSelector=metadata.namespace%3Dkube-system", "a"},
        {"/api/v1/configmaps?labelSelector=l%3E1", "b,a"},
        {"/api/v1/namespaces?fieldSelector=metadata.name%3Ddefault", "default"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        CHECK_STRC(names(&w, get(&w, cases[i].target, NULL).body), cases[i].names);
    world_done(&w);
}

/* A list too long for one piece is streamed, and is one document. */
TEST(long_lists_are_streamed) {
    struct world w;
    world_init(&w);
    char *text = arena_alloc(w.arena, 20000);
    memset(text, 'x', 20000);
    for (unsigned i = 0; i < 60; i++) {
        str body = str_printf(
            w.arena, "{\"metadata\":{\"name\":\"c%02u\"},\"data\":{\"k\":\"" STR_FMT "\"}}", i,
            STR_ARG(str_n(text, 20000)));
        CHECK_INT(call(&w, "POST", CM, NULL, body.p).code, 201);
    }
    struct answer a = get(&w, CM, NULL);
    CHECK_INT(a.code, 200);
    struct value *items = at(&w, a.body, "items");
    CHECK_INT(items ? items->list.n : 0, 60);
    CHECK(a.body.n > 60 * 20000);
    world_done(&w);
}

/* ---- watches: with timeoutSeconds=1 a watch is an answer like any other ---- */

TEST(a_watch_tells_what_happened_since) {
    struct world w;
    world_init(&w);
    make(&w, "default", "a", "1");
    struct answer l = get(&w, CM, NULL);
    str rv = text_at(&w, l.body, "metadata.resourceVersion");
    make(&w, "default", "b", "1");
    make(&w, "kube-system", "x", "1");
    CHECK_INT(call(&w, "PATCH", CM "/a", "application/merge-patch+json",
                   "{\"metadata\":{\"labels\":{\"l\":\"2\"}}}")
                  .code,
              200);
    CHECK_INT(call(&w, "DELETE", CM "/b", NULL, NULL).code, 200);
    static const struct {
        const char *query, *events;
    } cases[] = {
        {"", "ADDED:b MODIFIED:a DELETED:b"},
        {"&labelSelector=l%3D1", "ADDED:b DELETED:a DELETED:b"},
        {"&labelSelector=l%3D2", "ADDED:a"},
        {"&fieldSelector=metadata.name%3Da", "MODIFIED:a"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str target =
            str_printf(w.arena, CM "?watch=1&timeoutSeconds=1&resourceVersion=" STR_FMT "%s",
                       STR_ARG(rv), cases[i].query);
        CHECK_STRC(events(&w, get(&w, target.p, NULL).body), cases[i].events);
    }
    struct answer a = get(&w, CM "?watch=1&timeoutSeconds=1", NULL);
    CHECK_STRC(events(&w, a.body), "ADDED:a");
    world_done(&w);
}

TEST(initial_events_end_with_a_bookmark) {
    struct world w;
    world_init(&w);
    make(&w, "default", "a", "1");
    struct answer a = get(&w,
                          CM "?watch=1&timeoutSeconds=1&sendInitialEvents=true&"
                             "resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
                          NULL);
    CHECK_STRC(events(&w, a.body), "ADDED:a BOOKMARK:");
    CHECK(str_find(a.body, STR("\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}")) > 0);
    world_done(&w);
}

TEST(a_table_watch_names_its_columns_once) {
    struct world w;
    world_init(&w);
    make(&w, "default", "a", "1");
    make(&w, "default", "b", "1");
    struct answer a =
        get(&w, CM "?watch=1&timeoutSeconds=1", "application/json;as=Table;v=v1;g=meta.k8s.io");
    str first = str_cut(&a.body, '\n');
    CHECK(at(&w, first, "object.columnDefinitions")->tag == VALUE_LIST);
    CHECK(at(&w, a.body, "object.columnDefinitions")->tag == VALUE_NULL);
    CHECK(str_eqc(text_at(&w, a.body, "object.kind"), "Table"));
    world_done(&w);
}

TEST(protobuf_watch_frames) {
    struct world w;
    world_init(&w);
    make(&w, "default", "a", "1");
    struct answer a =
        get(&w, CM "?watch=1&timeoutSeconds=1", "application/vnd.kubernetes.protobuf;stream=watch");
    CHECK_STRC(a.content_type, "application/vnd.kubernetes.protobuf;stream=watch");
    const unsigned char *p = (const unsigned char *)a.body.p;
    REQUIRE(a.body.n > 16);
    size_t n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
    CHECK_INT(n + 4, a.body.n);
    CHECK(memcmp(p + 4, "\n\5ADDED", 7) == 0);
    world_done(&w);
}

/* A walk over more objects than one turn looks at. */
TEST(long_walks_take_turns) {
    struct world w;
    world_init(&w);
    for (unsigned i = 0; i < 9000; i++) {
        str body = str_printf(
            w.arena, "{\"metadata\":{\"name\":\"c%04u\",\"labels\":{\"l\":\"%u\"}}}", i, i % 1000);
        struct answer a = call(&w, "POST", CM, NULL, body.p);
        if (a.code != 201)
            tap_fail(__FILE__, __LINE__, "%d", a.code);
    }
    struct answer a = get(&w, CM "?labelSelector=l%3D7", NULL);
    CHECK_STRC(names(&w, a.body), "c0007,c1007,c2007,c3007,c4007,c5007,c6007,c7007,c8007");
    a = get(&w, CM "?limit=2&labelSelector=l%3D999", NULL);
    CHECK_STRC(names(&w, a.body), "c0999,c1999");
    world_done(&w);
}

static bool takes_nothing(void *ctx, str data) {
    return false;
}

static bool waits(void *ctx) {
    return false;
}

TEST(a_list_that_nobody_takes_is_cut_off) {
    struct world w;
    world_init(&w);
    char *text = arena_alloc(w.arena, 500000);
    memset(text, 'x', 500000);
    for (unsigned i = 0; i < 12; i++) {
        str body = str_printf(w.arena,
                              "{\"metadata\":{\"name\":\"c%u\"},\"data\":{\"k\":\"" STR_FMT "\"}}",
                              i, STR_ARG(str_n(text, 500000)));
        CHECK_INT(call(&w, "POST", CM, NULL, body.p).code, 201);
    }
    struct answer ignored = {.w = &w};
    struct http_call_options o = {.method = "GET",
                                  .target = STR(CM),
                                  .on_data = takes_nothing,
                                  .on_done = on_answer,
                                  .ctx = &ignored};
    struct http_call *c = http_client_call(w.client, &o);
    loop_run_until(w.l, waits, NULL, 30 * NSEC_PER_SEC);
    CHECK_INT(w.server->n_requests, 1);
    loop_run_until(w.l, waits, NULL, 60 * NSEC_PER_SEC);
    CHECK_INT(w.server->n_requests, 0);
    http_call_cancel(c);
    world_done(&w);
}
