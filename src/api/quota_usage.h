// SPDX-License-Identifier: Apache-2.0
/* What an object counts for in resource quotas: pure functions of the object and the quota. */
#pragma once

#include "api/resource.h"
#include "api/resource_list.h"

/* Everything that this object uses, under each name a quota may give it ("cpu", "requests.cpu",
 * "count/pods", ...). `now` in seconds since 1970: pods that should be gone count no more. */
str_map quota_usage(struct arena *a, const struct api_resource *st, const void *obj, int64_t now);
/* Objects of this kind are counted under this name. */
bool quota_counts(const struct api_resource *st, str name);
/* An update (sub: by way of this subresource) may use more, or be of other quotas. */
bool quota_concerned_again(const struct api_resource *st, const char *sub, const void *obj,
                           const void *old);
/* The quota's scopes (and scope selector) take the object in. */
bool quota_in_scope(const struct api_resource *st, const ResourceQuotaSpec *spec, const void *obj);
/* "must specify requests.cpu for: a": what a pod under a quota of these names has to say and does
 * not; STR_NONE: nothing. */
str quota_missing(struct arena *a, const Pod *p, const str_map *hard);
