// SPDX-License-Identifier: Apache-2.0
/* A process that writes to SQLite is killed at any moment, again and again: everything it was told
 * is written must be there, nothing must be there that it never wrote, and no revision may come
 * twice. The child tells over a pipe what it proposes and what was answered; what stands in the
 * pipe survives it. */
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/env.h"
#include "objects.h"
#include "tap.h"

#define KEYS        32
#define ROUNDS      12
#define FULL_BYTES  (300 * 1024) /* where the disk of the second test ends */
#define EXIT_FATAL  5
#define CONFIG_MAPS RESOURCE_OF(core_v1_configmaps)

/* One line of the pipe. value 0: delete. revision 0: proposed, not yet answered. */
struct report {
    uint64_t key, value, revision, is_volatile;
};

/* ---- the child ---- */

struct writer {
    struct store_write w;
    struct child_state *c;
    struct report report;
    char key[64];
};

struct child_state {
    struct env env;
    struct loop *loop;
    struct store *store;
    struct writer writers[KEYS];
    uint64_t value;
    int fd;
};

static void tell(struct child_state *c, const struct report *r) {
    if (write(c->fd, r, sizeof(*r)) != (ssize_t)sizeof(*r))
        _exit(3);
}

static void on_done(struct store_write *w, int r, uint64_t revision, struct object *current);

static void propose(struct writer *w) {
    struct child_state *c = w->c;
    char name[16];
    uint64_t chance = env_random_below(&c->env, 8);
    struct object *now = store_get(c->store, CONFIG_MAPS, str_of(w->key)), *o = NULL;
    w->report = (struct report){.key = (uint64_t)(w - c->writers), .value = ++c->value};
    w->w = (struct store_write){.resource = CONFIG_MAPS,
                                .key = str_of(w->key),
                                .expected = now ? now->revision : STORE_ABSENT,
                                .done = on_done};
    snprintf(name, sizeof(name), "k%u", (unsigned)w->report.key);
    if (now && chance == 0)
        w->report.value = 0;
    else
        w->w.object = o = config_map("a", name, c->value);
    w->w.is_volatile = now && chance == 1;
    w->report.is_volatile = w->w.is_volatile;
    tell(c, &w->report);
    store_propose(c->store, &w->w);
    object_unref(o);
}

static void on_done(struct store_write *sw, int r, uint64_t revision, struct object *current) {
    struct writer *w = container_of(sw, struct writer, w);
    if (r < 0)
        _exit(4);
    w->report.revision = revision;
    tell(w->c, &w->report);
    propose(w);
}

static void child_fatal(void *ctx, const struct err *e) {
    _exit(EXIT_FATAL);
}

NORETURN static void child_main(const char *path, int fd, uint64_t value) {
    static struct child_state c;
    struct work_pool *pool = NULL;
    struct err e = {0};
    void *disk = NULL;
    c.fd = fd;
    c.value = value;
    env_real_init(&c.env, "test");
    if (loop_new(&c.env, &c.loop) < 0 || work_pool_new(&c.env, 1, &pool) < 0 ||
        store_disk_sqlite(&c.env, path, &e, &disk) < 0)
        _exit(6);
    struct store_options o = {
        .ops = &store_sqlite_ops, .disk = disk, .workers = pool, .fatal = child_fatal};
    if (store_open(c.loop, &o, &e, &c.store) < 0)
        _exit(7);
    for (unsigned i = 0; i < KEYS; i++) {
        struct writer *w = &c.writers[i];
        w->c = &c;
        snprintf(w->key, sizeof(w->key), "/registry/configmaps/a/k%u", i);
        propose(w);
    }
    loop_run(c.loop);
    _exit(8);
}

/* ---- the parent ---- */

struct seen {
    struct report durable, open; /* last answered durable write; one proposed and not answered */
    bool has_open;
};

struct parent {
    struct env env;
    char dir[64], path[80];
    struct seen keys[KEYS];
    uint64_t value, revision, answers;
};

static void take_report(struct parent *p, const struct report *r) {
    struct seen *k = &p->keys[r->key];
    p->value = MAX(p->value, r->value);
    k->has_open = r->revision == 0;
    if (k->has_open) {
        k->open = *r;
        return;
    }
    CHECK(r->revision > p->revision);
    p->revision = r->revision;
    p->answers++;
    if (!r->is_volatile)
        k->durable = *r;
}

static bool read_report(struct parent *p, int fd) {
    struct report r;
    if (read(fd, &r, sizeof(r)) != (ssize_t)sizeof(r))
        return false;
    take_report(p, &r);
    return true;
}

static void read_reports(struct parent *p, int fd, int64_t until) {
    for (;;) {
        int64_t left = until ? (until - env_mono(&p->env)) / NSEC_PER_MSEC : -1;
        struct pollfd pfd = {.fd = fd, .events = POLLIN};
        if ((until && left <= 0) || poll(&pfd, 1, (int)left) == 0)
            return;
        if (!read_report(p, fd))
            return;
    }
}

static pid_t start_child(struct parent *p, rlim_t file_bytes, int *ret_fd) {
    int fds[2];
    REQUIRE(pipe(fds) == 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit limit = {file_bytes, file_bytes};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        close(fds[0]);
        child_main(p->path, fds[1], p->value);
    }
    close(fds[1]);
    *ret_fd = fds[0];
    return pid;
}

/* From its first moment, or from its first answer on: how long it takes to begin depends on the
 * machine. */
static void run_and_kill(struct parent *p, bool has_begun) {
    int fd, status = 0;
    pid_t pid = start_child(p, RLIM_INFINITY, &fd);
    for (uint64_t before = p->answers; has_begun && p->answers == before;)
        REQUIRE(read_report(p, fd));
    int64_t life = (int64_t)env_random_below(&p->env, 60 * NSEC_PER_MSEC);
    read_reports(p, fd, env_mono(&p->env) + NSEC_PER_MSEC + life);
    kill(pid, SIGKILL);
    read_reports(p, fd, 0);
    close(fd);
    REQUIRE(waitpid(pid, &status, 0) == pid);
    CHECK(WIFSIGNALED(status));
}

static void check_key(struct parent *p, struct store *s, unsigned i) {
    struct seen *k = &p->keys[i];
    char key[64];
    snprintf(key, sizeof(key), "/registry/configmaps/a/k%u", i);
    struct object *o = store_get(s, CONFIG_MAPS, str_of(key));
    uint64_t value = o ? config_value(o) : 0;
    bool is_open = k->has_open && !k->open.is_volatile && value == k->open.value;
    if (!is_open && value != k->durable.value)
        tap_fail(__FILE__, __LINE__, "%s holds %llu, was told %llu", key, (unsigned long long)value,
                 (unsigned long long)k->durable.value);
    if (!is_open && o)
        CHECK_INT(o->revision, k->durable.revision);
    k->durable.value = value;
    k->durable.revision = o ? o->revision : 0;
    k->has_open = false;
}

static void fatal(void *ctx, const struct err *e) {
    tap_fail(__FILE__, __LINE__, "%s", e->text);
}

static void check_all(struct parent *p) {
    struct loop *loop CLEANUP(loop_freep) = NULL;
    struct store *s = NULL;
    struct err e = {0};
    void *disk = NULL;
    REQUIRE(loop_new(&p->env, &loop) == 0);
    REQUIRE(store_disk_sqlite(&p->env, p->path, &e, &disk) == 0);
    struct store_options o = {.ops = &store_sqlite_ops, .disk = disk, .fatal = fatal};
    REQUIRE(store_open(loop, &o, &e, &s) == 0);
    CHECK(store_revision(s) >= p->revision);
    p->revision = store_revision(s);
    for (unsigned i = 0; i < KEYS; i++)
        check_key(p, s, i);
    s = store_close(s);
}

static void parent_init(struct parent *p) {
    *p = (struct parent){0};
    env_real_init(&p->env, "test");
    snprintf(p->dir, sizeof(p->dir), "/tmp/store-kill-XXXXXX");
    REQUIRE(mkdtemp(p->dir) != NULL);
    snprintf(p->path, sizeof(p->path), "%s/state.db", p->dir);
}

static void parent_done(struct parent *p) {
    static const char *const files[] = {"", "-wal", "-shm", "-lock"};
    for (unsigned i = 0; i < ARRAY_LEN(files); i++) {
        char path[96];
        snprintf(path, sizeof(path), "%s%s", p->path, files[i]);
        unlink(path);
    }
    rmdir(p->dir);
}

TEST(sqlite_keeps_what_it_told_through_kill) {
    struct parent p;
    parent_init(&p);
    for (unsigned i = 0; i < ROUNDS; i++) {
        run_and_kill(&p, i % 3);
        check_all(&p);
    }
    tap_diag("%llu writes answered over %d kills", (unsigned long long)p.answers, ROUNDS);
    CHECK(p.answers >= ROUNDS / 2);
    parent_done(&p);
}

/* A disk that is full stops the process, and what was told stays true. */
TEST(sqlite_stops_when_the_disk_is_full) {
    struct parent p;
    int fd, status = 0;
    parent_init(&p);
    pid_t pid = start_child(&p, FULL_BYTES, &fd);
    read_reports(&p, fd, 0);
    close(fd);
    REQUIRE(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FATAL);
    CHECK(p.answers > 0);
    check_all(&p);
    parent_done(&p);
}
