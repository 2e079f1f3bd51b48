// SPDX-License-Identifier: Apache-2.0
// clang-format off
/* The list of all CRI messages, written by tools/rows.py. */
#include "api/cri.h"

#include "schema/rows_index.h"
const struct api_type *const cri_types[] = {
#include "api/rows/cri_v1.def"
};
const unsigned n_cri_types = sizeof(cri_types) / sizeof(cri_types[0]);
#include "schema/rows_undef.h"
