// SPDX-License-Identifier: Apache-2.0
// clang-format off
/* Tables of metrics_v1beta1, written by tools/rows.py. */
#include "api/names.h"
#include "api/types.h"

_Static_assert(offsetof(NodeMetrics, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(NodeMetricsList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(PodMetrics, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(PodMetricsList, metadata) == 0, "metadata stands first");

#define ROWS_DEF "api/rows/metrics_v1beta1.def"
#include "schema/rows_tables.h"
