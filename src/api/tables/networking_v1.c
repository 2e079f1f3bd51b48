// SPDX-License-Identifier: Apache-2.0
// clang-format off
/* Tables of networking_v1, written by tools/rows.py. */
#include "api/names.h"
#include "api/types.h"

_Static_assert(offsetof(NetworkPolicy, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(NetworkPolicyList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(Ingress, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(IngressList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(IngressClass, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(IngressClassList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(IPAddress, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(IPAddressList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ServiceCIDR, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ServiceCIDRList, metadata) == 0, "metadata stands first");

#define ROWS_DEF "api/rows/networking_v1.def"
#include "schema/rows_tables.h"
