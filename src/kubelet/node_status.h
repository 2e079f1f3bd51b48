// SPDX-License-Identifier: Apache-2.0
/* The node object as the kubelet writes it. Pure. */
#pragma once

#include "api/cri.h"
#include "api/types.h"
#include "kubelet/host/host.h"

struct node_view {
    const struct host_facts *facts;
    const char *name, *labels; /* "a=b,c=d" or NULL */
    str ip, hostname, runtime_version, kubelet_version;
    int32_t port;
    int64_t pods_max;
    bool runtime_up, network_ready;
    str network_message;
    int64_t memory_available;
    const cri_ListImagesResponse *images; /* NULL: not known */
    int64_t now;                          /* wall, seconds */
};

#define NODE_IMAGES_MAX       50
#define NODE_IMAGE_NAMES_MAX  5
#define MEMORY_PRESSURE_BYTES (100 * 1024 * 1024)

/* For the first registration. */
void node_make(struct arena *a, const struct node_view *v, Node *ret);
void node_labels(struct arena *a, const struct node_view *v, str_map *ret);
/* old (may be NULL) gives the transition times of conditions and what others wrote. */
void node_status_make(struct arena *a, const struct node_view *v, const NodeStatus *old,
                      NodeStatus *ret);
/* Something beyond heartbeat times differs. */
bool node_status_differs(struct arena *a, const NodeStatus *x, const NodeStatus *y);
