// SPDX-License-Identifier: Apache-2.0
// clang-format off
/* Tables of clientcmd_v1, written by tools/rows.py. */
#include "api/names.h"
#include "api/types.h"


#define ROWS_DEF "api/rows/clientcmd_v1.def"
#include "schema/rows_tables.h"
