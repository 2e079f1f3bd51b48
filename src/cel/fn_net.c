// SPDX-License-Identifier: Apache-2.0
/* Addresses and blocks of them. */
#include "cel/address.h"
#include "cel/functions.h"
#include "cel/run.h"

static struct cel_value of_ip(struct cel_run *r, const struct cel_ip *ip) {
    return cel_of_opaque(r, &cel_type_ip, arena_dup(r->arena, ip, sizeof(*ip)));
}
static struct cel_value of_cidr(struct cel_run *r, const struct cel_cidr *c) {
    return cel_of_opaque(r, &cel_type_cidr, arena_dup(r->arena, c, sizeof(*c)));
}
static struct cel_value bad(struct cel_run *r, const char *what, str s) {
    return cel_fail(r, "%s \"" STR_FMT "\" parse error during conversion from string", what,
                    STR_ARG(s));
}

/* ---- addresses ---- */

struct cel_value fn_ip(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct cel_cidr *c = cel_data(args[0], &cel_type_cidr);
    struct cel_ip ip;
    if (c)
        return of_ip(r, &c->ip);
    if (args[0].tag != CEL_V_STRING)
        return cel_no_overload();
    return cel_ip_parse(args[0].s, &ip) ? of_ip(r, &ip) : bad(r, "IP Address", args[0].s);
}

struct cel_value fn_is_ip(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct cel_ip ip;
    return args[0].tag == CEL_V_STRING ? cel_bool(cel_ip_parse(args[0].s, &ip)) : cel_no_overload();
}

struct cel_value fn_ip_is_canonical(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct cel_ip ip;
    if (args[0].tag != CEL_V_STRING)
        return cel_no_overload();
    if (!cel_ip_parse(args[0].s, &ip))
        return bad(r, "IP Address", args[0].s);
    return cel_bool(str_eq(cel_ip_text(r->arena, &ip), args[0].s));
}

struct cel_value fn_ip_family(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct cel_ip *ip = cel_data(args[0], &cel_type_ip);
    return ip ? cel_int(ip->n == 4 ? 4 : 6) : cel_no_overload();
}

static bool unspecified(const struct cel_ip *ip) {
    for (int i = 0; i < ip->n; i++)
        if (ip->b[i])
            return false;
    return true;
}
static bool loopback(const struct cel_ip *ip) {
    struct cel_ip last = *ip;
    if (ip->n == 4)
        return ip->b[0] == 127;
    last.b[15] ^= 1;
    return unspecified(&last);
}
static bool multicast(const struct cel_ip *ip) {
    return ip->n == 4 ? ip->b[0] >> 4 == 14 : ip->b[0] == 0xff;
}
static bool link_local_multicast(const struct cel_ip *ip) {
    return ip->n == 4 ? ip->b[0] == 224 && !ip->b[1] && !ip->b[2]
                      : ip->b[0] == 0xff && (ip->b[1] & 15) == 2;
}
static bool link_local_unicast(const struct cel_ip *ip) {
    return ip->n == 4 ? ip->b[0] == 169 && ip->b[1] == 254 : ip->b[0] == 0xfe && ip->b[1] >> 6 == 2;
}
static bool global_unicast(const struct cel_ip *ip) {
    static const uint8_t broadcast[4] = {255, 255, 255, 255};
    if (ip->n == 4 && memcmp(ip->b, broadcast, 4) == 0)
        return false;
    return !unspecified(ip) && !loopback(ip) && !multicast(ip) && !link_local_unicast(ip);
}

static struct cel_value judged(struct cel_value v, bool (*is)(const struct cel_ip *)) {
    const struct cel_ip *ip = cel_data(v, &cel_type_ip);
    return ip ? cel_bool(is(ip)) : cel_no_overload();
}
struct cel_value fn_ip_is_unspecified(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return judged(args[0], unspecified);
}
struct cel_value fn_ip_is_loopback(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return judged(args[0], loopback);
}
struct cel_value fn_ip_is_link_local_multicast(struct cel_run *r, const struct cel_value *args,
                                               uint32_t n) {
    return judged(args[0], link_local_multicast);
}
struct cel_value fn_ip_is_link_local_unicast(struct cel_run *r, const struct cel_value *args,
                                             uint32_t n) {
    return judged(args[0], link_local_unicast);
}
struct cel_value fn_ip_is_global_unicast(struct cel_run *r, const struct cel_value *args,
                                         uint32_t n) {
    return judged(args[0], global_unicast);
}

/* ---- blocks ---- */

struct cel_value fn_cidr(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct cel_cidr c;
    if (args[0].tag != CEL_V_STRING)
        return cel_no_overload();
    return cel_cidr_parse(args[0].s, &c)
               ? of_cidr(r, &c)
               : cel_fail(r,
                          "network address parse error during conversion from string: \"" STR_FMT
                          "\"",
                          STR_ARG(args[0].s));
}

struct cel_value fn_is_cidr(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct cel_cidr c;
    return args[0].tag == CEL_V_STRING ? cel_bool(cel_cidr_parse(args[0].s, &c))
                                       : cel_no_overload();
}

struct cel_value fn_contains_ip(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct cel_cidr *c = cel_data(args[0], &cel_type_cidr);
    const struct cel_ip *ip = cel_data(args[1], &cel_type_ip);
    struct cel_ip parsed;
    if (!c || (!ip && args[1].tag != CEL_V_STRING))
        return cel_no_overload();
    if (!ip && !cel_ip_parse(args[1].s, &parsed))
        return bad(r, "IP Address", args[1].s);
    return cel_bool(cel_cidr_has(c, ip ? ip : &parsed));
}

struct cel_value fn_contains_cidr(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct cel_cidr *c = cel_data(args[0], &cel_type_cidr),
                          *inner = cel_data(args[1], &cel_type_cidr);
    struct cel_cidr parsed;
    if (!c || (!inner && args[1].tag != CEL_V_STRING))
        return cel_no_overload();
    if (!inner) {
        if (!cel_cidr_parse(args[1].s, &parsed))
            return bad(r, "CIDR", args[1].s);
        inner = &parsed;
    }
    return cel_bool(cel_cidr_has(c, &inner->ip) && c->bits <= inner->bits);
}

struct cel_value fn_masked(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct cel_cidr *c = cel_data(args[0], &cel_type_cidr);
    struct cel_cidr m;
    if (!c)
        return cel_no_overload();
    m = *c;
    for (unsigned bit = m.bits; bit < 8u * m.ip.n; bit++)
        m.ip.b[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
    return of_cidr(r, &m);
}

struct cel_value fn_prefix_length(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct cel_cidr *c = cel_data(args[0], &cel_type_cidr);
    return c ? cel_int(c->bits) : cel_no_overload();
}
