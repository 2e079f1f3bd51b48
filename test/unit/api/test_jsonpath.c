// SPDX-License-Identifier: Apache-2.0
#include "tap.h"

#include "api/jsonpath.h"
#include "base/buf.h"

static const struct {
    const char *path, *error; /* NULL: it is one */
} cases[] = {
    {"", NULL},
    {"hello", NULL},
    {"hello {.name}, {.x}!", NULL},
    {"{}", NULL},
    {"{.}", NULL},
    {"{$.a.b}", NULL},
    {"{@.a\\.b['c'].d[0:3:-1]['e','f']}", NULL},
    {"{.items[*].metadata.name}", NULL},
    {"{..name}", NULL},
    {"{.a..[0]}", NULL},
    {"{range .items[*]}{.x}{'\\n'}{\"\\u00e9\\x41\\101\"}{end}", NULL},
    {"{.items[?(@.a==\"x)]\")].b}", NULL},
    {"{.items[?(@.a)]}", NULL},
    {"{.items[?(@.a >= 1.5)]}", NULL},
    {"{.a[-1]}{.a[:]}{.a[1:]}{.a[::2]}{.a[]}", NULL},
    {"{true}{12}{-1.5}{+3}", NULL},
    {"{.h\xc3\xa9llo}", NULL},
    {"{", "unclosed action"},
    {"{.a", "unclosed action"},
    {"{.a\n}", "unclosed action"},
    {"{.a[0}", "unterminated array"},
    {"{.a[0\n]}", "unterminated array"},
    {"{.a[b]}", "invalid array index b"},
    {"{.a[1:2:3:4]}", "invalid array index 1:2:3:4"},
    {"{.a[-]}", "array index - is not a number"},
    {"{.a[99999999999999999999]}", "array index 99999999999999999999 is not a number"},
    {"{.a[0, b]}", "invalid array index b"},
    {"{.a['b\xe2\x80\x99]}", "invalid array index 'b\xe2\x80\x99"},
    {"{....a}", "invalid multiple recursive descent"},
    {"{'a}", "unterminated quoted string"},
    {"{'\\q'}", "unquote string '\\q' error invalid syntax"},
    {"{'\\ud800'}", "unquote string '\\ud800' error invalid syntax"},
    {"{.a[?(@.b==\"x]}", "unterminated filter"},
    {"{.a[?(@.b)}", "unclosed array expect ]"},
    {"{.a[?(@.b==!)]}", "unrecognized character in action: U+0021 '!'"},
    {"{.a[?(!b)]}", "unrecognized character in action: U+0021 '!'"},
    {"{#}", "unrecognized character in action: U+0023 '#'"},
    {"{\x01}", "unrecognized character in action: U+0001"},
    {"{1.2.3}", "cannot parse number 1.2.3"},
    {"{-}", "cannot parse number -"},
};

TEST(paths) {
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        struct err e = {0};
        arena_init(&a, 0);
        int r = jsonpath_check(&a, str_of(cases[i].path), &e);
        if (r != (cases[i].error ? -EINVAL : 0) ||
            strcmp(e.text, cases[i].error ? cases[i].error : ""))
            tap_fail(__FILE__, __LINE__, "%s: %d \"%s\"", cases[i].path, r, e.text);
        arena_done(&a);
    }
}

/* Cut anywhere, and of random characters that mean something: an answer, whatever it is. */
TEST(anything_is_answered) {
    static const char some[] = "{}[]().?@$'\"\\,:*-=!~ a0\n\x80";
    uint64_t seed = tap_seed();
    for (unsigned i = 0; i < 20000; i++) {
        struct arena a;
        struct err e = {0};
        char text[40] = "{";
        arena_init(&a, 0);
        size_t n = 1 + i % (sizeof(text) - 1);
        for (size_t k = 1; k < n; k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            text[k] = some[(seed >> 33) % (sizeof(some) - 1)];
        }
        int r = jsonpath_check(&a, str_n(text, n), &e);
        CHECK(r == 0 || (r == -EINVAL && e.text[0]));
        arena_done(&a);
    }
    for (unsigned i = 0; i < 2; i++) {
        struct arena a;
        struct err e = {0};
        struct buf b;
        arena_init(&a, 0);
        buf_init(&b, 0);
        buf_add(&b, STR("{"));
        for (unsigned k = 0; k < 100000; k++)
            buf_add(&b, i ? STR("[?(") : STR("['"));
        CHECK_INT(jsonpath_check(&a, buf_str(&b), &e), -EINVAL);
        buf_done(&b);
        arena_done(&a);
    }
}
