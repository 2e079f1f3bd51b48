// SPDX-License-Identifier: Apache-2.0
/* What `coxswain server` and `coxswain dev` are told, and what follows from it. */
#pragma once

#include "base/env.h"
#include "server/flags.h"

struct server_config {
    const char *config;     /* a file with the same flags; NULL: none */
    const char *data_dir;   /* /var/lib/coxswain */
    const char *run_dir;    /* /run/coxswain */
    const char *kubeconfig; /* /etc/coxswain/kubeconfig.yaml */
    const char *log_dir;    /* of pods: /var/log/pods */
    const char *bind_address;
    int64_t port;
    const char *node_name, *node_ip;
    const char *pod_cidr, *service_cidr, *cluster_domain;
    const char *advertise_address; /* where pods find the API server; that of the node by default */
    const char *sandbox_image;
    const char *user; /* whom processes without need of root run as */
    bool no_agent;
    const char *join_server, *join_token, *join_token_file; /* coxswain agent */
    int64_t verbosity;

    /* Components that run by themselves (kube-apiserver, kubelet, ...): upstream's flags. */
    const char *api_kubeconfig; /* how to reach the API server, and as whom */
    const char *tls_cert_file, *tls_key_file, *client_ca_file, *root_ca_file;
    const char *kubelet_cert_file, *kubelet_key_file, *kubelet_ca_file;
    /* Proxies that speak for users: their CA, and what they are called and say, with commas. */
    const char *proxy_ca_file, *proxy_names;
    const char *proxy_user_headers, *proxy_uid_headers, *proxy_group_headers, *proxy_extra_prefixes;
    const char *token_key_file, *token_issuer;
    struct flag_strs token_key_files;         /* of keys whose tokens are believed beside */
    int64_t shutdown_delay;                   /* ns */
    int64_t signing_duration;                 /* ns; of certificates that are asked for */
    const char *goaway_chance;                /* a fraction, up to 0.02 */
    const char *admission_on, *admission_off; /* names of plugins with commas between */
    const char *runtime_config;               /* API versions on and off */
    const char *feature_gates;                /* api/feature_gates.h */
    const char *runtime_endpoint, *kubelet_dir;
    const char *cgroup_root; /* above kubepods */
    int64_t kubelet_port;
    int64_t diagnostics_port; /* of controller manager and scheduler; 0: none */
    bool leader_elect;

    /* Derived by server_config_complete. */
    bool dev;
    char api_url[128]; /* how components reach the API server */
    char listen[128];  /* transport address */
    char hostname[256];
    char detected_ip[64];
    uint32_t goaway_per_million;
    uint32_t uid, gid; /* 0: stay as we are */
};

extern const struct flag server_flags[], agent_flags[], dev_flags[];
extern const struct flag kube_apiserver_flags[], kube_scheduler_flags[],
    kube_controller_manager_flags[], kubelet_flags[];
int server_config_complete(struct server_config *c, struct err *e);
/* The same for `coxswain agent` and for a component by itself. */
int agent_config_complete(struct server_config *c, struct err *e);
int component_config_complete(struct server_config *c, struct err *e);
