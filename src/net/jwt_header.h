// SPDX-License-Identifier: Apache-2.0
/* Just enough JSON for the header of a token (the real parser is a layer above). */
#pragma once

#include "base/str.h"

/* The value of "alg" in a flat object of strings; -EINVAL for anything else: nested values, escapes
 * in a name or in the value looked for, a name twice, "crit" (which asks for rules nobody here
 * knows). */
int jwt_header_alg(str json, str *ret);
