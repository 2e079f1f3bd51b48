// SPDX-License-Identifier: Apache-2.0
/* Strings and floats as Go's encoding/json prints them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "schema/json_lex.h"
#include "schema/value.h"

#define ESCAPE_MAX 6 /* bytes one byte of input may become */

/* Bytes that stand for themselves. 0xe2 begins U+2028 and U+2029; others from 0x80 must be looked
 * at for validity. */
static inline bool is_plain(unsigned char c) {
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

/* Copies plain bytes from *p to out until another one or the end; out has room for 16 more. */
static char *copy_plain(char *out, const char **from, const char *end) {
    const char *p = *from;
#ifdef __SSE2__
    for (; end - p >= 16; p += 16, out += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        /* Signed comparison: bytes from 0x80 count as less than a space, too. */
        __m128i bad = _mm_cmplt_epi8(v, _mm_set1_epi8(0x20));
        bad = _mm_or_si128(bad, _mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
        bad = _mm_or_si128(bad, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
        bad = _mm_or_si128(bad, _mm_cmpeq_epi8(v, _mm_set1_epi8('&')));
        /* '<' and '>' differ in one bit. */
        bad = _mm_or_si128(bad,
                           _mm_cmpeq_epi8(_mm_or_si128(v, _mm_set1_epi8(2)), _mm_set1_epi8('>')));
        _mm_storeu_si128((__m128i *)(void *)out, v);
        unsigned hit = (unsigned)_mm_movemask_epi8(bad);
        if (hit) {
            *from = p + __builtin_ctz(hit);
            return out + __builtin_ctz(hit);
        }
    }
#endif
    while (p < end && is_plain((unsigned char)*p))
        *out++ = *p++;
    *from = p;
    return out;
}

static char *escape_ascii(char *out, unsigned char c) {
    static const char hex[] = "0123456789abcdef";
    static const char named[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
    const char *at = c ? strchr(named, c) : NULL;
    *out++ = '\\';
    if (at) {
        *out++ = letter[at - named];
        return out;
    }
    memcpy(out, "u00", 3);
    out[3] = hex[c >> 4];
    out[4] = hex[c & 15];
    return out + 5;
}

/* One character that is not plain. */
static char *put_special(char *out, const char **from, const char *end) {
    const char *p = *from;
    if ((unsigned char)*p < 0x80) {
        *from = p + 1;
        return escape_ascii(out, (unsigned char)*p);
    }
    unsigned n = json_rune(p, end);
    if (n == 0) {
        *from = p + 1;
        memcpy(out, "\\ufffd", 6);
        return out + 6;
    }
    *from = p + n;
    if (n == 3 && memcmp(p, "\xe2\x80", 2) == 0 && ((unsigned char)p[2] | 1) == 0xa9) {
        memcpy(out, p[2] & 1 ? "\\u2029" : "\\u2028", 6);
        return out + 6;
    }
    memcpy(out, p, n);
    return out + n;
}

/* The rest of a string that holds special characters: room is asked for in pieces, so that a
 * string that need not grow does not reserve six times its length. */
static void quote_special(struct buf *b, const char *p, const char *end) {
    while (p < end) {
        size_t piece = MIN((size_t)(end - p), (size_t)256);
        char *out = buf_reserve(b, piece * ESCAPE_MAX + 16), *from = out;
        if (!out)
            return;
        for (const char *stop = p + piece; p < stop;) {
            out = copy_plain(out, &p, stop);
            /* A character may straddle the piece; plain bytes may not. */
            if (p < stop)
                out = put_special(out, &p, end);
        }
        b->n += (size_t)(out - from);
    }
}

void json_quote(struct buf *b, str s) {
    const char *p = s.p, *end = s.p + s.n;
    char *out = buf_reserve(b, s.n + 2 + 16);
    if (!out)
        return;
    char *from = out;
    *out++ = '"';
    out = copy_plain(out, &p, end);
    if (p == end) {
        *out++ = '"';
        b->n += (size_t)(out - from);
        return;
    }
    b->n += (size_t)(out - from);
    quote_special(b, p, end);
    buf_addc(b, '"');
}

/* JSON text as it stands in a Go object: the same escapes, but quotes and backslashes are its
 * own. */
void json_raw(struct buf *b, str json) {
    const char *p = json.p, *end = json.p + json.n;
    while (p < end) {
        const char *from = p;
        while (p < end && *p != '<' && *p != '>' && *p != '&' && (unsigned char)*p != 0xe2)
            p++;
        buf_add(b, (str){from, (size_t)(p - from)});
        if (p == end)
            return;
        char out[ESCAPE_MAX], *at = put_special(out, &p, end);
        buf_add(b, (str){out, (size_t)(at - out)});
    }
}

/* Fewest digits that read back as the same double. */
static int shortest(char out[32], double f) {
    for (int digits = 15; digits < 17; digits++) {
        snprintf(out, 32, "%.*e", digits - 1, f);
        if (strtod(out, NULL) == f)
            return digits;
    }
    snprintf(out, 32, "%.16e", f);
    return 17;
}

void json_float(struct buf *b, double f) {
    char text[32];
    double size = fabs(f);
    if (!isfinite(f)) {
        buf_adds(b, "null"); /* JSON has no word for it */
        return;
    }
    if (f == 0) {
        buf_add(b, signbit(f) ? STR("-0") : STR("0"));
        return;
    }
    int digits = shortest(text, f);
    /* text is d.ddde+XX; trailing zeros of its digits are not significant. */
    char *e = strchr(text, 'e');
    int exp = atoi(e + 1);
    const char *zero = e;
    while (digits > 1 && zero[-1] == '0') {
        zero--;
        digits--;
    }
    if (size >= 1e-6 && size < 1e21) {
        buf_printf(b, "%.*f", MAX(digits - 1 - exp, 0), f);
        return;
    }
    size_t n = (size_t)(zero - text);
    if (digits == 1)
        n -= text[n - 1] == '.';
    buf_add(b, (str){text, n});
    buf_printf(b, exp < 0 ? "e-%d" : "e+%d", exp < 0 ? -exp : exp);
}
