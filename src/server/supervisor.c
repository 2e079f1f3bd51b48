// SPDX-License-Identifier: Apache-2.0
#include "server/supervisor.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_LINE_MAX 256

/* WAITING (for those before it) -> STARTING -> READY; the end of a process leads to BACKOFF, then
 * STARTING; while all are stopped, to STOPPED. */
enum state { WAITING, STARTING, READY, BACKOFF, STOPPED, STATE_MAX };

struct process {
    struct supervisor *s;
    const struct process_spec *spec;
    unsigned index;
    enum state state;
    struct child *child;
    struct timer timer; /* back-off, or the grace of a stop */
    int64_t delay, started;
    struct io ready;
    char line[READY_LINE_MAX];
    size_t n_line;
    bool held; /* ready, but the owner has not let its dependents go */
};

struct supervisor {
    struct supervisor_options o;
    struct loop *loop;
    struct process v[SUPERVISOR_MAX];
    bool stopping, told, failed;
};

struct entry_args {
    const struct process_spec *spec;
    int ready_fd;
};

static void advance(struct supervisor *s);

static int enter(void *ctx) {
    const struct entry_args *a = ctx;
    return a->spec->entry(a->spec->ctx, a->ready_fd);
}

static void forget_ready(struct process *p) {
    if (p->ready.fd < 0)
        return;
    io_remove(&p->ready);
    close(p->ready.fd);
    p->ready.fd = -1;
}

/* ---- an end ---- */

static void begin(struct process *p);

static void on_backoff(struct timer *t) {
    begin(container_of(t, struct process, timer));
}

static void describe(char *out, size_t n, int status) {
    if (WIFSIGNALED(status))
        snprintf(out, n, "was ended by signal %d", WTERMSIG(status));
    else
        snprintf(out, n, "ended with status %d", WEXITSTATUS(status));
}

static void give_up(struct process *p) {
    p->state = STOPPED;
    p->s->failed = true;
    supervisor_stop(p->s);
}

static void on_exit_of(void *ctx, int status) {
    struct process *p = ctx;
    struct supervisor *s = p->s;
    int64_t now = loop_now(s->loop);
    char how[64];
    describe(how, sizeof(how), status);
    p->child = child_free(p->child);
    forget_ready(p);
    timer_stop(s->loop, &p->timer);
    if (s->stopping) {
        p->state = STOPPED;
        advance(s);
        return;
    }
    if (s->o.give_up) {
        log_error(loop_env(s->loop), "%s %s", p->spec->name, how);
        give_up(p);
        return;
    }
    bool steady = now - p->started >= SUPERVISOR_STEADY;
    p->delay =
        steady || !p->delay ? SUPERVISOR_BACKOFF_MIN : MIN(p->delay * 2, SUPERVISOR_BACKOFF_MAX);
    p->state = BACKOFF;
    log_warn(loop_env(s->loop), "%s %s; starting it again in %lld ms", p->spec->name, how,
             (long long)(p->delay / NSEC_PER_MSEC));
    p->timer.fire = on_backoff;
    timer_start(s->loop, &p->timer, p->delay);
}

/* ---- a start ---- */

static void became_ready(struct process *p, str text) {
    struct supervisor *s = p->s;
    p->state = READY;
    log_info(loop_env(s->loop), "%s is ready after %lld ms", p->spec->name,
             (long long)((loop_now(s->loop) - p->started) / NSEC_PER_MSEC));
    p->held = s->o.ready && !s->o.ready(s->o.ctx, p->index, text);
    advance(s);
}

static void on_ready_fd(struct io *io, unsigned events) {
    struct process *p = container_of(io, struct process, ready);
    ssize_t n = read(io->fd, p->line + p->n_line, sizeof(p->line) - p->n_line);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n > 0)
        p->n_line += (size_t)n;
    str line = str_n(p->line, p->n_line);
    ssize_t end = str_chr(line, '\n');
    if (n > 0 && end < 0 && p->n_line < sizeof(p->line))
        return;
    forget_ready(p);
    line = str_slice(line, 0, end < 0 ? 0 : (size_t)end);
    str word = str_cut(&line, ' ');
    if (str_eqc(word, "ready"))
        became_ready(p, line);
    else if (n > 0)
        log_error(loop_env(p->s->loop), "%s did not say that it is ready", p->spec->name);
}

static int start_child(struct process *p, int ready_fd, struct err *e) {
    const char *argv[] = {p->spec->name, NULL};
    struct entry_args args = {p->spec, ready_fd};
    int keep[SUPERVISOR_KEEP_MAX + 1];
    memcpy(keep, p->spec->keep, sizeof(p->spec->keep));
    if (ready_fd >= 0)
        keep[p->spec->n_keep] = ready_fd;
    return child_start(p->s->loop,
                       &(struct child_spec){.argv = argv,
                                            .stdin_fd = -1,
                                            .stdout_fd = STDOUT_FILENO,
                                            .stderr_fd = STDERR_FILENO,
                                            .keep = keep,
                                            .n_keep = p->spec->n_keep + (ready_fd >= 0),
                                            .entry = enter,
                                            .entry_ctx = &args},
                       on_exit_of, p, e, &p->child);
}

static void begin(struct process *p) {
    struct supervisor *s = p->s;
    struct err e = {0};
    int fds[2] = {-1, -1};
    p->state = STARTING;
    p->n_line = 0;
    p->started = loop_now(s->loop);
    int r = p->spec->tells_ready && pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0 ? -errno : 0;
    if (r == 0)
        r = start_child(p, fds[1], &e);
    if (fds[1] >= 0)
        close(fds[1]);
    if (r < 0) {
        log_error(loop_env(s->loop), "%s does not start: %s", p->spec->name,
                  e.text[0] ? e.text : strerror(-r));
        if (fds[0] >= 0)
            close(fds[0]);
        if (s->o.give_up) {
            give_up(p);
            return;
        }
        p->state = BACKOFF;
        p->timer.fire = on_backoff;
        timer_start(s->loop, &p->timer, SUPERVISOR_BACKOFF_MAX);
        return;
    }
    if (fds[0] < 0) {
        became_ready(p, STR_NONE);
        return;
    }
    p->ready = (struct io){.fd = fds[0], .want = IO_READ, .ready = on_ready_fd};
    r = io_add(s->loop, &p->ready);
    ASSERT(r == 0);
}

/* ---- order ---- */

static bool may_start(const struct supervisor *s, const struct process *p) {
    for (unsigned i = 0; i < s->o.n; i++)
        if (p->spec->after & (1u << i) && (s->v[i].state != READY || s->v[i].held))
            return false;
    return true;
}

static void on_grace_over(struct timer *t) {
    struct process *p = container_of(t, struct process, timer);
    log_warn(loop_env(p->s->loop), "%s does not end; killing it", p->spec->name);
    child_signal(p->child, SIGKILL);
}

static bool others_need(const struct supervisor *s, unsigned i) {
    for (unsigned j = 0; j < s->o.n; j++)
        if (s->v[j].spec->after & (1u << i) && s->v[j].state != STOPPED)
            return true;
    return false;
}

/* One more step of a stop: whoever nobody needs any more is asked to end. */
static void stop_step(struct supervisor *s) {
    bool left = false;
    for (unsigned i = s->o.n; i-- > 0;) {
        struct process *p = &s->v[i];
        if (p->state == STOPPED)
            continue;
        if (!p->child) {
            timer_stop(s->loop, &p->timer);
            p->state = STOPPED;
            i = s->o.n; /* look again: others may be free to end now */
            continue;
        }
        left = true;
        if (timer_on(&p->timer) || others_need(s, i))
            continue;
        child_signal(p->child, SIGTERM);
        p->timer.fire = on_grace_over;
        timer_start(s->loop, &p->timer, SUPERVISOR_STOP_GRACE);
    }
    if (!left)
        loop_stop(s->loop);
}

static void advance(struct supervisor *s) {
    bool all = true;
    if (s->stopping) {
        stop_step(s);
        return;
    }
    for (unsigned i = 0; i < s->o.n; i++)
        if (s->v[i].state == WAITING && may_start(s, &s->v[i]))
            begin(&s->v[i]);
    for (unsigned i = 0; i < s->o.n; i++)
        all &= s->v[i].state == READY && !s->v[i].held;
    if (all && !s->told) {
        s->told = true;
        if (s->o.all_ready)
            s->o.all_ready(s->o.ctx);
    }
}

void supervisor_proceed(struct supervisor *s, unsigned i) {
    s->v[i].held = false;
    advance(s);
}

int supervisor_new(struct loop *l, const struct supervisor_options *o, struct supervisor **ret) {
    ASSERT(o->n <= SUPERVISOR_MAX);
    struct supervisor *s = xcalloc(1, sizeof(*s));
    s->o = *o;
    s->loop = l;
    for (unsigned i = 0; i < o->n; i++)
        s->v[i] = (struct process){.s = s, .spec = &o->list[i], .index = i, .ready = {.fd = -1}};
    *ret = s;
    advance(s);
    return 0;
}

bool supervisor_failed(const struct supervisor *s) {
    return s->failed;
}

void supervisor_stop(struct supervisor *s) {
    if (s->stopping)
        return;
    s->stopping = true;
    for (unsigned i = 0; i < s->o.n; i++)
        timer_stop(s->loop, &s->v[i].timer);
    stop_step(s);
}

struct supervisor *supervisor_free(struct supervisor *s) {
    if (!s)
        return NULL;
    for (unsigned i = 0; i < s->o.n; i++) {
        timer_stop(s->loop, &s->v[i].timer);
        forget_ready(&s->v[i]);
        child_free(s->v[i].child);
    }
    free(s);
    return NULL;
}
