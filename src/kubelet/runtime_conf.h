// SPDX-License-Identifier: Apache-2.0
/* What the container runtime is told: containerd's config.toml and the CNI network, as texts made
 * from facts about the machine. Pure; who starts the runtime writes them where the paths say.
 *
 * On a machine with hybrid cgroups (v1 controllers and a cgroup2 mount beside) crun refuses to
 * work, so runtime and kubelet live together in a mount namespace without that mount: see
 * host_mounts_enter() in kubelet/host/host.h, which the supervisor calls before it starts either.
 */
#pragma once

#include "base/buf.h"

enum cgroup_mode { CGROUP_V1, CGROUP_V2, CGROUP_HYBRID, CGROUP_MODE_MAX };

/* host_runtime_facts() finds these out. */
struct runtime_facts {
    enum cgroup_mode cgroup;
    bool cap_sys_resource; /* oom_score_adj may fall */
    bool hugetlb;          /* the controller is usable */
    bool apparmor;
    bool iptables; /* masquerading and host ports work */
};

struct runtime_conf {
    const char *root, *state, *socket; /* containerd's own */
    const char *runtime_binary;        /* "crun", "runc" or a path */
    const char *sandbox_image;
    const char *cni_conf_dir, *cni_bin_dir;
    const char *registry_dir; /* certs.d, or NULL */
};

/* containerd 1.6 and 1.7 (config version 2). */
void runtime_containerd_toml(struct buf *b, const struct runtime_conf *c,
                             const struct runtime_facts *f);

struct cni_conf {
    str name;             /* of the network: "coxswain" */
    const char *bridge;   /* "cni0" */
    const str *pod_cidrs; /* one, or one of each family */
    size_t n_pod_cidrs;
    const char *data_dir; /* where host-local keeps its leases */
};
/* A conflist: bridge with host-local addresses, and host ports. The loopback interface is the
 * runtime's own doing. */
void runtime_cni_conflist(struct buf *b, const struct cni_conf *c, const struct runtime_facts *f);

/* The file name it goes under in cni_conf_dir. */
#define CNI_CONFLIST_NAME "10-coxswain.conflist"
