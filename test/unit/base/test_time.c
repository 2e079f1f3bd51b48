// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"
#include "base/base64.h"
#include "base/time.h"
#include "tap.h"

TEST(time_parse_table) {
    static const struct {
        const char *text;
        int r;
        int64_t sec;
        int32_t nsec;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0, 0, 0},
        {"2026-11-21T19:40:01.123456Z", 0, 1795290001, 123456000},
        {"2026-11-21T19:40:01,5Z", 0, 1795290001, 500000000},
        {"2026-11-21T21:40:01+02:00", 0, 1795290001, 0},
        {"2026-11-21T14:10:01-05:30", 0, 1795290001, 0},
        {"2000-02-29T12:00:00Z", 0, 951825600, 0},
        {"2024-02-29T23:59:59Z", 0, 1709251199, 0},
        {"1969-12-31T23:59:59Z", 0, -1, 0},
        {"0001-01-01T00:00:00Z", 0, -62135596800, 0},
        {"0000-01-01T00:00:00Z", 0, -62167219200, 0},
        {"9999-12-31T23:59:59.9999999999Z", 0, 253402300799, 999999999},
        {"2023-02-29T00:00:00Z", -EINVAL, 0, 0},
        {"1900-02-29T00:00:00Z", -EINVAL, 0, 0},
        {"2023-13-01T00:00:00Z", -EINVAL, 0, 0},
        {"2023-00-01T00:00:00Z", -EINVAL, 0, 0},
        {"2023-01-00T00:00:00Z", -EINVAL, 0, 0},
        {"2023-04-31T00:00:00Z", -EINVAL, 0, 0},
        {"2023-01-01T24:00:00Z", -EINVAL, 0, 0},
        {"2023-01-01T00:60:00Z", -EINVAL, 0, 0},
        {"2023-01-01T00:00:60Z", -EINVAL, 0, 0},
        {"2023-01-01T00:00:00", -EINVAL, 0, 0},
        {"2023-01-01T00:00:00z", -EINVAL, 0, 0},
        {"2023-01-01t00:00:00Z", -EINVAL, 0, 0},
        {"2023-01-01 00:00:00Z", -EINVAL, 0, 0},
        {"2023-01-01T00:00:00.Z", -EINVAL, 0, 0},
        {"2023-01-01T00:00:00Zx", -EINVAL, 0, 0},
        {"2023-01-01T00:00:00+25:00", -EINVAL, 0, 0},
        {"2023-01-01T00:00:00+0100", -EINVAL, 0, 0},
        {"2023-1-01T00:00:00Z", -EINVAL, 0, 0},
        {"12023-01-01T00:00:00Z", -EINVAL, 0, 0},
        {"", -EINVAL, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t sec = 0;
        int32_t nsec = 0;
        CHECK_INT(time_parse(str_of(cases[i].text), &sec, &nsec), cases[i].r);
        if (sec != cases[i].sec || nsec != cases[i].nsec)
            tap_fail(__FILE__, __LINE__, "%s: %lld.%d", cases[i].text, (long long)sec, (int)nsec);
    }
    int64_t sec;
    int32_t nsec;
    CHECK_INT(time_parse_micro(STR("2023-01-01T00:00:00.123456Z"), &sec, &nsec), 0);
    CHECK_INT(time_parse_micro(STR("2023-01-01T00:00:00.123Z"), &sec, &nsec), -EINVAL);
    CHECK_INT(time_parse_micro(STR("2023-01-01T00:00:00Z"), &sec, &nsec), -EINVAL);
}

TEST(time_format_table) {
    char out[TIME_TEXT_MAX];
    CHECK_STRC(time_format(out, 1795290001, 123456789, 0), "2026-11-21T19:40:01Z");
    CHECK_STRC(time_format(out, 1795290001, 123456789, 6), "2026-11-21T19:40:01.123456Z");
    CHECK_STRC(time_format(out, 1795290001, 5, 9), "2026-11-21T19:40:01.000000005Z");
    CHECK_STRC(time_format_ns(out, -1, 3), "1969-12-31T23:59:59.999Z");
    CHECK_STRC(time_format(out, INT64_MAX, 0, 0), "9999-12-31T23:59:59Z");
    CHECK_STRC(time_format(out, INT64_MIN, 0, 0), "0000-01-01T00:00:00Z");
}

/* Every day of 800 years there and back, and the weekday goes on by one. */
TEST(civil_round_trip) {
    int64_t day = -62167219200 / 86400;
    int weekday = time_weekday(day * 86400);
    struct civil last = {0};
    for (int64_t end = day + 800 * 366; day < end; day++) {
        struct civil c = time_to_civil(day * 86400 + 86399);
        REQUIRE(time_from_civil(&c) == day * 86400 + 86399);
        REQUIRE(time_weekday(day * 86400) == weekday);
        REQUIRE(c.day == last.day + 1 || (c.day == 1 && last.day >= 28) || last.day == 0);
        weekday = (weekday + 1) % 7;
        last = c;
    }
    CHECK_INT(time_weekday(0), 4);
}

TEST(duration_parse_table) {
    static const struct {
        const char *text;
        int r;
        int64_t ns;
    } cases[] = {
        {"0", 0, 0},
        {"+0", 0, 0},
        {"0s", 0, 0},
        {"5s", 0, 5000000000},
        {"-5s", 0, -5000000000},
        {"1h2m3.5s", 0, 3723500000000},
        {"1.5h", 0, 5400000000000},
        {".5s", 0, 500000000},
        {"1.s", 0, 1000000000},
        {"100ms", 0, 100000000},
        {"1us", 0, 1000},
        {"1\xc2\xb5s", 0, 1000},
        {"1\xce\xbcs", 0, 1000},
        {"1ns", 0, 1},
        {"0.3ns", 0, 0},
        {"3m3m", 0, 360000000000},
        {"0.100000000000000000000h", 0, 360000000000},
        {"0.9223372036854775807h", 0, 3320413933267},
        {"9223372036854775807ns", 0, INT64_MAX},
        {"-9223372036854775808ns", 0, INT64_MIN},
        {"9223372036854775808ns", -ERANGE, 0},
        {"2562047h48m", -ERANGE, 0},
        {"-9223372036854775808ns9223372036854775808ns", -ERANGE, 0},
        {"99999999999999999999s", -ERANGE, 0},
        {"", -EINVAL, 0},
        {"3", -EINVAL, 0},
        {"-", -EINVAL, 0},
        {"s", -EINVAL, 0},
        {".", -EINVAL, 0},
        {".s", -EINVAL, 0},
        {"-.s", -EINVAL, 0},
        {"1d", -EINVAL, 0},
        {"1 s", -EINVAL, 0},
        {"1h-2m", -EINVAL, 0},
        {"1s ", -EINVAL, 0},
        {"+-1s", -EINVAL, 0},
        {"1..5s", -EINVAL, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t ns = 0;
        int r = duration_parse(str_of(cases[i].text), &ns);
        if (r != cases[i].r || ns != cases[i].ns)
            tap_fail(__FILE__, __LINE__, "%s: %d, %lld", cases[i].text, r, (long long)ns);
    }
}

TEST(duration_format_table) {
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {0, "0s"},
        {1, "1ns"},
        {1100, "1.1\xc2\xb5s"},
        {2200000, "2.2ms"},
        {3300000000, "3.3s"},
        {245000000000, "4m5s"},
        {245001000000, "4m5.001s"},
        {18367001000000, "5h6m7.001s"},
        {480000000001, "8m0.000000001s"},
        {3600000000000, "1h0m0s"},
        {INT64_MAX, "2562047h47m16.854775807s"},
        {INT64_MIN, "-2562047h47m16.854775808s"},
        {-1500000, "-1.5ms"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char out[DURATION_TEXT_MAX];
        int64_t back = 0;
        CHECK_STRC(duration_format(out, cases[i].ns), cases[i].text);
        CHECK_INT(duration_parse(str_of(out), &back), 0);
        CHECK_INT(back, cases[i].ns);
    }
}

TEST(base64_round_trip) {
    static const struct {
        const char *plain, *std, *raw_url;
    } cases[] = {
        {"", "", ""},
        {"f", "Zg==", "Zg"},
        {"fo", "Zm8=", "Zm8"},
        {"foo", "Zm9v", "Zm9v"},
        {"foob", "Zm9vYg==", "Zm9vYg"},
        {"\xff\xef\xbe", "/+++", "_---"},
    };
    struct arena a;
    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str plain = str_of(cases[i].plain), back;
        CHECK_STRC(base64_encode_in(&a, plain, 0), cases[i].std);
        CHECK_STRC(base64_encode_in(&a, plain, BASE64_URL | BASE64_RAW), cases[i].raw_url);
        CHECK_INT(base64_decode_in(&a, str_of(cases[i].std), 0, &back), 0);
        CHECK_STR(back, plain);
        CHECK_INT(base64_decode_in(&a, str_of(cases[i].raw_url), BASE64_URL | BASE64_RAW, &back),
                  0);
        CHECK_STR(back, plain);
    }
    arena_done(&a);
}

TEST(base64_strict) {
    static const struct {
        const char *text;
        unsigned flags;
        int r;
    } cases[] = {
        {"Zg=", 0, -EINVAL},           {"Zg", 0, -EINVAL},
        {"Zg===", 0, -EINVAL},         {"Z", 0, -EINVAL},
        {"Z===", 0, -EINVAL},          {"====", 0, -EINVAL},
        {"Zg==Zg==", 0, -EINVAL},      {"Zh==", 0, -EINVAL},
        {"Zh==", BASE64_LAX, 1},       {"Zm9=", 0, -EINVAL},
        {"Zm\n9v", 0, -EINVAL},        {"Zm\r\n9v\n", BASE64_LAX, 3},
        {"Zg=\n=\n", BASE64_LAX, 1},   {"Zm9v Zg==", BASE64_LAX, -EINVAL},
        {"_-==", 0, -EINVAL},          {"/+==", BASE64_URL, -EINVAL},
        {"Zg==", BASE64_RAW, -EINVAL}, {"Zm9v=", BASE64_RAW, -EINVAL},
        {"Zm9v=", 0, -EINVAL},         {"Zg", BASE64_RAW, 1},
        {"Z\x80==", 0, -EINVAL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char out[32];
        ssize_t r = base64_decode(out, str_of(cases[i].text), cases[i].flags);
        if (r != cases[i].r)
            tap_fail(__FILE__, __LINE__, "%s: %zd", cases[i].text, r);
    }
}
