// SPDX-License-Identifier: Apache-2.0
/* Tables of selectable fields, for the rows of resources. */
#pragma once

#include "api/resource.h"

extern const struct api_selectable selectable_pod[], selectable_node[], selectable_namespace[],
    selectable_replication_controller[], selectable_secret[], selectable_service[],
    selectable_event[], selectable_events_v1_event[], selectable_job[], selectable_csr[],
    selectable_resource_slice[];
