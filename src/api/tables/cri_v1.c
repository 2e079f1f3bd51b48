// SPDX-License-Identifier: Apache-2.0
// clang-format off
/* Tables of cri_v1, written by tools/rows.py. */
#include "api/names.h"
#include "api/cri.h"


#define ROWS_DEF "api/rows/cri_v1.def"
#include "schema/rows_tables.h"
