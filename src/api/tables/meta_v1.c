// SPDX-License-Identifier: Apache-2.0
// clang-format off
/* Tables of meta_v1, written by tools/rows.py. */
#include "api/names.h"
#include "api/types.h"

_Static_assert(offsetof(Status, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(List, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(Table, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(PartialObjectMetadata, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(PartialObjectMetadataList, metadata) == 0, "metadata stands first");

#define ROWS_DEF "api/rows/meta_v1.def"
#include "schema/rows_tables.h"
