// SPDX-License-Identifier: Apache-2.0
/* Identity and access of an API server, bundled: who asks (proxies, certificates, bearer tokens),
 * whether they may (system:masters, nodes, RBAC), the signer of service account tokens, and the
 * policy that is there from the start. One loop: the store's. */
#pragma once

#include "apiserver/apiserver.h"
#include "apiserver/authn/bearer.h"
#include "apiserver/authz/node.h"
#include "apiserver/authz/rbac.h"

#define ACCESS_ISSUER "https://kubernetes.default.svc.cluster.local"

struct access_options {
    str token_key; /* PEM: the key that signs tokens, others whose tokens are believed; empty: no
                      tokens */
    str issuer;    /* empty: ACCESS_ISSUER */
    str_list audiences; /* of the API server; none: the issuer */
    str external_url;   /* where clients find the server ("https://10.0.0.1:6443"), for OpenID
                         * discovery; empty: the issuer */
    struct request_header proxies; /* who may speak for others; as long as the access lives */
};

struct access {
    struct arena arena;
    struct loop *loop;
    struct store *store;
    struct token_signer *signer; /* NULL: no key */
    struct authenticator authenticator;
    struct rbac *rbac;
    struct node_authorizer *nodes;
    str external_url;
};

int access_new(struct loop *l, struct store *s, const struct access_options *o, struct err *e,
               struct access **ret);
/* After the server that it was attached to. */
struct access *access_free(struct access *a);
DEFINE_CLEANUP(struct access *, access_free)

/* For struct apiserver_options; the contexts are the struct access itself. */
extern const struct authn_ops access_authn_ops;
extern const struct authz_ops access_authz_ops;

/* Hangs it on the server (tokens, reviews) and proposes the default policy; /readyz waits for it.
 */
void access_attach(struct access *a, struct apiserver *s);
