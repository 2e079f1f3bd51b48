// SPDX-License-Identifier: Apache-2.0
/* kube-apiserver, kube-scheduler, kube-controller-manager and kubelet by themselves: the processes
 * of a cluster without its supervisor, with their identities in files. */
#include <stdio.h>
#include <sys/stat.h>

#include "server/commands.h"
#include "server/proc.h"

/* A flag that must be given. */
struct needed {
    const char *name;
    const char *value;
};

static int run(const struct flag *flags, struct server_config *c, int (*proc)(const void *, int),
               int argc, char **argv,
               size_t (*needs)(const struct server_config *c, struct needed *ret)) {
    struct needed need[8];
    int status;
    if (!command_flags(flags, c, component_config_complete, argc, argv, &status))
        return status;
    size_t n = needs(c, need);
    for (size_t i = 0; i < n; i++)
        if (!need[i].value || !need[i].value[0]) {
            fprintf(stderr, "%s: --%s is required\n", argv[0], need[i].name);
            return 2;
        }
    umask(077);
    return proc(&(struct component_start){.config = c, .channel = -1}, -1);
}

static size_t apiserver_needs(const struct server_config *c, struct needed *ret) {
    ret[0] = (struct needed){"tls-cert-file", c->tls_cert_file};
    ret[1] = (struct needed){"tls-private-key-file", c->tls_key_file};
    ret[2] = (struct needed){"client-ca-file", c->client_ca_file};
    ret[3] = (struct needed){"service-account-signing-key-file", c->token_key_file};
    return 4;
}

static size_t client_needs(const struct server_config *c, struct needed *ret) {
    ret[0] = (struct needed){"kubeconfig", c->api_kubeconfig};
    return 1;
}

static size_t kubelet_needs(const struct server_config *c, struct needed *ret) {
    client_needs(c, ret);
    ret[1] = (struct needed){"tls-cert-file", c->tls_cert_file};
    ret[2] = (struct needed){"tls-private-key-file", c->tls_key_file};
    ret[3] = (struct needed){"client-ca-file", c->client_ca_file};
    return 4;
}

int cmd_kube_apiserver(int argc, char **argv) {
    struct server_config c = {0};
    return run(kube_apiserver_flags, &c, proc_apiserver, argc, argv, apiserver_needs);
}

int cmd_kube_scheduler(int argc, char **argv) {
    struct server_config c = {0};
    return run(kube_scheduler_flags, &c, proc_scheduler, argc, argv, client_needs);
}

int cmd_kube_controller_manager(int argc, char **argv) {
    struct server_config c = {0};
    return run(kube_controller_manager_flags, &c, proc_controllers, argc, argv, client_needs);
}

int cmd_kubelet(int argc, char **argv) {
    struct server_config c = {.cgroup_root = ""};
    return run(kubelet_flags, &c, proc_kubelet, argc, argv, kubelet_needs);
}
