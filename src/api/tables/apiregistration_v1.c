// SPDX-License-Identifier: Apache-2.0
// clang-format off
/* Tables of apiregistration_v1, written by tools/rows.py. */
#include "api/names.h"
#include "api/types.h"

_Static_assert(offsetof(APIService, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(APIServiceList, metadata) == 0, "metadata stands first");

#define ROWS_DEF "api/rows/apiregistration_v1.def"
#include "schema/rows_tables.h"
