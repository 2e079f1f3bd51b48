// SPDX-License-Identifier: Apache-2.0
/* struct err: what a user or peer will read about a failure, made once where the fact is known and
 * prefixed on the way up. Functions that fill one return the negative errno they were given, so
 * `return err_set(e, -EINVAL, "...")` is the usual form. A NULL err is allowed and ignored. */
#pragma once

#include "base/str.h"

struct err {
    int code;           /* HTTP status that fits; 0 = the caller decides */
    const char *reason; /* Kubernetes StatusReason (static text) or NULL */
    char field[192];    /* field path, or empty */
    char text[768];
};

int err_set(struct err *e, int errnum, const char *fmt, ...) PRINTF(3, 4);
int err_http(struct err *e, int errnum, int code, const char *reason, const char *fmt, ...)
    PRINTF(5, 6);
int err_field(struct err *e, int errnum, const char *field, const char *fmt, ...) PRINTF(4, 5);
/* Puts "prefix: " in front of the text. */
void err_prefix(struct err *e, const char *fmt, ...) PRINTF(2, 3);
