// SPDX-License-Identifier: Apache-2.0
#include "client/diagnostics.h"

#include <stdlib.h>

#include "api/component_metrics.h"
#include "client/delegate.h"
#include "net/metrics_answer.h"
#include "net/x509.h"
#include "schema/json.h"

struct diagnostics {
    struct loop *loop;
    struct tls_config *tls;
    struct http_server *http;
    struct delegation delegation;
    struct health health;
};

/* ---- answers ---- */

static void answer(struct exchange *x, int code, const char *type, str body) {
    const struct http_header h[] = {{STR("Cache-Control"), STR("no-cache, private")},
                                    {STR("Content-Type"), str_of(type)},
                                    {STR("X-Content-Type-Options"), STR("nosniff")}};
    exchange_respond(x, code, h, ARRAY_LEN(h), body);
}

static void answer_status(struct exchange *x, int code, const char *reason, str message) {
    StatusDetails details = {0};
    Status s = {.status = STR("Failure"),
                .message = message,
                .reason = str_of(reason),
                .details = code == 403 ? &details : NULL,
                .code = code};
    struct buf b;
    buf_init(&b, 0);
    json_write(&b, &Status_type, &s, 0, NULL);
    buf_addc(&b, '\n');
    answer(x, code, "application/json", buf_str(&b));
    buf_done(&b);
}

static void answer_health(struct diagnostics *d, struct exchange *x) {
    struct query q;
    struct buf b;
    buf_init(&b, 0);
    int code = 400;
    if (query_parse(x->arena, x->query, &q) < 0)
        buf_adds(&b, "invalid URL escape\n");
    else
        code = health_answer(&d->health, x->path, &q, &b);
    answer(x, code, HEALTH_CONTENT_TYPE, buf_str(&b));
    buf_done(&b);
}

static void answer_metrics(struct diagnostics *d, struct exchange *x, bool slis) {
    struct env *env = loop_env(d->loop);
    struct buf b;
    buf_init(&b, 0);
    if (slis) {
        health_slis(&d->health, &b);
    } else {
        metrics_process(env);
        metrics_print(env->metrics, &b);
        component_metrics(env->component, &b);
    }
    metrics_answer(x, buf_str(&b));
    buf_done(&b);
}

/* ---- who may what ---- */

static bool right(void *ctx, struct exchange *x, unsigned attempt, SubjectAccessReviewSpec *ret) {
    if (attempt)
        return false;
    NonResourceAttributes *at = arena_make(x->arena, NonResourceAttributes);
    *at = (NonResourceAttributes){.path = x->path, .verb = str_lower(x->arena, x->method)};
    ret->non_resource_attributes = at;
    return true;
}

static void serve(void *ctx, struct exchange *x) {
    struct diagnostics *d = ctx;
    bool slis = str_eqc(x->path, "/metrics/slis");
    if (!str_eqc(x->method, "GET") && !str_eqc(x->method, "HEAD"))
        answer(x, 405, HEALTH_CONTENT_TYPE, STR("method not allowed\n"));
    else if (health_of_path(x->path) != HEALTH_KIND_MAX)
        answer_health(d, x);
    else if (slis || str_eqc(x->path, "/metrics"))
        answer_metrics(d, x, slis);
    else
        answer(x, 404, HEALTH_CONTENT_TYPE, STR("404 page not found\n"));
}

static void refuse(void *ctx, struct exchange *x, enum refusal why,
                   const struct delegate_user *who) {
    switch (why) {
    case REFUSED_UNKNOWN:
        answer_status(x, 401, "Unauthorized", STR("Unauthorized"));
        return;
    case REFUSED_RIGHT: {
        str verb = str_lower(x->arena, x->method);
        answer_status(x, 403, "Forbidden",
                      str_printf(x->arena,
                                 "forbidden: User \"" STR_FMT "\" cannot " STR_FMT
                                 " path \"" STR_FMT "\"",
                                 STR_ARG(who->name), STR_ARG(verb), STR_ARG(x->path)));
        return;
    }
    case REFUSED_FAILED:
        answer_status(x, 500, "InternalError",
                      STR("Internal error occurred: the API server could not be asked"));
        return;
    }
}

static const struct delegate_ops ops = {.right = right, .serve = serve, .refuse = refuse};

/* Upstream's --authorization-always-allow-paths. */
static bool is_open(str path) {
    return str_eqc(path, "/healthz") || str_eqc(path, "/livez") || str_eqc(path, "/readyz");
}

static void handle(void *ctx, struct exchange *x) {
    struct diagnostics *d = ctx;
    if (is_open(x->path))
        serve(d, x);
    else
        delegate(&d->delegation, x);
}

/* ---- the port ---- */

#define DAY 86400

/* Nobody verifies it: whoever scrapes goes by the address, as with upstream's. */
static int make_tls(struct env *env, const struct diagnostics_options *o, struct err *e,
                    struct tls_config **ret) {
    static const char *const alpn[] = {"http/1.1", NULL};
    CLEANUP(x509_key_freep) struct x509_key *key = NULL;
    struct arena a;
    arena_init(&a, 0);
    str dns = STR("localhost"), ip = str_of(o->ip), cert;
    int64_t now = env_wall(env) / NSEC_PER_SEC;
    struct x509_request q = {.cn = dns,
                             .dns = &dns,
                             .n_dns = 1,
                             .ips = &ip,
                             .n_ips = ip.n > 0,
                             .server_auth = true,
                             .not_before = MAX(now - DAY, 0),
                             .not_after = now + 3650LL * DAY};
    int r = x509_key_new(&key);
    if (r == 0)
        r = x509_issue(&a, &q, key, STR_NONE, NULL, e, &cert);
    if (r == 0)
        r = tls_config_new(&(struct tls_options){.cert_pem = cert,
                                                 .key_pem = x509_key_pem(&a, key),
                                                 .ca_pem = o->client_ca,
                                                 .alpn = alpn},
                           true, e, ret);
    arena_done(&a);
    return r;
}

int diagnostics_new(const struct diagnostics_options *o, struct err *e, struct diagnostics **ret) {
    const char *addresses[] = {o->address, NULL};
    struct diagnostics *d = xcalloc(1, sizeof(*d));
    d->loop = rest_client_loop(o->client);
    health_init(&d->health);
    delegation_init(&d->delegation, o->client, &ops, d);
    d->delegation.anonymous = true;
    int r = o->plain ? 0 : make_tls(loop_env(d->loop), o, e, &d->tls);
    struct http_server_options ho = {
        .addresses = addresses, .tls = d->tls, .handler = handle, .ctx = d};
    if (r == 0)
        r = http_server_new(d->loop, &ho, e, &d->http);
    if (r < 0)
        diagnostics_free(d);
    else
        *ret = d;
    return r;
}

struct diagnostics *diagnostics_free(struct diagnostics *d) {
    if (!d)
        return NULL;
    http_server_free(d->http);
    delegation_done(&d->delegation);
    tls_config_unref(d->tls);
    health_done(&d->health);
    free(d);
    return NULL;
}

struct health *diagnostics_health(struct diagnostics *d) {
    return &d->health;
}
