// SPDX-License-Identifier: Apache-2.0
/* Who may do what:
 *
 *     authn/bearer.c      proxy, certificate, token -> struct user
 *     authz/node.c        what a kubelet may, from the pods that are bound to its node
 *     authz/rbac.c        roles and bindings of the store, indexed by subject
 *     authz/policy.c      the roles and bindings that are there from the start
 *     admission/          escalation.c and node_restriction.c: what depends on the object written
 *     sub_*.c, openid.c   tokens and reviews over the API
 *
 * The authorizers are asked in turn; the first that allows decides. None of them denies, so the
 * reasons of all are told when nobody allows. */
#include "apiserver/access.h"

#include <stdlib.h>

#include "apiserver/authz/policy.h"

static int make_signer(const struct access_options *o, struct err *e, struct token_signer **ret) {
    if (!o->token_key.n)
        return 0;
    struct token_signer_options so = {.key_pem = o->token_key,
                                      .issuer = o->issuer.n ? o->issuer : STR(ACCESS_ISSUER),
                                      .audiences = o->audiences};
    int r = token_signer_new(&so, e, ret);
    if (r < 0)
        err_prefix(e, "key of the service account tokens");
    return r;
}

static int start(struct access *a, const struct access_options *o, struct err *e) {
    int r = make_signer(o, e, &a->signer);
    if (r < 0)
        return r;
    a->authenticator = (struct authenticator){a->loop, a->store, a->signer, o->proxies};
    r = rbac_new(a->loop, a->store, &a->rbac);
    if (r < 0)
        return err_set(e, r, "reading the access policy: %s", strerror(-r));
    r = node_authorizer_new(a->loop, a->store, &a->nodes);
    if (r < 0)
        return err_set(e, r, "reading the pods of nodes: %s", strerror(-r));
    return 0;
}

int access_new(struct loop *l, struct store *s, const struct access_options *o, struct err *e,
               struct access **ret) {
    struct access *a = xcalloc(1, sizeof(*a));
    a->loop = l;
    a->store = s;
    arena_init(&a->arena, 0);
    str url = o->external_url.n ? o->external_url : o->issuer.n ? o->issuer : STR(ACCESS_ISSUER);
    a->external_url = str_dup(&a->arena, url);
    int r = start(a, o, e);
    if (r < 0)
        access_free(a);
    else
        *ret = a;
    return r;
}

struct access *access_free(struct access *a) {
    if (!a)
        return NULL;
    node_authorizer_free(a->nodes);
    rbac_free(a->rbac);
    token_signer_free(a->signer);
    arena_done(&a->arena);
    free(a);
    return NULL;
}

static int authenticate(void *ctx, struct arena *a, struct exchange *x, struct user *ret) {
    struct access *c = ctx;
    return authenticator_ops.authenticate(&c->authenticator, a, x, ret);
}

const struct authn_ops access_authn_ops = {.authenticate = authenticate};

static enum decision authorize(void *ctx, struct arena *a, const struct attributes *at,
                               str *ret_reason) {
    struct access *c = ctx;
    str first = STR_NONE, second = STR_NONE;
    *ret_reason = STR_NONE;
    /* system:masters is upstream's privileged group: allowed before any authorizer is asked. */
    if (user_in_group(at->user, GROUP_MASTERS))
        return DECISION_ALLOW;
    if (node_authorizer_ops.authorize(c->nodes, a, at, &first) == DECISION_ALLOW)
        return DECISION_ALLOW;
    enum decision d = rbac_ops.authorize(c->rbac, a, at, &second);
    bool both = first.n && second.n && d != DECISION_ALLOW;
    if (both)
        *ret_reason = str_printf(a, STR_FMT "\n" STR_FMT, STR_ARG(first), STR_ARG(second));
    else
        *ret_reason = d == DECISION_ALLOW || second.n ? second : first;
    return d;
}

const struct authz_ops access_authz_ops = {.authorize = authorize};

void access_attach(struct access *a, struct apiserver *s) {
    s->access = a;
    policy_bootstrap(s);
    apiserver_bootstraps(s, "poststarthook/rbac/bootstrap-roles");
}
