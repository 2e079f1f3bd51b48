// SPDX-License-Identifier: Apache-2.0
/* Computing with quantities. */
#include "schema/quantity.h"

typedef __int128 i128;

static i128 power(unsigned n) {
    i128 v = 1;
    while (n--)
        v *= 10;
    return v;
}

static i128 magnitude(i128 v) {
    return v < 0 ? -v : v;
}

static int digits_of(i128 v) {
    int n = 0;
    for (v = magnitude(v); v; v /= 10)
        n++;
    return n;
}

int quantity_sign(const struct quantity *q) {
    return q->v < 0 ? -1 : q->v > 0;
}

/* Where the leading digits stand at the same place, the longer mantissa is as long as the shorter
 * one with its zeros, so aligning them cannot overflow. */
int quantity_cmp(const struct quantity *a, const struct quantity *b) {
    int sa = quantity_sign(a), sb = quantity_sign(b);
    if (sa != sb || sa == 0)
        return sa < sb ? -1 : sa > sb;
    int64_t ma = (int64_t)digits_of(a->v) + a->scale, mb = (int64_t)digits_of(b->v) + b->scale;
    if (ma != mb)
        return (ma < mb) == (sa > 0) ? -1 : 1;
    i128 va = a->v, vb = b->v;
    if (a->scale > b->scale)
        va *= power((unsigned)(a->scale - b->scale));
    else
        vb *= power((unsigned)(b->scale - a->scale));
    return va < vb ? -1 : va > vb;
}

/* Brings *v from one scale to a smaller one. */
static int align(i128 *v, int64_t from, int64_t to) {
    int64_t n = from - to;
    if (*v == 0 || n == 0)
        return 0;
    if (n + digits_of(*v) > QUANTITY_DIGITS_MAX)
        return -ERANGE;
    *v *= power((unsigned)n);
    return 0;
}

static void strip_zeros(i128 *v, int32_t *scale) {
    while (*v && *v % 10 == 0) {
        *v /= 10;
        ++*scale;
    }
}

static int sum(struct quantity *q, const struct quantity *y, int sign) {
    i128 v = q->v, w = y->v * sign, both;
    int32_t sv = q->scale, sw = y->scale;
    strip_zeros(&v, &sv);
    strip_zeros(&w, &sw);
    int32_t scale = !v ? sw : !w ? sv : MIN(sv, sw);
    if (align(&v, sv, scale) < 0 || align(&w, sw, scale) < 0 ||
        __builtin_add_overflow(v, w, &both) || digits_of(both) > QUANTITY_DIGITS_MAX)
        return -ERANGE;
    if (quantity_sign(q) == 0)
        q->format = y->format;
    q->v = both;
    q->scale = both ? scale : 0;
    q->text = STR_NONE;
    return 0;
}

int quantity_add(struct quantity *q, const struct quantity *y) {
    return sum(q, y, 1);
}
int quantity_sub(struct quantity *q, const struct quantity *y) {
    return sum(q, y, -1);
}

int quantity_mul(struct quantity *q, int64_t y) {
    i128 v;
    if (__builtin_mul_overflow(q->v, (i128)y, &v) || digits_of(v) > QUANTITY_DIGITS_MAX)
        return -ERANGE;
    q->v = v;
    q->text = STR_NONE;
    return 0;
}

static int64_t clamp(i128 v) {
    return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

int64_t quantity_scaled(const struct quantity *q, int scale) {
    int64_t n = (int64_t)q->scale - scale;
    if (q->v == 0)
        return 0;
    if (n >= 0) {
        if (n + digits_of(q->v) > QUANTITY_DIGITS_MAX)
            return q->v < 0 ? INT64_MIN : INT64_MAX;
        return clamp(q->v * power((unsigned)n));
    }
    if (-n > QUANTITY_DIGITS_MAX)
        return q->v < 0 ? -1 : 1;
    i128 unit = power((unsigned)-n), v = q->v / unit;
    if (q->v % unit)
        v += q->v < 0 ? -1 : 1;
    return clamp(v);
}

bool quantity_is_whole(const struct quantity *q) {
    if (q->scale >= 0 || q->v == 0)
        return true;
    return -(int64_t)q->scale <= QUANTITY_DIGITS_MAX && q->v % power((unsigned)-q->scale) == 0;
}
