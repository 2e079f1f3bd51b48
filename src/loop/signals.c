// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "loop/child.h"

struct signals {
    struct io io;
    sigset_t before;
    void (*got)(void *ctx, int sig);
    void *ctx;
};

/* One a turn: the callee may free the watch, and the descriptor stays ready. */
static void on_ready(struct io *io, unsigned events) {
    struct signals *s = container_of(io, struct signals, io);
    struct signalfd_siginfo info;
    if (read(io->fd, &info, sizeof(info)) == sizeof(info))
        s->got(s->ctx, (int)info.ssi_signo);
}

int signals_watch(struct loop *l, const int *sigs, size_t n, void (*got)(void *ctx, int sig),
                  void *ctx, struct signals **ret) {
    if (loop_is_virtual(l))
        return -ENOTSUP;
    struct signals *s = xcalloc(1, sizeof(*s));
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < n; i++)
        sigaddset(&set, sigs[i]);
    s->got = got;
    s->ctx = ctx;
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    s->io = (struct io){.fd = fd, .want = IO_READ, .ready = on_ready};
    int r = fd < 0 ? -errno : io_add(l, &s->io);
    if (r < 0) {
        if (fd >= 0)
            close(fd);
        free(s);
        return r;
    }
    pthread_sigmask(SIG_BLOCK, &set, &s->before);
    *ret = s;
    return 0;
}

struct signals *signals_free(struct signals *s) {
    if (s) {
        io_remove(&s->io);
        close(s->io.fd);
        pthread_sigmask(SIG_SETMASK, &s->before, NULL);
        free(s);
    }
    return NULL;
}
