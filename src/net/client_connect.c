// SPDX-License-Identifier: Apache-2.0
/* Makes a connection of the HTTP client: the transport, TLS, then the protocol that ALPN chose. An
 * attempt belongs to no call in particular. */
#include <stdlib.h>

#include "net/client_impl.h"

struct client_attempt {
    struct list node;
    struct http_client *client;
    struct connect *connect;     /* first this, */
    struct tls_handshake *shake; /* then this */
    struct timer timer;
};

struct client_attempt *client_attempt_of(struct list *node) {
    return container_of(node, struct client_attempt, node);
}

void client_attempt_cancel(struct client_attempt *a) {
    list_remove(&a->node);
    a->client->n_attempts--;
    http_client_pump_soon(a->client);
    timer_stop(a->client->loop, &a->timer);
    connect_cancel(a->connect);
    if (a->shake)
        tls_cancel(a->shake);
    free(a);
}

static void failed(struct client_attempt *a, int r) {
    struct http_client *c = a->client;
    client_attempt_cancel(a);
    http_client_not_connected(c, r);
}

static void established(struct client_attempt *a, struct stream *s) {
    struct http_client *c = a->client;
    client_attempt_cancel(a);
    c->shared = c->tls ? str_eq(tls_alpn(s), STR("h2")) : c->http2;
    if (c->shared)
        http2_client_start(c, s);
    else
        http1_client_start(c, s);
}

static void shaken(void *ctx, int r, struct stream *s, const struct err *e) {
    struct client_attempt *a = ctx;
    a->shake = NULL;
    if (r < 0)
        failed(a, r);
    else
        established(a, s);
}

static void connected(void *ctx, int r, struct stream *s) {
    struct client_attempt *a = ctx;
    struct http_client *c = a->client;
    a->connect = NULL;
    if (r < 0)
        failed(a, r);
    else if (c->tls)
        a->shake = tls_start(c->tls, s, c->tls_name, shaken, a);
    else
        established(a, s);
}

static void on_timer(struct timer *t) {
    failed(container_of(t, struct client_attempt, timer), -ETIMEDOUT);
}

void client_attempt_new(struct http_client *c) {
    struct client_attempt *a = xcalloc(1, sizeof(*a));
    a->client = c;
    a->timer.fire = on_timer;
    list_init(&a->node);
    list_append(&c->attempts, &a->node);
    c->n_attempts++;
    timer_start(c->loop, &a->timer, HTTP_CLIENT_CONNECT_TIMEOUT);
    int r = transport_connect(c->loop, c->address, connected, a, &a->connect);
    if (r < 0)
        failed(a, r);
}
