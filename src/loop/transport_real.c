// SPDX-License-Identifier: Apache-2.0
/* TCP and unix sockets. A listener takes a bounded number of connections a turn; when the process
 * is out of descriptors it looks away for a moment instead of spinning on a queue it cannot
 * empty. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "loop/address.h"
#include "loop/transport.h"

#define ACCEPTS_PER_TURN 16
#define ACCEPT_PAUSE     (100 * NSEC_PER_MSEC)
#define LISTEN_BACKLOG   1024
#define KEEPALIVE_IDLE   30 /* s */
#define KEEPALIVE_EVERY  15

struct real_listener {
    struct listener l;
    struct io io;
    struct timer pause;
    char *path; /* of a unix socket, to be unlinked */
    bool *gone; /* tells the accepting loop below that its callee closed the listener */
};

struct real_connect {
    struct connect c;
    struct io io;
    struct task failed; /* tells later what is known at once */
    int error;
    struct address v[ADDRESSES_MAX];
    size_t n, at;
};

static void tune(int fd, int family) {
    if (family != AF_INET && family != AF_INET6)
        return;
    int one = 1, idle = KEEPALIVE_IDLE, every = KEEPALIVE_EVERY;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof(every));
}

static int open_socket(int family) {
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return fd < 0 ? -errno : fd;
}

static int adopt(struct loop *l, int fd, const struct sockaddr_storage *sa, socklen_t len,
                 struct stream **ret) {
    struct stream *s;
    int r = stream_of_fd(l, fd, &s);
    if (r < 0) {
        close(fd);
        return r;
    }
    tune(fd, sa->ss_family);
    address_text(sa, len, s->peer, sizeof(s->peer));
    *ret = s;
    return 0;
}

static void accept_resume(struct timer *t) {
    io_want(&container_of(t, struct real_listener, pause)->io, IO_READ);
}

static bool out_of_something(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void accept_ready(struct io *io, unsigned events) {
    struct real_listener *rl = container_of(io, struct real_listener, io);
    struct listener *l = &rl->l;
    struct loop *loop = l->loop;
    bool gone = false;
    rl->gone = &gone;
    for (int i = 0; i < ACCEPTS_PER_TURN && l->accepted; i++) {
        struct sockaddr_storage sa;
        socklen_t len = sizeof(sa);
        int fd = accept4(io->fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && out_of_something(errno)) {
            io_want(io, 0);
            timer_start(loop, &rl->pause, ACCEPT_PAUSE);
            break;
        }
        if (fd < 0 && errno == EAGAIN)
            break;
        struct stream *s;
        if (fd < 0 || adopt(loop, fd, &sa, len, &s) < 0)
            continue; /* that one connection failed; the next may not */
        l->accepted(l, s);
        if (gone)
            return;
    }
    rl->gone = NULL;
}

/* A socket file nobody listens on any more is left from an earlier run. */
static bool is_stale(const struct address *a) {
    int fd = open_socket(AF_UNIX);
    if (fd < 0)
        return false;
    int r = connect(fd, (const struct sockaddr *)&a->sa, a->len);
    bool stale = r < 0 && errno == ECONNREFUSED;
    close(fd);
    return stale;
}

static int bind_to(int fd, const struct address *a) {
    int one = 1, zero = 0;
    if (a->sa.ss_family != AF_UNIX)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (a->sa.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
    int r = bind(fd, (const struct sockaddr *)&a->sa, a->len);
    if (r < 0 && errno == EADDRINUSE && a->sa.ss_family == AF_UNIX) {
        if (!is_stale(a)) {
            errno = EADDRINUSE;
        } else {
            unlink(((const struct sockaddr_un *)&a->sa)->sun_path);
            r = bind(fd, (const struct sockaddr *)&a->sa, a->len);
        }
    }
    return r < 0 || listen(fd, LISTEN_BACKLOG) < 0 ? -errno : 0;
}

static void bound_name(struct real_listener *rl) {
    struct sockaddr_storage sa = {0};
    socklen_t len = sizeof(sa);
    char text[112];
    getsockname(rl->io.fd, (struct sockaddr *)&sa, &len);
    address_text(&sa, len, text, sizeof(text));
    bool is_unix = sa.ss_family == AF_UNIX;
    snprintf(rl->l.address, sizeof(rl->l.address), "%s:%s", is_unix ? "unix" : "tcp", text);
    if (is_unix)
        rl->path = xstrndup(text, strlen(text));
}

static int real_listen(struct transport *t, struct loop *l, const char *address, struct err *e,
                       struct listener **ret) {
    struct address v[ADDRESSES_MAX];
    size_t n;
    int r = address_parse(address, v, &n);
    if (r < 0)
        return err_set(e, r, "listen on %s: %s", address, strerror(-r));
    int fd = open_socket(v[0].sa.ss_family);
    if (fd < 0)
        return err_set(e, fd, "listen on %s: %s", address, strerror(-fd));
    r = bind_to(fd, &v[0]);
    if (r < 0) {
        close(fd);
        return err_set(e, r, "listen on %s: %s", address, strerror(-r));
    }
    struct real_listener *rl = xcalloc(1, sizeof(*rl));
    rl->l.loop = l;
    rl->io = (struct io){.fd = fd, .want = IO_READ, .ready = accept_ready};
    rl->pause.fire = accept_resume;
    bound_name(rl);
    r = io_add(l, &rl->io);
    if (r < 0) {
        close(fd);
        free(rl->path);
        free(rl);
        return err_set(e, r, "listen on %s: %s", address, strerror(-r));
    }
    *ret = &rl->l;
    return 0;
}

static void real_unlisten(struct listener *l) {
    struct real_listener *rl = container_of(l, struct real_listener, l);
    if (rl->gone)
        *rl->gone = true;
    timer_stop(l->loop, &rl->pause);
    io_remove(&rl->io);
    close(rl->io.fd);
    if (rl->path)
        unlink(rl->path);
    free(rl->path);
    free(rl);
}

static void drop_socket(struct real_connect *rc) {
    io_remove(&rc->io);
    if (rc->io.fd >= 0)
        close(rc->io.fd);
    rc->io.fd = -1;
}

/* Frees the connect first: the callee may start the next one at once. */
static void finish(struct real_connect *rc, int r, struct stream *s) {
    struct connect c = rc->c;
    free(rc);
    c.connected(c.ctx, r, s);
}

static int connect_next(struct real_connect *rc);

static void connect_ready(struct io *io, unsigned events) {
    struct real_connect *rc = container_of(io, struct real_connect, io);
    int error = 0;
    socklen_t len = sizeof(error);
    if (getsockopt(io->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        error = errno;
    if (error) {
        drop_socket(rc);
        rc->error = -error;
        if (connect_next(rc) < 0)
            finish(rc, rc->error, NULL);
        return;
    }
    int fd = io->fd;
    io_remove(io);
    struct stream *s;
    const struct address *a = &rc->v[rc->at - 1];
    int r = adopt(rc->c.loop, fd, &a->sa, a->len, &s);
    finish(rc, r, r < 0 ? NULL : s);
}

static int try_one(struct real_connect *rc, const struct address *a) {
    int fd = open_socket(a->sa.ss_family);
    if (fd < 0)
        return fd;
    rc->io = (struct io){.fd = fd, .want = IO_WRITE, .ready = connect_ready};
    int r = connect(fd, (const struct sockaddr *)&a->sa, a->len);
    r = r < 0 && errno != EINPROGRESS ? -errno : io_add(rc->c.loop, &rc->io);
    if (r < 0)
        drop_socket(rc);
    return r;
}

/* Starts on the first of the remaining addresses that can be started on. */
static int connect_next(struct real_connect *rc) {
    while (rc->at < rc->n) {
        int r = try_one(rc, &rc->v[rc->at++]);
        if (r == 0)
            return 0;
        rc->error = r;
    }
    return rc->error;
}

static void connect_failed(struct task *t) {
    struct real_connect *rc = container_of(t, struct real_connect, failed);
    finish(rc, rc->error, NULL);
}

static int real_connect(struct transport *t, struct loop *l, const char *address,
                        void (*connected)(void *ctx, int r, struct stream *), void *ctx,
                        struct connect **ret) {
    struct real_connect *rc = xcalloc(1, sizeof(*rc));
    rc->c = (struct connect){l, connected, ctx};
    rc->io.fd = -1;
    rc->failed.run = connect_failed;
    int r = address_parse(address, rc->v, &rc->n);
    if (r < 0) {
        free(rc);
        return r;
    }
    if (connect_next(rc) < 0)
        loop_defer(l, &rc->failed);
    *ret = &rc->c;
    return 0;
}

static void real_cancel(struct connect *c) {
    struct real_connect *rc = container_of(c, struct real_connect, c);
    loop_cancel(c->loop, &rc->failed);
    drop_socket(rc);
    free(rc);
}

static void real_free(struct transport *t) {
    free(t);
}

struct transport *transport_real_new(struct env *env) {
    static const struct transport_ops ops = {
        .listen = real_listen,
        .unlisten = real_unlisten,
        .connect = real_connect,
        .cancel = real_cancel,
        .free = real_free,
    };
    struct transport *t = xcalloc(1, sizeof(*t));
    *t = (struct transport){.ops = &ops, .env = env};
    return t;
}
