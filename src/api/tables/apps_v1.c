// SPDX-License-Identifier: Apache-2.0
// clang-format off
/* Tables of apps_v1, written by tools/rows.py. */
#include "api/names.h"
#include "api/types.h"

_Static_assert(offsetof(StatefulSet, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(StatefulSetList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(Deployment, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(DeploymentList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(DaemonSet, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(DaemonSetList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ReplicaSet, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ReplicaSetList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ControllerRevision, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ControllerRevisionList, metadata) == 0, "metadata stands first");

#define ROWS_DEF "api/rows/apps_v1.def"
#include "schema/rows_tables.h"
