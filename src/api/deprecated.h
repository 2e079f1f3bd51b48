// SPDX-License-Identifier: Apache-2.0
/* Resources that are served and should not be used any more (upstream: the lifecycle tags of the
 * types, k8s:prerelease-lifecycle-gen). */
#pragma once

#include "api/resource.h"

struct deprecation {
    unsigned since;          /* minor version */
    const char *replacement; /* "discovery.k8s.io/v1 EndpointSlice"; NULL: none */
};

const struct deprecation *deprecation_of(const struct api_resource *r); /* NULL: use it freely */
