// SPDX-License-Identifier: Apache-2.0
// clang-format off
/* Tables of autoscaling_v1, written by tools/rows.py. */
#include "api/names.h"
#include "api/types.h"

_Static_assert(offsetof(autoscaling_v1_HorizontalPodAutoscaler, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(autoscaling_v1_HorizontalPodAutoscalerList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(Scale, metadata) == 0, "metadata stands first");

#define ROWS_DEF "api/rows/autoscaling_v1.def"
#include "schema/rows_tables.h"
