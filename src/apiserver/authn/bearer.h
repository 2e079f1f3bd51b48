// SPDX-License-Identifier: Apache-2.0
/* All authenticators as one, in upstream's order: a proxy that speaks for somebody, client
 * certificate, bearer token (service account, bootstrap). The first that knows the caller decides;
 * a credential that nobody accepts is an error, none at all is not. */
#pragma once

#include "apiserver/auth.h"
#include "apiserver/authn/request_header.h"
#include "apiserver/authn/signer.h"
#include "store/store.h"

struct authenticator {
    struct loop *loop;
    struct store *store;
    struct token_signer *signer; /* NULL: no service account tokens */
    struct request_header proxies;
};

/* ctx is a struct authenticator. */
extern const struct authn_ops authenticator_ops;

struct token_answer {
    struct user user;
    str_list audiences; /* those asked for that the token is good for */
    str error;          /* what a TokenReview says of a token that is not accepted */
};
/* audiences: what the token must be good for, at least one of them. -EACCES: not accepted. */
int token_authenticate(const struct authenticator *au, struct arena *a, str token,
                       const str_list *audiences, struct token_answer *ret);
/* What a token of a request without other wishes must be good for. */
str_list authenticator_audiences(const struct authenticator *au);
