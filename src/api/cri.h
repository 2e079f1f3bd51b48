// SPDX-License-Identifier: Apache-2.0
/* Messages of the Container Runtime Interface, runtime.v1; proto3. Members of a oneof are OPT. */
#pragma once

#include "api/rows/cri_enums.h"
#include "schema/type.h"

#define ROWS_DEF "api/rows/cri_v1.def"
#include "schema/rows_types.h"

extern const struct api_type *const cri_types[];
extern const unsigned n_cri_types;
