// SPDX-License-Identifier: Apache-2.0
/* ConfigMap kube-system/extension-apiserver-authentication: how servers behind ours (aggregated
 * APIs, metrics) tell callers. Its keys are upstream's. */
#pragma once

#include "apiserver/apiserver.h"
#include "apiserver/authn/request_header.h"

struct trust {
    str client_ca; /* PEM: whose client certificates are users */
    str proxy_ca;  /* PEM: whose holders may speak for others; empty: nobody may */
    const struct request_header *proxies; /* which of them, and in which headers */
};
/* Proposes it, or puts it right; /readyz waits for it. */
void trust_publish(struct apiserver *s, const struct trust *t);
