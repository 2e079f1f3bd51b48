// SPDX-License-Identifier: Apache-2.0
/* A node of somebody else's cluster. Whoever typed the command learns at once whether the machine
 * may join: that is done by a child, before anything else is started (the supervisor itself speaks
 * to nobody). A machine that has joined needs no token and waits for no server. */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop/stream.h"
#include "server/cluster.h"
#include "server/commands.h"
#include "server/node_identity.h"

#define TOKEN_FILE_MAX 4096

/* Exit statuses, beside 1 (something else) and 2 (the flags). */
enum { EXIT_TOKEN = 3, EXIT_SERVER = 4, EXIT_NODE_EXISTS = 5 };

struct join {
    struct env env;
    struct loop *loop;
    int status;
};

static void on_changed(void *ctx) {
    struct join *j = ctx;
    j->status = 0;
    loop_stop(j->loop);
}

static int status_of(int r) {
    return r == -EACCES || r == -EPERM ? EXIT_TOKEN
           : r == -EPROTO              ? EXIT_SERVER
           : r == -EEXIST              ? EXIT_NODE_EXISTS
                                       : 1;
}

static void on_failed(void *ctx, int r, const struct err *e) {
    struct join *j = ctx;
    const char *hint = r == -EACCES   ? "the token is wrong or has expired: "
                       : r == -EPROTO ? "the server is not the one that the token is for: "
                                      : "";
    fprintf(stderr, "coxswain agent: %s%s\n", hint, e->text[0] ? e->text : strerror(-r));
    j->status = status_of(r);
    loop_stop(j->loop);
}

static int join_cluster(const struct server_config *c, const struct join_token *token) {
    CLEANUP(arena_freep) struct arena *a = arena_new(0);
    struct join j = {.status = 1};
    struct err e = {0};
    struct node_identity *n = NULL;
    env_real_init(&j.env, "agent");
    loop_env_real(&j.env);
    j.env.log_level = LOG_INFO;
    const struct node_identity_options o = {
        .dir = str_printf(a, "%s/" NODE_IDENTITY_DIR, c->data_dir).p,
        .server = c->api_url,
        .node = c->node_name,
        .addresses = str_printf(a, "%s,%s", c->hostname, c->node_ip).p,
        .token = token,
        .changed = on_changed,
        .failed = on_failed,
        .ctx = &j,
    };
    int r = loop_new(&j.env, &j.loop);
    if (r == 0)
        r = node_identity_new(j.loop, &o, &e, &n);
    if (r == 0)
        r = loop_run(j.loop);
    if (r < 0)
        fprintf(stderr, "coxswain agent: %s\n", e.text[0] ? e.text : strerror(-r));
    node_identity_free(n);
    if (j.loop)
        loop_free(j.loop);
    return r < 0 ? 1 : j.status;
}

/* In a child of its own. */
static int join_first(const struct server_config *c, const struct join_token *token) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        _exit(join_cluster(c, token));
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0) {
        perror("coxswain agent");
        return 1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* 1: there is one, 0: none, negative errno. */
static int read_token(const struct server_config *c, struct join_token *ret, struct err *e) {
    struct env env;
    struct buf b;
    str text = str_of(c->join_token);
    int r = 0;
    env_real_init(&env, "agent");
    buf_init(&b, TOKEN_FILE_MAX);
    if (!text.n && c->join_token_file[0]) {
        r = env.ops->disk.read(&env, c->join_token_file, TOKEN_FILE_MAX, &b);
        if (r < 0)
            err_set(e, r, "%s: %s", c->join_token_file, strerror(-r));
        text = buf_str(&b);
    }
    text = str_trim(str_cut(&text, '\n'));
    if (r == 0 && text.n)
        r = join_token_parse(text, e, ret) == 0 ? 1 : -EINVAL;
    buf_done(&b);
    return r;
}

static void on_ready(const struct server_config *c, int64_t took_ns) {
    fprintf(stderr, "coxswain: node %s is ready after %lld ms\n", c->node_name,
            (long long)(took_ns / NSEC_PER_MSEC));
}

int cmd_agent(int argc, char **argv) {
    struct server_config c = {0};
    struct join_token token;
    struct err e = {0};
    int status;
    if (!command_flags(agent_flags, &c, agent_config_complete, argc, argv, &status))
        return status;
    int have = read_token(&c, &token, &e);
    if (have < 0) {
        fprintf(stderr, "coxswain agent: %s\n", e.text);
        return 2;
    }
    umask(077);
    status = join_first(&c, have ? &token : NULL);
    return status ? status : cluster_run(&c, on_ready);
}
