// SPDX-License-Identifier: Apache-2.0
/* Times and durations as the API writes them: RFC 3339 with the parser's habits of Go's
 * time.Parse, and Go durations ("1h2m3.5s"). Nothing here reads a clock.
 *
 * A point in time is seconds since 1970 UTC (negative before) and nanoseconds within the second;
 * years run from 0 to 9999. */
#pragma once

#include "base/str.h"

#define TIME_TEXT_MAX     36
#define DURATION_TEXT_MAX 32

/* "2006-01-02T15:04:05[.fraction](Z|+hh:mm)"; -EINVAL otherwise. Digits behind the ninth of the
 * fraction are dropped. */
int time_parse(str s, int64_t *ret_sec, int32_t *ret_nsec);
/* As time_parse, but wants exactly six digits of fraction (metav1.MicroTime). */
int time_parse_micro(str s, int64_t *ret_sec, int32_t *ret_nsec);
/* In UTC with exactly `digits` (0 to 9) digits of fraction, cut, not rounded. Years outside
 * 0..9999 are clamped. NUL-terminated. */
str time_format(char out[TIME_TEXT_MAX], int64_t sec, int32_t nsec, int digits);
/* The same for nanoseconds since 1970. */
str time_format_ns(char out[TIME_TEXT_MAX], int64_t ns, int digits);

/* Calendar of UTC. */
struct civil {
    int year;
    int month, day;           /* from 1 */
    int hour, minute, second; /* no leap seconds */
};
struct civil time_to_civil(int64_t sec);
int64_t time_from_civil(const struct civil *c);
int time_weekday(int64_t sec); /* 0 = Sunday */

/* Go's ParseDuration: nanoseconds; -EINVAL, or -ERANGE past 64 bits. */
int duration_parse(str s, int64_t *ret_ns);
/* Go's Duration.String: "0s", "1.5ms", "1h0m0s". NUL-terminated. */
str duration_format(char out[DURATION_TEXT_MAX], int64_t ns);
