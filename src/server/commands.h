// SPDX-License-Identifier: Apache-2.0
/* The commands of the program: argv[0] is the command's name; returns the exit status. */
#pragma once

#include "server/config.h"

int cmd_server(int argc, char **argv);
int cmd_dev(int argc, char **argv);
int cmd_cleanup(int argc, char **argv);
int cmd_version(int argc, char **argv);

/* Reads flags; handles --help. 1: go on; otherwise *ret_status is the exit status. */
int command_flags(const struct flag *table, struct server_config *c, int argc, char **argv,
                  int *ret_status);
