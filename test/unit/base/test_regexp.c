// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>

#define LLVMFuzzerTestOneInput fuzz_regexp
#include "../../../fuzz/fuzz_regexp.c"
#undef LLVMFuzzerTestOneInput

#include "base/buf.h"
#include "base/regexp.h"
#include "tap.h"

static const struct {
    const char *pattern, *text;
    int start, end; /* -1: no match */
} found[] = {
    {"", "abc", 0, 0},
    {"b", "abc", 1, 2},
    {"^b", "abc", -1, 0},
    {"c$", "abc", 2, 3},
    {"a|ab", "ab", 0, 1},
    {"ab|a", "ab", 0, 2},
    {"(a|ab)(c|bcd)", "abcd", 0, 4},
    {"a*", "aab", 0, 2},
    {"a*?", "aab", 0, 0},
    {"a+?b", "aab", 0, 3},
    {"(?U)a+", "aaa", 0, 1},
    {"x{2}", "xxx", 0, 2},
    {"x{2,}", "axxxx", 1, 5},
    {"^x{2,3}$", "xxxx", -1, 0},
    {"x{,2}", "x{,2}", 0, 5},
    {"x{0}y", "xy", 1, 2},
    {"(a*)*", "b", 0, 0},
    {"(a|b|)+c", "abac", 0, 4},
    {"[a-c]+", "xxabcd", 2, 5},
    {"[^a-c]+", "abxyc", 2, 4},
    {"[]a]+", "]a", 0, 2},
    {"[a-]+", "-a-", 0, 3},
    {"[\\d\\-x]+", "a1-x", 1, 4},
    {"[[:alpha:]_]+", "1ab_", 1, 4},
    {"[[:^alpha:]]", "a1", 1, 2},
    {"\\w+\\s\\W", "ab !", 0, 4},
    {"\\D", "12a", 2, 3},
    {"\\bfoo\\b", "a foo b", 2, 5},
    {"\\bfoo\\b", "afoo", -1, 0},
    {"\\Boo", "foo", 1, 3},
    {"\\Aa\\z", "a", 0, 1},
    {"(?m)^b$", "a\nb\nc", 2, 3},
    {"a.b", "a\nb", -1, 0},
    {"(?s)a.b", "a\nb", 0, 3},
    {"(?i)HeLLo", "hEllO", 0, 5},
    {"(?i)[k]", "\xe2\x84\xaa", 0, 3}, /* the sign of Kelvin */
    {"a(?i)b(?-i)c", "aBc", 0, 3},
    {"a(?i:b)c", "aBC", -1, 0},
    {"(?:a(?i)b)c", "aBC", -1, 0},
    {"(?P<n>a)(?<m>b)", "ab", 0, 2},
    {"\\Qa.b\\E+", "a.bb", 0, 4},
    {"\\x41\\x{42}\\103\\0", "ABC\0", -1, 0},
    {"\\x41\\x{42}\\103", "ABC", 0, 3},
    {"\\pL+",
     "1\xc3\xa9"
     "a",
     1, 4},
    {"\\p{Greek}", "a\xce\xb1", 1, 3},
    {"\\PL", "a1", 1, 2},
    {"\\p{^Lu}", "Aa", 1, 2},
    {".", "\xc3\xa9", 0, 2},
    {"^.$", "\xff", 0, 1},
    {"^(([a-z0-9]([-a-z0-9]*[a-z0-9])?)(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)$", "a-b.c1", 0, 6},
};

TEST(finds) {
    struct arena a;
    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(found); i++) {
        const struct regexp *re;
        struct err e = {0};
        size_t start = 99, end = 99;
        str text = str_of(found[i].text);
        if (regexp_compile(&a, str_of(found[i].pattern), &e, &re) < 0) {
            tap_fail(__FILE__, __LINE__, "%s: %s", found[i].pattern, e.text);
            continue;
        }
        bool is = regexp_find(re, text, 0, &start, &end);
        if (is != (found[i].start >= 0) || is != regexp_match(re, text) ||
            (is && ((int)start != found[i].start || (int)end != found[i].end)))
            tap_fail(__FILE__, __LINE__, "%s in %s: %d, %zu to %zu", found[i].pattern,
                     found[i].text, is, start, end);
    }
    arena_done(&a);
}

static const struct {
    const char *pattern, *error; /* behind "error parsing regexp: " */
} refused[] = {
    {"[a", "missing closing ]: `[a`"},
    {"x[a-\\d]", "invalid escape sequence: `\\d`"},
    {"[b-a]", "invalid character class range: `b-a`"},
    {"[[:foo:]]", "invalid character class range: `[:foo:]`"},
    {"(a", "missing closing ): `(a`"},
    {"a)b", "unexpected ): `a)b`"},
    {"*a", "missing argument to repetition operator: `*`"},
    {"a|+?", "missing argument to repetition operator: `+?`"},
    {"(?i)*", "missing argument to repetition operator: `*`"},
    {"a**", "invalid nested repetition operator: `**`"},
    {"a{2}{3}", "invalid nested repetition operator: `{2}{3}`"},
    {"a{1001}", "invalid repeat count: `{1001}`"},
    {"a{3,2}", "invalid repeat count: `{3,2}`"},
    {"a{99999999999}", "invalid repeat count: `{99999999999}`"},
    {"(a{100}){11}", "invalid repeat count: `{11}`"},
    {"\\", "trailing backslash at end of expression: ``"},
    {"\\8", "invalid escape sequence: `\\8`"},
    {"\\1", "invalid escape sequence: `\\1`"},
    {"\\xz1", "invalid escape sequence: `\\xz1`"},
    {"\\x{110000}", "invalid escape sequence: `\\x{110000`"},
    {"\\Z", "invalid escape sequence: `\\Z`"},
    {"\\p{Foo}", "invalid character class range: `\\p{Foo}`"},
    {"\\p{Lu", "invalid character class range: `\\p{Lu`"},
    {"(?!a)", "invalid or unsupported Perl syntax: `(?!`"},
    {"(?<=a)", "invalid named capture: `(?<=a)`"},
    {"(?P<a b>c)", "invalid named capture: `(?P<a b>`"},
    {"(?i-)a", "invalid or unsupported Perl syntax: `(?i-)`"},
    {"\xff", "invalid UTF-8: `\xff`"},
};

TEST(refuses_in_the_words_of_go) {
    struct arena a;
    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        const struct regexp *re;
        struct err e = {0};
        CHECK_INT(regexp_compile(&a, str_of(refused[i].pattern), &e, &re), -EINVAL);
        str want = str_printf(&a, "error parsing regexp: %s", refused[i].error);
        CHECK_STR(str_of(e.text), want);
    }
    arena_done(&a);
}

/* What takes others exponential time, and what would need more room than there is. */
TEST(is_linear_and_bounded) {
    struct arena a;
    struct err e = {0};
    const struct regexp *re;
    char text[2000], nested[2 * REGEXP_NESTING_MAX + 10];
    arena_init(&a, 0);
    memset(text, 'a', sizeof(text));
    REQUIRE(regexp_compile(&a, STR("^(a+)+(a?){200}b$"), &e, &re) == 0);
    CHECK(!regexp_match(re, str_n(text, sizeof(text))));
    CHECK_INT(regexp_compile(&a, STR("(?:\\pL{1000}|){1}"), &e, &re), 0);
    size_t deep = REGEXP_NESTING_MAX + 1;
    memset(nested, '(', deep);
    memset(nested + deep, ')', deep);
    CHECK_INT(regexp_compile(&a, str_n(nested, 2 * deep), &e, &re), -EINVAL);
    CHECK_INT(regexp_compile(&a, str_n(nested + 1, 2 * deep - 2), &e, &re), 0);
    struct buf b = {0};
    for (int i = 0; i < 200; i++)
        buf_adds(&b, ".{1000}");
    CHECK_INT(regexp_compile(&a, buf_str(&b), &e, &re), -EINVAL);
    CHECK(str_find(str_of(e.text), STR("expression too large")) >= 0);
    buf_done(&b);
    arena_done(&a);
}

TEST(finds_from_a_place) {
    struct arena a;
    struct err e;
    const struct regexp *re;
    size_t start, end;
    arena_init(&a, 0);
    REQUIRE(regexp_compile(&a, STR("\\bab"), &e, &re) == 0);
    CHECK(regexp_find(re, STR("ab cab ab"), 1, &start, &end) && start == 7 && end == 9);
    CHECK(!regexp_find(re, STR("ab"), 1, &start, &end));
    CHECK(!regexp_find(re, STR("ab"), 3, &start, &end));
    arena_done(&a);
}

static uint64_t draw(uint64_t *seed) {
    uint64_t z = (*seed += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    return z ^ (z >> 27);
}

TEST(corpus_and_what_grows_from_it) {
    static const char signs[] = "()[]{}*+?|^$.\\-:,019aAZzpPLdwsbQE<>i\n\xc3\xa9 ";
    static const char *const files[] = {"fuzz/corpus/regexp/subdomain",
                                        "fuzz/corpus/regexp/everything"};
    uint64_t seed = tap_seed();
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char text[256];
        FILE *f = fopen(files[i], "re");
        REQUIRE(f);
        size_t n = fread(text, 1, sizeof(text), f);
        fclose(f);
        fuzz_regexp((const uint8_t *)text, n);
        for (int k = 0; k < 3000; k++) {
            uint8_t *p = malloc(n); /* its own, for the sanitizer to see a step too far */
            memcpy(p, text, n);
            for (uint64_t m = 1 + draw(&seed) % 6; m; m--)
                p[draw(&seed) % n] = (uint8_t)signs[draw(&seed) % (sizeof(signs) - 1)];
            fuzz_regexp(p, n);
            free(p);
        }
    }
}
