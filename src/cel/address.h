// SPDX-License-Identifier: Apache-2.0
/* IP addresses and blocks as Kubernetes' CEL library takes them: as Go's netip reads them, without
 * zones and without IPv4 inside IPv6. */
#pragma once

#include "base/arena.h"
#include "base/str.h"

struct cel_ip {
    uint8_t b[16];
    uint8_t n; /* bytes: 4 or 16 */
};
struct cel_cidr {
    struct cel_ip ip;
    uint8_t bits;
};

bool cel_ip_parse(str s, struct cel_ip *ret);
str cel_ip_text(struct arena *a, const struct cel_ip *ip); /* canonical */
bool cel_cidr_parse(str s, struct cel_cidr *ret);
bool cel_cidr_has(const struct cel_cidr *c, const struct cel_ip *ip);
