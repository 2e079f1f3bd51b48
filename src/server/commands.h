// SPDX-License-Identifier: Apache-2.0
/* The commands of the program: argv[0] is the command's name; returns the exit status. */
#pragma once

#include "server/config.h"

int cmd_server(int argc, char **argv);
int cmd_agent(int argc, char **argv);
int cmd_token(int argc, char **argv);
int cmd_dev(int argc, char **argv);
int cmd_cleanup(int argc, char **argv);
int cmd_version(int argc, char **argv);
/* Components by themselves, under upstream's names and flags: cmd_component.c. */
int cmd_kube_apiserver(int argc, char **argv);
int cmd_kube_scheduler(int argc, char **argv);
int cmd_kube_controller_manager(int argc, char **argv);
int cmd_kubelet(int argc, char **argv);

/* Reads flags; handles --help. 1: go on; otherwise *ret_status is the exit status. */
int command_flags(const struct flag *table, struct server_config *c,
                  int (*complete)(struct server_config *, struct err *), int argc, char **argv,
                  int *ret_status);
