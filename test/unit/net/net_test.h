// SPDX-License-Identifier: Apache-2.0
/* What the tests of net/ share: a world of one virtual loop, a raw peer that plays client or server
 * byte by byte, and helpers to wait. */
#pragma once

#include "loop/stream.h"
#include "loop/transport_sim.h"
#include "tap.h"

struct world {
    struct env_sim sim;
    struct env *env;
    struct loop *l;
};

UNUSED static void world_init(struct world *w) {
    env_sim_init(&w->sim, tap_seed());
    loop_env_sim(&w->sim);
    w->env = &w->sim.env;
    REQUIRE(loop_new_sim(&w->sim, &w->l) == 0);
}

UNUSED static void world_done(struct world *w) {
    loop_free(w->l);
    loop_env_done(w->env);
    env_sim_done(&w->sim);
}

UNUSED static bool never(void *ctx) {
    return false;
}

/* Lets virtual time pass. */
UNUSED static void pass(struct world *w, int64_t ns) {
    loop_run_until(w->l, never, NULL, ns);
}

/* One end of a stream driven by the test. */
struct raw {
    struct loop *l;
    struct stream *s;
    struct connect *connect;
    struct timer timer;
    struct buf in;
    struct buf out;
    size_t at;
    size_t piece;    /* bytes a write; 0: all */
    int64_t pause;   /* between pieces */
    bool no_read;    /* does not read */
    size_t read_max; /* bytes a read; 0: many */
    bool end;        /* the peer has ended */
    int error;
    bool connected;
};

UNUSED static void raw_write_some(struct raw *r) {
    if (!r->s || r->at >= r->out.n)
        return;
    size_t n = r->out.n - r->at;
    if (r->piece)
        n = MIN(n, r->piece);
    struct iovec v = {r->out.p + r->at, n};
    ssize_t k = stream_writev(r->s, &v, 1);
    if (k > 0)
        r->at += (size_t)k;
    else if (k < 0 && k != -EAGAIN)
        r->error = (int)k;
    if (r->at < r->out.n && !r->error)
        timer_start(r->l, &r->timer, r->piece ? r->pause : NSEC_PER_MSEC);
}

UNUSED static void raw_timer(struct timer *t) {
    raw_write_some(container_of(t, struct raw, timer));
}

UNUSED static void raw_ready(struct stream *s, unsigned events) {
    struct raw *r = s->ctx;
    static char bytes[65536];
    if (r->no_read)
        return;
    for (;;) {
        ssize_t n = stream_read(s, bytes, r->read_max ? r->read_max : sizeof(bytes));
        if (n == -EAGAIN)
            return;
        if (n <= 0) {
            r->end = true;
            r->error = (int)n;
            stream_want(s, 0);
            return;
        }
        buf_add(&r->in, str_n(bytes, (size_t)n));
        if (r->read_max)
            return;
    }
}

UNUSED static void raw_use(struct raw *r, struct loop *l, struct stream *s) {
    r->l = l;
    r->s = s;
    r->timer.fire = raw_timer;
    r->connected = true;
    s->ctx = r;
    s->ready = raw_ready;
    stream_want(s, r->no_read ? 0 : IO_READ);
    raw_write_some(r);
}

UNUSED static void raw_connected(void *ctx, int res, struct stream *s) {
    struct raw *r = ctx;
    r->connect = NULL;
    if (res < 0) {
        r->error = res;
        r->end = true;
        return;
    }
    raw_use(r, r->l, s);
}

UNUSED static void raw_connect(struct raw *r, struct loop *l, const char *address) {
    r->l = l;
    r->timer.fire = raw_timer;
    REQUIRE(transport_connect(l, address, raw_connected, r, &r->connect) == 0);
}

UNUSED static void raw_send(struct raw *r, const char *text) {
    buf_add(&r->out, str_of(text));
    if (!timer_on(&r->timer))
        raw_write_some(r);
}

UNUSED static void raw_done(struct raw *r) {
    if (r->l)
        timer_stop(r->l, &r->timer);
    connect_cancel(r->connect);
    stream_close(r->s);
    buf_done(&r->in);
    buf_done(&r->out);
    *r = (struct raw){0};
}

UNUSED static bool raw_ended(void *ctx) {
    return ((struct raw *)ctx)->end;
}

UNUSED static bool has_text(str s, const char *what) {
    return str_find(s, str_of(what)) >= 0;
}

UNUSED static size_t count_text(str s, const char *what) {
    size_t n = 0;
    for (ssize_t at; (at = str_find(s, str_of(what))) >= 0; n++)
        s = str_slice(s, (size_t)at + 1, s.n);
    return n;
}
