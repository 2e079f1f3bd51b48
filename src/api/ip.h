// SPDX-License-Identifier: Apache-2.0
/* IP addresses and CIDR blocks in fields. Like Go's net package an IPv4 address and the IPv6
 * address that maps it are the same thing. */
#pragma once

#include "schema/ops.h"

struct ip {
    uint8_t b[16]; /* IPv4 in its mapped form ::ffff:a.b.c.d */
};
struct cidr {
    struct ip ip; /* masked */
    uint8_t bits; /* of 32 for IPv4, of 128 else */
};

/* Leading zeros in IPv4 octets are allowed, and mean decimal. */
bool ip_parse(str s, struct ip *ret);
bool ip_is_v4(const struct ip *ip);
bool ip_eq(const struct ip *a, const struct ip *b);
str ip_str(struct arena *a, const struct ip *ip); /* canonical, RFC 5952 */
bool ip_is_loopback(const struct ip *ip);
bool ip_is_unspecified(const struct ip *ip);
bool ip_is_link_local(const struct ip *ip);           /* 169.254/16, fe80::/10 */
bool ip_is_link_local_multicast(const struct ip *ip); /* 224.0.0/24, ff02::/16 */

/* How an address is written: other than RFC 5952 would have it (IPv6), or in a form that Go's
 * netip does not take: zeros before IPv4 octets, IPv4 mapped into IPv6. */
enum ip_spelling { IP_CANONICAL, IP_UNUSUAL, IP_NONSTANDARD, IP_BAD };
enum ip_spelling ip_spelling(str s, struct ip *ret);

/* "10.0.0.0/8"; *ret_ip (may be NULL) is the address before masking. */
bool cidr_parse(str s, struct cidr *ret, struct ip *ret_ip);
str cidr_str(struct arena *a, const struct cidr *c);
/* Of a block the address is judged, and the zeros before the prefix length. */
enum ip_spelling cidr_spelling(str s, struct cidr *ret, struct ip *ret_ip);
bool cidr_contains(const struct cidr *c, const struct ip *ip);

/* Fields older than the strict rule: any spelling of what is unambiguous, and whatever is among old
 * (may be NULL), the values the stored object has there. */
void field_check_ip(struct field_errors *fe, const struct field_path *p, str s,
                    const str_list *old);
void field_check_cidr(struct field_errors *fe, const struct field_path *p, str s,
                      const str_list *old);
/* Only the canonical spelling. */
void field_check_ip_strict(struct field_errors *fe, const struct field_path *p, str s);
void field_check_cidr_strict(struct field_errors *fe, const struct field_path *p, str s);
/* "10.9.8.7/24": an address with its network, in canonical spelling. */
void field_check_interface_address(struct field_errors *fe, const struct field_path *p, str s);
