// SPDX-License-Identifier: Apache-2.0
// clang-format off
/* Tables of authentication_v1, written by tools/rows.py. */
#include "api/names.h"
#include "api/types.h"

_Static_assert(offsetof(TokenReview, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(TokenRequest, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(SelfSubjectReview, metadata) == 0, "metadata stands first");

#define ROWS_DEF "api/rows/authentication_v1.def"
#include "schema/rows_tables.h"
