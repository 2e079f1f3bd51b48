// SPDX-License-Identifier: Apache-2.0
/* Which addresses a block of service addresses has, and which of them are drawn from first. */
#pragma once

#include "api/ip.h"

#define IP_RANGE_MAX (1u << 20) /* addresses of one block that are ever drawn */

struct ip_range {
    struct cidr cidr;
    struct ip first; /* the block's own address is never given */
    uint32_t size;
    uint32_t band; /* the first so many are left to those who ask by number, while others last */
};

struct ip_range ip_range_of(const struct cidr *c);
struct ip ip_range_at(const struct ip_range *r, uint32_t i);
/* Whether it may be given at all: inside, and not the block's own or broadcast address. */
bool ip_range_has(const struct ip_range *r, const struct ip *ip);
