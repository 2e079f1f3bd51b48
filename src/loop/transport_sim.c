// SPDX-License-Identifier: Apache-2.0
/* A connection is two pipes with latency and an object that both ends hold. Bytes leave a writer,
 * are in flight until their time and that of all before them has come, then wait for
 * the reader; the sum of both is bounded, which gives back-pressure. Readiness is a `ready` source
 * of the virtual loop, level-triggered as epoll is. */
#include "loop/transport_sim.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "loop/loop_core.h"
#include "loop/transport.h"

struct segment {
    struct list node;
    int64_t at;
    size_t n; /* 0: the end of the stream */
    char bytes[];
};

struct sim_pipe {
    struct list flying; /* struct segment */
    struct timer timer; /* of the first of them */
    struct buf here;
    size_t n;   /* bytes flying and here */
    bool ended; /* the writer wrote its last */
    bool eof;   /* ... and it has arrived */
    struct sim_end *reader;
};

struct sim_end {
    struct stream s;
    struct ready ready;
    unsigned want;
    struct sim_pair *pair;
    struct sim_pipe *in, *out;
    bool open;
};

struct sim_pair {
    struct list node; /* of the transport */
    struct transport_sim *t;
    struct sim_pipe pipes[2];
    struct sim_end ends[2]; /* 0 connected, 1 accepted */
    bool cut;
    char address[128];
};

struct sim_listener {
    struct listener l;
    struct transport_sim *t;
};

struct sim_connect {
    struct connect c;
    struct transport_sim *t;
    struct timer timer;
    struct stream *s; /* accepted by the other side, on its way back */
    int error;
    char address[128];
};

struct transport_sim {
    struct transport t;
    struct env_sim *sim;
    struct sim_net net;
    struct map listeners;
    struct list pairs;
    uint64_t n_ports;
};

static struct transport_sim *sim_of(struct transport *t) {
    return container_of(t, struct transport_sim, t);
}

static struct sim_end *end_of(struct stream *s) {
    return container_of(s, struct sim_end, s);
}

static int64_t latency(struct transport_sim *t) {
    int64_t spread = t->net.latency_max - t->net.latency_min;
    if (spread <= 0)
        return t->net.latency_min;
    return t->net.latency_min + (int64_t)env_random_below(&t->sim->env, (uint64_t)spread + 1);
}

static bool chance(struct transport_sim *t, unsigned n, unsigned of) {
    return n && env_random_below(&t->sim->env, of) < n;
}

static size_t maybe_partial(struct transport_sim *t, size_t n) {
    if (n > 1 && chance(t, t->net.partial_percent, 100))
        return 1 + (size_t)env_random_below(&t->sim->env, n - 1);
    return n;
}

static unsigned events_of(const struct sim_end *e) {
    unsigned events = 0;
    if (e->pair->cut)
        return e->want | IO_HUP;
    if (e->in->here.n || e->in->eof)
        events |= IO_READ;
    if (e->out->n < SIM_PIPE_BYTES || e->out->ended || !e->out->reader->open)
        events |= IO_WRITE;
    return events & e->want;
}

/* A cut is told once to an end that wants nothing, as the real loop does. */
static void check_ready(struct sim_end *e) {
    if (e->open && events_of(e) & (IO_READ | IO_WRITE))
        loop_ready_add(e->s.loop, &e->ready);
}

static void on_ready(struct ready *r) {
    struct sim_end *e = container_of(r, struct sim_end, ready);
    unsigned events = events_of(e);
    if (events && e->s.ready) {
        check_ready(e); /* level-triggered: again next turn, unless the callee changes that */
        e->s.ready(&e->s, events);
    }
}

static void pipe_clear(struct sim_pipe *p, struct loop *l) {
    timer_stop(l, &p->timer);
    LIST_FOREACH (n, &p->flying) {
        list_remove(n);
        free(container_of(n, struct segment, node));
    }
    buf_done(&p->here);
    p->n = 0;
}

static void pair_cut(struct sim_pair *pair) {
    pair->cut = true;
    for (int i = 0; i < 2; i++)
        pipe_clear(&pair->pipes[i], pair->ends[i].s.loop);
    for (int i = 0; i < 2; i++)
        if (pair->ends[i].open)
            loop_ready_add(pair->ends[i].s.loop, &pair->ends[i].ready);
}

static void pipe_arrive(struct timer *t) {
    struct sim_pipe *p = container_of(t, struct sim_pipe, timer);
    struct loop *l = p->reader->s.loop;
    while (!list_empty(&p->flying)) {
        struct segment *g = container_of(p->flying.next, struct segment, node);
        if (g->at > loop_now(l)) {
            timer_start(l, t, g->at - loop_now(l));
            break;
        }
        list_remove(&g->node);
        if (g->n == 0)
            p->eof = true;
        else if (p->reader->open)
            buf_add(&p->here, str_n(g->bytes, g->n));
        free(g);
    }
    check_ready(p->reader);
}

static struct segment *fly(struct sim_pipe *p, struct transport_sim *t, size_t n) {
    struct loop *l = p->reader->s.loop;
    struct segment *g = xmalloc(sizeof(*g) + n);
    g->n = n;
    g->at = loop_now(l) + latency(t);
    list_append(&p->flying, &g->node);
    if (!timer_on(&p->timer))
        timer_start(l, &p->timer, g->at - loop_now(l));
    return g;
}

static ssize_t end_read(struct stream *s, void *out, size_t n) {
    struct sim_end *e = end_of(s);
    struct sim_pipe *p = e->in;
    if (e->pair->cut)
        return -ECONNRESET;
    if (!p->here.n)
        return p->eof ? 0 : -EAGAIN;
    n = maybe_partial(e->pair->t, MIN(n, p->here.n));
    memcpy(out, p->here.p, n);
    buf_consume(&p->here, n);
    p->n -= n;
    check_ready(&e->pair->ends[e == &e->pair->ends[0]]);
    return (ssize_t)n;
}

static ssize_t end_writev(struct stream *s, const struct iovec *iov, int n) {
    struct sim_end *e = end_of(s);
    struct sim_pipe *p = e->out;
    size_t total = 0, room = SIM_PIPE_BYTES - p->n;
    if (e->pair->cut)
        return -ECONNRESET;
    if (p->ended || !p->reader->open)
        return -EPIPE;
    for (int i = 0; i < n; i++)
        total += iov[i].iov_len;
    if (!total || !room)
        return total ? -EAGAIN : 0;
    if (chance(e->pair->t, e->pair->t->net.cut_per_million, 1000000)) {
        pair_cut(e->pair);
        return -ECONNRESET;
    }
    size_t put = maybe_partial(e->pair->t, MIN(total, room)), at = 0;
    struct segment *g = fly(p, e->pair->t, put);
    for (int i = 0; at < put; i++) {
        size_t k = MIN(iov[i].iov_len, put - at);
        memcpy(g->bytes + at, iov[i].iov_base, k);
        at += k;
    }
    p->n += put;
    return (ssize_t)put;
}

static void end_want(struct stream *s, unsigned events) {
    struct sim_end *e = end_of(s);
    e->want = events & (IO_READ | IO_WRITE);
    if (events_of(e) & (IO_READ | IO_WRITE))
        loop_ready_add(s->loop, &e->ready);
    else if (!e->pair->cut)
        list_remove(&e->ready.node);
}

static void end_shutdown(struct stream *s) {
    struct sim_end *e = end_of(s);
    if (e->out->ended || e->pair->cut)
        return;
    e->out->ended = true;
    fly(e->out, e->pair->t, 0);
}

static void pair_free(struct sim_pair *pair) {
    list_remove(&pair->node);
    for (int i = 0; i < 2; i++)
        pipe_clear(&pair->pipes[i], pair->ends[i].s.loop);
    free(pair);
}

/* What was written before still arrives, as with TCP. */
static void end_close(struct stream *s) {
    struct sim_end *e = end_of(s);
    struct sim_pair *pair = e->pair;
    end_shutdown(s);
    e->open = false;
    list_remove(&e->ready.node);
    struct sim_end *other = &pair->ends[e == &pair->ends[0]];
    if (other->open)
        check_ready(other);
    else
        pair_free(pair);
}

static const struct stream_ops end_ops = {
    .read = end_read,
    .writev = end_writev,
    .want = end_want,
    .shutdown = end_shutdown,
    .close = end_close,
};

static struct sim_pair *pair_new(struct transport_sim *t, struct loop *a, struct loop *b,
                                 const char *address) {
    struct sim_pair *pair = xcalloc(1, sizeof(*pair));
    pair->t = t;
    snprintf(pair->address, sizeof(pair->address), "%s", address);
    list_append(&t->pairs, &pair->node);
    t->n_ports++;
    for (int i = 0; i < 2; i++) {
        struct sim_end *e = &pair->ends[i];
        *e = (struct sim_end){.s = {.ops = &end_ops, .loop = i ? b : a}, .pair = pair};
        e->open = true;
        e->ready.run = on_ready;
        list_init(&e->ready.node);
        e->in = &pair->pipes[i];
        e->out = &pair->pipes[!i];
        list_init(&e->in->flying);
        e->in->timer.fire = pipe_arrive;
        buf_init(&e->in->here, 0);
        e->in->reader = e;
    }
    snprintf(pair->ends[0].s.peer, sizeof(pair->ends[0].s.peer), "%.63s", address);
    snprintf(pair->ends[1].s.peer, sizeof(pair->ends[1].s.peer), "127.0.0.1:%u",
             1024 + (unsigned)(t->n_ports % 60000));
    return pair;
}

static int sim_listen(struct transport *transport, struct loop *l, const char *address,
                      struct err *e, struct listener **ret) {
    struct transport_sim *t = sim_of(transport);
    char name[128];
    size_t n = strlen(address);
    if (n + 8 >= sizeof(name))
        return err_set(e, -ENAMETOOLONG, "listen on %.64s...: name too long", address);
    if (n >= 2 && strcmp(address + n - 2, ":0") == 0)
        snprintf(name, sizeof(name), "%.*s%u", (int)n - 1, address,
                 30000 + (unsigned)(t->n_ports++ % 30000));
    else
        snprintf(name, sizeof(name), "%s", address);
    if (map_get(&t->listeners, str_of(name)))
        return err_set(e, -EADDRINUSE, "listen on %s: %s", name, strerror(EADDRINUSE));
    struct sim_listener *sl = xcalloc(1, sizeof(*sl));
    sl->l.loop = l;
    memcpy(sl->l.address, name, sizeof(name));
    sl->t = t;
    map_put(&t->listeners, str_of(name), sl);
    *ret = &sl->l;
    return 0;
}

static void sim_unlisten(struct listener *l) {
    struct sim_listener *sl = container_of(l, struct sim_listener, l);
    map_del(&sl->t->listeners, str_of(l->address));
    free(sl);
}

static void connect_back(struct timer *timer) {
    struct sim_connect *sc = container_of(timer, struct sim_connect, timer);
    struct connect c = sc->c;
    struct stream *s = sc->s;
    int r = sc->error;
    free(sc);
    c.connected(c.ctx, r, s);
}

static void connect_there(struct timer *timer) {
    struct sim_connect *sc = container_of(timer, struct sim_connect, timer);
    struct transport_sim *t = sc->t;
    struct sim_listener *sl = map_get(&t->listeners, str_of(sc->address));
    timer->fire = connect_back;
    timer_start(sc->c.loop, timer, latency(t));
    if (!sl || !sl->l.accepted || t->net.refuse) {
        sc->error = -ECONNREFUSED;
        return;
    }
    struct sim_pair *pair = pair_new(t, sc->c.loop, sl->l.loop, sc->address);
    sc->s = &pair->ends[0].s;
    sl->l.accepted(&sl->l, &pair->ends[1].s);
}

static int sim_connect(struct transport *transport, struct loop *l, const char *address,
                       void (*connected)(void *ctx, int r, struct stream *), void *ctx,
                       struct connect **ret) {
    struct transport_sim *t = sim_of(transport);
    struct sim_connect *sc = xcalloc(1, sizeof(*sc));
    sc->c = (struct connect){l, connected, ctx};
    sc->t = t;
    sc->timer.fire = connect_there;
    snprintf(sc->address, sizeof(sc->address), "%s", address);
    timer_start(l, &sc->timer, latency(t));
    *ret = &sc->c;
    return 0;
}

static void sim_cancel(struct connect *c) {
    struct sim_connect *sc = container_of(c, struct sim_connect, c);
    timer_stop(c->loop, &sc->timer);
    stream_close(sc->s);
    free(sc);
}

static void sim_free(struct transport *transport) {
    struct transport_sim *t = sim_of(transport);
    ASSERT(list_empty(&t->pairs) && t->listeners.n == 0);
    map_done(&t->listeners);
    free(t);
}

struct transport *transport_sim_new(struct env_sim *sim) {
    static const struct transport_ops ops = {
        .listen = sim_listen,
        .unlisten = sim_unlisten,
        .connect = sim_connect,
        .cancel = sim_cancel,
        .free = sim_free,
    };
    struct transport_sim *t = xcalloc(1, sizeof(*t));
    t->t = (struct transport){.ops = &ops, .env = &sim->env};
    t->sim = sim;
    t->net = (struct sim_net){
        .latency_min = NSEC_PER_MSEC / 10, .latency_max = NSEC_PER_MSEC, .partial_percent = 20};
    map_init(&t->listeners, NULL);
    list_init(&t->pairs);
    return &t->t;
}

struct sim_net *loop_sim_net(struct env_sim *sim) {
    return &sim_of(sim->env.transport)->net;
}

void loop_sim_cut(struct env_sim *sim, const char *address) {
    struct transport_sim *t = sim_of(sim->env.transport);
    LIST_FOREACH (n, &t->pairs) {
        struct sim_pair *pair = container_of(n, struct sim_pair, node);
        if (!pair->cut && (!address || strcmp(pair->address, address) == 0))
            pair_cut(pair);
    }
}
