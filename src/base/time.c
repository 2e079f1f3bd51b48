// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <stdio.h>

#define SEC_PER_DAY   86400
#define NSEC_PER_SEC  INT64_C(1000000000)
#define SEC_YEAR_0    INT64_C(-62167219200)
#define SEC_YEAR_9999 INT64_C(253402300799)

static int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar. Years are taken to start in March, so
 * that the leap day is the last of its year and month lengths follow one line. */
static int64_t days_from_civil(int64_t y, int m, int d) {
    y -= m <= 2;
    int64_t era = floor_div(y, 400);
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

struct civil time_to_civil(int64_t sec) {
    int64_t days = floor_div(sec, SEC_PER_DAY);
    int rest = (int)(sec - days * SEC_PER_DAY);
    days += 719468;
    int64_t era = floor_div(days, 146097);
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int doy = (int)(doe - (365 * yoe + yoe / 4 - yoe / 100));
    int mp = (5 * doy + 2) / 153;
    struct civil c = {
        .month = mp < 10 ? mp + 3 : mp - 9,
        .day = doy - (153 * mp + 2) / 5 + 1,
        .hour = rest / 3600,
        .minute = rest / 60 % 60,
        .second = rest % 60,
    };
    c.year = (int)(yoe + era * 400) + (c.month <= 2);
    return c;
}

int64_t time_from_civil(const struct civil *c) {
    return days_from_civil(c->year, c->month, c->day) * SEC_PER_DAY + c->hour * 3600 +
           c->minute * 60 + c->second;
}

int time_weekday(int64_t sec) {
    int64_t w = (floor_div(sec, SEC_PER_DAY) + 4) % 7;
    return (int)(w < 0 ? w + 7 : w);
}

static int days_in_month(int y, int m) {
    static const unsigned char len[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
    return m == 2 && leap ? 29 : len[m - 1];
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Takes n digits off the front; false when they are not there. */
static bool take_num(str *s, size_t n, int *ret) {
    if (s->n < n)
        return false;
    int v = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(s->p[i]))
            return false;
        v = v * 10 + (s->p[i] - '0');
    }
    *s = str_slice(*s, n, s->n);
    *ret = v;
    return true;
}

static bool take_char(str *s, char c) {
    if (!s->n || s->p[0] != c)
        return false;
    *s = str_slice(*s, 1, s->n);
    return true;
}

static bool take_date_time(str *s, struct civil *c) {
    return take_num(s, 4, &c->year) && take_char(s, '-') && take_num(s, 2, &c->month) &&
           take_char(s, '-') && take_num(s, 2, &c->day) && take_char(s, 'T') &&
           take_num(s, 2, &c->hour) && take_char(s, ':') && take_num(s, 2, &c->minute) &&
           take_char(s, ':') && take_num(s, 2, &c->second);
}

/* Go takes a comma for the point. */
static bool take_fraction(str *s, int32_t *ret_nsec, int *ret_digits) {
    *ret_nsec = 0;
    *ret_digits = 0;
    if (!s->n || (s->p[0] != '.' && s->p[0] != ','))
        return true;
    size_t i = 1;
    int32_t scale = 100000000;
    for (; i < s->n && is_digit(s->p[i]); i++) {
        *ret_nsec += (s->p[i] - '0') * scale;
        scale /= 10;
    }
    *ret_digits = (int)MIN(i - 1, (size_t)1000);
    *s = str_slice(*s, i, s->n);
    return i > 1;
}

static bool take_zone(str *s, int *ret_offset) {
    *ret_offset = 0;
    if (take_char(s, 'Z'))
        return true;
    int sign = take_char(s, '+') ? 1 : take_char(s, '-') ? -1 : 0;
    int h, m;
    if (!sign || !take_num(s, 2, &h) || !take_char(s, ':') || !take_num(s, 2, &m))
        return false;
    if (h > 24 || m > 60) /* Go's bounds */
        return false;
    *ret_offset = sign * (h * 3600 + m * 60);
    return true;
}

static int parse(str s, int want_digits, int64_t *ret_sec, int32_t *ret_nsec) {
    struct civil c;
    int32_t nsec;
    int digits, offset;
    if (!take_date_time(&s, &c) || !take_fraction(&s, &nsec, &digits) || !take_zone(&s, &offset) ||
        s.n)
        return -EINVAL;
    if (want_digits >= 0 && digits != want_digits)
        return -EINVAL;
    if (c.month < 1 || c.month > 12 || c.day < 1 || c.day > days_in_month(c.year, c.month) ||
        c.hour > 23 || c.minute > 59 || c.second > 59)
        return -EINVAL;
    *ret_sec = time_from_civil(&c) - offset;
    *ret_nsec = nsec;
    return 0;
}

int time_parse(str s, int64_t *ret_sec, int32_t *ret_nsec) {
    return parse(s, -1, ret_sec, ret_nsec);
}

int time_parse_micro(str s, int64_t *ret_sec, int32_t *ret_nsec) {
    return parse(s, 6, ret_sec, ret_nsec);
}

static char *put_num(char *p, int v, int width) {
    for (int i = width - 1; i >= 0; i--) {
        p[i] = (char)('0' + v % 10);
        v /= 10;
    }
    return p + width;
}

str time_format(char out[TIME_TEXT_MAX], int64_t sec, int32_t nsec, int digits) {
    ASSERT(digits >= 0 && digits <= 9 && nsec >= 0 && nsec < NSEC_PER_SEC);
    struct civil c = time_to_civil(MAX(SEC_YEAR_0, MIN(SEC_YEAR_9999, sec)));
    char *p = put_num(out, c.year, 4);
    *p++ = '-';
    p = put_num(p, c.month, 2);
    *p++ = '-';
    p = put_num(p, c.day, 2);
    *p++ = 'T';
    p = put_num(p, c.hour, 2);
    *p++ = ':';
    p = put_num(p, c.minute, 2);
    *p++ = ':';
    p = put_num(p, c.second, 2);
    if (digits) {
        *p++ = '.';
        put_num(p, nsec, 9);
        p += digits;
    }
    *p++ = 'Z';
    *p = 0;
    return str_n(out, (size_t)(p - out));
}

str time_format_ns(char out[TIME_TEXT_MAX], int64_t ns, int digits) {
    int64_t sec = floor_div(ns, NSEC_PER_SEC);
    return time_format(out, sec, (int32_t)(ns - sec * NSEC_PER_SEC), digits);
}
