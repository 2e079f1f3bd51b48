// SPDX-License-Identifier: Apache-2.0
/* Service accounts as users: the name and groups of one, and whether a token's objects still are
 * what they were when it was made. */
#pragma once

#include "apiserver/auth.h"
#include "apiserver/authn/claims.h"
#include "store/store.h"

#define SERVICE_ACCOUNT_USER  "system:serviceaccount:"
#define SERVICE_ACCOUNT_GROUP "system:serviceaccounts"
#define CREDENTIAL_ID         STR("authentication.kubernetes.io/credential-id")
#define CREDENTIAL_NODE_NAME  STR("authentication.kubernetes.io/node-name")
#define CREDENTIAL_NODE_UID   STR("authentication.kubernetes.io/node-uid")
#define CREDENTIAL_POD_NAME   STR("authentication.kubernetes.io/pod-name")
#define CREDENTIAL_POD_UID    STR("authentication.kubernetes.io/pod-uid")

str service_account_user(struct arena *a, str ns, str name);
/* now: seconds since 1970. -EACCES and why: account, pod, secret or node is gone, or another of
 * the same name. */
int service_account_check(struct arena *a, struct store *s, const struct claims *c, int64_t now,
                          struct err *e);
/* The user a checked token stands for. */
struct user service_account_of(struct arena *a, const struct claims *c);
void user_add_extra(struct arena *a, struct user *u, str key, str value);
