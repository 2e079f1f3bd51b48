// SPDX-License-Identifier: Apache-2.0
/* A list that goes out in pieces says in every form what the whole of it would. */
#include <malloc.h>

#include "schema/json.h"
#include "schema/proto.h"
#include "schema/yaml_write.h"
#include "server_test.h"

#define CM       "/api/v1/namespaces/default/configmaps"
#define SCALERS  "/autoscaling/v2/namespaces/default/horizontalpodautoscalers"
#define PROTOBUF "application/vnd.kubernetes.protobuf"

static void make_maps(struct world *w, unsigned n, size_t size) {
    char *text = arena_alloc(w->arena, size);
    memset(text, 'x', size);
    for (unsigned i = 0; i < n; i++) {
        str body =
            str_printf(w->arena,
                       "{\"metadata\":{\"name\":\"c%02u\",\"annotations\":{\"a\":\"#{[\\\"\"}}"
                       ",\"data\":{\"k\":\"%u\\nitems: []\\n" STR_FMT "\",\"e\":\"\"}}",
                       i, i, STR_ARG(str_n(text, size)));
        CHECK_INT(call(w, "POST", CM, NULL, body.p).code, 201);
    }
}

static void make_scalers(struct world *w, unsigned n) {
    for (unsigned i = 0; i < n; i++) {
        str body = str_printf(
            w->arena,
            "{\"metadata\":{\"name\":\"h%u\"},\"spec\":{\"maxReplicas\":3,\"scaleTargetRef\":"
            "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"name\":\"d\"},\"metrics\":[{"
            "\"type\":\"Resource\",\"resource\":{\"name\":\"memory\",\"target\":{\"type\":"
            "\"Utilization\",\"averageUtilization\":50}}}]}}",
            i);
        CHECK_INT(call(w, "POST", "/apis" SCALERS, NULL, body.p).code, 201);
    }
}

static str ask(struct world *w, const char *target, const char *type, const char *as) {
    str accept = str_printf(w->arena, "%s%s", type, as);
    struct http_header h = {STR("Accept"), accept};
    struct answer a = call_with(w, "GET", str_of(target), &h, 1, STR_NONE);
    CHECK_INT(a.code, 200);
    CHECK(str_starts(a.content_type, str_of(type)));
    return a.body;
}

static str with_pretty(struct world *w, const char *target) {
    return str_printf(w->arena, "%s%spretty=true", target, strchr(target, '?') ? "&" : "?");
}

/* The bytes the list has in protobuf when it is made from its JSON as a whole. */
static str proto_of(struct world *w, const struct api_type *t, str json) {
    struct buf b;
    struct err e = {0};
    buf_init(&b, 0);
    void *obj = arena_zalloc(w->arena, t->size);
    REQUIRE(json_read(w->arena, t, json, obj, NULL, &e) == 0);
    proto_envelope_write(&b, t, obj);
    str whole = str_dup(w->arena, buf_str(&b));
    buf_done(&b);
    return whole;
}

static str indented(struct world *w, str json) {
    struct buf b;
    buf_init(&b, 0);
    json_indent(&b, json, 2);
    str whole = str_dup(w->arena, buf_str(&b));
    buf_done(&b);
    return whole;
}

static str yaml_of(struct world *w, str json) {
    struct buf b;
    struct value v;
    buf_init(&b, 0);
    REQUIRE(value_parse(w->arena, json, &v, NULL, NULL) == 0);
    yaml_write(&b, &v);
    str whole = str_dup(w->arena, buf_str(&b));
    buf_done(&b);
    return whole;
}

static void same(str got, str want, const char *target, const char *as, const char *form) {
    size_t i = 0;
    while (i < got.n && i < want.n && got.p[i] == want.p[i])
        i++;
    if (i < got.n || i < want.n)
        tap_fail(__FILE__, __LINE__, "%s%s in %s: %zu bytes for %zu, not the same from %zu on",
                 target, as, form, got.n, want.n, i);
}

static void check_forms(struct world *w, const char *target, const char *as,
                        const struct api_type *t) {
    str json = ask(w, target, "application/json", as);
    REQUIRE(json.n > 1 && json.p[json.n - 1] == '\n');
    json.n--;
    same(ask(w, target, "application/yaml", as), yaml_of(w, json), target, as, "YAML");
    same(ask(w, with_pretty(w, target).p, "application/json", as), indented(w, json), target, as,
         "indented JSON");
    if (t)
        same(ask(w, target, PROTOBUF, as), proto_of(w, t, json), target, as, "protobuf");
}

TEST(pieces_are_the_same_bytes_as_the_whole) {
    static const char table[] = ";as=Table;v=v1;g=meta.k8s.io",
                      partial[] = ";as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
    const struct {
        const char *target, *as;
        const struct api_type *type; /* NULL: not as protobuf */
    } cases[] = {
        {CM, "", &ConfigMapList_type},
        {CM "?limit=50", "", &ConfigMapList_type},
        {CM "?limit=1", "", &ConfigMapList_type},
        {CM "?labelSelector=none", "", &ConfigMapList_type},
        {CM, table, NULL},
        {CM "?includeObject=Object", table, NULL},
        {CM "?labelSelector=none", table, NULL},
        {CM, partial, &PartialObjectMetadataList_type},
        {CM "?labelSelector=none", partial, &PartialObjectMetadataList_type},
        {"/apis" SCALERS, "", RESOURCE_OF(autoscaling_v2_horizontalpodautoscalers)->list_type},
        {"/apis/autoscaling/v1/horizontalpodautoscalers", "",
         RESOURCE_OF(autoscaling_v1_horizontalpodautoscalers)->list_type},
        {"/apis/autoscaling/v1/horizontalpodautoscalers", partial, &PartialObjectMetadataList_type},
    };
    struct world w;
    world_init(&w);
    make_maps(&w, 60, 20000);
    make_scalers(&w, 300);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_forms(&w, cases[i].target, cases[i].as, cases[i].type);
    world_done(&w);
}

static size_t allocated(void) {
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

static bool takes_nothing(void *ctx, str data) {
    return false;
}

/* What a list holds that nobody reads, in the form's first pieces and the transport's buffers, does
 * not grow with the list. */
TEST(an_unread_list_holds_no_answer) {
    static const struct {
        const char *target, *accept;
    } cases[] = {
        {CM, "application/json"},
        {CM "?pretty=true", "application/json"},
        {CM, "application/yaml"},
        {CM, PROTOBUF},
    };
    enum { ONE = 100000, MAPS = 100 };
    struct world w;
    world_init(&w);
    make_maps(&w, MAPS, ONE);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_header h = {STR("Accept"), str_of(cases[i].accept)};
        CHECK(ask(&w, cases[i].target, cases[i].accept, "").n > (size_t)ONE * MAPS);
        size_t before = allocated();
        struct answer ignored = {.w = &w};
        struct http_call_options o = {.method = "GET",
                                      .target = str_of(cases[i].target),
                                      .headers = &h,
                                      .n_headers = 1,
                                      .on_data = takes_nothing,
                                      .on_done = on_answer,
                                      .ctx = &ignored};
        struct http_call *c = http_client_call(w.client, &o);
        pass(&w, NSEC_PER_SEC);
        CHECK_INT(w.server->n_requests, 1);
        size_t held = allocated() - before;
        if (held > (size_t)ONE * MAPS / 5 && held < SIZE_MAX / 2)
            tap_fail(__FILE__, __LINE__, "%s as %s holds %zu bytes", cases[i].target,
                     cases[i].accept, held);
        http_call_cancel(c);
        pass(&w, NSEC_PER_SEC);
        CHECK_INT(w.server->n_requests, 0);
    }
    world_done(&w);
}
