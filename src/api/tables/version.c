// SPDX-License-Identifier: Apache-2.0
// clang-format off
/* Tables of version, written by tools/rows.py. */
#include "api/names.h"
#include "api/types.h"


#define ROWS_DEF "api/rows/version.def"
#include "schema/rows_tables.h"
