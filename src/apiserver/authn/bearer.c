// SPDX-License-Identifier: Apache-2.0
#include "apiserver/authn/bearer.h"

#include "apiserver/authn/bootstrap_token.h"
#include "apiserver/authn/certificate.h"
#include "apiserver/authn/service_account.h"
#include "base/base64.h"
#include "net/websocket.h"

#define NO_TOKEN_OF_OURS "invalid bearer token"

str_list authenticator_audiences(const struct authenticator *au) {
    return au->signer ? *token_signer_audiences(au->signer) : (str_list){NULL, 0};
}

/* As Go prints a list of strings with %q. */
static str quoted_list(struct arena *a, const str_list *l) {
    str out = STR("[");
    for (uint32_t i = 0; i < l->n; i++)
        out = str_printf(a, STR_FMT "%s\"" STR_FMT "\"", STR_ARG(out), i ? " " : "",
                         STR_ARG(l->v[i]));
    return str_concat(a, out, STR("]"));
}

static int service_account(const struct authenticator *au, struct arena *a, str token,
                           const str_list *audiences, struct token_answer *ret, struct err *e) {
    struct claims c;
    int64_t now = loop_wall(au->loop) / NSEC_PER_SEC;
    int r = token_verify(au->signer, a, token, &c, e);
    if (r < 0)
        return r;
    str_list good = claims_intersect(a, &c.aud, audiences);
    if (!good.n)
        return err_set(e, -EACCES,
                       "token audiences " STR_FMT " is invalid for the target audiences " STR_FMT,
                       STR_ARG(quoted_list(a, &c.aud)), STR_ARG(quoted_list(a, audiences)));
    r = claims_check_times(&c, now, e);
    if (r == 0)
        r = service_account_check(a, au->store, &c, now, e);
    if (r < 0)
        return r;
    ret->user = service_account_of(a, &c);
    ret->audiences = good;
    return 0;
}

int token_authenticate(const struct authenticator *au, struct arena *a, str token,
                       const str_list *audiences, struct token_answer *ret) {
    struct err e = {0};
    *ret = (struct token_answer){.error = STR(NO_TOKEN_OF_OURS)};
    int r = au->signer ? service_account(au, a, token, audiences, ret, &e) : -ENOENT;
    if (r == -ENOENT) {
        /* These know no audience: they are good for the server's own. */
        str_list own = authenticator_audiences(au);
        ret->audiences = claims_intersect(a, &own, audiences);
        if (own.n && !ret->audiences.n)
            return -EACCES;
        r = bootstrap_token_authenticate(a, au->store, token, loop_wall(au->loop), &ret->user);
        return r < 0 ? -EACCES : 0;
    }
    if (r < 0) {
        ret->error = str_printf(a, "[" NO_TOKEN_OF_OURS ", %s]", e.text);
        return -EACCES;
    }
    return 0;
}

#define PROTOCOL_PREFIX STR("base64url.bearer.authorization.k8s.io.")

/* A browser cannot set Authorization on a WebSocket, so its token may stand among the subprotocols,
 * beside at least one that is meant; it is taken out, so that nobody is shown it or chooses it.
 * -ENOENT: there is none; -EACCES: not one that can be read. */
static int protocol_token(struct arena *a, struct exchange *x, str *ret) {
    str found = STR_NONE, others = STR_NONE;
    struct http_header *h = NULL;
    if (!websocket_wanted(&x->headers))
        return -ENOENT;
    for (uint32_t i = 0; i < x->headers.n && !h; i++)
        if (str_ieq(x->headers.v[i].name, STR("Sec-WebSocket-Protocol")))
            h = &x->headers.v[i];
    for (str rest = h ? h->value : STR_NONE; rest.n;) {
        str one = str_trim(str_cut(&rest, ','));
        if (!str_starts(one, PROTOCOL_PREFIX)) {
            others = str_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(others), others.n ? ", " : "",
                                STR_ARG(one));
        } else if (found.n) {
            return -EACCES;
        } else {
            found = str_slice(one, PROTOCOL_PREFIX.n, one.n);
        }
    }
    if (!found.n)
        return -ENOENT;
    if (!others.n || base64_decode_in(a, found, BASE64_URL | BASE64_RAW, ret) < 0 ||
        !utf8_valid(*ret))
        return -EACCES;
    h->value = others;
    return 0;
}

/* -ENOENT when the request has none. */
static int bearer_token(struct arena *a, struct exchange *x, str *ret) {
    str rest = http_header_get(&x->headers, "Authorization");
    rest = str_trim(rest);
    str scheme = str_cut(&rest, ' ');
    if (str_ieq(scheme, STR("bearer")) && rest.n) {
        *ret = str_cut(&rest, ' ');
        return ret->n ? 0 : -ENOENT;
    }
    return protocol_token(a, x, ret);
}

static int ask_all(const struct authenticator *au, struct arena *a, struct exchange *x,
                   struct user *ret) {
    if (request_header_authenticate(&au->proxies, a, x, ret) == 0)
        return 0;
    int r = certificate_ops.authenticate(NULL, a, x, ret);
    if (r == 0)
        return 0;
    str token;
    int has = bearer_token(a, x, &token);
    if (has < 0)
        return has == -ENOENT ? r : has;
    struct token_answer answer;
    str_list audiences = authenticator_audiences(au);
    if (token_authenticate(au, a, token, &audiences, &answer) < 0)
        return -EACCES;
    *ret = answer.user;
    return 0;
}

static int authenticate(void *ctx, struct arena *a, struct exchange *x, struct user *ret) {
    const struct authenticator *au = ctx;
    int r = ask_all(au, a, x, ret);
    request_header_strip(&au->proxies, x);
    return r;
}

const struct authn_ops authenticator_ops = {.authenticate = authenticate};
