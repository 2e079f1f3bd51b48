// SPDX-License-Identifier: Apache-2.0
/* Who a joined node is. With a join token it gets a client certificate (once), with that a serving
 * certificate, and from then on it renews both by itself, with a third of their time left. All of
 * it goes over the API (csr_ask.h) and lies in a folder (0700): server-ca.crt   the API server's
 * CA, found by the token's hash client.pem      certificate, the CA that signed it (and so signs
 * who speaks to us), key serving.pem     certificate, its CA, key client.key, serving.key   of a
 * request on its way: one that was cut off is taken up again The wall clock is looked at every few
 * hours only, so that it may be set. One loop. */
#pragma once

#include "loop/loop.h"
#include "server/identity.h"
#include "server/join_token.h"

#define NODE_IDENTITY_DIR "agent/pki" /* in the data folder */

struct node_identity_options {
    const char *dir;
    const char *server;    /* URL of the API server */
    const char *node;      /* the name of the node */
    const char *addresses; /* further names and IPs of the serving certificate, ',' between */
    const struct join_token *token; /* NULL: it has joined before */
    /* Complete: once after the start, and at each renewal. May be NULL. */
    void (*changed)(void *ctx);
    /* It cannot go on: -EACCES: the token is not, or no longer, accepted; -EPROTO: the server is
     * not the token's; -EEXIST: the node exists; others. Only before it is complete; afterwards
     * failures are logged and tried again. The owner frees, later. */
    void (*failed)(void *ctx, int r, const struct err *e);
    void *ctx;
};
struct node_identity;
int node_identity_new(struct loop *l, const struct node_identity_options *o, struct err *e,
                      struct node_identity **ret);
struct node_identity *node_identity_free(struct node_identity *n);
bool node_identity_complete(const struct node_identity *n);
/* The kubelet's. Valid until the loop runs on. */
struct identity node_identity_get(const struct node_identity *n);
