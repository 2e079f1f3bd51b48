// SPDX-License-Identifier: Apache-2.0
/* The API server speaking to kubelets: HTTPS to the node's InternalIP, with a client certificate of
 * its own, the kubelet's serving certificate verified. Connections are kept per node. */
#pragma once

#include "apiserver/connect/kubelet_proxy.h"

#define KUBELET_NODES_MAX 4096 /* nodes with a connection pool at a time */

struct kubelet_client;
struct kubelet_client_options {
    struct store *store;   /* where nodes are looked up */
    str cert_pem, key_pem; /* who we are */
    str ca_pem; /* who signs kubelets; empty: any is believed, as upstream's default has it */
};
int kubelet_client_new(struct loop *l, const struct kubelet_client_options *o, struct err *e,
                       struct kubelet_client **ret);
/* The certificate was renewed. */
int kubelet_client_set_identity(struct kubelet_client *k, str ca_pem, str cert_pem, str key_pem,
                                struct err *e);
/* After the API server that uses it. */
struct kubelet_client *kubelet_client_free(struct kubelet_client *k);
extern const struct kubelet_ops kubelet_client_ops; /* ctx: the struct kubelet_client */
