// SPDX-License-Identifier: Apache-2.0
/* Sets of node rows. All sets of one table have the same number of words. */
#pragma once

#include "base/arena.h"

struct bits {
    uint64_t *w;
    uint32_t n; /* words */
};

static inline struct bits bits_new(struct arena *a, uint32_t words) {
    return (struct bits){arena_array(a, words ? words : 1, sizeof(uint64_t)), words};
}
static inline bool bits_has(const struct bits *b, uint32_t i) {
    return i / 64 < b->n && b->w[i / 64] >> (i % 64) & 1;
}
static inline void bits_set(struct bits *b, uint32_t i) {
    b->w[i / 64] |= 1ULL << (i % 64);
}
static inline void bits_clear(struct bits *b, uint32_t i) {
    b->w[i / 64] &= ~(1ULL << (i % 64));
}
static inline uint32_t bits_count(const struct bits *b) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->n; i++)
        n += (uint32_t)__builtin_popcountll(b->w[i]);
    return n;
}
static inline void bits_or(struct bits *to, const struct bits *b) {
    for (uint32_t i = 0; i < MIN(to->n, b->n); i++)
        to->w[i] |= b->w[i];
}
static inline void bits_and(struct bits *to, const struct bits *b) {
    for (uint32_t i = 0; i < to->n; i++)
        to->w[i] &= i < b->n ? b->w[i] : 0;
}
static inline void bits_and_not(struct bits *to, const struct bits *b) {
    for (uint32_t i = 0; i < MIN(to->n, b->n); i++)
        to->w[i] &= ~b->w[i];
}
#define BITS_FOREACH(i, b)                                                                         \
    for (uint32_t word_ = 0; word_ < (b)->n; word_++)                                              \
        for (uint64_t left_ = (b)->w[word_]; left_; left_ &= left_ - 1)                            \
            for (uint32_t i = word_ * 64 + (uint32_t)__builtin_ctzll(left_), once_ = 1; once_;     \
                 once_ = 0)
