// SPDX-License-Identifier: Apache-2.0
// clang-format off
/* Tables of authorization_v1, written by tools/rows.py. */
#include "api/names.h"
#include "api/types.h"

_Static_assert(offsetof(SubjectAccessReview, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(SelfSubjectAccessReview, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(LocalSubjectAccessReview, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(SelfSubjectRulesReview, metadata) == 0, "metadata stands first");

#define ROWS_DEF "api/rows/authorization_v1.def"
#include "schema/rows_tables.h"
