// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#define NSEC_MAX ((uint64_t)1 << 63) /* one more than INT64_MAX: the magnitude of INT64_MIN */

static const struct {
    const char *name;
    uint64_t ns;
} units[] = {
    {"ns", 1},           {"us", 1000},      {"\xc2\xb5s", 1000}, /* U+00B5 micro sign */
    {"\xce\xbcs", 1000},                                         /* U+03BC mu */
    {"ms", 1000000},     {"s", 1000000000}, {"m", 60000000000},  {"h", 3600000000000},
};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static uint64_t unit_ns(str name) {
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (str_eqc(name, units[i].name))
            return units[i].ns;
    return 0;
}

/* One "12.5h" off the front. The fraction is kept as value / scale; digits that no longer fit are
 * dropped, as Go does. */
static int take_part(str *s, uint64_t *ret) {
    uint64_t whole = 0, frac = 0;
    double scale = 1;
    size_t i = 0, digits = 0;
    for (; i < s->n && is_digit(s->p[i]); i++, digits++) {
        if (whole > NSEC_MAX / 10)
            return -ERANGE;
        whole = whole * 10 + (uint64_t)(s->p[i] - '0');
        if (whole > NSEC_MAX)
            return -ERANGE;
    }
    if (i < s->n && s->p[i] == '.') {
        bool full = false;
        for (i++; i < s->n && is_digit(s->p[i]); i++, digits++) {
            uint64_t next = frac * 10 + (uint64_t)(s->p[i] - '0');
            full = full || frac > (NSEC_MAX - 1) / 10 || next > NSEC_MAX;
            if (full)
                continue;
            frac = next;
            scale *= 10;
        }
    }
    size_t unit = i;
    while (i < s->n && !is_digit(s->p[i]) && s->p[i] != '.')
        i++;
    uint64_t ns = unit_ns(str_slice(*s, unit, i));
    if (!digits || !ns)
        return -EINVAL;
    if (whole > NSEC_MAX / ns)
        return -ERANGE;
    uint64_t v = whole * ns;
    if (frac)
        v += (uint64_t)((double)frac * ((double)ns / scale));
    if (v > NSEC_MAX)
        return -ERANGE;
    *s = str_slice(*s, i, s->n);
    *ret = v;
    return 0;
}

int duration_parse(str s, int64_t *ret_ns) {
    bool negative = false;
    if (s.n && (s.p[0] == '-' || s.p[0] == '+')) {
        negative = s.p[0] == '-';
        s = str_slice(s, 1, s.n);
    }
    if (str_eqc(s, "0")) {
        *ret_ns = 0;
        return 0;
    }
    if (!s.n)
        return -EINVAL;
    uint64_t total = 0;
    while (s.n) {
        uint64_t part;
        int r = take_part(&s, &part);
        if (r < 0)
            return r;
        total += part; /* both <= 2^63: cannot wrap unnoticed but for the one case below */
        if (total > NSEC_MAX || (part == NSEC_MAX && total == 0))
            return -ERANGE;
    }
    if (!negative && total == NSEC_MAX)
        return -ERANGE;
    *ret_ns = negative ? (int64_t)(0 - total) : (int64_t)total;
    return 0;
}

/* Writes v / 10^digits before p: fraction without trailing zeros; gives the whole part. */
static char *put_fraction(char *p, uint64_t *v, int digits) {
    bool seen = false;
    for (int i = 0; i < digits; i++) {
        unsigned d = (unsigned)(*v % 10);
        seen = seen || d != 0;
        if (seen)
            *--p = (char)('0' + d);
        *v /= 10;
    }
    if (seen)
        *--p = '.';
    return p;
}

static char *put_whole(char *p, uint64_t v) {
    do {
        *--p = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    return p;
}

static char *put_small(char *p, uint64_t u) {
    if (u == 0) {
        *--p = '0';
        return p;
    }
    int digits = 0;
    if (u < 1000) {
        *--p = 'n';
    } else if (u < 1000000) {
        *--p = '\xb5';
        *--p = '\xc2';
        digits = 3;
    } else {
        *--p = 'm';
        digits = 6;
    }
    p = put_fraction(p, &u, digits);
    return put_whole(p, u);
}

static char *put_large(char *p, uint64_t u) {
    p = put_fraction(p, &u, 9);
    p = put_whole(p, u % 60);
    u /= 60;
    if (!u)
        return p;
    *--p = 'm';
    p = put_whole(p, u % 60);
    u /= 60;
    if (!u)
        return p;
    *--p = 'h';
    return put_whole(p, u);
}

str duration_format(char out[DURATION_TEXT_MAX], int64_t ns) {
    char tmp[DURATION_TEXT_MAX], *end = tmp + sizeof(tmp), *p = end;
    uint64_t u = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    *--p = 's';
    p = u < 1000000000 ? put_small(p, u) : put_large(p, u);
    if (ns < 0)
        *--p = '-';
    size_t n = (size_t)(end - p);
    memcpy(out, p, n);
    out[n] = 0;
    return str_n(out, n);
}
