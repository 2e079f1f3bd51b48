// SPDX-License-Identifier: Apache-2.0
/* What the tests of the HTTP client share, whichever version it speaks: a fixture with a server, or
 * with one that the test plays byte by byte, and calls whose answers are kept. */
#pragma once

#include "net/client.h"
#include "net/exchange.h"
#include "net/server.h"
#include "net_test.h"

#define CALLS_MAX 400

struct answer {
    struct fixture *f;
    unsigned done, heads, pieces;
    int r, status;
    bool maybe_sent;
    struct buf body;
    bool pause;            /* after each piece */
    unsigned cancel_other; /* the first piece cancels this call */
    bool cancel_self;      /* the first piece cancels its own */
    bool free_in_piece, free_in_done;
    struct http_call *call;
};

struct fixture {
    struct world w;
    struct http_server *s;     /* NULL: the test plays it */
    struct listener *listener; /* of a server that is played byte by byte */
    struct raw played[8];
    unsigned n_played;
    struct http_client *c;
    unsigned conns, requests, aborts, now, most;
    struct exchange *held[CALLS_MAX]; /* "/watch": streams that stay open */
    size_t n_held;
    str authority;
    char seen[64];
    struct answer a[CALLS_MAX];
};

struct delayed {
    struct timer t;
    struct exchange *x;
    struct fixture *f;
};

UNUSED static void answer_later(struct timer *t) {
    struct delayed *d = container_of(t, struct delayed, t);
    d->f->now--;
    exchange_respond(d->x, 200, NULL, 0, d->x->query);
}

UNUSED static void delayed_abort(struct exchange *x) {
    struct delayed *d = x->ctx;
    d->f->now--;
    d->f->aborts++;
    timer_stop(x->loop, &d->t);
}

UNUSED static void echo(struct exchange *x, int r, str body) {
    exchange_respond(x, r < 0 ? 400 : 201, NULL, 0, body);
}

/* Answers with the query after 20 ms. */
UNUSED static void delay(struct fixture *f, struct exchange *x) {
    struct delayed *d = arena_make(x->arena, struct delayed);
    *d = (struct delayed){.t.fire = answer_later, .x = x, .f = f};
    x->ctx = d;
    x->on_abort = delayed_abort;
    f->now++;
    f->most = MAX(f->most, f->now);
    timer_start(x->loop, &d->t, 20 * NSEC_PER_MSEC);
}

UNUSED static void on_played(struct listener *l, struct stream *s) {
    struct fixture *f = l->ctx;
    REQUIRE(f->n_played < ARRAY_LEN(f->played));
    raw_use(&f->played[f->n_played++], f->w.l, s);
}

/* Connections to sim:server are the test's to answer. */
UNUSED static void play(struct fixture *f) {
    struct err e;
    REQUIRE(transport_listen(f->w.l, "sim:server", &e, &f->listener) == 0);
    f->listener->accepted = on_played;
    f->listener->ctx = f;
}

UNUSED static void stop(struct fixture *f) {
    http_client_free(f->c);
    http_server_free(f->s);
    listener_close(f->listener);
    for (unsigned i = 0; i < f->n_played; i++)
        raw_done(&f->played[i]);
    for (unsigned i = 0; i < CALLS_MAX; i++)
        buf_done(&f->a[i].body);
    world_done(&f->w);
}

UNUSED static void on_done(void *ctx, int r, int status, const struct http_headers *h, str body,
                           bool maybe_sent) {
    struct answer *a = ctx;
    struct fixture *f = a->f;
    a->done++;
    a->r = r;
    a->status = status;
    a->maybe_sent = maybe_sent;
    a->call = NULL;
    buf_add(&a->body, body);
    if (h && http_header_get(h, "x-test").n)
        snprintf(f->seen, sizeof(f->seen), STR_FMT, STR_ARG(http_header_get(h, "x-test")));
    if (a->free_in_done)
        f->c = http_client_free(f->c);
}

UNUSED static void on_head(void *ctx, int status, const struct http_headers *h) {
    struct answer *a = ctx;
    a->heads++;
    a->status = status;
}

UNUSED static bool on_data(void *ctx, str data) {
    struct answer *a = ctx;
    struct fixture *f = a->f;
    a->pieces++;
    buf_add(&a->body, data);
    if (a->cancel_other)
        http_call_cancel(TAKE(f->a[a->cancel_other].call));
    if (a->cancel_self)
        http_call_cancel(TAKE(a->call));
    if (a->free_in_piece)
        f->c = http_client_free(f->c);
    return !a->pause;
}

UNUSED static struct http_call_options get(const char *target) {
    return (struct http_call_options){.method = "GET", .target = str_of(target)};
}

UNUSED static void call(struct fixture *f, unsigned i, struct http_call_options o) {
    struct answer *a = &f->a[i];
    a->f = f;
    o.on_done = on_done;
    o.ctx = a;
    a->call = http_client_call(f->c, &o);
}

UNUSED static struct http_call_options streaming(const char *target) {
    struct http_call_options o = get(target);
    o.on_head = on_head;
    o.on_data = on_data;
    return o;
}
