// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop/child.h"
#include "loop/stream.h"
#include "tap.h"

struct world {
    struct env env;
    struct loop *l;
    bool over;
    int status, sig;
    struct buf out, err;
};

static void world_init(struct world *w) {
    *w = (struct world){.status = -1};
    env_real_init(&w->env, "test");
    loop_env_real(&w->env);
    REQUIRE(loop_new(&w->env, &w->l) == 0);
}

static void world_done(struct world *w) {
    buf_done(&w->out);
    buf_done(&w->err);
    loop_free(w->l);
    loop_env_done(&w->env);
}

static bool is_over(void *ctx) {
    return ((struct world *)ctx)->over;
}
static bool never(void *ctx) {
    return false;
}
static bool wait_over(struct world *w) {
    bool over = loop_run_until(w->l, is_over, w, 60 * NSEC_PER_SEC);
    w->over = false;
    return over;
}

static void exited(void *ctx, int status) {
    struct world *w = ctx;
    w->status = status;
    w->over = true;
}

#define SPEC_OUT(out, ...)                                                                         \
    (struct child_spec) {                                                                          \
        .stdin_fd = -1, .stdout_fd = (out), .stderr_fd = -1, __VA_ARGS__                           \
    }
#define SPEC(...) SPEC_OUT(-1, __VA_ARGS__)

TEST(child_exit_and_signal) {
    struct world w;
    struct child *c;
    struct err e = {0};
    world_init(&w);
    const char *const exit7[] = {"sh", "-c", "exit 7", NULL};
    REQUIRE(child_start(w.l, &SPEC(.argv = exit7), exited, &w, &e, &c) == 0);
    CHECK(child_pid(c) > 0);
    CHECK(wait_over(&w));
    CHECK(WIFEXITED(w.status) && WEXITSTATUS(w.status) == 7);
    CHECK_INT(child_signal(c, SIGTERM), -ESRCH);
    child_free(c);
    const char *const sleeper[] = {"sleep", "100", NULL};
    REQUIRE(child_start(w.l, &SPEC(.argv = sleeper), exited, &w, &e, &c) == 0);
    loop_run_until(w.l, never, NULL, NSEC_PER_MSEC);
    CHECK_INT(child_signal(c, SIGTERM), 0);
    CHECK(wait_over(&w));
    CHECK(WIFSIGNALED(w.status) && WTERMSIG(w.status) == SIGTERM);
    child_free(c);
    const char *const none[] = {"/no/such/file", NULL};
    CHECK_INT(child_start(w.l, &SPEC(.argv = none), exited, &w, &e, &c), -ENOENT);
    CHECK_STRC(str_of(e.text), "start /no/such/file: No such file or directory");
    world_done(&w);
}

/* What a child sees: standard descriptors and the kept one, nothing else; no blocked signals. */
TEST(child_gets_exactly_what_is_given) {
    struct world w;
    struct child *c;
    int out[2], leak = open("/dev/null", O_RDONLY), keep = open("/dev/null", O_RDONLY);
    world_init(&w);
    REQUIRE(pipe(out) == 0);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    const char *const argv[] = {
        "sh", "-c",
        "cd /proc/self/fd; echo *; grep -E 'SigBlk|SigIgn' /proc/self/status | tr -d '\\t'; "
        "echo $A$B; test $(ps -o pgid= -p $$) = $$ && echo leader",
        NULL};
    const char *const envp[] = {"A=1", "PATH=/usr/bin:/bin", NULL};
    struct child_spec spec =
        SPEC_OUT(out[1], .argv = argv, .envp = envp, .keep = &keep, .n_keep = 1);
    REQUIRE(child_start(w.l, &spec, exited, &w, NULL, &c) == 0);
    CHECK(wait_over(&w));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    char got[512], want[512];
    ssize_t n = read(out[0], got, sizeof(got));
    /* 3, the lowest that is free, is the shell's own of reading the folder */
    snprintf(want, sizeof(want), "0 1 2 3 %d\nSigBlk:0000000000000000\nSigIgn:", keep);
    CHECK_STRC(str_slice(str_n(got, (size_t)MAX(n, 0)), 0, strlen(want)), want);
    CHECK(str_ends(str_n(got, (size_t)MAX(n, 0)), STR("0\n1\nleader\n")));
    child_free(c);
    close(out[0]);
    close(out[1]);
    close(leak);
    close(keep);
    world_done(&w);
}

/* A child that is a part of this program, with a loop of its own. */
static void entry_fire(struct timer *t) {
    _exit(42);
}
static int entry(void *ctx) {
    struct env env;
    struct loop *l;
    env_real_init(&env, "entry");
    loop_env_real(&env);
    if (loop_new(&env, &l) < 0)
        return 1;
    struct timer t = {.fire = entry_fire};
    timer_start(l, &t, NSEC_PER_MSEC);
    loop_run(l);
    return 2;
}

TEST(child_entry) {
    struct world w;
    struct child *c;
    world_init(&w);
    const char *const argv[] = {"component", NULL};
    REQUIRE(child_start(w.l, &SPEC(.argv = argv, .entry = entry), exited, &w, NULL, &c) == 0);
    CHECK(wait_over(&w));
    CHECK_INT(WEXITSTATUS(w.status), 42);
    child_free(c);
    world_done(&w);
}

TEST(forgotten_child_is_reaped) {
    struct world w;
    struct child *c;
    world_init(&w);
    const char *const argv[] = {"true", NULL};
    REQUIRE(child_start(w.l, &SPEC(.argv = argv), exited, &w, NULL, &c) == 0);
    pid_t pid = child_pid(c);
    child_free(c);
    for (int i = 0; i < 6000 && kill(pid, 0) == 0; i++)
        loop_run_until(w.l, never, NULL, 5 * NSEC_PER_MSEC);
    CHECK_INT(kill(pid, 0), -1);
    CHECK(!w.over);
    const char *const sleeper[] = {"sleep", "100", NULL};
    REQUIRE(child_start(w.l, &SPEC(.argv = sleeper), exited, &w, NULL, &c) == 0);
    pid = child_pid(c);
    child_free(c);
    world_done(&w); /* with a forgotten child that still runs */
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* The death signal: the middle process dies, its child must not live on. */
static int middle(void *ctx) {
    struct world w;
    struct child *c;
    int *fds = ctx;
    world_init(&w);
    const char *const argv[] = {"sleep", "100", NULL};
    struct child_spec spec = SPEC_OUT(fds[1], .argv = argv);
    if (child_start(w.l, &spec, exited, &w, NULL, &c) < 0)
        return 1;
    raise(SIGKILL);
    return 0;
}

TEST(children_end_with_their_parent) {
    struct world w;
    struct child *c;
    int fds[2];
    char byte;
    world_init(&w);
    REQUIRE(pipe(fds) == 0);
    const char *const argv[] = {"middle", NULL};
    struct child_spec spec =
        SPEC(.argv = argv, .entry = middle, .entry_ctx = fds, .keep = &fds[1], .n_keep = 1);
    REQUIRE(child_start(w.l, &spec, exited, &w, NULL, &c) == 0);
    close(fds[1]);
    CHECK(wait_over(&w));
    CHECK_INT(WTERMSIG(w.status), SIGKILL);
    alarm(60);
    CHECK_INT(read(fds[0], &byte, 1), 0); /* the sleeper held the other end */
    alarm(0);
    close(fds[0]);
    child_free(c);
    world_done(&w);
}

static void command_done(void *ctx, int status, str out, str errout) {
    struct world *w = ctx;
    w->status = status;
    w->over = true;
    buf_clear(&w->out);
    buf_clear(&w->err);
    buf_add(&w->out, out);
    buf_add(&w->err, errout);
}

static int run(struct world *w, const char *script, str input, size_t max, int64_t timeout) {
    const char *const argv[] = {"sh", "-c", script, NULL};
    struct command *c;
    w->status = -1;
    int r = command_run(w->l, argv, NULL, input, max, timeout, command_done, w, &c);
    if (r < 0)
        return r;
    CHECK(!w->over);
    CHECK(wait_over(w));
    return w->status;
}

TEST(commands) {
    struct world w;
    world_init(&w);
    int64_t limit = 10 * NSEC_PER_SEC;
    CHECK_INT(WEXITSTATUS(run(&w, "tr a-z A-Z; echo oops >&2; exit 3", STR("abc"), 100, limit)), 3);
    CHECK_STRC(buf_str(&w.out), "ABC");
    CHECK_STRC(buf_str(&w.err), "oops\n");
    CHECK_INT(run(&w, "seq 1 200000; true", STR(""), 10, limit), 0);
    CHECK_STRC(buf_str(&w.out), "1\n2\n3\n4\n5\n");
    char *big = malloc(1000000);
    memset(big, 'x', 1000000);
    CHECK_INT(run(&w, "cat", str_n(big, 1000000), 2000000, limit), 0);
    CHECK_INT(w.out.n, 1000000);
    CHECK_INT(run(&w, "exec <&-; true", str_n(big, 1000000), 10, limit), 0); /* does not read */
    free(big);
    const char *const none[] = {"no-such-command-at-all", NULL};
    struct command *c;
    CHECK_INT(command_run(w.l, none, NULL, STR(""), 10, limit, command_done, &w, &c), -ENOENT);
    world_done(&w);
}

TEST(command_timeout_kills_the_group) {
    struct world w;
    world_init(&w);
    CHECK_INT(run(&w, "echo $$; sleep 100 & sleep 100", STR(""), 100, NSEC_PER_SEC), -ETIMEDOUT);
    int64_t pgid = 0;
    CHECK_INT(str_to_i64(str_slice(buf_str(&w.out), 0, w.out.n - 1), &pgid), 0);
    REQUIRE(pgid > 1);
    int gone = 0;
    for (int i = 0; i < 4000 && !gone; i++) {
        loop_run_until(w.l, never, NULL, 5 * NSEC_PER_MSEC);
        gone = kill(-(pid_t)pgid, 0) < 0 && errno == ESRCH;
        /* where nobody reaps orphans, they stay as zombies */
        char state[96];
        snprintf(state, sizeof(state), "ps -eo pgid=,stat= | grep -qE '^ *%d +[^Z]'", (int)pgid);
        gone = gone || system(state) != 0;
    }
    CHECK(gone);
    world_done(&w);
}

TEST(command_that_leaves_a_daemon) {
    struct world w;
    world_init(&w);
    int64_t pid = 0;
    CHECK_INT(run(&w, "sleep 100 & echo $!", STR(""), 100, 15 * NSEC_PER_SEC), 0);
    CHECK_INT(str_to_i64(str_slice(buf_str(&w.out), 0, w.out.n - 1), &pid), 0);
    REQUIRE(pid > 1);
    CHECK_INT(kill((pid_t)pid, SIGKILL), 0); /* nobody has waited for it */
    world_done(&w);
}

TEST(command_cancel) {
    struct world w;
    struct command *c;
    world_init(&w);
    const char *const argv[] = {"sleep", "100", NULL};
    REQUIRE(command_run(w.l, argv, NULL, STR(""), 10, NSEC_PER_SEC, command_done, &w, &c) == 0);
    loop_run_until(w.l, never, NULL, 5 * NSEC_PER_MSEC);
    command_cancel(c);
    loop_run_until(w.l, never, NULL, 20 * NSEC_PER_MSEC);
    CHECK(!w.over);
    world_done(&w);
}

static void got_signal(void *ctx, int sig) {
    struct world *w = ctx;
    w->sig = sig;
    w->over = true;
}

TEST(signals_as_events) {
    struct world w;
    struct signals *s;
    world_init(&w);
    const int sigs[] = {SIGTERM, SIGHUP};
    REQUIRE(signals_watch(w.l, sigs, 2, got_signal, &w, &s) == 0);
    kill(getpid(), SIGHUP);
    CHECK(wait_over(&w));
    CHECK_INT(w.sig, SIGHUP);
    kill(getpid(), SIGTERM);
    CHECK(wait_over(&w));
    CHECK_INT(w.sig, SIGTERM);
    signals_free(s);
    world_done(&w);
}

TEST(none_of_it_in_a_simulation) {
    struct env_sim sim;
    struct loop *l;
    struct child *c;
    struct command *cmd;
    struct signals *s;
    struct err e = {0};
    env_sim_init(&sim, 1);
    loop_env_sim(&sim);
    REQUIRE(loop_new_sim(&sim, &l) == 0);
    const char *const argv[] = {"true", NULL};
    CHECK_INT(child_start(l, &SPEC(.argv = argv), exited, NULL, &e, &c), -ENOTSUP);
    CHECK_INT(command_run(l, argv, NULL, STR(""), 1, 1, command_done, NULL, &cmd), -ENOTSUP);
    CHECK_INT(signals_watch(l, (int[]){SIGTERM}, 1, got_signal, NULL, &s), -ENOTSUP);
    loop_free(l);
    loop_env_done(&sim.env);
    env_sim_done(&sim);
}
