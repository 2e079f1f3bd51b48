// SPDX-License-Identifier: Apache-2.0
/* Parts of times and durations. Time zones are UTC or an offset ("+01:00", "-07:30"); names of the
 * time zone data base are not known. */
#include "base/time.h"

#include "cel/functions.h"
#include "cel/run.h"

/* Seconds east of UTC. */
static bool zone_offset(str s, int64_t *ret) {
    bool minus = s.n && s.p[0] == '-';
    str hours, minutes;
    uint64_t h, m;
    if (!s.n || str_eqc(s, "UTC")) {
        *ret = 0;
        return true;
    }
    if (s.p[0] == '+' || s.p[0] == '-')
        s = str_slice(s, 1, s.n);
    minutes = s;
    hours = str_cut(&minutes, ':');
    if (!minutes.p || str_to_u64(hours, &h) < 0 || str_to_u64(minutes, &m) < 0 || h > 23 || m > 59)
        return false;
    *ret = (int64_t)(h * 3600 + m * 60) * (minus ? -1 : 1);
    return true;
}

/* The seconds of a time in its zone; false: *ret is the error. */
static bool local_seconds(struct cel_run *r, const struct cel_value *args, uint32_t n, int64_t *sec,
                          struct cel_value *ret) {
    int64_t offset = 0;
    *ret = cel_no_overload();
    if (args[0].tag != CEL_V_TIMESTAMP || (n > 1 && args[1].tag != CEL_V_STRING))
        return false;
    if (n > 1 && !zone_offset(args[1].s, &offset)) {
        *ret = cel_fail(r, "unknown time zone " STR_FMT, STR_ARG(args[1].s));
        return false;
    }
    *sec = args[0].i + offset;
    return true;
}

#define PART(name, expression)                                                                     \
    struct cel_value fn_##name(struct cel_run *r, const struct cel_value *args, uint32_t n) {      \
        struct cel_value error;                                                                    \
        struct civil c;                                                                            \
        int64_t sec;                                                                               \
        if (!local_seconds(r, args, n, &sec, &error))                                              \
            return error;                                                                          \
        c = time_to_civil(sec);                                                                    \
        (void)c;                                                                                   \
        return cel_int(expression);                                                                \
    }

static int64_t day_of_year(int64_t sec, struct civil c) {
    struct civil first = {.year = c.year, .month = 1, .day = 1};
    return (sec - time_from_civil(&first)) / 86400;
}

PART(full_year, c.year)
PART(month, c.month - 1)
PART(day_of_year, day_of_year(sec, c))
PART(day_of_month, c.day - 1)
PART(date, c.day)
PART(day_of_week, time_weekday(sec))

/* Of a duration the whole of it in that unit, of a time what the clock shows. */
#define CLOCK_PART(name, unit_ns, expression)                                                      \
    struct cel_value fn_##name(struct cel_run *r, const struct cel_value *args, uint32_t n) {      \
        struct cel_value error;                                                                    \
        struct civil c;                                                                            \
        int64_t sec;                                                                               \
        if (args[0].tag == CEL_V_DURATION)                                                         \
            return cel_int(args[0].i / (unit_ns));                                                 \
        if (!local_seconds(r, args, n, &sec, &error))                                              \
            return error;                                                                          \
        c = time_to_civil(sec);                                                                    \
        (void)c;                                                                                   \
        return cel_int(expression);                                                                \
    }

CLOCK_PART(hours, INT64_C(3600000000000), c.hour)
CLOCK_PART(minutes, INT64_C(60000000000), c.minute)
CLOCK_PART(seconds, INT64_C(1000000000), c.second)
CLOCK_PART(milliseconds, INT64_C(1000000), args[0].ns / 1000000)
