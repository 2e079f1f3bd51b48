// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"

#include <stdio.h>

#include "base/arena.h"

int str_cmp(str a, str b) {
    size_t n = MIN(a.n, b.n);
    int r = n ? memcmp(a.p, b.p, n) : 0;
    return r ? r : (a.n > b.n) - (a.n < b.n);
}

bool str_starts(str s, str prefix) {
    return s.n >= prefix.n && str_eq(str_n(s.p, prefix.n), prefix);
}

bool str_ends(str s, str suffix) {
    return s.n >= suffix.n &&
           (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool str_ieq(str a, str b) {
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

ssize_t str_find(str s, str needle) {
    if (!needle.n)
        return 0;
    if (s.n < needle.n)
        return -1;
    const char *at = memmem(s.p, s.n, needle.p, needle.n);
    return at ? at - s.p : -1;
}

ssize_t str_chr(str s, char c) {
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
    return at ? at - s.p : -1;
}

str str_slice(str s, size_t from, size_t to) {
    to = MIN(to, s.n);
    from = MIN(from, to);
    return str_n(s.p ? s.p + from : NULL, to - from);
}

str str_trim(str s) {
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = str_slice(s, 1, s.n);
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

bool str_in(str s, const char *const *list) {
    for (; *list; list++)
        if (str_eqc(s, *list))
            return true;
    return false;
}

str str_cut(str *rest, char sep) {
    str whole = *rest;
    ssize_t at = str_chr(whole, sep);
    if (at < 0) {
        *rest = STR_NONE;
        return whole;
    }
    *rest = str_slice(whole, (size_t)at + 1, whole.n);
    return str_slice(whole, 0, (size_t)at);
}

int str_to_u64(str s, uint64_t *ret) {
    uint64_t v = 0;
    bool over = false;
    if (!s.n)
        return -EINVAL;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return -EINVAL;
        over = over || __builtin_mul_overflow(v, 10u, &v) ||
               __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v);
    }
    if (over)
        return -ERANGE;
    *ret = v;
    return 0;
}

int str_to_i64(str s, int64_t *ret) {
    bool negative = s.n && s.p[0] == '-';
    uint64_t u;
    int r = str_to_u64(negative ? str_slice(s, 1, s.n) : s, &u);
    if (r < 0)
        return r;
    if (u > (uint64_t)INT64_MAX + negative)
        return -ERANGE;
    *ret = negative ? (int64_t)(0 - u) : (int64_t)u;
    return 0;
}

const char *str_cdup(struct arena *a, str s) {
    char *p = arena_alloc(a, s.n + 1);
    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = 0;
    return p;
}

str str_dup(struct arena *a, str s) {
    return s.p ? str_n(str_cdup(a, s), s.n) : STR_NONE;
}

str str_vprintf(struct arena *a, const char *fmt, va_list ap) {
    char small[256];
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof(small), fmt, ap);
    ASSERT(n >= 0);
    str out;
    if ((size_t)n < sizeof(small)) {
        out = str_dup(a, str_n(small, (size_t)n));
    } else {
        char *p = arena_alloc(a, (size_t)n + 1);
        vsnprintf(p, (size_t)n + 1, fmt, again);
        out = str_n(p, (size_t)n);
    }
    va_end(again);
    return out;
}

str str_printf(struct arena *a, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    str s = str_vprintf(a, fmt, ap);
    va_end(ap);
    return s;
}

str str_concat(struct arena *a, str x, str y) {
    return str_join(a, (str[]){x, y}, 2, STR(""));
}

str str_lower(struct arena *a, str s) {
    char *p = arena_alloc(a, s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        p[i] = lower(s.p[i]);
    p[s.n] = 0;
    return str_n(p, s.n);
}

static char *append(char *at, str s) {
    if (s.n)
        memcpy(at, s.p, s.n);
    return at + s.n;
}

str str_join(struct arena *a, const str *v, size_t n, str sep) {
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += v[i].n + (i ? sep.n : 0);
    char *p = arena_alloc(a, total + 1), *at = p;
    for (size_t i = 0; i < n; i++) {
        if (i)
            at = append(at, sep);
        at = append(at, v[i]);
    }
    *at = 0;
    return str_n(p, total);
}

/* Length of the sequence at p, 0 when it is not one: overlong forms, surrogates and what lies past
 * U+10FFFF show in the second byte's range. */
static size_t utf8_sequence(const unsigned char *p, size_t n) {
    unsigned char c = p[0], low = 0x80, high = 0xbf;
    size_t len;
    if (c >= 0xc2 && c <= 0xdf) {
        len = 2;
    } else if (c >= 0xe0 && c <= 0xef) {
        len = 3;
        low = c == 0xe0 ? 0xa0 : 0x80;
        high = c == 0xed ? 0x9f : 0xbf;
    } else if (c >= 0xf0 && c <= 0xf4) {
        len = 4;
        low = c == 0xf0 ? 0x90 : 0x80;
        high = c == 0xf4 ? 0x8f : 0xbf;
    } else {
        return 0;
    }
    if (n < len || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

bool utf8_valid(str s) {
    const unsigned char *p = (const unsigned char *)s.p;
    size_t i = 0;
    while (i < s.n) {
        uint64_t w;
        if (s.n - i >= sizeof(w)) {
            memcpy(&w, p + i, sizeof(w));
            if (!(w & 0x8080808080808080u)) {
                i += sizeof(w);
                continue;
            }
        }
        size_t len = p[i] < 0x80 ? 1 : utf8_sequence(p + i, s.n - i);
        if (!len)
            return false;
        i += len;
    }
    return true;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}
