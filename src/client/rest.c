// SPDX-License-Identifier: Apache-2.0
/* Requests, one after the other through a token bucket. Paths, encoding and the reading of answers
 * are here; connections are net/client.h's; watches are client/rest_watch.c. */
#include "client/rest_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "schema/json.h"

#define DEFAULT_QPS     50.0
#define DEFAULT_BURST   100
#define DEFAULT_TIMEOUT (30 * NSEC_PER_SEC)
#define TOKEN_FILE_AGE  (60 * NSEC_PER_SEC)
#define TOKEN_FILE_MAX  (64 * 1024)

struct rest_call {
    struct list node; /* waiting for a token, or running */
    struct rest_client *client;
    struct arena arena;
    struct rest_request rq; /* strings in arena */
    str target, body;
    const char *content_type;
    struct http_call *http;
    int64_t asked, began; /* when it was to be sent, when it was */
    str failure;
};

static const char *const methods[REST_VERB_MAX] = {
    [REST_GET] = "GET",    [REST_LIST] = "GET",    [REST_CREATE] = "POST",
    [REST_UPDATE] = "PUT", [REST_PATCH] = "PATCH", [REST_DELETE] = "DELETE",
};

/* ---- target and headers ---- */

str rest_target(struct arena *a, const struct api_resource *r, str ns, str name,
                const char *subresource, const char *query) {
    struct buf b;
    buf_init(&b, 0);
    if (r->group[0])
        buf_printf(&b, "/apis/%s/%s", r->group, r->version);
    else
        buf_printf(&b, "/api/%s", r->version);
    if (resource_is(r, RESOURCE_NAMESPACED) && ns.n)
        buf_printf(&b, "/namespaces/" STR_FMT, STR_ARG(ns));
    buf_printf(&b, "/%s", r->plural);
    if (name.n) {
        str encoded = url_encode(a, name);
        buf_printf(&b, "/" STR_FMT, STR_ARG(encoded));
    }
    if (subresource && subresource[0])
        buf_printf(&b, "/%s", subresource);
    if (query && query[0])
        buf_printf(&b, "?%s", query);
    str out = str_dup(a, buf_str(&b));
    buf_done(&b);
    return out;
}

static void refresh_token(struct rest_client *c) {
    int64_t now = loop_now(c->loop);
    if (!c->token_file || (c->token.n && now - c->token_read < TOKEN_FILE_AGE))
        return;
    struct buf b;
    buf_init(&b, TOKEN_FILE_MAX);
    struct env *env = loop_env(c->loop);
    if (env->ops->disk.read(env, c->token_file, TOKEN_FILE_MAX, &b) == 0 && b.n) {
        str t = buf_str(&b);
        while (t.n && (t.p[t.n - 1] == '\n' || t.p[t.n - 1] == ' '))
            t.n--;
        buf_clear(&c->token);
        buf_add(&c->token, t);
        c->token_read = now;
    }
    buf_done(&b);
}

unsigned rest_headers(struct rest_client *c, struct arena *a, const char *accept,
                      const char *content_type, struct http_header ret[REST_HEADERS]) {
    unsigned n = 0;
    refresh_token(c);
    ret[n++] = (struct http_header){STR("Accept"), str_of(accept)};
    ret[n++] = (struct http_header){STR("User-Agent"), str_of(c->user_agent)};
    if (content_type)
        ret[n++] = (struct http_header){STR("Content-Type"), str_of(content_type)};
    if (c->token.n)
        ret[n++] = (struct http_header){STR("Authorization"),
                                        str_concat(a, STR("Bearer "), buf_str(&c->token))};
    return n;
}

/* ---- answers ---- */

const Status *rest_status(struct arena *a, int code, str body) {
    Status *s = arena_make(a, Status);
    struct err e = {0};
    str kind = STR_NONE;
    struct json_read_opts opts = {.ret_kind = &kind};
    if (json_read(a, &Status_type, str_dup(a, body), s, &opts, &e) == 0 && str_eqc(kind, "Status"))
        return s;
    *s = (Status){.status = STR("Failure"), .code = code};
    s->message =
        str_printf(a, "the server answered %d: " STR_FMT, code, STR_ARG(str_slice(body, 0, 200)));
    return s;
}

static uint64_t revision_of(const struct api_type *t, const void *obj) {
    uint32_t offset;
    const struct api_field *f = type_field(t, STR("metadata"), &offset, NULL);
    uint64_t v = 0;
    if (!f)
        return 0;
    const char *meta = (const char *)obj + offset;
    if (f->sub == &ObjectMeta_type)
        str_to_u64(((const ObjectMeta *)(const void *)meta)->resource_version, &v);
    else if (f->sub == &ListMeta_type)
        str_to_u64(((const ListMeta *)(const void *)meta)->resource_version, &v);
    return v;
}

const struct api_type *rest_result_type(const struct rest_request *rq) {
    if (rq->result_type)
        return rq->result_type;
    if (rq->metadata_only)
        return rq->verb == REST_LIST ? &PartialObjectMetadataList_type
                                     : &PartialObjectMetadata_type;
    return rq->verb == REST_LIST ? rq->resource->list_type : rq->resource->type;
}

static void read_answer(struct rest_call *call, const struct http_headers *headers,
                        struct rest_result *res) {
    struct arena *a = &call->arena;
    if (res->code >= 400) {
        int64_t seconds;
        res->status = rest_status(a, res->code, res->body);
        if (str_to_i64(http_header_get(headers, "Retry-After"), &seconds) == 0 && seconds > 0)
            res->retry_after_ns = MIN(seconds, 600) * NSEC_PER_SEC;
        return;
    }
    const struct api_type *t = rest_result_type(&call->rq);
    /* Deletes answer with a Status or the object; both have it as their first member. */
    if (str_find(str_slice(res->body, 0, 64), STR("\"kind\":\"Status\"")) >= 0 && t != &Status_type)
        return;
    struct err e = {0};
    void *obj = arena_zalloc(a, t->size);
    res->r = json_read(a, t, str_dup(a, res->body), obj, NULL, &e);
    if (res->r < 0) {
        res->maybe_done = true;
        res->code = 0;
        return;
    }
    res->object = obj;
    res->revision = revision_of(t, obj);
}

static void call_free(struct rest_call *call) {
    list_remove(&call->node);
    arena_done(&call->arena);
    free(call);
}

static void finish(struct rest_call *call, struct rest_result *res) {
    void (*done)(void *, const struct rest_result *) = call->rq.done;
    res->arena = &call->arena;
    /* The callback may cancel others or send more, but not free the client. */
    list_remove(&call->node);
    if (done)
        done(call->rq.ctx, res);
    call_free(call);
}

static void on_done(void *ctx, int r, int status, const struct http_headers *headers, str body,
                    bool maybe_sent) {
    struct rest_call *call = ctx;
    call->http = NULL;
    rest_metrics_call(call->client->metrics,
                      &(struct rest_measure){.method = methods[call->rq.verb],
                                             .code = r < 0 ? 0 : status,
                                             .limited_ns = call->began - call->asked,
                                             .took_ns = loop_now(call->client->loop) - call->began,
                                             .sent = call->body.n,
                                             .received = body.n});
    struct rest_result res = {.r = r, .code = r < 0 ? 0 : status, .body = body};
    if (r < 0)
        res.maybe_done = maybe_sent;
    else
        read_answer(call, headers, &res);
    finish(call, &res);
}

/* ---- sending ---- */

static const char *const patch_types[] = {
    [REST_PATCH_MERGE] = "application/merge-patch+json",
    [REST_PATCH_STRATEGIC] = "application/strategic-merge-patch+json",
    [REST_PATCH_JSON] = "application/json-patch+json",
    [REST_PATCH_APPLY] = "application/apply-patch+yaml",
};

static const char *rest_accept(const struct rest_request *rq) {
    if (!rq->metadata_only)
        return "application/json";
    return rq->verb == REST_LIST
               ? "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
               : REST_ACCEPT_METADATA;
}

static void transmit(struct rest_call *call) {
    struct rest_client *c = call->client;
    struct http_header headers[REST_HEADERS];
    unsigned n = rest_headers(c, &call->arena, rest_accept(&call->rq), call->content_type, headers);
    list_append(&c->running, &call->node);
    call->began = loop_now(c->loop);
    call->http = http_client_call(c->http, &(struct http_call_options){
                                               .method = methods[call->rq.verb],
                                               .target = call->target,
                                               .headers = headers,
                                               .n_headers = n,
                                               .body = call->body,
                                               .max_body = REST_ANSWER_MAX,
                                               .timeout_ns = call->rq.timeout_ns,
                                               .on_done = on_done,
                                               .ctx = call,
                                           });
}

/* One token a call; `next_free` is when the bucket would be empty of debt. */
static void pump(struct rest_client *c) {
    int64_t now = loop_now(c->loop);
    int64_t window = (int64_t)((double)NSEC_PER_SEC / c->qps);
    while (!list_empty(&c->waiting)) {
        int64_t at = MAX(c->next_free, now - (int64_t)c->burst * window) + window;
        if (at > now) {
            timer_start(c->loop, &c->refill, at - now);
            return;
        }
        c->next_free = at;
        struct rest_call *call = container_of(c->waiting.next, struct rest_call, node);
        list_remove(&call->node);
        transmit(call);
    }
}

static void refill(struct timer *t) {
    pump(container_of(t, struct rest_client, refill));
}

static void encode(struct rest_call *call, const struct rest_request *rq) {
    struct arena *a = &call->arena;
    call->content_type = rq->verb == REST_PATCH ? patch_types[rq->patch] : NULL;
    if (rq->body_type) {
        struct buf b;
        buf_init(&b, 0);
        json_write(&b, rq->body_type, rq->body, 0, NULL);
        call->body = str_dup(a, buf_str(&b));
        buf_done(&b);
    } else {
        call->body = str_dup(a, rq->raw);
    }
    if (call->body.n && !call->content_type)
        call->content_type = "application/json";
}

struct rest_call *rest_send(struct rest_client *c, const struct rest_request *rq) {
    struct rest_call *call = xcalloc(1, sizeof(*call));
    call->client = c;
    arena_init(&call->arena, 0);
    list_init(&call->node);
    call->target =
        rest_target(&call->arena, rq->resource, rq->ns, rq->name, rq->subresource, rq->query);
    encode(call, rq);
    call->rq = *rq;
    if (call->rq.timeout_ns == 0)
        call->rq.timeout_ns = DEFAULT_TIMEOUT;
    list_append(&c->waiting, &call->node);
    call->asked = loop_now(c->loop);
    pump(c);
    return call;
}

void rest_cancel(struct rest_call *call) {
    if (!call)
        return;
    if (call->http)
        http_call_cancel(call->http);
    call_free(call);
}

/* ---- the client ---- */

bool rest_client_idle(const struct rest_client *c) {
    return list_empty(&c->waiting) && list_empty(&c->running);
}

struct loop *rest_client_loop(struct rest_client *c) {
    return c->loop;
}

int rest_parse_server(struct arena *a, const char *server, bool *ret_tls, str *ret_host,
                      const char **ret_address) {
    str s = str_of(server);
    if (str_starts(s, STR("sim:"))) {
        *ret_tls = false;
        *ret_host = str_slice(s, 4, s.n);
        *ret_address = str_cdup(a, s);
        return 0;
    }
    *ret_tls = str_starts(s, STR("https://"));
    if (!*ret_tls && !str_starts(s, STR("http://")))
        return -EINVAL;
    s = str_slice(s, *ret_tls ? 8 : 7, s.n);
    ssize_t slash = str_chr(s, '/');
    str authority = slash < 0 ? s : str_slice(s, 0, (size_t)slash);
    ssize_t colon = -1;
    for (size_t i = 0; i < authority.n; i++)
        if (authority.p[i] == ':')
            colon = (ssize_t)i;
    bool has_port = colon >= 0 && authority.p[authority.n - 1] != ']';
    str host = has_port ? str_slice(authority, 0, (size_t)colon) : authority;
    str port = has_port   ? str_slice(authority, (size_t)colon + 1, authority.n)
               : *ret_tls ? STR("443")
                          : STR("80");
    *ret_address = str_printf(a, "tcp:" STR_FMT ":" STR_FMT, STR_ARG(host), STR_ARG(port)).p;
    if (host.n > 2 && host.p[0] == '[')
        host = str_slice(host, 1, host.n - 1);
    *ret_host = host;
    return host.n ? 0 : -EINVAL;
}

static int client_tls(str ca_pem, str cert_pem, str key_pem, bool insecure, struct err *e,
                      struct tls_config **ret) {
    static const char *const alpn[] = {"h2", "http/1.1", NULL};
    return tls_config_new(&(struct tls_options){.cert_pem = cert_pem,
                                                .key_pem = key_pem,
                                                .ca_pem = ca_pem,
                                                .insecure = insecure,
                                                .alpn = alpn},
                          false, e, ret);
}

int rest_client_set_identity(struct rest_client *c, str ca_pem, str cert_pem, str key_pem,
                             struct err *e) {
    struct tls_config *tls = NULL;
    if (c->plain)
        return 0;
    int r = client_tls(ca_pem, cert_pem, key_pem, false, e, &tls);
    if (r == 0)
        http_client_set_tls(c->http, tls);
    tls_config_unref(tls);
    return r;
}

int rest_client_new(struct loop *l, const struct rest_options *o, struct err *e,
                    struct rest_client **ret) {
    struct arena a;
    arena_init(&a, 0);
    bool use_tls;
    str host;
    const char *address;
    struct tls_config *tls = NULL;
    int r = rest_parse_server(&a, o->server, &use_tls, &host, &address);
    if (r < 0)
        err_set(e, r, "server %s: want https://HOST:PORT", o->server);
    if (r == 0 && use_tls)
        r = client_tls(o->ca_pem, o->cert_pem, o->key_pem, o->insecure, e, &tls);
    struct http_client *http = NULL;
    if (r == 0)
        r = http_client_new(l,
                            &(struct http_client_options){.address = address,
                                                          .host = str_cdup(&a, host),
                                                          .tls = tls,
                                                          .connections = REST_CONNECTIONS_MAX},
                            &http);
    if (r == 0) {
        struct rest_client *c = xcalloc(1, sizeof(*c));
        c->loop = l;
        c->http = http;
        str place = str_of(address);
        str_cut(&place, ':');
        c->metrics = rest_metrics_new(loop_env(l), place);
        c->plain = !use_tls;
        c->user_agent = xstrndup(o->user_agent ? o->user_agent : "coxswain",
                                 strlen(o->user_agent ? o->user_agent : "coxswain"));
        c->token_file = o->token_file ? xstrndup(o->token_file, strlen(o->token_file)) : NULL;
        buf_init(&c->token, TOKEN_FILE_MAX);
        buf_add(&c->token, o->token);
        c->qps = o->qps > 0 ? o->qps : DEFAULT_QPS;
        c->burst = o->burst ? o->burst : DEFAULT_BURST;
        c->next_free = INT64_MIN / 2; /* full, however young the clock is */
        c->refill.fire = refill;
        list_init(&c->waiting);
        list_init(&c->running);
        *ret = c;
    }
    tls_config_unref(tls);
    arena_done(&a);
    return r;
}

struct rest_client *rest_client_free(struct rest_client *c) {
    if (!c)
        return NULL;
    timer_stop(c->loop, &c->refill);
    LIST_FOREACH (n, &c->waiting)
        rest_cancel(container_of(n, struct rest_call, node));
    LIST_FOREACH (n, &c->running)
        rest_cancel(container_of(n, struct rest_call, node));
    http_client_free(c->http);
    rest_metrics_free(c->metrics);
    buf_done(&c->token);
    free(c->user_agent);
    free(c->token_file);
    free(c);
    return NULL;
}
