// SPDX-License-Identifier: Apache-2.0
/* Leader election on a coordination.k8s.io Lease, as client-go's: lease 15 s, renew deadline 10 s,
 * retry 2 s. The clock of the holder's record is never compared with ours. */
#pragma once

#include "client/rest.h"

struct leader;
struct leader_options {
    struct rest_client *client;
    const char *ns, *name, *identity;
    void (*started)(void *ctx);
    void (*stopped)(void *ctx); /* lost: the component ends its work (usually its process) */
    void *ctx;
};
struct leader *leader_new(const struct leader_options *o);
/* Releases the lease when held: that write is left to the client, which should live until it is
 * idle. */
struct leader *leader_free(struct leader *l);
bool leader_is(const struct leader *l);
