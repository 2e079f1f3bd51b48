// SPDX-License-Identifier: Apache-2.0
/* A throw-away control plane: store, CA and keys in memory, nothing on disk but the kubeconfig,
 * which goes with it. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kubelet/host/host.h"
#include "server/cluster.h"
#include "server/commands.h"

static void on_ready(const struct server_config *c, int64_t took_ns) {
    printf("ready in %lld ms: KUBECONFIG=%s\n", (long long)(took_ns / NSEC_PER_MSEC),
           c->kubeconfig);
    fflush(stdout);
}

int cmd_dev(int argc, char **argv) {
    struct server_config c = {.dev = true, .no_agent = true};
    char folder[] = "/tmp/coxswain-dev-XXXXXX", path[64];
    int status;
    if (!command_flags(dev_flags, &c, server_config_complete, argc, argv, &status))
        return status;
    umask(077);
    bool own = !c.kubeconfig[0];
    if (own) {
        if (!mkdtemp(folder)) {
            perror("coxswain dev: a temporary folder");
            return 1;
        }
        snprintf(path, sizeof(path), "%s/kubeconfig.yaml", folder);
        c.kubeconfig = path;
    }
    c.uid = c.gid = 0; /* whoever started us keeps it all */
    status = cluster_run(&c, on_ready);
    unlink(c.kubeconfig);
    if (own)
        host_remove_tree(folder); /* with what a writer that was ended has left in it */
    return status;
}
