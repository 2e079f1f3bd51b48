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

#ifdef __SSE2__
/* A bit for each byte that is not plain. */
static inline unsigned special(__m128i v) {
    /* Signed comparison: bytes from 0x80 count as less than a space, too. */
    __m128i bad = _mm_cmplt_epi8(v, _mm_set1_epi8(0x20));
    bad = _mm_or_si128(bad, _mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
    bad = _mm_or_si128(bad, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
    bad = _mm_or_si128(bad, _mm_cmpeq_epi8(v, _mm_set1_epi8('&')));
    /* '<' and '>' differ in one bit. */
    bad = _mm_or_si128(bad, _mm_cmpeq_epi8(_mm_or_si128(v, _mm_set1_epi8(2)), _mm_set1_epi8('>')));
    return (unsigned)_mm_movemask_epi8(bad);
}
#endif

/* Copies plain bytes from *p to out until another one or the end; out has room for 16 more. */
static char *copy_plain(char *out, const char **from, const char *end) {
    const char *p = *from;
#ifdef __SSE2__
    for (; end - p >= 16; p += 16, out += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        _mm_storeu_si128((__m128i *)(void *)out, v);
        unsigned hit = special(v);
        if (hit) {
            *from = p + __builtin_ctz(hit);
            return out + __builtin_ctz(hit);
        }
    }
    if (end - p >= 8) { /* most names and values are short */
        __m128i v = _mm_loadl_epi64((const __m128i *)(const void *)p);
        _mm_storel_epi64((__m128i *)(void *)out, v);
        unsigned hit = special(v) & 0xff;
        if (hit) {
            *from = p + __builtin_ctz(hit);
            return out + __builtin_ctz(hit);
        }
        p += 8;
        out += 8;
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
    const char *p = s.p ? s.p : "", *end = p + s.n;
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

/* The first byte from p on that json_raw() must look at. */
static const char *raw_plain(const char *p, const char *end) {
#ifdef __SSE2__
    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i hit = _mm_cmpeq_epi8(_mm_or_si128(v, _mm_set1_epi8(2)), _mm_set1_epi8('>'));
        hit = _mm_or_si128(hit, _mm_cmpeq_epi8(v, _mm_set1_epi8('&')));
        hit = _mm_or_si128(hit, _mm_cmpeq_epi8(v, _mm_set1_epi8((char)0xe2)));
        unsigned at = (unsigned)_mm_movemask_epi8(hit);
        if (at)
            return p + __builtin_ctz(at);
    }
#endif
    while (p < end && *p != '<' && *p != '>' && *p != '&' && (unsigned char)*p != 0xe2)
        p++;
    return p;
}

/* JSON text as it stands in a Go object: the same escapes, but quotes and backslashes are its
 * own. */
void json_raw(struct buf *b, str json) {
    const char *p = json.p ? json.p : "", *end = p + json.n;
    while (p < end) {
        const char *from = p;
        p = raw_plain(p, end);
        buf_add(b, (str){from, (size_t)(p - from)});
        if (p == end)
            return;
        char out[ESCAPE_MAX], *at = put_special(out, &p, end);
        buf_add(b, (str){out, (size_t)(at - out)});
    }
}

/* Fewest digits that read back as the same double: what 15 digits say is shortest once trailing
 * zeros are cut, except for subnormals, which have fewer digits to say. */
static int shortest(char out[32], double f) {
    for (int digits = fpclassify(f) == FP_SUBNORMAL ? 1 : 15; digits < 17; digits++) {
        snprintf(out, 32, "%.*e", digits - 1, f);
        if (strtod(out, NULL) == f)
            return digits;
    }
    snprintf(out, 32, "%.16e", f);
    return 17;
}

/* d.ddd times 10^exp without exponent: zeros where the digits do not reach. */
static void put_plain(struct buf *b, const char *digits, int n, int exp) {
    if (exp < 0)
        buf_adds(b, "0.");
    for (int i = exp + 1; i < 0; i++)
        buf_addc(b, '0');
    for (int i = 0; i < MAX(n, exp + 1); i++) {
        if (i && i == exp + 1)
            buf_addc(b, '.');
        buf_addc(b, i < n ? digits[i] : '0');
    }
}

static void put_exponent(struct buf *b, const char *digits, int n, int exp) {
    buf_addc(b, digits[0]);
    if (n > 1)
        buf_addc(b, '.');
    buf_add(b, (str){digits + 1, (size_t)n - 1});
    buf_printf(b, "e%c%d", exp < 0 ? '-' : '+', abs(exp));
}

void json_float(struct buf *b, double f) {
    char text[32], *digits = text;
    if (!isfinite(f)) {
        buf_adds(b, "null"); /* JSON has no word for it */
        return;
    }
    if (signbit(f))
        buf_addc(b, '-');
    if (f == 0) {
        buf_addc(b, '0');
        return;
    }
    f = fabs(f);
    int n = shortest(text, f); /* d.ddde+XX */
    int exp = atoi(strchr(text, 'e') + 1);
    if (n > 1) {
        digits = text + 1;
        digits[0] = text[0];
    }
    while (n > 1 && digits[n - 1] == '0')
        n--;
    if (f >= 1e-6 && f < 1e21)
        put_plain(b, digits, n, exp);
    else
        put_exponent(b, digits, n, exp);
}
