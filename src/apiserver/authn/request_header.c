// SPDX-License-Identifier: Apache-2.0
#include "apiserver/authn/request_header.h"

#include "base/vec.h"

static bool has_prefix(str s, str prefix) {
    return s.n >= prefix.n && str_ieq(str_slice(s, 0, prefix.n), prefix);
}

static bool is_one_of(str name, const str_list *names) {
    for (uint32_t i = 0; i < names->n; i++)
        if (str_ieq(name, names->v[i]))
            return true;
    return false;
}

/* The value of the first header that has one; of one that stands twice the first counts. */
static str first_value(const struct http_headers *h, const str_list *names) {
    for (uint32_t i = 0; i < names->n; i++)
        for (uint32_t j = 0; j < h->n; j++) {
            if (!str_ieq(h->v[j].name, names->v[i]))
                continue;
            if (h->v[j].value.n)
                return h->v[j].value;
            break;
        }
    return STR_NONE;
}

static void take_groups(struct arena *a, const struct http_headers *h, const str_list *names,
                        struct user *u) {
    for (uint32_t i = 0; i < names->n; i++)
        for (uint32_t j = 0; j < h->n; j++)
            if (h->v[j].value.n && str_ieq(h->v[j].name, names->v[i]))
                *list_push(a, &u->groups) = str_dup(a, h->v[j].value);
}

static void add_extra(struct arena *a, struct user *u, str key, str value) {
    struct strs_pair *p = NULL;
    for (uint32_t i = 0; i < u->extra.n && !p; i++)
        if (str_eq(u->extra.v[i].key, key))
            p = &u->extra.v[i];
    if (!p) {
        p = list_push(a, &u->extra);
        p->key = key;
    }
    *list_push(a, &p->value) = str_dup(a, value);
}

static void take_extra(struct arena *a, const struct http_headers *h, str prefix, struct user *u) {
    for (uint32_t i = 0; i < h->n; i++) {
        str name = h->v[i].name, key;
        if (!has_prefix(name, prefix))
            continue;
        str raw = str_lower(a, str_slice(name, prefix.n, name.n));
        if (url_decode(a, raw, false, &key) < 0)
            key = raw;
        add_extra(a, u, key, h->v[i].value);
    }
}

int request_header_authenticate(const struct request_header *h, struct arena *a,
                                const struct exchange *x, struct user *ret) {
    const struct tls_peer *p = x->peer;
    if (!p || !p->verified_other)
        return -ENOENT;
    bool known = !h->names.n;
    for (uint32_t i = 0; i < h->names.n && !known; i++)
        known = str_eq(h->names.v[i], p->cn);
    if (!known)
        return -EACCES;
    struct user u = {.name = str_dup(a, first_value(&x->headers, &h->user_headers))};
    if (!u.name.n)
        return -ENOENT;
    u.uid = str_dup(a, first_value(&x->headers, &h->uid_headers));
    take_groups(a, &x->headers, &h->group_headers, &u);
    for (uint32_t i = 0; i < h->extra_prefixes.n; i++)
        take_extra(a, &x->headers, h->extra_prefixes.v[i], &u);
    *ret = u;
    return 0;
}

static bool is_ours(const struct request_header *h, str name) {
    static const char *const usual[] = {"X-Remote-User", "X-Remote-Uid", "X-Remote-Group"};
    for (size_t i = 0; i < ARRAY_LEN(usual); i++)
        if (str_ieq(name, str_of(usual[i])))
            return true;
    for (uint32_t i = 0; i < h->extra_prefixes.n; i++)
        if (has_prefix(name, h->extra_prefixes.v[i]))
            return true;
    return has_prefix(name, STR("X-Remote-Extra-")) || is_one_of(name, &h->user_headers) ||
           is_one_of(name, &h->uid_headers) || is_one_of(name, &h->group_headers);
}

void request_header_strip(const struct request_header *h, struct exchange *x) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < x->headers.n; i++)
        if (!is_ours(h, x->headers.v[i].name))
            x->headers.v[n++] = x->headers.v[i];
    x->headers.n = n;
}
