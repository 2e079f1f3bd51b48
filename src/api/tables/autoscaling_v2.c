// SPDX-License-Identifier: Apache-2.0
// clang-format off
/* Tables of autoscaling_v2, written by tools/rows.py. */
#include "api/names.h"
#include "api/types.h"

_Static_assert(offsetof(HorizontalPodAutoscaler, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(HorizontalPodAutoscalerList, metadata) == 0, "metadata stands first");

#define ROWS_DEF "api/rows/autoscaling_v2.def"
#include "schema/rows_tables.h"
