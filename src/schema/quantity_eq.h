// SPDX-License-Identifier: Apache-2.0
/* The one thing generic comparison must know of quantities. Computing with them is api/quantity.h.
 */
#pragma once

#include "base/str.h"

/* Same value, whatever the texts; an empty text is 0. Texts that are no quantities are equal only
 * when identical. */
bool quantity_eq(str a, str b);
