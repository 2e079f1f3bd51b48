// SPDX-License-Identifier: Apache-2.0
/* Child processes: started with exactly the descriptors given, watched by pidfd, never waited for
 * in a blocking way. Children end with the process that started them (PR_SET_PDEATHSIG) unless
 * `outlives` is set. */
#pragma once

#include "loop/loop.h"

struct child;

struct child_spec {
    const char *const *argv;          /* ends in NULL; argv[0] is the file (PATH is searched) */
    const char *const *envp;          /* NULL: the process's own */
    int stdin_fd, stdout_fd, stderr_fd; /* -1: /dev/null */
    const int *keep;                  /* further descriptors kept under the same numbers */
    size_t n_keep;
    bool outlives;
    /* Instead of exec: runs in the forked child, its return value is the exit status. The child
     * must make its own loop. argv[0] then names the process. */
    int (*entry)(void *ctx);
    void *entry_ctx;
};

int child_start(struct loop *l, const struct child_spec *spec,
                void (*exited)(void *ctx, int wait_status), void *ctx, struct err *e,
                struct child **ret);
pid_t child_pid(const struct child *c);
int child_signal(struct child *c, int sig);
/* Forgets it: the process goes on, exited() is not called. */
struct child *child_free(struct child *c);

/* Runs a short command, gives its status and at most `max` bytes of what it printed on stdout and
 * stderr; killed after timeout_ns (status -ETIMEDOUT). input goes to its stdin. */
struct command;
int command_run(struct loop *l, const char *const *argv, const char *const *envp, str input,
                size_t max, int64_t timeout_ns,
                void (*done)(void *ctx, int status, str out, str errout), void *ctx,
                struct command **ret);
void command_cancel(struct command *c);

/* Signals as loop events. */
struct signals;
int signals_watch(struct loop *l, const int *sigs, size_t n, void (*got)(void *ctx, int sig),
                  void *ctx, struct signals **ret);
struct signals *signals_free(struct signals *s);
