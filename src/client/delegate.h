// SPDX-License-Identifier: Apache-2.0
/* Who asks a component's own server, and whether they may: both are the API server's to say. A
 * client shows a certificate of the cluster's client CA, or a token, which is reviewed
 * (TokenReview); its rights are asked for (SubjectAccessReview). Nothing is remembered between two
 * requests. One loop, that of the client. */
#pragma once

#include "client/rest.h"
#include "net/server.h"

enum refusal {
    REFUSED_UNKNOWN, /* no credentials, or bad ones: 401 */
    REFUSED_RIGHT,   /* 403 */
    REFUSED_FAILED,  /* nobody could be asked: 500 */
};

struct delegate_user {
    str name;
    str_list groups;
};

struct delegate_ops {
    /* What x needs: resource or non-resource attributes into ret, memory of x->arena. attempt
     * counts from 0: when one right is refused the next is asked for. False: there are no more. */
    bool (*right)(void *ctx, struct exchange *x, unsigned attempt, SubjectAccessReviewSpec *ret);
    void (*serve)(void *ctx, struct exchange *x);
    /* Answers. who is what is known by then. */
    void (*refuse)(void *ctx, struct exchange *x, enum refusal why,
                   const struct delegate_user *who);
};

struct delegation {
    struct rest_client *client; /* the owner's */
    const struct delegate_ops *ops;
    void *ctx;
    bool anonymous; /* who shows nothing is system:anonymous, not refused */
    struct list reviews;
};
void delegation_init(struct delegation *d, struct rest_client *client,
                     const struct delegate_ops *ops, void *ctx);
/* Once the HTTP server is gone. */
void delegation_done(struct delegation *d);
/* Ends in serve or refuse, perhaps at once, unless x is aborted; x->ctx and x->on_abort are in use
 * until then. */
void delegate(struct delegation *d, struct exchange *x);

/* "get", "create", ...: what an HTTP method is as a verb of a resource. */
const char *delegate_verb(str method);
