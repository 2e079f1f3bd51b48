// SPDX-License-Identifier: Apache-2.0
/* The consistent store: one revision counter, one ordered tree per resource, an event log in
 * memory, a back end that makes it durable.
 *
 * Writes are proposed one key at a time and answered once they are published: durable, and visible
 * to every reader. Whatever is derived from an unpublished write (a conflict too) waits until that
 * write is published. Readers see published state only; they pin snapshots, never nodes.
 *
 * Revisions never repeat, even over crashes: a durable limit is raised in blocks before revisions
 * are issued; after an unclean start the next revision and the history floor are that limit.
 *
 * A store belongs to one loop; every call is made on its thread. The back end's commits run on a
 * worker. */
#pragma once

#include "api/object.h"
#include "loop/loop.h"
#include "loop/work.h"

#define STORE_KEY_MAX        1024
#define STORE_VALUE_MAX      (3 * 1024 * 1024)
#define STORE_BATCH_MAX      1024 /* writes a commit */
#define STORE_BATCH_BYTES    (8 * 1024 * 1024)
#define STORE_PENDING_MAX    65536             /* proposed and not yet published; -EBUSY past it */
#define STORE_REVISION_BLOCK 100000            /* how far the durable limit runs ahead */
#define STORE_LOG_BYTES      (8 * 1024 * 1024) /* default per resource: what old events may hold */
#define STORE_LOG_MIN_NS     (75 * NSEC_PER_SEC)  /* kept at least so long while under the bytes */
#define STORE_LOG_MAX_NS     (300 * NSEC_PER_SEC) /* and never longer than this */

struct store;

/* What a local back end does. commit runs on a worker thread, one at a time, in order; it returns
 * when the batch is durable. Any failure is fatal to the store: it stops the process. */
struct store_record {
    str key;
    str value; /* JSON bytes; p == NULL: delete */
    uint64_t revision;
};
struct store_disk_ops {
    const char *name;
    /* Calls each(ctx, record) for every live record; gives the highest revision ever written, the
     * durable limit, and whether the last stop was clean. */
    int (*load)(void *disk, int (*each)(void *ctx, const struct store_record *), void *ctx,
                uint64_t *ret_revision, uint64_t *ret_limit, bool *ret_clean, struct err *e);
    int (*commit)(void *disk, const struct store_record *records, size_t n, struct err *e);
    int (*set_limit)(void *disk, uint64_t limit, bool clean, struct err *e); /* durable on return */
    uint64_t (*size)(void *disk); /* of its files as of the last commit, any thread; NULL: none */
    void (*close)(void *disk);
};
int store_disk_sqlite(struct env *env, const char *path, struct err *e, void **ret);
extern const struct store_disk_ops store_sqlite_ops;
/* Memory: survives store_close in tests (crash simulation), with injectable faults. */
void *store_disk_memory(struct env *env);
extern const struct store_disk_ops store_memory_ops;

struct store_options {
    const struct store_disk_ops *ops;
    void *disk;                /* the store's from now on */
    struct work_pool *workers; /* NULL: commits run on the loop (memory) */
    size_t log_bytes;          /* 0: STORE_LOG_BYTES */
    /* Ends the process in production; tests record it. */
    void (*fatal)(void *ctx, const struct err *);
    void *ctx;
};
int store_open(struct loop *l, const struct store_options *o, struct err *e, struct store **ret);
/* Waits for nothing: pending writes and waits are answered -ECANCELED. When nothing was
 * pending, what the volatile class left behind is written and the stop is marked as clean.
 * Snapshots and watches must be gone; not to be called from inside a callback of the store. */
struct store *store_close(struct store *s);

uint64_t store_revision(const struct store *s);                            /* highest published */
uint64_t store_floor(const struct store *s, const struct api_resource *r); /* oldest watchable */

/* ---- writes ---- */
#define STORE_ABSENT 0ULL       /* expected: the key must not exist */
#define STORE_ANY    UINT64_MAX /* expected: whatever is there (deletes: must exist) */

struct store_write {
    const struct api_resource *resource;
    str key;
    uint64_t expected;     /* revision of the object that is to be replaced */
    struct object *object; /* new value, revision 0, its key this key; the store takes its own
                            * reference. NULL: delete */
    bool is_volatile;      /* heartbeat only: published, not written to disk by itself */
    /* Once. r: 0; -EEXIST (expected absent), -ENOENT, -ESTALE (another revision); -EBUSY; -E2BIG;
     * -ECANCELED (the store ended: the write may or may not have happened). `current` is the object
     * that was there before, or NULL; borrowed for the call. `revision` is that of the write, 0
     * when refused. */
    void (*done)(struct store_write *, int r, uint64_t revision, struct object *current);
};
/* The write and its key must live until done(); done never runs inside store_propose. */
void store_propose(struct store *s, struct store_write *w);

/* ---- reads ---- */
/* Borrowed until the loop's callback returns; ref it to keep it. NULL when absent. */
struct object *store_get(struct store *s, const struct api_resource *r, str key);
/* The newest value including what is proposed but not yet published; for the write path's
 * optimistic checks only. */
struct object *store_get_tip(struct store *s, const struct api_resource *r, str key);
struct store_snapshot;
/* revision 0: newest. -ESTALE: older than the floor; -ERANGE: not yet reached. */
int store_snapshot(struct store *s, const struct api_resource *r, uint64_t revision,
                   struct store_snapshot **ret);
struct store_snapshot *store_snapshot_free(struct store_snapshot *sn);
DEFINE_CLEANUP(struct store_snapshot *, store_snapshot_free)
uint64_t store_snapshot_revision(const struct store_snapshot *sn);
/* First object with key >= from (after: > from) that starts with prefix, or NULL. Objects live as
 * long as the snapshot. O(log n) to seek, O(1) amortised to go on from the last one. */
const struct object *store_snapshot_seek(struct store_snapshot *sn, str prefix, str from,
                                         bool after);
const struct object *store_snapshot_next(struct store_snapshot *sn);
/* How many keys start with prefix and are > after. */
uint64_t store_snapshot_count(struct store_snapshot *sn, str prefix, str after);
/* Calls back, later and once, when store_revision() >= revision, or with -ETIMEDOUT ("Too large
 * resource version"). */
struct store_wait;
struct store_wait *store_wait_revision(struct store *s, uint64_t revision, int64_t timeout_ns,
                                       void (*done)(void *ctx, int r), void *ctx);
void store_wait_cancel(struct store_wait *w);

/* ---- watches ---- */
enum store_event_type { STORE_CREATED, STORE_UPDATED, STORE_DELETED };
struct store_event {
    uint64_t revision;
    enum store_event_type type;
    struct object *object;   /* new value; for DELETED the last one */
    struct object *previous; /* UPDATED */
    int64_t mono;            /* when it was published */
};
/* A watcher is a position in the log of its resource, not a queue. Scopes are found by hash. */
struct store_watch_options {
    const struct api_resource *resource;
    str ns;         /* only this namespace; STR_NONE: all */
    str name;       /* with ns: only this object */
    str node;       /* only pods with this spec.nodeName (old or new); STR_NONE: no such scope */
    uint64_t after; /* events with revision > after */
    /* There is something to read: later, and once until store_watch_next has been called. Then not
     * again before it has returned 0. */
    void (*ready)(void *ctx);
    void *ctx;
};
struct store_watch;
/* -ESTALE: `after` is below the floor. */
int store_watch_new(struct store *s, const struct store_watch_options *o, struct store_watch **ret);
struct store_watch *store_watch_free(struct store_watch *w);
/* 1 and an event (borrowed until the callback returns); 0: none now; -ESTALE: the log has passed
 * this watcher, close it. Events outside the scope are skipped inside. */
int store_watch_next(struct store_watch *w, const struct store_event **ret);
/* Every event up to this revision has been returned. For bookmarks. */
uint64_t store_watch_progress(const struct store_watch *w);

/* Numbers for /metrics and tests. */
struct store_stats {
    uint64_t objects, revision, log_events, log_bytes, commits, committed_writes, watchers;
    uint64_t disk_bytes; /* what the back end holds in its files; of memory that of the objects */
};
void store_stats(const struct store *s, struct store_stats *ret);
/* Objects of a resource, published. */
uint64_t store_count(const struct store *s, const struct api_resource *r);
struct store_resource_stats {
    uint64_t objects, bytes; /* published; bytes of their JSON */
    uint64_t events;         /* since the store was opened */
    uint64_t log_capacity;   /* events that the log has room for */
};
void store_resource_stats(const struct store *s, const struct api_resource *r,
                          struct store_resource_stats *ret);
