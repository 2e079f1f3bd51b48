// SPDX-License-Identifier: Apache-2.0
/* Reading and printing of quantities. The grammar is upstream's scanner, not its comment: "-", "."
 * and "k" are all 0, leading zeros vanish, and a text is printed as it was read when upstream's
 * fast path keeps it ("1.234" stays, "1.5" becomes "1500m"). */
#include "schema/quantity.h"

#include <limits.h>

#define QUANTITY_REGEX "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"
#define NANO           (-9)

typedef __int128 i128;

struct suffix {
    const char *text;
    int8_t base;
    int8_t exponent;
};
static const struct suffix suffixes[] = {
    {"", 10, 0},   {"n", 10, -9}, {"u", 10, -6}, {"m", 10, -3}, {"k", 10, 3},  {"M", 10, 6},
    {"G", 10, 9},  {"T", 10, 12}, {"P", 10, 15}, {"E", 10, 18}, {"Ki", 2, 10}, {"Mi", 2, 20},
    {"Gi", 2, 30}, {"Ti", 2, 40}, {"Pi", 2, 50}, {"Ei", 2, 60},
};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* 10^38 - 1 is the largest mantissa. */
static i128 mantissa_max(void) {
    i128 v = 1;
    for (int i = 0; i < QUANTITY_DIGITS_MAX; i++)
        v *= 10;
    return v - 1;
}

static i128 magnitude(i128 v) {
    return v < 0 ? -v : v;
}

/* v * 10^n within the mantissa. */
static bool shift_left(i128 *v, int64_t n) {
    i128 max = mantissa_max() / 10;
    if (*v == 0)
        return true;
    for (; n > 0; n--) {
        if (magnitude(*v) > max)
            return false;
        *v *= 10;
    }
    return true;
}

/* v / 10^n, away from zero where that is not exact (it is not when `lost`). */
static i128 shift_right(i128 v, int64_t n, bool lost) {
    bool inexact = lost;
    for (; n > 0 && v; n--) {
        inexact |= v % 10 != 0;
        if (v / 10 == 0)
            return v < 0 ? -1 : 1;
        v /= 10;
    }
    return inexact ? v + (v < 0 ? -1 : 1) : v;
}

static void strip_zeros(i128 *v, int64_t *scale) {
    while (*v && *v % 10 == 0) {
        *v /= 10;
        ++*scale;
    }
}

/* ---- reading ---- */

struct scan {
    bool negative;
    str whole, fraction, suffix;
};

static size_t span(str s, size_t at, bool (*is)(char)) {
    while (at < s.n && is(s.p[at]))
        at++;
    return at;
}
static bool is_zero(char c) {
    return c == '0';
}
static bool is_suffix_char(char c) {
    return c && strchr("eEinumkKMGTP", c);
}

static int scan(str s, struct scan *ret) {
    size_t at = 0;
    *ret = (struct scan){.whole = STR("0"), .fraction = STR(""), .suffix = STR("")};
    if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
        ret->negative = s.p[at++] == '-';
    at = span(s, at, is_zero);
    if (at == s.n)
        return 0;
    size_t end = span(s, at, is_digit);
    if (end > at)
        ret->whole = str_slice(s, at, end);
    at = end;
    if (at < s.n && s.p[at] == '.') {
        end = span(s, ++at, is_digit);
        ret->fraction = str_slice(s, at, end);
        at = end;
    }
    end = span(s, at, is_suffix_char);
    if (end < s.n && (s.p[end] == '-' || s.p[end] == '+'))
        end++;
    end = span(s, end, is_digit);
    ret->suffix = str_slice(s, at, end);
    return end == s.n ? 0 : -EINVAL;
}

/* The exponent of "e3"; upstream keeps its low 32 bits. */
static int read_exponent(str digits, int32_t *ret) {
    int64_t v;
    if (str_starts(digits, STR("+")))
        digits = str_slice(digits, 1, digits.n);
    if (str_starts(digits, STR("+")) || str_to_i64(digits, &v) < 0)
        return -EINVAL;
    *ret = (int32_t)(uint32_t)(uint64_t)v;
    return 0;
}

static int read_suffix(str s, int *base, int32_t *exponent, uint8_t *format) {
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
        if (str_eqc(s, suffixes[i].text)) {
            *base = suffixes[i].base;
            *exponent = suffixes[i].exponent;
            *format = *base == 2 ? QUANTITY_BINARY : QUANTITY_DECIMAL;
            return 0;
        }
    if (s.n < 2 || (s.p[0] != 'e' && s.p[0] != 'E'))
        return -EINVAL;
    *base = 10;
    *format = QUANTITY_EXPONENT;
    return read_exponent(str_slice(s, 1, s.n), exponent);
}

/* The digits of both parts as one number; *lost when non-zero digits did not fit. */
static i128 read_digits(const struct scan *s, int64_t *scale, bool *lost) {
    i128 v = 0, max = mantissa_max() / 10;
    *scale = -(int64_t)s->fraction.n;
    *lost = false;
    for (size_t i = 0; i < s->whole.n + s->fraction.n; i++) {
        char c = i < s->whole.n ? s->whole.p[i] : s->fraction.p[i - s->whole.n];
        if (v <= max) {
            v = v * 10 + (c - '0');
        } else {
            *lost |= c != '0';
            ++*scale;
        }
    }
    return v;
}

/* Times 2^exponent; digits behind the point give way where the product is too long. */
static bool apply_binary(i128 *v, int64_t *scale, int exponent, bool *lost) {
    while (*v > mantissa_max() >> exponent) {
        if (*scale >= 0)
            return false;
        *lost |= *v % 10 != 0;
        *v /= 10;
        ++*scale;
    }
    *v <<= exponent;
    return true;
}

/* Whether upstream prints the text it read, and not what it computes from the number. */
static bool keeps_text(const struct scan *s, uint8_t format, int32_t exponent, int64_t scale,
                       i128 digits) {
    size_t n = s->whole.n + s->fraction.n;
    if (format == QUANTITY_BINARY)
        return !s->fraction.n && (int)n <= 14 - (int)((float)exponent * 3 / 10) &&
               exponent % 10 == 0 && (digits & 7) != 0;
    return n <= 18 && scale >= NANO && scale % 3 == 0 && digits % 1000 != 0 && s->whole.p[0] != '0';
}

/* At most INT64_MAX under a binary suffix, and nothing finer than a nano. */
static int settle(struct quantity *q, i128 v, int64_t scale, bool lost) {
    if (lost && scale > NANO)
        return -EINVAL;
    if (scale < NANO || lost) {
        v = shift_right(v, NANO - scale, lost);
        scale = NANO;
    }
    if (v == 0)
        scale = 0;
    if (scale > INT32_MAX - QUANTITY_DIGITS_MAX || scale < INT32_MIN)
        return -EINVAL;
    q->v = v;
    q->scale = (int32_t)scale;
    return 0;
}

static void cap_binary(struct quantity *q) {
    struct quantity max = {.v = INT64_MAX}, one = {.v = 1};
    if (quantity_cmp(q, &max) > 0) {
        q->v = INT64_MAX;
        q->scale = 0;
    } else if (q->v && quantity_cmp(q, &one) < 0) {
        q->format = QUANTITY_DECIMAL;
    }
}

int quantity_parse(str text, struct quantity *ret, struct err *e) {
    struct scan s;
    struct quantity q = {0};
    int base;
    int32_t exponent;
    int64_t scale;
    bool lost;
    if (!text.n || scan(text, &s) < 0)
        return err_set(e, -EINVAL,
                       "quantities must match the regular expression '" QUANTITY_REGEX "'");
    if (read_suffix(s.suffix, &base, &exponent, &q.format) < 0)
        return err_set(e, -EINVAL, "unable to parse quantity's suffix");
    i128 v = text.n <= QUANTITY_TEXT_MAX ? read_digits(&s, &scale, &lost) : -1;
    if (v < 0)
        return err_set(e, -EINVAL, "unable to parse numeric part of quantity");
    if (base == 10)
        scale += exponent;
    if (keeps_text(&s, q.format, exponent, scale, v))
        q.text = text;
    if (base == 2 && !apply_binary(&v, &scale, exponent, &lost)) {
        v = INT64_MAX;
        scale = 0;
        lost = false;
    }
    if (settle(&q, v, scale, lost) < 0)
        return err_set(e, -EINVAL, "unable to parse numeric part of quantity");
    if (q.format == QUANTITY_BINARY)
        cap_binary(&q);
    if (s.negative)
        q.v = -q.v;
    *ret = q;
    return 0;
}

struct quantity quantity_of(Quantity text) {
    struct quantity q;
    if (!text.n || quantity_parse(text, &q, NULL) < 0)
        return quantity_i64(0, QUANTITY_DECIMAL);
    return q;
}

struct quantity quantity_i64(int64_t v, enum quantity_format format) {
    return (struct quantity){.v = v, .format = (uint8_t)format};
}

/* ---- printing ---- */

static str print(struct arena *a, i128 v, unsigned zeros, const char *suffix) {
    char digits[QUANTITY_DIGITS_MAX + 4];
    size_t at = sizeof(digits);
    i128 m = magnitude(v);
    do {
        digits[--at] = (char)('0' + (int)(m % 10));
        m /= 10;
    } while (m);
    if (v < 0)
        digits[--at] = '-';
    return str_printf(a, "%.*s%.*s%s", (int)(sizeof(digits) - at), digits + at, (int)zeros, "00",
                      suffix);
}

static str print_decimal(struct arena *a, const struct quantity *q, bool exponent_form) {
    i128 v = q->v;
    int64_t scale = q->scale;
    char suffix[24] = "";
    unsigned zeros = 0;
    strip_zeros(&v, &scale);
    for (; scale % 3; scale--)
        zeros++;
    for (size_t i = 0; !exponent_form && i < ARRAY_LEN(suffixes); i++)
        if (suffixes[i].base == 10 && suffixes[i].exponent == scale)
            return print(a, v, zeros, suffixes[i].text);
    if (scale) {
        str e = str_printf(a, "e%lld", (long long)scale);
        memcpy(suffix, e.p, MIN(e.n, sizeof(suffix) - 1));
    }
    return print(a, v, zeros, suffix);
}

static str print_binary(struct arena *a, i128 v) {
    static const char *const names[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
    unsigned i = 0;
    for (; v % 1024 == 0 && i + 1 < ARRAY_LEN(names); i++)
        v /= 1024;
    return print(a, v, 0, names[i]);
}

str quantity_str(struct arena *a, const struct quantity *q) {
    i128 whole = q->v;
    if (q->text.p)
        return q->text;
    if (q->v == 0)
        return STR("0");
    if (q->format == QUANTITY_BINARY && quantity_is_whole(q)) {
        if (q->scale < 0)
            whole = shift_right(whole, -(int64_t)q->scale, false);
        else if (!shift_left(&whole, q->scale))
            return print_decimal(a, q, false);
        if (magnitude(whole) >= 1024)
            return print_binary(a, whole);
    }
    return print_decimal(a, q, q->format == QUANTITY_EXPONENT);
}

int quantity_canonical(struct arena *a, str text, Quantity *ret, struct err *e) {
    struct quantity q;
    int r = quantity_parse(text, &q, e);
    if (r < 0)
        return r;
    *ret = quantity_str(a, &q);
    return 0;
}
