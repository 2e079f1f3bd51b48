// SPDX-License-Identifier: Apache-2.0
/* Warning headers (RFC 7234, 5.5), as upstream writes them: each text once, in order; when all of
 * them are longer than a total, each is cut, and what is beyond the total even so is left out. */
#include "api/deprecated.h"
#include "apiserver/request.h"

#define WARNINGS_TOTAL_MAX 4096 /* code points */
#define WARNING_CUT_MAX    256

static bool is_continuation(char c) {
    return (c & 0xc0) == 0x80;
}

static size_t code_points(str s) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += !is_continuation(s.p[i]);
    return n;
}

/* The first n code points. */
static str cut(str s, size_t n) {
    size_t i = 0;
    for (; i < s.n; i++)
        if (!is_continuation(s.p[i]) && n-- == 0)
            break;
    return str_n(s.p, i);
}

/* Text that a header can carry: UTF-8 without C0 and C1 control characters. */
static bool is_plain(str s) {
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        uint8_t next = i + 1 < s.n ? (uint8_t)s.p[i + 1] : 0;
        if (c < 0x20 || c == 0x7f || (c == 0xc2 && next < 0xa0))
            return false;
    }
    return utf8_valid(s);
}

void request_warn(struct request *r, str text) {
    size_t total = 0;
    for (uint32_t i = 0; i < r->warnings.n; i++) {
        if (str_eq(r->warnings.v[i], text))
            return;
        total += MIN(code_points(r->warnings.v[i]), (size_t)WARNING_CUT_MAX);
    }
    if (text.n && is_plain(text) && total < WARNINGS_TOTAL_MAX &&
        r->warnings.n < REQUEST_WARNINGS_MAX)
        *list_push(r->arena, &r->warnings) = text;
}

/* 299 - "text", with what quoted strings need. */
static str warning_value(struct arena *a, str text) {
    struct buf b;
    buf_init(&b, 0);
    buf_adds(&b, "299 - \"");
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"' || text.p[i] == '\\')
            buf_addc(&b, '\\');
        buf_addc(&b, text.p[i]);
    }
    buf_addc(&b, '"');
    str out = str_dup(a, buf_str(&b));
    buf_done(&b);
    return out;
}

void request_warning_headers(struct request *r, struct http_headers *h) {
    size_t total = 0;
    for (uint32_t i = 0; i < r->warnings.n; i++)
        total += code_points(r->warnings.v[i]);
    bool cuts = total > WARNINGS_TOTAL_MAX;
    for (uint32_t i = 0; i < r->warnings.n; i++) {
        str text = cuts ? cut(r->warnings.v[i], WARNING_CUT_MAX) : r->warnings.v[i];
        http_header_add(r->arena, h, STR("Warning"), warning_value(r->arena, text));
    }
}

void request_warn_deprecated(struct request *r) {
    const struct deprecation *d = deprecation_of(r->res);
    if (d)
        request_warn(r,
                     str_printf(r->arena, STR_FMT " %s is deprecated in v1.%u+%s%s",
                                STR_ARG(api_version_of(r->arena, r->res->group, r->res->version)),
                                r->res->kind, d->since, d->replacement ? "; use " : "",
                                d->replacement ? d->replacement : ""));
}
