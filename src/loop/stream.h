// SPDX-License-Identifier: Apache-2.0
/* struct stream: a connected, non-blocking, two-way byte stream: a socket, a TLS session over
 * another stream, or a pair in memory. Readiness is level-triggered.
 *
 * struct transport makes them; the real one speaks TCP and unix sockets, the simulated one
 * connects names inside one process with latency, cuts and partial reads drawn from the seed. */
#pragma once

#include <sys/uio.h>

#include "loop/loop.h"

struct stream;
struct connect; /* one being made */

struct stream_ops {
    ssize_t (*read)(struct stream *, void *p, size_t n); /* bytes, 0 at end, -EAGAIN, -errno */
    ssize_t (*writev)(struct stream *, const struct iovec *iov, int n); /* may be short */
    void (*want)(struct stream *, unsigned events);                     /* IO_READ | IO_WRITE */
    void (*shutdown)(struct stream *); /* no more writes; flushes what it can */
    void (*close)(struct stream *);    /* frees; no callback afterwards */
};

struct stream {
    const struct stream_ops *ops;
    struct loop *loop;
    void (*ready)(struct stream *, unsigned events); /* may close the stream */
    void *ctx;                                       /* the user's */
    char peer[64]; /* "ip:port" or a name; empty when there is none */
    /* The TLS session on it, NULL on plain streams (net/tls.h). */
    struct tls_session *tls;
};

static inline ssize_t stream_read(struct stream *s, void *p, size_t n) {
    return s->ops->read(s, p, n);
}
static inline ssize_t stream_writev(struct stream *s, const struct iovec *iov, int n) {
    return s->ops->writev(s, iov, n);
}
static inline void stream_want(struct stream *s, unsigned ev) {
    s->ops->want(s, ev);
}
static inline void stream_close(struct stream *s) {
    if (s)
        s->ops->close(s);
}

/* Addresses are "tcp:HOST:PORT" (HOST an IP, IPv6 in brackets, or a name that resolves in
 * /etc/hosts; names block, so servers are named by IP), "unix:/path", "sim:name". */
struct listener {
    struct loop *loop;
    /* A new stream that is the callee's. */
    void (*accepted)(struct listener *, struct stream *);
    void *ctx;
    char address[128]; /* as bound: port 0 is replaced */
};

struct transport {
    const struct transport_ops {
        int (*listen)(struct transport *, struct loop *, const char *address, struct err *,
                      struct listener **ret);
        void (*unlisten)(struct listener *);
        /* connected(ctx, 0, stream) or (ctx, -errno, NULL), later, once, unless cancelled. */
        int (*connect)(struct transport *, struct loop *, const char *address,
                       void (*connected)(void *ctx, int r, struct stream *), void *ctx,
                       struct connect **ret);
        void (*cancel)(struct connect *);
        void (*free)(struct transport *);
    } * ops;
    struct env *env;
};

/* Adds the real transport and processes to an env from env_real_init. Ignores SIGPIPE for the
 * whole process: a peer that went away is an errno here, never a signal. */
void loop_env_real(struct env *env);
/* Adds the simulated transport (loop/transport_sim.h). There are no simulated processes. */
void loop_env_sim(struct env_sim *sim);
/* Frees what either added, after every loop on it is gone. */
void loop_env_done(struct env *env);

int transport_listen(struct loop *l, const char *address, struct err *e, struct listener **ret);
void listener_close(struct listener *l);
int transport_connect(struct loop *l, const char *address,
                      void (*connected)(void *ctx, int r, struct stream *), void *ctx,
                      struct connect **ret);
void connect_cancel(struct connect *c);
/* Adopts a connected descriptor (it will be non-blocking and close-on-exec). */
int stream_of_fd(struct loop *l, int fd, struct stream **ret);
