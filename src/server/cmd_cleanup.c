// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "server/commands.h"

int cmd_cleanup(int argc, char **argv) {
    struct server_config c = {0};
    int status;
    if (!command_flags(server_flags, &c, argc, argv, &status))
        return status;
    return 0;
}
