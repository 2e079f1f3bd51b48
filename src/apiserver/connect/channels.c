// SPDX-License-Identifier: Apache-2.0
/* The two framings meet here; bytes of a channel go straight from one to the other's queue.
 *
 *     OPENING   streams are asked for; the client is not read before the kubelet has accepted all
 *     RUNNING   both ways
 *     LEAVING   the client is gone: what it said last, and the end of its stdin, is still written
 *     CLOSING   the command is over: the client gets what is left, a close frame, and is waited for
 *     OVER      both streams are closed, ended() follows
 *
 * Each side is read only while there is room for what it may say (CHANNELS_BUFFER at the other
 * side, and twice that at itself, for answers to pings). */
#include "apiserver/connect/channels.h"

#include <stdlib.h>

#include "net/outq.h"
#include "net/spdy.h"
#include "net/websocket.h"

#define READ_SIZE   (16 * 1024)
#define TURN_BUDGET (256 * 1024) /* read from one side before the others' turn */
#define CLOSE       255          /* as channel: the next byte names one that has ended */

enum channel { STDIN, STDOUT, STDERR, STATUS, RESIZE, CHANNEL_MAX };

/* Names of the streams, in the order in which upstream opens them. */
static const struct {
    enum channel channel;
    str name;
} openings[] = {{STATUS, STR("error")},
                {STDIN, STR("stdin")},
                {STDOUT, STR("stdout")},
                {STDERR, STR("stderr")},
                {RESIZE, STR("resize")}};

enum state { OPENING, RUNNING, LEAVING, CLOSING, OVER, STATE_MAX };

static const uint8_t allowed[STATE_MAX] = {
    [OPENING] = 1 << RUNNING | 1 << LEAVING | 1 << CLOSING | 1 << OVER,
    [RUNNING] = 1 << LEAVING | 1 << CLOSING | 1 << OVER,
    [LEAVING] = 1 << OVER,
    [CLOSING] = 1 << OVER,
};

struct side {
    struct stream *s; /* NULL: closed */
    struct outq out;
};

struct channels {
    struct loop *loop;
    struct side client, kubelet;
    enum state state;
    struct websocket_reader ws;
    struct spdy_reader spdy;
    uint32_t ids[CHANNEL_MAX]; /* of the kubelet's streams; 0: not opened */
    uint8_t replied;           /* bits by channel */
    uint8_t done;              /* bits by channel: nothing more is written there, by either */
    int channel;               /* of the message that is being read; -1: at its first byte */
    struct buf status;         /* what has come of it */
    struct buf early;          /* of the client, until it is its turn */
    uint32_t ping;
    bool shut;          /* the client has been told that nothing follows */
    struct timer timer; /* OPENING: for replies; RUNNING: pings; then: lingering */
    struct task task;
    void (*ended)(void *ctx);
    void *ctx;
};

static void set_state(struct channels *c, enum state to) {
    ASSERT(allowed[c->state] & 1 << to);
    c->state = to;
    if (to == OVER) {
        timer_stop(c->loop, &c->timer);
        stream_close(TAKE(c->client.s));
        stream_close(TAKE(c->kubelet.s));
        loop_defer(c->loop, &c->task);
        return;
    }
    timer_start(c->loop, &c->timer, to == RUNNING ? CHANNELS_PING_PERIOD : CHANNELS_LINGER);
}

/* ---- to the client ---- */

static void tell_client(struct channels *c, enum channel channel, str data) {
    char bytes[READ_SIZE + 1];
    bytes[0] = (char)channel;
    do {
        str piece = str_slice(data, 0, MIN(data.n, (size_t)READ_SIZE));
        if (piece.n)
            memcpy(bytes + 1, piece.p, piece.n);
        websocket_put(&c->client.out.b, WEBSOCKET_BINARY, str_n(bytes, piece.n + 1), NULL);
        data = str_slice(data, piece.n, data.n);
    } while (data.n);
}

/* The last word: the kubelet is of no use any more. */
static void close_with(struct channels *c, str status) {
    tell_client(c, STATUS, status);
    websocket_put_close(&c->client.out.b, WEBSOCKET_NORMAL);
    stream_close(TAKE(c->kubelet.s));
    set_state(c, CLOSING);
}

static void fail(struct channels *c, const char *why) {
    struct arena a;
    arena_init(&a, 0);
    close_with(c, channels_status_text(&a, channels_internal_error(&a, "%s", why)));
    arena_done(&a);
}

static void tell_status(struct channels *c) {
    struct arena a;
    if (!c->status.n) {
        fail(c, "error reading from error stream: EOF");
        return;
    }
    arena_init(&a, 0);
    close_with(c, channels_status_text(&a, channels_status(&a, buf_str(&c->status))));
    arena_done(&a);
}

/* ---- from the client ---- */

static bool is_open(const struct channels *c, int channel) {
    return channel >= 0 && channel < CHANNEL_MAX && c->ids[channel] && !(c->done & 1 << channel);
}

static void end_input(struct channels *c, int channel) {
    if ((channel != STDIN && channel != RESIZE) || !is_open(c, channel))
        return;
    spdy_put_data(&c->kubelet.out.b, c->ids[channel], STR_NONE, true);
    c->done |= (uint8_t)(1 << channel);
}

static void client_message(struct channels *c, const struct websocket_piece *piece) {
    str data = piece->data;
    if (piece->first)
        c->channel = -1;
    if (c->channel < 0 && data.n) {
        c->channel = (uint8_t)data.p[0];
        data = str_slice(data, 1, data.n);
    }
    if (!data.n)
        return;
    if (c->channel == CLOSE)
        end_input(c, (uint8_t)data.p[0]);
    else if ((c->channel == STDIN || c->channel == RESIZE) && is_open(c, c->channel))
        spdy_put_data(&c->kubelet.out.b, c->ids[c->channel], data, false);
}

static void client_gone(struct channels *c) {
    if (c->state != RUNNING) {
        set_state(c, OVER);
        return;
    }
    (void)outq_flush(&c->client.out, c->client.s); /* the answer to its close, where it listens */
    stream_close(TAKE(c->client.s));
    end_input(c, STDIN);
    set_state(c, LEAVING);
}

/* What is no WebSocket ends it as the peer's end does. */
static void from_client(struct channels *c, char *p, size_t n) {
    for (size_t at = 0; at < n && c->state == RUNNING;) {
        struct websocket_piece piece;
        bool has;
        ssize_t k = websocket_read(&c->ws, p + at, n - at, &piece, &has);
        if (k < 0 || (has && piece.opcode == WEBSOCKET_CLOSE)) {
            websocket_put_close(&c->client.out.b, k == -E2BIG ? WEBSOCKET_TOO_BIG
                                                  : k < 0     ? WEBSOCKET_PROTOCOL
                                                              : WEBSOCKET_NORMAL);
            client_gone(c);
            return;
        }
        at += (size_t)k;
        if (has && piece.opcode == WEBSOCKET_PING)
            websocket_put(&c->client.out.b, WEBSOCKET_PONG, piece.data, NULL);
        else if (has && piece.opcode != WEBSOCKET_PONG)
            client_message(c, &piece);
    }
}

/* ---- from the kubelet ---- */

static int channel_of(const struct channels *c, uint32_t id) {
    for (int i = 0; i < CHANNEL_MAX; i++)
        if (c->ids[i] && c->ids[i] == id)
            return i;
    return -1;
}

/* Whether the kubelet has ended all that it writes. */
static bool has_spoken(const struct channels *c) {
    return !is_open(c, STDOUT) && !is_open(c, STDERR) && !is_open(c, STATUS);
}

static void kubelet_data(struct channels *c, int channel, const struct spdy_piece *piece) {
    if (!is_open(c, channel))
        return;
    if (channel == STATUS)
        buf_add(&c->status, str_slice(piece->data, 0, CHANNELS_STATUS_MAX - c->status.n));
    else if (channel != STDIN && channel != RESIZE && piece->data.n)
        tell_client(c, (enum channel)channel, piece->data);
}

static void kubelet_reply(struct channels *c, int channel) {
    c->replied |= (uint8_t)(1 << channel);
    for (int i = 0; i < CHANNEL_MAX; i++)
        if (c->ids[i] && !(c->replied & 1 << i))
            return;
    if (c->state == OPENING)
        set_state(c, RUNNING);
}

/* Its end of what we write is no end of the stream: the command has closed its stdin, or listens to
 * no more. Only a reset says so for good. */
static void kubelet_end(struct channels *c, int channel, enum spdy_kind kind) {
    bool ours = channel == STDIN || channel == RESIZE;
    if (ours && kind != SPDY_RESET)
        return;
    c->done |= (uint8_t)(1 << channel);
    if (c->state == OPENING && kind == SPDY_RESET)
        fail(c, "Stream reset");
    else if (has_spoken(c))
        tell_status(c);
}

static void kubelet_piece(struct channels *c, const struct spdy_piece *piece) {
    struct buf *out = &c->kubelet.out.b;
    int channel = channel_of(c, piece->id);
    if (piece->kind == SPDY_OPEN)
        spdy_put_reset(out, piece->id, SPDY_REFUSED_STREAM);
    else if (piece->kind == SPDY_PING && !(piece->id & 1))
        spdy_put_ping(out, piece->id);
    if (channel < 0 || piece->kind > SPDY_RESET || piece->kind == SPDY_OPEN)
        return;
    if (piece->kind == SPDY_DATA)
        kubelet_data(c, channel, piece);
    else if (piece->kind == SPDY_REPLY)
        kubelet_reply(c, channel);
    if (piece->end && !(c->done & 1 << channel))
        kubelet_end(c, channel, piece->kind);
}

static void kubelet_gone(struct channels *c) {
    if (c->state == LEAVING)
        set_state(c, OVER);
    else
        tell_status(c);
}

static void from_kubelet(struct channels *c, const char *p, size_t n) {
    for (size_t at = 0; at < n && c->state <= RUNNING;) {
        struct spdy_piece piece;
        bool has;
        ssize_t k = spdy_read(&c->spdy, p + at, n - at, &piece, &has);
        if (k < 0) {
            fail(c, "the kubelet does not speak SPDY/3.1");
            return;
        }
        at += (size_t)k;
        if (has)
            kubelet_piece(c, &piece);
    }
}

/* ---- streams ---- */

static bool has_room(const struct side *from, const struct side *to) {
    return outq_pending(&to->out) < CHANNELS_BUFFER &&
           outq_pending(&from->out) < (size_t)2 * CHANNELS_BUFFER;
}

static bool reads_client(const struct channels *c) {
    return c->state == CLOSING || (c->state == RUNNING && has_room(&c->client, &c->kubelet));
}

static bool reads_kubelet(const struct channels *c) {
    return c->state <= RUNNING && has_room(&c->kubelet, &c->client);
}

static void pull_client(struct channels *c) {
    char bytes[READ_SIZE];
    for (size_t budget = TURN_BUDGET; budget && reads_client(c);) {
        ssize_t n = stream_read(c->client.s, bytes, sizeof(bytes));
        if (n == -EAGAIN)
            return;
        if (n <= 0) {
            client_gone(c);
            return;
        }
        budget -= MIN(budget, (size_t)n);
        from_client(c, bytes, (size_t)n);
    }
}

static void pull_kubelet(struct channels *c) {
    char bytes[READ_SIZE];
    for (size_t budget = TURN_BUDGET; budget && reads_kubelet(c);) {
        ssize_t n = stream_read(c->kubelet.s, bytes, sizeof(bytes));
        if (n == -EAGAIN)
            return;
        if (n <= 0) {
            kubelet_gone(c);
            return;
        }
        budget -= MIN(budget, (size_t)n);
        from_kubelet(c, bytes, (size_t)n);
    }
}

static void flush_client(struct channels *c) {
    if (c->client.s && outq_pending(&c->client.out) && outq_flush(&c->client.out, c->client.s) < 0)
        client_gone(c);
    if (c->state != CLOSING || outq_pending(&c->client.out) || c->shut)
        return;
    c->shut = true;
    c->client.s->ops->shutdown(c->client.s);
}

static void flush_kubelet(struct channels *c) {
    if (c->kubelet.s && outq_pending(&c->kubelet.out) &&
        outq_flush(&c->kubelet.out, c->kubelet.s) < 0)
        kubelet_gone(c);
    if (c->state == LEAVING && !outq_pending(&c->kubelet.out))
        set_state(c, OVER);
}

/* After anything that may have put bytes anywhere. */
static void settle(struct channels *c) {
    if (c->state == RUNNING && c->early.n) {
        struct buf early = c->early;
        c->early = (struct buf){0};
        from_client(c, early.p, early.n);
        buf_done(&early);
    }
    flush_kubelet(c);
    flush_client(c);
    if (c->client.s)
        stream_want(c->client.s, (reads_client(c) ? IO_READ : 0) |
                                     (outq_pending(&c->client.out) ? IO_WRITE : 0));
    if (c->kubelet.s)
        stream_want(c->kubelet.s, (reads_kubelet(c) ? IO_READ : 0) |
                                      (outq_pending(&c->kubelet.out) ? IO_WRITE : 0));
}

static void client_ready(struct stream *s, unsigned events) {
    struct channels *c = s->ctx;
    if (events & (IO_READ | IO_HUP))
        pull_client(c);
    if ((events & IO_HUP) && c->client.s && !reads_client(c))
        client_gone(c);
    settle(c);
}

static void kubelet_ready(struct stream *s, unsigned events) {
    struct channels *c = s->ctx;
    if (events & (IO_READ | IO_HUP))
        pull_kubelet(c);
    settle(c);
}

static void on_timer(struct timer *t) {
    struct channels *c = container_of(t, struct channels, timer);
    if (c->state == OPENING) {
        fail(c, "Timeout occured");
    } else if (c->state == RUNNING) {
        if (!outq_pending(&c->kubelet.out)) {
            spdy_put_ping(&c->kubelet.out.b, c->ping);
            c->ping += 2;
        }
        timer_start(c->loop, &c->timer, CHANNELS_PING_PERIOD);
    } else {
        set_state(c, OVER);
    }
    settle(c);
}

/* ---- the session ---- */

/* The first look, or the last word. */
static void run(struct task *task) {
    struct channels *c = container_of(task, struct channels, task);
    if (c->state == OVER)
        c->ended(c->ctx);
    else
        settle(c);
}

static void open_streams(struct channels *c, const struct channels_options *o) {
    const bool wanted[CHANNEL_MAX] = {[STDIN] = o->in,
                                      [STDOUT] = o->out,
                                      [STDERR] = o->err && !o->tty,
                                      [STATUS] = true,
                                      [RESIZE] = o->tty};
    uint32_t id = 1;
    for (size_t i = 0; i < ARRAY_LEN(openings); i++) {
        if (!wanted[openings[i].channel])
            continue;
        struct http_header h = {STR("streamtype"), openings[i].name};
        spdy_put_open(&c->kubelet.out.b, id, id == 1, &h, 1);
        c->ids[openings[i].channel] = id;
        id += 2;
    }
}

/* An empty message on what it may read first shows the client that the session stands. */
static struct channels *greet(struct loop *l, struct stream *client, str early,
                              const struct channels_options *o, void (*ended)(void *ctx),
                              void *ctx) {
    struct channels *c = xcalloc(1, sizeof(*c));
    *c = (struct channels){.loop = l, .client.s = client, .ping = 1, .channel = -1};
    c->ended = ended;
    c->ctx = ctx;
    c->timer.fire = on_timer;
    c->task.run = run;
    list_init(&c->task.node);
    buf_init(&c->status, CHANNELS_STATUS_MAX);
    buf_add(&c->early, early);
    websocket_reader_init(&c->ws, true);
    spdy_reader_init(&c->spdy);
    client->ctx = c;
    client->ready = client_ready;
    tell_client(c, o->out ? STDOUT : o->err ? STDERR : STATUS, STR_NONE);
    loop_defer(l, &c->task);
    return c;
}

struct channels *channels_new(struct loop *l, struct stream *client, str early_client,
                              struct stream *kubelet, str early_kubelet,
                              const struct channels_options *o, void (*ended)(void *ctx),
                              void *ctx) {
    struct channels *c = greet(l, client, early_client, o, ended, ctx);
    c->kubelet.s = kubelet;
    kubelet->ctx = c;
    kubelet->ready = kubelet_ready;
    timer_start(l, &c->timer, CHANNELS_OPEN_TIMEOUT);
    open_streams(c, o);
    from_kubelet(c, early_kubelet.p, early_kubelet.n);
    return c;
}

struct channels *channels_refuse(struct loop *l, struct stream *client, str early_client,
                                 const struct channels_options *o, str refusal,
                                 void (*ended)(void *ctx), void *ctx) {
    struct channels *c = greet(l, client, early_client, o, ended, ctx);
    close_with(c, refusal);
    return c;
}

struct channels *channels_free(struct channels *c) {
    if (!c)
        return NULL;
    timer_stop(c->loop, &c->timer);
    loop_cancel(c->loop, &c->task);
    stream_close(c->client.s);
    stream_close(c->kubelet.s);
    outq_done(&c->client.out);
    outq_done(&c->kubelet.out);
    buf_done(&c->status);
    buf_done(&c->early);
    free(c);
    return NULL;
}
