// SPDX-License-Identifier: Apache-2.0
// clang-format off
/* Tables of core_v1, written by tools/rows.py. */
#include "api/names.h"
#include "api/types.h"

_Static_assert(offsetof(PersistentVolume, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(PersistentVolumeList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(PersistentVolumeClaim, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(PersistentVolumeClaimList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(PodStatusResult, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(Pod, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(PodList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(PodTemplate, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(PodTemplateList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ReplicationController, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ReplicationControllerList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(Service, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ServiceList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ServiceAccount, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ServiceAccountList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(Endpoints, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(EndpointsList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(Node, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(NodeList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(Namespace, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(NamespaceList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(Binding, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(Event, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(EventList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(LimitRange, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(LimitRangeList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ResourceQuota, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ResourceQuotaList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(Secret, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(SecretList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ConfigMap, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ConfigMapList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ComponentStatus, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ComponentStatusList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(RangeAllocation, metadata) == 0, "metadata stands first");

#define ROWS_DEF "api/rows/core_v1.def"
#include "schema/rows_tables.h"
