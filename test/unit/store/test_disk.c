// SPDX-License-Identifier: Apache-2.0
/* What every back end owes the store, one suite over all of them; and what is SQLite's own. */
#include <sys/stat.h>
#include <unistd.h>

#include "base/env.h"
#include "base/map.h"
#include "objects.h"
#include "store/disk_memory.h"
#include "tap.h"

/* A back end that can be closed and opened again. */
struct medium {
    const char *name;
    const struct store_disk_ops *ops;
    struct env env;
    char dir[64], path[80];
    struct store_disk_memory *kept;
    void *disk;
};

static void medium_open(struct medium *m) {
    struct err e = {0};
    if (m->ops == &store_memory_ops)
        m->disk = store_disk_memory_keep(m->kept);
    else
        REQUIRE(store_disk_sqlite(&m->env, m->path, &e, &m->disk) == 0);
}

static void medium_close(struct medium *m) {
    m->ops->close(TAKE(m->disk));
}

static void medium_reopen(struct medium *m) {
    medium_close(m);
    medium_open(m);
}

static void medium_init(struct medium *m, const struct store_disk_ops *ops) {
    *m = (struct medium){.name = ops->name, .ops = ops};
    env_real_init(&m->env, "test");
    if (ops == &store_memory_ops) {
        m->kept = store_disk_memory_keep(store_disk_memory(&m->env));
        m->kept->refs--;
    } else {
        snprintf(m->dir, sizeof(m->dir), "/tmp/store-test-XXXXXX");
        REQUIRE(mkdtemp(m->dir) != NULL);
        snprintf(m->path, sizeof(m->path), "%s/state.db", m->dir);
    }
    medium_open(m);
}

static void medium_done(struct medium *m) {
    static const char *const files[] = {"", "-wal", "-shm", "-lock"};
    if (m->disk)
        medium_close(m);
    store_disk_memory_free(m->kept);
    for (unsigned i = 0; *m->dir && i < ARRAY_LEN(files); i++) {
        char path[96];
        snprintf(path, sizeof(path), "%s%s", m->path, files[i]);
        unlink(path);
    }
    if (*m->dir)
        rmdir(m->dir);
}

/* What load gives, as "key=revision:value;" in the order of keys, and the rest. */
struct loaded {
    char *lines[64];
    unsigned n;
    uint64_t revision, limit;
    bool clean;
    struct buf text;
};

static int keep_record(void *ctx, const struct store_record *rec) {
    struct loaded *l = ctx;
    REQUIRE(l->n < ARRAY_LEN(l->lines));
    REQUIRE(asprintf(&l->lines[l->n++], STR_FMT "=%llu:" STR_FMT ";", STR_ARG(rec->key),
                     (unsigned long long)rec->revision, STR_ARG(rec->value)) > 0);
    return 0;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void load(struct medium *m, struct loaded *l) {
    struct err e = {0};
    *l = (struct loaded){0};
    CHECK_INT(m->ops->load(m->disk, keep_record, l, &l->revision, &l->limit, &l->clean, &e), 0);
    qsort(l->lines, l->n, sizeof(l->lines[0]), by_text);
    buf_init(&l->text, 0);
    for (unsigned i = 0; i < l->n; i++) {
        buf_add(&l->text, str_of(l->lines[i]));
        free(l->lines[i]);
    }
}

static void check_loaded(struct medium *m, const char *text) {
    struct loaded l;
    load(m, &l);
    CHECK_STRC(buf_str(&l.text), text);
    buf_done(&l.text);
}

static int commit(struct medium *m, const struct store_record *records, size_t n) {
    struct err e = {0};
    return m->ops->commit(m->disk, records, n, &e);
}

static void suite_records(struct medium *m) {
    const struct store_record first[] = {
        {STR("/b"), STR("two"), 2}, {STR("/a"), STR("one"), 3}, {STR("/c'\""), STR("{'\"}"), 4}};
    check_loaded(m, "");
    CHECK_INT(commit(m, first, 3), 0);
    check_loaded(m, "/a=3:one;/b=2:two;/c'\"=4:{'\"};");
    medium_reopen(m);
    check_loaded(m, "/a=3:one;/b=2:two;/c'\"=4:{'\"};");
    /* Several changes of one key in one batch are done in order. */
    const struct store_record second[] = {{STR("/a"), STR_NONE, 5},     {STR("/b"), STR("2a"), 6},
                                          {STR("/b"), STR("2b"), 7},    {STR("/d"), STR("new"), 8},
                                          {STR("/d"), STR_NONE, 9},     {STR("/e"), STR_NONE, 10},
                                          {STR("/a"), STR("again"), 11}};
    CHECK_INT(commit(m, second, ARRAY_LEN(second)), 0);
    medium_reopen(m);
    check_loaded(m, "/a=11:again;/b=7:2b;/c'\"=4:{'\"};");
}

static void suite_limits(struct medium *m) {
    struct loaded l;
    struct err e = {0};
    load(m, &l);
    CHECK_INT(l.limit, 0);
    buf_done(&l.text);
    CHECK_INT(m->ops->set_limit(m->disk, 1000, false, &e), 0);
    const struct store_record rec = {STR("/a"), STR("x"), 77};
    CHECK_INT(commit(m, &rec, 1), 0);
    medium_reopen(m);
    load(m, &l);
    CHECK_INT(l.limit, 1000);
    CHECK_INT(l.revision, 77);
    CHECK(!l.clean);
    buf_done(&l.text);
    CHECK_INT(m->ops->set_limit(m->disk, 99, true, &e), 0);
    medium_reopen(m);
    load(m, &l);
    CHECK_INT(l.limit, 99);
    CHECK(l.clean);
    buf_done(&l.text);
}

static void suite_large(struct medium *m) {
    char *big = xmalloc(STORE_VALUE_MAX), *key = xmalloc(STORE_KEY_MAX);
    memset(big, 'x', STORE_VALUE_MAX);
    memset(key, 'k', STORE_KEY_MAX);
    const struct store_record rec = {str_n(key, STORE_KEY_MAX), str_n(big, STORE_VALUE_MAX), 5};
    CHECK_INT(commit(m, &rec, 1), 0);
    medium_reopen(m);
    struct loaded l;
    load(m, &l);
    CHECK_INT(l.n, 1);
    CHECK_INT(l.text.n, STORE_KEY_MAX + STORE_VALUE_MAX + 4);
    buf_done(&l.text);
    free(big);
    free(key);
}

static int refuse(void *ctx, const struct store_record *rec) {
    return -EINVAL;
}

static void suite_load_can_be_stopped(struct medium *m) {
    const struct store_record rec = {STR("/a"), STR("x"), 1};
    uint64_t revision, limit;
    bool clean;
    struct err e = {0};
    CHECK_INT(commit(m, &rec, 1), 0);
    CHECK_INT(m->ops->load(m->disk, refuse, NULL, &revision, &limit, &clean, &e), -EINVAL);
    CHECK_INT(commit(m, &rec, 1), 0);
}

static void over_all(void (*suite)(struct medium *)) {
    static const struct store_disk_ops *const all[] = {&store_memory_ops, &store_sqlite_ops};
    for (unsigned i = 0; i < ARRAY_LEN(all); i++) {
        struct medium m;
        medium_init(&m, all[i]);
        suite(&m);
        medium_done(&m);
    }
}

TEST(disk_keeps_records) {
    over_all(suite_records);
}
TEST(disk_keeps_limits) {
    over_all(suite_limits);
}
TEST(disk_takes_the_largest) {
    over_all(suite_large);
}
TEST(disk_load_can_be_stopped) {
    over_all(suite_load_can_be_stopped);
}

/* ---- SQLite's own ---- */

TEST(sqlite_files_are_private) {
    struct medium m;
    static const char *const files[] = {"", "-wal", "-shm", "-lock"};
    medium_init(&m, &store_sqlite_ops);
    suite_records(&m);
    for (unsigned i = 0; i < ARRAY_LEN(files); i++) {
        char path[96];
        struct stat st;
        snprintf(path, sizeof(path), "%s%s", m.path, files[i]);
        REQUIRE(stat(path, &st) == 0);
        CHECK_INT(st.st_mode & 0777, 0600);
    }
    medium_done(&m);
}

TEST(sqlite_is_for_one_process) {
    struct medium m;
    struct err e = {0};
    void *second = NULL;
    medium_init(&m, &store_sqlite_ops);
    CHECK_INT(store_disk_sqlite(&m.env, m.path, &e, &second), -EBUSY);
    CHECK(strstr(e.text, "in use"));
    medium_close(&m);
    medium_open(&m);
    medium_done(&m);
}

static void write_file(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    REQUIRE(f != NULL);
    fputs(text, f);
    fclose(f);
}

TEST(sqlite_refuses_what_it_does_not_know) {
    struct medium m;
    struct err e = {0};
    medium_init(&m, &store_sqlite_ops);
    medium_close(&m);
    write_file(m.path, "this is no database, and long enough not to be taken for an empty one; "
                       "this is no database, and long enough not to be taken for an empty one");
    CHECK_INT(store_disk_sqlite(&m.env, m.path, &e, &m.disk), -EBADMSG);
    CHECK_INT(store_disk_sqlite(&m.env, "/nowhere/at/all/state.db", &e, &m.disk), -ENOENT);
    CHECK(m.disk == NULL);
    medium_done(&m);
}

/* Users look into the file with the sqlite3 program, also while the store is open. */
TEST(sqlite_can_be_read_beside) {
    struct medium m;
    char command[256], line[256] = "";
    const struct store_record rec = {STR("/registry/x"), STR("{\"a\":{\"b\":7}}"), 12};
    REQUIRE(system("command -v sqlite3 >/dev/null") == 0); /* script/bootstrap test has it */
    medium_init(&m, &store_sqlite_ops);
    CHECK_INT(commit(&m, &rec, 1), 0);
    snprintf(command, sizeof(command),
             "sqlite3 -readonly %s \"select key, revision, value, value->>'$.a.b' from kv\"",
             m.path);
    FILE *f = popen(command, "r");
    REQUIRE(f != NULL);
    CHECK(fgets(line, sizeof(line), f) != NULL);
    pclose(f);
    CHECK_STRC(str_of(line), "/registry/x|12|{\"a\":{\"b\":7}}|7\n");
    medium_done(&m);
}
