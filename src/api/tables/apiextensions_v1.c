// SPDX-License-Identifier: Apache-2.0
// clang-format off
/* Tables of apiextensions_v1, written by tools/rows.py. */
#include "api/names.h"
#include "api/types.h"

_Static_assert(offsetof(CustomResourceDefinition, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(CustomResourceDefinitionList, metadata) == 0, "metadata stands first");

#define ROWS_DEF "api/rows/apiextensions_v1.def"
#include "schema/rows_tables.h"
