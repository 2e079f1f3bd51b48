// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include "base/arena.h"

static const char std_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t base64_encoded_len(size_t n, unsigned flags) {
    if (flags & BASE64_RAW)
        return n / 3 * 4 + (n % 3 ? n % 3 + 1 : 0);
    return (n + 2) / 3 * 4;
}

void base64_encode(char *out, str in, unsigned flags) {
    const char *digits = flags & BASE64_URL ? url_digits : std_digits;
    const unsigned char *p = (const unsigned char *)in.p;
    size_t n = in.n;
    for (; n >= 3; n -= 3, p += 3, out += 4) {
        unsigned w = (unsigned)p[0] << 16 | (unsigned)p[1] << 8 | p[2];
        out[0] = digits[w >> 18];
        out[1] = digits[w >> 12 & 63];
        out[2] = digits[w >> 6 & 63];
        out[3] = digits[w & 63];
    }
    if (!n)
        return;
    unsigned w = (unsigned)p[0] << 16 | (n == 2 ? (unsigned)p[1] << 8 : 0);
    *out++ = digits[w >> 18];
    *out++ = digits[w >> 12 & 63];
    if (n == 2)
        *out++ = digits[w >> 6 & 63];
    if (flags & BASE64_RAW)
        return;
    if (n == 1)
        *out++ = '=';
    *out = '=';
}

static int digit(unsigned char c, unsigned flags) {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == (flags & BASE64_URL ? '-' : '+'))
        return 62;
    if (c == (flags & BASE64_URL ? '_' : '/'))
        return 63;
    return -1;
}

static bool is_skipped(char c, unsigned flags) {
    return (flags & BASE64_LAX) && (c == '\r' || c == '\n');
}

/* Padding of the last group: exactly as many '=' as fill it, then nothing. */
static bool padding_ok(str rest, size_t have, unsigned flags) {
    size_t pads = 0;
    for (size_t i = 0; i < rest.n; i++) {
        if (is_skipped(rest.p[i], flags))
            continue;
        if (rest.p[i] != '=')
            return false;
        pads++;
    }
    if (flags & BASE64_RAW)
        return pads == 0;
    return have ? pads == 4 - have : pads == 0;
}

ssize_t base64_decode(void *out, str in, unsigned flags) {
    unsigned char *at = out, *start = out;
    uint32_t w = 0;
    size_t have = 0, i = 0; /* digits in w */
    for (; i < in.n && in.p[i] != '='; i++) {
        if (is_skipped(in.p[i], flags))
            continue;
        int d = digit((unsigned char)in.p[i], flags);
        if (d < 0)
            return -EINVAL;
        w = w << 6 | (uint32_t)d;
        if (++have < 4)
            continue;
        *at++ = (unsigned char)(w >> 16);
        *at++ = (unsigned char)(w >> 8);
        *at++ = (unsigned char)w;
        w = 0;
        have = 0;
    }
    if (have == 1 || !padding_ok(str_slice(in, i, in.n), have, flags))
        return -EINVAL;
    if (have == 0)
        return at - start;
    unsigned spare = have == 2 ? 4 : 2;
    if (!(flags & BASE64_LAX) && (w & ((1u << spare) - 1)))
        return -EINVAL;
    w >>= spare;
    if (have == 3)
        *at++ = (unsigned char)(w >> 8);
    *at++ = (unsigned char)w;
    return at - start;
}

str base64_encode_in(struct arena *a, str in, unsigned flags) {
    size_t n = base64_encoded_len(in.n, flags);
    char *p = arena_alloc(a, n + 1);
    base64_encode(p, in, flags);
    p[n] = 0;
    return str_n(p, n);
}

int base64_decode_in(struct arena *a, str in, unsigned flags, str *ret) {
    char *p = arena_alloc(a, base64_decoded_max(in.n) + 1);
    ssize_t n = base64_decode(p, in, flags);
    if (n < 0)
        return (int)n;
    p[n] = 0;
    *ret = str_n(p, (size_t)n);
    return 0;
}
