// SPDX-License-Identifier: Apache-2.0
// clang-format off
/* Tables of rbac_v1, written by tools/rows.py. */
#include "api/names.h"
#include "api/types.h"

_Static_assert(offsetof(Role, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(RoleBinding, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(RoleBindingList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(RoleList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ClusterRole, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ClusterRoleBinding, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ClusterRoleBindingList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ClusterRoleList, metadata) == 0, "metadata stands first");

#define ROWS_DEF "api/rows/rbac_v1.def"
#include "schema/rows_tables.h"
