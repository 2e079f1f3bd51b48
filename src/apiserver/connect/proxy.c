// SPDX-License-Identifier: Apache-2.0
/* One request on its way to another server: its body is read, a connection is made, and then the
 * answer is passed back as it comes, as fast as the client takes it; or, when the client wants
 * another protocol and the other side agrees, the two connections become a tunnel.
 *
 *     body -> call -> answer in pieces
 *                  -> 101 -> hijack -> tunnel (in apiserver.tunnels; the request is over)
 *
 * Each request has a connection of its own: a backend is somebody's program, and no other request
 * shall wait for it. */
#include "apiserver/connect/proxy.h"
#include "apiserver/nonresource/metrics.h"

#include <stdlib.h>

#include "net/client.h"
#include "net/tunnel.h"

struct proxy {
    struct request *r;
    struct proxy_target target;
    str host;   /* "10.0.0.7:80" */
    str asked;  /* the Host the client named */
    str prefix; /* where it sees the backend's root, encoded */
    bool upgrade;
    struct http_client *client;
    struct http_call *call;
    int status; /* of the answer that is passed back, once it has begun */
    bool paused;
};

/* ---- tunnels ---- */

struct joined {
    struct list node; /* apiserver.tunnels */
    struct apiserver *server;
    struct stream *backend; /* until the client's stream is ours too */
    struct buf early;
    struct tunnel *tunnel;
    struct series *running; /* its gauge is one higher for it */
};

static void joined_free(struct joined *j) {
    list_remove(&j->node);
    j->server->n_tunnels--;
    series_add(j->running, -1);
    stream_close(j->backend);
    tunnel_free(j->tunnel);
    buf_done(&j->early);
    free(j);
}

static void tunnel_ended(void *ctx) {
    joined_free(ctx);
}

static void client_taken(void *ctx, struct stream *client, str already_read) {
    struct joined *j = ctx;
    if (!client) {
        joined_free(j);
        return;
    }
    j->tunnel = tunnel_new(j->server->loop, client, already_read, TAKE(j->backend),
                           buf_str(&j->early), tunnel_ended, j);
    buf_done(&j->early);
}

void proxy_cut_tunnels(struct apiserver *s) {
    while (!list_empty(&s->tunnels))
        joined_free(container_of(s->tunnels.next, struct joined, node));
}

/* ---- the answer ---- */

static void cleanup(struct request *r) {
    struct proxy *p = r->data;
    if (p->call)
        http_call_cancel(TAKE(p->call));
    p->client = http_client_free(p->client);
    tls_config_unref(p->target.tls);
}

static void answer(struct proxy *p, Status *s) {
    respond_status(p->r, s);
    request_end(p->r);
}

static void on_upgrade(void *ctx, const struct http_headers *h, struct stream *s, str early) {
    struct proxy *p = ctx;
    struct request *r = p->r;
    struct apiserver *server = r->server;
    p->call = NULL;
    struct joined *j = xcalloc(1, sizeof(*j));
    j->server = server;
    j->running = metrics_running(r);
    j->backend = s;
    buf_init(&j->early, 0);
    buf_add(&j->early, early);
    list_init(&j->node);
    list_append(&server->tunnels, &j->node);
    server->n_tunnels++;
    int e = exchange_hijack(r->x, h->v, h->n, client_taken, j);
    if (e < 0) {
        joined_free(j);
        answer(p, status_new(r->arena, 500, NULL, "error hijacking connection: %s", strerror(-e)));
        return;
    }
    r->x = NULL;
    r->code = 101;
    request_end(r);
}

static void on_writable(struct exchange *x) {
    struct request *r = x->ctx;
    struct proxy *p = r->data;
    if (p->paused && p->call) {
        p->paused = false;
        http_call_resume(p->call);
    }
}

static void on_head(void *ctx, int status, const struct http_headers *h) {
    struct proxy *p = ctx;
    struct request *r = p->r;
    struct http_headers out = proxy_answer_headers(r->arena, h, p->host, p->asked,
                                                   p->target.stream ? STR_NONE : p->prefix);
    p->status = status;
    r->code = (uint16_t)status;
    exchange_start(r->x, status, out.v, out.n, on_writable);
}

static bool on_data(void *ctx, str data) {
    struct proxy *p = ctx;
    struct exchange *x = p->r->x;
    exchange_write(x, data);
    p->paused = !exchange_writable(x);
    return !p->paused;
}

static str go_error(struct arena *a, const struct proxy *p, int e, bool sent) {
    const char *why = e == -ETIMEDOUT ? "i/o timeout" : strerror(-e);
    if (sent)
        return e == -EPROTO ? STR("malformed HTTP response") : STR("EOF");
    str what = e == -ETIMEDOUT ? str_of(why) : str_printf(a, "connect: %s", why);
    char *text = arena_dup(a, what.p, what.n);
    if (what.n > 9 && e != -ETIMEDOUT) /* Go's errno texts begin small */
        text[9] = (char)(text[9] | 0x20);
    return str_printf(a, "dial tcp " STR_FMT ": " STR_FMT, STR_ARG(p->host), (int)what.n, text);
}

static Status *unreachable(struct proxy *p, int e, bool sent) {
    struct arena *a = p->r->arena;
    str why = go_error(a, p, e, sent);
    if (p->upgrade)
        return status_new(a, 500, NULL, sent ? STR_FMT : "error dialing backend: " STR_FMT,
                          STR_ARG(why));
    return status_new(a, 503, "ServiceUnavailable", "error trying to reach service: " STR_FMT,
                      STR_ARG(why));
}

/* Not upgraded: an error is the client's to see as it is. */
static void refused(struct proxy *p, int status, const struct http_headers *h, str body) {
    struct request *r = p->r;
    if (status < 400) {
        answer(p,
               status_new(r->arena, 500, NULL, "invalid upgrade response: status code %d", status));
        return;
    }
    struct http_headers out = proxy_answer_headers(r->arena, h, p->host, p->asked, STR_NONE);
    http_header_add(r->arena, &out, STR("Connection"), STR("close"));
    r->code = (uint16_t)status;
    exchange_respond(TAKE(r->x), status, out.v, out.n, body);
    request_end(r);
}

static void on_done(void *ctx, int e, int status, const struct http_headers *h, str body,
                    bool maybe_sent) {
    struct proxy *p = ctx;
    struct request *r = p->r;
    p->call = NULL;
    if (p->status) {
        struct exchange *x = TAKE(r->x);
        if (e < 0)
            exchange_abort(x);
        else
            exchange_end(x);
        request_end(r);
    } else if (e < 0) {
        answer(p, unreachable(p, e, maybe_sent));
    } else {
        refused(p, status, h, body);
    }
}

/* ---- the request ---- */

static enum phase_result send(struct proxy *p, str body) {
    struct request *r = p->r;
    struct arena *a = r->arena;
    const struct proxy_target *t = &p->target;
    struct http_client_options co = {
        .address = str_cdup(a, str_printf(a, "tcp:" STR_FMT, STR_ARG(p->host))),
        .host = str_cdup(a, p->host),
        .tls = t->tls,
        .connections = 1};
    int e = http_client_new(r->server->loop, &co, &p->client);
    if (e < 0)
        return respond_status(r, status_new(a, 500, NULL, "%s", strerror(-e)));
    struct http_headers h =
        proxy_request_headers(a, &r->x->headers, p->upgrade, str_of(r->x->remote),
                              t->stream || p->upgrade ? STR_NONE : r->x->path);
    struct http_call_options o = {
        .method = str_cdup(a, r->x->method),
        .target = str_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(proxy_encode_path(a, t->path)),
                             t->query.n ? "?" : "", STR_ARG(t->query)),
        .headers = h.v,
        .n_headers = h.n,
        .body = body,
        .max_body = PROXY_REFUSAL_MAX,
        .on_head = p->upgrade ? NULL : on_head,
        .on_data = p->upgrade ? NULL : on_data,
        .on_upgrade = p->upgrade ? on_upgrade : NULL,
        .on_done = on_done,
        .ctx = p,
    };
    request_endless(r, NULL);
    p->call = http_client_call(p->client, &o);
    return PHASE_WAIT;
}

static void body_read(struct exchange *x, int e, str body) {
    struct request *r = x->ctx;
    request_state(r, REQUEST_RUNNING);
    enum phase_result result;
    if (e == 0)
        result = send(r->data, body);
    else if (e == -E2BIG)
        result =
            respond_status(r, status_new(r->arena, 413, "RequestEntityTooLarge",
                                         "Request entity too large: limit is %d", PROXY_BODY_MAX));
    else
        result =
            respond_status(r, status_bad_request(r->arena, "the request body could not be read"));
    if (result == PHASE_DONE)
        request_end(r);
}

/* A page at ".../proxy" would resolve its links against the wrong folder. */
static enum phase_result redirect_to_root(struct request *r) {
    struct exchange *x = TAKE(r->x);
    struct http_header h[] = {
        {STR("Location"), str_printf(r->arena, STR_FMT "/%s" STR_FMT, STR_ARG(x->path),
                                     x->query.n ? "?" : "", STR_ARG(x->query))},
        {STR("Cache-Control"), STR("no-cache, private")}};
    r->code = 301;
    exchange_respond(x, 301, h, ARRAY_LEN(h), STR_NONE);
    return PHASE_DONE;
}

/* Up to and with "proxy", as the client wrote it. */
static str prefix_of(const struct request *r) {
    unsigned segments = r->info.scoped ? 7 : 5;
    str path = r->x->path;
    size_t at = 0;
    while (at < path.n && segments) {
        at++;
        while (at < path.n && path.p[at] != '/')
            at++;
        segments--;
    }
    return str_slice(path, 0, at);
}

enum phase_result proxy_start(struct request *r, const struct proxy_target *t) {
    struct arena *a = r->arena;
    bool upgrade = !r->x->http2 && proxy_wants_upgrade(&r->x->headers);
    if (t->stream && !upgrade)
        return respond_status(r, status_bad_request(a, "Upgrade request required"));
    bool reads = str_eqc(r->x->method, "GET") || str_eqc(r->x->method, "HEAD");
    if (upgrade && r->x->body_length != 0)
        return respond_status(r, status_bad_request(a, "an upgrade request has no body"));
    if (!upgrade && !t->path.n && reads)
        return redirect_to_root(r);
    if (upgrade && r->server->n_tunnels >= TUNNELS_MAX)
        return respond_status(
            r, status_new(a, 429, "TooManyRequests", "Too many requests, please try again later."));
    struct proxy *p = arena_make(a, struct proxy);
    p->r = r;
    p->target = *t;
    if (!t->path.n)
        p->target.path = STR("/");
    if (t->tls)
        tls_config_ref(t->tls);
    p->upgrade = upgrade;
    p->host = str_printf(a, str_chr(t->ip, ':') >= 0 ? "[" STR_FMT "]:%d" : STR_FMT ":%d",
                         STR_ARG(t->ip), t->port);
    p->asked = http_header_get(&r->x->headers, "Host");
    p->prefix = prefix_of(r);
    r->data = p;
    r->cleanup = cleanup;
    if (upgrade || r->x->body_length == 0)
        return send(p, STR_NONE);
    request_state(r, REQUEST_BODY);
    exchange_read_body(r->x, PROXY_BODY_MAX, body_read);
    return PHASE_WAIT;
}
