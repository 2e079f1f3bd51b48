// SPDX-License-Identifier: Apache-2.0
/* The kubelet's own API, shared by server.c (routes, who may) and server_logs.c. */
#pragma once

#include "client/delegate.h"
#include "kubelet/kubelet_internal.h"
#include "net/server.h"

struct kubelet_server {
    struct kubelet *k;
    struct tls_config *tls;
    struct http_server *http;
    struct delegation delegation; /* requests whose right is being asked for */
    struct list streams;          /* struct log_stream */
    struct host_follower *follower;
};

void answer_text(struct exchange *x, int status, const char *fmt, ...) PRINTF(3, 4);
/* GET /containerLogs/NAMESPACE/POD/CONTAINER; rest is what stands behind "/containerLogs/". */
void serve_logs(struct kubelet_server *s, struct exchange *x, str rest);
void log_streams_end(struct kubelet_server *s);
/* Something about the pod's containers may have changed; s may be NULL. */
void log_streams_look(struct kubelet_server *s, str uid);
