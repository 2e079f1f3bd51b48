// SPDX-License-Identifier: Apache-2.0
/* struct env: the only door to clock, randomness, disk, network and processes. Everything below a
 * component's main gets one and reads the world through nothing else; two instances in one process
 * with the same seed make the same trace. script/check enforces it (the files that implement the
 * real environment are its short list of exceptions).
 *
 * Log level and metrics hang here too, so that there are no writable globals. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define NSEC_PER_SEC  1000000000LL
#define NSEC_PER_MSEC 1000000LL

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_LEVEL_MAX };

struct env;
struct transport; /* loop/stream.h */
struct processes; /* loop/child.h */

/* Paths are absolute or relative to the process. All return 0 or negative errno. Small files only:
 * these block. `read` fails with -EFBIG past max. */
struct env_disk_ops {
    int (*read)(struct env *, const char *path, size_t max, struct buf *ret);
    /* Whole and durable: temporary file, fsync, rename, fsync of the folder. */
    int (*write)(struct env *, const char *path, str data, mode_t mode);
    int (*mkdir)(struct env *, const char *path, mode_t mode); /* with parents; existing is fine */
    int (*unlink)(struct env *, const char *path);
    int (*rename)(struct env *, const char *from, const char *to);
    /* Names in byte order, "." and ".." left out, joined by '\n' into ret. */
    int (*list)(struct env *, const char *path, struct buf *ret);
    int (*exists)(struct env *, const char *path); /* 1, 0 or negative errno */
};

struct env_ops {
    int64_t (*wall)(struct env *); /* ns since 1970 UTC */
    int64_t (*mono)(struct env *); /* ns since anything, never back */
    void (*random)(struct env *, void *p, size_t n);
    void (*log)(struct env *, enum log_level, str line); /* one line, without newline */
    struct env_disk_ops disk;
};

struct env {
    const struct env_ops *ops;
    struct transport *transport;
    struct processes *processes;
    struct metrics *metrics;
    enum log_level log_level;
    const char *component; /* stands in front of each log line */
};

/* The real world: CLOCK_*, getrandom, POSIX files, stderr. Transport and processes are added by
 * the loop layer (loop_env_real). */
void env_real_init(struct env *env, const char *component);

/* A seeded one: virtual clocks that only env_sim_advance moves, xoshiro randomness, files in
 * memory with injectable faults, log lines into `trace`. */
struct env_sim {
    struct env env;
    int64_t now_mono, now_wall;
    uint64_t rng[4];
    struct env_sim_disk *disk;
    struct buf trace;
};
void env_sim_init(struct env_sim *sim, uint64_t seed);
void env_sim_done(struct env_sim *sim);
void env_sim_advance(struct env_sim *sim, int64_t ns);

/* Removes what writes of path that were cut off (SIGKILL, power) have left beside it: files named
 * ".NAME.0123456789abcdef", as the real disk's write has them. Only where nobody writes it now. */
void env_disk_tidy(struct env *e, const char *path);

static inline int64_t env_wall(struct env *e) {
    return e->ops->wall(e);
}
static inline int64_t env_mono(struct env *e) {
    return e->ops->mono(e);
}
static inline void env_random(struct env *e, void *p, size_t n) {
    e->ops->random(e, p, n);
}
uint64_t env_random_u64(struct env *e);
/* Uniform in [0, n); n > 0. */
uint64_t env_random_below(struct env *e, uint64_t n);

void log_at(struct env *e, enum log_level level, const char *fmt, ...) PRINTF(3, 4);
#define log_error(e, ...) log_at((e), LOG_ERROR, __VA_ARGS__)
#define log_warn(e, ...)  log_at((e), LOG_WARN, __VA_ARGS__)
#define log_info(e, ...)  log_at((e), LOG_INFO, __VA_ARGS__)
#define log_debug(e, ...)                                                                          \
    ((e)->log_level >= LOG_DEBUG ? log_at((e), LOG_DEBUG, __VA_ARGS__) : (void)0)
