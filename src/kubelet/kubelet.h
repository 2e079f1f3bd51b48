// SPDX-License-Identifier: Apache-2.0
/* The kubelet: one process. `coxswain server` and `coxswain agent` start it beside a containerd of
 * their own (kubelet/runtime.h); any CRI v1 runtime will do. */
#pragma once

#include "api/version.h"
#include "base/err.h"

struct kubelet;
struct loop;
struct rest_client;

struct kubelet_options {
    struct rest_client *client;  /* whose identity the owner renews; NULL: made from what follows */
    const char *server;          /* "https://127.0.0.1:6443" */
    str ca_pem;                  /* signs the API server */
    str client_cert, client_key; /* CN system:node:NAME, O system:nodes */
    str serving_cert, serving_key;
    str client_ca; /* signs those who speak to us */

    const char *node_name;
    const char *node_ip;     /* NULL: found out */
    const char *listen;      /* transport address, "tcp:0.0.0.0:10250"; NULL: nothing is served */
    int port;                /* shown in the node's status */
    const char *root_dir;    /* "/var/lib/kubelet" */
    const char *log_dir;     /* "/var/log/pods" */
    const char *runtime;     /* "unix:/run/coxswain/containerd.sock" */
    const char *cgroup_root; /* "" or "/coxswain": above kubepods */
    const char *cluster_dns; /* IP or NULL */
    const char *cluster_domain; /* "cluster.local" */

    /* The network's configuration is ours to write when cni_conf_dir is set. The node's
     * spec.podCIDR is used where pod_cidr is NULL. */
    const char *cni_conf_dir, *cni_data_dir, *cni_bridge, *pod_cidr;

    /* Archives to import at start; NULL: none. ctr speaks to the runtime's own socket. */
    const char *images_dir, *ctr, *ctr_socket;

    /* Further labels of the node, "a=b,c=d"; NULL: none. */
    const char *node_labels;
    /* Once, when the node is registered and the runtime answers; NULL: nobody asks. */
    void (*ready)(void *ctx);
    void *ready_ctx;
};

/* On a loop of the caller's. Strings of the options must outlive it; PEMs are copied. */
int kubelet_new(struct loop *l, const struct kubelet_options *o, struct err *e,
                struct kubelet **ret);
/* New sessions are served with the renewed certificate. */
int kubelet_set_serving(struct kubelet *k, str cert, str key, str client_ca, struct err *e);
/* Pods go on running. */
struct kubelet *kubelet_free(struct kubelet *k);

#define KUBELET_VERSION  API_GIT_VERSION
#define KUBELET_PODS_MAX 110
