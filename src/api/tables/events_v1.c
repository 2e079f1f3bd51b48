// SPDX-License-Identifier: Apache-2.0
// clang-format off
/* Tables of events_v1, written by tools/rows.py. */
#include "api/names.h"
#include "api/types.h"

_Static_assert(offsetof(events_v1_Event, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(events_v1_EventList, metadata) == 0, "metadata stands first");

#define ROWS_DEF "api/rows/events_v1.def"
#include "schema/rows_tables.h"
