// SPDX-License-Identifier: Apache-2.0
#include "apiserver/alloc/ranges.h"

#define BAND_MIN  16u
#define BAND_MAX  256u
#define BAND_STEP 16

static struct ip plus(const struct ip *ip, uint64_t n) {
    struct ip out = *ip;
    for (int i = 15; i >= 0 && n; i--) {
        n += out.b[i];
        out.b[i] = (uint8_t)n;
        n >>= 8;
    }
    return out;
}

static unsigned host_bits(const struct cidr *c) {
    return (ip_is_v4(&c->ip) ? 32 : 128) - c->bits;
}

static uint32_t band_of(uint32_t size) {
    if (size < BAND_MIN)
        return 0;
    return (uint32_t)MIN(MAX(size / BAND_STEP, BAND_MIN), BAND_MAX);
}

struct ip_range ip_range_of(const struct cidr *c) {
    struct ip_range r = {.cidr = *c, .first = c->ip, .size = 1};
    unsigned bits = host_bits(c);
    if (bits == 0)
        return r;
    bool whole = bits < 20;
    r.first = plus(&c->ip, 1);
    r.size = (whole ? 1u << bits : IP_RANGE_MAX) - 1;
    if (whole && ip_is_v4(&c->ip) && r.size > 1)
        r.size--; /* broadcast */
    r.band = band_of(r.size);
    return r;
}

struct ip ip_range_at(const struct ip_range *r, uint32_t i) {
    return plus(&r->first, i);
}

bool ip_range_has(const struct ip_range *r, const struct ip *ip) {
    unsigned bits = host_bits(&r->cidr);
    if (!cidr_contains(&r->cidr, ip))
        return false;
    if (bits == 0)
        return true;
    if (ip_eq(ip, &r->cidr.ip))
        return false;
    if (!ip_is_v4(ip) || bits < 2)
        return true;
    struct ip broadcast = plus(&r->cidr.ip, (1ULL << bits) - 1);
    return !ip_eq(ip, &broadcast);
}
