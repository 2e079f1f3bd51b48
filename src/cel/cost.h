// SPDX-License-Identifier: Apache-2.0
/* What evaluation costs, in the units of the Go implementation: a name or selection is 1, text that
 * is gone through a tenth a character. Limits in the API count in them. */
#pragma once

#include "cel/function.h"

#define CEL_COST_LIST   10
#define CEL_COST_MAP    30
#define CEL_COST_OBJECT 40

/* Of a call with these arguments, but for what its result decides; saturates. */
uint64_t cel_call_cost(const struct cel_overload *o, const struct cel_value *args, uint32_t n);
/* What is due once the result is known. */
uint64_t cel_result_cost(const struct cel_overload *o, struct cel_value result);
