// SPDX-License-Identifier: Apache-2.0
/* The formats of names that expressions check, format.dns1123Label().validate(s) and the like: the
 * rules the API's own names follow (k8s.io/apiserver/pkg/cel/library, ConstantFormats). */
#pragma once

#include "schema/type.h"

/* As cel_env.check_name; the texts need no arena. */
void cel_check_name(struct arena *a, str kind, str s, str_list *errors);
