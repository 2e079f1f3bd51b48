// SPDX-License-Identifier: Apache-2.0
#include "schema/quantity.h"
#include "tap.h"

struct text_case {
    const char *in, *out;
};

/* Texts and what upstream prints for them. */
static const struct text_case canonical[] = {
    {"0", "0"},
    {"0n", "0"},
    {"0Ki", "0"},
    {"000", "0"},
    {"-", "0"},
    {".", "0"},
    {"k", "0"},
    {"1", "1"},
    {"-1", "-1"},
    {"100m", "100m"},
    {"0.1", "100m"},
    {"1.5", "1500m"},
    {"1.234", "1.234"},
    {"1.2345", "1234500u"},
    {"1.5Gi", "1536Mi"},
    {"1024Ki", "1Mi"},
    {"1025Ki", "1025Ki"},
    {"1000", "1k"},
    {"1000k", "1M"},
    {"1000M", "1G"},
    {"1000000", "1M"},
    {"1500k", "1500k"},
    {"0.001", "1m"},
    {"0.0000000001", "1n"},
    {"0.9n", "1n"},
    {"1.00000000000000000000000000000000000000000001", "1000000001n"},
    {"1e3", "1e3"},
    {"1E3", "1E3"},
    {"1e2", "100"},
    {"1e4", "10e3"},
    {"12e6", "12e6"},
    {"1E", "1E"},
    {"1Ei", "1Ei"},
    {"8Ei", "9223372036854775807"},
    {"100Ei", "9223372036854775807"},
    {"18446744073709551616", "18446744073709551616"},
    {"1000E", "1e21"},
    {".5Mi", "512Ki"},
    {"0.5Ki", "512"},
    {"1.1Ki", "1126400m"},
    {"100Ki", "100Ki"},
    {"2048", "2048"},
    {"0.0001Ki", "102400u"},
    {"-1.5Gi", "-1536Mi"},
    {"1e4294967296", "1e4294967296"},
};

TEST(quantities_become_canonical) {
    struct arena *a = arena_new(0);
    for (size_t i = 0; i < ARRAY_LEN(canonical); i++) {
        Quantity q = STR("(error)");
        struct err e = {0};
        if (quantity_canonical(a, str_of(canonical[i].in), &q, &e) < 0)
            tap_diag("%s: %s", canonical[i].in, e.text);
        if (!str_eqc(q, canonical[i].out))
            tap_diag("from %s", canonical[i].in);
        CHECK_STRC(q, canonical[i].out);
        CHECK(quantity_canonical(a, q, &q, NULL) == 0);
        CHECK_STRC(q, canonical[i].out); /* and stay so */
    }
    arena_free(a);
}

TEST(wrong_quantities_say_why) {
    static const struct text_case bad[] = {
        {"", "match"},
        {"abc", "match"},
        {"1 ", "match"},
        {"1x", "match"},
        {"1e3.5", "match"},
        {"--1", "suffix"},
        {"1kk", "suffix"},
        {"1e", "suffix"},
        {"1KiB", "match"},
        {"1k1", "suffix"},
        {"1ki", "suffix"},
        {"1e++3", "match"},
        {"1e99999999999999999999", "suffix"},
        {"1234567890123456789012345678901234567890123", "numeric"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct quantity q;
        struct err e = {0};
        CHECK_INT(quantity_parse(str_of(bad[i].in), &q, &e), -EINVAL);
        if (!strstr(e.text, bad[i].out))
            tap_fail(__FILE__, __LINE__, "%s: %s", bad[i].in, e.text);
    }
}

static struct quantity parse(const char *text) {
    struct quantity q;
    REQUIRE(quantity_parse(str_of(text), &q, NULL) == 0);
    return q;
}

TEST(quantities_compare_by_value) {
    static const char *const rising[] = {
        "-1e2000000000",
        "-1Ki",
        "-1",
        "-1n",
        "0",
        "1n",
        "1u",
        "999u",
        "1m",
        "0.5",
        "1",
        "1k",
        "1Ki",
        "1M",
        "1Mi",
        "1e18",
        "1Ei",
        "8Ei",
        "10E",
        "99999999999999999999999999999999999999",
        "1e38",
        "1e2000000000",
    };
    for (size_t i = 0; i < ARRAY_LEN(rising); i++)
        for (size_t k = 0; k < ARRAY_LEN(rising); k++) {
            struct quantity a = parse(rising[i]), b = parse(rising[k]);
            CHECK_INT(quantity_cmp(&a, &b), i < k ? -1 : i > k);
        }
    struct quantity a = parse("1Gi"), b = parse("1073741824"), c = parse("1e3"), d = parse("1k");
    CHECK_INT(quantity_cmp(&a, &b), 0);
    CHECK_INT(quantity_cmp(&c, &d), 0);
}

TEST(quantities_add_in_the_first_format) {
    struct arena *a = arena_new(0);
    static const struct {
        const char *x, *y, *sum, *difference;
    } cases[] = {
        {"1", "1", "2", "0"},
        {"1Gi", "1Gi", "2Gi", "0"},
        {"0", "1Gi", "1Gi", "-1Gi"},
        {"100m", "0.9", "1", "-800m"},
        {"1k", "1n", "1000000000001n", "999999999999n"},
        {"1Mi", "1m", "1048576001m", "1048575999m"},
        {"1e3", "1", "1001", "999"},
        {"9223372036854775807", "1", "9223372036854775808", "9223372036854775806"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct quantity s = parse(cases[i].x), d = s, y = parse(cases[i].y);
        CHECK(quantity_add(&s, &y) == 0 && quantity_sub(&d, &y) == 0);
        CHECK_STRC(quantity_str(a, &s), cases[i].sum);
        CHECK_STRC(quantity_str(a, &d), cases[i].difference);
    }
    struct quantity huge = parse("1e38"), tiny = parse("1n");
    CHECK_INT(quantity_add(&huge, &tiny), -ERANGE);
    CHECK_STRC(quantity_str(a, &huge), "100e36");
    arena_free(a);
}

TEST(values_round_away_from_zero) {
    static const struct {
        const char *text;
        int64_t value, milli;
    } cases[] = {
        {"0", 0, 0},
        {"1n", 1, 1},
        {"-1n", -1, -1},
        {"1500m", 2, 1500},
        {"-1500m", -2, -1500},
        {"0.0001", 1, 1},
        {"2", 2, 2000},
        {"1Ki", 1024, 1024000},
        {"1.1", 2, 1100},
        {"9E", 9000000000000000000, INT64_MAX},
        {"10E", INT64_MAX, INT64_MAX},
        {"-10E", INT64_MIN, INT64_MIN},
        {"1e2000000000", INT64_MAX, INT64_MAX},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct quantity q = parse(cases[i].text);
        CHECK_INT(quantity_value(&q), cases[i].value);
        CHECK_INT(quantity_milli(&q), cases[i].milli);
    }
    struct quantity q = parse("1500m"), w = parse("2000m");
    CHECK(!quantity_is_whole(&q) && quantity_is_whole(&w));
    CHECK(quantity_mul(&q, 3) == 0);
    CHECK_INT(quantity_milli(&q), 4500);
}

/* Texts of every shape: what is read prints as something that reads as the same number and does
 * not change again. */
TEST(any_quantity_is_stable) {
    static const char alphabet[] = "0011299..+-eEinumkKMGTPi";
    struct arena *a = arena_new(0);
    uint64_t seed = tap_seed();
    unsigned good = 0;
    for (int i = 0; i < 200000; i++) {
        char text[48];
        size_t n = 0;
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        for (uint64_t r = seed, len = 1 + (seed >> 33) % (i % 5 ? 8 : 45); n < len; n++) {
            r = r * 6364136223846793005u + 1442695040888963407u;
            text[n] = alphabet[(r >> 33) % (i % 3 ? 7 : sizeof(alphabet) - 1)];
        }
        struct quantity x, y, z;
        Quantity again;
        if (quantity_parse(str_n(text, n), &x, NULL) < 0)
            continue;
        str printed = quantity_str(a, &x);
        if (quantity_parse(printed, &y, NULL) < 0 || quantity_cmp(&x, &y) != 0 ||
            quantity_canonical(a, printed, &again, NULL) < 0 || !str_eq(printed, again))
            tap_fail(__FILE__, __LINE__, "%.*s -> " STR_FMT, (int)n, text, STR_ARG(printed));
        z = x;
        if (quantity_sub(&z, &y) < 0 || quantity_sign(&z) != 0)
            tap_fail(__FILE__, __LINE__, "%.*s - itself", (int)n, text);
        CHECK(quantity_is_whole(&x) || quantity_scaled(&x, 0) != 0);
        good++;
        if (i % 1000 == 0)
            arena_reset(a);
    }
    CHECK(good > 20000);
    arena_free(a);
}
