// SPDX-License-Identifier: Apache-2.0
/* Sample_type, for exactly one .c file of a program. */
#pragma once

#include "schema/type.h"

#define ROWS_DEF "unit/schema/sample.def"
#include "schema/rows_types.h"

#define ROWS_DEF "unit/schema/sample.def"
#include "schema/rows_tables.h"
