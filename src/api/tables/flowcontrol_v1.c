// SPDX-License-Identifier: Apache-2.0
// clang-format off
/* Tables of flowcontrol_v1, written by tools/rows.py. */
#include "api/names.h"
#include "api/types.h"

_Static_assert(offsetof(FlowSchema, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(FlowSchemaList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(PriorityLevelConfiguration, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(PriorityLevelConfigurationList, metadata) == 0, "metadata stands first");

#define ROWS_DEF "api/rows/flowcontrol_v1.def"
#include "schema/rows_tables.h"
