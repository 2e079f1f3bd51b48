// SPDX-License-Identifier: Apache-2.0
/* Real processes. fork() rather than vfork or clone, because the child may go on as a component of
 * the program (`entry`), which needs a C library whose locks are in order. Between fork and exec
 * only system calls are made, for other threads may have held any lock. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop/child.h"
#include "loop/loop_core.h"

#define KEEP_MAX 64 /* descriptors handed down beside the standard ones */

struct real_child {
    struct child c;
    struct loop_owned owned;
    struct loop *loop;
    struct io io;                               /* the pidfd */
    void (*exited)(void *ctx, int wait_status); /* NULL: forgotten */
    void *ctx;
    bool reaped;
};

/* Runs in the child. Ends with the errno for the parent when something failed. */
static NORETURN void child_fail(int report) {
    int error = errno;
    ssize_t ignored = write(report, &error, sizeof(error));
    (void)ignored;
    _exit(127);
}

static void reset_signals(void) {
    sigset_t none;
    for (int sig = 1; sig < NSIG; sig++)
        if (sig != SIGKILL && sig != SIGSTOP)
            signal(sig, SIG_DFL); /* fails on those of the C library: harmless */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The three sources are first copied out of the way of 0, 1 and 2, which may be among them. */
static bool set_standard(const struct child_spec *spec) {
    int from[3] = {spec->stdin_fd, spec->stdout_fd, spec->stderr_fd}, copy[3];
    for (int i = 0; i < 3; i++) {
        int fd = from[i] < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : from[i];
        copy[i] = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (copy[i] < 0)
            return false;
    }
    for (int i = 0; i < 3; i++)
        if (dup2(copy[i], i) < 0)
            return false;
    return true;
}

static void close_between(unsigned from, unsigned to) {
    if (from <= to)
        syscall(SYS_close_range, from, to, 0);
}

/* Closes all from 3 on but the sorted ones in keep[]. */
static bool close_others(const int *keep, size_t n) {
    unsigned from = 3;
    for (size_t i = 0; i < n; i++) {
        if (fcntl(keep[i], F_SETFD, 0) < 0)
            return false;
        close_between(from, (unsigned)keep[i] - 1);
        from = (unsigned)keep[i] + 1;
    }
    close_between(from, ~0u);
    return true;
}

static void sort(int *v, size_t n) {
    for (size_t i = 1; i < n; i++)
        for (size_t j = i; j && v[j] < v[j - 1]; j--) {
            int t = v[j];
            v[j] = v[j - 1];
            v[j - 1] = t;
        }
}

static NORETURN void child_main(const struct child_spec *spec, pid_t parent, int report) {
    int keep[KEEP_MAX + 1];
    if (!spec->outlives) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(127);
    }
    setpgid(0, 0);
    reset_signals();
    if (!set_standard(spec))
        child_fail(report);
    if (spec->n_keep)
        memcpy(keep, spec->keep, spec->n_keep * sizeof(*keep));
    keep[spec->n_keep] = report;
    sort(keep, spec->n_keep + 1);
    if (!close_others(keep, spec->n_keep + 1))
        child_fail(report);
    if (spec->entry) {
        close(report);
        prctl(PR_SET_NAME, spec->argv[0]);
        _exit(spec->entry(spec->entry_ctx));
    }
    fcntl(report, F_SETFD, FD_CLOEXEC);
    char **argv = (char **)(uintptr_t)spec->argv;
    char **envp = spec->envp ? (char **)(uintptr_t)spec->envp : environ;
    execvpe(argv[0], argv, envp);
    child_fail(report);
}

static void reap(struct real_child *rc) {
    int status;
    pid_t r;
    do
        r = waitpid(rc->c.pid, &status, WNOHANG);
    while (r < 0 && errno == EINTR);
    if (r == 0)
        return;
    if (r < 0)
        status = 127 << 8; /* somebody else's wait took it: the status is lost */
    rc->reaped = true;
    io_remove(&rc->io);
    close(rc->io.fd);
    if (rc->exited) {
        rc->exited(rc->ctx, status);
        return;
    }
    list_remove(&rc->owned.node);
    free(rc);
}

static void pidfd_ready(struct io *io, unsigned events) {
    reap(container_of(io, struct real_child, io));
}

static int real_signal(struct child *c, int sig) {
    struct real_child *rc = container_of(c, struct real_child, c);
    if (rc->reaped)
        return -ESRCH;
    return syscall(SYS_pidfd_send_signal, rc->io.fd, sig, NULL, 0) < 0 ? -errno : 0;
}

/* The loop that owns a forgotten child goes away before it did. */
static void drop(struct loop_owned *o) {
    struct real_child *rc = container_of(o, struct real_child, owned);
    io_remove(&rc->io);
    close(rc->io.fd);
    free(rc);
}

static void real_free(struct child *c) {
    struct real_child *rc = container_of(c, struct real_child, c);
    if (rc->reaped) {
        free(rc);
        return;
    }
    rc->exited = NULL;
    rc->owned.drop = drop;
    list_append(&rc->loop->owned, &rc->owned.node);
}

/* Waits until the child has become the other program, or the entry has begun: a millisecond. */
static int read_report(int fd) {
    int error = 0;
    ssize_t n;
    do
        n = read(fd, &error, sizeof(error));
    while (n < 0 && errno == EINTR);
    close(fd);
    return n == sizeof(error) ? -error : 0;
}

static int fork_child(const struct child_spec *spec, pid_t *ret_pid) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) < 0)
        return -errno;
    pid_t self = getpid(), pid = fork();
    if (pid == 0)
        child_main(spec, self, report[1]);
    int r = pid < 0 ? -errno : 0;
    close(report[1]);
    if (r < 0) {
        close(report[0]);
        return r;
    }
    r = read_report(report[0]);
    if (r < 0) {
        waitpid(pid, NULL, 0);
        return r;
    }
    *ret_pid = pid;
    return 0;
}

static const struct child_ops child_ops = {.signal = real_signal, .free = real_free};

static int real_start(struct processes *p, struct loop *l, const struct child_spec *spec,
                      void (*exited)(void *ctx, int wait_status), void *ctx, struct err *e,
                      struct child **ret) {
    ASSERT(spec->n_keep <= KEEP_MAX);
    for (size_t i = 0; i < spec->n_keep; i++)
        ASSERT(spec->keep[i] > STDERR_FILENO);
    pid_t pid = -1;
    int r = fork_child(spec, &pid);
    if (r < 0)
        return err_set(e, r, "start %s: %s", spec->argv[0], strerror(-r));
    struct real_child *rc = xcalloc(1, sizeof(*rc));
    rc->c = (struct child){&child_ops, pid};
    list_init(&rc->owned.node);
    rc->loop = l;
    rc->exited = exited;
    rc->ctx = ctx;
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    rc->io = (struct io){.fd = fd, .want = IO_READ, .ready = pidfd_ready};
    r = fd < 0 ? -errno : io_add(l, &rc->io);
    if (r < 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        if (fd >= 0)
            close(fd);
        free(rc);
        return err_set(e, r, "start %s: %s", spec->argv[0], strerror(-r));
    }
    *ret = &rc->c;
    return 0;
}

static void processes_free(struct processes *p) {
    free(p);
}

struct processes *processes_real_new(void) {
    static const struct processes_ops ops = {.start = real_start, .free = processes_free};
    struct processes *p = xcalloc(1, sizeof(*p));
    p->ops = &ops;
    return p;
}
