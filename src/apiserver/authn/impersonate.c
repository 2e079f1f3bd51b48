// SPDX-License-Identifier: Apache-2.0
/* Impersonate-User and its siblings: the request goes on as somebody else, if the one who sends it
 * may "impersonate" each thing he claims to be. */
#include "apiserver/request.h"

#define SERVICE_ACCOUNT_PREFIX STR("system:serviceaccount:")

static bool may_impersonate(struct request *r, str group, const char *resource, str ns, str name,
                            str subresource) {
    struct attributes at = {.user = &r->user,
                            .verb = STR("impersonate"),
                            .resource_request = true,
                            .group = group,
                            .version = STR("v1"),
                            .resource = str_of(resource),
                            .subresource = subresource,
                            .ns = ns,
                            .name = name};
    str reason;
    return request_may(r, &at, &reason);
}

/* "system:serviceaccount:ns:name" */
static bool split_service_account(str user, str *ret_ns, str *ret_name) {
    if (!str_starts(user, SERVICE_ACCOUNT_PREFIX))
        return false;
    str rest = str_slice(user, SERVICE_ACCOUNT_PREFIX.n, user.n);
    *ret_ns = str_cut(&rest, ':');
    *ret_name = rest;
    return ret_ns->n && rest.n && str_chr(rest, ':') < 0;
}

/* Groups that come with the name when none are asked for. */
static void implied_groups(struct request *r, struct user *u, str ns, bool account) {
    if (account && u->groups.n == 0) {
        user_add_group(r->arena, u, STR("system:serviceaccounts"));
        user_add_group(r->arena, u,
                       str_printf(r->arena, "system:serviceaccounts:" STR_FMT, STR_ARG(ns)));
    }
    if (!user_in_group(u, GROUP_UNAUTHENTICATED))
        user_add_group(r->arena, u,
                       str_eq(u->name, USER_ANONYMOUS) ? GROUP_UNAUTHENTICATED
                                                       : GROUP_AUTHENTICATED);
}

static bool read_impersonation(struct request *r, struct user *u) {
    const str extra = STR("Impersonate-Extra-");
    bool ok = true;
    for (uint32_t i = 0; i < r->x->headers.n; i++) {
        const struct http_header *h = &r->x->headers.v[i];
        if (str_ieq(h->name, STR("Impersonate-Group"))) {
            user_add_group(r->arena, u, h->value);
            ok &= may_impersonate(r, STR_NONE, "groups", STR_NONE, h->value, STR_NONE);
        } else if (str_ieq(h->name, STR("Impersonate-Uid"))) {
            u->uid = h->value;
            ok &= may_impersonate(r, STR("authentication.k8s.io"), "uids", STR_NONE, h->value,
                                  STR_NONE);
        } else if (h->name.n > extra.n && str_ieq(str_slice(h->name, 0, extra.n), extra)) {
            struct strs_pair *p = list_push(r->arena, &u->extra);
            str raw = str_lower(r->arena, str_slice(h->name, extra.n, h->name.n));
            if (url_decode(r->arena, raw, false, &p->key) < 0)
                p->key = raw;
            *list_push(r->arena, &p->value) = h->value;
            ok &= may_impersonate(r, STR("authentication.k8s.io"), "userextras", STR_NONE, h->value,
                                  p->key);
        }
    }
    return ok;
}

/* Groups without a user: to go on as the caller himself would not be what was meant. */
static bool impersonates_nobody(const struct request *r) {
    for (uint32_t i = 0; i < r->x->headers.n; i++) {
        str name = r->x->headers.v[i].name;
        if (name.n > 12 && str_ieq(str_slice(name, 0, 12), STR("Impersonate-")) &&
            !str_ieq(name, STR("Impersonate-User")))
            return false;
    }
    return true;
}

enum phase_result request_impersonate(struct request *r) {
    str name = http_header_get(&r->x->headers, "Impersonate-User");
    if (!name.n)
        return impersonates_nobody(r) ? PHASE_NEXT
                                      : respond_text(r, 500,
                                                     str_printf(r->arena,
                                                                "Internal Server Error: \"" STR_FMT
                                                                "\": requested impersonation "
                                                                "without impersonating a user\n",
                                                                STR_ARG(r->x->target)));
    struct user u = {.name = name};
    str ns, account;
    bool is_account = split_service_account(name, &ns, &account);
    bool ok = is_account ? may_impersonate(r, STR_NONE, "serviceaccounts", ns, account, STR_NONE)
                         : may_impersonate(r, STR_NONE, "users", STR_NONE, name, STR_NONE);
    ok &= read_impersonation(r, &u);
    if (!ok) {
        struct attributes at = request_attributes(r);
        const char *mode = is_account                              ? "serviceaccount"
                           : str_starts(name, STR("system:node:")) ? "arbitrary-node"
                                                                   : "user-info";
        at.verb = str_printf(r->arena, "impersonate-on:%s:" STR_FMT, mode, STR_ARG(at.verb));
        return request_refuse(r, &at, STR_NONE);
    }
    implied_groups(r, &u, ns, is_account);
    r->user = u;
    return PHASE_NEXT;
}
