// SPDX-License-Identifier: Apache-2.0
// clang-format off
/* Tables of resource_v1, written by tools/rows.py. */
#include "api/names.h"
#include "api/types.h"

_Static_assert(offsetof(ResourceSlice, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ResourceSliceList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(resource_v1_ResourceClaim, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ResourceClaimList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(DeviceClass, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(DeviceClassList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ResourceClaimTemplate, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ResourceClaimTemplateList, metadata) == 0, "metadata stands first");

#define ROWS_DEF "api/rows/resource_v1.def"
#include "schema/rows_tables.h"
