// SPDX-License-Identifier: Apache-2.0
#include "base/env.h"

#define LIST_MAX (1 << 20) /* bytes of names in a folder */

uint64_t env_random_u64(struct env *e) {
    uint64_t v;
    env_random(e, &v, sizeof(v));
    return v;
}

/* Multiplying into 128 bits maps the draw onto [0, n); draws whose low half falls into the first
 * 2^64 mod n are taken again, which makes it exact (Lemire). */
uint64_t env_random_below(struct env *e, uint64_t n) {
    ASSERT(n > 0);
    uint64_t unfair = (0 - n) % n;
    for (;;) {
        unsigned __int128 m = (unsigned __int128)env_random_u64(e) * n;
        if ((uint64_t)m >= unfair)
            return (uint64_t)(m >> 64);
    }
}

/* ".NAME." and sixteen hexadecimal digits. */
static bool is_leftover(str entry, str name) {
    if (entry.n != name.n + 18 || entry.p[0] != '.' ||
        !str_eq(str_slice(entry, 1, name.n + 1), name) || entry.p[name.n + 1] != '.')
        return false;
    for (size_t i = name.n + 2; i < entry.n; i++)
        if (!entry.p[i] || !strchr("0123456789abcdef", entry.p[i]))
            return false;
    return true;
}

void env_disk_tidy(struct env *e, const char *path) {
    CLEANUP(arena_freep) struct arena *a = arena_new(0);
    const char *slash = strrchr(path, '/');
    str name = str_of(slash ? slash + 1 : path);
    const char *dir = !slash          ? "."
                      : slash == path ? "/"
                                      : str_dup(a, str_n(path, (size_t)(slash - path))).p;
    struct buf b;
    buf_init(&b, LIST_MAX);
    if (e->ops->disk.list(e, dir, &b) == 0) {
        str rest = buf_str(&b);
        while (rest.n) {
            str entry = str_cut(&rest, '\n');
            if (is_leftover(entry, name))
                e->ops->disk.unlink(e, str_printf(a, "%s/" STR_FMT, dir, STR_ARG(entry)).p);
        }
    }
    buf_done(&b);
}
