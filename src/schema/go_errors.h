// SPDX-License-Identifier: Apache-2.0
/* The words in which Go's library refuses a scalar. Clients see them, so they are kept. Each is
 * called with a text that has already been refused, but for go_atoi, and returns -EINVAL. */
#pragma once

#include "base/err.h"

int go_base64_error(str text, struct err *e);
int go_time_error(str text, bool micro, struct err *e);
int go_duration_error(str text, struct err *e);
/* strconv.Atoi: reads the number too, with Go's words when it is none. */
int go_atoi(str text, int64_t *ret, struct err *e);
