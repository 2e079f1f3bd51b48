// SPDX-License-Identifier: Apache-2.0
#include "tap.h"

#include "api/cron.h"

#define ALL(from, to) (((2ull << (to)) - (1ull << (from))) | CRON_STAR)

static const struct {
    const char *text;
    struct cron_schedule want;
} good[] = {
    {"0 0 * * *", {1, 1, ALL(1, 31), ALL(1, 12), ALL(0, 6)}},
    {" 5,10-12\t*/6 ? jan Mon-wed ", {0x1c20, 0x41041, ALL(1, 31), 2, 0xe}},
    {"57/2 0 1 1 *", {1ull << 57 | 1ull << 59, 1, 2, 2, ALL(0, 6)}},
    {"@weekly", {1, 1, ALL(1, 31), ALL(1, 12), 1}},
    {"@every 90s", {.every = 90}},
    {"@every 1ms", {.every = 1}},
    {"TZ=Asia/Tokyo @hourly", {1, ALL(0, 23), ALL(1, 31), ALL(1, 12), ALL(0, 6), 0}},
};

TEST(schedules) {
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct cron_schedule s = {0};
        struct err e = {0};
        CHECK_INT(cron_parse(str_of(good[i].text), &s, &e), 0);
        CHECK_STRC(str_of(e.text), "");
        CHECK(s.minute == good[i].want.minute);
        CHECK(s.hour == good[i].want.hour);
        CHECK(s.day == good[i].want.day);
        CHECK(s.month == good[i].want.month);
        CHECK(s.weekday == good[i].want.weekday);
        CHECK_INT(s.every, good[i].want.every);
    }
    struct cron_schedule s = {0};
    CHECK_INT(cron_parse(STR("CRON_TZ=Europe/Paris 0 0 * * *"), &s, NULL), 0);
    CHECK_STRC(s.zone, "Europe/Paris");
}

static const struct {
    const char *text, *error;
} bad[] = {
    {"", "empty spec string"},
    {" ", "expected exactly 5 fields, found 0: []"},
    {"* * *", "expected exactly 5 fields, found 3: [* * *]"},
    {"* * * * * *", "expected exactly 5 fields, found 6: [* * * * * *]"},
    {"60 * * * *", "end of range (60) above maximum (59): 60"},
    {"* * 0 * *", "beginning of range (0) below minimum (1): 0"},
    {"5-3 * * * *", "beginning of range (5) beyond end of range (3): 5-3"},
    {"1-2-3 * * * *", "too many hyphens: 1-2-3"},
    {"1/2/3 * * * *", "too many slashes: 1/2/3"},
    {"*/0 * * * *", "step of range should be a positive number: */0"},
    {"x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax"},
    {"-1 * * * *", "failed to parse int from : strconv.Atoi: parsing \"\": invalid syntax"},
    {"*/-1 * * * *", "negative number (-1) not allowed: -1"},
    {"*/99999999999999999999 * * * *",
     "failed to parse int from 99999999999999999999: strconv.Atoi: parsing "
     "\"99999999999999999999\": value out of range"},
    {"*/+-1 * * * *",
     "failed to parse int from +-1: strconv.Atoi: parsing \"+-1\": invalid syntax"},
    {"* * * * someday",
     "failed to parse int from someday: strconv.Atoi: parsing \"someday\": invalid syntax"},
    {"@noon", "unrecognized descriptor: @noon"},
    {"@every day", "failed to parse duration @every day: time: invalid duration \"day\""},
    {"TZ=x", "invalid schedule format: runtime error: slice bounds out of range [:-1]"},
    {"TZ=Mars/X 0 0 * * *", "provided bad location Mars/X: unknown time zone Mars/X"},
};

TEST(what_is_no_schedule) {
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct cron_schedule s = {.every = 7};
        struct err e = {0};
        CHECK_INT(cron_parse(str_of(bad[i].text), &s, &e), -EINVAL);
        CHECK_STRC(str_of(e.text), bad[i].error);
        CHECK_INT(s.every, 7);
    }
}

TEST(time_zones) {
    CHECK(time_zone_known(STR("UTC")));
    CHECK(time_zone_known(STR("Africa/Abidjan")));
    CHECK(time_zone_known(STR("Zulu")));
    CHECK(time_zone_known(STR("America/Argentina/Buenos_Aires")));
    CHECK(!time_zone_known(STR("utc")));
    CHECK(!time_zone_known(STR("Europe")));
    CHECK(!time_zone_known(STR("")));
}
