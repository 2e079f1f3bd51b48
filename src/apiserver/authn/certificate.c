// SPDX-License-Identifier: Apache-2.0
#include "apiserver/authn/certificate.h"

#include "apiserver/authn/service_account.h"

static int authenticate(void *ctx, struct arena *a, struct exchange *x, struct user *ret) {
    const struct tls_peer *p = x->peer;
    if (!p)
        return -ENOENT;
    if (!p->verified)
        return -EACCES;
    if (!p->cn.n)
        return -ENOENT;
    struct user u = {.name = str_dup(a, p->cn)};
    u.groups.v = arena_array(a, p->n_orgs + 1, sizeof(str));
    for (size_t i = 0; i < p->n_orgs; i++)
        u.groups.v[u.groups.n++] = str_dup(a, p->orgs[i]);
    if (p->cert_sha256_hex.n)
        user_add_extra(a, &u, CREDENTIAL_ID, str_concat(a, STR("X509SHA256="), p->cert_sha256_hex));
    *ret = u;
    return 0;
}

const struct authn_ops certificate_ops = {.authenticate = authenticate};
