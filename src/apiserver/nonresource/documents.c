// SPDX-License-Identifier: Apache-2.0
/* Documents are written when somebody asks. Clients ask once and keep them (ETag, hashes in URLs),
 * so nothing is held here between two requests. */
#include "apiserver/nonresource/documents.h"

#include "api/discovery.h"
#include "api/openapi.h"
#include "apiserver/encoding/encode.h"

#define DISCOVERY_TYPE_V2 "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
#define DISCOVERY_TYPE_V2BETA1                                                                     \
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"

/* Answers with ETag, or 304 when the client has it. */
static enum phase_result send_tagged(struct request *r, const char *type, const char *cache,
                                     struct buf *b) {
    struct exchange *x = TAKE(r->x);
    str tag = str_printf(r->arena, "\"" STR_FMT "\"", STR_ARG(openapi_hash(r->arena, buf_str(b))));
    bool known = str_eq(http_header_get(&x->headers, "If-None-Match"), tag);
    struct http_headers h = request_headers_kept(r, cache, known ? NULL : type);
    http_header_add(r->arena, &h, STR("Etag"), tag);
    http_header_add(r->arena, &h, STR("Vary"), STR("Accept"));
    r->code = known ? 304 : 200;
    exchange_respond(x, known ? 304 : 200, h.v, h.n, known ? STR_NONE : buf_str(b));
    buf_done(b);
    return PHASE_DONE;
}

static enum phase_result send_plain(struct request *r, struct buf *b) {
    struct media m = {.format = MEDIA_JSON, .pretty = r->accept.pretty};
    encode_finish(&m, r->arena, b);
    respond_bytes(r, 200, "application/json", buf_str(b));
    buf_done(b);
    return PHASE_DONE;
}

/* -1: not aggregated. */
static int aggregated_version(struct request *r) {
    str accept = http_header_get(&r->x->headers, "Accept");
    while (accept.p) {
        str clause = str_cut(&accept, ',');
        if (str_find(clause, STR("as=APIGroupDiscoveryList")) < 0)
            continue;
        return str_find(clause, STR("v=v2beta1")) >= 0 ? DISCOVERY_V2BETA1 : DISCOVERY_V2;
    }
    return -1;
}

static enum phase_result serve_root(struct request *r, bool core) {
    struct buf b;
    buf_init(&b, 0);
    int v = aggregated_version(r);
    if (v >= 0) {
        discovery_aggregated(&b, &r->server->served, (enum discovery_version)v, core);
        return send_tagged(r, v == DISCOVERY_V2 ? DISCOVERY_TYPE_V2 : DISCOVERY_TYPE_V2BETA1,
                           "public", &b);
    }
    if (core)
        discovery_api_versions(&b, &r->server->served, http_header_get(&r->x->headers, "Host"));
    else
        discovery_group_list(&b, &r->server->served);
    return send_plain(r, &b);
}

enum phase_result serve_api(struct request *r, str rest) {
    return serve_root(r, true);
}

enum phase_result serve_apis(struct request *r, str rest) {
    return serve_root(r, false);
}

static enum phase_result not_found(struct request *r, struct buf *b) {
    buf_done(b);
    return respond_no_page(r);
}

enum phase_result serve_api_version(struct request *r, str rest) {
    struct buf b;
    buf_init(&b, 0);
    if (discovery_resource_list(&b, &r->server->served, STR(""), rest) < 0)
        return not_found(r, &b);
    return send_plain(r, &b);
}

enum phase_result serve_apis_group(struct request *r, str rest) {
    struct buf b;
    buf_init(&b, 0);
    str group = str_cut(&rest, '/');
    const struct served *s = &r->server->served;
    int e = rest.p ? discovery_resource_list(&b, s, group, rest) : discovery_group(&b, s, group);
    return e < 0 ? not_found(r, &b) : send_plain(r, &b);
}

static void add_path(struct buf *b, str path) {
    buf_add(b, b->n > 16 ? STR(",\n    \"") : STR("\n    \""));
    buf_add(b, path);
    buf_addc(b, '"');
}

/* What is served, as a list for people. */
enum phase_result serve_paths(struct request *r, str rest) {
    static const char *const others[] = {"/healthz",    "/livez",  "/metrics", "/openapi/v2",
                                         "/openapi/v3", "/readyz", "/version"};
    struct buf b;
    buf_init(&b, 0);
    buf_adds(&b, "{\n  \"paths\": [");
    add_path(&b, STR("/api"));
    add_path(&b, STR("/api/v1"));
    add_path(&b, STR("/apis"));
    for (unsigned i = 0; i < n_api_groups; i++) {
        const struct api_group *g = &api_groups[i];
        if (!*g->name)
            continue;
        add_path(&b, str_printf(r->arena, "/apis/%s", g->name));
        for (const char *const *v = g->versions; *v; v++)
            if (served_version(&r->server->served, g->name, *v))
                add_path(&b, str_printf(r->arena, "/apis/%s/%s", g->name, *v));
    }
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        add_path(&b, str_of(others[i]));
    buf_adds(&b, "\n  ]\n}");
    respond_bytes(r, 200, "application/json", buf_str(&b));
    buf_done(&b);
    return PHASE_DONE;
}

#define OPENAPI_PROTO_V2 "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

enum phase_result serve_openapi_v2(struct request *r, str rest) {
    str accept = http_header_get(&r->x->headers, "Accept");
    bool proto = str_find(accept, STR("application/com.github.proto-openapi.spec.v2")) >= 0;
    struct buf b;
    buf_init(&b, 0);
    if (proto)
        openapi_v2_write_proto(&b, &r->server->served);
    else
        openapi_v2_write(&b, &r->server->served);
    return send_tagged(r, proto ? OPENAPI_PROTO_V2 : "application/json", "no-cache, private", &b);
}

enum phase_result serve_openapi_v3_index(struct request *r, str rest) {
    struct buf b;
    buf_init(&b, 0);
    openapi_v3_index(&b, &r->server->served);
    respond_bytes(r, 200, "text/plain; charset=utf-8", buf_str(&b));
    buf_done(&b);
    return PHASE_DONE;
}

enum phase_result serve_openapi_v3(struct request *r, str rest) {
    struct buf b;
    buf_init(&b, 0);
    if (openapi_v3_write(&b, &r->server->served, rest) < 0)
        return not_found(r, &b);
    return send_tagged(r, "application/json", "no-cache, private", &b);
}
