// SPDX-License-Identifier: Apache-2.0
#include "net/tunnel.h"

#include <stdlib.h>

#include "net/outq.h"
#include "net/websocket.h"

#define READ_SIZE   (16 * 1024)
#define TURN_BUDGET (256 * 1024) /* moved in one direction before the others' turn */

struct side {
    struct tunnel *tunnel;
    struct side *other;
    struct stream *s; /* NULL: closed */
    struct outq out;  /* to this side, from the other */
    bool ended;       /* nothing more comes from here */
    bool websocket;
    struct websocket_reader reader;
};

struct tunnel {
    struct loop *loop;
    struct side sides[2];
    struct timer linger;
    struct task task;
    void (*on_end)(void *ctx);
    void *ctx;
    bool over;
};

static void close_sides(struct tunnel *t) {
    timer_stop(t->loop, &t->linger);
    for (int i = 0; i < 2; i++) {
        stream_close(TAKE(t->sides[i].s));
        outq_done(&t->sides[i].out);
    }
}

/* Closes now, tells later: the caller may stand in a callback of either stream. */
static void finish(struct tunnel *t) {
    if (t->over)
        return;
    t->over = true;
    close_sides(t);
    loop_defer(t->loop, &t->task);
}

static void side_ended(struct side *from) {
    from->ended = true;
    if (from->other->websocket)
        websocket_put_close(&from->other->out.b, WEBSOCKET_NORMAL);
    if (!outq_pending(&from->other->out))
        finish(from->tunnel);
    else if (!timer_on(&from->tunnel->linger))
        timer_start(from->tunnel->loop, &from->tunnel->linger, TUNNEL_LINGER);
}

/* The peer has said that it ends, or something that is none of ours: it is answered where it takes
 * that at once. */
static void hang_up(struct side *from, unsigned code) {
    websocket_put_close(&from->out.b, code);
    (void)outq_flush(&from->out, from->s);
    side_ended(from);
}

static void put(struct side *to, str data) {
    if (to->websocket)
        websocket_put(&to->out.b, WEBSOCKET_BINARY, data, NULL);
    else
        buf_add(&to->out.b, data);
}

/* Bytes as they came, for the other side. */
static void take(struct side *from, char *p, size_t n) {
    if (!from->websocket) {
        put(from->other, str_n(p, n));
        return;
    }
    for (size_t at = 0; at < n && !from->ended;) {
        struct websocket_piece piece;
        bool has;
        ssize_t k = websocket_read(&from->reader, p + at, n - at, &piece, &has);
        at += k > 0 ? (size_t)k : 0;
        if (k < 0 || (has && piece.opcode == WEBSOCKET_TEXT))
            hang_up(from, k == -E2BIG ? WEBSOCKET_TOO_BIG : WEBSOCKET_PROTOCOL);
        else if (has && piece.opcode == WEBSOCKET_CLOSE)
            hang_up(from, WEBSOCKET_NORMAL);
        else if (has && piece.opcode == WEBSOCKET_PING)
            websocket_put(&from->out.b, WEBSOCKET_PONG, piece.data, NULL);
        else if (has && piece.opcode == WEBSOCKET_BINARY && piece.data.n)
            put(from->other, piece.data);
    }
}

static bool has_room(const struct side *from) {
    return outq_pending(&from->other->out) < TUNNEL_BUFFER &&
           outq_pending(&from->out) < (size_t)2 * TUNNEL_BUFFER;
}

/* What waits for a side; false when the tunnel is over. */
static bool flush(struct side *to) {
    if (outq_flush(&to->out, to->s) < 0 || (to->other->ended && !outq_pending(&to->out)))
        finish(to->tunnel);
    return !to->tunnel->over;
}

static void set_want(struct side *side) {
    bool reads = !side->ended && has_room(side);
    stream_want(side->s, (reads ? IO_READ : 0) | (outq_pending(&side->out) ? IO_WRITE : 0));
}

/* Moves what a side has sent until it, or the taker, is exhausted. */
static void pull(struct side *from) {
    struct side *to = from->other;
    char bytes[READ_SIZE];
    size_t budget = TURN_BUDGET;
    while (budget && !from->ended && has_room(from)) {
        size_t room = MIN(sizeof(bytes), TUNNEL_BUFFER - outq_pending(&to->out));
        ssize_t n = stream_read(from->s, bytes, room);
        if (n == -EAGAIN)
            return;
        if (n <= 0) {
            side_ended(from);
            return;
        }
        budget -= MIN(budget, (size_t)n);
        take(from, bytes, (size_t)n);
        if (from->tunnel->over || !flush(to) || !flush(from))
            return;
    }
}

static void on_ready(struct stream *s, unsigned events) {
    struct side *side = s->ctx;
    struct tunnel *t = side->tunnel;
    if ((events & IO_WRITE) && !flush(side))
        return;
    if (events & (IO_READ | IO_HUP))
        pull(side);
    if (t->over)
        return;
    set_want(side);
    set_want(side->other);
}

static void on_linger(struct timer *timer) {
    finish(container_of(timer, struct tunnel, linger));
}

/* The first look, since bytes may wait already; or the last word. */
static void run(struct task *task) {
    struct tunnel *t = container_of(task, struct tunnel, task);
    for (int i = 0; i < 2 && !t->over; i++)
        flush(&t->sides[i]);
    if (t->over) {
        t->on_end(t->ctx);
        return;
    }
    set_want(&t->sides[0]);
    set_want(&t->sides[1]);
}

static void side_init(struct tunnel *t, int i, const struct tunnel_end *end) {
    struct side *side = &t->sides[i];
    *side = (struct side){
        .tunnel = t, .other = &t->sides[!i], .s = end->s, .websocket = end->websocket};
    websocket_reader_init(&side->reader, true);
    side->s->ctx = side;
    side->s->ready = on_ready;
}

static void take_early(struct side *side, str early) {
    CLEANUP(buf_done) struct buf b = {0};
    buf_add(&b, early);
    if (b.n && !side->tunnel->over)
        take(side, b.p, b.n);
}

struct tunnel *tunnel_new(struct loop *l, const struct tunnel_end *a, const struct tunnel_end *b,
                          void (*ended)(void *ctx), void *ctx) {
    struct tunnel *t = xcalloc(1, sizeof(*t));
    t->loop = l;
    t->on_end = ended;
    t->ctx = ctx;
    t->linger.fire = on_linger;
    t->task.run = run;
    list_init(&t->task.node);
    side_init(t, 0, a);
    side_init(t, 1, b);
    take_early(&t->sides[0], a->early);
    take_early(&t->sides[1], b->early);
    loop_defer(l, &t->task);
    return t;
}

struct tunnel *tunnel_free(struct tunnel *t) {
    if (!t)
        return NULL;
    loop_cancel(t->loop, &t->task);
    close_sides(t);
    free(t);
    return NULL;
}
