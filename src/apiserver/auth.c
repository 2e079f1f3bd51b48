// SPDX-License-Identifier: Apache-2.0
/* What is common to every authenticator and authorizer. */
#include "apiserver/auth.h"

bool user_in_group(const struct user *u, str group) {
    for (uint32_t i = 0; i < u->groups.n; i++)
        if (str_eq(u->groups.v[i], group))
            return true;
    return false;
}

void user_add_group(struct arena *a, struct user *u, str group) {
    if (user_in_group(u, group))
        return;
    str *v = arena_array(a, u->groups.n + 1, sizeof(str));
    if (u->groups.n)
        memcpy(v, u->groups.v, u->groups.n * sizeof(str));
    v[u->groups.n] = group;
    u->groups = (str_list){v, u->groups.n + 1};
}

static enum decision allow(void *ctx, struct arena *a, const struct attributes *at,
                           str *ret_reason) {
    *ret_reason = STR_NONE;
    return DECISION_ALLOW;
}

const struct authz_ops authz_allow_all = {.authorize = allow};

str forbidden_text(struct arena *a, const struct attributes *at, str reason) {
    str tail = reason.n ? str_printf(a, ": " STR_FMT, STR_ARG(reason)) : STR_NONE;
    if (!at->resource_request)
        return str_printf(a, "User \"" STR_FMT "\" cannot " STR_FMT " path \"" STR_FMT "\"" STR_FMT,
                          STR_ARG(at->user->name), STR_ARG(at->verb), STR_ARG(at->path),
                          STR_ARG(tail));
    str resource = at->resource;
    if (at->subresource.n)
        resource =
            str_printf(a, STR_FMT "/" STR_FMT, STR_ARG(at->resource), STR_ARG(at->subresource));
    str where = at->ns.n ? str_printf(a, "in the namespace \"" STR_FMT "\"", STR_ARG(at->ns))
                         : STR("at the cluster scope");
    return str_printf(a,
                      "User \"" STR_FMT "\" cannot " STR_FMT " resource \"" STR_FMT
                      "\" in API group \"" STR_FMT "\" " STR_FMT STR_FMT,
                      STR_ARG(at->user->name), STR_ARG(at->verb), STR_ARG(resource),
                      STR_ARG(at->group), STR_ARG(where), STR_ARG(tail));
}
