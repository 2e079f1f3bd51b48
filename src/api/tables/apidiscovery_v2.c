// SPDX-License-Identifier: Apache-2.0
// clang-format off
/* Tables of apidiscovery_v2, written by tools/rows.py. */
#include "api/names.h"
#include "api/types.h"

_Static_assert(offsetof(APIGroupDiscovery, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(APIGroupDiscoveryList, metadata) == 0, "metadata stands first");

#define ROWS_DEF "api/rows/apidiscovery_v2.def"
#include "schema/rows_tables.h"
