// SPDX-License-Identifier: Apache-2.0
/* What flow schemas and priority levels share. */
#pragma once

#include "api/kinds/kinds.h"

/* Whether a spec of type t is another than the JSON `fixed`. */
bool flowcontrol_differs(const struct field_errors *fe, const struct api_type *t, const char *fixed,
                         const void *spec);
/* The type of the i-th condition: there, and in x for the first time. */
void flowcontrol_check_type(struct field_errors *fe, const struct name_index *x, uint32_t i,
                            str type);
