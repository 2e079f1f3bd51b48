// SPDX-License-Identifier: Apache-2.0
/* The end of a server in the order that clients can follow:
 *
 *     /readyz fails          whoever balances load looks elsewhere (for as long as the delay lasts)
 *     nothing new            no listener, GOAWAY, Connection: close
 *     requests are answered
 *     watches end            last, so that they have told what those requests did
 *     the rest is cut        logs, proxies and tunnels, which have no end of their own
 *
 * Whatever does not go along is cut when the time is over. */
#include "apiserver/shutdown.h"

#include <stdlib.h>

#include "apiserver/connect/proxy.h"

struct shutdown {
    struct apiserver *server;
    struct timer delay;
    struct task task;
    int64_t timeout;
    bool draining;
    void (*done)(void *ctx);
    void *ctx;
};

static bool answers_wait(const struct apiserver *s) {
    LIST_FOREACH (node, &s->requests)
        if (!container_of(node, struct request, node)->endless)
            return true;
    return false;
}

/* First those that have a good end. */
static void end_streams(struct apiserver *s, bool cut) {
    LIST_FOREACH (node, &s->requests) {
        struct request *r = container_of(node, struct request, node);
        if (r->finish)
            r->finish(r);
        else if (cut)
            request_cut(r);
    }
}

static void look(struct task *t) {
    struct shutdown *d = container_of(t, struct shutdown, task);
    struct apiserver *s = d->server;
    if (answers_wait(s))
        return;
    end_streams(s, false);
    end_streams(s, true);
    proxy_cut_tunnels(s);
}

void shutdown_look(struct apiserver *s) {
    if (s->shutdown && s->shutdown->draining)
        loop_defer(s->loop, &s->shutdown->task);
}

static void drained(void *ctx) {
    struct shutdown *d = ctx;
    d->done(d->ctx);
}

static void drain(struct timer *t) {
    struct shutdown *d = container_of(t, struct shutdown, delay);
    d->draining = true;
    http_server_drain(d->server->http, d->timeout, drained, d);
    shutdown_look(d->server);
}

void apiserver_shutdown(struct apiserver *s, int64_t delay_ns, int64_t timeout_ns,
                        void (*done)(void *ctx), void *ctx) {
    ASSERT(!s->shutdown);
    struct shutdown *d = xcalloc(1, sizeof(*d));
    *d = (struct shutdown){.server = s, .timeout = timeout_ns, .done = done, .ctx = ctx};
    d->delay.fire = drain;
    d->task.run = look;
    list_init(&d->task.node);
    s->shutdown = d;
    timer_start(s->loop, &d->delay, delay_ns);
}

struct shutdown *shutdown_free(struct shutdown *d) {
    if (!d)
        return NULL;
    timer_stop(d->server->loop, &d->delay);
    loop_cancel(d->server->loop, &d->task);
    free(d);
    return NULL;
}
