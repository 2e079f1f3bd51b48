// SPDX-License-Identifier: Apache-2.0
#include "apiserver/connect/kubelet_client.h"

#include <stdlib.h>

#include "base/base64.h"
#include "base/map.h"
#include "net/client.h"

#define BASE64_PROTOCOL "base64.binary.k8s.io"
#define KUBELET_PORT    10250
#define ERROR_TEXT_MAX  2048 /* of a kubelet's error answer, as upstream reads it */
#define CONNECTIONS     1000 /* a node: each followed log holds one */

struct link {
    struct http_client *http;
    unsigned active;
    int64_t used;
};

struct kubelet_client {
    struct loop *loop;
    struct store *store;
    struct tls_config *tls;
    struct map links; /* "tcp:IP:PORT" -> struct link */
};

/* One log on its way through. */
struct log_stream {
    struct request *r;
    struct link *link;
    struct http_call *call;
    int status;
    bool started, paused;
    bool socket; /* a WebSocket */
    bool base64; /* one that carries text only */
    str protocol;
    struct buf error;
};

/* ---- links ---- */

static int client_tls(str ca, str cert, str key, struct err *e, struct tls_config **ret) {
    static const char *const alpn[] = {"http/1.1", NULL};
    return tls_config_new(
        &(struct tls_options){
            .ca_pem = ca, .insecure = ca.n == 0, .cert_pem = cert, .key_pem = key, .alpn = alpn},
        false, e, ret);
}

static void link_free(struct kubelet_client *k, str address) {
    struct link *l = map_del(&k->links, address);
    http_client_free(l->http);
    free(l);
}

/* Makes room by dropping the pool that was idle longest. */
static bool make_room(struct kubelet_client *k) {
    struct map_entry *oldest = NULL;
    if (k->links.n < KUBELET_NODES_MAX)
        return true;
    MAP_FOREACH (it, &k->links) {
        const struct link *l = it->value;
        if (!l->active && (!oldest || l->used < ((struct link *)oldest->value)->used))
            oldest = it;
    }
    if (oldest)
        link_free(k, oldest->key);
    return oldest != NULL;
}

static struct link *link_of(struct kubelet_client *k, str address, str ip) {
    struct link *l = map_get(&k->links, address);
    if (!l && make_room(k)) {
        struct arena a;
        arena_init(&a, 0);
        l = xcalloc(1, sizeof(*l));
        if (http_client_new(k->loop,
                            &(struct http_client_options){.address = str_cdup(&a, address),
                                                          .host = str_cdup(&a, ip),
                                                          .tls = k->tls,
                                                          .connections = CONNECTIONS},
                            &l->http) < 0) {
            free(l);
            l = NULL;
        } else {
            map_put(&k->links, address, l);
        }
        arena_done(&a);
    }
    if (l)
        l->used = loop_now(k->loop);
    return l;
}

int kubelet_client_new(struct loop *l, const struct kubelet_client_options *o, struct err *e,
                       struct kubelet_client **ret) {
    struct tls_config *tls = NULL;
    int r = client_tls(o->ca_pem, o->cert_pem, o->key_pem, e, &tls);
    if (r < 0)
        return r;
    struct kubelet_client *k = xcalloc(1, sizeof(*k));
    k->loop = l;
    k->store = o->store;
    k->tls = tls;
    map_init(&k->links, NULL);
    *ret = k;
    return 0;
}

int kubelet_client_set_identity(struct kubelet_client *k, str ca_pem, str cert_pem, str key_pem,
                                struct err *e) {
    struct tls_config *tls = NULL;
    int r = client_tls(ca_pem, cert_pem, key_pem, e, &tls);
    if (r < 0)
        return r;
    tls_config_unref(k->tls);
    k->tls = tls;
    MAP_FOREACH (it, &k->links)
        http_client_set_tls(((struct link *)it->value)->http, tls);
    return 0;
}

struct kubelet_client *kubelet_client_free(struct kubelet_client *k) {
    if (!k)
        return NULL;
    MAP_FOREACH (it, &k->links)
        link_free(k, it->key);
    map_done(&k->links);
    tls_config_unref(k->tls);
    free(k);
    return NULL;
}

/* ---- where a node is ---- */

static bool declares(const Node *n, const char *feature) {
    for (uint32_t i = 0; i < n->status.declared_features.n; i++)
        if (str_eqc(n->status.declared_features.v[i], feature))
            return true;
    return false;
}

static int locate(void *ctx, struct arena *a, str name, struct kubelet_location *ret) {
    struct kubelet_client *k = ctx;
    const struct api_resource *res = RESOURCE_OF(core_v1_nodes);
    struct object *o = store_get(k->store, res, object_key(a, res, STR_NONE, name));
    if (!o)
        return -ENOENT;
    const Node *n = object_decode(a, o);
    int port = n->status.daemon_endpoints.kubelet_endpoint.port;
    for (uint32_t i = 0; i < n->status.addresses.n; i++) {
        const NodeAddress *at = &n->status.addresses.v[i];
        if (!str_eqc(at->type, "InternalIP"))
            continue;
        *ret = (struct kubelet_location){.ip = at->address,
                                         .port = port ? port : KUBELET_PORT,
                                         .tls = k->tls,
                                         .websockets = declares(n, "ExtendWebSocketsToKubelet")};
        return 0;
    }
    return -EADDRNOTAVAIL;
}

/* ---- logs ---- */

static void log_cleanup(struct request *r) {
    struct log_stream *s = r->data;
    if (s->call)
        http_call_cancel(s->call);
    if (s->link)
        s->link->active--;
    buf_done(&s->error);
}

static void on_writable(struct exchange *x) {
    struct request *r = x->ctx;
    struct log_stream *s = r->data;
    if (s->paused && s->call) {
        s->paused = false;
        http_call_resume(s->call);
    }
}

static void run_end(struct task *t) {
    request_end(container_of(t, struct request, task));
}

/* Each piece of the log is a message, after an empty one by which the client sees that the stream
 * stands before a container has said anything. A request that cannot become a WebSocket after all
 * (it has a body, or is HTTP/1.0) ends outside of the kubelet's answer. */
static void start_socket(struct log_stream *s) {
    struct request *r = s->r;
    if (exchange_start_websocket(r->x, s->base64 ? WEBSOCKET_TEXT : WEBSOCKET_BINARY, s->protocol,
                                 on_writable) == 0) {
        exchange_write(r->x, STR(""));
        return;
    }
    respond_text(r, 400, STR("bad WebSocket handshake\n"));
    r->task.run = run_end;
    loop_defer(r->server->loop, &r->task);
}

static void on_head(void *ctx, int status, const struct http_headers *headers) {
    struct log_stream *s = ctx;
    s->status = status;
    if (status != 200 || !s->r->x)
        return;
    s->started = true;
    s->r->code = s->socket ? 101 : 200;
    if (s->socket) {
        start_socket(s);
        return;
    }
    str type = http_header_get(headers, "Content-Type");
    struct http_headers h =
        request_headers(s->r, str_cdup(s->r->arena, type.n ? type : STR("text/plain")));
    exchange_start(s->r->x, 200, h.v, h.n, on_writable);
}

static bool on_data(void *ctx, str data) {
    struct log_stream *s = ctx;
    if (!s->started) {
        buf_add(&s->error,
                str_slice(data, 0, ERROR_TEXT_MAX - MIN(s->error.n, (size_t)ERROR_TEXT_MAX)));
        return true;
    }
    if (!s->r->x)
        return true;
    if (s->base64) {
        struct arena a;
        arena_init(&a, 0);
        exchange_write(s->r->x, base64_encode_in(&a, data, 0));
        arena_done(&a);
    } else {
        exchange_write(s->r->x, data);
    }
    s->paused = s->r->x && !exchange_writable(s->r->x);
    return !s->paused;
}

/* A kubelet's refusal, as upstream's response checker words it. */
static Status *refusal(struct log_stream *s) {
    struct arena *a = s->r->arena;
    str text = str_dup(a, buf_str(&s->error));
    if (s->status == 400)
        return status_bad_request(a, STR_FMT, STR_ARG(text));
    if (s->status == 500)
        return status_new(a, 500, "InternalError", "Internal error occurred: " STR_FMT,
                          STR_ARG(text));
    return status_new(a, s->status, s->status == 404 ? "NotFound" : "Unknown",
                      "the server responded with the status code %d but did not return more "
                      "information: " STR_FMT,
                      s->status, STR_ARG(text));
}

static void on_done(void *ctx, int e, int status, const struct http_headers *headers, str body,
                    bool maybe_sent) {
    struct log_stream *s = ctx;
    struct request *r = s->r;
    s->call = NULL;
    if (s->started) {
        struct exchange *x = TAKE(r->x);
        if (x && e < 0)
            exchange_abort(x);
        else if (x)
            exchange_end(x);
    } else if (e < 0) {
        respond_status(r, status_new(r->arena, 500, "InternalError",
                                     "Internal error occurred: the kubelet of node cannot be "
                                     "reached: %s",
                                     strerror(-e)));
    } else {
        respond_status(r, refusal(s));
    }
    request_end(r);
}

/* Whether the log goes out as a WebSocket, and how; false: it cannot. */
static bool choose_socket(struct log_stream *s) {
    static const char *const known[] = {"binary.k8s.io", BASE64_PROTOCOL, NULL};
    const struct exchange *x = s->r->x;
    str key;
    s->socket = !x->http2 && websocket_wanted(&x->headers);
    if (!s->socket)
        return true;
    bool ok = websocket_key(&x->headers, &key) == 0 &&
              websocket_choose(&x->headers, known, &s->protocol) == 0;
    s->base64 = str_eqc(s->protocol, BASE64_PROTOCOL);
    return ok;
}

static enum phase_result log_of(void *ctx, struct request *r, const Pod *p, str container) {
    struct kubelet_client *k = ctx;
    struct arena *a = r->arena;
    struct kubelet_location at;
    if (!kubelet_locate(r, p->spec.node_name, &at))
        return PHASE_DONE;
    bool v6 = str_chr(at.ip, ':') >= 0;
    str address =
        str_printf(a, v6 ? "tcp:[" STR_FMT "]:%d" : "tcp:" STR_FMT ":%d", STR_ARG(at.ip), at.port);
    struct log_stream *s = arena_make(a, struct log_stream);
    s->r = r;
    buf_init(&s->error, ERROR_TEXT_MAX);
    if (!choose_socket(s))
        return respond_text(r, 403, STR("bad WebSocket handshake\n"));
    s->link = link_of(k, address, at.ip);
    if (!s->link)
        return respond_status(
            r, status_new(a, 503, "ServiceUnavailable", "too many nodes are asked at once"));
    s->link->active++;
    r->data = s;
    r->cleanup = log_cleanup;
    request_endless(r, NULL);
    str target = str_printf(a, "/containerLogs/" STR_FMT "/" STR_FMT "/" STR_FMT "%s" STR_FMT,
                            STR_ARG(p->metadata.namespace_), STR_ARG(p->metadata.name),
                            STR_ARG(container), r->x->query.n ? "?" : "", STR_ARG(r->x->query));
    s->call = http_client_call(s->link->http, &(struct http_call_options){.method = "GET",
                                                                          .target = target,
                                                                          .on_head = on_head,
                                                                          .on_data = on_data,
                                                                          .on_done = on_done,
                                                                          .ctx = s});
    return PHASE_WAIT;
}

const struct kubelet_ops kubelet_client_ops = {.log = log_of, .locate = locate};
