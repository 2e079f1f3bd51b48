// SPDX-License-Identifier: Apache-2.0
/* HTTP messages as server and client share them. Header names are matched case-insensitively and
 * kept as received. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct http_header {
    str name, value;
};
struct http_headers {
    struct http_header *v;
    uint32_t n;
};

str http_header_get(const struct http_headers *h, const char *name); /* STR_NONE when absent */
void http_header_add(struct arena *a, struct http_headers *h, str name, str value);
const char *http_reason(int status);

/* Percent-decoding; -EINVAL on bad escapes. plus: '+' is a space (queries). */
int url_decode(struct arena *a, str s, bool plus, str *ret);
str url_encode(struct arena *a, str s); /* query component */
/* "a=1&b=2": the first value of `name` decoded; STR_NONE when absent. Iterate with query_next. */
struct query_param {
    str name, value;
};
struct query {
    struct query_param *v;
    uint32_t n;
};
int query_parse(struct arena *a, str text, struct query *ret);
str query_get(const struct query *q, const char *name);
bool query_has(const struct query *q, const char *name);
