// SPDX-License-Identifier: Apache-2.0
/* A container's end is noticed through a descriptor of its first process: nothing is polled, and
 * containerd 1.6, which sends no events, does not need to. */
#include "kubelet/host/host.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

struct pid_watch {
    struct io io;
    void (*exited)(void *ctx);
    void *ctx;
};

static void on_ready(struct io *io, unsigned events) {
    struct pid_watch *w = container_of(io, struct pid_watch, io);
    if (!(events & (IO_READ | IO_HUP)))
        return;
    io_want(io, 0);
    w->exited(w->ctx);
}

int pid_watch_start(struct loop *l, int pid, void (*exited)(void *ctx), void *ctx,
                    struct pid_watch **ret) {
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0)
        return -errno;
    struct pid_watch *w = xcalloc(1, sizeof(*w));
    *w = (struct pid_watch){
        .io = {.fd = fd, .want = IO_READ, .ready = on_ready},
        .exited = exited,
        .ctx = ctx,
    };
    int r = io_add(l, &w->io);
    if (r < 0) {
        close(fd);
        free(w);
        return r;
    }
    *ret = w;
    return 0;
}

struct pid_watch *pid_watch_free(struct pid_watch *w) {
    if (w) {
        io_remove(&w->io);
        close(w->io.fd);
        free(w);
    }
    return NULL;
}
