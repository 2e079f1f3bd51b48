// SPDX-License-Identifier: Apache-2.0
/* What is the same for every HTTP version: header lists, percent-encoding, queries, reasons. */
#include "net/http.h"

#include "base/vec.h"

str http_header_get(const struct http_headers *h, const char *name) {
    str want = str_of(name);
    for (uint32_t i = 0; i < h->n; i++)
        if (str_ieq(h->v[i].name, want))
            return h->v[i].value;
    return STR_NONE;
}

void http_header_add(struct arena *a, struct http_headers *h, str name, str value) {
    struct http_header *x = list_push(a, h);
    x->name = name;
    x->value = value;
}

const char *http_reason(int status) {
    static const struct {
        int16_t status;
        char text[34];
    } reasons[] = {
        {100, "Continue"},
        {101, "Switching Protocols"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Request Entity Too Large"},
        {414, "Request URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Entity"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return "Status";
}

int url_decode(struct arena *a, str s, bool plus, str *ret) {
    char *out = arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%') {
            if (s.n - i < 3)
                return -EINVAL;
            int hi = hex_digit(s.p[i + 1]), lo = hex_digit(s.p[i + 2]);
            if (hi < 0 || lo < 0)
                return -EINVAL;
            c = (char)(hi << 4 | lo);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        out[n++] = c;
    }
    out[n] = 0;
    *ret = str_n(out, n);
    return 0;
}

static bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

str url_encode(struct arena *a, str s) {
    static const char hex[] = "0123456789ABCDEF";
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += is_unreserved(s.p[i]) ? 1 : 3;
    char *out = arena_alloc(a, n + 1), *p = out;
    for (size_t i = 0; i < s.n; i++) {
        if (is_unreserved(s.p[i])) {
            *p++ = s.p[i];
            continue;
        }
        *p++ = '%';
        *p++ = hex[(uint8_t)s.p[i] >> 4];
        *p++ = hex[(uint8_t)s.p[i] & 15];
    }
    *p = 0;
    return str_n(out, n);
}

/* As Go's url.ParseQuery does, a broken pair makes the whole an error but the good ones are kept.
 */
int query_parse(struct arena *a, str text, struct query *ret) {
    struct query q = {0};
    int r = 0;
    while (text.n) {
        str pair = str_cut(&text, '&'), value = pair;
        if (!pair.n)
            continue;
        str name = str_cut(&value, '='), n, v = STR("");
        if (memchr(pair.p, ';', pair.n) || url_decode(a, name, true, &n) < 0 ||
            (value.p && url_decode(a, value, true, &v) < 0)) {
            r = -EINVAL;
            continue;
        }
        struct query_param *p = list_push(a, &q);
        p->name = n;
        p->value = v;
    }
    *ret = q;
    return r;
}

str query_get(const struct query *q, const char *name) {
    for (uint32_t i = 0; i < q->n; i++)
        if (str_eqc(q->v[i].name, name))
            return q->v[i].value;
    return STR_NONE;
}

bool query_has(const struct query *q, const char *name) {
    return query_get(q, name).p != NULL;
}
