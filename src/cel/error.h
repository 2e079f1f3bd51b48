// SPDX-License-Identifier: Apache-2.0
/* What is wrong with an expression, told as the Go implementation of CEL tells it: one
 * "ERROR: <input>:LINE:COLUMN: text" each, with the line of the source and a caret below. */
#pragma once

#include "base/arena.h"
#include "base/str.h"

#define CEL_ERRORS_MAX  100        /* told; of others only how many there are */
#define CEL_SNIPPET_MAX 16384      /* bytes of a source line that is shown */
#define CEL_NOWHERE     UINT32_MAX /* for what has no place */

struct cel_error {
    uint32_t at; /* byte offset in the source, or CEL_NOWHERE */
    str text;
};
struct cel_errors {
    struct arena *arena;
    str source;
    struct {
        struct cel_error *v;
        uint32_t n;
    } list;
    uint32_t total; /* with those beyond CEL_ERRORS_MAX */
};

void cel_error(struct cel_errors *e, uint32_t at, const char *fmt, ...) PRINTF(3, 4);
/* All of them by place, a line each; in the arena. */
str cel_errors_text(struct cel_errors *e);
