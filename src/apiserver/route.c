// SPDX-License-Identifier: Apache-2.0
/* Authorisation asks about a path before anybody knows whether something is served there, so a path
 * is read in two steps: first what it says (route_parse), later what that means here. */
#include "apiserver/route.h"

#include "base/vec.h"

#define PATH_PARTS_MAX 64

static bool is_namespace_subresource(str s) {
    return str_eqc(s, "status") || str_eqc(s, "finalize");
}

static str verb_of_method(str method) {
    static const struct {
        const char *method, *verb;
    } verbs[] = {
        {"GET", "get"},    {"HEAD", "get"},    {"POST", "create"},
        {"PUT", "update"}, {"PATCH", "patch"}, {"DELETE", "delete"},
    };
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (str_eqc(method, verbs[i].method))
            return str_of(verbs[i].verb);
    return STR_NONE;
}

/* Decoded segments; slashes at both ends do not count. */
static int split(struct arena *a, str path, str *parts, unsigned *ret_n) {
    while (path.n && path.p[0] == '/')
        path = str_slice(path, 1, path.n);
    while (path.n && path.p[path.n - 1] == '/')
        path.n--;
    unsigned n = 0;
    while (path.n) {
        str raw = n == PATH_PARTS_MAX - 1 ? path : str_cut(&path, '/');
        if (n == PATH_PARTS_MAX - 1)
            path = STR_NONE;
        int r = url_decode(a, raw, false, &parts[n++]);
        if (r < 0)
            return r;
    }
    *ret_n = n;
    return 0;
}

bool query_bool(const struct query *q, const char *name) {
    if (!query_has(q, name))
        return false;
    str v = query_get(q, name);
    return !str_ieq(v, STR("false")) && !str_eqc(v, "0");
}

/* fieldSelector=metadata.name=x makes x the name that is asked about. */
static str selected_name(const struct query *q) {
    str s = query_get(q, "fieldSelector");
    str prefix = STR("metadata.name=");
    if (!str_starts(s, prefix) || str_chr(s, ',') >= 0)
        return STR_NONE;
    s = str_slice(s, prefix.n, s.n);
    return s.n && s.p[0] == '=' ? str_slice(s, 1, s.n) : s;
}

static void read_verb(struct request_info *i, const struct query *q) {
    if (i->name.n)
        return;
    if (str_eqc(i->verb, "get")) {
        i->verb = query_bool(q, "watch") ? STR("watch") : STR("list");
        i->name = selected_name(q);
    } else if (str_eqc(i->verb, "delete")) {
        i->verb = STR("deletecollection");
    }
}

static str join_rest(struct arena *a, const str *p, unsigned from, unsigned n) {
    return from < n ? str_join(a, p + from, n - from, STR("/")) : STR_NONE;
}

int route_parse(struct arena *a, str method, str path, const struct query *q,
                struct request_info *ret) {
    str all[PATH_PARTS_MAX], *p = all;
    unsigned n;
    *ret = (struct request_info){.verb = str_lower(a, method)};
    int r = split(a, path, all, &n);
    if (r < 0)
        return r;
    bool core = n && str_eqc(p[0], "api");
    if (n < 3 || (!core && !(str_eqc(p[0], "apis") && n >= 4)))
        return 0;
    ret->resource_request = true;
    ret->prefix = p[0];
    ret->group = core ? STR("") : p[1];
    ret->version = p[core ? 1 : 2];
    p += core ? 2 : 3;
    n -= core ? 2 : 3;
    ret->verb = verb_of_method(method);
    if ((str_eqc(p[0], "watch") || str_eqc(p[0], "proxy")) && n > 1) {
        ret->verb = p[0];
        p++;
        n--;
    }
    if (str_eqc(p[0], "namespaces") && n > 1) {
        ret->ns = p[1];
        if (n > 2 && !is_namespace_subresource(p[2])) {
            ret->scoped = true;
            p += 2;
            n -= 2;
        }
    }
    ret->parts = n;
    ret->resource = p[0];
    ret->name = n > 1 ? p[1] : STR_NONE;
    ret->subresource = n > 2 ? p[2] : STR_NONE;
    ret->rest = join_rest(a, p, 3, n);
    read_verb(ret, q);
    return 0;
}

static enum verb verb_at(const struct request_info *i, str method, bool collection) {
    if (str_eqc(i->verb, "watch") && !str_eqc(method, "GET"))
        return VERB_MAX;
    if (str_eqc(method, "HEAD"))
        return VERB_MAX;
    enum verb v = verb_of(i->verb);
    if (v == VERB_MAX)
        return v;
    bool of_collection =
        v == VERB_LIST || v == VERB_WATCH || v == VERB_CREATE || v == VERB_DELETECOLLECTION;
    bool of_one = !of_collection || v == VERB_WATCH; /* /watch/namespaces/n/pods/p */
    return (collection ? of_collection : of_one) ? v : VERB_MAX;
}

static enum route_result route_sub(const struct request_info *i, str method,
                                   const struct api_resource *r,
                                   const struct api_subresource **ret_sub, enum verb *ret_verb) {
    const struct api_subresource *sub = resource_sub(r, i->subresource);
    if (!sub || (i->rest.n && !str_eqc(i->subresource, "proxy")))
        return ROUTE_NOT_FOUND;
    bool passed_on = str_eqc(i->subresource, "proxy");
    enum verb v = passed_on && str_eqc(method, "OPTIONS") ? VERB_GET : verb_of(i->verb);
    if (str_eqc(method, "HEAD") && !passed_on)
        v = VERB_MAX;
    if (v == VERB_MAX || !(sub->verbs & VERB_BIT(v)))
        return ROUTE_METHOD;
    *ret_sub = sub;
    *ret_verb = v;
    return ROUTE_OK;
}

enum route_result route_resource(const struct served *s, const struct request_info *i, str method,
                                 const struct api_resource **ret,
                                 const struct api_subresource **ret_sub, enum verb *ret_verb) {
    const struct api_group *g = group_find(i->group);
    if (!g || !served_group(s, g))
        return ROUTE_NO_GROUP;
    const struct api_resource *r = resource_find(i->group, i->version, i->resource);
    if (!r || !served_has(s, r))
        return ROUTE_NOT_FOUND;
    *ret = r;
    *ret_sub = NULL;
    bool namespaced = resource_is(r, RESOURCE_NAMESPACED);
    if (i->scoped && !namespaced)
        return ROUTE_NOT_FOUND;
    if (i->parts > 2)
        return namespaced && !i->scoped ? ROUTE_NOT_FOUND
                                        : route_sub(i, method, r, ret_sub, ret_verb);
    bool collection = i->parts == 1;
    if (namespaced && !i->scoped && !collection)
        return ROUTE_NOT_FOUND;
    enum verb v = verb_at(i, method, collection);
    if (v == VERB_MAX || !resource_can(r, v))
        return ROUTE_METHOD;
    if (namespaced && !i->scoped && v != VERB_LIST && v != VERB_WATCH)
        return ROUTE_METHOD;
    *ret_verb = v;
    return ROUTE_OK;
}
