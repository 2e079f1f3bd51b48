// SPDX-License-Identifier: Apache-2.0
/* The simulator's environment. Everything that could differ between two runs comes out of one
 * seed, so a failing run is replayed by its number. */
#include "base/env_sim_disk.h"

#define SIM_WALL_START INT64_C(1767225600) /* 2026-01-01T00:00:00Z */
#define SIM_TRACE_MAX  ((size_t)256 << 20)

static uint64_t rotl(uint64_t x, int k) {
    return x << k | x >> (64 - k);
}

/* xoshiro256** (Blackman and Vigna). */
static uint64_t next(uint64_t s[4]) {
    uint64_t result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

/* splitmix64 spreads a small seed over the whole state, which must not be all zero. */
static void seed_rng(uint64_t s[4], uint64_t seed) {
    for (int i = 0; i < 4; i++) {
        uint64_t z = seed += 0x9e3779b97f4a7c15u;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        s[i] = z ^ z >> 31;
    }
}

static struct env_sim *sim_of(struct env *e) {
    return container_of(e, struct env_sim, env);
}

static int64_t sim_wall(struct env *e) {
    return sim_of(e)->now_wall;
}
static int64_t sim_mono(struct env *e) {
    return sim_of(e)->now_mono;
}

static void sim_random(struct env *e, void *p, size_t n) {
    char *at = p;
    while (n) {
        uint64_t v = next(sim_of(e)->rng);
        size_t k = MIN(n, sizeof(v));
        memcpy(at, &v, k);
        at += k;
        n -= k;
    }
}

static void sim_log(struct env *e, enum log_level level, str line) {
    struct buf *trace = &sim_of(e)->trace;
    buf_add(trace, line);
    buf_addc(trace, '\n');
}

static const struct env_ops sim_ops = {
    .wall = sim_wall,
    .mono = sim_mono,
    .random = sim_random,
    .log = sim_log,
    .disk =
        {
            .read = sim_disk_read,
            .write = sim_disk_write,
            .mkdir = sim_disk_mkdir,
            .unlink = sim_disk_unlink,
            .rename = sim_disk_rename,
            .list = sim_disk_list,
            .exists = sim_disk_exists,
        },
};

void env_sim_init(struct env_sim *sim, uint64_t seed) {
    *sim = (struct env_sim){
        .env = {.ops = &sim_ops, .log_level = LOG_INFO, .component = "sim"},
        .now_mono = NSEC_PER_SEC,
        .now_wall = SIM_WALL_START * NSEC_PER_SEC,
    };
    seed_rng(sim->rng, seed);
    sim->disk = env_sim_disk_new();
    buf_init(&sim->trace, SIM_TRACE_MAX);
}

void env_sim_done(struct env_sim *sim) {
    sim->disk = env_sim_disk_free(sim->disk);
    buf_done(&sim->trace);
}

void env_sim_advance(struct env_sim *sim, int64_t ns) {
    ASSERT(ns >= 0);
    sim->now_mono += ns;
    sim->now_wall += ns;
}
