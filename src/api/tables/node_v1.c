// SPDX-License-Identifier: Apache-2.0
// clang-format off
/* Tables of node_v1, written by tools/rows.py. */
#include "api/names.h"
#include "api/types.h"

_Static_assert(offsetof(RuntimeClass, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(RuntimeClassList, metadata) == 0, "metadata stands first");

#define ROWS_DEF "api/rows/node_v1.def"
#include "schema/rows_tables.h"
