// SPDX-License-Identifier: Apache-2.0
// clang-format off
/* The list of all types, written by tools/rows.py. */
#include "api/types.h"

#include "schema/rows_index.h"
const struct api_type *const api_types[] = {
#include "api/rows/meta_v1.def"
#include "api/rows/core_v1.def"
#include "api/rows/apps_v1.def"
#include "api/rows/batch_v1.def"
#include "api/rows/autoscaling_v1.def"
#include "api/rows/autoscaling_v2.def"
#include "api/rows/networking_v1.def"
#include "api/rows/policy_v1.def"
#include "api/rows/rbac_v1.def"
#include "api/rows/storage_v1.def"
#include "api/rows/scheduling_v1.def"
#include "api/rows/coordination_v1.def"
#include "api/rows/discovery_v1.def"
#include "api/rows/events_v1.def"
#include "api/rows/node_v1.def"
#include "api/rows/admissionregistration_v1.def"
#include "api/rows/authentication_v1.def"
#include "api/rows/authorization_v1.def"
#include "api/rows/certificates_v1.def"
#include "api/rows/flowcontrol_v1.def"
#include "api/rows/resource_v1.def"
#include "api/rows/apiextensions_v1.def"
#include "api/rows/apiregistration_v1.def"
#include "api/rows/metrics_v1beta1.def"
#include "api/rows/version.def"
#include "api/rows/admission_v1.def"
#include "api/rows/apidiscovery_v2.def"
#include "api/rows/clientcmd_v1.def"
};
const unsigned n_api_types = sizeof(api_types) / sizeof(api_types[0]);
#include "schema/rows_undef.h"
