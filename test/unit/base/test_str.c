// SPDX-License-Identifier: Apache-2.0
#include <limits.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"
#include "tap.h"

TEST(str_compare_is_byte_order) {
    static const struct {
        const char *a, *b;
        int sign;
    } cases[] = {
        {"", "", 0},    {"a", "", 1},   {"", "a", -1},    {"a", "b", -1},
        {"ab", "a", 1}, {"Z", "a", -1}, {"\xff", "a", 1}, {"abc", "abc", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int r = str_cmp(str_of(cases[i].a), str_of(cases[i].b));
        CHECK_INT((r > 0) - (r < 0), cases[i].sign);
        CHECK_INT(str_eqc(str_of(cases[i].a), cases[i].b), cases[i].sign == 0);
    }
    CHECK(str_eq(STR_NONE, STR("")));
    CHECK(str_ieq(STR("Content-Type"), STR("content-tYPE")));
    CHECK(!str_ieq(STR("@"), STR("`")));
}

TEST(str_search) {
    str s = STR("/api/v1/pods");
    CHECK(str_starts(s, STR("/api")) && !str_starts(s, STR("api")) && str_starts(s, STR_NONE));
    CHECK(str_ends(s, STR("pods")) && !str_ends(STR("s"), STR("pods")) && str_ends(s, STR("")));
    CHECK_INT(str_find(s, STR("v1")), 5);
    CHECK_INT(str_find(s, STR("v2")), -1);
    CHECK_INT(str_find(s, STR("")), 0);
    CHECK_INT(str_find(STR_NONE, STR("x")), -1);
    CHECK_INT(str_chr(s, 'p'), 2);
    CHECK_INT(str_chr(STR_NONE, 'p'), -1);
    CHECK_STRC(str_slice(s, 5, 7), "v1");
    CHECK_STRC(str_slice(s, 8, 99), "pods");
    CHECK_STRC(str_slice(s, 99, 3), "");
    CHECK_STRC(str_trim(STR(" \ta b\t ")), "a b");
    CHECK_STRC(str_trim(STR(" \t")), "");
    const char *const list[] = {"a", "b", NULL};
    CHECK(str_in(STR("b"), list) && !str_in(STR("c"), list));
}

TEST(str_cut_walks_all_parts) {
    str rest = STR("a,,b,");
    CHECK_STRC(str_cut(&rest, ','), "a");
    CHECK_STRC(str_cut(&rest, ','), "");
    CHECK_STRC(str_cut(&rest, ','), "b");
    CHECK(rest.p != NULL);
    CHECK_STRC(str_cut(&rest, ','), "");
    CHECK(rest.p == NULL);
}

TEST(str_numbers) {
    static const struct {
        const char *text;
        int r;
        int64_t v;
    } cases[] = {
        {"0", 0, 0},
        {"-0", 0, 0},
        {"42", 0, 42},
        {"-42", 0, -42},
        {"007", 0, 7},
        {"9223372036854775807", 0, INT64_MAX},
        {"9223372036854775808", -ERANGE, 0},
        {"-9223372036854775808", 0, INT64_MIN},
        {"-9223372036854775809", -ERANGE, 0},
        {"99999999999999999999999", -ERANGE, 0},
        {"99999999999999999999999x", -EINVAL, 0},
        {"", -EINVAL, 0},
        {"-", -EINVAL, 0},
        {"+1", -EINVAL, 0},
        {" 1", -EINVAL, 0},
        {"1 ", -EINVAL, 0},
        {"0x1", -EINVAL, 0},
        {"--1", -EINVAL, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t v = 0;
        CHECK_INT(str_to_i64(str_of(cases[i].text), &v), cases[i].r);
        CHECK_INT(v, cases[i].v);
    }
    uint64_t u;
    CHECK_INT(str_to_u64(STR("18446744073709551615"), &u), 0);
    CHECK(u == UINT64_MAX);
    CHECK_INT(str_to_u64(STR("18446744073709551616"), &u), -ERANGE);
    CHECK_INT(str_to_u64(STR("-1"), &u), -EINVAL);
}

TEST(str_into_arena) {
    struct arena a;
    arena_init(&a, 0);
    CHECK(str_dup(&a, STR_NONE).p == NULL);
    CHECK(str_dup(&a, STR("")).p != NULL);
    CHECK_STRC(str_printf(&a, "%s-%d", "pod", 7), "pod-7");
    char big[1000];
    memset(big, 'x', sizeof(big) - 1);
    big[999] = 0;
    str s = str_printf(&a, "%s!", big);
    CHECK_INT(s.n, 1000);
    CHECK_INT(s.p[999], '!');
    CHECK_INT(s.p[1000], 0);
    CHECK_STRC(str_concat(&a, STR("a"), STR("b")), "ab");
    CHECK_STRC(str_lower(&a, STR("AbC-1")), "abc-1");
    CHECK_STRC(str_join(&a, (str[]){STR("a"), STR_NONE, STR("c")}, 3, STR(", ")), "a, , c");
    CHECK_STRC(str_join(&a, NULL, 0, STR(",")), "");
    arena_done(&a);
}

TEST(utf8) {
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {
        {"", true},
        {"plain ascii longer than eight", true},
        {"\xc3\xa9", true},
        {"\xe2\x82\xac", true},
        {"\xf0\x9f\x9a\xa3", true},
        {"12345678\xc3\xa9", true},
        {"\xf4\x8f\xbf\xbf", true},
        {"\xf4\x90\x80\x80", false},
        {"\xc0\x80", false},
        {"\xc1\xbf", false},
        {"\xe0\x9f\xbf", false},
        {"\xed\xa0\x80", false},
        {"\xed\x9f\xbf", true},
        {"\xf0\x8f\xbf\xbf", false},
        {"\x80", false},
        {"\xc3", false},
        {"\xe2\x82", false},
        {"\xe2\x28\xa1", false},
        {"\xf5\x80\x80\x80", false},
        {"1234567\xc3", false},
        {"\xff", false},
        {"\xe2\x82\x28", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (utf8_valid(str_of(cases[i].text)) != cases[i].valid)
            tap_fail(__FILE__, __LINE__, "case %zu", i);
}

TEST(buf_limit_drops_whole_writes) {
    struct buf b;
    buf_init(&b, 8);
    buf_adds(&b, "12345");
    CHECK(!b.over);
    buf_adds(&b, "6789");
    CHECK(b.over);
    buf_add_i64(&b, -123);
    CHECK_STRC(buf_str(&b), "12345");
    buf_clear(&b);
    buf_adds(&b, "12345678");
    CHECK(!b.over);
    buf_consume(&b, 6);
    CHECK_STRC(buf_str(&b), "78");
    CHECK(!buf_reserve(&b, SIZE_MAX));
    buf_done(&b);
}

TEST(buf_numbers_and_printf) {
    struct buf b;
    buf_init(&b, 0);
    buf_add_i64(&b, INT64_MIN);
    buf_addc(&b, ' ');
    buf_add_u64(&b, UINT64_MAX);
    buf_addc(&b, ' ');
    buf_add_i64(&b, 0);
    CHECK_STRC(buf_str(&b), "-9223372036854775808 18446744073709551615 0");
    buf_clear(&b);
    buf_printf(&b, "%0600d", 5);
    CHECK_INT(b.n, 600);
    buf_done(&b);
}

TEST(vectors) {
    VEC(int) v = {0};
    for (int i = 0; i < 100; i++)
        *vec_push(&v) = i;
    vec_remove_at(&v, 50);
    CHECK_INT(v.n, 99);
    CHECK_INT(v.v[50], 51);
    vec_done(&v);
    struct arena a;
    arena_init(&a, 0);
    struct {
        long *v;
        uint32_t n;
    } l = {0};
    for (int i = 0; i < 1000; i++) {
        long *at = list_push(&a, &l);
        CHECK_INT(*at, 0);
        *at = i;
        arena_alloc(&a, (size_t)i % 3); /* in the way of growing in place, at times */
    }
    long sum = 0;
    VEC_FOREACH (it, &l)
        sum += *it;
    CHECK_INT(sum, 499500);
    arena_done(&a);
}
