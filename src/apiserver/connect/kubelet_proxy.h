// SPDX-License-Identifier: Apache-2.0
/* Requests that a node answers: logs, exec, attach, port-forward, and its own paths (nodes/proxy).
 */
#pragma once

#include "apiserver/request.h"
#include "net/tls.h"

struct kubelet_location {
    str ip;
    int port;
    struct tls_config *tls; /* borrowed; NULL: plain (tests) */
    bool websockets;        /* the node declares ExtendWebSocketsToKubelet: streams need no SPDY */
};

struct kubelet_ops {
    /* Streams the log of a container from the pod's node to the client (query as received), as a
     * phase of r. */
    enum phase_result (*log)(void *ctx, struct request *r, const Pod *p, str container);
    /* Where a node's kubelet listens, and how to speak to it. -ENOENT: no such node;
     * -EADDRNOTAVAIL: it names no address. */
    int (*locate)(void *ctx, struct arena *a, str node, struct kubelet_location *ret);
};

/* The pod a request names, or NULL when there is none (answered). */
const Pod *kubelet_pod(struct request *r);
/* The container that is meant, checked as upstream does; answers by itself when there is none. */
bool kubelet_container(struct request *r, const Pod *p, str container, str *ret);
/* The node's kubelet; answers by itself when it cannot be had. */
bool kubelet_locate(struct request *r, str node, struct kubelet_location *ret);
