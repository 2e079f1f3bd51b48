// SPDX-License-Identifier: Apache-2.0
/* The status of a pod as the API shows it, made from the pod, the runtime's view and what the core
 * remembers. Pure. Rules and texts are upstream's. */
#pragma once

#include "kubelet/pod_sync.h"

struct status_input {
    const Pod *pod; /* with the status the API has */
    const struct rt_pod *rt;
    const struct pod_state *state;
    const str *host_ips;
    size_t n_host_ips;
    int64_t now; /* wall, seconds */
};

void pod_status_make(struct arena *a, const struct status_input *in, PodStatus *ret);
/* Is this the last status of a terminated pod: a final phase and no container that runs? */
bool pod_status_is_final(const PodStatus *s);
/* The strategic merge patch from one status to another with the pod's uid as precondition, or
 * STR_NONE when they do not differ. Conditions of others stay as they are. */
str pod_status_patch(struct arena *a, str uid, const PodStatus *from, const PodStatus *to);

/* status_conditions.c */
void pod_conditions_make(struct arena *a, const struct status_input *in, PodStatus *s);
bool pod_condition_is_ours(str type);
