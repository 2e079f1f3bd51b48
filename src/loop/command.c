// SPDX-License-Identifier: Apache-2.0
/* A command is done when its process has exited and both of its output pipes have ended. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "loop/child.h"

#define COMMAND_DRAIN      NSEC_PER_SEC /* for pipes that outlive the process */
#define COMMAND_READ_BYTES 65536

struct output {
    struct command *c;
    struct io io;
    struct buf got;
    bool ended;
};

struct command {
    struct loop *loop;
    struct child *child;
    struct timer timer;
    struct io input;
    struct buf in;
    size_t sent;
    struct output out, err;
    int status;
    bool exited;
    void (*done)(void *ctx, int status, str out, str errout);
    void *ctx;
};

static void end_io(struct io *io) {
    io_remove(io);
    if (io->fd >= 0)
        close(io->fd);
    io->fd = -1;
}

static void command_free(struct command *c) {
    timer_stop(c->loop, &c->timer);
    end_io(&c->input);
    end_io(&c->out.io);
    end_io(&c->err.io);
    child_free(c->child);
    buf_done(&c->in);
    buf_done(&c->out.got);
    buf_done(&c->err.got);
    free(c);
}

static void finish(struct command *c, int status) {
    timer_stop(c->loop, &c->timer);
    c->done(c->ctx, status, buf_str(&c->out.got), buf_str(&c->err.got));
    command_free(c);
}

static void finish_if_over(struct command *c) {
    if (c->exited && c->out.ended && c->err.ended)
        finish(c, c->status);
}

static void kill_group(struct command *c) {
    if (!c->exited)
        kill(-child_pid(c->child), SIGKILL);
}

static void on_timer(struct timer *t) {
    struct command *c = container_of(t, struct command, timer);
    kill_group(c);
    finish(c, c->exited ? c->status : -ETIMEDOUT);
}

static void on_exit_(void *ctx, int wait_status) {
    struct command *c = ctx;
    c->exited = true;
    c->status = wait_status;
    timer_start(c->loop, &c->timer, COMMAND_DRAIN);
    finish_if_over(c);
}

static void on_input(struct io *io, unsigned events) {
    struct command *c = container_of(io, struct command, input);
    ssize_t n = write(io->fd, c->in.p + c->sent, c->in.n - c->sent);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0)
        c->sent += (size_t)n;
    if (n < 0 || c->sent == c->in.n)
        end_io(io); /* a command need not read what it is given */
}

static void keep(struct buf *b, const char *p, size_t n) {
    buf_add(b, str_n(p, MIN(n, b->limit - b->n)));
}

static void on_output(struct io *io, unsigned events) {
    struct output *o = container_of(io, struct output, io);
    char *bytes = xmalloc(COMMAND_READ_BYTES);
    ssize_t n = read(io->fd, bytes, COMMAND_READ_BYTES);
    if (n > 0)
        keep(&o->got, bytes, (size_t)n);
    bool over = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
    free(bytes);
    if (over) {
        end_io(io);
        o->ended = true;
        finish_if_over(o->c);
    }
}

static void close_pair(int fds[2]) {
    for (int i = 0; i < 2; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static int start(struct command *c, const char *const *argv, const char *const *envp, int in[2],
                 int out[2], int err[2]) {
    if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
        return -errno;
    struct child_spec spec = {
        .argv = argv, .envp = envp, .stdin_fd = in[0], .stdout_fd = out[1], .stderr_fd = err[1]};
    return child_start(c->loop, &spec, on_exit_, c, NULL, &c->child);
}

static int watch(struct loop *l, struct io *io, int *fd, unsigned want,
                 void (*ready)(struct io *, unsigned)) {
    *io = (struct io){.fd = *fd, .want = want, .ready = ready};
    *fd = -1;
    if (fcntl(io->fd, F_SETFL, O_NONBLOCK) < 0)
        return -errno;
    return io_add(l, io);
}

static struct command *command_new(struct loop *l, str input, size_t max) {
    struct command *c = xcalloc(1, sizeof(*c));
    c->loop = l;
    c->timer.fire = on_timer;
    c->input.fd = c->out.io.fd = c->err.io.fd = -1;
    c->out.c = c->err.c = c;
    buf_init(&c->in, 0);
    buf_add(&c->in, input);
    buf_init(&c->out.got, MAX(max, (size_t)1));
    buf_init(&c->err.got, MAX(max, (size_t)1));
    return c;
}

int command_run(struct loop *l, const char *const *argv, const char *const *envp, str input,
                size_t max, int64_t timeout_ns,
                void (*done)(void *ctx, int status, str out, str errout), void *ctx,
                struct command **ret) {
    struct command *c = command_new(l, input, max);
    int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1};
    c->done = done;
    c->ctx = ctx;
    int r = start(c, argv, envp, in, out, err);
    if (r == 0)
        r = watch(l, &c->out.io, &out[0], IO_READ, on_output);
    if (r == 0)
        r = watch(l, &c->err.io, &err[0], IO_READ, on_output);
    if (r == 0 && input.n)
        r = watch(l, &c->input, &in[1], IO_WRITE, on_input);
    close_pair(in);
    close_pair(out);
    close_pair(err);
    if (r < 0) {
        if (c->child)
            kill_group(c);
        command_free(c);
        return r;
    }
    timer_start(l, &c->timer, timeout_ns);
    *ret = c;
    return 0;
}

void command_cancel(struct command *c) {
    if (!c)
        return;
    kill_group(c);
    command_free(c);
}
