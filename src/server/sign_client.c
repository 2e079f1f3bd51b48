// SPDX-License-Identifier: Apache-2.0
/* Every order has a number, for the signer may be started anew between question and answer, and an
 * answer that comes after its order was given up must not be taken for the next one's. */
#include "server/sign_client.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "server/identity_wire.h"

#define ANSWER_TIMEOUT (10 * NSEC_PER_SEC)

struct order {
    struct list node; /* of sign_client.waiting, oldest first */
    int64_t id, until;
    void (*done)(void *ctx, int r, const struct err *e, str pem);
    void *ctx;
};

struct sign_client {
    struct loop *loop;
    struct io io;
    struct timer timeout; /* of the oldest */
    struct list waiting;
    int64_t last_id;
};

static struct order *oldest(struct sign_client *c) {
    return list_empty(&c->waiting) ? NULL : container_of(c->waiting.next, struct order, node);
}

static void watch_oldest(struct sign_client *c) {
    const struct order *o = oldest(c);
    if (o)
        timer_start(c->loop, &c->timeout, MAX(o->until - loop_now(c->loop), 0));
    else
        timer_stop(c->loop, &c->timeout);
}

static void finish(struct sign_client *c, struct order *o, int r, const struct err *e, str pem) {
    struct order was = *o;
    list_remove(&o->node);
    free(o);
    watch_oldest(c);
    was.done(was.ctx, r, e, pem);
}

static void on_timeout(struct timer *t) {
    struct sign_client *c = container_of(t, struct sign_client, timeout);
    struct err e = {0};
    int r = err_set(&e, -ETIMEDOUT, "the signer does not answer");
    finish(c, oldest(c), r, &e, STR_NONE);
}

/* "ID TEXT" behind the kind; an order that nobody waits for any more is passed over. */
static void take(struct sign_client *c, str message) {
    bool ok = message.p[0] == IDENTITY_SIGNED;
    struct err e = {0};
    int64_t id = 0;
    str rest = str_slice(message, 1, message.n), number = str_cut(&rest, ' ');
    if ((!ok && message.p[0] != IDENTITY_REFUSED) || str_to_i64(number, &id) < 0)
        return;
    LIST_FOREACH (n, &c->waiting) {
        struct order *o = container_of(n, struct order, node);
        if (o->id != id)
            continue;
        int r = ok ? 0 : err_set(&e, -EINVAL, "the signer refused: " STR_FMT, STR_ARG(rest));
        finish(c, o, r, &e, ok ? rest : STR_NONE);
        return;
    }
}

static void on_answer(struct io *io, unsigned events) {
    struct sign_client *c = container_of(io, struct sign_client, io);
    char *message = xmalloc(IDENTITY_MAX);
    ssize_t n = recv(io->fd, message, IDENTITY_MAX, MSG_DONTWAIT);
    if (n > 0)
        take(c, str_n(message, (size_t)n));
    else if (events & IO_HUP)
        io_want(io, 0); /* the signer is gone for good, and so is the server soon */
    free(message);
}

int sign_client_new(struct loop *l, int channel, struct sign_client **ret) {
    struct sign_client *c = xcalloc(1, sizeof(*c));
    *c = (struct sign_client){.loop = l,
                              .io = {.fd = channel, .want = IO_READ, .ready = on_answer},
                              .timeout = {.fire = on_timeout}};
    list_init(&c->waiting);
    int r = io_add(l, &c->io);
    if (r < 0) {
        free(c);
        return r;
    }
    *ret = c;
    return 0;
}

struct sign_client *sign_client_free(struct sign_client *c) {
    if (!c)
        return NULL;
    LIST_FOREACH (n, &c->waiting)
        free(container_of(n, struct order, node));
    timer_stop(c->loop, &c->timeout);
    io_remove(&c->io);
    free(c);
    return NULL;
}

void sign_client_ask(struct sign_client *c, const struct csr_order *o,
                     void (*done)(void *ctx, int r, const struct err *e, str pem), void *ctx) {
    CLEANUP(arena_freep) struct arena *a = arena_new(0);
    struct err e = {0};
    str question = str_printf(a, "%c %lld " STR_FMT " %lld %u " STR_FMT, IDENTITY_SIGN,
                              (long long)++c->last_id, STR_ARG(o->signer), (long long)o->seconds,
                              o->usages, STR_ARG(o->pem));
    int r = 0;
    if (question.n > IDENTITY_CSR_MAX)
        r = err_set(&e, -EINVAL, "certificate request is too long");
    else if (send(c->io.fd, question.p, question.n, MSG_NOSIGNAL | MSG_DONTWAIT) !=
             (ssize_t)question.n)
        r = err_set(&e, -EAGAIN, "the signer does not take a request");
    if (r < 0) {
        done(ctx, r, &e, STR_NONE);
        return;
    }
    struct order *order = xcalloc(1, sizeof(*order));
    *order = (struct order){
        .id = c->last_id, .until = loop_now(c->loop) + ANSWER_TIMEOUT, .done = done, .ctx = ctx};
    list_append(&c->waiting, &order->node);
    watch_oldest(c);
}

void sign_client_forget(struct sign_client *c, const void *ctx) {
    LIST_FOREACH (n, &c->waiting) {
        struct order *o = container_of(n, struct order, node);
        if (o->ctx != ctx)
            continue;
        list_remove(&o->node);
        free(o);
    }
    watch_oldest(c);
}
