// SPDX-License-Identifier: Apache-2.0
#include "apiserver/route.h"

#include "apiserver/encoding/negotiate.h"
#include "tap.h"

TEST(paths) {
    static const struct {
        const char *method, *path, *query;
        const char *verb, *group, *ns, *resource, *name, *sub;
        enum route_result result;
    } cases[] = {
        {"GET", "/api/v1/pods", "", "list", "", "", "pods", "", "", ROUTE_OK},
        {"GET", "/api/v1/pods", "watch=1", "watch", "", "", "pods", "", "", ROUTE_OK},
        {"GET", "/api/v1/pods", "watch=false", "list", "", "", "pods", "", "", ROUTE_OK},
        {"GET", "/api/v1/watch/pods", "", "watch", "", "", "pods", "", "", ROUTE_OK},
        {"GET", "/api/v1/namespaces", "", "list", "", "", "namespaces", "", "", ROUTE_OK},
        {"GET", "/api/v1/namespaces/n", "", "get", "", "n", "namespaces", "n", "", ROUTE_OK},
        {"PUT", "/api/v1/namespaces/n/finalize", "", "update", "", "n", "namespaces", "n",
         "finalize", ROUTE_OK},
        {"GET", "/api/v1/namespaces/n/pods/", "", "list", "", "n", "pods", "", "", ROUTE_OK},
        {"GET", "/api/v1/namespaces/n/pods/p", "", "get", "", "n", "pods", "p", "", ROUTE_OK},
        {"GET", "/api/v1/namespaces/n/pods/p/log", "", "get", "", "n", "pods", "p", "log",
         ROUTE_OK},
        {"POST", "/api/v1/namespaces/n/pods/p/binding", "", "create", "", "n", "pods", "p",
         "binding", ROUTE_OK},
        {"DELETE", "/api/v1/namespaces/n/pods", "", "deletecollection", "", "n", "pods", "", "",
         ROUTE_OK},
        {"DELETE", "/api/v1/namespaces/n/pods/p", "", "delete", "", "n", "pods", "p", "", ROUTE_OK},
        {"PATCH", "/apis/apps/v1/namespaces/n/deployments/d/scale", "", "patch", "apps", "n",
         "deployments", "d", "scale", ROUTE_OK},
        {"GET", "/api/v1/pods", "fieldSelector=metadata.name%3Dx", "list", "", "", "pods", "x", "",
         ROUTE_OK},
        {"GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:x%2Fy", "", "get",
         "rbac.authorization.k8s.io", "", "clusterroles", "system:x/y", "", ROUTE_OK},
        /* what is not there */
        {"GET", "/apis/nope/v1/foos", "", "list", "nope", "", "foos", "", "", ROUTE_NO_GROUP},
        {"GET", "/apis/apps/v7/deployments", "", "list", "apps", "", "deployments", "", "",
         ROUTE_NOT_FOUND},
        {"GET", "/api/v1/namespaces/n/nodes", "", "list", "", "n", "nodes", "", "",
         ROUTE_NOT_FOUND},
        {"GET", "/api/v1/pods/p", "", "get", "", "", "pods", "p", "", ROUTE_NOT_FOUND},
        {"GET", "/api/v1/namespaces/n/pods/p/nope", "", "get", "", "n", "pods", "p", "nope",
         ROUTE_NOT_FOUND},
        /* what is not done */
        {"POST", "/api/v1/pods", "", "create", "", "", "pods", "", "", ROUTE_METHOD},
        {"PUT", "/api/v1/namespaces/n/pods", "", "update", "", "n", "pods", "", "", ROUTE_METHOD},
        {"POST", "/api/v1/namespaces/n/pods/p", "", "create", "", "n", "pods", "p", "",
         ROUTE_METHOD},
        {"DELETE", "/api/v1/namespaces/n/pods/p/status", "", "delete", "", "n", "pods", "p",
         "status", ROUTE_METHOD},
        {"FOO", "/api/v1/namespaces/n/pods", "", "", "", "n", "pods", "", "", ROUTE_METHOD},
        {"GET", "/apis/authentication.k8s.io/v1/tokenreviews", "", "list", "authentication.k8s.io",
         "", "tokenreviews", "", "", ROUTE_METHOD},
    };
    struct arena a;
    arena_init(&a, 0);
    const struct served served = served_default();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct query q;
        struct request_info r;
        const struct api_resource *res;
        const struct api_subresource *sub;
        enum verb verb;
        CHECK_INT(query_parse(&a, str_of(cases[i].query), &q), 0);
        str method = str_of(cases[i].method);
        CHECK_INT(route_parse(&a, method, str_of(cases[i].path), &q, &r), 0);
        CHECK(r.resource_request);
        CHECK_STRC(r.verb, cases[i].verb);
        CHECK_STRC(r.group, cases[i].group);
        CHECK_STRC(r.ns, cases[i].ns);
        CHECK_STRC(r.resource, cases[i].resource);
        CHECK_STRC(r.name, cases[i].name);
        CHECK_STRC(r.subresource, cases[i].sub);
        if (route_resource(&served, &r, method, &res, &sub, &verb) != cases[i].result)
            tap_fail(__FILE__, __LINE__, "%s %s", cases[i].method, cases[i].path);
    }
    arena_done(&a);
}

TEST(paths_that_are_no_resources) {
    static const char *const paths[] = {"/",
                                        "/version",
                                        "/api",
                                        "/api/v1",
                                        "/apis/apps/v1",
                                        "/apis/apps",
                                        "/openapi/v3/apis/apps/v1",
                                        "/livez/ping"};
    struct arena a;
    arena_init(&a, 0);
    struct query q = {NULL, 0};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct request_info r;
        CHECK_INT(route_parse(&a, STR("GET"), str_of(paths[i]), &q, &r), 0);
        CHECK(!r.resource_request);
        CHECK_STRC(r.verb, "get");
    }
    struct request_info r;
    CHECK_INT(route_parse(&a, STR("GET"), STR("/api/v1/pods/%zz"), &q, &r), -EINVAL);
    arena_done(&a);
}

TEST(accept) {
    static const struct {
        const char *accept;
        int r;
        enum media_format format;
        enum media_as as;
    } cases[] = {
        {"", 0, MEDIA_JSON, AS_OBJECT},
        {"*/*", 0, MEDIA_JSON, AS_OBJECT},
        {"application/*", 0, MEDIA_JSON, AS_OBJECT},
        {"application/json, */*", 0, MEDIA_JSON, AS_OBJECT},
        {"application/yaml", 0, MEDIA_YAML, AS_OBJECT},
        {"application/vnd.kubernetes.protobuf,application/json", 0, MEDIA_PROTOBUF, AS_OBJECT},
        {"application/json;q=0.5,application/vnd.kubernetes.protobuf;q=0.9", 0, MEDIA_PROTOBUF,
         AS_OBJECT},
        {"text/html,application/xml;q=0.9,*/*;q=0.8", 0, MEDIA_JSON, AS_OBJECT},
        {"application/json;as=Table;v=v1;g=meta.k8s.io,application/json", 0, MEDIA_JSON, AS_TABLE},
        {"application/json;as=Table;v=v9;g=meta.k8s.io,application/json", 0, MEDIA_JSON, AS_OBJECT},
        {"application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json", 0,
         MEDIA_JSON, AS_OBJECT},
        {"application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", 0, MEDIA_JSON, AS_PARTIAL},
        {"application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", 0,
         MEDIA_PROTOBUF, AS_PARTIAL_LIST},
        {"application/vnd.kubernetes.protobuf;stream=watch", 0, MEDIA_PROTOBUF, AS_OBJECT},
        {"application/xml", -ENOTSUP, 0, 0},
        {"application/json;as=Foo;v=v1;g=meta.k8s.io", -ENOTSUP, 0, 0},
        {"text/plain,image/png", -ENOTSUP, 0, 0},
    };
    struct arena a;
    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct media m;
        CHECK_INT(negotiate_accept(&a, str_of(cases[i].accept), &m), cases[i].r);
        if (cases[i].r == 0 && (m.format != cases[i].format || m.as != cases[i].as))
            tap_fail(__FILE__, __LINE__, "%s: format %d, as %d", cases[i].accept, m.format, m.as);
    }
    arena_done(&a);
}

TEST(content_types) {
    enum media_format f;
    CHECK_INT(negotiate_content(STR(""), &f), 0);
    CHECK_INT(f, MEDIA_JSON);
    CHECK_INT(negotiate_content(STR("application/json; charset=utf-8"), &f), 0);
    CHECK_INT(f, MEDIA_JSON);
    CHECK_INT(negotiate_content(STR("application/vnd.kubernetes.protobuf"), &f), 0);
    CHECK_INT(f, MEDIA_PROTOBUF);
    CHECK_INT(negotiate_content(STR("application/xml"), &f), -ENOTSUP);
}
