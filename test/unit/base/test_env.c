// SPDX-License-Identifier: Apache-2.0
#include "base/env.h"

#include <pthread.h>
#include <unistd.h>

#include "base/env_sim_disk.h"
#include "base/metrics.h"
#include "base/vec.h"
#include "tap.h"

/* One step of a program that uses every door of the environment but the network. */
static void program_step(struct env_sim *sim, int step) {
    struct env *e = &sim->env;
    char path[64];
    struct buf b;
    buf_init(&b, 0);
    env_sim_advance(sim, (int64_t)env_random_below(e, NSEC_PER_SEC));
    snprintf(path, sizeof(path), "/data/%llu", (unsigned long long)env_random_below(e, 8));
    e->ops->disk.mkdir(e, "/data", 0700);
    int w = e->ops->disk.write(e, path, str_of(path), 0600);
    if (env_random_below(e, 4) == 0)
        e->ops->disk.unlink(e, path);
    if (env_random_below(e, 10) == 0)
        env_sim_crash(sim);
    e->ops->disk.list(e, "/data", &b);
    for (size_t i = 0; i < b.n; i++)
        if (b.p[i] == '\n')
            b.p[i] = ' ';
    log_info(e, "step %d: write %d, files: " STR_FMT, step, w, STR_ARG(buf_str(&b)));
    buf_done(&b);
}

TEST(interleaved_instances_share_nothing) {
    struct env_sim a, b, other, alone;
    env_sim_init(&a, tap_seed());
    env_sim_init(&b, tap_seed());
    env_sim_init(&other, tap_seed() + 1);
    env_sim_init(&alone, tap_seed());
    struct fault now_and_then = {.countdown = 20, .repeat = 9, .error = -ENOSPC};
    a.disk->write_fault = b.disk->write_fault = alone.disk->write_fault = now_and_then;
    for (int i = 0; i < 200; i++)
        program_step(&alone, i);
    for (int i = 0, j = 0; i < 200 || j < 200;) { /* at different speeds */
        if (i < 200)
            program_step(&a, i++);
        for (int k = 0; k < 3 && j < 200; k++)
            program_step(&b, j++);
        if (i < 200)
            program_step(&other, i);
    }
    CHECK(a.trace.n > 10000);
    CHECK(str_eq(buf_str(&a.trace), buf_str(&b.trace)));
    CHECK(str_eq(buf_str(&a.trace), buf_str(&alone.trace)));
    CHECK(!str_eq(buf_str(&a.trace), buf_str(&other.trace)));
    CHECK(str_find(buf_str(&a.trace), STR("write -28")) > 0);
    env_sim_done(&a);
    env_sim_done(&b);
    env_sim_done(&other);
    env_sim_done(&alone);
}

TEST(log_lines) {
    struct env_sim sim;
    env_sim_init(&sim, 1);
    sim.env.component = "kubelet";
    log_info(&sim.env, "a %d\nb\x1b\t\x7f", 5);
    log_debug(&sim.env, "not shown");
    log_error(&sim.env, "caf\xc3\xa9");
    CHECK_STRC(buf_str(&sim.trace),
               "2026-01-01T00:00:00.000000Z INFO kubelet: a 5\\nb\\x1b\\t\\x7f\n"
               "2026-01-01T00:00:00.000000Z ERROR kubelet: caf\xc3\xa9\n");
    buf_clear(&sim.trace);
    char big[9000];
    memset(big, '\n', sizeof(big));
    big[8999] = 0;
    log_info(&sim.env, "%s", big);
    CHECK(sim.trace.n <= 4097 && sim.trace.n > 4000);
    env_sim_done(&sim);
}

TEST(random_below_is_in_range) {
    struct env_sim sim;
    env_sim_init(&sim, tap_seed());
    unsigned seen[7] = {0};
    for (int i = 0; i < 7000; i++)
        seen[env_random_below(&sim.env, 7)]++;
    for (int i = 0; i < 7; i++)
        CHECK(seen[i] > 800 && seen[i] < 1200);
    CHECK_INT(env_random_below(&sim.env, 1), 0);
    env_sim_done(&sim);
}

/* The same calls on both disks. `root` is a fresh folder. */
static void disk_contract(struct env *e, const char *root) {
    const struct env_disk_ops *d = &e->ops->disk;
    char dir[256], file[256], other[256];
    struct buf b;
    buf_init(&b, 0);
    snprintf(dir, sizeof(dir), "%s/a/b//c", root);
    CHECK_INT(d->exists(e, dir), 0);
    CHECK_INT(d->mkdir(e, dir, 0700), 0);
    CHECK_INT(d->mkdir(e, dir, 0700), 0);
    CHECK_INT(d->exists(e, dir), 1);
    snprintf(file, sizeof(file), "%s/a/b/c/file", root);
    CHECK_INT(d->read(e, file, 100, &b), -ENOENT);
    CHECK_INT(d->write(e, file, STR("hello"), 0600), 0);
    CHECK_INT(d->write(e, file, STR("hello world"), 0600), 0);
    CHECK_INT(d->read(e, file, 100, &b), 0);
    CHECK_STRC(buf_str(&b), "hello world");
    buf_clear(&b);
    CHECK_INT(d->read(e, file, 11, &b), 0);
    buf_clear(&b);
    CHECK_INT(d->read(e, file, 10, &b), -EFBIG);
    CHECK_INT(b.n, 0);
    CHECK_INT(d->read(e, dir, 10, &b), -EISDIR);
    CHECK_INT(d->mkdir(e, file, 0700), -ENOTDIR);
    snprintf(other, sizeof(other), "%s/a/b/c/empty", root);
    CHECK_INT(d->write(e, other, STR(""), 0600), 0);
    CHECK_INT(d->list(e, dir, &b), 0);
    CHECK_STRC(buf_str(&b), "empty\nfile");
    buf_clear(&b);
    CHECK_INT(d->rename(e, file, other), 0);
    CHECK_INT(d->rename(e, file, other), -ENOENT);
    CHECK_INT(d->read(e, other, 100, &b), 0);
    CHECK_STRC(buf_str(&b), "hello world");
    buf_clear(&b);
    CHECK_INT(d->unlink(e, file), -ENOENT);
    CHECK_INT(d->unlink(e, dir), -EISDIR);
    CHECK_INT(d->unlink(e, other), 0);
    CHECK_INT(d->list(e, dir, &b), 0);
    CHECK_INT(b.n, 0);
    snprintf(file, sizeof(file), "%s/none/file", root);
    CHECK_INT(d->write(e, file, STR("x"), 0600), -ENOENT);
    CHECK_INT(d->list(e, file, &b), -ENOENT);
    buf_done(&b);
}

TEST(disk_simulated) {
    struct env_sim sim;
    env_sim_init(&sim, 1);
    CHECK_INT(sim.env.ops->disk.mkdir(&sim.env, "/root", 0700), 0);
    disk_contract(&sim.env, "/root");
    env_sim_done(&sim);
}

TEST(disk_real) {
    struct env env;
    char root[] = "/tmp/test_env.XXXXXX", path[64];
    env_real_init(&env, "test");
    REQUIRE(mkdtemp(root));
    disk_contract(&env, root);
    static const char *const dirs[] = {"a/b/c", "a/b", "a", ""};
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        snprintf(path, sizeof(path), "%s/%s", root, dirs[i]);
        CHECK_INT(rmdir(path), 0);
    }
    CHECK(env_wall(&env) > 1700000000 * NSEC_PER_SEC);
    int64_t t = env_mono(&env);
    CHECK(env_mono(&env) >= t);
    CHECK(env_random_u64(&env) != env_random_u64(&env));
}

TEST(crash_keeps_only_what_is_durable) {
    struct env_sim sim;
    env_sim_init(&sim, 1);
    struct env *e = &sim.env;
    const struct env_disk_ops *d = &e->ops->disk;
    d->mkdir(e, "/d", 0700);
    env_sim_crash(&sim);
    CHECK_INT(d->exists(e, "/d"), 0);
    d->mkdir(e, "/d/sub", 0700);
    d->write(e, "/d/sub/x", STR("1"), 0600);
    env_sim_crash(&sim);
    CHECK_INT(d->exists(e, "/d/sub/x"), 1);
    d->unlink(e, "/d/sub/x");
    CHECK_INT(d->exists(e, "/d/sub/x"), 0);
    env_sim_crash(&sim);
    CHECK_INT(d->exists(e, "/d/sub/x"), 1);
    d->unlink(e, "/d/sub/x");
    d->write(e, "/d/sub/y", STR("2"), 0600);
    env_sim_crash(&sim);
    CHECK_INT(d->exists(e, "/d/sub/x"), 0);
    CHECK_INT(d->exists(e, "/d/sub/y"), 1);
    sim.disk->write_fault = (struct fault){.countdown = 0, .repeat = -1, .error = -EIO};
    for (int i = 0; i < 10; i++)
        CHECK_INT(d->write(e, "/d/sub/y", STR("3"), 0600), -EIO);
    struct buf b;
    buf_init(&b, 0);
    env_sim_crash(&sim);
    CHECK_INT(d->read(e, "/d/sub/y", 10, &b), 0);
    CHECK_STRC(buf_str(&b), "2");
    buf_done(&b);
    env_sim_done(&sim);
}

TEST(errors) {
    struct err e = {0};
    CHECK_INT(err_set(&e, -EINVAL, "bad %s", "thing"), -EINVAL);
    err_prefix(&e, "Deployment %s", "default/web");
    CHECK_STRC(str_of(e.text), "Deployment default/web: bad thing");
    CHECK_INT(err_http(&e, -ENOENT, 404, "NotFound", "pods \"%s\" not found", "x"), -ENOENT);
    CHECK_INT(e.code, 404);
    CHECK_STRC(str_of(e.reason), "NotFound");
    CHECK_INT(err_field(&e, -EINVAL, "spec.replicas", "%s", e.text), -EINVAL);
    CHECK_STRC(str_of(e.field), "spec.replicas");
    CHECK_STRC(str_of(e.text), "pods \"x\" not found");
    CHECK_INT(err_set(NULL, -EIO, "nobody reads this"), -EIO);
    char long_text[2000] = "";
    for (size_t i = 0; i + 3 < sizeof(long_text); i += 2)
        memcpy(long_text + i, "\xc3\xa9", 3);
    err_set(&e, -EIO, "x%s", long_text);
    CHECK(utf8_valid(str_of(e.text)) && strlen(e.text) >= sizeof(e.text) - 2);
    err_prefix(&e, "y");
    CHECK(utf8_valid(str_of(e.text)) && strlen(e.text) >= sizeof(e.text) - 2);
    err_prefix(&e, "%s", long_text);
    CHECK(utf8_valid(str_of(e.text)));
}

TEST(metrics_text) {
    static const char *const labels[] = {"verb", "code", NULL};
    static const double bounds[] = {0.1, 1};
    struct metrics *m = metrics_new();
    struct metric *c = metric_counter(m, "requests_total", "Requests.", labels);
    struct metric *h = metric_histogram(m, "duration_seconds", "Time.", NULL, bounds, 2);
    series_add(metric_series(c, (str[]){STR("GET"), STR("200")}), 2);
    series_add(metric_series(c, (str[]){STR("a\"\n\\"), STR("")}), 0.5);
    series_add(metric_series(c, (str[]){STR("GET"), STR("200")}), 1);
    series_set(metric_series(metric_gauge(m, "up", "Up.", NULL), NULL), 0.1);
    series_observe(metric_series(h, NULL), 0.1);
    series_observe(metric_series(h, NULL), 0.5);
    series_observe(metric_series(h, NULL), 7);
    CHECK(metric_counter(m, "requests_total", "Requests.", labels) == c);
    struct buf b;
    buf_init(&b, 0);
    metrics_print(m, &b);
    CHECK_STRC(str_slice(buf_str(&b), 0, (size_t)str_find(buf_str(&b), STR("# HELP coxswain"))),
               "# HELP requests_total Requests.\n# TYPE requests_total counter\n"
               "requests_total{verb=\"GET\",code=\"200\"} 3\n"
               "requests_total{verb=\"a\\\"\\n\\\\\",code=\"\"} 0.5\n"
               "# HELP duration_seconds Time.\n# TYPE duration_seconds histogram\n"
               "duration_seconds_bucket{le=\"0.1\"} 1\n"
               "duration_seconds_bucket{le=\"1\"} 2\n"
               "duration_seconds_bucket{le=\"+Inf\"} 3\n"
               "duration_seconds_sum 7.6\nduration_seconds_count 3\n"
               "# HELP up Up.\n# TYPE up gauge\nup 0.1\n");
    buf_done(&b);
    metrics_free(m);
    series_add(metric_series(metric_counter(NULL, "x", "X.", NULL), NULL), 1);
}

static void *count_up(void *arg) {
    struct metric *c = arg;
    for (int i = 0; i < 5000; i++)
        series_add(metric_series(c, (str[]){i % 2 ? STR("a") : STR("b")}), 1);
    return NULL;
}

TEST(metrics_from_threads_and_bounded) {
    static const char *const labels[] = {"l", NULL};
    struct metrics *m = metrics_new();
    struct metric *c = metric_counter(m, "n", "N.", labels);
    pthread_t t[3];
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        pthread_create(&t[i], NULL, count_up, c);
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        pthread_join(t[i], NULL);
    struct buf b;
    buf_init(&b, 0);
    metrics_print(m, &b);
    CHECK(str_find(buf_str(&b), STR("n{l=\"a\"} 7500\n")) >= 0);
    for (int i = 0; i < METRICS_SERIES_MAX + 3; i++) {
        char v[16];
        snprintf(v, sizeof(v), "%d", i);
        series_add(metric_series(c, (str[]){str_of(v)}), 1);
    }
    buf_clear(&b);
    metrics_print(m, &b);
    CHECK(str_find(buf_str(&b), STR("coxswain_metrics_dropped_total 5\n")) >= 0);
    buf_done(&b);
    metrics_free(m);
}

TEST(process_metrics) {
    struct env_sim sim;
    env_sim_init(&sim, 1);
    struct env *e = &sim.env;
    e->metrics = metrics_new();
    struct buf b;
    buf_init(&b, 0);
    metrics_process(e); /* a world without /proc */
    metrics_print(e->metrics, &b);
    CHECK(str_find(buf_str(&b), STR("process_")) < 0);
    CHECK_INT(e->ops->disk.mkdir(e, "/proc/self", 0700), 0);
    CHECK_INT(e->ops->disk.write(e, "/proc/self/stat",
                                 STR("7 (a) b) S 1 1 1 0 -1 0 0 0 0 0 150 50 0 0 20 0 1 0 300 "
                                     "8192 2 18446744073709551615\n"),
                                 0600),
              0);
    CHECK_INT(e->ops->disk.write(e, "/proc/stat", STR("cpu 1 2\nbtime 1000\n"), 0600), 0);
    CHECK_INT(
        e->ops->disk.write(
            e, "/proc/self/limits",
            STR("Max cpu time   unlimited unlimited seconds\n"
                "Max open files            1024                 4096                 files\n"),
            0600),
        0);
    buf_clear(&b);
    metrics_process(e);
    metrics_print(e->metrics, &b);
    static const char *const lines[] = {
        "\nprocess_cpu_seconds_total 2\n", "\nprocess_virtual_memory_bytes 8192\n",
        "\nprocess_start_time_seconds 1003\n", "\nprocess_max_fds 1024\n"};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        CHECK(str_find(buf_str(&b), str_of(lines[i])) >= 0);
    buf_done(&b);
    e->metrics = metrics_free(e->metrics);
    env_sim_done(&sim);
}
