// SPDX-License-Identifier: Apache-2.0
/* Heads of HTTP/1.1 messages. The scan has already made sure that lines end in CRLF and hold no
 * other CR, LF or NUL, so the parser cuts at LF and drops the CR. */
#include "net/http1_parse.h"

#include "net/server.h"

ssize_t http1_head_scan(struct http1_scan *s, const char *p, size_t n, size_t max) {
    for (; s->at < n; s->at++) {
        char c = p[s->at];
        if (s->at >= max)
            return s->line ? -E2BIG : -ENAMETOOLONG;
        if (s->cr) {
            if (c != '\n')
                return -EBADMSG;
            s->cr = false;
            if (s->at - 1 == s->line)
                return (ssize_t)(s->at + 1);
            s->line = s->at + 1;
        } else if (c == '\r') {
            s->cr = true;
        } else if (c == '\n' || c == 0) {
            return -EBADMSG;
        } else if (!s->line && s->at > HTTP_TARGET_MAX + 64) {
            return -ENAMETOOLONG;
        }
    }
    return 0;
}

static bool is_token_char(char c) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    return c && strchr("!#$%&'*+-.^_`|~", c);
}

bool http1_token_valid(str s) {
    for (size_t i = 0; i < s.n; i++)
        if (!is_token_char(s.p[i]))
            return false;
    return s.n > 0;
}

bool http1_field_value_valid(str s) {
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

/* The next line without its CRLF; false at the empty one. */
static bool next_line(str *rest, str *ret) {
    str line = str_cut(rest, '\n');
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    *ret = line;
    return line.n > 0;
}

static int parse_headers(struct arena *a, str rest, struct http_headers *ret) {
    uint32_t max = 0;
    for (size_t i = 0; i < rest.n; i++)
        max += rest.p[i] == '\n';
    if (max > HTTP_HEADERS_MAX + 1)
        return -E2BIG;
    struct http_headers h = {.v = arena_array(a, max ? max : 1, sizeof(struct http_header))};
    str line;
    while (next_line(&rest, &line)) {
        ssize_t colon = str_chr(line, ':');
        if (colon <= 0)
            return -EBADMSG;
        str name = str_n(line.p, (size_t)colon);
        str value = str_trim(str_slice(line, (size_t)colon + 1, line.n));
        /* A folded line starts with a space, which no token does. */
        if (!http1_token_valid(name) || !http1_field_value_valid(value))
            return -EBADMSG;
        h.v[h.n++] = (struct http_header){name, value};
    }
    *ret = h;
    return 0;
}

/* The one value of a header that may stand once: 1, 0 when absent, -EBADMSG when repeated. */
static int single(const struct http_headers *h, const char *name, str *ret) {
    int found = 0;
    for (uint32_t i = 0; i < h->n; i++)
        if (str_ieq(h->v[i].name, str_of(name))) {
            if (found++)
                return -EBADMSG;
            *ret = h->v[i].value;
        }
    return found;
}

/* Whether a comma-separated header (in any number of lines) names the word. */
static bool has_word(const struct http_headers *h, const char *name, const char *word) {
    for (uint32_t i = 0; i < h->n; i++) {
        if (!str_ieq(h->v[i].name, str_of(name)))
            continue;
        str rest = h->v[i].value;
        while (rest.p)
            if (str_ieq(str_trim(str_cut(&rest, ',')), str_of(word)))
                return true;
    }
    return false;
}

/* Sets *ret when the headers give a length; leaves it otherwise. */
static int parse_framing(const struct http_headers *h, bool http10, int64_t *ret) {
    str te = STR_NONE, cl = STR_NONE;
    int has_te = single(h, "Transfer-Encoding", &te), has_cl = single(h, "Content-Length", &cl);
    if (has_te < 0 || has_cl < 0 || (has_te && has_cl) || (has_te && http10))
        return -EBADMSG;
    if (has_te) {
        if (!str_ieq(te, STR("chunked")))
            return -EOPNOTSUPP;
        *ret = HTTP1_BODY_CHUNKED;
        return 0;
    }
    if (!has_cl)
        return 0;
    if (!cl.n || cl.n > 18)
        return -EBADMSG;
    int64_t n = 0;
    for (size_t i = 0; i < cl.n; i++) {
        if (cl.p[i] < '0' || cl.p[i] > '9')
            return -EBADMSG;
        n = n * 10 + (cl.p[i] - '0');
    }
    *ret = n;
    return 0;
}

/* "HTTP/1.1": its minor version. */
static int parse_version(str s) {
    if (s.n != 8 || !str_starts(s, STR("HTTP/")) || s.p[6] != '.')
        return -EBADMSG;
    if (s.p[5] < '0' || s.p[5] > '9' || s.p[7] < '0' || s.p[7] > '9')
        return -EBADMSG;
    if (s.p[5] != '1' || s.p[7] > '1')
        return -EPROTONOSUPPORT;
    return s.p[7] - '0';
}

/* Bytes that no target holds, and (as Go) bad escapes in the path. */
static bool target_valid(str target, str path) {
    for (size_t i = 0; i < target.n; i++) {
        uint8_t c = (uint8_t)target.p[i];
        if (c <= 0x20 || c >= 0x7f || c == '#')
            return false;
    }
    for (size_t i = 0; i < path.n; i++)
        if (path.p[i] == '%' &&
            (path.n - i < 3 || hex_digit(path.p[i + 1]) < 0 || hex_digit(path.p[i + 2]) < 0))
            return false;
    return true;
}

int http_target_parse(str method, str target, str *ret_path, str *ret_query) {
    str rest = target;
    if (!target.n)
        return -EBADMSG;
    if (target.n > HTTP_TARGET_MAX)
        return -ENAMETOOLONG;
    if (str_ieq(str_slice(target, 0, 7), STR("http://")) ||
        str_ieq(str_slice(target, 0, 8), STR("https://"))) { /* absolute form */
        rest = str_slice(target, target.p[4] == ':' ? 7 : 8, target.n);
        ssize_t slash = str_chr(rest, '/');
        if (slash <= 0)
            return -EBADMSG;
        rest = str_slice(rest, (size_t)slash, rest.n);
    } else if (str_eq(target, STR("*"))) {
        if (!str_eq(method, STR("OPTIONS")))
            return -EBADMSG;
    } else if (target.p[0] != '/') {
        return -EBADMSG;
    }
    str query = rest, path = str_cut(&query, '?');
    if (!target_valid(target, path))
        return -EBADMSG;
    *ret_path = path;
    *ret_query = query.p ? query : STR("");
    return 0;
}

static int parse_request_line(str line, struct http1_request *q, bool *ret_http10) {
    str rest = line;
    q->method = str_cut(&rest, ' ');
    str target = str_cut(&rest, ' ');
    if (!http1_token_valid(q->method) || !rest.p)
        return -EBADMSG;
    int minor = parse_version(rest);
    if (minor < 0)
        return minor;
    if (str_eq(q->method, STR("CONNECT")))
        return -EOPNOTSUPP;
    *ret_http10 = minor == 0;
    q->target = target;
    return http_target_parse(q->method, target, &q->path, &q->query);
}

int http1_request_parse(struct arena *a, str head, struct http1_request *ret) {
    struct http1_request q = {0};
    str rest = head, line, value = STR_NONE;
    next_line(&rest, &line);
    int r = parse_request_line(line, &q, &q.http10);
    if (r < 0)
        return r;
    if ((r = parse_headers(a, rest, &q.headers)) < 0)
        return r;
    if ((r = parse_framing(&q.headers, q.http10, &q.body_length)) < 0)
        return r;
    int hosts = single(&q.headers, "Host", &value);
    if (hosts < 0 || (!hosts && !q.http10))
        return -EBADMSG;
    for (size_t i = 0; i < value.n; i++)
        if (strchr(" \t/?#@\\,", value.p[i]))
            return -EBADMSG;
    q.keep_alive = q.http10 ? has_word(&q.headers, "Connection", "keep-alive")
                            : !has_word(&q.headers, "Connection", "close");
    int expects = single(&q.headers, "Expect", &value);
    if (expects < 0 || (expects && !str_ieq(value, STR("100-continue"))))
        return -ENOTRECOVERABLE;
    q.expect_continue = expects && !q.http10 && q.body_length;
    *ret = q;
    return 0;
}

int http1_error_status(int r) {
    switch (r) {
    case -ENAMETOOLONG:
        return 414;
    case -E2BIG:
        return 431;
    case -EOPNOTSUPP:
        return 501;
    case -EPROTONOSUPPORT:
        return 505;
    case -ENOTRECOVERABLE:
        return 417;
    default:
        return 400;
    }
}

static int parse_status_line(str line, int *ret) {
    str rest = line;
    int minor = parse_version(str_cut(&rest, ' '));
    if (minor < 0)
        return minor;
    if (rest.n < 3 || (rest.n > 3 && rest.p[3] != ' '))
        return -EBADMSG;
    int status = 0;
    for (size_t i = 0; i < 3; i++) {
        if (rest.p[i] < '0' || rest.p[i] > '9')
            return -EBADMSG;
        status = status * 10 + (rest.p[i] - '0');
    }
    if (status < 100 || status > 599)
        return -EBADMSG;
    *ret = status;
    return minor;
}

int http1_response_parse(struct arena *a, str head, bool to_head, struct http1_response *ret) {
    struct http1_response q = {.body_length = HTTP1_BODY_UNTIL_CLOSE};
    str rest = head, line;
    next_line(&rest, &line);
    int minor = parse_status_line(line, &q.status), r;
    if (minor < 0)
        return minor;
    if ((r = parse_headers(a, rest, &q.headers)) < 0)
        return r;
    if ((r = parse_framing(&q.headers, minor == 0, &q.body_length)) < 0)
        return r;
    if (to_head || q.status < 200 || q.status == 204 || q.status == 304)
        q.body_length = 0;
    q.keep_alive = minor ? !has_word(&q.headers, "Connection", "close")
                         : has_word(&q.headers, "Connection", "keep-alive");
    if (q.body_length == HTTP1_BODY_UNTIL_CLOSE)
        q.keep_alive = false;
    *ret = q;
    return 0;
}
