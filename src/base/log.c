// SPDX-License-Identifier: Apache-2.0
/* Log lines: `2026-11-21T19:40:01.123456Z INFO kubelet: text`. Bytes that would break a line or
 * drive a terminal are written as \n, \t or \xHH, since much of the text comes from outsiders. */
#include <stdarg.h>
#include <stdio.h>

#include "base/env.h"
#include "base/time.h"

#define LOG_LINE_MAX 4096

static const char *const level_names[LOG_LEVEL_MAX] = {
    [LOG_ERROR] = "ERROR",
    [LOG_WARN] = "WARN",
    [LOG_INFO] = "INFO",
    [LOG_DEBUG] = "DEBUG",
};

static size_t escape(char *out, size_t cap, const char *text) {
    static const char hex[] = "0123456789abcdef";
    size_t n = 0;
    for (; *text && n + 4 <= cap; text++) {
        unsigned char c = (unsigned char)*text;
        if (c >= 0x20 && c != 0x7f) {
            out[n++] = *text;
            continue;
        }
        out[n++] = '\\';
        if (c == '\n' || c == '\t') {
            out[n++] = c == '\n' ? 'n' : 't';
            continue;
        }
        out[n++] = 'x';
        out[n++] = hex[c >> 4];
        out[n++] = hex[c & 15];
    }
    return n;
}

void log_at(struct env *e, enum log_level level, const char *fmt, ...) {
    if (level > e->log_level)
        return;
    char text[LOG_LINE_MAX], line[LOG_LINE_MAX], when[TIME_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    time_format_ns(when, env_wall(e), 6);
    int head = snprintf(line, sizeof(line), "%s %s %.64s: ", when, level_names[level],
                        e->component ? e->component : "coxswain");
    ASSERT(head > 0 && (size_t)head < sizeof(line));
    size_t n = (size_t)head;
    n += escape(line + n, sizeof(line) - n, text);
    e->ops->log(e, level, str_n(line, n));
}
