// SPDX-License-Identifier: Apache-2.0
/* SipHash-1-3 (Aumasson and Bernstein) for tables whose keys outsiders choose, XXH3 for data of
 * our own. Both read little-endian words, which is the only byte order the program is built for. */
#include <xxhash.h>

#include "base/map.h"

struct sip {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotl(uint64_t x, int b) {
    return x << b | x >> (64 - b);
}

static inline void sip_round(struct sip *s) {
    s->v0 += s->v1;
    s->v1 = rotl(s->v1, 13) ^ s->v0;
    s->v0 = rotl(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotl(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotl(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotl(s->v1, 17) ^ s->v2;
    s->v2 = rotl(s->v2, 32);
}

static inline void sip_word(struct sip *s, uint64_t w) {
    s->v3 ^= w;
    sip_round(s);
    s->v0 ^= w;
}

uint64_t siphash(const uint64_t seed[2], const void *p, size_t n) {
    struct sip s = {
        seed[0] ^ 0x736f6d6570736575u,
        seed[1] ^ 0x646f72616e646f6du,
        seed[0] ^ 0x6c7967656e657261u,
        seed[1] ^ 0x7465646279746573u,
    };
    const char *at = p;
    size_t left = n;
    uint64_t w;
    for (; left >= 8; left -= 8, at += 8) {
        memcpy(&w, at, 8);
        sip_word(&s, w);
    }
    w = 0;
    if (left)
        memcpy(&w, at, left);
    sip_word(&s, w | (uint64_t)n << 56);
    s.v2 ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t hash64(const void *p, size_t n) {
    return XXH3_64bits(p, n);
}
