// SPDX-License-Identifier: Apache-2.0
/* Paths that are no resources: a table of exact paths and prefixes. Authorisation has passed. */
#include "api/version.h"
#include "apiserver/nonresource/documents.h"
#include "apiserver/nonresource/health.h"
#include "apiserver/nonresource/metrics.h"
#include "apiserver/nonresource/openid.h"
#include "net/http.h"

static enum phase_result serve_version(struct request *r, str rest) {
    return respond_bytes(r, 200, "application/json",
                         STR("{\n"
                             "  \"major\": \"" API_VERSION_MAJOR "\",\n"
                             "  \"minor\": \"" API_VERSION_MINOR "\",\n"
                             "  \"emulationMajor\": \"" API_VERSION_MAJOR "\",\n"
                             "  \"emulationMinor\": \"" API_VERSION_MINOR "\",\n"
                             "  \"minCompatibilityMajor\": \"1\",\n"
                             "  \"minCompatibilityMinor\": \"35\",\n"
                             "  \"gitVersion\": \"" API_GIT_VERSION "\",\n"
                             "  \"gitCommit\": \"\",\n"
                             "  \"gitTreeState\": \"\",\n"
                             "  \"buildDate\": \"1970-01-01T00:00:00Z\",\n"
                             "  \"goVersion\": \"\",\n"
                             "  \"compiler\": \"\",\n"
                             "  \"platform\": \"" API_PLATFORM "\"\n"
                             "}"));
}

static enum phase_result serve_metrics(struct request *r, str rest) {
    struct buf b;
    buf_init(&b, 0);
    metrics_scrape(r->server, &b);
    respond_packed(r, 200, METRICS_CONTENT_TYPE, buf_str(&b));
    buf_done(&b);
    return PHASE_DONE;
}

static const struct path {
    const char *path;
    bool prefix; /* "/livez" and "/livez/..."; rest is what follows */
    enum phase_result (*serve)(struct request *r, str rest);
} paths[] = {
    {"/", false, serve_paths},
    {"/api", false, serve_api},
    {"/apis", false, serve_apis},
    {"/api/", true, serve_api_version},
    {"/apis/", true, serve_apis_group},
    {"/version", false, serve_version},
    {"/healthz", true, serve_health},
    {"/livez", true, serve_health},
    {"/readyz", true, serve_health},
    {"/metrics/slis", false, serve_slis},
    {"/metrics", false, serve_metrics},
    {"/openapi/v2", false, serve_openapi_v2},
    {"/openapi/v3", false, serve_openapi_v3_index},
    {"/openapi/v3/", true, serve_openapi_v3},
    {"/.well-known/openid-configuration", false, serve_openid_configuration},
    {"/openid/v1/jwks", false, serve_openid_keys},
};

static bool matches(const struct path *p, str path, str *rest) {
    str want = str_of(p->path);
    *rest = STR_NONE;
    if (!p->prefix)
        return str_eq(path, want);
    if (!str_starts(path, want))
        return false;
    *rest = str_slice(path, want.n, path.n);
    return want.p[want.n - 1] == '/' || !rest->n || rest->p[0] == '/';
}

enum phase_result serve_nonresource(struct request *r) {
    str path = r->x->path, rest;
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    bool reads = str_eqc(r->x->method, "GET") || str_eqc(r->x->method, "HEAD");
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        if (!matches(&paths[i], path, &rest))
            continue;
        if (!reads)
            return respond_status(
                r, status_generic(r->arena, 405, "MethodNotAllowed",
                                  "the server does not allow this method on the requested "
                                  "resource"));
        return paths[i].serve(r, rest);
    }
    return respond_no_page(r);
}
