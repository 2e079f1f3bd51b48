// SPDX-License-Identifier: Apache-2.0
// clang-format off
/* Tables of storage_v1, written by tools/rows.py. */
#include "api/names.h"
#include "api/types.h"

_Static_assert(offsetof(StorageClass, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(StorageClassList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(VolumeAttachment, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(VolumeAttachmentList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(CSIDriver, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(CSIDriverList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(CSINode, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(CSINodeList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(CSIStorageCapacity, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(CSIStorageCapacityList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(VolumeAttributesClass, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(VolumeAttributesClassList, metadata) == 0, "metadata stands first");

#define ROWS_DEF "api/rows/storage_v1.def"
#include "schema/rows_tables.h"
