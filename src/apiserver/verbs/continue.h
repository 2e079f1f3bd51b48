// SPDX-License-Identifier: Apache-2.0
/* Continue tokens of chunked lists; see list.c. */
#pragma once

#include "base/arena.h"
#include "base/str.h"

/* last: key of the last object sent, relative to the listed prefix. */
str continue_encode(struct arena *a, int64_t revision, str last);
/* Goes on in the newest state; start as decoded. */
str continue_encode_expired(struct arena *a, str start);
/* *ret_start: where to go on, relative to the prefix. -EINVAL with upstream's text. */
int continue_decode(struct arena *a, str token, int64_t *ret_revision, str *ret_start,
                    str *ret_why);
