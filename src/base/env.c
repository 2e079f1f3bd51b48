// SPDX-License-Identifier: Apache-2.0
#include "base/env.h"

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
