// SPDX-License-Identifier: Apache-2.0
/* Addresses of the real transport as socket addresses; private to src/loop. */
#pragma once

#include <sys/socket.h>

#include "loop/stream.h"

#define ADDRESSES_MAX 8 /* of one name */

struct address {
    struct sockaddr_storage sa;
    socklen_t len;
};

/* "tcp:HOST:PORT" or "unix:/path": as many addresses as the name has, up to ADDRESSES_MAX. */
int address_parse(const char *text, struct address v[ADDRESSES_MAX], size_t *ret_n);
/* "ip:port", "[ip]:port" or the path; empty for a socket without a name. */
void address_text(const struct sockaddr_storage *sa, socklen_t len, char *out, size_t cap);
