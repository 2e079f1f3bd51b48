// SPDX-License-Identifier: Apache-2.0
/* The supervisor over real processes: the line of readiness, descriptors that outlive a restart,
 * SIGTERM. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/stream.h"
#include "server/component.h"
#include "server/supervisor.h"
#include "tap.h"

struct world {
    struct env env;
    struct loop *l;
    struct supervisor *s;
    char texts[8][64]; /* behind "ready ", by process */
    unsigned ready;    /* calls */
    bool all;
};

static void world_init(struct world *w) {
    *w = (struct world){0};
    env_real_init(&w->env, "test");
    loop_env_real(&w->env);
    w->env.log_level = LOG_ERROR;
    REQUIRE(loop_new(&w->env, &w->l) == 0);
}

static bool on_ready(void *ctx, unsigned i, str text) {
    struct world *w = ctx;
    snprintf(w->texts[i], sizeof(w->texts[i]), STR_FMT, STR_ARG(text));
    w->ready++;
    return true;
}

static void on_all(void *ctx) {
    ((struct world *)ctx)->all = true;
}

static void supervise(struct world *w, const struct process_spec *list, unsigned n) {
    struct supervisor_options o = {
        .list = list, .n = n, .ready = on_ready, .all_ready = on_all, .ctx = w};
    REQUIRE(supervisor_new(w->l, &o, &w->s) == 0);
}

static void stop(struct world *w) {
    supervisor_stop(w->s);
    CHECK_INT(loop_run(w->l), 0);
    supervisor_free(w->s);
    loop_free(w->l);
    loop_env_done(&w->env);
}

static bool is_all(void *ctx) {
    return ((struct world *)ctx)->all;
}
static bool is_twice(void *ctx) {
    return ((struct world *)ctx)->ready >= 2;
}
static bool never(void *ctx) {
    return false;
}

static int sleeper(void) {
    pause();
    return 1;
}

static int plain_entry(const void *ctx, int ready_fd) {
    return ready_fd == -1 ? sleeper() : 1;
}
static int ready_entry(const void *ctx, int ready_fd) {
    component_ready(ready_fd, ctx);
    return sleeper();
}
/* The line comes in pieces. */
static int slow_entry(const void *ctx, int ready_fd) {
    static const char *const pieces[] = {"re", "ady ", "6443", "\nmore"};
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        usleep(2000);
        if (write(ready_fd, pieces[i], strlen(pieces[i])) < 0)
            return 1;
    }
    return sleeper();
}

TEST(supervisor_reads_the_line_of_readiness) {
    struct world w;
    const struct process_spec list[] = {
        {.name = "plain", .entry = plain_entry},
        {.name = "ready", .entry = ready_entry, .ctx = "7", .tells_ready = true, .after = 1},
        {.name = "slow", .entry = slow_entry, .tells_ready = true, .after = 2},
        {.name = "none", .entry = ready_entry, .tells_ready = true, .after = 4},
    };
    world_init(&w);
    supervise(&w, list, 4);
    CHECK_INT(w.ready, 1); /* "plain" at once, nobody else yet */
    CHECK(loop_run_until(w.l, is_all, &w, 20 * NSEC_PER_SEC));
    CHECK_STRC(str_of(w.texts[1]), "7");
    CHECK_STRC(str_of(w.texts[2]), "6443");
    CHECK_STRC(str_of(w.texts[3]), "");
    stop(&w);
}

/* What is no such line makes nobody ready: another word, a line without end, none at all. */
static int wrong_entry(const void *ctx, int ready_fd) {
    char text[1000];
    const char *kind = ctx;
    memset(text, 'r', sizeof(text));
    const char *say = strcmp(kind, "long") == 0 ? text : kind;
    size_t n = say == text ? sizeof(text) : strlen(kind);
    if (write(ready_fd, say, n) != (ssize_t)n)
        return 1;
    close(ready_fd);
    return sleeper();
}

TEST(supervisor_other_lines_make_nobody_ready) {
    struct world w;
    const struct process_spec list[] = {
        {.name = "word", .entry = wrong_entry, .ctx = "steady\n", .tells_ready = true},
        {.name = "joined", .entry = wrong_entry, .ctx = "readyness\n", .tells_ready = true},
        {.name = "long", .entry = wrong_entry, .ctx = "long", .tells_ready = true},
        {.name = "cut", .entry = wrong_entry, .ctx = "ready", .tells_ready = true},
        {.name = "empty", .entry = wrong_entry, .ctx = "", .tells_ready = true},
    };
    world_init(&w);
    supervise(&w, list, 5);
    loop_run_until(w.l, never, NULL, 100 * NSEC_PER_MSEC);
    CHECK_INT(w.ready, 0);
    CHECK(!w.all);
    stop(&w);
}

/* Says a byte over the descriptor it keeps and ends; the next start finds the same one. Whatever
 * else the supervisor has open is not there. */
struct keep {
    int kept, other;
};
static int keeping_entry(const void *ctx, int ready_fd) {
    const struct keep *k = ctx;
    char c = fcntl(k->other, F_GETFD) < 0 ? '.' : 'o';
    if (write(k->kept, &c, 1) != 1)
        return 1;
    component_ready(ready_fd, "1");
    return 5;
}

TEST(supervisor_descriptors_outlive_a_restart) {
    struct world w;
    int fds[2];
    char said[8] = {0};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    const struct keep k = {.kept = fds[1], .other = fds[0]};
    const struct process_spec list[] = {{.name = "keeping",
                                         .entry = keeping_entry,
                                         .ctx = &k,
                                         .tells_ready = true,
                                         .keep = {fds[1]},
                                         .n_keep = 1}};
    world_init(&w);
    w.env.log_level = LOG_ERROR;
    supervise(&w, list, 1);
    CHECK(loop_run_until(w.l, is_twice, &w, 20 * NSEC_PER_SEC));
    CHECK_INT(recv(fds[0], said, 2, MSG_WAITALL), 2);
    CHECK_STRC(str_of(said), "..");
    stop(&w);
    close(fds[0]);
    close(fds[1]);
}
