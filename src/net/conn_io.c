// SPDX-License-Identifier: Apache-2.0
#include "net/conn_io.h"

#include "net/server.h"

static void run_task(struct task *t) {
    struct conn_io *io = container_of(t, struct conn_io, task);
    io->ops->pump(io);
}

static void on_write_timer(struct timer *t) {
    struct conn_io *io = container_of(t, struct conn_io, write_timer);
    io->ops->close(io);
}

void conn_io_init(struct conn_io *io, struct loop *l, struct stream *s,
                  const struct conn_io_ops *ops) {
    *io = (struct conn_io){.ops = ops, .s = s, .loop = l};
    io->write_timer.fire = on_write_timer;
    io->task.run = run_task;
    list_init(&io->task.node);
}

void conn_io_wake(struct conn_io *io) {
    if (!io->depth && !io->dead)
        loop_defer(io->loop, &io->task);
}

void conn_io_wrote(struct conn_io *io, size_t n) {
    if (!outq_pending(&io->out))
        timer_stop(io->loop, &io->write_timer);
    else if (n || !timer_on(&io->write_timer))
        timer_start(io->loop, &io->write_timer, HTTP_BODY_TIMEOUT);
}

void conn_io_end(struct conn_io *io) {
    io->dead = true;
    timer_stop(io->loop, &io->write_timer);
    loop_cancel(io->loop, &io->task);
    outq_done(&io->out);
}

bool conn_io_leave(struct conn_io *io) {
    bool alive = !io->dead;
    if (!--io->depth && !alive)
        io->ops->free(io);
    return alive;
}
