// SPDX-License-Identifier: Apache-2.0
/* Which of the built-in resources a server serves: those that are on by default, and what
 * --runtime-config changes of it. Discovery, OpenAPI and routes ask here. */
#pragma once

#include "api/resource.h"

struct served {
    bool on[RESOURCE_ID_MAX];
};

/* What is on by default. */
struct served served_default(void);
/* --runtime-config as upstream reads it: "api/all=false,api/v1=true,apps/v1/deployments", in any
 * order; api/all, api/ga, api/beta and api/alpha come first, then versions, then resources. A key
 * without a value is true. Names of versions that are known but that this program has no types for
 * may be switched off, and on only by the lot (api/beta): asked for by name they are refused.
 * -EINVAL with a text for people. */
int served_configure(struct served *s, str config, struct err *e);

bool served_has(const struct served *s, const struct api_resource *r);
/* Any resource of it. */
bool served_version(const struct served *s, const char *group, const char *version);
bool served_group(const struct served *s, const struct api_group *g);
