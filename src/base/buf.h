// SPDX-License-Identifier: Apache-2.0
/* buf: a growing byte buffer on the heap with a named limit. A write that would pass the limit is
 * dropped and sets `over`; the owner looks once at the end, not at each write. */
#pragma once

#include "base/str.h"

struct buf {
    char *p;
    size_t n, cap;
    size_t limit; /* 0 = none */
    bool over;
};

void buf_init(struct buf *b, size_t limit);
void buf_done(struct buf *b);
void buf_clear(struct buf *b); /* keeps the memory */
/* Room for n more bytes at b->p + b->n, or NULL (and over) past the limit. */
char *buf_reserve(struct buf *b, size_t n);
void buf_add(struct buf *b, str s);
void buf_addc_(struct buf *b, char c); /* where it has to grow */
static inline void buf_addc(struct buf *b, char c) {
    if (b->n < b->cap)
        b->p[b->n++] = c;
    else
        buf_addc_(b, c);
}
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
void buf_add_u64(struct buf *b, uint64_t v);
void buf_add_i64(struct buf *b, int64_t v);
/* Drops the first n bytes. */
void buf_consume(struct buf *b, size_t n);
static inline str buf_str(const struct buf *b) {
    return (str){b->p, b->n};
}
#define buf_adds(b, lit) buf_add((b), STR(lit))
