// SPDX-License-Identifier: Apache-2.0
/* Quantities compare by value, not by text: "1Gi" equals "1073741824". Texts are exact decimals
 * with a suffix, so equality needs no arithmetic beyond scaling a 128-bit integer; what does not
 * fit (more than about 38 digits, which the codec does not let through) compares as text. */
#include "schema/quantity_eq.h"

struct scaled {
    unsigned __int128 mantissa;
    int exp10, exp2;
    bool negative;
};

static int suffix_scale(str s, struct scaled *q) {
    static const char binary[] = "KMGTPE", up[] = "kMGTPE", down[] = "munpf";
    const char *at;
    if (str_empty(s))
        return 0;
    if (!s.p[0])
        return -EINVAL;
    if (s.n == 2 && s.p[1] == 'i' && (at = strchr(binary, s.p[0]))) {
        q->exp2 = 10 * (int)(at - binary + 1);
        return 0;
    }
    if (s.n == 1 && (at = strchr(up, s.p[0]))) {
        q->exp10 += 3 * (int)(at - up + 1);
        return 0;
    }
    if (s.n == 1 && (at = strchr(down, s.p[0]))) {
        q->exp10 -= 3 * (int)(at - down + 1);
        return 0;
    }
    int64_t e;
    if ((s.p[0] != 'e' && s.p[0] != 'E') || s.n < 2)
        return -EINVAL;
    str digits = str_slice(s, s.p[1] == '+' ? 2 : 1, s.n);
    if (str_to_i64(digits, &e) < 0 || e > 100 || e < -100)
        return -EINVAL;
    q->exp10 += (int)e;
    return 0;
}

static int scaled_parse(str s, struct scaled *ret) {
    struct scaled q = {0};
    size_t i = 0;
    bool point = false;
    if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
        q.negative = s.p[i++] == '-';
    for (; i < s.n && (s.p[i] == '.' || (s.p[i] >= '0' && s.p[i] <= '9')); i++) {
        if (s.p[i] == '.') {
            if (point)
                return -EINVAL;
            point = true;
            continue;
        }
        if (q.mantissa > (unsigned __int128)-1 / 100)
            return -ERANGE;
        q.mantissa = q.mantissa * 10 + (unsigned)(s.p[i] - '0');
        q.exp10 -= point;
    }
    int r = suffix_scale(str_slice(s, i, s.n), &q);
    if (r < 0)
        return r;
    if (q.mantissa == 0)
        q = (struct scaled){0};
    *ret = q;
    return 0;
}

/* The form in which equal values are equal member by member: no factor 10, and none of 2 or 5
 * beyond the smaller of them, stays in the mantissa. */
static void scaled_reduce(struct scaled *q) {
    int exp5 = q->exp10;
    int exp2 = q->exp10 + q->exp2;
    for (; q->mantissa && q->mantissa % 2 == 0; exp2++)
        q->mantissa /= 2;
    for (; q->mantissa && q->mantissa % 5 == 0; exp5++)
        q->mantissa /= 5;
    q->exp2 = exp2;
    q->exp10 = exp5;
}

bool quantity_eq(str a, str b) {
    if (str_eq(a, b))
        return true;
    struct scaled x, y;
    if (scaled_parse(a, &x) < 0 || scaled_parse(b, &y) < 0)
        return false;
    if (x.mantissa == 0 || y.mantissa == 0)
        return x.mantissa == y.mantissa;
    scaled_reduce(&x);
    scaled_reduce(&y);
    return x.mantissa == y.mantissa && x.exp10 == y.exp10 && x.exp2 == y.exp2 &&
           x.negative == y.negative;
}
