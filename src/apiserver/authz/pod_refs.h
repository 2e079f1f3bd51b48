// SPDX-License-Identifier: Apache-2.0
/* Which objects of its namespace a pod names: what the node it runs on has to read. */
#pragma once

#include "api/types.h"

enum pod_ref {
    POD_REF_POD, /* itself */
    POD_REF_SERVICE_ACCOUNT,
    POD_REF_SECRET,
    POD_REF_CONFIG_MAP,
    POD_REF_CLAIM, /* persistent volume claim */
    POD_REF_RESOURCE_CLAIM,
    POD_REF_MAX,
};

/* An object may be visited more than once. A mirror pod names none but itself. */
void pod_refs(struct arena *a, const Pod *p, void (*visit)(void *ctx, enum pod_ref kind, str name),
              void *ctx);
