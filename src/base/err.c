// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

/* Copies what fits, never half of a character: the text ends up in JSON. */
static void keep(char *out, size_t cap, const char *text) {
    size_t n = strlen(text);
    if (n >= cap) {
        n = cap - 1;
        while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
            n--;
    }
    memmove(out, text, n);
    out[n] = 0;
}

static PRINTF(5, 0) void fill(struct err *e, int code, const char *reason, const char *field,
                              const char *fmt, va_list ap) {
    char text[sizeof(e->text) + 4]; /* arguments may point into *e; +4 shows keep() the cut */
    vsnprintf(text, sizeof(text), fmt, ap);
    e->code = code;
    e->reason = reason;
    keep(e->field, sizeof(e->field), field);
    keep(e->text, sizeof(e->text), text);
}

int err_set(struct err *e, int errnum, const char *fmt, ...) {
    ASSERT(errnum < 0);
    if (e) {
        va_list ap;
        va_start(ap, fmt);
        fill(e, 0, NULL, "", fmt, ap);
        va_end(ap);
    }
    return errnum;
}

int err_http(struct err *e, int errnum, int code, const char *reason, const char *fmt, ...) {
    ASSERT(errnum < 0);
    if (e) {
        va_list ap;
        va_start(ap, fmt);
        fill(e, code, reason, "", fmt, ap);
        va_end(ap);
    }
    return errnum;
}

int err_field(struct err *e, int errnum, const char *field, const char *fmt, ...) {
    ASSERT(errnum < 0);
    if (e) {
        va_list ap;
        va_start(ap, fmt);
        fill(e, 0, NULL, field ? field : "", fmt, ap);
        va_end(ap);
    }
    return errnum;
}

void err_prefix(struct err *e, const char *fmt, ...) {
    if (!e)
        return;
    char text[2 * sizeof(e->text) + 8];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(e->text) + 4, fmt, ap); /* more than keep() will keep */
    va_end(ap);
    size_t n = strlen(text), rest = strlen(e->text);
    memcpy(text + n, ": ", 2);
    memcpy(text + n + 2, e->text, rest + 1);
    keep(e->text, sizeof(e->text), text);
}
