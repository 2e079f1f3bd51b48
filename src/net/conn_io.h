// SPDX-License-Identifier: Apache-2.0
/* What connections have in common below their protocol: a stream, bytes that wait to
 * be written and may not wait for ever, a task that looks at the connection before the loop sleeps,
 * and the rule that it is freed by the outermost of the calls that look at it afterwards. */
#pragma once

#include "loop/loop.h"
#include "net/outq.h"

struct conn_io;
struct conn_io_ops {
    void (*pump)(struct conn_io *); /* works on what is there */
    void (*close)(
        struct conn_io *); /* ends in conn_io_end(); the stream is the protocol's to close */
    void (*free)(struct conn_io *);
};

struct conn_io {
    const struct conn_io_ops *ops;
    struct stream *s;
    struct loop *loop;
    struct outq out;
    struct timer write_timer; /* runs while bytes wait to be written */
    struct task task;         /* pump */
    unsigned depth;           /* of calls that look at it afterwards */
    bool dead;                /* closed; only the memory is left */
    bool failed;              /* a write failed: close at the next chance */
};

void conn_io_init(struct conn_io *io, struct loop *l, struct stream *s,
                  const struct conn_io_ops *ops);
/* Looks at the connection again before the loop sleeps. */
void conn_io_wake(struct conn_io *io);
/* n bytes have been written just now: progress, or the end of waiting. */
void conn_io_wrote(struct conn_io *io, size_t n);
/* Dead from now on: nothing fires any more, what was not written is dropped. */
void conn_io_end(struct conn_io *io);
/* Around everything after which the connection is looked at. leave: whether it still lives (false:
 * it may be freed by now). */
static inline void conn_io_enter(struct conn_io *io) {
    io->depth++;
}
bool conn_io_leave(struct conn_io *io);
