// SPDX-License-Identifier: Apache-2.0
/* The entry of each process: ctx is a struct component_start (signer: a struct signer_options). */
#pragma once

#include "server/component.h"

/* Of a joined node: keeps who it is, and tells the kubelet over the channel. */
int proc_node_identity(const void *ctx, int ready_fd);
int proc_signer(const void *ctx, int ready_fd);
int proc_apiserver(const void *ctx, int ready_fd);
int proc_controllers(const void *ctx, int ready_fd);
int proc_scheduler(const void *ctx, int ready_fd);
int proc_containerd(const void *ctx, int ready_fd);
int proc_kubelet(const void *ctx, int ready_fd);
