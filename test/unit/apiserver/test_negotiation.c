// SPDX-License-Identifier: Apache-2.0
/* Which methods, formats and paths are taken, and the headers of what is answered. */
#include "server_test.h"

#define NSS      "/api/v1/namespaces"
#define CMS      NSS "/default/configmaps"
#define PROTOBUF "application/vnd.kubernetes.protobuf"
#define AS(as_)  ";as=" as_ ";v=v1;g=meta.k8s.io"
#define ALL      "application/json, application/yaml, " PROTOBUF
#define STREAMS  "application/json;stream=watch, " PROTOBUF ";stream=watch"
#define WATCH    "?watch=1&timeoutSeconds=1"
#define METHOD   "the server does not allow this method on the requested resource"

struct ask {
    struct world *w;
    bool done;
    int code;
    struct http_headers headers;
    str body;
};

static void on_done(void *ctx, int r, int status, const struct http_headers *h, str body,
                    bool maybe_sent) {
    struct ask *a = ctx;
    a->code = status;
    for (uint32_t i = 0; h && i < h->n; i++)
        http_header_add(a->w->arena, &a->headers, str_dup(a->w->arena, h->v[i].name),
                        str_dup(a->w->arena, h->v[i].value));
    a->body = str_dup(a->w->arena, body);
    a->done = true;
}

static bool is_asked(void *ctx) {
    return ((struct ask *)ctx)->done;
}

static struct ask ask(struct world *w, const char *method, const char *target,
                      const struct http_header *h, size_t n, const char *body) {
    struct ask a = {.w = w};
    http_client_call(w->client, &(struct http_call_options){.method = method,
                                                            .target = str_of(target),
                                                            .headers = h,
                                                            .n_headers = n,
                                                            .body = str_of(body),
                                                            .on_done = on_done,
                                                            .ctx = &a});
    CHECK(loop_run_until(w->l, is_asked, &a, 60 * NSEC_PER_SEC));
    return a;
}

TEST(formats_and_methods) {
    static const struct {
        const char *method, *target, *header, *value, *body;
        int code;
        const char *type;    /* of the answer */
        const char *message; /* of its Status; NULL: there is none */
    } cases[] = {
        {"GET", NSS "/default", "Accept", "application/xml", NULL, 406, "application/json",
         "406: Not Acceptable\n\nAvailable representations: " ALL},
        {"GET", NSS, "Accept", "application/cbor", NULL, 406, "application/json",
         "406: Not Acceptable\n\nAvailable representations: " ALL ", " STREAMS},
        {"GET", NSS, "Accept", PROTOBUF AS("Table"), NULL, 406, "application/json",
         "only the following media types are accepted: " ALL},
        {"GET", NSS, "Accept", "application/json;q=0.1, application/xml;q=0.9, " PROTOBUF ";q=0.2",
         NULL, 200, PROTOBUF, NULL},
        {"GET", NSS, "Accept", PROTOBUF AS("Table") "," PROTOBUF ";q=0.5", NULL, 200, PROTOBUF,
         NULL},
        {"GET", NSS "/default", "Accept", "application/json;stream=watch", NULL, 200,
         "application/json", NULL},
        {"GET", NSS WATCH, "Accept", PROTOBUF AS("PartialObjectMetadata"), NULL, 200,
         PROTOBUF ";stream=watch", NULL},
        {"GET", NSS WATCH, "Accept", "application/yaml", NULL, 406, "application/yaml", NULL},
        {"GET", NSS WATCH, "Accept", "application/yaml, application/json;q=0.5", NULL, 406,
         "application/yaml", NULL},
        {"POST", NSS, "Content-Type", "text/plain", "{}", 415, "application/json",
         "the body of the request was in an unknown format - accepted media types include: " ALL},
        {"POST", CMS, "Content-Type", "application/json; charset=utf-8",
         "{\"metadata\":{\"name\":\"a\"}}", 201, "application/json", NULL},
        {"PATCH", CMS "/a", "Content-Type", "application/json", "{}", 415, "application/json",
         "415: Unsupported Media Type"},
        {"DELETE", CMS "/a", "Content-Type", "application/cbor", "{}", 415, "application/json",
         "the body of the request was in an unknown format - accepted media types include: " ALL},
        {"DELETE", CMS "/a", "Content-Type", "application/yaml", "preconditions:\n  uid: '1'\n",
         409, "application/json",
         "Operation cannot be fulfilled on ConfigMap \"a\": the UID in the precondition (1) "},
        {"POST", NSS "/default", "Accept", "*/*", NULL, 405, "application/json", METHOD},
        {"PUT", NSS, "Accept", "*/*", NULL, 405, "application/json", METHOD},
        {"HEAD", NSS "/default", "Accept", "*/*", NULL, 405, "application/json", NULL},
        {"OPTIONS", NSS "/default", "Accept", "*/*", NULL, 405, "application/json", METHOD},
        {"OPTIONS", "/api", "Accept", "*/*", NULL, 405, "application/json", METHOD},
        {"FOO", NSS "/default", "Accept", "*/*", NULL, 405, "application/json", METHOD},
        {"GET", "/apis/apps/v1/nope", "Accept", "*/*", NULL, 404, "application/json",
         "the server could not find the requested resource"},
        {"GET", "/nope", "Accept", "*/*", NULL, 404, "text/plain; charset=utf-8", NULL},
        {"GET", "/api/v2", "Accept", "*/*", NULL, 404, "text/plain; charset=utf-8", NULL},
    };
    struct world w;
    world_init(&w);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_header h = {str_of(cases[i].header), str_of(cases[i].value)};
        struct ask a = ask(&w, cases[i].method, cases[i].target, &h, 1, cases[i].body);
        CHECK_INT(a.code, cases[i].code);
        CHECK_STRC(http_header_get(&a.headers, "Content-Type"), cases[i].type);
        str message = text_at(&w, a.body, "message"), want = str_of(cases[i].message);
        if (cases[i].message && !str_starts(message, want))
            tap_fail(__FILE__, __LINE__, "%zu: " STR_FMT, i, STR_ARG(a.body));
    }
    world_done(&w);
}

TEST(an_answer_has_an_audit_id) {
    struct world w;
    world_init(&w);
    static const char *const targets[] = {NSS,           NSS "/none", NSS WATCH,
                                          "/nope",       "/version",  "/apis",
                                          "/openapi/v3", "/livez",    NSS "/default"};
    str last = STR_NONE;
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        struct ask a = ask(&w, "GET", targets[i], NULL, 0, NULL);
        str id = http_header_get(&a.headers, "Audit-Id");
        CHECK_INT(id.n, 36);
        CHECK(!str_eq(id, last));
        last = id;
    }
    struct http_header mine = {STR("audit-id"), STR("mine")};
    struct ask a = ask(&w, "GET", NSS, &mine, 1, NULL);
    CHECK_STRC(http_header_get(&a.headers, "Audit-Id"), "mine");
    CHECK_STRC(http_header_get(&a.headers, "Cache-Control"), "no-cache, private");
    a = ask(&w, "GET", "/nope", NULL, 0, NULL);
    CHECK_STRC(http_header_get(&a.headers, "X-Content-Type-Options"), "nosniff");
    world_done(&w);
}
