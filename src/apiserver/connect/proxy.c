// SPDX-License-Identifier: Apache-2.0
/* One request on its way to another server, and the answer on its way back: each is passed on as it
 * comes, as fast as the taker takes it, so that neither is ever held whole, and an answer may begin
 * before its request has ended.
 *
 *     client -- pieces of the body --> call -- pieces of the answer --> client
 *
 * What either side holds back is bounded by HTTP_CLIENT_OUT_HIGH and HTTP_OUT_HIGH; there is no
 * limit in time, since a server that is silent may be one that has nothing to say yet. Each request
 * has a connection of its own: a backend is somebody's program, and no other request shall wait for
 * it. */
#include "apiserver/connect/proxy.h"
#include "apiserver/connect/page.h"
#include "net/client.h"

struct proxy {
    struct request *r;
    struct proxy_target target;
    struct page_place place; /* what the backend is, and where the client sees it */
    struct http_client *client;
    struct http_call *call;
    int status;        /* of the answer that is passed back, once it has begun */
    struct page *page; /* it is one whose links are rewritten */
    bool paused;
    bool whole; /* all of the answer has come, and some of it waits */
};

static void cleanup(struct request *r) {
    struct proxy *p = r->data;
    if (p->call)
        http_call_cancel(TAKE(p->call));
    p->client = http_client_free(p->client);
    if (p->page)
        page_done(p->page);
    tls_config_unref(p->target.tls);
}

static void answer(struct proxy *p, Status *s) {
    respond_status(p->r, s);
    request_end(p->r);
}

/* ---- the body ---- */

static bool body_piece(struct exchange *x, str data) {
    struct request *r = x->ctx;
    const struct proxy *p = r->data;
    return http_call_write(p->call, data);
}

static void body_end(struct exchange *x, int e) {
    struct request *r = x->ctx;
    struct proxy *p = r->data;
    if (e == 0) {
        http_call_write_end(p->call);
        return;
    }
    http_call_cancel(TAKE(p->call));
    if (p->status)
        exchange_abort(TAKE(r->x));
    else
        respond_status(r, status_bad_request(r->arena, "the request body could not be read"));
    request_end(r);
}

static void on_drained(void *ctx) {
    const struct proxy *p = ctx;
    exchange_resume_body(p->r->x);
}

/* ---- the answer ---- */

static void end(struct proxy *p) {
    struct request *r = p->r;
    if (p->page)
        page_end(p->page, r->x);
    exchange_end(TAKE(r->x));
    request_end(r);
}

/* It cannot go on, and the client must not take it for the whole. */
static void cut(struct proxy *p) {
    struct request *r = p->r;
    exchange_abort(TAKE(r->x));
    request_end(r);
}

static void on_writable(struct exchange *x) {
    struct request *r = x->ctx;
    struct proxy *p = r->data;
    int done = p->page ? page_write(p->page, STR_NONE, x) : 1;
    if (done < 0) {
        cut(p);
    } else if (done && p->whole) {
        end(p);
    } else if (done && p->paused && p->call) {
        p->paused = false;
        http_call_resume(p->call);
    }
}

static struct page *page_of(struct proxy *p, struct http_headers *h) {
    struct arena *a = p->r->arena;
    str coding;
    if (!page_is(h, &coding))
        return NULL;
    struct page *page = arena_make(a, struct page);
    page_init(page, &p->place, coding);
    *h = page_headers(a, h);
    return page;
}

static void on_head(void *ctx, int status, const struct http_headers *h) {
    struct proxy *p = ctx;
    struct request *r = p->r;
    struct http_headers out =
        proxy_answer_headers(r->arena, h, p->place.host, p->place.asked, p->place.prefix);
    p->page = page_of(p, &out);
    http_header_add(r->arena, &out, STR("Audit-Id"), r->audit_id);
    p->status = status;
    r->code = (uint16_t)status;
    exchange_start(r->x, status, out.v, out.n, on_writable);
}

static bool on_data(void *ctx, str data) {
    struct proxy *p = ctx;
    struct exchange *x = p->r->x;
    int r = 1;
    if (p->page)
        r = page_write(p->page, data, x);
    else
        exchange_write(x, data);
    if (r < 0) {
        cut(p); /* and the call with it */
        return true;
    }
    p->paused = !r || !exchange_writable(x);
    return !p->paused;
}

static Status *unreachable(struct proxy *p, int e, bool sent) {
    struct arena *a = p->r->arena;
    return status_new(a, 503, "ServiceUnavailable", "error trying to reach service: " STR_FMT,
                      STR_ARG(proxy_go_error(a, p->place.host, e, sent)));
}

static void on_done(void *ctx, int e, int status, const struct http_headers *h, str body,
                    bool maybe_sent) {
    struct proxy *p = ctx;
    p->call = NULL;
    if (!p->status) {
        answer(p, unreachable(p, e < 0 ? e : -EPROTO, maybe_sent));
        return;
    }
    p->whole = e == 0;
    if (e < 0)
        cut(p);
    else if (!p->page || page_is_written(p->page))
        end(p);
}

/* ---- the request ---- */

static enum phase_result send(struct proxy *p) {
    struct request *r = p->r;
    struct arena *a = r->arena;
    const struct proxy_target *t = &p->target;
    struct http_client_options co = {
        .address = str_cdup(a, str_printf(a, "tcp:" STR_FMT, STR_ARG(p->place.host))),
        .host = str_cdup(a, p->place.host),
        .tls = t->tls,
        .connections = 1};
    int e = http_client_new(r->server->loop, &co, &p->client);
    if (e < 0)
        return respond_status(r, status_new(a, 500, NULL, "%s", strerror(-e)));
    struct http_headers h =
        proxy_request_headers(a, &r->x->headers, false, str_of(r->x->remote), r->x->path);
    struct http_call_options o = {
        .method = str_cdup(a, r->x->method),
        .target = proxy_request_target(a, t),
        .headers = h.v,
        .n_headers = h.n,
        .stream_body = r->x->body_length != 0,
        .body_length = r->x->body_length,
        .on_drained = on_drained,
        .on_head = on_head,
        .on_data = on_data,
        .on_done = on_done,
        .ctx = p,
    };
    request_endless(r, NULL);
    p->call = http_client_call(p->client, &o);
    if (o.stream_body)
        exchange_stream_body(r->x, body_piece, body_end);
    return PHASE_WAIT;
}

/* A page at ".../proxy" would resolve its links against the wrong folder. */
static enum phase_result redirect_to_root(struct request *r) {
    struct exchange *x = TAKE(r->x);
    struct http_header h[] = {
        {STR("Location"), str_printf(r->arena, STR_FMT "/%s" STR_FMT, STR_ARG(x->path),
                                     x->query.n ? "?" : "", STR_ARG(x->query))},
        {STR("Audit-Id"), r->audit_id},
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
    if (!r->x->http2 && proxy_wants_upgrade(&r->x->headers))
        return proxy_upgrade(r, t);
    if (t->stream)
        return respond_status(r, status_bad_request(a, "Upgrade request required"));
    bool reads = str_eqc(r->x->method, "GET") || str_eqc(r->x->method, "HEAD");
    if (!t->path.n && reads)
        return redirect_to_root(r);
    struct proxy *p = arena_make(a, struct proxy);
    p->r = r;
    p->target = *t;
    if (t->tls)
        tls_config_ref(t->tls);
    p->place = (struct page_place){.host = proxy_host(a, t),
                                   .asked = http_header_get(&r->x->headers, "Host"),
                                   .prefix = prefix_of(r)};
    r->data = p;
    r->cleanup = cleanup;
    return send(p);
}
