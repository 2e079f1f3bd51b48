// SPDX-License-Identifier: Apache-2.0
#include "api/deprecated.h"

const struct deprecation *deprecation_of(const struct api_resource *r) {
    static const struct deprecation component_statuses = {19, NULL};
    static const struct deprecation endpoints = {33, "discovery.k8s.io/v1 EndpointSlice"};
    if (r == RESOURCE_OF(core_v1_componentstatuses))
        return &component_statuses;
    if (r == RESOURCE_OF(core_v1_endpoints))
        return &endpoints;
    return NULL;
}
