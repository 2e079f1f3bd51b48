// SPDX-License-Identifier: Apache-2.0
/* One program, several names: `coxswain COMMAND ...`, or a symlink named after a component. */
#include <stdio.h>
#include <unistd.h>

#include "server/commands.h"

static const struct command_row {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"server", cmd_server, "a one-node cluster: every component, supervised"},
    {"agent", cmd_agent, "a further node of a cluster"},
    {"token", cmd_token, "makes, lists and deletes the tokens that nodes join with"},
    {"dev", cmd_dev, "API server, controllers and scheduler in memory, gone at exit"},
    {"cleanup", cmd_cleanup, "removes the containers, networks and mounts of a stopped server"},
    {"kube-apiserver", cmd_kube_apiserver, "the API server by itself"},
    {"kube-scheduler", cmd_kube_scheduler, "the scheduler by itself"},
    {"kube-controller-manager", cmd_kube_controller_manager, "the controllers by themselves"},
    {"kubelet", cmd_kubelet, "a node by itself, over a CRI runtime that runs"},
    {"version", cmd_version, "prints the version"},
};

static int usage(FILE *out) {
    fprintf(out, "Coxswain: Kubernetes in C.\n\nusage: coxswain COMMAND [flags]\n\n");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        fprintf(out, "  %-24s %s\n", commands[i].name, commands[i].summary);
    fprintf(out, "\n`coxswain COMMAND --help` lists the flags.\n");
    return out == stdout ? 0 : 2;
}

int main(int argc, char **argv) {
    const char *slash = strrchr(argv[0], '/');
    const char *name = slash ? slash + 1 : argv[0];
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].run(argc, argv);
    if (argc < 2)
        return usage(stderr);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
        return usage(stdout);
    fprintf(stderr, "coxswain: unknown command \"%s\"\n", argv[1]);
    return usage(stderr);
}
