// SPDX-License-Identifier: Apache-2.0
/* What `coxswain server` and `coxswain dev` are told, and what follows from it. */
#pragma once

#include "base/env.h"
#include "server/flags.h"

struct server_config {
    const char *data_dir;   /* /var/lib/coxswain */
    const char *run_dir;    /* /run/coxswain */
    const char *kubeconfig; /* /etc/coxswain/kubeconfig.yaml */
    const char *log_dir;    /* of pods: /var/log/pods */
    const char *bind_address;
    int64_t port;
    const char *node_name, *node_ip;
    const char *pod_cidr, *service_cidr, *cluster_domain;
    const char *sandbox_image;
    const char *user; /* whom processes without need of root run as */
    bool no_agent;
    int64_t verbosity;

    /* Derived by server_config_complete. */
    bool dev;
    char api_url[128]; /* how components reach the API server */
    char listen[128];  /* transport address */
    char hostname[256];
    char detected_ip[64];
    uint32_t uid, gid; /* 0: stay as we are */
};

extern const struct flag server_flags[];
extern const struct flag dev_flags[];
int server_config_complete(struct server_config *c, struct err *e);
