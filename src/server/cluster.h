// SPDX-License-Identifier: Apache-2.0
/* A supervised cluster: the signer, the API server, what follows them. Shared by `server` and
 * `dev`, which differ in the list of processes and in what they say when all are ready. */
#pragma once

#include "server/config.h"

/* Runs until SIGTERM or SIGINT; returns the exit status. ready: the kubeconfig is written and all
 * processes run; took_ns since the start. */
int cluster_run(struct server_config *c,
                void (*ready)(const struct server_config *c, int64_t took_ns));
