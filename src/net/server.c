// SPDX-License-Identifier: Apache-2.0
/* HTTP server: listeners, the list of connections, draining.
 *
 * The layers of a request: a listener gives a stream; where there is TLS the stream becomes a TLS
 * stream first (tls_start, rationed); then the protocol that ALPN chose takes it (http1_server.c,
 * http2_server.c) and makes exchanges of its bytes. An exchange knows its protocol through struct
 * exchange_ops only, a connection is known to the server through struct server_conn_ops only.
 *
 * Memory follows attention: a connection without a request holds its own struct, the TLS session
 * and no buffers; bytes read live in a buffer that goes when it is empty; a request lives in the
 * arena of its exchange; bytes to be written are bounded by HTTP_OUT_HIGH for streams (the handler
 * is told to wait) and by one answer for the rest (the next request is not read before). */
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "net/exchange.h"

void server_conn_init(struct server_conn *c, struct http_server *s,
                      const struct server_conn_ops *ops) {
    c->server = s;
    c->ops = ops;
    list_init(&c->node);
    list_append(&s->conns, &c->node);
    s->n_conns++;
}

void server_conn_gone(struct server_conn *c) {
    struct http_server *s = TAKE(c->server);
    if (!s)
        return;
    list_remove(&c->node);
    s->n_conns--;
    if (s->draining && !s->n_conns)
        loop_defer(s->loop, &s->drained_task);
}

const char *server_date(struct http_server *s) {
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t now = loop_wall(s->loop) / NSEC_PER_SEC;
    if (now == s->date_at && s->date[0])
        return s->date;
    struct civil t = time_to_civil(now);
    snprintf(s->date, sizeof(s->date), "%s, %02d %s %04d %02d:%02d:%02d GMT",
             days[time_weekday(now)], t.day % 100, months[(t.month - 1) % 12], t.year % 10000,
             t.hour % 100, t.minute % 100, t.second % 100);
    s->date_at = now;
    return s->date;
}

/* A TLS handshake counts as a connection. */
struct handshake {
    struct server_conn base;
    struct tls_handshake *tls;
};

static void handshake_kill(struct server_conn *base) {
    struct handshake *h = container_of(base, struct handshake, base);
    tls_cancel(h->tls);
    server_conn_gone(base);
    free(h);
}

static const struct server_conn_ops handshake_ops = {
    .drain = handshake_kill,
    .kill = handshake_kill,
};

static void start_protocol(struct http_server *s, struct stream *stream) {
    if (str_eq(tls_alpn(stream), STR("h2")))
        http2_conn_start(s, stream);
    else
        http1_conn_start(s, stream);
}

static void handshake_done(void *ctx, int r, struct stream *stream, const struct err *e) {
    struct handshake *h = ctx;
    struct http_server *s = h->base.server;
    if (r == 0)
        start_protocol(s, stream);
    else
        s->tls_failures++;
    server_conn_gone(&h->base);
    free(h);
}

static void on_accepted(struct listener *l, struct stream *stream) {
    struct http_server *s = l->ctx;
    if (s->n_conns >= HTTP_CONNECTIONS_MAX) {
        stream_close(stream);
        return;
    }
    if (!s->tls) {
        start_protocol(s, stream);
        return;
    }
    struct handshake *h = xcalloc(1, sizeof(*h));
    server_conn_init(&h->base, s, &handshake_ops);
    h->tls = tls_start(s->tls, stream, NULL, handshake_done, h);
}

uint64_t http_server_tls_failures(const struct http_server *s) {
    return s->tls_failures;
}

static void say_drained(struct http_server *s) {
    timer_stop(s->loop, &s->drain_timer);
    loop_cancel(s->loop, &s->drained_task);
    void (*drained)(void *) = TAKE(s->drained);
    if (drained)
        drained(s->drained_ctx);
}

static void run_drained(struct task *t) {
    say_drained(container_of(t, struct http_server, drained_task));
}

static void kill_conns(struct http_server *s) {
    while (!list_empty(&s->conns)) {
        struct server_conn *c = container_of(s->conns.next, struct server_conn, node);
        c->ops->kill(c);
    }
}

static void drain_timeout(struct timer *t) {
    struct http_server *s = container_of(t, struct http_server, drain_timer);
    kill_conns(s);
    say_drained(s);
}

static void close_listeners(struct http_server *s) {
    for (size_t i = 0; i < s->n_listeners; i++)
        listener_close(s->listeners[i]);
    free(s->listeners);
    s->listeners = NULL;
    s->n_listeners = 0;
}

int http_server_new(struct loop *l, const struct http_server_options *o, struct err *e,
                    struct http_server **ret) {
    CLEANUP(http_server_freep) struct http_server *s = xcalloc(1, sizeof(*s));
    s->loop = l;
    s->handler = o->handler;
    s->ctx = o->ctx;
    list_init(&s->conns);
    list_init(&s->drained_task.node);
    s->drained_task.run = run_drained;
    s->drain_timer.fire = drain_timeout;
    if (o->tls)
        s->tls = tls_config_ref(o->tls);
    size_t n = 0;
    while (o->addresses[n])
        n++;
    s->listeners = xcalloc(n + 1, sizeof(struct listener *));
    for (size_t i = 0; i < n; i++) {
        struct listener *li;
        int r = transport_listen(l, o->addresses[i], e, &li);
        if (r < 0)
            return r;
        li->accepted = on_accepted;
        li->ctx = s;
        s->listeners[s->n_listeners++] = li;
    }
    *ret = TAKE(s);
    return 0;
}

const char *http_server_address(const struct http_server *s, size_t i) {
    ASSERT(i < s->n_listeners);
    return s->listeners[i]->address;
}

void http_server_set_tls(struct http_server *s, struct tls_config *tls) {
    if (tls)
        tls_config_ref(tls);
    tls_config_unref(s->tls);
    s->tls = tls;
}

void http_server_drain(struct http_server *s, int64_t timeout_ns, void (*drained)(void *),
                       void *ctx) {
    ASSERT(!s->draining);
    s->draining = true;
    s->drained = drained;
    s->drained_ctx = ctx;
    close_listeners(s);
    timer_start(s->loop, &s->drain_timer, timeout_ns);
    LIST_FOREACH (node, &s->conns) {
        struct server_conn *c = container_of(node, struct server_conn, node);
        c->ops->drain(c);
    }
    if (!s->n_conns)
        loop_defer(s->loop, &s->drained_task);
}

struct http_server *http_server_free(struct http_server *s) {
    if (!s)
        return NULL;
    close_listeners(s);
    s->draining = true;
    s->drained = NULL;
    kill_conns(s);
    timer_stop(s->loop, &s->drain_timer);
    loop_cancel(s->loop, &s->drained_task);
    tls_config_unref(s->tls);
    free(s);
    return NULL;
}
