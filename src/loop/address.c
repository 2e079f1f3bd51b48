// SPDX-License-Identifier: Apache-2.0
#include "loop/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>

#define HOST_MAX 256

static int parse_unix(str path, struct address *a) {
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    if (!path.n || path.n >= sizeof(un.sun_path))
        return path.n ? -ENAMETOOLONG : -EINVAL;
    memcpy(un.sun_path, path.p, path.n);
    memset(a, 0, sizeof(*a));
    memcpy(&a->sa, &un, sizeof(un));
    a->len = sizeof(un);
    return 0;
}

/* Splits HOST:PORT at the last colon, and takes the brackets of IPv6 off. */
static int split(str s, char host[HOST_MAX], char port[8]) {
    size_t colon = s.n;
    while (colon && s.p[colon - 1] != ':')
        colon--;
    if (!colon)
        return -EINVAL;
    str h = str_slice(s, 0, colon - 1), p = str_slice(s, colon, s.n);
    uint64_t number;
    if (str_to_u64(p, &number) < 0 || number > 65535)
        return -EINVAL;
    if (h.n >= 2 && h.p[0] == '[' && h.p[h.n - 1] == ']')
        h = str_slice(h, 1, h.n - 1);
    else if (str_chr(h, ':') >= 0)
        return -EINVAL;
    if (!h.n || h.n >= HOST_MAX)
        return -EINVAL;
    snprintf(host, HOST_MAX, STR_FMT, STR_ARG(h));
    snprintf(port, 8, "%u", (unsigned)number);
    return 0;
}

static int parse_tcp(str s, struct address v[ADDRESSES_MAX], size_t *ret_n) {
    char host[HOST_MAX], port[8];
    int r = split(s, host, port);
    if (r < 0)
        return r;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *found;
    r = getaddrinfo(host, port, &hints, &found);
    if (r != 0)
        return r == EAI_MEMORY ? -ENOMEM : -EADDRNOTAVAIL;
    size_t n = 0;
    for (struct addrinfo *ai = found; ai && n < ADDRESSES_MAX; ai = ai->ai_next) {
        if (ai->ai_family != AF_INET && ai->ai_family != AF_INET6)
            continue;
        memset(&v[n], 0, sizeof(v[n]));
        memcpy(&v[n].sa, ai->ai_addr, ai->ai_addrlen);
        v[n++].len = ai->ai_addrlen;
    }
    freeaddrinfo(found);
    *ret_n = n;
    return n ? 0 : -EADDRNOTAVAIL;
}

int address_parse(const char *text, struct address v[ADDRESSES_MAX], size_t *ret_n) {
    str s = str_of(text);
    if (str_starts(s, STR("tcp:")))
        return parse_tcp(str_slice(s, 4, s.n), v, ret_n);
    if (!str_starts(s, STR("unix:")))
        return -EINVAL;
    int r = parse_unix(str_slice(s, 5, s.n), v);
    if (r == 0)
        *ret_n = 1;
    return r;
}

/* IPv4 peers of a dual-stack listener are shown as IPv4. */
void address_text(const struct sockaddr_storage *sa, socklen_t len, char *out, size_t cap) {
    char ip[INET6_ADDRSTRLEN] = "";
    if (sa->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)sa;
        inet_ntop(AF_INET, &in->sin_addr, ip, sizeof(ip));
        snprintf(out, cap, "%s:%u", ip, ntohs(in->sin_port));
    } else if (sa->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)sa;
        if (IN6_IS_ADDR_V4MAPPED(&in->sin6_addr)) {
            inet_ntop(AF_INET, &in->sin6_addr.s6_addr[12], ip, sizeof(ip));
            snprintf(out, cap, "%s:%u", ip, ntohs(in->sin6_port));
        } else {
            inet_ntop(AF_INET6, &in->sin6_addr, ip, sizeof(ip));
            snprintf(out, cap, "[%s]:%u", ip, ntohs(in->sin6_port));
        }
    } else if (sa->ss_family == AF_UNIX && len > offsetof(struct sockaddr_un, sun_path)) {
        const struct sockaddr_un *un = (const struct sockaddr_un *)sa;
        snprintf(out, cap, "%.*s", (int)sizeof(un->sun_path), un->sun_path);
    } else {
        out[0] = 0;
    }
}
