// SPDX-License-Identifier: Apache-2.0
/* SQLite: one file that its owner can copy, open and query (`sqlite3 state.db "select key, value
 * from kv"`), the most tested storage there is.
 *
 * One transaction a batch, write-ahead log, synchronous=FULL: a commit that returned is on the
 * medium. The log is copied back every WAL_PAGES pages, so it stays small. Another process may read
 * the file meanwhile; a lock file beside it keeps a second store out.
 *
 * The only file that includes sqlite3.h. It opens its files itself: SQLite has its own ways to the
 * disk, which struct env does not stand between. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store.h"

#define SCHEMA_VERSION 1
#define PATH_BYTES_MAX 4000
#define WAL_PAGES      512 /* 2 MB: what is left behind after a burst, and read at start */
#define CACHE_KB       1024

/* Statements of a lifetime. */
enum stmt { STMT_BEGIN, STMT_COMMIT, STMT_PUT, STMT_DELETE, STMT_META, STMT_MAX };
static const char *const statements[STMT_MAX] = {
    [STMT_BEGIN] = "BEGIN IMMEDIATE",
    [STMT_COMMIT] = "COMMIT",
    [STMT_PUT] = "INSERT OR REPLACE INTO kv(key, revision, value) VALUES(?1, ?2, ?3)",
    [STMT_DELETE] = "DELETE FROM kv WHERE key = ?1",
    [STMT_META] = "INSERT OR REPLACE INTO meta(name, value) VALUES(?1, ?2)",
};

struct sqlite_disk {
    struct env *env;
    sqlite3 *db;
    sqlite3_stmt *stmt[STMT_MAX];
    int lock_fd;
    _Atomic uint64_t size; /* of its files, as of the last transaction */
};

static int db_error(struct sqlite_disk *d, struct err *e, const char *what) {
    int code = d->db ? sqlite3_extended_errcode(d->db) : SQLITE_NOMEM;
    int r = (code & 0xff) == SQLITE_FULL                                        ? -ENOSPC
            : (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB ? -EBADMSG
                                                                                : -EIO;
    return err_set(e, r, "sqlite: %s: %s (%d)", what, d->db ? sqlite3_errmsg(d->db) : "no memory",
                   code);
}

static int run_sql(struct sqlite_disk *d, const char *sql, struct err *e) {
    return sqlite3_exec(d->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : db_error(d, e, sql);
}

/* The first column of the only row, or `otherwise` when there is no row. */
static int query_number(struct sqlite_disk *d, const char *sql, int64_t otherwise, int64_t *ret,
                        struct err *e) {
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(d->db, sql, -1, &st, NULL) != SQLITE_OK)
        return db_error(d, e, sql);
    int rc = sqlite3_step(st);
    int64_t v = rc == SQLITE_ROW && sqlite3_column_type(st, 0) != SQLITE_NULL
                    ? sqlite3_column_int64(st, 0)
                    : otherwise;
    int r = rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : db_error(d, e, sql);
    sqlite3_finalize(st);
    if (r == 0)
        *ret = v;
    return r;
}

/* ---- opening ---- */

static void sqlite_close(void *disk) {
    struct sqlite_disk *d = disk;
    for (unsigned i = 0; i < STMT_MAX; i++)
        sqlite3_finalize(d->stmt[i]);
    sqlite3_close(d->db);
    if (d->lock_fd >= 0)
        close(d->lock_fd);
    free(d);
}

static int take_lock(struct sqlite_disk *d, const char *path, struct err *e) {
    char lock[PATH_BYTES_MAX + 8];
    snprintf(lock, sizeof(lock), "%s-lock", path);
    d->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (d->lock_fd < 0)
        return err_set(e, -errno, "%s: %s", lock, strerror(errno));
    if (flock(d->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return err_set(e, -EBUSY, "%s is in use by another process", path);
    return 0;
}

/* SQLite gives its side files the mode of the main one, so that one is made first and by us. */
static int make_file(const char *path, struct err *e) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int r = fd < 0 || fchmod(fd, 0600) < 0 || fsync(fd) < 0 ? -errno : 0;
    if (fd >= 0)
        close(fd);
    if (r < 0)
        return err_set(e, r, "%s: %s", path, strerror(-r));
    char dir[PATH_BYTES_MAX + 1];
    snprintf(dir, sizeof(dir), "%s", path);
    char *slash = strrchr(dir, '/');
    if (slash)
        slash[slash == dir] = 0;
    fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    r = fd < 0 || fsync(fd) < 0 ? -errno : 0;
    if (fd >= 0)
        close(fd);
    return r < 0 ? err_set(e, r, "%s: %s", slash ? dir : ".", strerror(-r)) : 0;
}

static int set_up(struct sqlite_disk *d, struct err *e) {
    char sql[256];
    snprintf(sql, sizeof(sql),
             "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-%d; "
             "PRAGMA wal_autocheckpoint=%d; PRAGMA journal_size_limit=%d; "
             "PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF",
             CACHE_KB, WAL_PAGES, WAL_PAGES * 4096);
    int64_t version = 0;
    int r = run_sql(d, sql, e);
    if (r == 0)
        r = query_number(d, "PRAGMA user_version", 0, &version, e);
    if (r < 0)
        return r;
    if (version == SCHEMA_VERSION)
        return 0;
    if (version)
        return err_set(e, -ENOTSUP, "sqlite: layout %lld of the file is not known here",
                       (long long)version);
    snprintf(sql, sizeof(sql),
             "BEGIN; "
             "CREATE TABLE kv(key TEXT PRIMARY KEY, revision INTEGER, value BLOB) WITHOUT ROWID; "
             "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID; "
             "PRAGMA user_version=%d; COMMIT",
             SCHEMA_VERSION);
    return run_sql(d, sql, e);
}

static int open_db(struct sqlite_disk *d, const char *path, struct err *e) {
    int r = take_lock(d, path, e);
    if (r == 0)
        r = make_file(path, e);
    if (r < 0)
        return r;
    /* One thread at a time uses it: the loop at both ends, a worker in between. */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
    if (sqlite3_open_v2(path, &d->db, flags, NULL) != SQLITE_OK)
        return db_error(d, e, path);
    sqlite3_db_config(d->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_busy_timeout(d->db, 10000); /* somebody's sqlite3 shell */
    r = set_up(d, e);
    for (unsigned i = 0; r == 0 && i < STMT_MAX; i++)
        if (sqlite3_prepare_v3(d->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &d->stmt[i],
                               NULL) != SQLITE_OK)
            r = db_error(d, e, statements[i]);
    return r;
}

int store_disk_sqlite(struct env *env, const char *path, struct err *e, void **ret) {
    if (strlen(path) > PATH_BYTES_MAX)
        return err_set(e, -ENAMETOOLONG, "%s: path is too long", path);
    struct sqlite_disk *d = xcalloc(1, sizeof(*d));
    d->env = env;
    d->lock_fd = -1;
    int r = open_db(d, path, e);
    if (r < 0) {
        sqlite_close(d);
        return r;
    }
    *ret = d;
    return 0;
}

/* ---- reading ---- */

static str column_str(sqlite3_stmt *st, int column) {
    const char *p = sqlite3_column_blob(st, column);
    return str_n(p ? p : "", (size_t)sqlite3_column_bytes(st, column));
}

static int load_rows(struct sqlite_disk *d, int (*each)(void *ctx, const struct store_record *),
                     void *ctx, uint64_t *highest, struct err *e) {
    sqlite3_stmt *st = NULL;
    const char *sql = "SELECT key, revision, value FROM kv ORDER BY key";
    if (sqlite3_prepare_v2(d->db, sql, -1, &st, NULL) != SQLITE_OK)
        return db_error(d, e, sql);
    int r = 0, rc = SQLITE_DONE;
    while (r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        struct store_record rec = {.key = column_str(st, 0),
                                   .revision = (uint64_t)sqlite3_column_int64(st, 1),
                                   .value = column_str(st, 2)};
        *highest = MAX(*highest, rec.revision);
        r = each(ctx, &rec);
    }
    if (r == 0 && rc != SQLITE_DONE)
        r = db_error(d, e, sql);
    sqlite3_finalize(st);
    return r;
}

static int sqlite_load(void *disk, int (*each)(void *ctx, const struct store_record *), void *ctx,
                       uint64_t *ret_revision, uint64_t *ret_limit, bool *ret_clean,
                       struct err *e) {
    struct sqlite_disk *d = disk;
    uint64_t highest = 0;
    int64_t limit = 0, clean = 0;
    int r = load_rows(d, each, ctx, &highest, e);
    if (r == 0)
        r = query_number(d, "SELECT value FROM meta WHERE name = 'limit'", 0, &limit, e);
    if (r == 0)
        r = query_number(d, "SELECT value FROM meta WHERE name = 'clean'", 1, &clean, e);
    if (r < 0)
        return r;
    sqlite3_db_release_memory(d->db); /* nothing is ever read again */
    *ret_revision = highest;
    *ret_limit = (uint64_t)limit;
    *ret_clean = clean;
    return 0;
}

/* ---- writing ---- */

static int step(struct sqlite_disk *d, enum stmt which, struct err *e) {
    int rc = sqlite3_step(d->stmt[which]);
    int r = rc == SQLITE_DONE ? 0 : db_error(d, e, statements[which]);
    sqlite3_reset(d->stmt[which]);
    return r;
}

/* Values are stored as text so that SQLite's JSON functions accept them. */
static int write_record(struct sqlite_disk *d, const struct store_record *rec, struct err *e) {
    enum stmt which = rec->value.p ? STMT_PUT : STMT_DELETE;
    sqlite3_stmt *st = d->stmt[which];
    sqlite3_bind_text(st, 1, rec->key.p, (int)rec->key.n, SQLITE_STATIC);
    if (rec->value.p) {
        sqlite3_bind_int64(st, 2, (sqlite3_int64)rec->revision);
        sqlite3_bind_text(st, 3, rec->value.p, (int)rec->value.n, SQLITE_STATIC);
    }
    int r = step(d, which, e);
    sqlite3_clear_bindings(st);
    return r;
}

static int write_meta(struct sqlite_disk *d, const char *name, uint64_t value, struct err *e) {
    sqlite3_bind_text(d->stmt[STMT_META], 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(d->stmt[STMT_META], 2, (sqlite3_int64)value);
    return step(d, STMT_META, e);
}

static void measure(struct sqlite_disk *d) {
    static const int files[] = {SQLITE_FCNTL_FILE_POINTER, SQLITE_FCNTL_JOURNAL_POINTER};
    uint64_t size = 0;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        sqlite3_file *f = NULL;
        sqlite3_int64 n = 0;
        if (sqlite3_file_control(d->db, "main", files[i], &f) == SQLITE_OK && f && f->pMethods &&
            f->pMethods->xFileSize(f, &n) == SQLITE_OK)
            size += (uint64_t)n;
    }
    atomic_store(&d->size, size);
}

/* Ends the transaction. A failed one leaves nothing behind; the store stops then anyway. */
static int end(struct sqlite_disk *d, int r, struct err *e) {
    if (r == 0)
        r = step(d, STMT_COMMIT, e);
    if (r < 0)
        sqlite3_exec(d->db, "ROLLBACK", NULL, NULL, NULL);
    else
        measure(d);
    return r;
}

static uint64_t sqlite_size(void *disk) {
    struct sqlite_disk *d = disk;
    return atomic_load(&d->size);
}

static int sqlite_commit(void *disk, const struct store_record *records, size_t n, struct err *e) {
    struct sqlite_disk *d = disk;
    int r = step(d, STMT_BEGIN, e);
    if (r < 0)
        return r;
    for (size_t i = 0; r == 0 && i < n; i++)
        r = write_record(d, &records[i], e);
    return end(d, r, e);
}

static int sqlite_set_limit(void *disk, uint64_t limit, bool clean, struct err *e) {
    struct sqlite_disk *d = disk;
    int r = step(d, STMT_BEGIN, e);
    if (r < 0)
        return r;
    r = write_meta(d, "limit", limit, e);
    if (r == 0)
        r = write_meta(d, "clean", clean, e);
    return end(d, r, e);
}

const struct store_disk_ops store_sqlite_ops = {
    .name = "sqlite",
    .load = sqlite_load,
    .commit = sqlite_commit,
    .set_limit = sqlite_set_limit,
    .size = sqlite_size,
    .close = sqlite_close,
};
