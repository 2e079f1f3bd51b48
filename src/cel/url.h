// SPDX-License-Identifier: Apache-2.0
/* URLs as Go's net/url reads those of requests: absolute, or a path from the root. */
#pragma once

#include "base/arena.h"
#include "base/str.h"

struct cel_url {
    str scheme; /* lower case */
    str host;   /* with port */
    str path;   /* as it was written */
    str query;  /* without "?" */
};

int cel_url_parse(struct arena *a, str s, struct cel_url *ret); /* -EINVAL */
str cel_url_hostname(const struct cel_url *u);                  /* without brackets */
str cel_url_port(const struct cel_url *u);
/* "%41" and, in a query, "+"; -EINVAL for an escape that is none. */
int cel_url_unescape(struct arena *a, str s, bool query, str *ret);
