// SPDX-License-Identifier: Apache-2.0
/* str: a view {pointer, length} of bytes somebody else owns. Not NUL-terminated. Where an API
 * field distinguishes absent from empty, absent is p == NULL and empty is p != NULL, n == 0;
 * every other function treats the two alike. */
#pragma once

#include <stdarg.h>

#include "base/base.h"

typedef struct {
    const char *p;
    size_t n;
} str;

#define STR(lit) ((str){"" lit, sizeof(lit) - 1})
#define STR_NONE ((str){NULL, 0})
/* printf("%.*s", STR_ARG(s)) */
#define STR_FMT    "%.*s"
#define STR_ARG(s) (int)(s).n, (s).p ? (s).p : ""

struct arena;

static inline str str_of(const char *cstr) {
    return (str){cstr, cstr ? strlen(cstr) : 0};
}
static inline str str_n(const char *p, size_t n) {
    return (str){p, n};
}
static inline bool str_empty(str s) {
    return s.n == 0;
}
static inline bool str_eq(str a, str b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
static inline bool str_eqc(str a, const char *b) {
    return str_eq(a, str_of(b));
}
int str_cmp(str a, str b); /* byte order, as Go compares strings */
bool str_starts(str s, str prefix);
bool str_ends(str s, str suffix);
bool str_ieq(str a, str b);                   /* ASCII case-insensitive */
ssize_t str_find(str s, str needle);          /* offset or -1 */
ssize_t str_chr(str s, char c);               /* offset or -1 */
str str_slice(str s, size_t from, size_t to); /* clamped */
str str_trim(str s);                          /* spaces and tabs at both ends */
bool str_in(str s, const char *const *list);  /* list ends in NULL */
/* Splits at the first sep: returns what stands before it and moves *rest behind it. When there is
 * no sep the whole of *rest is returned and *rest becomes STR_NONE (p == NULL). */
str str_cut(str *rest, char sep);
/* Whole string is one decimal number in range; -EINVAL or -ERANGE otherwise. */
int str_to_i64(str s, int64_t *ret);
int str_to_u64(str s, uint64_t *ret);

/* Into an arena; the results are NUL-terminated behind their length. */
str str_dup(struct arena *a, str s);
const char *str_cdup(struct arena *a, str s);
str str_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);
str str_vprintf(struct arena *a, const char *fmt, va_list ap) PRINTF(2, 0);
str str_concat(struct arena *a, str x, str y);
str str_lower(struct arena *a, str s);
str str_join(struct arena *a, const str *v, size_t n, str sep);

bool utf8_valid(str s);
int hex_digit(char c); /* 0 to 15, or -1; either case */
