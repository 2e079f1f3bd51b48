// SPDX-License-Identifier: Apache-2.0
#include "server/proc.h"

int proc_signer(const void *ctx, int ready_fd) {
    component_ready(ready_fd, NULL);
    return signer_run(ctx) < 0 ? 1 : 0;
}
