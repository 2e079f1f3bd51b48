// SPDX-License-Identifier: Apache-2.0
/* Child processes: started with exactly the descriptors given, watched by pidfd, never waited for
 * in a blocking way. Children end with the process that started them (PR_SET_PDEATHSIG) unless
 * `outlives` is set. */
#pragma once

#include "loop/loop.h"

/* What stands behind the functions below; a test may put its own into env->processes. */
struct child {
    const struct child_ops *ops;
    pid_t pid;
};

struct child_spec {
    const char *const *argv;            /* ends in NULL; argv[0] is the file (PATH is searched) */
    const char *const *envp;            /* NULL: the process's own */
    int stdin_fd, stdout_fd, stderr_fd; /* -1: /dev/null */
    const int *keep;                    /* further descriptors kept under the same numbers */
    size_t n_keep;
    bool outlives;
    /* Instead of exec: runs in the forked child, its return value is the exit status. The child
     * must make its own loop. argv[0] then names the process. */
    int (*entry)(void *ctx);
    void *entry_ctx;
};

struct child_ops {
    int (*signal)(struct child *, int sig);
    void (*free)(struct child *);
};

struct processes {
    const struct processes_ops {
        int (*start)(struct processes *, struct loop *, const struct child_spec *,
                     void (*exited)(void *ctx, int wait_status), void *ctx, struct err *,
                     struct child **ret);
        void (*free)(struct processes *);
    } * ops;
};
struct processes *processes_real_new(void); /* for loop_env_real */

/* exited() is called once, later, with a status as of waitpid(); the child is then still the
 * caller's to free. A file that cannot be executed is an error here already. -ENOTSUP where the
 * environment has no processes. Children are leaders of process groups of their own. */
int child_start(struct loop *l, const struct child_spec *spec,
                void (*exited)(void *ctx, int wait_status), void *ctx, struct err *e,
                struct child **ret);
pid_t child_pid(const struct child *c);
int child_signal(struct child *c, int sig);
/* Forgets it: the process goes on (the loop will reap it), exited() is not called. */
struct child *child_free(struct child *c);

/* Runs a short command, gives its wait status and at most `max` bytes each of what it printed on
 * stdout and stderr (the rest is read and dropped). After timeout_ns its process group is killed,
 * and the status is -ETIMEDOUT. input goes to its stdin. done() is called once, later, and frees
 * the command after it has returned; out and errout live as long as the call. A command that
 * leaves its pipes to a child of its own is done a second after its exit. */
struct command;
int command_run(struct loop *l, const char *const *argv, const char *const *envp, str input,
                size_t max, int64_t timeout_ns,
                void (*done)(void *ctx, int status, str out, str errout), void *ctx,
                struct command **ret);
void command_cancel(struct command *c); /* kills it; done() is not called */

/* Signals as loop events: blocked for the thread (start other threads later) and read from a
 * signalfd. -ENOTSUP on a virtual loop. */
struct signals;
int signals_watch(struct loop *l, const int *sigs, size_t n, void (*got)(void *ctx, int sig),
                  void *ctx, struct signals **ret);
struct signals *signals_free(struct signals *s);
