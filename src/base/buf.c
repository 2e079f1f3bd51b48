// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BUF_MIN 64

void buf_init(struct buf *b, size_t limit) {
    *b = (struct buf){.limit = limit};
}

void buf_done(struct buf *b) {
    free(b->p);
    buf_init(b, b->limit);
}

void buf_clear(struct buf *b) {
    b->n = 0;
    b->over = false;
}

char *buf_reserve(struct buf *b, size_t n) {
    size_t need;
    if (__builtin_add_overflow(b->n, n, &need) || (b->limit && need > b->limit)) {
        b->over = true;
        return NULL;
    }
    if (need > b->cap || !b->p) {
        size_t cap = MAX(MAX(need, b->cap * 2), (size_t)BUF_MIN);
        if (b->limit && cap > b->limit)
            cap = MAX(b->limit, need);
        b->p = xrealloc(b->p, cap);
        b->cap = cap;
    }
    return b->p + b->n;
}

void buf_add(struct buf *b, str s) {
    if (!s.n)
        return;
    char *at = buf_reserve(b, s.n);
    if (at) {
        memcpy(at, s.p, s.n);
        b->n += s.n;
    }
}

void buf_addc_(struct buf *b, char c) {
    char *at = buf_reserve(b, 1);
    if (at) {
        *at = c;
        b->n++;
    }
}

/* vsnprintf wants a byte for its NUL that the buffer's limit does not count, hence the detour
 * over the stack for what is short and over the heap for the rest. */
void buf_printf(struct buf *b, const char *fmt, ...) {
    char small[256];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(small, sizeof(small), fmt, ap);
    va_end(ap);
    ASSERT(n >= 0);
    if ((size_t)n < sizeof(small)) {
        buf_add(b, str_n(small, (size_t)n));
        return;
    }
    char *big = xmalloc((size_t)n + 1);
    va_start(ap, fmt);
    vsnprintf(big, (size_t)n + 1, fmt, ap);
    va_end(ap);
    buf_add(b, str_n(big, (size_t)n));
    free(big);
}

void buf_add_u64(struct buf *b, uint64_t v) {
    char digits[20];
    size_t i = sizeof(digits);
    do {
        digits[--i] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    buf_add(b, str_n(digits + i, sizeof(digits) - i));
}

/* The sign goes in the same write as the digits, lest a limit lets one in without the other. */
void buf_add_i64(struct buf *b, int64_t v) {
    char digits[21];
    size_t i = sizeof(digits);
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do {
        digits[--i] = (char)('0' + u % 10);
        u /= 10;
    } while (u);
    if (v < 0)
        digits[--i] = '-';
    buf_add(b, str_n(digits + i, sizeof(digits) - i));
}

void buf_consume(struct buf *b, size_t n) {
    ASSERT(n <= b->n);
    b->n -= n;
    if (b->n)
        memmove(b->p, b->p + n, b->n);
}
