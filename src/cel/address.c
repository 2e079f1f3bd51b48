// SPDX-License-Identifier: Apache-2.0
#include "cel/address.h"

#include <stdio.h>

static bool parse_v4(str s, uint8_t out[4]) {
    for (int i = 0; i < 4; i++) {
        str part = str_cut(&s, '.');
        uint64_t v;
        if (!part.n || part.n > 3 || (part.n > 1 && part.p[0] == '0') || str_to_u64(part, &v) < 0 ||
            v > 255 || part.p[0] == '+' || (i < 3) != (s.p != NULL))
            return false;
        out[i] = (uint8_t)v;
    }
    return true;
}

static bool parse_group(str s, uint8_t out[2]) {
    unsigned v = 0;
    if (!s.n || s.n > 4)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        int d = hex_digit(s.p[i]);
        if (d < 0)
            return false;
        v = v << 4 | (unsigned)d;
    }
    out[0] = (uint8_t)(v >> 8);
    out[1] = (uint8_t)v;
    return true;
}

/* Groups with colons between; their bytes, or -1. The last may be IPv4. */
static int parse_groups(str s, uint8_t out[16]) {
    int n = 0;
    while (s.p && s.n) {
        str part = str_cut(&s, ':');
        if (str_chr(part, '.') >= 0)
            return !s.p && n <= 12 && parse_v4(part, out + n) ? n + 4 : -1;
        if (n > 14 || !parse_group(part, out + n) || (s.p && !s.n))
            return -1;
        n += 2;
    }
    return n;
}

static bool parse_v6(str s, uint8_t out[16]) {
    ssize_t gap = str_find(s, STR("::"));
    uint8_t tail[16];
    int head_n, tail_n;
    memset(out, 0, 16);
    if (gap < 0)
        return parse_groups(s, out) == 16;
    head_n = parse_groups(str_slice(s, 0, (size_t)gap), out);
    tail_n = parse_groups(str_slice(s, (size_t)gap + 2, s.n), tail);
    if (head_n < 0 || tail_n < 0 || head_n + tail_n > 14 ||
        (head_n && str_chr(str_slice(s, 0, (size_t)gap), '.') >= 0))
        return false;
    memcpy(out + 16 - tail_n, tail, (size_t)tail_n);
    return true;
}

bool cel_ip_parse(str s, struct cel_ip *ret) {
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    struct cel_ip ip = {.n = str_chr(s, ':') >= 0 ? 16 : 4};
    if (!(ip.n == 4 ? parse_v4(s, ip.b) : parse_v6(s, ip.b)))
        return false;
    if (ip.n == 16 && memcmp(ip.b, mapped, 12) == 0)
        return false;
    *ret = ip;
    return true;
}

/* The longest run of zero groups, when there are two or more; its length. */
static int longest_gap(const uint8_t *b, int *start) {
    int best = 1;
    for (int i = 0; i < 8; i++) {
        int n = 0;
        while (i + n < 8 && !b[2 * (i + n)] && !b[2 * (i + n) + 1])
            n++;
        if (n > best) {
            best = n;
            *start = i;
        }
        i += n;
    }
    return best > 1 ? best : 0;
}

str cel_ip_text(struct arena *a, const struct cel_ip *ip) {
    char out[48];
    int start = -1, gap, n = 0;
    if (ip->n == 4)
        return str_printf(a, "%d.%d.%d.%d", ip->b[0], ip->b[1], ip->b[2], ip->b[3]);
    gap = longest_gap(ip->b, &start);
    for (int i = 0; i < 8; i++) {
        if (gap && i == start) {
            n += snprintf(out + n, sizeof(out) - (size_t)n, "::");
            i += gap - 1;
            continue;
        }
        if (i && !(gap && i == start + gap))
            out[n++] = ':';
        n += snprintf(out + n, sizeof(out) - (size_t)n, "%x", ip->b[2 * i] << 8 | ip->b[2 * i + 1]);
    }
    return str_dup(a, str_n(out, (size_t)n));
}

bool cel_cidr_parse(str s, struct cel_cidr *ret) {
    struct cel_cidr c;
    str ip = str_cut(&s, '/');
    uint64_t bits;
    if (!s.n || s.n > 3 || (s.n > 1 && s.p[0] == '0') || s.p[0] == '+' ||
        str_to_u64(s, &bits) < 0 || !cel_ip_parse(ip, &c.ip) || bits > 8u * c.ip.n)
        return false;
    c.bits = (uint8_t)bits;
    *ret = c;
    return true;
}

bool cel_cidr_has(const struct cel_cidr *c, const struct cel_ip *ip) {
    unsigned whole = c->bits / 8, rest = c->bits % 8;
    if (c->ip.n != ip->n || memcmp(c->ip.b, ip->b, whole) != 0)
        return false;
    return !rest || (uint8_t)(c->ip.b[whole] ^ ip->b[whole]) >> (8 - rest) == 0;
}
