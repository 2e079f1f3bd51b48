// SPDX-License-Identifier: Apache-2.0
/* The lexer under both JSON readers (value trees and rows). It is fast and says only yes or no;
 * when the answer was no, json_syntax() walks the text once more, slowly, for the words that Go's
 * scanner would have used. The two must agree on every text: the fuzzers hold them against each
 * other. */
#pragma once

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/arena.h"
#include "base/err.h"

struct json_in {
    const char *p, *end;
    struct arena *a; /* for strings that cannot point into the text */
    unsigned depth;  /* open containers */
    bool spaced;     /* white space was skipped: the text so far is not compact */
};

static inline void lex_ws(struct json_in *in) {
    while (in->p < in->end &&
           (*in->p == ' ' || *in->p == '\n' || *in->p == '\r' || *in->p == '\t')) {
        in->p++;
        in->spaced = true;
    }
}

/* The next byte that is no white space, without taking it; 0 at the end (0 is never valid JSON). */
static inline char lex_peek(struct json_in *in) {
    if (in->p < in->end && (unsigned char)*in->p > ' ')
        return *in->p;
    lex_ws(in);
    return in->p < in->end ? *in->p : 0;
}

static inline bool lex_take(struct json_in *in, char c) {
    if (lex_peek(in) != c)
        return false;
    in->p++;
    return true;
}

/* First byte at or behind p that ends plain string text: a quote, a backslash, a control
 * character, or the end. *high is set when a byte before it is not ASCII. */
static inline const char *lex_plain(const char *p, const char *end, bool *high) {
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'),
                  ctl = _mm_set1_epi8(0x1f);
    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i special =
            _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash)),
                         _mm_cmpeq_epi8(_mm_min_epu8(v, ctl), v));
        unsigned hit = (unsigned)_mm_movemask_epi8(special), top = (unsigned)_mm_movemask_epi8(v);
        if (hit) {
            *high |= (top & ((hit & -hit) - 1)) != 0;
            return p + __builtin_ctz(hit);
        }
        *high |= top != 0;
    }
#endif
    for (; p < end; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\' || c < 0x20)
            break;
        *high |= c >= 0x80;
    }
    return p;
}

/* Takes a string; in->p is at the opening quote. The result points into the text unless it holds
 * escapes or invalid UTF-8 (each bad byte becomes U+FFFD, as Go does). False: malformed. */
bool lex_string_slow(struct json_in *in, const char *stop, bool high, str *ret);
static inline bool lex_string(struct json_in *in, str *ret) {
    bool high = false;
    const char *from = in->p + 1, *p = lex_plain(from, in->end, &high);
    if (p < in->end && *p == '"' && !high) {
        *ret = (str){from, (size_t)(p - from)};
        in->p = p + 1;
        return true;
    }
    return lex_string_slow(in, p, high, ret);
}

/* Takes a number; *ret_integer: without fraction and exponent. */
bool lex_number(struct json_in *in, str *ret, bool *ret_integer);
/* Takes true, false or null. */
bool lex_literal(struct json_in *in, const char *word);
/* Takes any one value and forgets it. */
bool lex_skip(struct json_in *in);

/* A whole number's text into an int64; -ERANGE. */
int lex_i64(str number, int64_t *ret);
/* Any number's text; -ERANGE when it is too large for a double. */
int lex_f64(str number, double *ret);

/* Whether a byte sequence starts with one valid UTF-8 character: its length, or 0. */
unsigned json_rune(const char *p, const char *end);

/* -EINVAL with the words of Go's scanner about the first fault in the text; 0 if there is none. */
int json_syntax(str json, struct err *e);
/* Appends the text without white space between its tokens; it must be valid. */
str json_compact(struct arena *a, str json);
