// SPDX-License-Identifier: Apache-2.0
/* Requests that a node answers: logs, exec, attach, port-forward. */
#pragma once

#include "apiserver/request.h"

struct kubelet_ops {
    /* Streams the log of a container from the pod's node to the client (query as received), as a
     * phase of r. */
    enum phase_result (*log)(void *ctx, struct request *r, const Pod *p, str container);
    /* exec, attach, portforward (r->sub): joins the client's stream to the node's. */
    enum phase_result (*stream)(void *ctx, struct request *r, const Pod *p, str container);
};

/* Where a pod's kubelet is asked. Checks the pod and the container as upstream does, and answers
 * by itself when there is nothing to ask (then NULL). */
const Pod *kubelet_pod(struct request *r, str container, str *ret_container);
