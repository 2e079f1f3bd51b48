// SPDX-License-Identifier: Apache-2.0
/* A pod in the runtime's words: the sandbox's and the containers' configuration. Pure but for the
 * files it names; pod_files.c makes those. */
#pragma once

#include "api/cri.h"
#include "kubelet/host/host.h"
#include "kubelet/pod_env.h"
#include "kubelet/runtime_view.h"

/* What does not change from pod to pod. */
struct node_config {
    const char *root_dir; /* "/var/lib/kubelet" */
    const char *log_dir;  /* "/var/log/pods" */
    const char *cgroup_root;
    const char *node_name;
    const char *cluster_domain;
    str cluster_dns; /* empty: there is none */
    str resolv_conf; /* the machine's, text */
    const str *host_ips;
    size_t n_host_ips;
    int64_t memory_capacity;
    const str_map *allocatable;
};

#define DNS_SERVERS_MAX  3
#define DNS_SEARCHES_MAX 32
#define HOSTNAME_MAX     63

str pod_dir(struct arena *a, const struct node_config *n, str uid); /* root/pods/UID */
str pod_hostname(struct arena *a, const Pod *p);
bool pod_uses_cluster_dns(const struct node_config *n, const Pod *p);
void pod_dns(struct arena *a, const struct node_config *n, const Pod *p, cri_DNSConfig *ret);

void sandbox_config(struct arena *a, const struct node_config *n, const Pod *p, uint32_t attempt,
                    cri_PodSandboxConfig *ret);

struct container_args {
    const struct node_config *node;
    const Pod *pod;
    const Container *container;
    uint32_t attempt;
    str image_ref;
    const struct env_list *env;
    str termination_file; /* host path, empty: none */
    str hosts_file;       /* host path of the managed /etc/hosts, empty: none */
};
/* Host paths of mounts come from volume_path() and, with a subPath, container_subpath(). */
int container_config(struct arena *a, const struct container_args *args, cri_ContainerConfig *ret,
                     struct err *e);
/* Where the i-th mount's subPath is bound. */
str container_subpath(struct arena *a, const struct node_config *n, const Pod *p,
                      const Container *c, uint32_t i);
/* subPath, or subPathExpr with the environment put in; empty when there is none. */
str mount_subpath(struct arena *a, const struct VolumeMount *m, const struct env_list *env);
/* Text of the managed hosts file. */
str hosts_file_text(struct arena *a, const struct node_config *n, const Pod *p, const str *ips,
                    size_t n_ips, str machines);

/* pod_security.c */
void sandbox_security(struct arena *a, const Pod *p, cri_LinuxSandboxSecurityContext *ret);
int container_security(struct arena *a, const Pod *p, const Container *c,
                       cri_LinuxContainerSecurityContext *ret, struct err *e);
/* runAsNonRoot against the image's user (uid < 0: unknown, name may say); text as upstream's. */
int check_non_root(const Pod *p, const Container *c, int64_t image_uid, str image_user,
                   struct err *e);
