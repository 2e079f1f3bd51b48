// SPDX-License-Identifier: Apache-2.0
/* A stream over a descriptor: sockets mostly, pipes where somebody hands one in. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loop/stream.h"

struct stream_fd {
    struct stream s;
    struct io io;
    bool is_socket;
};

static struct stream_fd *fd_of(struct stream *s) {
    return container_of(s, struct stream_fd, s);
}

static ssize_t fd_read(struct stream *s, void *p, size_t n) {
    ssize_t got;
    do
        got = read(fd_of(s)->io.fd, p, n);
    while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

static ssize_t fd_writev(struct stream *s, const struct iovec *iov, int n) {
    struct stream_fd *f = fd_of(s);
    struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = (size_t)n};
    ssize_t put;
    do
        put = f->is_socket ? sendmsg(f->io.fd, &msg, MSG_NOSIGNAL) : writev(f->io.fd, iov, n);
    while (put < 0 && errno == EINTR);
    return put < 0 ? -errno : put;
}

static void fd_want(struct stream *s, unsigned events) {
    io_want(&fd_of(s)->io, events & (IO_READ | IO_WRITE));
}

static void fd_shutdown(struct stream *s) {
    struct stream_fd *f = fd_of(s);
    if (f->is_socket)
        shutdown(f->io.fd, SHUT_WR);
}

static void fd_close(struct stream *s) {
    struct stream_fd *f = fd_of(s);
    io_remove(&f->io);
    close(f->io.fd);
    free(f);
}

static void fd_ready(struct io *io, unsigned events) {
    struct stream_fd *f = container_of(io, struct stream_fd, io);
    if (f->s.ready)
        f->s.ready(&f->s, events);
}

static const struct stream_ops fd_ops = {
    .read = fd_read,
    .writev = fd_writev,
    .want = fd_want,
    .shutdown = fd_shutdown,
    .close = fd_close,
};

int stream_of_fd(struct loop *l, int fd, struct stream **ret) {
    struct stat st;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fstat(fd, &st) < 0)
        return -errno;
    struct stream_fd *f = xcalloc(1, sizeof(*f));
    f->s.ops = &fd_ops;
    f->s.loop = l;
    f->is_socket = S_ISSOCK(st.st_mode);
    f->io = (struct io){.fd = fd, .ready = fd_ready};
    int r = io_add(l, &f->io);
    if (r < 0) {
        free(f);
        return r;
    }
    *ret = &f->s;
    return 0;
}
