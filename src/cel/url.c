// SPDX-License-Identifier: Apache-2.0
#include "cel/url.h"

static bool is_alpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

int cel_url_unescape(struct arena *a, str s, bool query, str *ret) {
    char *p = arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%') {
            if (i + 2 >= s.n || hex_digit(s.p[i + 1]) < 0 || hex_digit(s.p[i + 2]) < 0)
                return -EINVAL;
            c = (char)(hex_digit(s.p[i + 1]) << 4 | hex_digit(s.p[i + 2]));
            i += 2;
        } else if (c == '+' && query) {
            c = ' ';
        }
        p[n++] = c;
    }
    *ret = str_n(p, n);
    return 0;
}

/* "scheme:" off the front; false: a colon stands first. */
static bool cut_scheme(struct arena *a, str *s, str *ret) {
    *ret = STR("");
    for (size_t i = 0; i < s->n; i++) {
        char c = s->p[i];
        if (is_alpha(c) || (i && (is_digit(c) || c == '+' || c == '-' || c == '.')))
            continue;
        if (c != ':')
            return true;
        if (i == 0)
            return false;
        *ret = str_lower(a, str_slice(*s, 0, i));
        *s = str_slice(*s, i + 1, s->n);
        return true;
    }
    return true;
}

static bool port_ok(str s) {
    if (!s.n)
        return true;
    if (s.p[0] != ':')
        return false;
    for (size_t i = 1; i < s.n; i++)
        if (!is_digit(s.p[i]))
            return false;
    return true;
}

static bool host_ok(str h) {
    ssize_t end = str_chr(h, ']'), colon;
    if (h.n && h.p[0] == '[')
        return end > 0 && port_ok(str_slice(h, (size_t)end + 1, h.n));
    for (size_t i = 0; i < h.n; i++) {
        char c = h.p[i];
        if (!is_alpha(c) && !is_digit(c) && !((unsigned char)c >= 0x80) &&
            !(c && strchr("-_.~!$&'()*+,;=:[]<>\"%", c)))
            return false;
    }
    colon = -1;
    for (size_t i = 0; i < h.n; i++)
        if (h.p[i] == ':')
            colon = (ssize_t)i;
    return colon < 0 || port_ok(str_slice(h, (size_t)colon, h.n));
}

int cel_url_parse(struct arena *a, str s, struct cel_url *ret) {
    struct cel_url u = {STR(""), STR(""), STR(""), STR("")};
    str ignored;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return -EINVAL;
    if (!s.n || !cut_scheme(a, &s, &u.scheme))
        return -EINVAL;
    if (!u.scheme.n && (!s.n || s.p[0] != '/'))
        return -EINVAL;
    u.query = s;
    s = str_cut(&u.query, '?');
    if (!u.query.p)
        u.query = STR("");
    if (s.n && s.p[0] != '/') { /* "mailto:x": opaque; requests have none */
        *ret = u;
        return u.scheme.n ? 0 : -EINVAL;
    }
    if (u.scheme.n && str_starts(s, STR("//"))) {
        ssize_t at;
        u.path = str_slice(s, 2, s.n);
        u.host = str_cut(&u.path, '/');
        u.path = u.path.p ? str_n(u.path.p - 1, u.path.n + 1) : STR("");
        at = str_chr(u.host, '@');
        if (at >= 0)
            u.host = str_slice(u.host, (size_t)at + 1, u.host.n);
    } else {
        u.path = s;
    }
    if (!host_ok(u.host) || cel_url_unescape(a, u.path, false, &ignored) < 0)
        return -EINVAL;
    *ret = u;
    return 0;
}

static size_t host_end(const struct cel_url *u) {
    ssize_t end = str_chr(u->host, ']');
    if (u->host.n && u->host.p[0] == '[' && end > 0)
        return (size_t)end + 1;
    for (size_t i = u->host.n; i-- > 0;)
        if (u->host.p[i] == ':')
            return i;
    return u->host.n;
}

str cel_url_hostname(const struct cel_url *u) {
    str h = str_slice(u->host, 0, host_end(u));
    return h.n > 1 && h.p[0] == '[' ? str_slice(h, 1, h.n - 1) : h;
}

str cel_url_port(const struct cel_url *u) {
    return str_slice(u->host, host_end(u) + 1, u->host.n);
}
