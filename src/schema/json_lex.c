// SPDX-License-Identifier: Apache-2.0
#include "schema/json_lex.h"

#include <math.h>
#include <stdlib.h>

#include "schema/value.h"

unsigned json_rune(const char *s, const char *end) {
    const unsigned char *p = (const unsigned char *)s;
    size_t n = (size_t)(end - s);
    if (n == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2)
        return 0;
    if (p[0] < 0xe0)
        return n >= 2 && (p[1] & 0xc0) == 0x80 ? 2 : 0;
    if (p[0] < 0xf0) {
        if (n < 3 || (p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80)
            return 0;
        if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f))
            return 0; /* overlong, surrogate */
        return 3;
    }
    if (p[0] > 0xf4 || n < 4 || (p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80 ||
        (p[3] & 0xc0) != 0x80)
        return 0;
    if ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return 4;
}

static int hex4(const char *p, const char *end) {
    int v = 0;
    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int d = hex_digit(p[i]);
        if (d < 0)
            return -1;
        v = v << 4 | d;
    }
    return v;
}

/* The closing quote of a string whose plain part ended at p; NULL: malformed. */
static const char *string_end(const char *p, const char *end, bool *high) {
    for (;;) {
        if (p >= end || (unsigned char)*p < 0x20)
            return NULL;
        if (*p == '"')
            return p;
        if (end - p < 2)
            return NULL;
        if (p[1] == 'u') {
            if (hex4(p + 2, end) < 0)
                return NULL;
            p += 6;
        } else if (memchr("\"\\/bfnrt", p[1], 8)) {
            p += 2;
        } else {
            return NULL;
        }
        p = lex_plain(p, end, high);
    }
}

static char *put_rune(char *out, unsigned c) {
    if (c < 0x80) {
        *out++ = (char)c;
    } else if (c < 0x800) {
        *out++ = (char)(0xc0 | c >> 6);
        *out++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *out++ = (char)(0xe0 | c >> 12);
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
        *out++ = (char)(0x80 | (c & 0x3f));
    } else {
        *out++ = (char)(0xf0 | c >> 18);
        *out++ = (char)(0x80 | (c >> 12 & 0x3f));
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
        *out++ = (char)(0x80 | (c & 0x3f));
    }
    return out;
}

/* \uXXXX at p (behind the u): a pair of surrogates is one character, half of one is U+FFFD. */
static const char *unescape_unicode(const char *p, const char *end, char **out) {
    unsigned c = (unsigned)hex4(p, end);
    p += 4;
    if (c >= 0xd800 && c < 0xe000) {
        int low = c < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u' ? hex4(p + 2, end) : -1;
        if (low >= 0xdc00 && low < 0xe000) {
            c = 0x10000 + ((c - 0xd800) << 10) + ((unsigned)low - 0xdc00);
            p += 6;
        } else {
            c = 0xfffd;
        }
    }
    *out = put_rune(*out, c);
    return p;
}

static const char *unescape(const char *p, const char *end, char **out) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char c = *p++;
    if (c == 'u')
        return unescape_unicode(p, end, out);
    *(*out)++ = to[strchr(from, c) - from];
    return p;
}

bool lex_string_slow(struct json_in *in, const char *stop, bool high, str *ret) {
    const char *from = in->p + 1, *end = string_end(stop, in->end, &high);
    if (!end)
        return false;
    in->p = end + 1;
    str raw = {from, (size_t)(end - from)};
    bool valid = !high || utf8_valid(raw);
    if (valid && stop == end) {
        *ret = raw;
        return true;
    }
    char *out = arena_alloc(in->a, (valid ? 1 : 3) * raw.n + 1), *at = out;
    for (const char *p = from; p < end;) {
        unsigned n;
        if (*p == '\\') {
            p = unescape(p + 1, end, &at);
        } else if ((n = json_rune(p, end)) > 0) {
            memcpy(at, p, n);
            at += n;
            p += n;
        } else {
            at = put_rune(at, 0xfffd);
            p++;
        }
    }
    *at = 0;
    *ret = (str){out, (size_t)(at - out)};
    return true;
}

static bool is_digit(const char *p, const char *end) {
    return p < end && *p >= '0' && *p <= '9';
}

static const char *digits(const char *p, const char *end) {
    while (is_digit(p, end))
        p++;
    return p;
}

bool lex_number(struct json_in *in, str *ret, bool *ret_integer) {
    const char *p = in->p, *end = in->end;
    bool integer = true;
    p += *p == '-';
    if (!is_digit(p, end))
        return false;
    p = *p == '0' ? p + 1 : digits(p, end);
    if (p < end && *p == '.') {
        integer = false;
        if (!is_digit(++p, end))
            return false;
        p = digits(p, end);
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        integer = false;
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        if (!is_digit(p, end))
            return false;
        p = digits(p, end);
    }
    *ret = (str){in->p, (size_t)(p - in->p)};
    *ret_integer = integer;
    in->p = p;
    return true;
}

bool lex_literal(struct json_in *in, const char *word) {
    size_t n = strlen(word);
    if ((size_t)(in->end - in->p) < n || memcmp(in->p, word, n) != 0)
        return false;
    in->p += n;
    return true;
}

static bool skip_string(struct json_in *in) {
    bool high = false;
    const char *end = string_end(lex_plain(in->p + 1, in->end, &high), in->end, &high);
    if (!end)
        return false;
    in->p = end + 1;
    return true;
}

static bool skip_object(struct json_in *in) {
    in->p++;
    if (lex_take(in, '}'))
        return true;
    for (;;) {
        if (lex_peek(in) != '"' || !skip_string(in) || !lex_take(in, ':') || !lex_skip(in))
            return false;
        if (lex_take(in, '}'))
            return true;
        if (!lex_take(in, ','))
            return false;
    }
}

static bool skip_array(struct json_in *in) {
    in->p++;
    if (lex_take(in, ']'))
        return true;
    for (;;) {
        if (!lex_skip(in))
            return false;
        if (lex_take(in, ']'))
            return true;
        if (!lex_take(in, ','))
            return false;
    }
}

bool lex_skip(struct json_in *in) {
    str number;
    bool integer, ok;
    switch (lex_peek(in)) {
    case '{':
    case '[':
        if (++in->depth > JSON_DEPTH_MAX)
            return false;
        ok = *in->p == '{' ? skip_object(in) : skip_array(in);
        in->depth--;
        return ok;
    case '"':
        return skip_string(in);
    case 't':
        return lex_literal(in, "true");
    case 'f':
        return lex_literal(in, "false");
    case 'n':
        return lex_literal(in, "null");
    case '-':
    case '0' ... '9':
        return lex_number(in, &number, &integer);
    }
    return false;
}

int lex_i64(str s, int64_t *ret) {
    bool negative = s.p[0] == '-';
    uint64_t v = 0;
    for (size_t i = negative; i < s.n; i++) {
        unsigned d = (unsigned)(s.p[i] - '0');
        if (v > (UINT64_MAX - d) / 10)
            return -ERANGE;
        v = v * 10 + d;
    }
    if (v > (uint64_t)INT64_MAX + negative)
        return -ERANGE;
    *ret = (int64_t)(negative ? -v : v);
    return 0;
}

int lex_f64(str s, double *ret) {
    char small[64], *copy = s.n < sizeof(small) ? small : xmalloc(s.n + 1);
    memcpy(copy, s.p, s.n);
    copy[s.n] = 0;
    double v = strtod(copy, NULL);
    if (copy != small)
        free(copy);
    if (isinf(v))
        return -ERANGE;
    *ret = v;
    return 0;
}

str json_compact(struct arena *a, str json) {
    char *out = arena_alloc(a, json.n + 1), *at = out;
    for (const char *p = json.p, *end = json.p + json.n; p < end;) {
        if (*p == '"') {
            bool high = false;
            const char *from = p;
            p = string_end(lex_plain(p + 1, end, &high), end, &high) + 1;
            memcpy(at, from, (size_t)(p - from));
            at += p - from;
        } else if ((unsigned char)*p <= ' ') {
            p++;
        } else {
            *at++ = *p++;
        }
    }
    *at = 0;
    return (str){out, (size_t)(at - out)};
}
