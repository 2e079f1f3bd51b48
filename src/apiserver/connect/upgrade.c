// SPDX-License-Identifier: Apache-2.0
/* A request for another protocol on its way to another server: a connection is made, the upgrade is
 * asked for there, and when the other side agrees the client's connection and that one are joined.
 * The request is over with that; what joins them is the server's own and outlives it.
 *
 *     call -> 101 -> hijack -> joined (in apiserver.tunnels)
 *          -> anything else: the client's to see
 *
 * How they are joined depends on what the two speak (enum proxy_join): the same, or the client
 * WebSocket and a kubelet that has not said it knows that, SPDY. */
#include "apiserver/connect/channels.h"
#include "apiserver/connect/proxy.h"
#include "apiserver/nonresource/metrics.h"

#include <stdlib.h>

#include "net/client.h"
#include "net/tunnel.h"

#define SPDY             "SPDY/3.1"
#define PROTOCOL_VERSION "X-Stream-Protocol-Version"

struct upgrade {
    struct request *r;
    struct proxy_target target;
    str host; /* "10.0.0.7:80" */
    str path; /* and query, encoded */
    str key;  /* of a WebSocket's handshake */
    struct http_client *client;
    struct http_call *call;
};

/* ---- what is joined ---- */

struct joined {
    struct list node; /* apiserver.tunnels */
    struct apiserver *server;
    enum proxy_join join;
    struct channels_options wanted;
    struct stream *backend; /* until the client's stream is ours too; NULL: there is none */
    struct buf early;       /* of the backend, or what the client is told instead */
    struct tunnel *tunnel;
    struct channels *channels;
    struct series *running; /* its gauge is one higher for it */
};

static void joined_free(struct joined *j) {
    list_remove(&j->node);
    j->server->n_tunnels--;
    series_add(j->running, -1);
    stream_close(j->backend);
    tunnel_free(j->tunnel);
    channels_free(j->channels);
    buf_done(&j->early);
    free(j);
}

static void joined_ended(void *ctx) {
    joined_free(ctx);
}

static void client_taken(void *ctx, struct stream *client, str already_read) {
    struct joined *j = ctx;
    struct loop *l = j->server->loop;
    struct stream *backend = TAKE(j->backend);
    if (!client) {
        stream_close(backend);
        joined_free(j);
        return;
    }
    str early = buf_str(&j->early);
    if (j->join != PROXY_JOIN_CHANNELS)
        j->tunnel = tunnel_new(l,
                               &(struct tunnel_end){.s = client,
                                                    .early = already_read,
                                                    .websocket = j->join == PROXY_JOIN_MESSAGES},
                               &(struct tunnel_end){.s = backend, .early = early}, joined_ended, j);
    else if (backend)
        j->channels =
            channels_new(l, client, already_read, backend, early, &j->wanted, joined_ended, j);
    else
        j->channels = channels_refuse(l, client, already_read, &j->wanted, early, joined_ended, j);
    buf_done(&j->early);
}

void proxy_cut_tunnels(struct apiserver *s) {
    while (!list_empty(&s->tunnels))
        joined_free(container_of(s->tunnels.next, struct joined, node));
}

/* ---- the answer ---- */

static void cleanup(struct request *r) {
    struct upgrade *u = r->data;
    if (u->call)
        http_call_cancel(TAKE(u->call));
    u->client = http_client_free(u->client);
    tls_config_unref(u->target.tls);
}

static void answer(struct upgrade *u, Status *s) {
    respond_status(u->r, s);
    request_end(u->r);
}

/* Answers 101 with these headers; what follows is the joined one's. */
static void join(struct upgrade *u, const struct http_headers *h, struct stream *backend,
                 str early) {
    struct request *r = u->r;
    struct apiserver *server = r->server;
    struct joined *j = xcalloc(1, sizeof(*j));
    j->server = server;
    j->join = u->target.join;
    j->wanted = u->target.channels;
    j->running = metrics_running(r);
    j->backend = backend;
    buf_add(&j->early, early);
    list_init(&j->node);
    list_append(&server->tunnels, &j->node);
    server->n_tunnels++;
    int e = exchange_hijack(r->x, h->v, h->n, client_taken, j);
    if (e < 0) {
        joined_free(j);
        answer(u, status_new(r->arena, 500, NULL, "error hijacking connection: %s", strerror(-e)));
        return;
    }
    r->x = NULL;
    r->code = 101;
    request_end(r);
}

/* The handshake's answer, when we are the WebSocket's server. */
static struct http_headers websocket_headers(struct upgrade *u, str protocol) {
    struct arena *a = u->r->arena;
    struct http_headers h = {0};
    http_header_add(a, &h, STR("Upgrade"), STR("websocket"));
    http_header_add(a, &h, STR("Sec-WebSocket-Accept"), websocket_accept(a, u->key));
    if (protocol.n)
        http_header_add(a, &h, STR("Sec-WebSocket-Protocol"), protocol);
    return h;
}

static void join_channels(struct upgrade *u, struct stream *kubelet, str early) {
    struct http_headers h = websocket_headers(u, STR(CHANNELS_PROTOCOL));
    join(u, &h, kubelet, early);
}

/* There is no command to speak with: the client hears so as it would of the command's end. */
static void refuse_channels(struct upgrade *u, Status *s) {
    join_channels(u, NULL, channels_status_text(u->r->arena, s));
}

static void on_upgrade(void *ctx, const struct http_headers *h, struct stream *s, str early) {
    struct upgrade *u = ctx;
    struct arena *a = u->r->arena;
    u->call = NULL;
    if (u->target.join == PROXY_JOIN_BYTES) {
        join(u, h, s, early);
        return;
    }
    bool is_spdy = str_find(str_lower(a, http_header_get(h, "Upgrade")), STR("spdy/3.1")) >= 0;
    if (is_spdy && u->target.join == PROXY_JOIN_CHANNELS) {
        join_channels(u, s, early);
    } else if (is_spdy) {
        str version = str_trim(http_header_get(h, PROTOCOL_VERSION));
        struct http_headers out =
            websocket_headers(u, version.n ? str_concat(a, STR(SPDY "+"), version) : STR_NONE);
        join(u, &out, s, early);
    } else {
        stream_close(s);
        if (u->target.join == PROXY_JOIN_CHANNELS) {
            refuse_channels(u, channels_internal_error(a, "unable to upgrade connection: "));
            return;
        }
        respond_text(u->r, 500, STR("unable to upgrade: missing upgrade headers in response\n"));
        request_end(u->r);
    }
}

static Status *unreachable(struct upgrade *u, int e, bool sent) {
    struct arena *a = u->r->arena;
    str why = proxy_go_error(a, u->host, e, sent);
    if (u->target.join == PROXY_JOIN_CHANNELS)
        return channels_internal_error(
            a, "error sending request: Post \"%s://" STR_FMT STR_FMT "\": " STR_FMT,
            u->target.tls ? "https" : "http", STR_ARG(u->host), STR_ARG(u->path), STR_ARG(why));
    return status_new(a, 500, NULL, sent ? STR_FMT : "error dialing backend: " STR_FMT,
                      STR_ARG(why));
}

/* Not upgraded: an error is the client's to see as it is. */
static void refused(struct upgrade *u, int status, const struct http_headers *h, str body) {
    struct request *r = u->r;
    if (u->target.join == PROXY_JOIN_CHANNELS) {
        refuse_channels(u,
                        channels_internal_error(r->arena, "unable to upgrade connection: " STR_FMT,
                                                STR_ARG(str_trim(body))));
        return;
    }
    if (status < 400) {
        answer(u,
               status_new(r->arena, 500, NULL, "invalid upgrade response: status code %d", status));
        return;
    }
    str asked = http_header_get(&r->x->headers, "Host");
    struct http_headers out = proxy_answer_headers(r->arena, h, u->host, asked, STR_NONE);
    http_header_add(r->arena, &out, STR("Audit-Id"), r->audit_id);
    http_header_add(r->arena, &out, STR("Connection"), STR("close"));
    r->code = (uint16_t)status;
    exchange_respond(TAKE(r->x), status, out.v, out.n, body);
    request_end(r);
}

static void on_done(void *ctx, int e, int status, const struct http_headers *h, str body,
                    bool maybe_sent) {
    struct upgrade *u = ctx;
    u->call = NULL;
    if (e == 0)
        refused(u, status, h, body);
    else if (u->target.join == PROXY_JOIN_CHANNELS)
        refuse_channels(u, unreachable(u, e, maybe_sent));
    else
        answer(u, unreachable(u, e, maybe_sent));
}

/* ---- the request ---- */

/* What the other server is asked: the client's own words, or, where we speak for it, SPDY. */
static struct http_headers request_headers_of(const struct upgrade *u) {
    struct request *r = u->r;
    struct arena *a = r->arena;
    enum proxy_join join = u->target.join;
    struct http_headers all =
        proxy_request_headers(a, &r->x->headers, true, str_of(r->x->remote), STR_NONE);
    if (join == PROXY_JOIN_BYTES)
        return all;
    struct http_headers out = {0};
    for (uint32_t i = 0; join == PROXY_JOIN_MESSAGES && i < all.n; i++)
        if (!proxy_is_of_upgrade(all.v[i].name))
            http_header_add(a, &out, all.v[i].name, all.v[i].value);
    http_header_add(a, &out, STR("Connection"), STR("Upgrade"));
    http_header_add(a, &out, STR("Upgrade"), STR(SPDY));
    http_header_add(a, &out, STR(PROTOCOL_VERSION),
                    join == PROXY_JOIN_CHANNELS ? STR(CHANNELS_SPDY_PROTOCOL)
                                                : STR(PORT_FORWARD_PROTOCOL));
    return out;
}

static enum phase_result call(struct upgrade *u) {
    struct request *r = u->r;
    struct http_client_options co = {
        .address = str_cdup(r->arena, str_printf(r->arena, "tcp:" STR_FMT, STR_ARG(u->host))),
        .host = str_cdup(r->arena, u->host),
        .tls = u->target.tls,
        .connections = 1};
    int e = http_client_new(r->server->loop, &co, &u->client);
    if (e < 0)
        return respond_status(r, status_new(r->arena, 500, NULL, "%s", strerror(-e)));
    struct http_headers h = request_headers_of(u);
    struct http_call_options o = {
        .method = u->target.join == PROXY_JOIN_BYTES ? str_cdup(r->arena, r->x->method) : "POST",
        .target = u->path,
        .headers = h.v,
        .n_headers = h.n,
        .max_body = PROXY_REFUSAL_MAX,
        .on_upgrade = on_upgrade,
        .on_done = on_done,
        .ctx = u,
    };
    request_endless(r, NULL);
    u->call = http_client_call(u->client, &o);
    return PHASE_WAIT;
}

enum phase_result proxy_upgrade(struct request *r, const struct proxy_target *t) {
    struct arena *a = r->arena;
    str key = STR_NONE;
    if (r->x->body_length != 0)
        return respond_status(r, status_bad_request(a, "an upgrade request has no body"));
    if (t->join != PROXY_JOIN_BYTES && websocket_key(&r->x->headers, &key) < 0)
        return respond_text(r, 400, STR("bad WebSocket handshake\n"));
    if (r->server->n_tunnels >= TUNNELS_MAX)
        return respond_status(
            r, status_new(a, 429, "TooManyRequests", "Too many requests, please try again later."));
    struct upgrade *u = arena_make(a, struct upgrade);
    u->r = r;
    u->target = *t;
    u->key = key;
    u->host = proxy_host(a, t);
    u->path = proxy_request_target(a, t);
    if (t->tls)
        tls_config_ref(t->tls);
    r->data = u;
    r->cleanup = cleanup;
    return call(u);
}
