// SPDX-License-Identifier: Apache-2.0
/* Who asks, and whether they may: the two questions of every request. Implementations (client
 * certificates, JWTs, RBAC) are given to the server as ops tables; a test gives its own. */
#pragma once

#include "api/types.h"
#include "net/server.h"

#define USER_ANONYMOUS        STR("system:anonymous")
#define GROUP_UNAUTHENTICATED STR("system:unauthenticated")
#define GROUP_AUTHENTICATED   STR("system:authenticated")
#define GROUP_MASTERS         STR("system:masters")

struct user {
    str name, uid;
    str_list groups;
    strs_map extra;
};

bool user_in_group(const struct user *u, str group);
/* Unless he is in it already; the list is copied into the arena. */
void user_add_group(struct arena *a, struct user *u, str group);

/* What is asked for, as upstream's authorizer.Attributes. */
struct attributes {
    const struct user *user;
    str verb; /* "get", "list", ...; for other paths the HTTP method in lower case */
    bool resource_request;
    str group, version, resource, subresource, ns, name;
    str path;           /* of what is no resource */
    str field_selector; /* of a list, watch or deletecollection, as given */
};

enum decision { DECISION_NO_OPINION, DECISION_ALLOW, DECISION_DENY, DECISION_MAX };

struct authn_ops {
    /* Fills *ret (memory of a): 0. -ENOENT: no credentials of a kind it knows. -EACCES: bad ones,
     * 401. The exchange gives certificate (x->peer) and headers. */
    int (*authenticate)(void *ctx, struct arena *a, struct exchange *x, struct user *ret);
};

struct authz_ops {
    /* *ret_reason (may be left empty) says why not, or by what right. */
    enum decision (*authorize)(void *ctx, struct arena *a, const struct attributes *at,
                               str *ret_reason);
};

/* Allow everything to everybody: tests. */
extern const struct authz_ops authz_allow_all;

/* The text behind "is forbidden: " of a refusal. */
str forbidden_text(struct arena *a, const struct attributes *at, str reason);
