// SPDX-License-Identifier: Apache-2.0
/* What a proxy changes in what passes through it. Pure. */
#include "apiserver/connect/proxy.h"
#include "base/vec.h"

static bool is_one_of(str name, const char *const *list) {
    for (; *list; list++)
        if (str_ieq(name, str_of(*list)))
            return true;
    return false;
}

/* RFC 9110, 7.6.1, and the older ones that Go's reverse proxy drops too. */
static bool is_hop_by_hop(str name) {
    static const char *const names[] = {"Connection",
                                        "Proxy-Connection",
                                        "Keep-Alive",
                                        "Proxy-Authenticate",
                                        "Proxy-Authorization",
                                        "Te",
                                        "Transfer-Encoding",
                                        "Trailer",
                                        "Upgrade",
                                        NULL};
    return is_one_of(name, names);
}

/* Whether a header with commas between its values, perhaps in several lines, has this one. */
static bool lists(const struct http_headers *h, const char *header, str value) {
    for (uint32_t i = 0; i < h->n; i++) {
        str rest = h->v[i].value;
        while (str_ieq(h->v[i].name, str_of(header)) && rest.n)
            if (str_ieq(str_trim(str_cut(&rest, ',')), value))
                return true;
    }
    return false;
}

bool proxy_wants_upgrade(const struct http_headers *h) {
    return lists(h, "Connection", STR("upgrade"));
}

bool proxy_is_of_upgrade(str name) {
    static const char *const names[] = {"Connection",
                                        "Upgrade",
                                        "Sec-WebSocket-Extensions",
                                        "Sec-WebSocket-Key",
                                        "Sec-WebSocket-Protocol",
                                        "Sec-WebSocket-Version",
                                        "X-Stream-Protocol-Version",
                                        NULL};
    return is_one_of(name, names);
}

/* Who somebody is was for us to know, and whom he pretends to be. */
static bool is_for_us(str name) {
    static const char *const names[] = {"Authorization",   "Content-Length",  "Expect",
                                        "X-Forwarded-For", "X-Forwarded-Uri", NULL};
    const str impersonate = STR("Impersonate-"), remote = STR("X-Remote-");
    return is_one_of(name, names) || str_ieq(str_slice(name, 0, impersonate.n), impersonate) ||
           str_ieq(str_slice(name, 0, remote.n), remote);
}

static str ip_of(str remote) {
    ssize_t colon = -1;
    for (size_t i = 0; i < remote.n; i++)
        if (remote.p[i] == ':')
            colon = (ssize_t)i;
    str ip = str_slice(remote, 0, colon < 0 ? remote.n : (size_t)colon);
    return ip.n && ip.p[0] == '[' ? str_slice(ip, 1, ip.n - 1) : ip;
}

/* Whoever the request came through already stands in front. */
static str forwarded_for(struct arena *a, const struct http_headers *h, str remote) {
    str all = STR_NONE;
    for (uint32_t i = 0; i < h->n; i++)
        if (str_ieq(h->v[i].name, STR("X-Forwarded-For")))
            all = str_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(all), all.n ? ", " : "",
                             STR_ARG(h->v[i].value));
    return str_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(all), all.n ? ", " : "",
                      STR_ARG(ip_of(remote)));
}

struct http_headers proxy_request_headers(struct arena *a, const struct http_headers *h,
                                          bool upgrade, str remote, str uri) {
    struct http_headers out = {0};
    for (uint32_t i = 0; i < h->n; i++) {
        str name = h->v[i].name;
        bool of_connection = is_hop_by_hop(name) || lists(h, "Connection", name);
        bool stays = upgrade ? !str_ieq(name, STR("Transfer-Encoding")) : !of_connection;
        if (stays && !is_for_us(name))
            http_header_add(a, &out, name, h->v[i].value);
    }
    http_header_add(a, &out, STR("X-Forwarded-For"), forwarded_for(a, h, remote));
    if (uri.n)
        http_header_add(a, &out, STR("X-Forwarded-Uri"), uri);
    return out;
}

struct http_headers proxy_answer_headers(struct arena *a, const struct http_headers *h, str host,
                                         str asked, str prefix) {
    static const char *const origins[] = {
        "Access-Control-Allow-Credentials", "Access-Control-Allow-Headers",
        "Access-Control-Allow-Methods", "Access-Control-Allow-Origin", NULL};
    struct http_headers out = {0};
    for (uint32_t i = 0; i < h->n; i++) {
        str name = h->v[i].name, value = h->v[i].value;
        if (is_hop_by_hop(name) || lists(h, "Connection", name) || is_one_of(name, origins))
            continue;
        if (str_ieq(name, STR("Location")))
            value = proxy_rewrite_location(a, value, host, asked, prefix);
        http_header_add(a, &out, name, value);
    }
    if (!http_header_get(h, "Cache-Control").p)
        http_header_add(a, &out, STR("Cache-Control"), STR("no-cache, private"));
    return out;
}

/* "http://host/x?y" -> "http://host" and "/x?y". */
static str cut_authority(str *rest) {
    str s = *rest;
    ssize_t colon = str_find(s, STR("://"));
    size_t at = 0;
    if (colon > 0 && str_find(str_slice(s, 0, (size_t)colon), STR("/")) < 0)
        at = (size_t)colon + 1;
    if (!str_starts(str_slice(s, at, s.n), STR("//")))
        return STR_NONE;
    size_t end = at + 2;
    while (end < s.n && s.p[end] != '/' && s.p[end] != '?' && s.p[end] != '#')
        end++;
    *rest = str_slice(s, end, s.n);
    return str_slice(s, 0, end);
}

str proxy_rewrite_location(struct arena *a, str location, str host, str asked, str prefix) {
    str rest = location;
    str origin = cut_authority(&rest), named = origin;
    ssize_t slashes = str_find(origin, STR("//"));
    if (slashes >= 0)
        named = str_slice(origin, (size_t)slashes + 2, origin.n);
    bool elsewhere = named.n && !str_eq(named, host) && !str_eq(named, asked);
    if (elsewhere || !rest.n || rest.p[0] != '/')
        return location;
    if (!str_eq(named, asked))
        origin = STR_NONE;
    if (str_starts(rest, prefix))
        return str_concat(a, origin, rest);
    size_t end = 0;
    while (end < rest.n && rest.p[end] != '?' && rest.p[end] != '#')
        end++;
    str path = proxy_clean_path(a, str_slice(rest, 0, end));
    return str_printf(a, STR_FMT STR_FMT STR_FMT STR_FMT, STR_ARG(origin), STR_ARG(prefix),
                      STR_ARG(path), STR_ARG(str_slice(rest, end, rest.n)));
}

str proxy_clean_path(struct arena *a, str path) {
    bool slash = path.n && path.p[path.n - 1] == '/';
    char *out = arena_alloc(a, path.n + 2);
    size_t n = 0;
    while (path.n) {
        str part = str_cut(&path, '/');
        if (!part.n || str_eqc(part, "."))
            continue;
        if (str_eqc(part, "..")) {
            while (n && out[--n] != '/') {
            }
            continue;
        }
        out[n++] = '/';
        memcpy(out + n, part.p, part.n);
        n += part.n;
    }
    if (slash || !n)
        out[n++] = '/';
    return str_n(out, n);
}

str proxy_encode_path(struct arena *a, str path) {
    static const char plain[] = "-_.~$&+,/:;=@";
    static const char hex[] = "0123456789ABCDEF";
    char *out = arena_alloc(a, path.n * 3 + 1);
    size_t n = 0;
    for (size_t i = 0; i < path.n; i++) {
        uint8_t c = (uint8_t)path.p[i];
        bool letter = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (letter || (c && strchr(plain, c))) {
            out[n++] = (char)c;
            continue;
        }
        out[n++] = '%';
        out[n++] = hex[c >> 4];
        out[n++] = hex[c & 15];
    }
    return str_n(out, n);
}

str proxy_host(struct arena *a, const struct proxy_target *t) {
    bool v6 = str_chr(t->ip, ':') >= 0;
    return str_printf(a, v6 ? "[" STR_FMT "]:%d" : STR_FMT ":%d", STR_ARG(t->ip), t->port);
}

str proxy_request_target(struct arena *a, const struct proxy_target *t) {
    str path = proxy_encode_path(a, t->path.n ? t->path : STR("/"));
    return str_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(path), t->query.n ? "?" : "",
                      STR_ARG(t->query));
}

str proxy_go_error(struct arena *a, str host, int e, bool sent) {
    const char *why = e == -ETIMEDOUT ? "i/o timeout" : strerror(-e);
    if (sent)
        return e == -EPROTO ? STR("malformed HTTP response") : STR("EOF");
    str what = e == -ETIMEDOUT ? str_of(why) : str_printf(a, "connect: %s", why);
    char *text = arena_dup(a, what.p, what.n);
    if (what.n > 9 && e != -ETIMEDOUT) /* Go's errno texts begin small */
        text[9] = (char)(text[9] | 0x20);
    return str_printf(a, "dial tcp " STR_FMT ": " STR_FMT, STR_ARG(host), (int)what.n, text);
}

bool proxy_split_id(str id, str *ret_scheme, str *ret_name, str *ret_port) {
    str parts[3], rest = id;
    unsigned n = 0;
    while (n < 3 && rest.p)
        parts[n++] = str_cut(&rest, ':');
    if (rest.p || !n)
        return false;
    str scheme = n == 3 ? parts[0] : STR_NONE;
    str name = n == 3 ? parts[1] : parts[0];
    if (!name.n || (scheme.n && !str_eqc(scheme, "http") && !str_eqc(scheme, "https")))
        return false;
    *ret_scheme = scheme;
    *ret_name = name;
    *ret_port = n > 1 ? parts[n - 1] : STR_NONE;
    return true;
}
