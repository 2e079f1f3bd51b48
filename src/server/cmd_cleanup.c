// SPDX-License-Identifier: Apache-2.0
/* What a stopped server has left behind: its pods' sandboxes (with their containers and network),
 * mounts, cgroups, the bridge. containerd is started once more for it, because the sandboxes are
 * its to take apart. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kubelet/cri.h"
#include "kubelet/host/host.h"
#include "loop/child.h"
#include "loop/stream.h"
#include "server/commands.h"
#include "server/proc.h"

#define CONNECT_EVERY (200 * NSEC_PER_MSEC)
#define CONNECT_TRIES 75
#define CALL_TIMEOUT  (60 * NSEC_PER_SEC)

struct cleanup {
    struct server_config config;
    struct component_start start;
    struct env env;
    struct loop *loop;
    struct child *containerd;
    struct cri *cri;
    struct timer retry;
    int tries, status;
    struct arena arena;
    str *sandboxes;
    uint32_t n, at;
};

static void next_sandbox(struct cleanup *c);

static void end(struct cleanup *c) {
    if (c->containerd)
        child_signal(c->containerd, SIGTERM);
    else
        loop_stop(c->loop);
}

static void on_removed(void *ctx, int r, const struct err *e, const void *response) {
    struct cleanup *c = ctx;
    if (r < 0 && r != -ENOENT) {
        log_error(&c->env, "sandbox " STR_FMT ": %s", STR_ARG(c->sandboxes[c->at]), e->text);
        c->status = 1;
    }
    c->at++;
    next_sandbox(c);
}

static void on_stopped(void *ctx, int r, const struct err *e, const void *response) {
    struct cleanup *c = ctx;
    cri_RemovePodSandboxRequest rq = {.pod_sandbox_id = c->sandboxes[c->at]};
    if (r < 0 && r != -ENOENT)
        log_warn(&c->env, "sandbox " STR_FMT ": %s", STR_ARG(rq.pod_sandbox_id), e->text);
    cri_send(c->cri, CRI_REMOVE_POD_SANDBOX, &rq, CALL_TIMEOUT, on_removed, c);
}

static void next_sandbox(struct cleanup *c) {
    if (c->at == c->n) {
        end(c);
        return;
    }
    cri_StopPodSandboxRequest rq = {.pod_sandbox_id = c->sandboxes[c->at]};
    cri_send(c->cri, CRI_STOP_POD_SANDBOX, &rq, CALL_TIMEOUT, on_stopped, c);
}

static void on_listed(void *ctx, int r, const struct err *e, const void *response) {
    struct cleanup *c = ctx;
    const cri_ListPodSandboxResponse *list = response;
    if (r < 0 && ++c->tries < CONNECT_TRIES) { /* containerd is starting */
        timer_start(c->loop, &c->retry, CONNECT_EVERY);
        return;
    }
    if (r < 0) {
        log_error(&c->env, "containerd: %s", e->text);
        c->status = 1;
        end(c);
        return;
    }
    c->n = list->items.n;
    c->sandboxes = arena_array(&c->arena, c->n + 1, sizeof(str));
    for (uint32_t i = 0; i < c->n; i++)
        c->sandboxes[i] = str_dup(&c->arena, list->items.v[i].id);
    next_sandbox(c);
}

static void list(struct timer *t) {
    struct cleanup *c = container_of(t, struct cleanup, retry);
    cri_ListPodSandboxRequest rq = {0};
    cri_send(c->cri, CRI_LIST_POD_SANDBOX, &rq, CALL_TIMEOUT, on_listed, c);
}

static void on_exited(void *ctx, int wait_status) {
    struct cleanup *c = ctx;
    c->containerd = child_free(c->containerd);
    loop_stop(c->loop);
}

static int enter(void *ctx) {
    return proc_containerd(ctx, -1);
}

static int take_sandboxes_apart(struct cleanup *c, struct err *e) {
    const char *argv[] = {"containerd", NULL};
    char address[600];
    snprintf(address, sizeof(address), "unix:%s/containerd.sock", c->config.run_dir);
    int r = loop_new(&c->env, &c->loop);
    if (r == 0)
        r = child_start(c->loop,
                        &(struct child_spec){.argv = argv,
                                             .stdin_fd = -1,
                                             .stdout_fd = STDERR_FILENO,
                                             .stderr_fd = STDERR_FILENO,
                                             .entry = enter,
                                             .entry_ctx = &c->start},
                        on_exited, c, e, &c->containerd);
    if (r == 0)
        r = cri_new(c->loop, address, &c->cri);
    if (r == 0) {
        timer_start(c->loop, &c->retry, CONNECT_EVERY);
        r = loop_run(c->loop);
    }
    if (c->loop)
        timer_stop(c->loop, &c->retry);
    cri_free(c->cri);
    loop_free(c->loop);
    return r;
}

static void on_command(void *ctx, int status, str out, str errout) {
    loop_stop(ctx);
}

/* The bridge has no owner once the last pod is gone. */
static void remove_bridge(struct cleanup *c) {
    static const char *const argv[] = {"ip", "link", "delete", "cni0", NULL};
    struct loop *l;
    struct command *cmd;
    if (loop_new(&c->env, &l) < 0)
        return;
    if (command_run(l, argv, NULL, STR_NONE, 4096, 5 * NSEC_PER_SEC, on_command, l, &cmd) == 0)
        loop_run(l);
    loop_free(l);
}

static int inside(struct cleanup *c) {
    struct err e = {0};
    int r = host_mounts_enter(c->config.run_dir, &e);
    if (r == 0)
        r = take_sandboxes_apart(c, &e);
    if (r == 0)
        r = host_unmount_below(c->config.data_dir, &e);
    if (r == 0)
        r = host_unmount_below(c->config.run_dir, &e);
    if (r < 0)
        log_error(&c->env, "%s", e.text[0] ? e.text : strerror(-r));
    return r < 0 ? 1 : c->status;
}

static void remove_rest(struct cleanup *c) {
    char path[600];
    host_cgroup_remove("/coxswain");
    remove_bridge(c);
    snprintf(path, sizeof(path), "%s/containerd", c->config.run_dir);
    host_remove_tree(path);
    snprintf(path, sizeof(path), "%s/kubelet/pods", c->config.data_dir);
    host_remove_tree(path);
}

static bool in_use(const struct server_config *s) {
    char path[600];
    snprintf(path, sizeof(path), "%s/lock", s->data_dir);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    bool busy = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0;
    if (fd >= 0)
        close(fd);
    return busy;
}

int cmd_cleanup(int argc, char **argv) {
    struct cleanup c = {.retry = {.fire = list}};
    int status;
    if (!command_flags(server_flags, &c.config, server_config_complete, argc, argv, &status))
        return status;
    env_real_init(&c.env, "cleanup");
    loop_env_real(&c.env);
    arena_init(&c.arena, 0);
    c.start = (struct component_start){.config = &c.config, .channel = -1};
    if (in_use(&c.config)) {
        log_error(&c.env, "a server still uses %s", c.config.data_dir);
        return 1;
    }
    /* In the node's mount namespace, which only a child can enter and leave again. */
    pid_t pid = fork();
    if (pid == 0)
        _exit(inside(&c));
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        status = 1;
    host_mounts_unpin(c.config.run_dir);
    remove_rest(&c);
    arena_done(&c.arena);
    return status ? 1 : 0;
}
