// SPDX-License-Identifier: Apache-2.0
/* inet_pton would refuse what upstream takes (leading zeros) and take no views, so addresses are
 * read by hand. */
#include "api/ip.h"

#include <arpa/inet.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* *ret_zeros tells whether an octet had leading zeros. */
static bool parse_v4(str s, uint8_t out[4], bool *ret_zeros) {
    for (int i = 0; i < 4; i++) {
        str part = i < 3 ? str_cut(&s, '.') : s;
        unsigned v = 0;
        if (!part.n || (i < 3 && !s.p))
            return false;
        if (part.n > 1 && part.p[0] == '0')
            *ret_zeros = true;
        for (size_t k = 0; k < part.n; k++) {
            if (part.p[k] < '0' || part.p[k] > '9')
                return false;
            v = v * 10 + (unsigned)(part.p[k] - '0');
            if (v > 255)
                return false;
        }
        out[i] = (uint8_t)v;
    }
    return true;
}

static int hex(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Groups of s between colons into out; returns the bytes written, or -1. */
static int parse_groups(str s, uint8_t out[16], bool v4_last, bool *zeros) {
    int n = 0;
    while (s.p && s.n) {
        str group = str_cut(&s, ':');
        unsigned v = 0;
        if (s.p && !s.n)
            return -1; /* a colon at the end */
        if (!s.p && v4_last && str_chr(group, '.') >= 0)
            return n <= 12 && parse_v4(group, out + n, zeros) ? n + 4 : -1;
        if (!group.n || group.n > 4 || n > 14)
            return -1;
        for (size_t i = 0; i < group.n; i++) {
            int h = hex(group.p[i]);
            if (h < 0)
                return -1;
            v = v << 4 | (unsigned)h;
        }
        out[n++] = (uint8_t)(v >> 8);
        out[n++] = (uint8_t)v;
    }
    return n;
}

static bool parse_v6(str s, struct ip *ret, bool *zeros) {
    uint8_t front[16], back[16];
    ssize_t gap = str_find(s, STR("::"));
    memset(ret->b, 0, sizeof(ret->b));
    if (gap < 0)
        return parse_groups(s, ret->b, true, zeros) == 16;
    int n = parse_groups(str_slice(s, 0, (size_t)gap), front, false, zeros);
    int m = parse_groups(str_slice(s, (size_t)gap + 2, s.n), back, true, zeros);
    if (n < 0 || m < 0 || n + m > 14)
        return false;
    memcpy(ret->b, front, (size_t)n);
    memcpy(ret->b + 16 - m, back, (size_t)m);
    return true;
}

static bool parse(str s, struct ip *ret, bool *zeros) {
    *zeros = false;
    if (str_chr(s, ':') >= 0)
        return parse_v6(s, ret, zeros);
    memcpy(ret->b, mapped, sizeof(mapped));
    return parse_v4(s, ret->b + 12, zeros);
}

bool ip_parse(str s, struct ip *ret) {
    struct ip ip;
    bool zeros;
    if (!parse(s, &ip, &zeros))
        return false;
    *ret = ip;
    return true;
}

bool ip_is_v4(const struct ip *ip) {
    return memcmp(ip->b, mapped, sizeof(mapped)) == 0;
}
bool ip_eq(const struct ip *a, const struct ip *b) {
    return memcmp(a->b, b->b, 16) == 0;
}

str ip_str(struct arena *a, const struct ip *ip) {
    char text[INET6_ADDRSTRLEN];
    if (ip_is_v4(ip))
        return str_printf(a, "%u.%u.%u.%u", ip->b[12], ip->b[13], ip->b[14], ip->b[15]);
    /* glibc prints ::1.2.3.4 forms that RFC 5952 and Go do not: those are rewritten. */
    inet_ntop(AF_INET6, ip->b, text, sizeof(text));
    if (strchr(text, '.')) {
        unsigned high = (unsigned)ip->b[12] << 8 | ip->b[13],
                 low = (unsigned)ip->b[14] << 8 | ip->b[15];
        return str_printf(a, "::%x:%x", high, low);
    }
    return str_dup(a, str_of(text));
}

bool ip_is_loopback(const struct ip *ip) {
    static const struct ip one = {.b[15] = 1};
    return ip_is_v4(ip) ? ip->b[12] == 127 : ip_eq(ip, &one);
}

bool ip_is_unspecified(const struct ip *ip) {
    static const uint8_t zero[16];
    return memcmp(ip_is_v4(ip) ? ip->b + 12 : ip->b, zero, ip_is_v4(ip) ? 4 : 16) == 0;
}

bool ip_is_link_local(const struct ip *ip) {
    if (ip_is_v4(ip))
        return ip->b[12] == 169 && ip->b[13] == 254;
    return ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80;
}

bool ip_is_link_local_multicast(const struct ip *ip) {
    if (ip_is_v4(ip))
        return ip->b[12] == 224 && ip->b[13] == 0 && ip->b[14] == 0;
    return ip->b[0] == 0xff && (ip->b[1] & 0x0f) == 0x02;
}

/* ---- blocks ---- */

static void mask(struct ip *ip, unsigned bits) {
    for (unsigned i = 0; i < 16; i++) {
        unsigned from = i * 8;
        if (from >= bits)
            ip->b[i] = 0;
        else if (from + 8 > bits)
            ip->b[i] &= (uint8_t)(0xff << (from + 8 - bits));
    }
}

/* Where the block's bits begin inside the 16 bytes. */
static unsigned offset_of(str s) {
    return str_chr(s, ':') >= 0 ? 0 : 96;
}

static bool parse_block(str s, struct cidr *ret, struct ip *ip, bool *zeros) {
    ssize_t slash = str_chr(s, '/');
    uint64_t bits;
    if (slash < 0)
        return false;
    str addr = str_slice(s, 0, (size_t)slash), len = str_slice(s, (size_t)slash + 1, s.n);
    if (!parse(addr, ip, zeros) || len.n > 3 || str_to_u64(len, &bits) < 0 ||
        bits > 128 - offset_of(addr))
        return false;
    if (len.n > 1 && len.p[0] == '0')
        *zeros = true;
    unsigned all = (unsigned)bits + offset_of(addr);
    ret->ip = *ip;
    mask(&ret->ip, all);
    ret->bits = (uint8_t)(ip_is_v4(&ret->ip) && all >= 96 ? all - 96 : all);
    return true;
}

bool cidr_parse(str s, struct cidr *ret, struct ip *ret_ip) {
    struct cidr c;
    struct ip ip;
    bool zeros;
    if (!parse_block(s, &c, &ip, &zeros))
        return false;
    *ret = c;
    if (ret_ip)
        *ret_ip = ip;
    return true;
}

str cidr_str(struct arena *a, const struct cidr *c) {
    str ip = ip_str(a, &c->ip);
    return str_printf(a, STR_FMT "/%u", STR_ARG(ip), c->bits);
}

bool cidr_contains(const struct cidr *c, const struct ip *ip) {
    struct ip masked = *ip;
    if (ip_is_v4(&c->ip) != ip_is_v4(ip))
        return false;
    mask(&masked, c->bits + (ip_is_v4(&c->ip) ? 96u : 0u));
    return ip_eq(&masked, &c->ip);
}

/* ---- spelling ---- */

static bool was_mapped(const struct ip *ip, str s) {
    return ip_is_v4(ip) && str_chr(s, ':') >= 0;
}

/* As text of its own, because that is how it is compared. */
static bool is_canonical(const struct ip *ip, str s) {
    struct arena a;
    arena_init(&a, 0);
    bool same = str_eq(ip_str(&a, ip), s);
    arena_done(&a);
    return same;
}

enum ip_spelling ip_spelling(str s, struct ip *ret) {
    bool zeros;
    if (!parse(s, ret, &zeros))
        return IP_BAD;
    if (zeros || was_mapped(ret, s))
        return IP_NONSTANDARD;
    return is_canonical(ret, s) ? IP_CANONICAL : IP_UNUSUAL;
}

enum ip_spelling cidr_spelling(str s, struct cidr *ret, struct ip *ret_ip) {
    bool zeros = false;
    if (!parse_block(s, ret, ret_ip, &zeros))
        return IP_BAD;
    if (zeros || was_mapped(ret_ip, s))
        return IP_NONSTANDARD;
    return is_canonical(ret_ip, str_slice(s, 0, (size_t)str_chr(s, '/'))) ? IP_CANONICAL
                                                                          : IP_UNUSUAL;
}

/* ---- checks ---- */

static bool among(const str_list *old, str s) {
    for (uint32_t i = 0; old && i < old->n; i++)
        if (str_eq(old->v[i], s))
            return true;
    return false;
}

static bool check_ip(struct field_errors *fe, const struct field_path *p, str s, struct ip *ip) {
    bool zeros;
    if (!parse(s, ip, &zeros))
        field_invalid(fe, p, s, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    else if (zeros)
        field_invalid(fe, p, s, "must not have leading 0s");
    else if (was_mapped(ip, s))
        field_invalid(fe, p, s, "must not be an IPv4-mapped IPv6 address");
    else
        return true;
    return false;
}

void field_check_ip(struct field_errors *fe, const struct field_path *p, str s,
                    const str_list *old) {
    struct ip ip;
    uint32_t before = fe->list.n;
    check_ip(fe, p, s, &ip);
    if (fe->list.n > before && among(old, s))
        fe->list.n = before;
}

void field_check_ip_strict(struct field_errors *fe, const struct field_path *p, str s) {
    struct ip ip;
    if (!check_ip(fe, p, s, &ip))
        return;
    str canonical = ip_str(fe->arena, &ip);
    if (!str_eq(canonical, s))
        field_invalid(fe, p, s, "must be in canonical form (\"" STR_FMT "\")", STR_ARG(canonical));
}

static bool check_cidr(struct field_errors *fe, const struct field_path *p, str s,
                       struct cidr *block) {
    struct ip ip;
    bool zeros;
    if (!parse_block(s, block, &ip, &zeros))
        field_invalid(fe, p, s, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
    else if (zeros)
        field_invalid(fe, p, s, "must not have leading 0s in IP or prefix length");
    else if (was_mapped(&ip, s))
        field_invalid(fe, p, s, "must not have an IPv4-mapped IPv6 address");
    else if (!ip_eq(&ip, &block->ip))
        field_invalid(fe, p, s, "must not have bits set beyond the prefix length");
    else
        return true;
    return false;
}

void field_check_cidr(struct field_errors *fe, const struct field_path *p, str s,
                      const str_list *old) {
    struct cidr c;
    uint32_t before = fe->list.n;
    check_cidr(fe, p, s, &c);
    if (fe->list.n > before && among(old, s))
        fe->list.n = before;
}

void field_check_cidr_strict(struct field_errors *fe, const struct field_path *p, str s) {
    struct cidr c;
    if (!check_cidr(fe, p, s, &c))
        return;
    str canonical = cidr_str(fe->arena, &c);
    if (!str_eq(canonical, s))
        field_invalid(fe, p, s, "must be in canonical form (\"" STR_FMT "\")", STR_ARG(canonical));
}

void field_check_interface_address(struct field_errors *fe, const struct field_path *p, str s) {
    struct cidr c;
    struct ip ip;
    if (!cidr_parse(s, &c, &ip)) {
        field_invalid(fe, p, s,
                      "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)");
        return;
    }
    str canonical = str_printf(fe->arena, STR_FMT "/%u", STR_ARG(ip_str(fe->arena, &ip)), c.bits);
    if (!str_eq(canonical, s))
        field_invalid(fe, p, s, "must be in canonical form (\"" STR_FMT "\")", STR_ARG(canonical));
}
