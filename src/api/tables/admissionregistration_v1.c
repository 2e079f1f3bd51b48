// SPDX-License-Identifier: Apache-2.0
// clang-format off
/* Tables of admissionregistration_v1, written by tools/rows.py. */
#include "api/names.h"
#include "api/types.h"

_Static_assert(offsetof(ValidatingAdmissionPolicy, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ValidatingAdmissionPolicyList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ValidatingAdmissionPolicyBinding, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ValidatingAdmissionPolicyBindingList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ValidatingWebhookConfiguration, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(ValidatingWebhookConfigurationList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(MutatingWebhookConfiguration, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(MutatingWebhookConfigurationList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(MutatingAdmissionPolicy, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(MutatingAdmissionPolicyList, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(MutatingAdmissionPolicyBinding, metadata) == 0, "metadata stands first");
_Static_assert(offsetof(MutatingAdmissionPolicyBindingList, metadata) == 0, "metadata stands first");

#define ROWS_DEF "api/rows/admissionregistration_v1.def"
#include "schema/rows_tables.h"
