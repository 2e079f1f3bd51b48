// SPDX-License-Identifier: Apache-2.0
/* The loop of a process that runs in earnest: level-triggered epoll, an eventfd for other threads,
 * one timeout out of the timer heap. Sleeps end on whole milliseconds, rounded up. */
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "loop/loop_core.h"

struct loop_real {
    struct loop l;
    int epoll, event;
    /* What the last wait found; io_remove() clears entries that are still to come. */
    struct epoll_event got[LOOP_READY_PER_TURN];
    int n_got, at_got;
};

static struct loop_real *real_of(struct loop *l) {
    return container_of(l, struct loop_real, l);
}

static int to_msec(int64_t ns) {
    if (ns < 0)
        return -1;
    int64_t ms = ns / NSEC_PER_MSEC + (ns % NSEC_PER_MSEC != 0);
    return (int)MIN(ms, (int64_t)INT_MAX);
}

static void drain_event(struct loop_real *r) {
    uint64_t count;
    ssize_t n = read(r->event, &count, sizeof(count));
    ASSERT(n == sizeof(count) || errno == EAGAIN || errno == EINTR);
}

/* The eventfd is drained before posted tasks are fetched: drained later, it could swallow the
 * wake-up of one that came in between. */
static bool real_wait(struct loop *l, int64_t timeout_ns) {
    struct loop_real *r = real_of(l);
    int n = epoll_wait(r->epoll, r->got, LOOP_READY_PER_TURN, to_msec(timeout_ns));
    ASSERT(n >= 0 || errno == EINTR);
    r->n_got = MAX(n, 0);
    r->at_got = 0;
    for (int i = 0; i < r->n_got; i++)
        if (r->got[i].data.ptr == r) {
            drain_event(r);
            r->got[i].data.ptr = NULL;
        }
    return true;
}

static uint32_t epoll_bits(unsigned want) {
    return (want & IO_READ ? EPOLLIN : 0u) | (want & IO_WRITE ? EPOLLOUT : 0u);
}

/* A hung-up descriptor stays ready for ever. Whoever wants to read or write is told to, and finds
 * the end; for whoever wants neither it leaves epoll until that changes, or the loop would spin. */
static void deliver(struct loop_real *r, struct io *io, uint32_t bits) {
    unsigned events = 0;
    if (bits & EPOLLIN)
        events |= IO_READ;
    if (bits & EPOLLOUT)
        events |= IO_WRITE;
    events &= io->want;
    if (bits & (EPOLLHUP | EPOLLERR)) {
        events |= io->want | IO_HUP;
        if (!io->want) {
            epoll_ctl(r->epoll, EPOLL_CTL_DEL, io->fd, NULL);
            io->muted = true;
        }
    }
    if (events)
        io->ready(io, events);
}

static void real_dispatch(struct loop *l) {
    struct loop_real *r = real_of(l);
    while (r->at_got < r->n_got) {
        struct epoll_event *ev = &r->got[r->at_got++];
        if (ev->data.ptr) {
            deliver(r, ev->data.ptr, ev->events);
            loop_run_deferred(l);
        }
    }
    loop_run_ready(l, LOOP_READY_PER_TURN);
}

static void real_wake(struct loop *l) {
    uint64_t one = 1;
    ssize_t n = write(real_of(l)->event, &one, sizeof(one));
    ASSERT(n == sizeof(one) || errno == EAGAIN); /* full means awake */
}

static int control(struct io *io, int op) {
    struct epoll_event ev = {.events = epoll_bits(io->want), .data.ptr = io};
    return epoll_ctl(real_of(io->loop)->epoll, op, io->fd, &ev) < 0 ? -errno : 0;
}

static int real_io_add(struct loop *l, struct io *io) {
    int r = control(io, EPOLL_CTL_ADD);
    if (r < 0)
        io->loop = NULL;
    return r;
}

static void real_io_want(struct io *io, unsigned want) {
    if (want == io->want)
        return;
    io->want = want;
    int r = control(io, io->muted ? EPOLL_CTL_ADD : EPOLL_CTL_MOD);
    ASSERT(r == 0);
    io->muted = false;
}

static void real_io_remove(struct io *io) {
    struct loop_real *r = real_of(io->loop);
    if (!io->muted)
        epoll_ctl(r->epoll, EPOLL_CTL_DEL, io->fd, NULL);
    for (int i = r->at_got; i < r->n_got; i++)
        if (r->got[i].data.ptr == io)
            r->got[i].data.ptr = NULL;
}

static void real_free(struct loop *l) {
    struct loop_real *r = real_of(l);
    loop_core_done(l);
    close(r->event);
    close(r->epoll);
    free(r);
}

static const struct loop_ops real_ops = {
    .wait = real_wait,
    .dispatch = real_dispatch,
    .wake = real_wake,
    .io_add = real_io_add,
    .io_want = real_io_want,
    .io_remove = real_io_remove,
    .free = real_free,
};

int loop_new(struct env *env, struct loop **ret) {
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        return -errno;
    int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct loop_real *r = xcalloc(1, sizeof(*r));
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = r};
    if (event < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, event, &ev) < 0) {
        int e = -errno;
        if (event >= 0)
            close(event);
        close(epoll);
        free(r);
        return e;
    }
    loop_core_init(&r->l, &real_ops, env);
    r->epoll = epoll;
    r->event = event;
    *ret = &r->l;
    return 0;
}
