// SPDX-License-Identifier: Apache-2.0
// clang-format off
/* Tables of batch_v1, written by tools/rows.py. */
#include "api/names.h"
#include "api/types.h"

_Static_assert(offsetof(Job, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(JobList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(CronJob, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(CronJobList, metadata) == 0, "metadata stands first");

#define ROWS_DEF "api/rows/batch_v1.def"
#include "schema/rows_tables.h"
