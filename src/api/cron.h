// SPDX-License-Identifier: Apache-2.0
/* Schedules of cron jobs, as github.com/robfig/cron/v3 reads them (ParseStandard): five fields,
 * or "@daily" and the like, or "@every 1h30m". Pure. */
#pragma once

#include "base/err.h"

/* A field is a set of bits, N for the number N; CRON_STAR marks one that was left open, for the two
 * fields of days: both open or both named means either. */
#define CRON_STAR (1ull << 63)
struct cron_schedule {
    uint64_t minute, hour, day, month, weekday; /* day 1-31, month 1-12, weekday 0 = Sunday */
    int64_t every;                              /* seconds; the fields are unused when set */
    str zone;                                   /* "TZ=Europe/Paris * * ..."; points into text */
};

/* -EINVAL with upstream's text. */
int cron_parse(str text, struct cron_schedule *ret, struct err *e);

/* A name of the time zone database, or UTC. */
bool time_zone_known(str name);
